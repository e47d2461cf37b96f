// RFC 3161 tokens: bytes as they are, and edits of good tokens, without and with the authority's certificate. What verifies states the
// good time. Inputs are capped at 8 KB: a token with its chain has 4 KB.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "rules/base/check.h"
#include "tests/fuzz/edit_script.h"
#include "tests/support/test_sigstore.h"
#include "webhook/image/trust/timestamp_token.h"

namespace {

struct World {
  writ::test::TestSigstore sigstore;
  std::string good = sigstore.Stamp("signature");
  std::string embedded = writ::test::MakeTimestamp({.time = "20261120100000Z", .certificates = sigstore.tsa_certificate()},
                                                   sigstore.tsa_certificate(), sigstore.tsa_key());
  const writ::image::TimestampAuthority& whole = sigstore.root()->timestamp_authorities.front();
  // A trust root that names the CA alone: then the token's own certificate is read.
  writ::image::TimestampAuthority ca_only{whole.name, nullptr, whole.issuers, whole.window};
  World() {
    WRIT_CHECK(writ::image::VerifyTimestamp(good, "signature", {&whole, 1}) &&
               writ::image::VerifyTimestamp(embedded, "signature", {&ca_only, 1}));
  }
};

void Try(std::string_view token, const writ::image::TimestampAuthority& authority) {
  const auto stamp = writ::image::VerifyTimestamp(token, "signature", {&authority, 1});
  if (!stamp) {
    WRIT_CHECK(!stamp.error().message.empty());
    return;
  }
  WRIT_CHECK(stamp->time == writ::test::kSignedAt && stamp->authority == &authority);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size > std::size_t{8} * 1024) return 0;
  static const World world;
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  Try(input, world.whole);
  Try(writ::test::ApplyEdits(world.good, input), world.whole);
  Try(writ::test::ApplyEdits(world.embedded, input), world.ca_only);
  return 0;
}
