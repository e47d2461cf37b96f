// Sigstore bundles: bytes as they are, and edits of good bundles (by key; keyless with Rekor v1; keyless with Rekor v2 and timestamp).
// Whatever verifies must be the good one in all that matters: same signature, content, certificate, log entries and times. Inputs are
// capped at 16 KB: the good bundles have 5 KB, and nothing in the format gets harder with size.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "rules/base/check.h"
#include "tests/fuzz/edit_script.h"
#include "tests/support/test_sigstore.h"
#include "webhook/image/verify/evidence.h"

namespace {

using writ::image::Evidence;
using writ::test::LogVersion;
using writ::test::SignedBy;
using writ::test::Stamped;
using writ::test::TestSigstore;

constexpr std::size_t kMaxInputBytes = 16 * 1024;

struct Good {
  std::string text;
  writ::image::ExpectedSigner signer;
};

struct World {
  TestSigstore sigstore;
  Good goods[4];
  World() {
    goods[0] = {sigstore.BundleText(sigstore.Sign({})), sigstore.KeySigner()};
    goods[1] = {sigstore.BundleText(sigstore.Sign({.log = LogVersion::kV2})), sigstore.KeySigner(LogVersion::kV2)};
    goods[2] = {sigstore.BundleText(sigstore.Sign({.by = SignedBy::kIdentity, .log = LogVersion::kV1})), sigstore.IdentitySigner()};
    goods[3] = {sigstore.BundleText(sigstore.Sign({.by = SignedBy::kIdentity, .log = LogVersion::kV2, .stamped = Stamped::kYes})),
                sigstore.IdentitySigner()};
    for (const Good& good : goods) WRIT_CHECK(Judge(good.text, good.signer).kind == writ::image::VerdictKind::kVerified);
  }
  static writ::image::Verdict Judge(std::string_view bundle, const writ::image::ExpectedSigner& signer) {
    return VerifySigstoreBundle(bundle, {std::string(writ::test::kImageDigest), std::nullopt}, signer, writ::test::kSignedAt);
  }
};

// What a signer sees of a bundle, for comparison; what he does not look at may differ.
bool IsSame(const Evidence& one, const Evidence& two, bool reads_log) {
  if (one.signature != two.signature || one.signed_bytes != two.signed_bytes || one.certificate != two.certificate) return false;
  if (!reads_log) return true;
  if (one.entries.size() != two.entries.size()) return false;
  for (std::size_t i = 0; i < one.entries.size(); ++i) {
    const writ::image::LogEntry &left = one.entries[i], &right = two.entries[i];
    if (left.body != right.body || left.promise != right.promise || left.log_id != right.log_id) return false;
    if (!left.promise.empty() && (left.integrated_time != right.integrated_time || left.log_index != right.log_index)) return false;
    if (left.proof->root != right.proof->root || left.proof->hashes != right.proof->hashes) return false;
  }
  return true;
}

void Try(std::string_view text, const Good& good) {
  const writ::image::Verdict verdict = World::Judge(text, good.signer);
  WRIT_CHECK(verdict.reason != writ::image::Reason::kInternal);
  if (verdict.kind != writ::image::VerdictKind::kVerified) {
    WRIT_CHECK(verdict.reason != writ::image::Reason::kNone && !verdict.message.empty());
    return;
  }
  const auto evidence = writ::image::ReadBundle(text, {}), expected = writ::image::ReadBundle(good.text, {});
  const bool reads_log = good.signer.identity || good.signer.options.log == writ::image::LogRule::kRequired;
  WRIT_CHECK(evidence.ok() && IsSame(*evidence, *expected, reads_log));
  for (const writ::UnixNanos time : verdict.materials[0].signer.times) WRIT_CHECK(time == writ::test::kSignedAt);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size > kMaxInputBytes) return 0;
  static const World world;
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  if (size < 2) return 0;
  const Good& good = world.goods[data[0] % 4];
  Try(input, world.goods[size % 4]);
  Try(writ::test::ApplyEdits(good.text, input.substr(1)), good);
  return 0;
}
