// What a registry writes into headers, and docker configs: the first byte chooses WWW-Authenticate, Link, a URL, or a docker config.
// Inputs are capped at 32 KB, as headers are.
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "rules/base/check.h"
#include "webhook/image/reference/host.h"
#include "webhook/image/registry/challenge.h"
#include "webhook/image/registry/docker_config.h"
#include "webhook/image/registry/link_header.h"
#include "webhook/image/registry/url.h"

namespace {

using writ::Result;

void TryChallenges(std::string_view text) {
  const Result<std::vector<writ::image::Challenge>> challenges = writ::image::ParseChallenges(text);
  if (!challenges) return;
  WRIT_CHECK(!challenges->empty());
  for (const writ::image::Challenge& challenge : *challenges) {
    WRIT_CHECK(!challenge.scheme.empty());
    for (const auto& [name, value] : challenge.parameters) WRIT_CHECK(!name.empty() && value.find_first_of("\r\n") == std::string::npos);
  }
}

// A URL that is accepted reads as the same place when it is written out, and cannot break out of a request line.
void TryUrl(std::string_view text) {
  const Result<writ::image::Url> base = writ::image::ParseUrl("https://base.example/v2/x?y");
  for (const Result<writ::image::Url>& url : {writ::image::ParseUrl(text), writ::image::ResolveUrl(*base, text)}) {
    if (!url) continue;
    WRIT_CHECK(url->target.starts_with('/') && url->target.find_first_of(" \r\n\t#") == std::string::npos);
    const std::string written = std::string(writ::image::SchemeName(url->endpoint.scheme)) + "://" + url->endpoint.HostText() + url->target;
    const Result<writ::image::Url> again = writ::image::ParseUrl(written);
    WRIT_CHECK(!again || again->endpoint == url->endpoint);
    WRIT_CHECK(again.ok() || written.size() > 8 * 1024);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0 || size > std::size_t{32} * 1024) return 0;
  const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
  switch (data[0] % 4) {
    case 0: TryChallenges(text); break;
    case 1: static_cast<void>(writ::image::FindNextLink(text)); break;
    case 2: TryUrl(text); break;
    default: {
      const Result<writ::image::DockerConfig> config = writ::image::ReadDockerConfig(text, "config");
      if (config) static_cast<void>(config->TryFind({.host = "ghcr.io"}, "acme/app"));
    }
  }
  return 0;
}
