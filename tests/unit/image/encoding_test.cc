#include "webhook/image/trust/encoding.h"

#include <gtest/gtest.h>

#include "rules/base/digest.h"
#include "webhook/image/trust/der.h"

namespace writ::image {
namespace {

struct Base64Case {
  std::string_view name, text;
  bool is_good;
  std::string_view bytes;
};

constexpr Base64Case kBase64Cases[] = {
    {"empty", "", true, ""},
    {"one byte", "QQ==", true, "A"},
    {"two bytes", "QUI=", true, "AB"},
    {"three bytes", "QUJD", true, "ABC"},
    {"line feed inside", "QU\nJD", true, "ABC"},
    {"carriage return and line feed at the end", "QUJD\r\n", true, "ABC"},
    {"line feed before padding", "QQ\n==", true, "A"},
    {"space", "QU JD", false, ""},
    {"tab", "QUJD\t", false, ""},
    {"no padding", "QQ", false, ""},
    {"half the padding", "QQ=", false, ""},
    {"too much padding", "QUI==", false, ""},
    {"padding alone", "====", false, ""},
    {"padding after a whole group", "QUJD====", false, ""},
    {"digits behind padding", "QQ==QUJD", false, ""},
    {"unused bits set", "QR==", false, ""},
    {"unused bits set, two bytes", "QUJ=", false, ""},
    {"alphabet for URLs", "-_-_", false, ""},
    {"one digit", "Q", false, ""},
};

TEST(Base64, DecodesStrictly) {
  for (const Base64Case& one : kBase64Cases) {
    SCOPED_TRACE(one.name);
    const std::optional<std::string> bytes = DecodeBase64(one.text);
    EXPECT_EQ(bytes.has_value(), one.is_good);
    EXPECT_EQ(bytes.value_or(""), one.bytes);
  }
}

TEST(Base64, DecodesWhatItEncodes) {
  std::string bytes;
  for (int i = 0; i < 300; ++i) {
    EXPECT_EQ(DecodeBase64(EncodeBase64(bytes)), bytes);
    bytes.push_back(static_cast<char>(i * 7));
  }
}

TEST(Hex, KnowsOneSpelling) {
  EXPECT_EQ(DecodeHex("00ff7a"), std::string("\0\xFFz", 3));
  EXPECT_EQ(DecodeHex("00FF"), std::nullopt);
  EXPECT_EQ(DecodeHex("0"), std::nullopt);
  EXPECT_EQ(DecodeHex("0g"), std::nullopt);
  EXPECT_EQ(EncodeHex(std::string("\0\xFFz", 3)), "00ff7a");
}

TEST(Digest, IsSha256InLowerCase) {
  const std::string good = "sha256:" + std::string(64, 'a');
  EXPECT_TRUE(ParseSha256Digest(good));
  EXPECT_FALSE(ParseSha256Digest("sha256:" + std::string(64, 'A')));
  EXPECT_FALSE(ParseSha256Digest("sha256:" + std::string(62, 'a')));
  EXPECT_FALSE(ParseSha256Digest("sha512:" + std::string(64, 'a')));
  EXPECT_FALSE(ParseSha256Digest(""));
}

struct PemCase {
  std::string_view name, text, expected;
};

constexpr PemCase kPemCases[] = {
    {"one block", "-----BEGIN A-----\nQUJD\n-----END A-----\n", "A=ABC;"},
    {"text around", "hello\n-----BEGIN A-----\nQUJD\n-----END A-----\nbye", "A=ABC;"},
    {"two blocks", "-----BEGIN A-----\nQUJD\n-----END A-----\n-----BEGIN B-----\nQQ==\n-----END B-----", "A=ABC;B=A;"},
    {"none", "hello", ""},
    {"no END", "-----BEGIN A-----\nQUJD\n", "error: PEM block 1 has no matching END line"},
    {"other END", "-----BEGIN A-----\nQUJD\n-----END B-----\n", "error: PEM block 1 has no matching END line"},
    {"headers", "-----BEGIN A-----\nProc-Type: 4\n\nQUJD\n-----END A-----",
     "error: PEM block 1 is not base64 between its BEGIN and END lines"},
    {"empty", "-----BEGIN A-----\n-----END A-----", "error: PEM block 1 is not base64 between its BEGIN and END lines"},
};

TEST(Pem, ReadsBlocks) {
  for (const PemCase& one : kPemCases) {
    SCOPED_TRACE(one.name);
    const Result<std::vector<PemBlock>> blocks = DecodePem(one.text);
    std::string found;
    if (!blocks) found = "error: " + blocks.error().message;
    if (blocks) {
      for (const PemBlock& block : *blocks) found += block.label + "=" + block.der + ";";
    }
    EXPECT_EQ(found, one.expected);
  }
}

TEST(Shown, CannotSteerATerminal) {
  EXPECT_EQ(Shown("a\x1B[31m\n\xC2\x9B\xFF é"), "a\\x1b[31m\\x0a\\xc2\\x9b\\xff é");
  EXPECT_EQ(Shown("https://\xE2\x80\xAEtset.live\xE2\x81\xA9"), "https://\\xe2\\x80\\xaetset.live\\xe2\\x81\\xa9") << "shown backwards";
  EXPECT_EQ(Shown("“€”"), "“€”") << "neighbours in UTF-8";
  EXPECT_EQ(Shown(std::string(300, 'x'), 10), "xxxxxxxxxx…");
}

TEST(Der, RefusesWhatIsNotDer) {
  using namespace std::string_view_literals;
  constexpr std::string_view kBad[] = {""sv,
                                       "\x30"sv,
                                       "\x30\x80\x00\x00"sv,
                                       "\x30\x81\x01\x00"sv,
                                       "\x30\x82\x00\x80"sv,
                                       "\x30\x02a"sv,
                                       "\x1F\x81\x01\x00"sv,
                                       "\x30\x85\x00\x00\x00\x00\x01z"sv};
  for (const std::string_view bytes : kBad) EXPECT_FALSE(DerReader(bytes).Next()) << EncodeHex(bytes);
  EXPECT_FALSE(ReadWholeDer("\x04\x01zz", kDerOctetString)) << "trailing byte";
  const std::string large(200, 'x');
  EXPECT_EQ(ReadWholeDer(EncodeDer(kDerOctetString, large), kDerOctetString)->content, large);
}

TEST(Der, ReadsTimes) {
  const auto read = [](std::uint8_t tag, std::string_view text) { return ReadDerTime({tag, text, text}); };
  constexpr std::int64_t kSecond = 1'000'000'000;
  EXPECT_EQ(read(kDerUtcTime, "700101000001Z"), kSecond);
  EXPECT_EQ(read(kDerGeneralizedTime, "20261120100000Z"), 1'795'168'800 * kSecond);
  EXPECT_EQ(read(kDerGeneralizedTime, "19700101000000.25Z"), kSecond / 4);
  EXPECT_EQ(read(kDerGeneralizedTime, "19700101000000.1234567891Z"), 123'456'789);
  EXPECT_EQ(read(kDerGeneralizedTime, "99991231235959Z"), INT64_MAX);
  EXPECT_EQ(read(kDerGeneralizedTime, "20260229000000Z"), std::nullopt);
  EXPECT_EQ(read(kDerGeneralizedTime, "20261120100000"), std::nullopt);
  EXPECT_EQ(read(kDerGeneralizedTime, "20261120100000.Z"), std::nullopt);
  EXPECT_EQ(read(kDerGeneralizedTime, "20261120100000+0100"), std::nullopt);
  EXPECT_EQ(read(kDerUtcTime, "700101240001Z"), std::nullopt);
}

}  // namespace
}  // namespace writ::image
