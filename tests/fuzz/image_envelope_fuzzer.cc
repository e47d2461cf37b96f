// DSSE envelopes and in-toto statements: bytes as a statement, as the layer of an `.att` tag, and edits of a good attestation. What
// verifies has the good statement; the predicate that is handed on is JSON again. Inputs are capped at 16 KB: nothing in the format gets
// harder with size.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "engine/json/json_document.h"
#include "rules/base/check.h"
#include "tests/fuzz/edit_script.h"
#include "tests/support/test_sigstore.h"
#include "webhook/image/trust/encoding.h"
#include "webhook/image/verify/envelope.h"
#include "webhook/image/verify/evidence.h"

namespace {

using writ::image::Material;

constexpr std::string_view kType = "https://acme.test/review/v1";

struct World {
  writ::test::TestSigstore sigstore;
  std::string statement = writ::test::StatementText(kType, R"("sha256":")" + std::string(writ::test::kImageDigest.substr(7)) + "\"");
  writ::test::Parts parts = sigstore.Sign({.content = statement});
  writ::image::ExpectedSigner signer = sigstore.KeySigner();
  std::string envelope = R"({"payloadType":"application/vnd.in-toto+json","payload":")" + writ::EncodeBase64(statement) +
                         R"(","signatures":[{"sig":")" + writ::EncodeBase64(parts.signature) + R"("}]})";
  World() {
    signer.options.wanted = writ::image::Wanted::kAttestation;
    signer.options.predicate_type = kType;
    WRIT_CHECK(Judge(envelope).kind == writ::image::VerdictKind::kVerified);
  }
  writ::image::Verdict Judge(std::string_view bytes) const {
    const Material material{.form = writ::image::MaterialForm::kEnvelope,
                            .origin = "layer",
                            .media_type = "application/vnd.dsse.envelope.v1+json",
                            .bytes = std::string(bytes),
                            .annotations = {}};
    return VerifyImage(writ::test::TestSigstore::Gathered({material}), signer, writ::test::kSignedAt);
  }
};

void TryEnvelope(std::string_view bytes, const World& world) {
  const writ::image::Verdict verdict = world.Judge(bytes);
  WRIT_CHECK(verdict.reason != writ::image::Reason::kInternal);
  if (verdict.kind != writ::image::VerdictKind::kVerified) {
    WRIT_CHECK(verdict.statements.empty() && !verdict.message.empty());
    return;
  }
  WRIT_CHECK(verdict.statements.size() == 1 && verdict.statements[0].predicate_json == "{}");
  WRIT_CHECK(verdict.statements[0].predicate_type == kType);
  WRIT_CHECK(bytes.find(writ::EncodeBase64(world.statement).substr(0, 8)) != std::string_view::npos);
}

void TryStatement(std::string_view bytes) {
  const auto statement = writ::image::ReadStatement(bytes, writ::test::kImageDigest.substr(7), {});
  if (!statement) {
    WRIT_CHECK(!statement.error().message.empty());
    return;
  }
  WRIT_CHECK(!statement->predicate_type.empty());
  writ::JsonDocument document({.max_bytes = 64 * 1024, .max_depth = 32});
  WRIT_CHECK(document.Parse(statement->predicate_json).ok());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size > std::size_t{16} * 1024) return 0;
  static const World world;
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  TryStatement(input);
  TryStatement(writ::test::ApplyEdits(world.statement, input));
  TryEnvelope(input, world);
  TryEnvelope(writ::test::ApplyEdits(world.envelope, input), world);
  return 0;
}
