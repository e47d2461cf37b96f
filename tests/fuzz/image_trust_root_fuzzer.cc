// trusted_root.json and PEM trust material: bytes as they are, and edits of a good trust root. What is read keeps to its limits, every
// entry is complete, and it is read the same way again. Inputs are capped at 32 KB: the public instance's root has 6 KB.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "rules/base/check.h"
#include "tests/fuzz/edit_script.h"
#include "tests/support/test_sigstore.h"
#include "webhook/image/trust/trust_root.h"

namespace {

using writ::image::TrustRootPtr;

void Check(const writ::Result<TrustRootPtr>& root) {
  if (!root) {
    WRIT_CHECK(!root.error().message.empty() && root.error().code != writ::ErrorCode::kInternal);
    return;
  }
  WRIT_CHECK((*root)->id.starts_with("sha256:"));
  for (const auto* logs : {&(*root)->logs, &(*root)->ct_logs}) {
    for (const auto& log : *logs) WRIT_CHECK(log.id.size() == 32 && log.key_hint.size() == 4 && !log.key.spki().empty());
  }
  for (const auto& authority : (*root)->certificate_authorities) {
    WRIT_CHECK(!authority.chain.empty() && authority.chain.size() <= writ::image::ImageLimits().max_chain_certificates);
    for (const auto& certificate : authority.chain) WRIT_CHECK(certificate != nullptr && certificate->is_ca);
  }
  for (const auto& authority : (*root)->timestamp_authorities) WRIT_CHECK(authority.signer != nullptr || authority.issuers);
}

void Try(std::string_view text) {
  const auto root = writ::image::ParseTrustRoot("root.json", text);
  Check(root);
  if (root) WRIT_CHECK((*writ::image::ParseTrustRoot("root.json", text))->notes == (*root)->notes);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size > std::size_t{32} * 1024) return 0;
  static const writ::test::TestSigstore sigstore;
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  Try(input);
  Try(writ::test::ApplyEdits(sigstore.root_json(), input));
  Check(writ::image::ParsePemTrust({.name = "ca.pem", .ca_certificates = input}));
  Check(writ::image::ParsePemTrust({.name = "ca.pem", .log_key = input}));
  return 0;
}
