#include "cli/yaml_scalar.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>

namespace writ::cli {
namespace {

struct ScalarCase {
  std::string_view tag, text, expected;  // JSON, or "error: …"
};

constexpr std::string_view kQuoted = "(quoted)";

YamlScalar Scalar(const ScalarCase& c) { return c.tag == kQuoted ? YamlScalar{c.text, "", false} : YamlScalar{c.text, c.tag, true}; }

constexpr std::string_view kStr = "tag:yaml.org,2002:str";
constexpr std::string_view kInt = "tag:yaml.org,2002:int";
constexpr std::string_view kFloat = "tag:yaml.org,2002:float";
constexpr std::string_view kBinary = "tag:yaml.org,2002:binary";

// What sigs.k8s.io/yaml makes of each, read from its resolver.
constexpr ScalarCase kCases[] = {
    {"", "true", "true"},
    {"", "Yes", "true"},
    {"", "off", "false"},
    {"", "y", "true"},
    {"", "tRue", "\"tRue\""},
    {kQuoted, "true", "\"true\""},
    {"", "", "null"},
    {"", "~", "null"},
    {"", "NULL", "null"},
    {kQuoted, "", "\"\""},
    {"", "0", "0"},
    {"", "-0", "0"},
    {"", "+12", "12"},
    {"", "0644", "420"},
    {"", "0o644", "420"},
    {"", "0x1F", "31"},
    {"", "0b101", "5"},
    {"", "08", "8"},
    {"", "1_000", "1000"},
    {"", "9223372036854775807", "9223372036854775807"},
    {"", "-9223372036854775808", "-9223372036854775808"},
    {"", "9223372036854775808", "9.223372036854776e+18"},
    {"", "-9223372036854775809", "-9.223372036854776e+18"},
    {"", "123456789012345678901234567890", "1.2345678901234568e+29"},
    {"", "0x8000000000000000", "error: the number `0x8000000000000000` is out of range"},
    {"", "1.5", "1.5"},
    {"", ".5", "0.5"},
    {"", "1.", "1"},
    {"", "1.0", "1"},
    {"", "1e3", "1000"},
    {"", "1e300", "1e+300"},
    {"", "1e16", "10000000000000000"},
    {"", "9007199254740993.0", "9007199254740992"},
    {"", "1152921504606846976.0", "1152921504606847000"},
    {"", "9.3e18", "9.3e+18"},
    {"", "1e20", "1e+20"},
    {"", "-0.0", "0"},
    {"", "1.5e-7", "1.5e-07"},
    {"", "+1.5", "1.5"},
    {"", ".5_0", "error: the number `.5_0` has a `_`: leave it out"},
    {"", "._5", "error: the number `._5` has a `_`: leave it out"},
    {"", "_1", "\"_1\""},
    {"", "-_1", "-1"},
    {"", "0_7", "7"},
    {"", "18446744073709551615", "1.8446744073709552e+19"},
    {"", "1e999", "error: the number `1e999` is out of range"},
    {"", ".inf", "error: `.inf` has no JSON form"},
    {"", "-.INF", "error: `-.INF` has no JSON form"},
    {"", ".nan", "error: `.nan` has no JSON form"},
    {"", "1.2.3", "\"1.2.3\""},
    {"", "1e", "\"1e\""},
    {"", "-", "\"-\""},
    {"", "+", "\"+\""},
    {"", ".", "\".\""},
    {"", "--1", "\"--1\""},
    {"", "12:30", "\"12:30\""},
    {"", "2026-11-20", "\"2026-11-20\""},
    {"", "100m", "\"100m\""},
    {"", "a\"b\\", "\"a\\\"b\\\\\""},
    {kStr, "5", "\"5\""},
    {kInt, "7", "7"},
    {kInt, "18446744073709551615", "1.8446744073709552e+19"},
    {kInt, "9_223_372_036_854_775_808", "9.223372036854776e+18"},
    {kInt, "18446744073709551616", "error: `18446744073709551616` is not of the type !!int"},
    {kInt, "-9223372036854775809", "error: `-9223372036854775809` is not of the type !!int"},
    {kInt, "+9223372036854775808", "error: `+9223372036854775808` is not of the type !!int"},
    {kInt, "08", "error: `08` is not of the type !!int"},
    {kInt, "x", "error: `x` is not of the type !!int"},
    {kInt, "1.5", "error: `1.5` is not of the type !!int"},
    {kFloat, "1", "1"},
    {kBinary, "aGk=", "\"hi\""},
    {kFloat, "1.0", "1"},
    {kBinary, "a", "error: a !!binary scalar is not base64"},
    {kBinary, "aGk", "error: a !!binary scalar is not base64"},
    {kBinary, "aG k=", "error: a !!binary scalar is not base64"},
    {kBinary, "aG\nk=", "\"hi\""},
    {kBinary, "/w==", "error: a !!binary scalar is not UTF-8 text"},
    {"tag:yaml.org,2002:timestamp", "2026-11-20", "error: the tag !!timestamp is not read: write a quoted text"},
    {"!vault", "5", "\"5\""},
};

TEST(YamlScalar, ResolvesAsKubernetesDoes) {
  for (const ScalarCase& c : kCases) {
    SCOPED_TRACE(std::string(c.tag) + " " + std::string(c.text));
    const Result<ScalarValue> got = ResolveScalar(Scalar(c));
    EXPECT_EQ(c.expected, got ? got->json : "error: " + got.error().message);
  }
}

TEST(YamlScalar, KeysAreText) {
  const ScalarCase cases[] = {{"", "8080", "8080"},
                              {"", "yes", "true"},
                              {"", "0x10", "16"},
                              {"", "a b", "a b"},
                              {kQuoted, "8080", "8080"},
                              {kStr, "8080", "8080"},
                              {kInt, "010", "8"},
                              {"", "null", "error: a key is null"},
                              {"", "1.5", "error: the key `1.5` is a floating-point number: write \"1.5\""},
                              {"", "1e3", "error: the key `1e3` is a floating-point number: write \"1e3\""},
                              {kBinary, "aGk=", "error: the key `aGk=` is !!binary, expected text"}};
  for (const ScalarCase& c : cases) {
    SCOPED_TRACE(c.text);
    const Result<std::string> got = ResolveKey(Scalar(c));
    EXPECT_EQ(c.expected, got ? *got : "error: " + got.error().message);
  }
}

TEST(YamlScalar, DataIsWhatItLooksLike) {
  const ScalarCase cases[] = {
      {"", "off", "`off` is false to some readers and text to others: write \"off\" or false"},
      {"", "y", "`y` is true to some readers and text to others: write \"y\" or true"},
      {"", "NO", "`NO` is false to some readers and text to others: write \"NO\" or false"},
      {"", "010", "`010` is octal to some readers and decimal to others: write \"010\" or 8"},
      {"", "-07", "`-07` is octal to some readers and decimal to others: write \"-07\" or -7"},
      {"", "0o17", "`0o17` is octal to some readers and decimal to others: write \"0o17\" or 15"},
      {"", "09", "`09` is octal to some readers and decimal to others: write \"09\" or 9"},
      {"", "0b11", "`0b11` is a binary number: write \"0b11\" or 3"},
      {"", "1_000", "`1_000` is a number to some readers and text to others: write \"1_000\" or 1000"},
      {"", "12:30", "`12:30` is a time or a number to the base of 60: write \"12:30\""},
      {"", "1:30:45.5", "`1:30:45.5` is a time or a number to the base of 60: write \"1:30:45.5\""},
      {kInt, "5", "a tag is not read here, only !!str: write the value without it"},
      {"!vault", "x", "a tag is not read here, only !!str: write the value without it"},
      {kStr, "off", ""},
      {kQuoted, "off", ""},
      {kQuoted, "010", ""},
      // What every reader takes alike.
      {"", "true", ""},
      {"", "True", ""},
      {"", "FALSE", ""},
      {"", "null", ""},
      {"", "~", ""},
      {"", "", ""},
      {"", "0", ""},
      {"", "-1", ""},
      {"", "+1", ""},
      {"", "1.0", ""},
      {"", "0.5", ""},
      {"", "0e1", ""},
      {"", ".5", ""},
      {"", "1e3", ""},
      {"", "0x10", ""},
      {"", "10.0.0.1", ""},
      {"", "2026-11-20", ""},
      {"", "80:80", ""},
      {"", "12:5x", ""},
      {"", "a:b", ""},
      {"", "_x", ""},
      {"", "yEs", ""},
      {"", "100m", ""},
  };
  for (const ScalarCase& c : cases) {
    SCOPED_TRACE(std::string(c.tag) + " " + std::string(c.text));
    EXPECT_EQ(c.expected, ValueSurprise(Scalar(c)));
  }
}

TEST(YamlScalar, KeysOfDataAreStrings) {
  const ScalarCase cases[] = {{"", "42", "the key `42` is not a string: write \"42\""},
                              {"", "true", "the key `true` is not a string: write \"true\""},
                              {"", "on", "the key `on` is not a string: write \"on\""},
                              {"", "1.5", "the key `1.5` is not a string: write \"1.5\""},
                              {"", "~", "the key `~` is not a string: write \"~\""},
                              {"", "9999999999999999999", "the key `9999999999999999999` is not a string: write \"9999999999999999999\""},
                              {"", "12:30", "`12:30` is a time or a number to the base of 60: write \"12:30\""},
                              {"", "name", ""},
                              {kQuoted, "42", ""},
                              {kStr, "42", ""}};
  for (const ScalarCase& c : cases) {
    SCOPED_TRACE(c.text);
    EXPECT_EQ(c.expected, KeySurprise(Scalar(c)));
  }
}

}  // namespace
}  // namespace writ::cli
