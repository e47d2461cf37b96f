// Attacks on the judging half, over a whole private Sigstore: each takes good parts and puts them together in a way that must not verify,
// and names the reason for which it does not. The list is explained in docs/security/signatures.md.
#include <memory>
#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <openssl/bn.h>
#include <openssl/ec.h>
#include <openssl/obj_mac.h>

#include "tests/support/test_sigstore.h"
#include "webhook/image/trust/der.h"
#include "webhook/image/trust/encoding.h"
#include "webhook/image/verify/envelope.h"

namespace writ::image {
namespace {

using test::EntryParts;
using test::kSignedAt;
using test::kSignedAtSeconds;
using test::LogVersion;
using test::Parts;
using test::SignedBy;
using test::SignSpec;
using test::Stamped;
using test::TestKey;
using test::TestSigstore;

std::string Replaced(std::string text, std::string_view from, std::string_view to) {
  const std::size_t at = text.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  return at == std::string::npos ? text : text.replace(at, from.size(), to);
}

// (r, s) to (r, n - s): the other signature that every ECDSA signature has.
std::string Malleated(std::string_view signature) {
  DerReader pair(ReadWholeDer(signature, kDerSequence)->content);
  const DerValue r = *pair.Next(kDerInteger);
  const DerValue s = *pair.Next(kDerInteger);
  const std::unique_ptr<EC_GROUP, decltype(&EC_GROUP_free)> group(EC_GROUP_new_by_curve_name(NID_X9_62_prime256v1), EC_GROUP_free);
  const std::unique_ptr<BIGNUM, decltype(&BN_free)> number(
      BN_bin2bn(reinterpret_cast<const unsigned char*>(s.content.data()), static_cast<int>(s.content.size()), nullptr), BN_free);
  BN_sub(number.get(), EC_GROUP_get0_order(group.get()), number.get());
  std::string bytes(static_cast<std::size_t>(BN_num_bytes(number.get())), '\0');
  BN_bn2bin(number.get(), reinterpret_cast<unsigned char*>(bytes.data()));
  if ((static_cast<std::uint8_t>(bytes[0]) & 0x80) != 0) bytes.insert(0, 1, '\0');
  return EncodeDer(kDerSequence, std::string(r.whole) + EncodeDer(kDerInteger, bytes));
}

class AttackTest : public testing::Test {
 protected:
  std::string CodeOf(const Material& material, const ExpectedSigner& signer) const {
    const Verdict verdict = VerifyImage(TestSigstore::Gathered({material}), signer, kSignedAt);
    last_ = Dump(verdict);
    return std::string(ReasonCode(verdict.reason));
  }
  std::string BundleCode(const Parts& parts, const ExpectedSigner& signer) const { return CodeOf(sigstore_.BundleOf(parts), signer); }
  std::string TextCode(const std::string& bundle, const ExpectedSigner& signer) const {
    return CodeOf({.form = MaterialForm::kBundle, .origin = "bundle", .media_type = {}, .bytes = bundle, .annotations = {}}, signer);
  }
  std::string LayerCode(const Parts& parts, const ExpectedSigner& signer) const { return CodeOf(sigstore_.LayerOf(parts), signer); }

  Parts Keyless(LogVersion log = LogVersion::kV1, Stamped stamped = Stamped::kNo) const {
    return sigstore_.Sign({.by = SignedBy::kIdentity, .log = log, .stamped = stamped});
  }
  std::string AsIdentity(const std::string& subject, const std::string& issuer = std::string(test::kReleaseIssuer)) const {
    return BundleCode(sigstore_.Sign({.by = SignedBy::kIdentity, .log = LogVersion::kV1, .subject = subject, .issuer = issuer}), identity_);
  }
  // The instance judged is always this one; `stranger_` is an attacker's with equal names.
  TestSigstore sigstore_, stranger_;
  ExpectedSigner identity_ = sigstore_.IdentitySigner();
  ExpectedSigner key_ = sigstore_.KeySigner();
  mutable std::string last_;
};

// Without this none of the refusals below would mean anything.
TEST_F(AttackTest, TheUnharmedOnesVerify) {
  EXPECT_EQ(BundleCode(sigstore_.Sign({}), key_), "none") << last_;
  EXPECT_EQ(BundleCode(sigstore_.Sign({.log = LogVersion::kV1}), sigstore_.KeySigner(LogVersion::kV1)), "none") << last_;
  EXPECT_EQ(BundleCode(sigstore_.Sign({.log = LogVersion::kV2}), sigstore_.KeySigner(LogVersion::kV2)), "none") << last_;
  EXPECT_EQ(BundleCode(Keyless(), identity_), "none") << last_;
  EXPECT_EQ(BundleCode(Keyless(LogVersion::kV2, Stamped::kYes), identity_), "none") << last_;
  EXPECT_EQ(LayerCode(sigstore_.Sign({.is_classic = true}), key_), "none") << last_;
  EXPECT_EQ(LayerCode(sigstore_.Sign({.by = SignedBy::kIdentity, .log = LogVersion::kV1, .stamped = Stamped::kYes, .is_classic = true}),
                      identity_),
            "none")
      << last_;
}

TEST_F(AttackTest, PartsOfTwoSignaturesDoNotMix) {
  const Parts one = Keyless(), two = Keyless();
  Parts mixed = one;
  mixed.entries = two.entries;
  EXPECT_EQ(BundleCode(mixed, identity_), "log_signature") << "log entry of another signature over the same content";
  mixed = one;
  mixed.signature = two.signature;
  EXPECT_EQ(BundleCode(mixed, identity_), "log_signature");
  mixed = one;
  mixed.certificate = sigstore_.Leaf({}, sigstore_.leaf_key());
  EXPECT_EQ(BundleCode(mixed, identity_), "log_key") << "another certificate for the same key and identity";
  mixed = one;
  mixed.certificate = sigstore_.Leaf({}, TestKey("P-256"));
  EXPECT_EQ(BundleCode(mixed, identity_), "log_key");
  mixed = one;
  mixed.content = test::StatementText("https://acme.test/review/v1", R"("sha256":")" + std::string(test::kImageDigest.substr(7)) + "\"");
  EXPECT_EQ(BundleCode(mixed, identity_), "not_a_signature");
  mixed = one;
  mixed.content += " ";
  EXPECT_EQ(BundleCode(mixed, identity_), "log_digest") << "white space is content too";
  mixed = one;
  mixed.entries.push_back(two.entries.front());
  mixed.entries.back().log_index = 0;
  EXPECT_EQ(BundleCode(mixed, identity_), "log_signature") << "a good entry beside a foreign one";
  mixed = one;
  mixed.entries.push_back(one.entries.front());
  EXPECT_EQ(BundleCode(mixed, identity_), "duplicate_log_entry");
}

TEST_F(AttackTest, AnotherInstanceWithEqualNamesIsNone) {
  const SignSpec spec{.by = SignedBy::kIdentity, .log = LogVersion::kV1};
  EXPECT_EQ(BundleCode(stranger_.Sign(spec), identity_), "log_unknown");
  // The attacker has his own certificate logged by the log that is trusted.
  Parts parts = stranger_.Sign(spec);
  parts.entries = {sigstore_.Log(LogVersion::kV1, "dsse", "0.0.1", parts.entries.front().body)};
  EXPECT_EQ(BundleCode(parts, identity_), "certificate_untrusted");
  EXPECT_EQ(BundleCode(stranger_.Sign({}), key_), "signature_invalid");
  parts = sigstore_.Sign({.by = SignedBy::kIdentity, .log = LogVersion::kV2});
  parts.timestamps = {stranger_.Stamp(parts.signature)};
  EXPECT_EQ(BundleCode(parts, identity_), "timestamp_invalid") << "an authority of the same name with another key";
  ExpectedSigner no_authorities = identity_;
  auto root = std::make_shared<TrustRoot>(*sigstore_.root());
  root->timestamp_authorities.clear();
  no_authorities.trust_root = root;
  EXPECT_EQ(BundleCode(Keyless(LogVersion::kV2, Stamped::kYes), no_authorities), "timestamp_untrusted");
}

TEST_F(AttackTest, SubjectsAreComparedByteForByte) {
  const std::string good(test::kReleaseSubject);
  const std::string subjects[] = {
      good + "/",
      good + "2",
      " " + good,
      good.substr(0, good.size() - 1),
      "HTTPS" + good.substr(5),
      Replaced(good, "acme", "Acme"),
      Replaced(good, "acme", "%61cme"),
      Replaced(good, "acme/app", "acme%2Fapp"),
      Replaced(good, "acme",
               "\xD0\xB0"  // Cyrillic a
               "cme"),
      Replaced(good, "acme", "evil/../acme"),
      Replaced(good, "github.com", "github.com:443"),
      Replaced(good, "github.com", "github.com."),
      Replaced(good, "github.com", "github.com@evil.test"),
      good + std::string(1, '\0'),
      good + std::string("\0.evil.test", 11),
      good + "\n",
      good + "?x=" + good,
  };
  for (const std::string& subject : subjects) EXPECT_EQ(AsIdentity(subject), "subject_mismatch") << subject;
}

TEST_F(AttackTest, IssuersAreComparedByteForByte) {
  const std::string subject(test::kReleaseSubject), good(test::kReleaseIssuer);
  for (const std::string& issuer : {good + "/", good + ".evil.test", good + "/_services/evil", Replaced(good, "https", "http"),
                                    Replaced(good, "token", "Token"), good.substr(0, good.size() - 1), good + std::string(1, '\0')})
    EXPECT_EQ(AsIdentity(subject, issuer), "issuer_mismatch") << issuer;
  // A certificate that says .8 to some readers and .1 to others.
  test::CertificateSpec spec{.subject = "", .issuer = "ca", .names = {test::UriName(subject)}};
  spec.extensions = {test::FulcioExtension(1, "https://evil.test"), test::FulcioExtension(8, good)};
  spec.extensions.push_back(test::SctExtension(spec, sigstore_.leaf_key(), sigstore_.ca_key(), {&sigstore_.ct_key()}));
  Parts parts = Keyless();
  parts.certificate = MakeCertificate(spec, sigstore_.leaf_key(), sigstore_.ca_key());
  EXPECT_EQ(BundleCode(parts, identity_), "issuer_mismatch");
  spec.extensions = {test::FulcioExtension(8, "https://evil.test"), test::FulcioExtension(8, good)};
  parts.certificate = MakeCertificate(spec, sigstore_.leaf_key(), sigstore_.ca_key());
  EXPECT_EQ(BundleCode(parts, identity_), "malformed") << "the same extension twice";
}

// A pattern for names of one type must not match names of another that only end or begin like them.
TEST_F(AttackTest, GlobsDoNotCrossTypes) {
  const auto code = [&](const std::string& glob, const std::string& name) {
    test::CertificateSpec spec{
        .subject = "", .issuer = "ca", .names = {name}, .extensions = {test::FulcioExtension(8, test::kReleaseIssuer)}};
    spec.extensions.push_back(test::SctExtension(spec, sigstore_.leaf_key(), sigstore_.ca_key(), {&sigstore_.ct_key()}));
    Parts parts = Keyless();
    parts.certificate = MakeCertificate(spec, sigstore_.leaf_key(), sigstore_.ca_key());
    ExpectedSigner signer = identity_;
    signer.identity->subject = glob;
    signer.identity->subject_is_glob = true;
    // The identity is judged before the log's view of the certificate: "log_key" means that the name was taken.
    return BundleCode(parts, signer);
  };
  EXPECT_EQ(code("*@acme.example", test::EmailName("release@acme.example")), "log_key");
  EXPECT_EQ(code("*!acme.example", test::OtherName("bot!acme.example")), "log_key");
  EXPECT_EQ(code("*@acme.example", test::EmailName("a@evil.test@acme.example")), "subject_mismatch");
  EXPECT_EQ(code("*@acme.example", test::UriName("mailto:evil@acme.example")), "subject_mismatch");
  EXPECT_EQ(code("*@acme.example", test::OtherName("evil!x@acme.example")), "subject_mismatch");
  EXPECT_EQ(code("*!acme.example", test::EmailName("evil@x!acme.example")), "subject_mismatch");
  EXPECT_EQ(code("*!acme.example", test::UriName("x:evil!acme.example")), "subject_mismatch");
  EXPECT_EQ(code("https:*", test::EmailName("https:x@evil.test")), "subject_mismatch");
  EXPECT_EQ(code("*@acme.example", test::DnsName("x@acme.example")), "subject_mismatch");
}

TEST_F(AttackTest, StarsStayInTheirSegment) {
  const std::string glob = "https://github.com/acme/*/.github/workflows/release.yml@refs/tags/*";
  const std::string_view others[] = {
      "https://github.com/acme/app/evil/.github/workflows/release.yml@refs/tags/v1",
      "https://github.com/acme/app/.github/workflows/release.yml@refs/tags/v1/x",
      "https://github.com/acme/app/.github/workflows/evil.yml@refs/heads/x/.github/workflows/release.yml@refs/tags/v1",
      "https://github.com/acme/app/.github/workflows/release.yml@refs/heads/refs/tags/v1",
      "https://github.com/acme-evil/app/.github/workflows/release.yml@refs/tags/v1",
      "https://github.com/evil/acme/app/.github/workflows/release.yml@refs/tags/v1",
      "https://github.com/acme/app/.github/workflows/release.yml",
  };
  for (const std::string_view subject : others) EXPECT_FALSE(SubjectGlobMatches(glob, subject)) << subject;
  EXPECT_TRUE(SubjectGlobMatches(glob, "https://github.com/acme/app/.github/workflows/release.yml@refs/tags/v1"));
  // Worst case of a matcher that tries again: bounded by glob times subject.
  std::string stars, letters(16'000, 'a');
  for (int i = 0; i < 1'000; ++i) stars += "a*";
  EXPECT_FALSE(SubjectGlobMatches(stars + "b", letters));
}

TEST_F(AttackTest, SctsBelongToOneCertificate) {
  // Misissued without telling a CT log: the SCT of another certificate is put in.
  test::CertificateSpec logged{.subject = "", .issuer = "ca", .names = {test::UriName("https://attacker.test/x")}};
  test::CertificateSpec spec{.subject = "", .issuer = "ca", .names = {test::UriName(test::kReleaseSubject)}};
  spec.extensions = {test::FulcioExtension(8, test::kReleaseIssuer)};
  spec.extensions.push_back(test::SctExtension(logged, sigstore_.leaf_key(), sigstore_.ca_key(), {&sigstore_.ct_key()}));
  SignSpec how{.by = SignedBy::kIdentity};
  Parts parts = sigstore_.Sign(how);
  parts.certificate = MakeCertificate(spec, sigstore_.leaf_key(), sigstore_.ca_key());
  ExpectedSigner signer = identity_;
  signer.options.log = LogRule::kIgnored;
  parts.timestamps = {sigstore_.Stamp(parts.signature)};
  EXPECT_EQ(BundleCode(parts, signer), "sct_invalid");
  spec.extensions.pop_back();
  parts.certificate = MakeCertificate(spec, sigstore_.leaf_key(), sigstore_.ca_key());
  EXPECT_EQ(BundleCode(parts, signer), "sct_missing");
  // The precertificate itself, with its poison, is no certificate.
  spec.extensions.push_back(test::Extension("\x2B\x06\x01\x04\x01\xD6\x79\x02\x04\x03", "\x05\x00", true));
  parts.certificate = MakeCertificate(spec, sigstore_.leaf_key(), sigstore_.ca_key());
  EXPECT_EQ(BundleCode(parts, signer), "certificate_usage");
}

TEST_F(AttackTest, SubjectsOfStatementsAreSha256) {
  const std::string ours(test::kImageDigest.substr(7)), other(64, 'b');
  const auto code = [&](const std::string& digests) {
    return BundleCode(sigstore_.Sign({.content = test::StatementText(kCosignSignPredicate, digests)}), key_);
  };
  EXPECT_EQ(code(R"("sha256":")" + ours + "\""), "none");
  EXPECT_EQ(code(R"("sha256":")" + other + R"(","sha512":")" + ours + "\""), "digest_mismatch");
  EXPECT_EQ(code(R"("sha512":")" + ours + "\""), "digest_mismatch");
  EXPECT_EQ(code(R"("SHA256":")" + ours + "\""), "digest_mismatch");
  EXPECT_EQ(code(R"("sha256":"sha256:)" + ours + "\""), "digest_mismatch");
  EXPECT_EQ(code(R"("sha256":")" + std::string(64, 'A') + "\""), "digest_mismatch") << "capitals";
  EXPECT_EQ(code(R"("sha256":")" + other + R"(","sha256":")" + ours + "\""), "content_invalid");
  EXPECT_EQ(code(R"("sha256":")" + other + R"(","sh\u0061256":")" + ours + "\""), "content_invalid") << "twice, once escaped";
  EXPECT_EQ(code(R"("sha256":[")" + ours + "\"]"), "digest_mismatch");
  EXPECT_EQ(code(""), "digest_mismatch");
}

TEST_F(AttackTest, PayloadTypesAreSignedAndFixed) {
  for (const std::string& type :
       {std::string("application/json"), std::string("application/vnd.in-toto+json "), std::string("Application/vnd.in-toto+json"),
        std::string("application/vnd.in-toto+json;x=y"), std::string()})
    EXPECT_EQ(BundleCode(sigstore_.Sign({.payload_type = type}), key_), "payload_type") << type;
  Parts parts = sigstore_.Sign({.payload_type = "application/json"});
  parts.payload_type = "application/vnd.in-toto+json";
  EXPECT_EQ(BundleCode(parts, key_), "signature_invalid") << "signed under another type";
  // Moving the border between type and payload does not keep the encoding.
  EXPECT_NE(PreAuthEncoding("a 1 b", "c"), PreAuthEncoding("a", "b 1 c"));
  EXPECT_NE(PreAuthEncoding("a", "1 b"), PreAuthEncoding("a 3", "b"));
}

TEST_F(AttackTest, OneFormDoesNotPassForAnother) {
  const Parts bundle = sigstore_.Sign({});
  Parts layer{.content = PreAuthEncoding(bundle.payload_type, bundle.content), .signature = bundle.signature};
  EXPECT_EQ(LayerCode(layer, key_), "content_invalid") << "an envelope's signature as simple signing";
  layer.content = bundle.content;
  EXPECT_EQ(LayerCode(layer, key_), "content_invalid") << "a statement as payload";
  const Parts classic = sigstore_.Sign({.is_classic = true});
  Parts enveloped = classic;
  enveloped.payload_type = "application/vnd.in-toto+json";
  EXPECT_EQ(BundleCode(enveloped, key_), "content_invalid") << "claims as statement";
  const std::string message = R"({"mediaType":"application/vnd.dev.sigstore.bundle.v0.3+json","verificationMaterial":{"publicKey":{}},)"
                              R"("messageSignature":{"signature":")" +
                              EncodeBase64(classic.signature) + R"("}})";
  EXPECT_EQ(TextCode(message, key_), "signature_invalid") << "a payload's signature as one over the image's bytes";
  EXPECT_EQ(BundleCode(Keyless(), key_), "key_expected");
  EXPECT_EQ(BundleCode(sigstore_.Sign({.log = LogVersion::kV1}), identity_), "certificate_expected");
}

TEST_F(AttackTest, TheOtherSignatureOfAPairIsNotTheLoggedOne) {
  Parts parts = sigstore_.Sign({.log = LogVersion::kV2});
  parts.signature = Malleated(parts.signature);
  EXPECT_EQ(BundleCode(parts, key_), "none") << "as good as the first: it is over the same bytes by the same key";
  EXPECT_EQ(BundleCode(parts, sigstore_.KeySigner(LogVersion::kV2)), "log_signature");
}

TEST_F(AttackTest, TimesAreTheOnesThatWereProven) {
  Parts parts = Keyless();
  parts.entries[0].integrated_time += 1;
  EXPECT_EQ(BundleCode(parts, identity_), "log_promise");
  parts = Keyless();
  parts.entries[0].promise = "";
  EXPECT_EQ(BundleCode(parts, identity_), "time_unproven") << "an inclusion proof proves no time";
  parts = Keyless();
  const EntryParts entry = parts.entries[0];
  for (const std::int64_t off : {-301, 301}) {
    // As if the log had taken it outside the ten minutes of the certificate.
    test::SignSpec spec{.by = SignedBy::kIdentity};
    Parts late = parts;
    late.entries[0].integrated_time = kSignedAtSeconds + off;
    late.entries[0].promise =
        sigstore_.log_key().Sign(R"({"body":")" + EncodeBase64(entry.body) + R"(","integratedTime":)" +
                                 std::to_string(kSignedAtSeconds + off) + R"(,"logID":")" + EncodeHex(entry.log_id) + R"(","logIndex":1})");
    EXPECT_EQ(BundleCode(late, identity_), "certificate_time") << off;
    // A timestamp inside does not heal a promise outside, nor the reverse: every proven time counts.
    late.timestamps = {sigstore_.Stamp(late.signature)};
    EXPECT_EQ(BundleCode(late, identity_), "certificate_time") << off;
  }
  parts.timestamps = {
      test::MakeTimestamp({.stamped = parts.signature, .time = "20261120100501Z"}, sigstore_.tsa_certificate(), sigstore_.tsa_key())};
  EXPECT_EQ(BundleCode(parts, identity_), "certificate_time");
  parts.timestamps = {sigstore_.Stamp("another signature")};
  EXPECT_EQ(BundleCode(parts, identity_), "timestamp_invalid");
  EXPECT_EQ(BundleCode(Keyless(LogVersion::kV2), identity_), "time_unproven");
}

TEST_F(AttackTest, HugeAndOddNumbersAreRefused) {
  const std::string good = sigstore_.BundleText(Keyless());
  for (const std::string number : {"\"9223372036854775808\"", "\"18446744073709551616\"", "9223372036854775808", "\"-1\"", "-1", "1.0",
                                   "1e0", "\"01\"", "\"+1\"", "\"1 \"", "\"0x1\"", "true", "{}"}) {
    const std::string code = TextCode(Replaced(good, R"("logIndex":"1")", R"("logIndex":)" + number), identity_);
    EXPECT_EQ(code, "malformed") << number;
  }
  for (const std::string number : {"\"9223372036854775807\"", "\"9223372036\"", "\"-5\"", "\"0\""}) {
    const std::string now = R"("integratedTime":")" + std::to_string(kSignedAtSeconds) + "\"";
    EXPECT_EQ(TextCode(Replaced(good, now, R"("integratedTime":)" + number), identity_), "log_promise") << number;
  }
  for (const std::string number : {"\"9223372036854775807\"", "\"0\"", "\"-2\"", "\"3\""})
    EXPECT_EQ(TextCode(Replaced(good, R"("treeSize":"2")", R"("treeSize":)" + number), identity_), "log_inclusion") << number;
  EXPECT_EQ(TextCode(Replaced(good, R"("logIndex":"1")", R"("logIndex":"9223372036854775807")"), identity_), "log_promise");
}

TEST_F(AttackTest, ACheckpointHasOneRoot) {
  const auto code = [&](const std::string& checkpoint) {
    Parts parts = Keyless();
    std::string escaped;
    for (const char c : checkpoint) escaped += c == '\n' ? "\\n" : std::string(1, c);
    parts.entries[0].checkpoint = escaped;
    return BundleCode(parts, identity_);
  };
  // The attacker's tree holds the entry; the log never signed it.
  const Parts parts = Keyless();
  const std::string wanted = "log.test - 17\n2\n" + EncodeBase64(parts.entries[0].root) + "\n";
  const std::string of_log = sigstore_.CheckpointText("log.test - 17", 9, std::string(32, 'x'), sigstore_.log_key());
  const std::string lines = of_log.substr(of_log.find("\n\n") + 2);
  EXPECT_EQ(code(wanted + "\n" + lines), "log_inclusion") << "signature line of another checkpoint";
  EXPECT_EQ(code(wanted + of_log), "log_inclusion") << "two checkpoints, the second one signed";
  EXPECT_EQ(code(wanted + "\n" + of_log), "log_inclusion") << "the signed one where signatures are due";
  EXPECT_EQ(code(of_log + "\n" + wanted), "log_inclusion") << "the unsigned one behind";
  EXPECT_EQ(code(of_log), "log_inclusion") << "a true checkpoint of another tree";
  // One checkpoint, two roots: the second line is an extension and means nothing.
  const std::string two = sigstore_.CheckpointText("log.test - 17", 2, std::string(32, 'x'), sigstore_.log_key());
  EXPECT_EQ(code(Replaced(two, "\n\n", "\n" + EncodeBase64(parts.entries[0].root) + "\n\n")), "log_inclusion");
  EXPECT_EQ(code(sigstore_.CheckpointText("log2.test", 2, parts.entries[0].root, sigstore_.log2_key())), "log_inclusion")
      << "a checkpoint of the other trusted log";
}

TEST_F(AttackTest, EntriesAreOfTheKindTheySay) {
  Parts parts = Keyless();
  parts.entries[0].kind = "hashedrekord";
  EXPECT_EQ(BundleCode(parts, identity_), "log_kind");
  parts = Keyless();
  parts.entries[0].version = "0.0.2";
  EXPECT_EQ(BundleCode(parts, identity_), "log_kind");
  // A v2 body in the v1 log with a promise of that log: which Rekor v1 would never sign.
  parts = Keyless(LogVersion::kV2, Stamped::kYes);
  parts.entries[0].log_id = Sha256(sigstore_.log_key().Spki());
  EXPECT_EQ(BundleCode(parts, identity_), "log_inclusion");
  parts = Keyless();
  parts.entries[0].body = Replaced(parts.entries[0].body, R"("kind":"dsse")", R"("kind":"dsse","kind":"dsse")");
  EXPECT_EQ(BundleCode(parts, identity_), "log_body_invalid");
}

// An entry that differs from the good one in what it is about only; the attacker had it logged himself.
TEST_F(AttackTest, EntriesAreAboutThisContent) {
  const Parts good = Keyless();
  const auto code = [&](const std::string& from, const std::string& to) {
    Parts parts = good;
    parts.entries = {sigstore_.Log(LogVersion::kV1, "dsse", "0.0.1", Replaced(good.entries[0].body, from, to))};
    return BundleCode(parts, identity_);
  };
  const std::string payload_hash = EncodeHex(Sha256(good.content));
  EXPECT_EQ(code(payload_hash, EncodeHex(Sha256("other"))), "log_digest");
  EXPECT_EQ(code(R"("algorithm":"sha256","value":")" + payload_hash, R"("algorithm":"sha1","value":")" + payload_hash), "log_body_invalid");
  EXPECT_EQ(code(EncodeBase64(good.signature), EncodeBase64(good.signature) + "\\n"), "none") << "line breaks in base64 mean nothing";
  const std::string signatures = good.entries[0].body.substr(good.entries[0].body.find(R"({"signature":)"));
  const std::string one = signatures.substr(0, signatures.find('}') + 1);
  EXPECT_EQ(code(one, one + "," + one), "log_body_invalid") << "two signatures";
  const std::string pem = EncodeBase64(test::Pem("CERTIFICATE", good.certificate));
  EXPECT_EQ(code(pem, EncodeBase64(test::Pem("CERTIFICATE", sigstore_.Leaf({}, sigstore_.leaf_key())))), "log_key");
  EXPECT_EQ(code(pem, EncodeBase64(sigstore_.leaf_key().Pem())), "log_key") << "the certificate's key instead of the certificate";
}

TEST_F(AttackTest, LayersAreReadOneWay) {
  const Parts parts = sigstore_.Sign({.by = SignedBy::kIdentity, .log = LogVersion::kV1, .is_classic = true});
  const Material good = sigstore_.LayerOf(parts);
  const std::string bundle = "dev.sigstore.cosign/bundle";
  const auto code = [&](std::string_view from, std::string_view to) {
    Material layer = good;
    layer.annotations[bundle] = Replaced(good.annotations.at(bundle), from, to);
    return CodeOf(layer, identity_);
  };
  EXPECT_EQ(code(R"("body":")", R"("body":{},"x":")"), "malformed") << "a body that is no text";
  EXPECT_EQ(code(R"("body":")", R"("Body":")"), "malformed") << "another letter case";
  EXPECT_EQ(code(R"("body":")", R"("body":"","body":")"), "malformed");
  EXPECT_EQ(code(R"("logIndex":1)", R"("logIndex":2)"), "log_promise");
  EXPECT_EQ(code(R"("logIndex":1)", R"("logIndex":1.0)"), "malformed");
  EXPECT_EQ(code(R"("logIndex":1)", R"("logIndex":"1")"), "malformed");
  Material layer = good;
  layer.annotations["dev.sigstore.cosign/certificate"] += test::Pem("CERTIFICATE", parts.certificate);
  EXPECT_EQ(CodeOf(layer, identity_), "malformed") << "two certificates";
  layer = good;
  layer.annotations.erase(bundle);
  EXPECT_EQ(CodeOf(layer, identity_), "log_missing");
  const auto claims = [&](std::string_view from, std::string_view to) {
    return LayerCode(sigstore_.Sign({.content = Replaced(test::ClaimsText(), from, to), .is_classic = true}), key_);
  };
  EXPECT_EQ(claims("docker-manifest-digest", "Docker-manifest-digest"), "content_invalid") << "the specification's own example";
  EXPECT_EQ(claims(R"("docker-manifest-digest":)", R"("docker-manifest-digest":"sha256:00","docker-manifest-digest":)"), "content_invalid");
  EXPECT_EQ(claims("cosign container image signature", "atomic container signature"), "content_invalid");
  EXPECT_EQ(claims("sha256:", "sha512:"), "digest_mismatch");
  EXPECT_EQ(claims("sha256:", ""), "digest_mismatch");
}

TEST_F(AttackTest, CountsAreLimited) {
  Parts parts = Keyless(LogVersion::kV1, Stamped::kYes);
  const std::size_t most = ImageLimits().max_log_entries;
  for (std::size_t i = 1; i <= most; ++i) {
    parts.entries.push_back(parts.entries.front());
    parts.entries.back().log_index = static_cast<std::int64_t>(i) + 1;
  }
  EXPECT_EQ(BundleCode(parts, identity_), "limit_exceeded") << "33 log entries";
  parts = Keyless(LogVersion::kV1, Stamped::kYes);
  parts.timestamps.assign(ImageLimits().max_timestamps + 1, parts.timestamps.front());
  EXPECT_EQ(BundleCode(parts, identity_), "limit_exceeded") << "33 timestamps";
}

TEST_F(AttackTest, JsonIsReadOneWay) {
  const std::string good = sigstore_.BundleText(sigstore_.Sign({}));
  EXPECT_EQ(TextCode(good, key_), "none");
  EXPECT_EQ(TextCode(good + "{}", key_), "malformed");
  EXPECT_EQ(TextCode(Replaced(good, R"("publicKey":{"hint":"release"})", R"("publicKey":{},"certificate":5)"), key_), "malformed")
      << "two of a kind, one of the wrong type";
  EXPECT_EQ(TextCode(Replaced(good, R"("publicKey":{"hint":"release"})", R"("publicKey":"x")"), key_), "malformed");
  EXPECT_EQ(TextCode(Replaced(good, "\"dsseEnvelope\":", R"("messageSignature":7,"dsseEnvelope":)"), key_), "malformed");
  EXPECT_EQ(TextCode(Replaced(good, R"("tlogEntries":[])", R"("tlogEntries":"none")"), key_), "malformed");
  EXPECT_EQ(TextCode(Replaced(good, R"({"rfc3161Timestamps":[]})", "[]"), key_), "malformed");
  EXPECT_EQ(TextCode(Replaced(good, R"("payloadType")", R"("payload\u0054ype":"x","payloadType")"), key_), "malformed");
  EXPECT_EQ(TextCode(Replaced(good, R"("payloadType")", R"("PayloadType")"), key_), "malformed");
  EXPECT_EQ(TextCode("\xEF\xBB\xBF" + good, key_), "malformed") << "byte order mark";
  const std::string logged = sigstore_.BundleText(Keyless());
  EXPECT_EQ(TextCode(logged, identity_), "none");
  EXPECT_EQ(TextCode(Replaced(logged, R"("hashes":)", R"("hashes":"none","was":)"), identity_), "malformed");
  EXPECT_EQ(TextCode(Replaced(logged, R"("checkpoint":)", R"("checkpoint":"none","was":)"), identity_), "malformed");
}

TEST_F(AttackTest, SameWitnessTwiceIsOne) {
  Parts parts = Keyless(LogVersion::kV2, Stamped::kYes);
  parts.timestamps.push_back(sigstore_.Stamp(parts.signature));
  ExpectedSigner signer = identity_;
  signer.options.timestamp = Demand::kRequired;
  signer.options.min_timestamps = 2;
  EXPECT_EQ(BundleCode(parts, signer), "timestamp_threshold");
  // The trust root lists the authority once for each of two periods: it is one authority nevertheless.
  auto root = std::make_shared<TrustRoot>(*sigstore_.root());
  root->timestamp_authorities.push_back(root->timestamp_authorities.front());
  root->timestamp_authorities.front().window.end = kSignedAt - 1;
  parts.timestamps = {sigstore_.Stamp(parts.signature), test::MakeTimestamp({.stamped = parts.signature, .time = "20261120095900Z"},
                                                                            sigstore_.tsa_certificate(), sigstore_.tsa_key())};
  signer.trust_root = root;
  EXPECT_EQ(BundleCode(parts, signer), "timestamp_threshold");
  signer = identity_;
  signer.options.min_logs = 2;
  parts = Keyless();
  EntryParts again = parts.entries[0];
  again.log_index = 0;
  again.promise =
      sigstore_.log_key().Sign(R"({"body":")" + EncodeBase64(again.body) + R"(","integratedTime":)" + std::to_string(kSignedAtSeconds) +
                               R"(,"logID":")" + EncodeHex(again.log_id) + R"(","logIndex":0})");
  parts.entries.push_back(again);
  EXPECT_NE(BundleCode(parts, signer), "none");
}

// A log or CT log that a trust root lists once for each of its periods: the entry whose period contains the time decides, wherever it
// stands, and both together are one log.
TEST_F(AttackTest, PeriodsOfOneLogAreOneLog) {
  const auto with_periods = [this](UnixNanos first_end, UnixNanos second_start) {
    auto root = std::make_shared<TrustRoot>(*sigstore_.root());
    for (std::vector<TransparencyLog>* logs : {&root->logs, &root->ct_logs}) {
      const std::vector<TransparencyLog> copies = *logs;
      for (TransparencyLog log : copies) {
        log.window = {second_start, std::nullopt};
        logs->push_back(log);
      }
      for (std::size_t at = 0; at < copies.size(); ++at) (*logs)[at].window.end = first_end;
    }
    ExpectedSigner signer = identity_;
    signer.trust_root = root;
    return signer;
  };
  for (const Parts& parts : {Keyless(), Keyless(LogVersion::kV2, Stamped::kYes)}) {
    EXPECT_EQ(BundleCode(parts, with_periods(kSignedAt - 1, kSignedAt - 10)), "none") << "the second period";
    EXPECT_EQ(BundleCode(parts, with_periods(kSignedAt + 10, kSignedAt + 10)), "none") << "the first period";
    EXPECT_NE(BundleCode(parts, with_periods(kSignedAt - 10, kSignedAt + 10)), "none") << "between both";
    ExpectedSigner both = with_periods(kSignedAt + 10, kSignedAt - 10);
    EXPECT_EQ(BundleCode(parts, both), "none");
    both.options.min_logs = 2;
    EXPECT_EQ(BundleCode(parts, both), "log_threshold");
    both.options.min_logs = 1;
    both.options.min_scts = 2;
    EXPECT_NE(BundleCode(parts, both), "none");
  }
}

// Two logs of one operator are one party; of two operators, or of none that is told, two.
TEST_F(AttackTest, LogsOfOneOperatorAreOneParty) {
  const auto parties = [this](const std::string& first, const std::string& second) {
    TrustRoot root = *sigstore_.root();
    root.logs[0].operator_name = first;
    root.logs[1].operator_name = second;
    return root.logs[0].Party() == root.logs[1].Party() ? 1 : 2;
  };
  EXPECT_EQ(parties("sigstore.dev", "sigstore.dev"), 1);
  EXPECT_EQ(parties("sigstore.dev", "acme.test"), 2);
  EXPECT_EQ(parties("", ""), 2);
}

// A key needs no time, but where one is proven the log must have been trusted then, as for identities.
TEST_F(AttackTest, LogsThatWereNotTrustedThenHoldNothing) {
  auto root = std::make_shared<TrustRoot>(*sigstore_.root());
  for (TransparencyLog& log : root->logs) log.window.end = kSignedAt - 1;
  ExpectedSigner key = sigstore_.KeySigner(LogVersion::kV2);
  key.options.timestamp = Demand::kRequired;
  key.trust_root = root;
  EXPECT_EQ(BundleCode(sigstore_.Sign({.log = LogVersion::kV2, .stamped = Stamped::kYes}), key), "log_inclusion");
  EXPECT_EQ(BundleCode(sigstore_.Sign({.log = LogVersion::kV1, .stamped = Stamped::kYes}), key), "log_promise");
  ExpectedSigner identity = identity_;
  identity.trust_root = root;
  EXPECT_EQ(BundleCode(Keyless(LogVersion::kV2, Stamped::kYes), identity), "log_inclusion");
}

TEST_F(AttackTest, ManyHostileMaterialsStayCheap) {
  // Three hundred self-made certificates of the wanted identity: each is refused before its path is looked for.
  std::vector<Material> materials(300, stranger_.BundleOf(stranger_.Sign({.by = SignedBy::kIdentity, .log = LogVersion::kV1})));
  const Verdict verdict = VerifyImage(TestSigstore::Gathered(materials), identity_, kSignedAt);
  EXPECT_EQ(ReasonCode(verdict.reason), "log_unknown");
  materials.push_back(materials.front());
  EXPECT_EQ(ReasonCode(VerifyImage(TestSigstore::Gathered(materials), identity_, kSignedAt).reason), "limit_exceeded");
}

}  // namespace
}  // namespace writ::image
