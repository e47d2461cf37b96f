// Certificates and single DER values: bytes as they are, and edits of a good leaf. Views must lie inside the bytes, DER must be written
// back as it was read, and no leaf but the good one may have a path to the CA. Inputs are capped at 8 KB: a leaf has 1 KB.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "rules/base/check.h"
#include "tests/fuzz/edit_script.h"
#include "tests/support/test_sigstore.h"
#include "webhook/image/trust/certificate.h"
#include "webhook/image/trust/certificate_path.h"
#include "webhook/image/trust/der.h"
#include "webhook/image/trust/oids.h"

namespace {

using writ::image::Certificate;
using writ::image::CertificatePtr;

struct World {
  writ::test::TestSigstore sigstore;
  std::string leaf = sigstore.Leaf({}, sigstore.leaf_key());
};

bool IsInside(std::string_view part, std::string_view whole) {
  return part.empty() || (part.data() >= whole.data() && part.data() + part.size() <= whole.data() + whole.size());
}

void TryDer(std::string_view bytes) {
  writ::image::DerReader reader(bytes);
  while (const auto value = reader.Next()) {
    WRIT_CHECK(IsInside(value->whole, bytes) && IsInside(value->content, value->whole));
    WRIT_CHECK(writ::image::EncodeDer(value->tag, value->content) == value->whole);
    if (const auto number = writ::image::ReadUnsigned(*value)) WRIT_CHECK(IsInside(*number, bytes));
    if (const auto bits = writ::image::ReadBitBytes(*value)) WRIT_CHECK(IsInside(*bits, bytes));
    writ::image::ReadSmallUnsigned(*value);
    writ::image::ReadDerTime(*value);
    writ::image::OidText(value->content);
  }
}

void TryCertificate(std::string_view der, const World& world) {
  const writ::Result<CertificatePtr> parsed = Certificate::Parse(der);
  if (!parsed) {
    WRIT_CHECK(!parsed.error().message.empty());
    return;
  }
  const Certificate& certificate = **parsed;
  WRIT_CHECK(certificate.der == der);
  for (const std::string_view part : {certificate.tbs, certificate.serial, certificate.issuer, certificate.subject, certificate.signature,
                                      certificate.sct_extension, certificate.authority_key_id, certificate.subject_key_id})
    WRIT_CHECK(IsInside(part, certificate.der));
  WRIT_CHECK(!certificate.issuers_disagree() || certificate.oidc_issuer().empty());
  writ::image::NameText(certificate.subject);
  CheckLeaf(certificate, writ::image::kOidCodeSigning).ok();
  const writ::UnixNanos times[] = {writ::test::kSignedAt};
  const bool has_path = FindIssuer(certificate, {.authorities = world.sigstore.root()->certificate_authorities,
                                                 .hints = {},
                                                 .times = times,
                                                 .purpose = writ::image::kOidCodeSigning})
                            .ok();
  // The outer algorithm must repeat the inner one, so that nothing but the signature lies outside what is signed.
  if (has_path) WRIT_CHECK(certificate.tbs == Certificate::Parse(world.leaf).value()->tbs);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size > std::size_t{8} * 1024) return 0;
  static const World world;
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  TryDer(input);
  TryCertificate(input, world);
  TryCertificate(writ::test::ApplyEdits(world.leaf, input), world);
  return 0;
}
