// The fast way to verify with P-384 against OpenSSL's own: the same verdict on good, wrong and odd signatures.
#include "webhook/image/trust/p384_verifier.h"

#include <openssl/bn.h>
#include <openssl/ec.h>
#include <openssl/ecdsa.h>
#include <openssl/obj_mac.h>

#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "rules/base/digest.h"
#include "tests/unit/image/test_pki.h"
#include "webhook/image/trust/public_key.h"

namespace writ::image {
namespace {

using test::TestKey;

constexpr std::size_t kPointBytes = 97;

std::string PointOf(const TestKey& key) {
  const std::string spki = key.Spki();
  return spki.substr(spki.size() - kPointBytes);
}

// A key of the same bytes that OpenSSL alone verifies with.
PublicKey SlowKey(const TestKey& key) { return *PublicKey::FromDer(key.Spki(), KeyUse::kOnce); }

// SEQUENCE of two INTEGERs, as OpenSSL writes it.
std::string Der(const BIGNUM* r, const BIGNUM* s) {
  ECDSA_SIG* signature = ECDSA_SIG_new();
  ECDSA_SIG_set0(signature, BN_dup(r), BN_dup(s));
  std::string out(static_cast<std::size_t>(i2d_ECDSA_SIG(signature, nullptr)), '\0');
  auto* at = reinterpret_cast<unsigned char*>(out.data());
  i2d_ECDSA_SIG(signature, &at);
  ECDSA_SIG_free(signature);
  return out;
}

// r and s of a signature, plus or minus what is given.
std::string Shifted(const std::string& signature, const BIGNUM* add_r, const BIGNUM* add_s) {
  const auto* at = reinterpret_cast<const unsigned char*>(signature.data());
  ECDSA_SIG* parsed = d2i_ECDSA_SIG(nullptr, &at, static_cast<long>(signature.size()));
  BIGNUM *r = BN_new(), *s = BN_new();
  BN_add(r, ECDSA_SIG_get0_r(parsed), add_r);
  BN_add(s, ECDSA_SIG_get0_s(parsed), add_s);
  std::string out = Der(r, s);
  BN_free(r);
  BN_free(s);
  ECDSA_SIG_free(parsed);
  return out;
}

TEST(P384Verifier, AgreesWithOpenSsl) {
  const HashAlgorithm hashes[] = {HashAlgorithm::kSha256, HashAlgorithm::kSha384, HashAlgorithm::kSha512};
  for (int key_number = 0; key_number < 2; ++key_number) {
    const TestKey key("P-384"), other("P-384");
    const auto verifier = P384Verifier::Make(PointOf(key));
    ASSERT_NE(verifier, nullptr);
    const PublicKey slow = SlowKey(key);
    for (int i = 0; i < 15; ++i) {
      const SignatureScheme scheme{.hash = hashes[i % 3]};
      const std::string message = "message " + std::to_string(i), digest = Hash(scheme.hash, message);
      const std::string good = key.Sign(message, scheme);
      ASSERT_TRUE(verifier->Verify(digest, good));
      ASSERT_TRUE(slow.VerifyDigest(digest, good, scheme).ok());
      EXPECT_FALSE(verifier->Verify(Hash(scheme.hash, message + "!"), good));
      EXPECT_FALSE(verifier->Verify(digest, other.Sign(message, scheme)));
      for (std::size_t at = 4; at < good.size(); at += 13) {  // one bit of r or of s
        std::string wrong = good;
        wrong[at] = static_cast<char>(wrong[at] ^ (1 << (at % 8)));
        EXPECT_EQ(verifier->Verify(digest, wrong), slow.VerifyDigest(digest, wrong, scheme).ok()) << at;
      }
    }
  }
}

TEST(P384Verifier, NumbersOutOfRangeAreNoSignature) {
  const TestKey key("P-384");
  const auto verifier = P384Verifier::Make(PointOf(key));
  const std::string digest = Hash(HashAlgorithm::kSha384, "m"), good = key.Sign("m", {.hash = HashAlgorithm::kSha384});
  ASSERT_TRUE(verifier->Verify(digest, good));
  EC_GROUP* curve = EC_GROUP_new_by_curve_name(NID_secp384r1);
  const BIGNUM* n = EC_GROUP_get0_order(curve);
  BIGNUM *zero = BN_new(), *one = BN_new();
  BN_set_word(zero, 0);
  BN_set_word(one, 1);
  for (const auto& [r, s] :
       std::vector<std::pair<const BIGNUM*, const BIGNUM*>>{{zero, one}, {one, zero}, {zero, zero}, {n, one}, {one, n}, {one, one}}) {
    EXPECT_FALSE(verifier->Verify(digest, Der(r, s)));
  }
  // The same numbers modulo n are another encoding of the signature, and none.
  EXPECT_FALSE(verifier->Verify(digest, Shifted(good, n, zero)));
  EXPECT_FALSE(verifier->Verify(digest, Shifted(good, zero, n)));
  EXPECT_TRUE(verifier->Verify(digest, Shifted(good, zero, zero)));
  const std::string negative("\x30\x06\x02\x01\xff\x02\x01\x01", 8);
  for (const std::string& broken : {std::string(), negative, good + "x", good.substr(1), good.substr(0, good.size() - 1)})
    EXPECT_FALSE(verifier->Verify(digest, broken));
  BN_free(zero);
  BN_free(one);
  EC_GROUP_free(curve);
}

// Digests of nothing but zeros or ones: no part of the generator, and a number beyond the order.
TEST(P384Verifier, OddDigestsCountAsTheyAre) {
  const TestKey key("P-384");
  const auto verifier = P384Verifier::Make(PointOf(key));
  const PublicKey slow = SlowKey(key);
  const std::string good = key.Sign("m", {.hash = HashAlgorithm::kSha384});
  for (const char byte : {'\0', '\xff'}) {
    const std::string digest(48, byte);
    EXPECT_EQ(verifier->Verify(digest, good), slow.VerifyDigest(digest, good, {.hash = HashAlgorithm::kSha384}).ok());
  }
}

TEST(P384Verifier, PointsOffTheCurveAreNoKeys) {
  std::string point = PointOf(TestKey("P-384"));
  point.back() = static_cast<char>(point.back() ^ 1);
  EXPECT_EQ(P384Verifier::Make(point), nullptr);
  EXPECT_EQ(P384Verifier::Make(std::string(1, '\0')), nullptr) << "infinity";
  EXPECT_EQ(P384Verifier::Make(""), nullptr);
}

// A key that is used often passes from one way to the other, in several threads, and nobody notices.
TEST(P384Verifier, KeysThatAreUsedOftenGetIt) {
  const TestKey key("P-384");
  const PublicKey often = *PublicKey::FromDer(key.Spki(), KeyUse::kRepeated);
  const SignatureScheme scheme{.hash = HashAlgorithm::kSha384};
  const std::string good = key.Sign("m", scheme), digest = Hash(scheme.hash, "m"), wrong = Hash(scheme.hash, "n");
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      for (int round = 0; round < 30; ++round) {
        EXPECT_TRUE(often.VerifyDigest(digest, good, scheme).ok());
        EXPECT_FALSE(often.VerifyDigest(wrong, good, scheme).ok());
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
}

}  // namespace
}  // namespace writ::image
