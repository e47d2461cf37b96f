// Certificates, paths and SCTs, by a private CA.
#include "webhook/image/trust/certificate.h"

#include <array>

#include <gtest/gtest.h>

#include "tests/unit/image/test_pki.h"
#include "webhook/image/trust/certificate_path.h"
#include "webhook/image/trust/oids.h"
#include "webhook/image/trust/sct.h"
#include "webhook/image/trust/timestamp_token.h"

namespace writ::image {
namespace {

using test::CertificateSpec;
using test::kSecond;
using test::kSignedAt;
using test::kSignedAtSeconds;
using test::MakeCertificate;
using test::TestKey;

const TimeWindow kAlways{INT64_MIN, std::nullopt};

class CertificateTest : public testing::Test {
 protected:
  CertificatePtr Parse(const std::string& der) {
    Result<CertificatePtr> parsed = Certificate::Parse(der);
    EXPECT_TRUE(parsed) << (parsed ? "" : parsed.error().message);
    return parsed ? *parsed : nullptr;
  }
  CertificatePtr Leaf(const CertificateSpec& spec) { return Parse(MakeCertificate(spec, leaf_key_, root_key_)); }
  CertificatePtr Root() { return Parse(MakeCertificate({.subject = "root", .is_ca = true, .usage = ""}, root_key_, root_key_)); }
  std::vector<Authority> Authorities(TimeWindow window = kAlways) {
    std::vector<Authority> list;
    Result<Authority> made = MakeAuthority("test CA", window, {Root()});
    EXPECT_TRUE(made);
    if (made) list.push_back(*made);
    return list;
  }
  // "" when a path is found, else the error.
  std::string PathError(const Certificate& leaf, const std::vector<Authority>& authorities, std::vector<UnixNanos> times = {kSignedAt},
                        std::vector<CertificatePtr> hints = {}) {
    Result<CertificatePtr> issuer =
        FindIssuer(leaf, {.authorities = authorities, .hints = hints, .times = times, .purpose = kOidCodeSigning});
    return issuer ? "" : std::string(ErrorCodeName(issuer.error().code)) + ": " + issuer.error().message;
  }

  TestKey root_key_{"P-256"};
  TestKey leaf_key_{"P-256"};
};

TEST_F(CertificateTest, ReadsNamesByTheirType) {
  const CertificatePtr leaf =
      Leaf({.names = {test::UriName("https://a/b"), test::EmailName("a@b"), test::DnsName("a.b"), test::OtherName("bot!a.b")}});
  ASSERT_NE(leaf, nullptr);
  std::string found;
  for (const SubjectName& name : leaf->names) found += std::string(NameKindName(name.kind)) + "=" + name.value + ";";
  EXPECT_EQ(found, "URI=https://a/b;e-mail=a@b;other=a.b;user name=bot!a.b;");
}

TEST_F(CertificateTest, ReadsFulcioExtensions) {
  const CertificatePtr leaf = Leaf({.extensions = {test::FulcioExtension(1, "https://old"), test::FulcioExtension(5, "acme/app"),
                                                   test::FulcioExtension(8, "https://new"), test::FulcioExtension(24, "sub")}});
  ASSERT_NE(leaf, nullptr);
  EXPECT_EQ(leaf->fulcio[*FulcioExtensionNumber("github_workflow_repository")], "acme/app");
  EXPECT_EQ(leaf->fulcio[*FulcioExtensionNumber("token_subject")], "sub");
  EXPECT_TRUE(leaf->issuers_disagree());
  EXPECT_EQ(leaf->oidc_issuer(), "");
  EXPECT_EQ(FulcioExtensionNumber("nonsense"), std::nullopt);
  EXPECT_EQ(Leaf({.extensions = {test::FulcioExtension(1, "https://old")}})->oidc_issuer(), "https://old");
}

TEST_F(CertificateTest, RefusesMalformedOnes) {
  const std::string good = MakeCertificate({}, leaf_key_, root_key_);
  EXPECT_FALSE(Certificate::Parse(""));
  EXPECT_FALSE(Certificate::Parse(good + "x"));
  EXPECT_FALSE(Certificate::Parse(good.substr(0, good.size() - 1)));
  const std::string twice =
      MakeCertificate({.extensions = {test::FulcioExtension(8, "a"), test::FulcioExtension(8, "a")}}, leaf_key_, root_key_);
  EXPECT_EQ(Certificate::Parse(twice).error().message, "certificate extension 1.3.6.1.4.1.57264.1.8 is there twice");
  const std::string raw =
      MakeCertificate({.extensions = {test::Extension(std::string(kOidFulcioPrefix) + '\x08', "raw")}}, leaf_key_, root_key_);
  EXPECT_EQ(Certificate::Parse(raw).error().message, "certificate extension 1.3.6.1.4.1.57264.1.8 is malformed");
  for (std::size_t size = 0; size < good.size(); size += 7) EXPECT_FALSE(Certificate::Parse(good.substr(0, size)));
}

TEST_F(CertificateTest, LeavesMustBeLeaves) {
  EXPECT_TRUE(CheckLeaf(*Leaf({}), kOidCodeSigning));
  EXPECT_FALSE(CheckLeaf(*Leaf({.is_ca = true}), kOidCodeSigning));
  EXPECT_FALSE(CheckLeaf(*Leaf({.usage = "server_auth"}), kOidCodeSigning));
  EXPECT_FALSE(CheckLeaf(*Leaf({.usage = ""}), kOidCodeSigning));
  EXPECT_TRUE(CheckLeaf(*Leaf({.usage = ""}), kOidCodeSigning, UsageRule::kMayBeAbsent));
  EXPECT_FALSE(CheckLeaf(*Leaf({.usage = "server_auth"}), kOidCodeSigning, UsageRule::kMayBeAbsent));
  const Status critical = CheckLeaf(*Leaf({.extensions = {test::Extension("\x2A\x03", "x", true)}}), kOidCodeSigning);
  ASSERT_FALSE(critical);
  EXPECT_EQ(critical.error().message, "the certificate's critical extension 1.2.3 is not supported");
}

TEST_F(CertificateTest, PathsNeedAKnownIssuerAtEveryTime) {
  const CertificatePtr leaf = Leaf({});
  EXPECT_EQ(PathError(*leaf, Authorities()), "");
  EXPECT_EQ(PathError(*leaf, {}), "not_found: certificate is issued by `CN=root`, which is no CA of the trust root");
  const TestKey rogue("P-256");
  const CertificatePtr forged = Parse(MakeCertificate({}, leaf_key_, rogue));
  EXPECT_EQ(PathError(*forged, Authorities()).substr(0, 10), "not_found:") << "same names, other key";
  EXPECT_EQ(PathError(*leaf, Authorities(), {kSignedAt, kSignedAt + 301 * kSecond}),
            "invalid_argument: the certificate is valid 2026-11-20T09:55:00Z to 2026-11-20T10:05:00Z, the signature was made at "
            "2026-11-20T10:05:01Z");
  EXPECT_EQ(PathError(*leaf, Authorities(), {kSignedAt + 300 * kSecond}), "") << "both ends belong to it";
  EXPECT_EQ(PathError(*leaf, Authorities({kSignedAt, kSignedAt})), "") << "both ends belong to it";
  EXPECT_NE(PathError(*leaf, Authorities({kSignedAt + 1, std::nullopt})), "");
}

TEST_F(CertificateTest, HintsMayOnlyCompleteAPath) {
  const TestKey middle_key("P-256");
  const CertificatePtr middle = Parse(MakeCertificate({.subject = "middle", .is_ca = true, .usage = ""}, middle_key, root_key_));
  const CertificatePtr leaf = Parse(MakeCertificate({.issuer = "middle"}, leaf_key_, middle_key));
  EXPECT_NE(PathError(*leaf, Authorities()), "");
  EXPECT_EQ(PathError(*leaf, Authorities(), {kSignedAt}, {middle}), "");
  EXPECT_NE(PathError(*leaf, {}, {kSignedAt}, {middle, Root()}), "") << "a root that comes along is no anchor";
  const CertificatePtr no_ca = Parse(MakeCertificate({.subject = "middle"}, middle_key, root_key_));
  EXPECT_NE(PathError(*leaf, Authorities(), {kSignedAt}, {no_ca}), "");
}

TEST_F(CertificateTest, ChainsAreVerifiedWhenTheyAreMade) {
  const TestKey middle_key("P-256");
  const CertificatePtr middle =
      Parse(MakeCertificate({.subject = "middle", .is_ca = true, .path_length = 0, .usage = ""}, middle_key, root_key_));
  EXPECT_TRUE(MakeAuthority("x", kAlways, {middle, Root()}));
  EXPECT_FALSE(MakeAuthority("x", kAlways, {Root(), middle}));
  EXPECT_FALSE(MakeAuthority("x", kAlways, {}));
  EXPECT_FALSE(MakeAuthority("x", kAlways, {Leaf({})}));
  const CertificatePtr forged = Parse(MakeCertificate({.subject = "middle", .is_ca = true}, middle_key, middle_key));
  const Result<Authority> refused = MakeAuthority("x", kAlways, {forged, Root()});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().message, "certificate 1 of the chain, `CN=middle`: it is not signed by the next certificate");
  const TestKey low_key("P-256");
  const CertificatePtr low =
      Parse(MakeCertificate({.subject = "low", .issuer = "middle", .is_ca = true, .usage = ""}, low_key, middle_key));
  EXPECT_FALSE(MakeAuthority("x", kAlways, {low, middle, Root()})) << "path length 0";
}

class SctTest : public CertificateTest {
 protected:
  static TransparencyLog Log(const TestKey& key, TimeWindow window = kAlways) {
    return {"https://ct.test", "ct.test", Sha256(key.Spki()), "", key.Public(), window};
  }
  CertificatePtr WithScts(const std::vector<const TestKey*>& logs, const TestKey& issuer) {
    CertificateSpec spec;
    spec.extensions = {test::SctExtension(spec, leaf_key_, issuer, logs)};
    return Leaf(spec);
  }
  std::string SctError(const CertificatePtr& leaf, const std::vector<TransparencyLog>& logs) {
    const Result<std::vector<const TransparencyLog*>> good = VerifyScts(*leaf, *Root(), logs);
    return good ? std::to_string(good->size()) : good.error().message;
  }
  TestKey log_key_{"P-256"};
  TestKey other_log_key_{"P-256"};
};

TEST_F(SctTest, CountsLogsNotScts) {
  const std::vector<TransparencyLog> logs = {Log(log_key_), Log(other_log_key_)};
  EXPECT_EQ(SctError(WithScts({&log_key_}, root_key_), logs), "1");
  EXPECT_EQ(SctError(WithScts({&log_key_, &log_key_}, root_key_), logs), "1");
  EXPECT_EQ(SctError(WithScts({&log_key_, &other_log_key_}, root_key_), logs), "2");
}

TEST_F(SctTest, RefusesWhatNoTrustedLogPromised) {
  const std::vector<TransparencyLog> logs = {Log(log_key_)};
  EXPECT_EQ(SctError(Leaf({}), logs), "the certificate carries no SCT, so no CT log vouches for it");
  EXPECT_NE(SctError(WithScts({&other_log_key_}, root_key_), logs).find("which the trust root does not hold"), std::string::npos);
  EXPECT_EQ(SctError(WithScts({&log_key_}, leaf_key_), logs), "the SCT's signature is not by CT log `https://ct.test`")
      << "other issuer key";
  EXPECT_NE(SctError(WithScts({&log_key_}, root_key_), {Log(log_key_, {kSignedAt + 1, std::nullopt})}).find("is trusted from"),
            std::string::npos);
  EXPECT_EQ(SctError(Leaf({.extensions = {test::Extension(kOidSctList, test::Tlv(4, std::string("\0\5x", 3)))}}), logs),
            "the certificate's SCT list is malformed");
}

TEST_F(CertificateTest, TimestampAuthoritiesMustBeMeantForIt) {
  const CertificatePtr good = Leaf({.usage = "code_signing"});
  EXPECT_FALSE(MakeTimestampAuthority("tsa", kAlways, {good, Root()}));
  const std::array<TimestampAuthority, 0> none{};
  EXPECT_EQ(VerifyTimestamp("", "x", none).error().message, "the timestamp token is malformed: not DER");
  const std::string rejected = test::Tlv(0x30, test::Tlv(0x30, test::Tlv(2, "\x02")));
  EXPECT_EQ(VerifyTimestamp(rejected, "x", none).error().message, "the timestamp authority did not grant the timestamp (status 2)");
}

}  // namespace
}  // namespace writ::image
