// RFC 3161 tokens of a private timestamp authority, right ones and ones with one thing wrong.
#include "webhook/image/trust/timestamp_token.h"

#include <functional>

#include <gtest/gtest.h>

#include "tests/unit/image/test_pki.h"
#include "webhook/image/trust/oids.h"

namespace writ::image {
namespace {

using test::CertificateSpec;
using test::kSecond;
using test::kSignedAt;
using test::MakeCertificate;
using test::TestKey;
using test::TokenSpec;

const TimeWindow kAlways{INT64_MIN, std::nullopt};

class TimestampTest : public testing::Test {
 protected:
  std::string Token(const TokenSpec& spec = {}) const { return test::MakeTimestamp(spec, signer_, signer_key_); }
  CertificatePtr Parse(const std::string& der) const { return Certificate::Parse(der).value(); }
  std::vector<TimestampAuthority> Authorities(TimeWindow window = kAlways) const {
    return {MakeTimestampAuthority("tsa", window, {Parse(signer_), Parse(root_)}).value()};
  }
  // "" when the token verifies at the right time, else the error.
  std::string ErrorOf(const std::string& token, const std::vector<TimestampAuthority>& authorities) const {
    const Result<VerifiedTimestamp> stamp = VerifyTimestamp(token, "signature", authorities);
    if (!stamp) return stamp.error().message;
    return stamp->time == kSignedAt + kSecond / 2 ? "" : "another time";
  }

  TestKey root_key_{"P-256"};
  TestKey signer_key_{"P-256"};
  std::string root_ = MakeCertificate({.subject = "root", .is_ca = true, .usage = ""}, root_key_, root_key_);
  CertificateSpec signer_spec_{.subject = "tsa", .usage = "time_stamping", .serial = 5};
  std::string signer_ = MakeCertificate(signer_spec_, signer_key_, root_key_);
};

// MakeCertificate leaves the extended key usage critical for time stamping, as RFC 3161 demands.
TEST_F(TimestampTest, VerifiesAToken) {
  EXPECT_EQ(ErrorOf(Token(), Authorities()), "");
  EXPECT_EQ(ErrorOf(Token({.certificates = signer_}), Authorities()), "") << "certificate embedded";
}

TEST_F(TimestampTest, RefusesTokensWithOneThingWrong) {
  const TestKey other("P-256");
  struct Case {
    TokenSpec spec;
    std::string_view expected;
  };
  const Case cases[] = {
      {{.stamped = "other"}, "the timestamp token is about other bytes"},
      {{.content_type = kOidSignedData}, "the timestamp token's signed content type is not TSTInfo"},
      {{.info_suffix = "x"}, "the timestamp token is malformed: TSTInfo"},
      {{.named_certificate = "another"}, "the timestamp token does not name its signer's certificate"},
      {{.signature_algorithm = kOidEcdsaSha384},
       "the timestamp token's signature algorithm 1.2.840.10045.4.3.3 does not go with its signer"},
      {{.signing_key = &other}, "the timestamp token's signature is not by its signer"},
      {{.status = 2}, "the timestamp authority did not grant the timestamp (status 2)"},
      {{.has_attributes = false}, "the timestamp token is malformed: no signed attributes"},
      {{.time = "20261120101000Z"}, "a certificate of timestamp authority `tsa` was not valid at 2026-11-20T10:10:00Z"},
      {{.time = "20261120100000"}, "the timestamp token is malformed: TSTInfo"},
  };
  for (const Case& one : cases) EXPECT_EQ(ErrorOf(Token(one.spec), Authorities()), one.expected);
}

TEST_F(TimestampTest, RefusesAuthoritiesThatAreNotTrustedThen) {
  EXPECT_EQ(ErrorOf(Token(), {}), "the timestamp token is by no timestamp authority of the trust root");
  const UnixNanos time = kSignedAt + kSecond / 2;
  EXPECT_EQ(ErrorOf(Token(), Authorities({time, time})), "") << "both ends belong to it";
  EXPECT_NE(ErrorOf(Token(), Authorities({time + 1, std::nullopt})), "");
  EXPECT_NE(ErrorOf(Token(), Authorities({0, time - 1})), "");
  CertificateSpec spec = signer_spec_;
  spec.usage = "code_signing";
  const CertificatePtr wrong = Parse(MakeCertificate(spec, signer_key_, root_key_));
  EXPECT_FALSE(MakeTimestampAuthority("tsa", kAlways, {wrong, Parse(root_)}));
  const TestKey rogue("P-256");
  const CertificatePtr forged = Parse(MakeCertificate(signer_spec_, signer_key_, rogue));
  EXPECT_FALSE(MakeTimestampAuthority("tsa", kAlways, {forged, Parse(root_)}));
}

TEST_F(TimestampTest, TakesTheEmbeddedSignerOfATrustedCa) {
  const std::vector<TimestampAuthority> cas = {MakeTimestampAuthority("tsa", kAlways, {Parse(root_)}).value()};
  EXPECT_EQ(ErrorOf(Token({.certificates = signer_}), cas), "");
  EXPECT_NE(ErrorOf(Token(), cas), "") << "it brings none";
  const TestKey rogue("P-256");
  const std::string forged = MakeCertificate(signer_spec_, signer_key_, rogue);
  EXPECT_NE(ErrorOf(Token({.named_certificate = forged, .certificates = forged}), cas), "");
}

TEST_F(TimestampTest, NeverVerifiesOnceAByteWasChanged) {
  const std::string good = Token();
  const std::vector<TimestampAuthority> authorities = Authorities();
  int accepted = 0;
  for (std::size_t at = 0; at < good.size(); ++at) {
    std::string bad = good;
    bad[at] = static_cast<char>(bad[at] ^ 0x20);
    accepted += VerifyTimestamp(bad, "signature", authorities).ok() ? 1 : 0;
    EXPECT_FALSE(VerifyTimestamp(good.substr(0, at), "signature", authorities));
  }
  // Unsigned and without meaning: versions, the status text's place, the list of digest algorithms.
  EXPECT_LE(accepted, 20);
}

}  // namespace
}  // namespace writ::image
