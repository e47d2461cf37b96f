// The front of verification, over signatures made here: outcomes, reasons, and rules that the vectors do not reach.
#include "webhook/image/verify/verifier.h"

#include <set>

#include <gtest/gtest.h>

#include "tests/unit/image/test_pki.h"
#include "webhook/image/trust/encoding.h"
#include "webhook/image/verify/envelope.h"

namespace writ::image {
namespace {

using test::CertificateSpec;
using test::kSignedAt;
using test::kSignedAtSeconds;
using test::MakeCertificate;
using test::TestKey;

const std::string kHex(64, 'a');
const std::string kDigest = "sha256:" + kHex;
constexpr std::string_view kSubject = "https://github.com/acme/app/.github/workflows/release.yml@refs/tags/v1";
constexpr std::string_view kIssuer = "https://token.actions.githubusercontent.com";

std::string PayloadText(const std::string& digest = kDigest, const std::string& optional = "null") {
  return R"({"critical":{"identity":{"docker-reference":"r.test/app"},"image":{"docker-manifest-digest":")" + digest +
         R"("},"type":"cosign container image signature"},"optional":)" + optional + "}";
}

std::string StatementText(const std::string& type, const std::string& predicate = "{}", const std::string& subject_more = "") {
  return R"({"_type":"https://in-toto.io/Statement/v1","subject":[{"digest":{"sha256":")" + kHex + "\"}" + subject_more +
         R"(}],"predicateType":")" + type + R"(","predicate":)" + predicate + "}";
}

// A hashedrekord 0.0.1 about a payload.
std::string RecordText(const std::string& payload, const std::string& signature, const std::string& pem) {
  return R"({"apiVersion":"0.0.1","kind":"hashedrekord","spec":{"data":{"hash":{"algorithm":"sha256","value":")" +
         EncodeHex(Sha256(payload)) + R"("}},"signature":{"content":")" + EncodeBase64(signature) + R"(","publicKey":{"content":")" +
         EncodeBase64(pem) + R"("}}}})";
}

class VerifierTest : public testing::Test {
 protected:
  ExpectedSigner KeySigner(const TestKey& key) {
    ExpectedSigner signer;
    signer.name = "release";
    signer.key = key.Public();
    return signer;
  }
  // The trust root of this private Sigstore. As own PKI it judges certificates at the current time.
  TrustRootPtr Trust(bool is_own_pki) {
    auto root = std::make_shared<TrustRoot>();
    root->name = "test";
    Result<CertificatePtr> ca = Certificate::Parse(MakeCertificate({.subject = "root", .is_ca = true, .usage = ""}, root_key_, root_key_));
    root->certificate_authorities.push_back(*MakeAuthority("test CA", {INT64_MIN, std::nullopt}, {*ca}));
    for (const TestKey* key : {&log_key_, &other_log_key_}) root->logs.push_back(Log(*key, "https://log.test"));
    root->ct_logs.push_back(Log(ct_key_, "https://ct.test"));
    root->is_own_pki = is_own_pki;
    return root;
  }
  static TransparencyLog Log(const TestKey& key, const std::string& url) {
    const std::string id = Sha256(key.Spki());
    return {url, url.substr(8), id, id.substr(0, 4), key.Public(), {INT64_MIN, std::nullopt}};
  }
  ExpectedSigner IdentitySigner(bool is_own_pki = false) {
    ExpectedSigner signer;
    signer.name = "release";
    signer.identity = Identity{.issuer = std::string(kIssuer), .subject = std::string(kSubject)};
    signer.trust_root = Trust(is_own_pki);
    return signer;
  }
  std::string Leaf(CertificateSpec spec) {
    spec.extensions.push_back(test::FulcioExtension(8, kIssuer));
    spec.extensions.push_back(test::SctExtension(spec, key_, root_key_, {&ct_key_}));
    return MakeCertificate(spec, key_, root_key_);
  }
  static CertificateSpec GoodLeaf() { return {.names = {test::UriName(kSubject)}}; }

  static GatheredMaterial One(Material material) {
    GatheredMaterial gathered;
    gathered.digest = kDigest;
    gathered.materials.push_back(std::move(material));
    return gathered;
  }
  static Material Layer(const std::string& payload, const std::string& signature) {
    Material material;
    material.form = MaterialForm::kSimpleSigning;
    material.origin = "sha256-aaaa.sig, layer 1";
    material.media_type = "application/vnd.dev.cosign.simplesigning.v1+json";
    material.bytes = payload;
    material.annotations["dev.cosignproject.cosign/signature"] = EncodeBase64(signature);
    return material;
  }
  static Material Signed(const TestKey& key, const std::string& payload = PayloadText(), SignatureScheme scheme = {}) {
    return Layer(payload, key.Sign(payload, scheme));
  }
  // A `.sig` layer with certificate and log entry.
  Material Keyless(const std::string& leaf, std::int64_t at_seconds = kSignedAtSeconds) {
    const std::string payload = PayloadText();
    const std::string signature = key_.Sign(payload);
    Material material = Layer(payload, signature);
    const std::string pem = test::Pem("CERTIFICATE", leaf);
    material.annotations["dev.sigstore.cosign/certificate"] = pem;
    const std::string fields = R"("body":")" + EncodeBase64(RecordText(payload, signature, pem)) + R"(","integratedTime":)" +
                               std::to_string(at_seconds) + R"(,"logID":")" + EncodeHex(Sha256(log_key_.Spki())) + R"(","logIndex":3)";
    material.annotations["dev.sigstore.cosign/bundle"] =
        R"({"SignedEntryTimestamp":")" + EncodeBase64(log_key_.Sign("{" + fields + "}")) + R"(","Payload":{)" + fields + "}}";
    return material;
  }
  static Material Attestation(const TestKey& key, const std::string& statement) {
    Material material;
    material.form = MaterialForm::kEnvelope;
    material.origin = "sha256-aaaa.att, layer 1";
    material.media_type = "application/vnd.dsse.envelope.v1+json";
    const std::string signature = key.Sign(PreAuthEncoding(kInTotoPayloadType, statement));
    material.bytes = R"({"payloadType":"application/vnd.in-toto+json","payload":")" + EncodeBase64(statement) +
                     R"(","signatures":[{"sig":")" + EncodeBase64(signature) + R"("}]})";
    return material;
  }
  static std::string CodeOf(const GatheredMaterial& material, const ExpectedSigner& signer, UnixNanos now = 0,
                            const ImageLimits& limits = {}) {
    const Verdict verdict = VerifyImage(material, signer, now, limits);
    return std::string(VerdictKindName(verdict.kind)) + " " + std::string(ReasonCode(verdict.reason));
  }

  TestKey key_{"P-256"}, other_key_{"P-256"}, root_key_{"P-256"}, log_key_{"P-256"}, other_log_key_{"P-256"}, ct_key_{"P-256"};
};

TEST_F(VerifierTest, ExplainsEachCheck) {
  const Verdict good = VerifyImage(One(Signed(key_)), KeySigner(key_), 0);
  EXPECT_EQ(Dump(good), R"(verified [none] signature by `release` verified (sha256-aaaa.sig, layer 1)
  sha256-aaaa.sig, layer 1: verified
    form passed
    signer passed
    content passed
    digest passed
    claims passed
    identity skipped
    log_content skipped
    signature passed
    log skipped
    timestamp skipped
    time skipped
    certificate skipped
    sct skipped
)");
  const Verdict bad = VerifyImage(One(Signed(other_key_)), KeySigner(key_), 0);
  EXPECT_EQ(
      Dump(bad),
      R"(refuted [signature_invalid] no signature by `release`: not a signature of these bytes by this ECDSA P-256 key (sha256-aaaa.sig, layer 1)
  sha256-aaaa.sig, layer 1: not verified
    form passed
    signer passed
    content passed
    digest passed
    claims passed
    identity skipped
    log_content skipped
    signature failed [signature_invalid]: not a signature of these bytes by this ECDSA P-256 key
)");
}

// An origin is as long as a digest: whoever cuts the message, as the API server may cut warnings, must not cut off the reason.
TEST_F(VerifierTest, TheReasonStandsBeforeThePlace) {
  GatheredMaterial refuted = One(Signed(other_key_));
  refuted.materials.push_back(Signed(other_key_));
  EXPECT_EQ(
      "no signature by `release`: not a signature of these bytes by this ECDSA P-256 key (sha256-aaaa.sig, layer 1; "
      "1 more did not verify either)",
      VerifyImage(refuted, KeySigner(key_), 0).message);
  GatheredMaterial unknown;
  unknown.digest = kDigest;
  unknown.faults.push_back({.origin = "sha256-aaaa.sig", .message = "no connection"});
  EXPECT_EQ("no signature by `release` is known: no connection (sha256-aaaa.sig could not be had)",
            VerifyImage(unknown, KeySigner(key_), 0).message);
}

TEST_F(VerifierTest, KeepsUnknownApartFromRefuted) {
  GatheredMaterial material = One(Signed(other_key_));
  EXPECT_EQ(CodeOf(material, KeySigner(key_)), "refuted signature_invalid");
  material.faults.push_back({"referrers", "429 Too Many Requests"});
  EXPECT_EQ(CodeOf(material, KeySigner(key_)), "unknown not_gathered");
  material.materials.push_back(Signed(key_));
  EXPECT_EQ(CodeOf(material, KeySigner(key_)), "verified none");
  GatheredMaterial nothing;
  nothing.digest = kDigest;
  nothing.notes = {"a Notary Project signature is attached"};
  const Verdict verdict = VerifyImage(nothing, KeySigner(key_), 0);
  EXPECT_EQ(verdict.reason, Reason::kUnsigned);
  EXPECT_NE(verdict.message.find("Notary Project"), std::string::npos);
}

TEST_F(VerifierTest, RefusesSignersThatCannotMatch) {
  const GatheredMaterial material = One(Signed(key_));
  ExpectedSigner signer = KeySigner(key_);
  signer.options.log = LogRule::kRequired;
  EXPECT_EQ(CodeOf(material, signer), "refuted policy_invalid") << "no trust root";
  signer = IdentitySigner();
  signer.identity->subject = "";
  EXPECT_EQ(CodeOf(material, signer), "refuted policy_invalid");
  signer = IdentitySigner();
  signer.identity->issuer = "";
  EXPECT_EQ(CodeOf(material, signer), "refuted policy_invalid");
  signer = IdentitySigner();
  signer.key = key_.Public();
  EXPECT_EQ(CodeOf(material, signer), "refuted policy_invalid");
  signer = IdentitySigner();
  signer.options.certificate_extensions["nonsense"] = "x";
  EXPECT_EQ(CodeOf(material, signer), "refuted policy_invalid");
  EXPECT_EQ(CodeOf(material, ExpectedSigner{}), "refuted policy_invalid");
}

TEST_F(VerifierTest, ClassicSignaturesMayUseTheOlderHash) {
  const TestKey p384("P-384");
  const GatheredMaterial natural = One(Signed(p384, PayloadText(), {.hash = HashAlgorithm::kSha384}));
  const GatheredMaterial older = One(Signed(p384, PayloadText(), {.hash = HashAlgorithm::kSha256}));
  ExpectedSigner signer = KeySigner(p384);
  EXPECT_EQ(CodeOf(natural, signer), "verified none");
  EXPECT_EQ(CodeOf(older, signer), "verified none");
  EXPECT_EQ(CodeOf(One(Signed(p384, PayloadText(), {.hash = HashAlgorithm::kSha512})), signer), "refuted signature_invalid");
  signer.options.signature_hash = HashAlgorithm::kSha384;
  EXPECT_EQ(CodeOf(older, signer), "refuted signature_invalid");
}

TEST_F(VerifierTest, PssMustBeAskedFor) {
  const TestKey rsa("RSA-2048");
  const GatheredMaterial pss = One(Signed(rsa, PayloadText(), {.padding = RsaPadding::kPss}));
  ExpectedSigner signer = KeySigner(rsa);
  EXPECT_EQ(CodeOf(pss, signer), "refuted signature_invalid");
  signer.options.rsa_padding = RsaPadding::kPss;
  EXPECT_EQ(CodeOf(pss, signer), "verified none");
}

TEST_F(VerifierTest, ComparesClaims) {
  const GatheredMaterial material = One(Signed(key_, PayloadText(kDigest, R"({"team":"core","replicas":3})")));
  ExpectedSigner signer = KeySigner(key_);
  signer.options.annotations = {{"team", "core"}};
  EXPECT_EQ(CodeOf(material, signer), "verified none");
  signer.options.annotations = {{"team", "cor"}};
  EXPECT_EQ(CodeOf(material, signer), "refuted claim_mismatch");
  signer.options.annotations = {{"replicas", "3"}};
  EXPECT_EQ(CodeOf(material, signer), "refuted claim_mismatch");
  signer.options.annotations.clear();
  signer.options.docker_reference = "r.test/app";
  EXPECT_EQ(CodeOf(material, signer), "verified none");
  signer.options.docker_reference = "r.test/ap";
  EXPECT_EQ(CodeOf(material, signer), "refuted reference_mismatch");
}

TEST_F(VerifierTest, VerifiesKeylessSignatures) {
  const GatheredMaterial material = One(Keyless(Leaf(GoodLeaf())));
  const Verdict verdict = VerifyImage(material, IdentitySigner(), 0);
  EXPECT_EQ(verdict.kind, VerdictKind::kVerified) << Dump(verdict);
  ASSERT_EQ(verdict.materials.size(), 1U);
  EXPECT_EQ(verdict.materials[0].signer.subject, kSubject);
  EXPECT_EQ(verdict.materials[0].signer.oidc_issuer, kIssuer);
  EXPECT_EQ(verdict.materials[0].signer.times, std::vector<UnixNanos>{kSignedAt});
  EXPECT_EQ(CodeOf(One(Keyless(Leaf(GoodLeaf()), kSignedAtSeconds + 301)), IdentitySigner()), "refuted certificate_time");
  ExpectedSigner ignoring = IdentitySigner();
  ignoring.options.log = LogRule::kIgnored;
  EXPECT_EQ(CodeOf(material, ignoring), "refuted time_unproven") << "an entry that is not looked at proves no time";
}

// The annotations of a layer are all that stands between a payload and its judgement: none of their bytes may change unnoticed.
TEST_F(VerifierTest, NeverVerifiesOnceAByteWasChanged) {
  const Material good = Keyless(Leaf(GoodLeaf()));
  const ExpectedSigner signer = IdentitySigner();
  for (const auto& [key, value] : good.annotations) {
    for (std::size_t at = 0; at < value.size(); at += 13) {
      Material bad = good;
      // Another digit of the same alphabet, so that the change reaches what is behind the coding.
      bad.annotations[key][at] = value[at] == 'A' ? 'B' : 'A';
      EXPECT_NE(CodeOf(One(bad), signer), "verified none") << key << " at " << at;
      bad.annotations[key] = value.substr(0, at);
      EXPECT_NE(CodeOf(One(bad), signer), "verified none") << key << " cut at " << at;
    }
  }
}

TEST_F(VerifierTest, NamesOfOneTypeCannotPassForAnother) {
  const std::string subject(kSubject);
  for (const std::string& name : {test::DnsName(subject), test::EmailName(subject), test::OtherName(subject)})
    EXPECT_EQ(CodeOf(One(Keyless(Leaf({.names = {name}}))), IdentitySigner()), "refuted subject_mismatch");
  ExpectedSigner signer = IdentitySigner();
  signer.identity->subject = "bot!acme.test";
  EXPECT_EQ(CodeOf(One(Keyless(Leaf({.names = {test::OtherName("bot!acme.test")}}))), signer), "verified none");
  EXPECT_EQ(CodeOf(One(Keyless(Leaf({.names = {test::UriName("bot!acme.test")}}))), signer), "refuted subject_mismatch");
  signer.identity->subject = "a@acme.test";
  EXPECT_EQ(CodeOf(One(Keyless(Leaf({.names = {test::EmailName("a@acme.test")}}))), signer), "verified none");
}

TEST_F(VerifierTest, CertificateRulesHold) {
  CertificateSpec spec = GoodLeaf();
  spec.is_ca = true;
  EXPECT_EQ(CodeOf(One(Keyless(Leaf(spec))), IdentitySigner()), "refuted certificate_usage");
  spec = GoodLeaf();
  spec.usage = "server_auth";
  EXPECT_EQ(CodeOf(One(Keyless(Leaf(spec))), IdentitySigner()), "refuted certificate_usage");
  spec = GoodLeaf();
  spec.extensions = {test::FulcioExtension(8, kIssuer)};
  const GatheredMaterial no_sct = One(Keyless(MakeCertificate(spec, key_, root_key_)));
  EXPECT_EQ(CodeOf(no_sct, IdentitySigner()), "refuted sct_missing");
  ExpectedSigner lenient = IdentitySigner();
  lenient.options.sct = Demand::kOptional;
  EXPECT_EQ(CodeOf(no_sct, lenient), "verified none");
}

TEST_F(VerifierTest, TheSameLogOrCtLogTwiceIsOne) {
  ExpectedSigner signer = IdentitySigner();
  signer.options.min_logs = 2;
  EXPECT_EQ(CodeOf(One(Keyless(Leaf(GoodLeaf()))), signer), "refuted log_threshold");
  signer.options.min_logs = 1;
  signer.options.min_scts = 2;
  CertificateSpec spec = GoodLeaf();
  spec.extensions = {test::FulcioExtension(8, kIssuer)};
  spec.extensions.push_back(test::SctExtension(spec, key_, root_key_, {&ct_key_, &ct_key_}));
  EXPECT_EQ(CodeOf(One(Keyless(MakeCertificate(spec, key_, root_key_))), signer), "refuted sct_threshold");
}

TEST_F(VerifierTest, OwnPkisAreJudgedNow) {
  CertificateSpec spec{.names = {test::EmailName("a@acme.test")}, .usage = ""};
  Material material = Signed(key_);
  material.annotations["dev.sigstore.cosign/certificate"] = test::Pem("CERTIFICATE", MakeCertificate(spec, key_, root_key_));
  ExpectedSigner signer = IdentitySigner(true);
  signer.identity = Identity{.issuer = "", .subject = "a@acme.test"};
  signer.options.log = LogRule::kIgnored;
  signer.options.sct = Demand::kOptional;
  EXPECT_EQ(CodeOf(One(material), signer, kSignedAt), "verified none");
  EXPECT_EQ(CodeOf(One(material), signer, kSignedAt + 301 * test::kSecond), "refuted certificate_time");
  signer.options.timestamp = Demand::kRequired;
  EXPECT_EQ(CodeOf(One(material), signer, kSignedAt), "refuted timestamp_missing");
}

TEST_F(VerifierTest, AttestationsAreNoSignatures) {
  const std::string review = "https://acme.test/review/v1";
  const GatheredMaterial material = One(Attestation(key_, StatementText(review, R"({ "verdict" : "ok" })")));
  EXPECT_EQ(CodeOf(material, KeySigner(key_)), "refuted not_a_signature");
  ExpectedSigner signer = KeySigner(key_);
  signer.options.wanted = Wanted::kAttestation;
  signer.options.predicate_type = review;
  const Verdict verdict = VerifyImage(material, signer, 0);
  ASSERT_EQ(verdict.statements.size(), 1U) << Dump(verdict);
  EXPECT_EQ(verdict.statements[0].predicate_json, R"({ "verdict" : "ok" })");
  EXPECT_EQ(CodeOf(One(Signed(key_)), signer), "refuted not_an_attestation");
  signer.options.wanted = Wanted::kAnything;
  EXPECT_EQ(CodeOf(One(Signed(key_)), signer), "refuted not_an_attestation");
  signer.options.predicate_type = "https://acme.test/review";
  EXPECT_EQ(CodeOf(material, signer), "refuted predicate_type");
  const GatheredMaterial sign =
      One(Attestation(key_, StatementText(std::string(kCosignSignPredicate), "{}", R"(,"annotations":{"team":"core"})")));
  ExpectedSigner claims = KeySigner(key_);
  claims.options.annotations = {{"team", "core"}};
  EXPECT_EQ(CodeOf(sign, claims), "verified none") << "cosign 3's sign predicate is a signature";
}

TEST(Statement, HandsOnThePredicateAsItWasWritten) {
  const auto predicate = [](const std::string& text) {
    const std::string statement = R"({ "_type" : "https://in-toto.io/Statement/v1","subject":[{"digest":{"sha256":")" + kHex +
                                  R"("}}], "p\u0072edicate" : )" + text + R"( ,"predicateType":"t","x":"\"}"})";
    const Result<Statement> read = ReadStatement(statement, kHex, {});
    return read ? read->predicate_json : read.error().message;
  };
  for (const std::string text : {"null", "-1.5e3", "true", R"("a\"b,}")", "[]", R"({"a":[1,{"b":"]}\\"}]})", "[[],[[1]]]"})
    EXPECT_EQ(predicate(text), text);
}

TEST_F(VerifierTest, HandsOnEveryStatement) {
  const std::string scan = "https://acme.test/scan/v1";
  GatheredMaterial material = One(Attestation(key_, StatementText(scan, "1")));
  material.materials.push_back(Attestation(other_key_, StatementText(scan, "2")));
  material.materials.push_back(Attestation(key_, StatementText(scan, R"("{\"inner\":3}")")));
  ExpectedSigner signer = KeySigner(key_);
  signer.options.wanted = Wanted::kAttestation;
  signer.options.predicate_type = scan;
  const Verdict verdict = VerifyImage(material, signer, 0);
  ASSERT_EQ(verdict.statements.size(), 2U);
  EXPECT_EQ(verdict.statements[0].predicate_json, "1");
  EXPECT_EQ(verdict.statements[1].predicate_json, R"({"inner":3})") << "JSON inside a string, as old attestations have it";
}

TEST_F(VerifierTest, EnforcesItsLimits) {
  const GatheredMaterial material = One(Signed(key_));
  EXPECT_EQ(CodeOf(material, KeySigner(key_), 0, {.max_payload_bytes = 10}), "refuted limit_exceeded");
  EXPECT_EQ(CodeOf(material, KeySigner(key_), 0, {.max_annotation_bytes = 10}), "refuted limit_exceeded");
  GatheredMaterial two = material;
  two.materials.push_back(two.materials.front());
  EXPECT_EQ(CodeOf(two, KeySigner(key_), 0, {.max_materials = 1}), "refuted limit_exceeded");
  ExpectedSigner signer = KeySigner(key_);
  signer.options.wanted = Wanted::kAttestation;
  signer.options.predicate_type = "t";
  const GatheredMaterial attested = One(Attestation(key_, StatementText("t", "[[[[1]]]]")));
  EXPECT_EQ(CodeOf(attested, signer), "verified none");
  EXPECT_EQ(CodeOf(attested, signer, 0, {.max_bundle_bytes = 10}), "refuted limit_exceeded");
  EXPECT_EQ(CodeOf(attested, signer, 0, {.max_envelope_payload_bytes = 10}), "refuted limit_exceeded");
  EXPECT_NE(CodeOf(attested, signer, 0, {.max_json_depth = 4}), "verified none");
  const std::string twice =
      R"({"_type":"https://in-toto.io/Statement/v1","subject":[{"digest":{"sha256":"x","sha512":"y"}},{"digest":{}}],"predicateType":"t"})";
  EXPECT_EQ(CodeOf(One(Attestation(key_, twice)), signer, 0, {.max_subjects = 1}), "refuted limit_exceeded");
  EXPECT_EQ(CodeOf(One(Attestation(key_, twice)), signer, 0, {.max_digests_per_subject = 1}), "refuted limit_exceeded");
}

TEST_F(VerifierTest, LayersMustBeOfTheirType) {
  GatheredMaterial material = One(Signed(key_));
  material.materials[0].media_type = "application/vnd.oci.image.layer.v1.tar+gzip";
  EXPECT_EQ(CodeOf(material, KeySigner(key_)), "refuted media_type");
  material = One(Signed(key_));
  material.digest = "sha256:" + std::string(64, 'A');
  EXPECT_EQ(CodeOf(material, KeySigner(key_)), "refuted malformed");
}

std::string MessageBundle(const std::string& signature, const std::string& material = R"("publicKey":{"hint":"x"})") {
  return R"({"mediaType":"application/vnd.dev.sigstore.bundle.v0.3+json","verificationMaterial":{)" + material +
         R"(},"messageSignature":{"signature":")" + EncodeBase64(signature) + R"("}})";
}

TEST_F(VerifierTest, SomeMessagesNeedTheirBytes) {
  Artifact bytes = ArtifactOfBytes("artifact");
  Artifact digest{bytes.digest, std::nullopt};
  const auto code = [&](const TestKey& key, const Artifact& artifact) {
    ExpectedSigner signer = KeySigner(key);
    signer.options.wanted = Wanted::kAnything;
    const std::string signature = key.Sign("artifact", {.hash = key.Public().natural_hash()});
    return std::string(ReasonCode(VerifySigstoreBundle(MessageBundle(signature), artifact, signer, 0).reason));
  };
  EXPECT_EQ(code(key_, bytes), "none");
  EXPECT_EQ(code(key_, digest), "none");
  const TestKey p384("P-384");
  EXPECT_EQ(code(p384, bytes), "none");
  EXPECT_EQ(code(p384, digest), "digest_unknown");
  const TestKey ed25519("Ed25519");
  EXPECT_EQ(code(ed25519, bytes), "none");
  EXPECT_EQ(code(ed25519, digest), "digest_unknown");
}

TEST_F(VerifierTest, BundlesAreReadStrictly) {
  const std::string signature = key_.Sign("artifact");
  const auto code = [&](const std::string& bundle) {
    ExpectedSigner signer = KeySigner(key_);
    signer.options.wanted = Wanted::kAnything;
    return std::string(ReasonCode(VerifySigstoreBundle(bundle, ArtifactOfBytes("artifact"), signer, 0).reason));
  };
  EXPECT_EQ(code(MessageBundle(signature)), "none");
  EXPECT_EQ(code(MessageBundle(signature, "")), "malformed");
  EXPECT_EQ(code(MessageBundle(signature, R"("publicKey":{},"certificate":{"rawBytes":"QQ=="})")), "malformed");
  EXPECT_EQ(code(MessageBundle(signature, R"("x509CertificateChain":{"certificates":[{"rawBytes":"QQ=="}]})")), "malformed");
  EXPECT_EQ(code(MessageBundle(signature, R"("publicKey":{},"tlogEntries":{})")), "malformed");
  EXPECT_EQ(code(MessageBundle(signature, R"("publicKey":{},"tlogEntries":[{"logIndex":"-1"}])")), "malformed");
  EXPECT_EQ(code(MessageBundle(signature, R"("publicKey":{},"publicKey":{})")), "malformed") << "the same member twice";
  EXPECT_EQ(code(MessageBundle("")), "malformed");
  EXPECT_EQ(code("[]"), "malformed");
  EXPECT_EQ(code("{}"), "version_unknown");
}

TEST(Reasons, AreStableAndUnique) {
  std::set<std::string_view> codes;
  for (std::size_t i = 0; i <= static_cast<std::size_t>(Reason::kInternal); ++i) {
    const auto reason = static_cast<Reason>(i);
    EXPECT_TRUE(codes.insert(ReasonCode(reason)).second) << ReasonCode(reason);
    EXPECT_EQ(ParseReason(ReasonCode(reason)), reason);
  }
  EXPECT_EQ(ParseReason("nonsense"), std::nullopt);
}

}  // namespace
}  // namespace writ::image
