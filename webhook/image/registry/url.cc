// URLs that a registry hands out.
#include "webhook/image/registry/url.h"

#include <algorithm>

#include "webhook/image/reference/text.h"

namespace writ::image {
namespace {

constexpr std::size_t kMaxUrlBytes = 8 * 1024;  // signed CDN URLs reach 2 KiB
constexpr std::uint16_t kHttpsPort = 443;
constexpr std::uint16_t kHttpPort = 80;
constexpr std::string_view kHexDigits = "0123456789ABCDEF";

std::uint16_t DefaultPort(Scheme scheme) { return scheme == Scheme::kHttps ? kHttpsPort : kHttpPort; }

Error Bad(std::string_view text, std::string_view why) {
  return Error{ErrorCode::kInvalidArgument, "URL `" + Shown(text.substr(0, text.find('?'))) + "`: " + std::string(why)};
}

Status CheckText(std::string_view text) {
  if (text.size() > kMaxUrlBytes) return Bad(text, "longer than 8 KiB");
  const auto is_odd = [](char c) { return static_cast<unsigned char>(c) <= 0x20 || static_cast<unsigned char>(c) >= 0x7F || c == '\\'; };
  if (std::any_of(text.begin(), text.end(), is_odd))
    return Bad(text, "found a blank, a backslash, a control character or a letter beyond ASCII");
  return OkStatus();
}

// "host[:port]/path" behind "scheme://".
Result<Url> ReadRest(std::string_view whole, Scheme scheme, std::string_view rest) {
  rest = rest.substr(0, rest.find('#'));
  const std::size_t end = rest.find_first_of("/?");
  const std::string_view authority = rest.substr(0, end);
  if (authority.find('@') != std::string_view::npos)
    return Error{ErrorCode::kInvalidArgument, "a URL with user information is not followed"};
  const Result<HostPort> address = ParseHostPort(authority);
  if (!address) return Bad(whole, address.error().message);
  // HostPort drops :443, which only https may have.
  if (scheme == Scheme::kHttp && authority.ends_with(":443")) return Bad(whole, "plain http on port 443");
  std::string target(end == std::string_view::npos ? "" : rest.substr(end));
  if (target.empty() || target.front() == '?') target.insert(0, "/");
  return Url{EndpointOf(scheme, *address), std::move(target)};
}

}  // namespace

std::string_view SchemeName(Scheme scheme) { return scheme == Scheme::kHttps ? "https" : "http"; }

std::string Endpoint::HostText() const {
  return HostPort{.host = host, .port = port == DefaultPort(scheme) ? std::uint16_t{0} : port}.Text();
}

Endpoint EndpointOf(Scheme scheme, const HostPort& address) {
  return {scheme, address.host, address.port == 0 ? DefaultPort(scheme) : address.port};
}

std::string Url::Text() const {
  return std::string(SchemeName(endpoint.scheme)) + "://" + endpoint.HostText() + Shown(target.substr(0, target.find('?')));
}

Result<Url> ParseUrl(std::string_view text) {
  WRIT_RETURN_IF_ERROR(CheckText(text));
  const std::size_t colon = text.find("://");
  const std::string scheme = Lower(text.substr(0, colon == std::string_view::npos ? 0 : colon));
  if (scheme == "https") return ReadRest(text, Scheme::kHttps, text.substr(colon + 3));
  if (scheme == "http") return ReadRest(text, Scheme::kHttp, text.substr(colon + 3));
  return Bad(text, "expected https://… or http://…");
}

Result<Url> ResolveUrl(const Url& base, std::string_view text) {
  WRIT_RETURN_IF_ERROR(CheckText(text));
  if (text.starts_with("//")) return ReadRest(text, base.endpoint.scheme, text.substr(2));
  if (text.starts_with('/')) return Url{base.endpoint, std::string(text.substr(0, text.find('#')))};
  if (text.starts_with('?')) {
    return Url{base.endpoint, base.target.substr(0, base.target.find('?')) + std::string(text.substr(0, text.find('#')))};
  }
  return ParseUrl(text);
}

std::string QueryEncoded(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (IsLetter(c) || IsDigit(c) || c == '-' || c == '.' || c == '_' || c == '~') {
      out += c;
    } else {
      const auto byte = static_cast<unsigned char>(c);
      out += {'%', kHexDigits[byte >> 4], kHexDigits[byte & 15]};
    }
  }
  return out;
}

}  // namespace writ::image
