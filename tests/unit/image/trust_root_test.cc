// What a trust root file may hold, and what is said about one that is wrong.
#include "webhook/image/trust/trust_root.h"

#include <gtest/gtest.h>

#include "tests/unit/image/test_pki.h"
#include "webhook/image/trust/encoding.h"

namespace writ::image {
namespace {

using test::MakeCertificate;
using test::TestKey;

constexpr std::string_view kMediaType = "application/vnd.dev.sigstore.trustedroot+json;version=0.1";

std::string RootText(const std::string& members, std::string_view media_type = kMediaType) {
  return R"({"mediaType":")" + std::string(media_type) + "\"" + (members.empty() ? "" : ",") + members + "}";
}

std::string LogText(const std::string& spki, const std::string& valid_for = R"({"start":"2026-01-01T00:00:00Z"})") {
  return R"({"baseUrl":"https://log.test/","hashAlgorithm":"SHA2_256","publicKey":{"rawBytes":")" + EncodeBase64(spki) +
         R"(","keyDetails":"PKIX","validFor":)" + valid_for + R"(},"logId":{"keyId":")" + EncodeBase64(Sha256(spki)) + R"("}})";
}

std::string AuthorityText(const std::string& der, const std::string& valid_for = R"({"start":"2026-01-01T00:00:00Z"})") {
  return R"({"uri":"https://ca.test","certChain":{"certificates":[{"rawBytes":")" + EncodeBase64(der) + R"("}]},"validFor":)" + valid_for +
         "}";
}

// The message without the advice that every one ends with.
std::string ErrorOf(const std::string& text) {
  const Result<TrustRootPtr> root = ParseTrustRoot("root.json", text);
  if (root) return "";
  return root.error().message.substr(0, root.error().message.find("; get a fresh"));
}

class TrustRootTest : public testing::Test {
 protected:
  TestKey key_{"P-256"};
  std::string ca_ = MakeCertificate({.subject = "root", .is_ca = true, .usage = ""}, key_, key_);
};

TEST_F(TrustRootTest, ReadsAllMediaTypes) {
  for (const std::string_view type : {kMediaType, std::string_view("application/vnd.dev.sigstore.trustedroot.v0.1+json"),
                                      std::string_view("application/vnd.dev.sigstore.trustedroot.v0.2+json")}) {
    const std::string text =
        RootText(R"("tlogs":[)" + LogText(key_.Spki()) + R"(],"certificateAuthorities":[)" + AuthorityText(ca_) + "]", type);
    const Result<TrustRootPtr> root = ParseTrustRoot("root.json", text);
    ASSERT_TRUE(root) << root.error().message;
    EXPECT_EQ((*root)->id, "sha256:" + EncodeHex(Sha256(text)));
    ASSERT_EQ((*root)->logs.size(), 1U);
    EXPECT_EQ((*root)->logs[0].host, "log.test");
    EXPECT_EQ((*root)->certificate_authorities.size(), 1U);
    EXPECT_TRUE((*root)->notes.empty());
    EXPECT_FALSE((*root)->is_own_pki);
  }
}

TEST_F(TrustRootTest, ReadsOperators) {
  std::string log = LogText(key_.Spki());
  log.insert(1, R"("operator":"sigstore.dev",)");
  const Result<TrustRootPtr> root = ParseTrustRoot("root.json", RootText(R"("tlogs":[)" + log + "," + LogText(key_.Spki()) + "]"));
  ASSERT_TRUE(root) << root.error().message;
  EXPECT_EQ((*root)->logs[0].Party(), "sigstore.dev");
  EXPECT_EQ((*root)->logs[1].Party(), Sha256(key_.Spki()));
}

TEST_F(TrustRootTest, SaysWhatIsWrongAndWhere) {
  const std::string place = "trust root `root.json`: ";
  EXPECT_EQ(ErrorOf("<html>").substr(0, place.size() + 9), place + "not JSON:");
  EXPECT_EQ(ErrorOf(test::Pem("CERTIFICATE", ca_)),
            place + "it is PEM, expected JSON; the certificates of an own CA go to `certificate { roots … }` or --ca-roots");
  EXPECT_EQ(ErrorOf("[]"), place + "not a JSON object");
  EXPECT_EQ(ErrorOf(RootText("", "x")), place + "`mediaType` is `x`, expected `" + std::string(kMediaType) + "` or version 0.2");
  EXPECT_EQ(ErrorOf(RootText(R"("tlogs":{})")), place + "`tlogs` is not a list");
  EXPECT_EQ(ErrorOf(RootText(R"("tlogs":[{"baseUrl":5}])")), place + "tlogs[0]: `baseUrl` is not text");
  EXPECT_EQ(ErrorOf(RootText(R"("tlogs":[{"baseUrl":"https://log.test"}])")),
            place + "tlogs[0]: `publicKey` is missing, expected the log's key");
  EXPECT_EQ(ErrorOf(RootText(R"("ctlogs":[)" + LogText(key_.Spki(), "{}") + "]")),
            place + "ctlogs[0]: `validFor.start` is missing, so it is not known since when this entry is trusted");
  EXPECT_EQ(ErrorOf(RootText(R"("tlogs":[)" + LogText(key_.Spki(), R"({"start":"yesterday"})") + "]")),
            place + "tlogs[0]: `validFor.start` is `yesterday`, expected an RFC 3339 time");
  EXPECT_EQ(ErrorOf(RootText(R"("certificateAuthorities":[)" + AuthorityText(ca_, "{}") + "]")),
            place + "certificateAuthorities[0]: `validFor.start` is missing, so it is not known since when this entry is trusted");
  EXPECT_EQ(ErrorOf(RootText(R"("timestampAuthorities":[{"validFor":{"start":"2026-01-01T00:00:00Z"}}])")),
            place + "timestampAuthorities[0]: `certChain.certificates` is missing or empty");
}

// As `cosign trusted-root create --rekor-key … --ctfe-key …` writes it without --rekor-url and --ctfe-url.
TEST_F(TrustRootTest, ALogNeedsNoUrlAndAListMayBeNull) {
  std::string log = LogText(key_.Spki());
  log.erase(log.find(R"("baseUrl")"), std::string_view(R"("baseUrl":"https://log.test/",)").size());
  const Result<TrustRootPtr> root =
      ParseTrustRoot("root.json", RootText(R"("tlogs":[)" + log + R"(],"ctlogs":[)" + log + R"(],"timestampAuthorities":null)"));
  ASSERT_TRUE(root) << root.error().message;
  ASSERT_EQ((*root)->logs.size(), 1U);
  EXPECT_EQ((*root)->ct_logs.size(), 1U);
  EXPECT_EQ((*root)->logs[0].host, "");
  EXPECT_EQ((*root)->logs[0].base_url, "of key " + EncodeHex(Sha256(key_.Spki())).substr(0, 16) + "…");
}

TEST_F(TrustRootTest, LeavesOutWhatItCannotUse) {
  const std::string text = RootText(R"("tlogs":[)" + LogText("not a key") + "," + LogText(TestKey("secp256k1").Spki()) + "," +
                                    LogText(TestKey("RSA-1024").Spki()) + "," + LogText(key_.Spki()) + R"(],"certificateAuthorities":[)" +
                                    AuthorityText("not a certificate") + "," + AuthorityText(MakeCertificate({}, key_, key_)) + "]");
  const Result<TrustRootPtr> root = ParseTrustRoot("root.json", text);
  ASSERT_TRUE(root) << root.error().message;
  EXPECT_EQ((*root)->logs.size(), 1U);
  EXPECT_TRUE((*root)->certificate_authorities.empty());
  ASSERT_EQ((*root)->notes.size(), 5U);
  EXPECT_EQ((*root)->notes[2], "tlogs[2] is not used: the RSA key has 1024 bits, expected 2048 to 8192");
  EXPECT_EQ((*root)->notes[4], "certificateAuthorities[1] is not used: certificate 1 of the chain, `CN=leaf`: it is not a CA certificate");
}

TEST_F(TrustRootTest, EnforcesItsLimits) {
  const ImageLimits small{.max_chain_certificates = 1, .max_trust_root_bytes = 100};
  EXPECT_EQ(ParseTrustRoot("x", std::string(101, ' '), small).error().code, ErrorCode::kTooLarge);
}

TEST_F(TrustRootTest, ReadsPemOfOwnPkis) {
  const TestKey middle_key("P-256");
  const std::string middle = MakeCertificate({.subject = "middle", .is_ca = true, .usage = ""}, middle_key, key_);
  const std::string roots = test::Pem("CERTIFICATE", ca_);
  const std::string intermediates = test::Pem("CERTIFICATE", middle);
  const Result<TrustRootPtr> root = ParsePemTrust({.name = "ca.pem", .ca_certificates = roots, .ca_intermediates = intermediates});
  ASSERT_TRUE(root) << root.error().message;
  EXPECT_TRUE((*root)->is_own_pki);
  EXPECT_EQ((*root)->certificate_authorities.size(), 2U);
  const auto error = [](const PemTrust& pem) { return ParsePemTrust(pem).error().message; };
  EXPECT_EQ(error({.name = "ca.pem", .ca_certificates = ""}),
            "trust material `ca.pem`: no PEM block `CERTIFICATE` found, expected the certificates of the CAs to trust");
  const std::string key = key_.Pem();
  EXPECT_EQ(error({.name = "ca.pem", .ca_certificates = key}), "trust material `ca.pem`: a PEM block `PUBLIC KEY`, expected `CERTIFICATE`");
  const TestKey stranger("P-256");
  const std::string stray = test::Pem("CERTIFICATE", MakeCertificate({.subject = "m", .issuer = "x", .is_ca = true}, middle_key, stranger));
  EXPECT_EQ(error({.name = "ca.pem", .ca_certificates = roots, .ca_intermediates = stray}),
            "trust material `ca.pem`: intermediate `CN=m` leads to none of the roots");
}

}  // namespace
}  // namespace writ::image
