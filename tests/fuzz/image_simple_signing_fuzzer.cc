// Layers of a `.sig` tag: the input is split at NUL bytes into edits of payload, signature, certificate, log entry and timestamp of a good
// keyless signature, and once taken as the payload itself. Whatever verifies has the good payload and signature. Inputs are capped at
// 16 KB: a real layer with its annotations has 8 KB.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "rules/base/check.h"
#include "tests/fuzz/edit_script.h"
#include "tests/support/test_sigstore.h"
#include "webhook/image/trust/encoding.h"
#include "webhook/image/verify/envelope.h"
#include "webhook/image/verify/evidence.h"

namespace {

using writ::image::Material;

struct World {
  writ::test::TestSigstore sigstore;
  writ::test::Parts parts = sigstore.Sign({.by = writ::test::SignedBy::kIdentity,
                                           .log = writ::test::LogVersion::kV1,
                                           .stamped = writ::test::Stamped::kYes,
                                           .is_classic = true});
  Material good = sigstore.LayerOf(parts);
  writ::image::ExpectedSigner signer = sigstore.IdentitySigner();
  World() { WRIT_CHECK(Judge(good).kind == writ::image::VerdictKind::kVerified); }
  writ::image::Verdict Judge(const Material& material) const {
    return VerifyImage(writ::test::TestSigstore::Gathered({material}), signer, writ::test::kSignedAt);
  }
};

void Try(const Material& material, const World& world) {
  const writ::image::Verdict verdict = world.Judge(material);
  WRIT_CHECK(verdict.reason != writ::image::Reason::kInternal);
  if (verdict.kind != writ::image::VerdictKind::kVerified) {
    WRIT_CHECK(!verdict.message.empty());
    return;
  }
  WRIT_CHECK(material.bytes == world.good.bytes);
  const auto evidence = writ::image::ReadSimpleSigning(material, {});
  WRIT_CHECK(evidence.ok() && evidence->signature == world.parts.signature && evidence->certificate == world.parts.certificate);
  WRIT_CHECK(evidence->entries.size() == 1 && evidence->entries[0].body == world.parts.entries[0].body);
}

std::string_view TakePart(std::string_view& input) {
  const std::size_t end = input.find('\0');
  const std::string_view part = input.substr(0, end);
  input.remove_prefix(end == std::string_view::npos ? input.size() : end + 1);
  return part;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size > std::size_t{16} * 1024) return 0;
  static const World world;
  std::string_view input(reinterpret_cast<const char*>(data), size);
  if (const auto claims = writ::image::ReadClaims(input, {}); !claims) WRIT_CHECK(!claims.error().message.empty());
  Material material = world.good;
  for (auto& [key, value] : material.annotations) {
    Material raw = world.good;
    raw.annotations[key] = std::string(input);
    Try(raw, world);
    value = writ::test::ApplyEdits(value, TakePart(input));
  }
  material.bytes = writ::test::ApplyEdits(material.bytes, input);
  Try(material, world);
  return 0;
}
