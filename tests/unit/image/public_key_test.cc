#include "webhook/image/trust/public_key.h"

#include <gtest/gtest.h>

#include "tests/unit/image/test_pki.h"

namespace writ::image {
namespace {

using test::CertificateSpec;
using test::MakeCertificate;
using test::TestKey;

struct KeyCase {
  const char* kind;
  KeyKind expected;
  HashAlgorithm natural;
};

constexpr KeyCase kKeyCases[] = {{"P-256", KeyKind::kP256, HashAlgorithm::kSha256},
                                 {"P-384", KeyKind::kP384, HashAlgorithm::kSha384},
                                 {"P-521", KeyKind::kP521, HashAlgorithm::kSha512},
                                 {"Ed25519", KeyKind::kEd25519, HashAlgorithm::kSha256},
                                 {"RSA-2048", KeyKind::kRsa, HashAlgorithm::kSha256}};

TEST(PublicKey, VerifiesWhatItsOtherHalfSigned) {
  for (const KeyCase& one : kKeyCases) {
    SCOPED_TRACE(one.kind);
    const TestKey key(one.kind);
    const PublicKey public_key = key.Public();
    EXPECT_EQ(public_key.kind(), one.expected);
    EXPECT_EQ(public_key.natural_hash(), one.natural);
    EXPECT_EQ(public_key.id(), Sha256(key.Spki()));
    const SignatureScheme scheme{.hash = one.natural};
    const std::string signature = key.Sign("message", scheme);
    EXPECT_TRUE(public_key.Verify("message", signature, scheme));
    EXPECT_FALSE(public_key.Verify("massage", signature, scheme));
    EXPECT_FALSE(public_key.Verify("message", signature + '\0', scheme));
    EXPECT_FALSE(public_key.Verify("message", "", scheme));
    EXPECT_FALSE(TestKey(one.kind).Public().Verify("message", signature, scheme));
    const Result<PublicKey> used_once = PublicKey::FromDer(key.Spki(), KeyUse::kOnce);
    EXPECT_TRUE(used_once->Verify("message", signature, scheme));
  }
}

TEST(PublicKey, TakesPssOnlyWhenAskedFor) {
  const TestKey key("RSA-2048");
  const std::string pss = key.Sign("message", {.padding = RsaPadding::kPss});
  EXPECT_TRUE(key.Public().Verify("message", pss, {.padding = RsaPadding::kPss}));
  EXPECT_FALSE(key.Public().Verify("message", pss, {}));
  EXPECT_FALSE(key.Public().Verify("message", key.Sign("message"), {.padding = RsaPadding::kPss}));
}

TEST(PublicKey, TakesStrictDerSignaturesOnly) {
  const TestKey key("P-256");
  const std::string good = key.Sign("message");
  const std::string long_form = std::string(good.substr(0, 1)) + '\x81' + good.substr(1);
  const std::string zero = "\x30\x06\x02\x01" + std::string(1, '\0') + "\x02\x01\x01";
  for (const std::string& bad : {long_form, zero, std::string("\x30\x06\x02\x01\xFF\x02\x01\x01"), good.substr(0, good.size() - 1)}) {
    const Status verified = key.Public().Verify("message", bad, {});
    ASSERT_FALSE(verified);
    EXPECT_EQ(verified.error().message, "not an ECDSA signature in strict DER");
  }
}

TEST(PublicKey, SaysWhyEd25519DoesNotVerify) {
  const TestKey key("Ed25519");
  const Status verified = key.Public().Verify("message", std::string(64, 'x'), {});
  ASSERT_FALSE(verified);
  EXPECT_NE(verified.error().message.find("Ed25519ph"), std::string::npos);
  EXPECT_FALSE(key.Public().VerifyDigest(Sha256("message"), key.Sign("message"), {}));
}

std::string ErrorOf(std::string_view text) {
  const Result<PublicKey> key = PublicKey::FromText(text);
  return key ? "" : key.error().message;
}

TEST(PublicKey, SaysWhatAKeyFileIsInstead) {
  const TestKey key("P-256");
  EXPECT_EQ(ErrorOf(key.Pem()), "");
  EXPECT_EQ(ErrorOf(key.Spki()), "");
  EXPECT_EQ(ErrorOf(test::Pem("CERTIFICATE", MakeCertificate({}, key, key))),
            "a certificate, expected a PEM block `PUBLIC KEY`; `openssl x509 -pubkey -noout` extracts the key");
  EXPECT_EQ(ErrorOf(key.PrivatePem()), "a private key, expected a PEM block `PUBLIC KEY`; keep it secret and name its public half here");
  EXPECT_EQ(ErrorOf(key.Pem() + key.Pem()), "2 PEM blocks, expected one `PUBLIC KEY`");
  EXPECT_EQ(ErrorOf(""), "no PEM block `PUBLIC KEY` found; `cosign public-key` or `openssl pkey -pubout` write one");
  EXPECT_EQ(ErrorOf("ssh-ed25519 AAAA me@acme.example"),
            "a key in OpenSSH's form, expected a PEM block `PUBLIC KEY`; `ssh-keygen -e -m PKCS8 -f FILE` converts ECDSA and RSA keys");
  EXPECT_EQ(ErrorOf(test::Pem("RSA PUBLIC KEY", "x")),
            "a PEM block `RSA PUBLIC KEY`, expected `PUBLIC KEY`; `openssl rsa -RSAPublicKey_in -pubout` converts it");
  EXPECT_EQ(ErrorOf(test::Pem("PGP MESSAGE", "x")), "a PEM block `PGP MESSAGE`, expected `PUBLIC KEY`");
  EXPECT_EQ(ErrorOf(test::Pem("PUBLIC KEY", "nothing")), "not a DER SubjectPublicKeyInfo");
  EXPECT_EQ(ErrorOf(TestKey("RSA-1024").Pem()), "the RSA key has 1024 bits, expected 2048 to 8192");
  EXPECT_EQ(ErrorOf(TestKey("secp256k1").Pem()), "an ECDSA key on curve 1.3.132.0.10, expected P-256, P-384 or P-521");
}

TEST(PublicKey, RefusesPointsOffTheCurve) {
  std::string spki = TestKey("P-256").Spki();
  spki.back() = static_cast<char>(spki.back() ^ 1);
  const Result<PublicKey> key = PublicKey::FromDer(spki);
  ASSERT_FALSE(key);
  EXPECT_EQ(key.error().message, "the ECDSA P-256 key is not a point of its curve");
}

}  // namespace
}  // namespace writ::image
