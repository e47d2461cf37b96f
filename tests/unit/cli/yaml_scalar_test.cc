#include "cli/yaml_scalar.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>

namespace writ::cli {
namespace {

struct ScalarCase {
  std::string_view tag, text, expected;  // JSON, or "error: …"
};

constexpr std::string_view kStr = "tag:yaml.org,2002:str";
constexpr std::string_view kInt = "tag:yaml.org,2002:int";
constexpr std::string_view kFloat = "tag:yaml.org,2002:float";
constexpr std::string_view kBinary = "tag:yaml.org,2002:binary";

// What sigs.k8s.io/yaml makes of each, read from its resolver.
constexpr ScalarCase kCases[] = {
    {"?", "true", "true"},
    {"?", "Yes", "true"},
    {"?", "off", "false"},
    {"?", "y", "true"},
    {"?", "tRue", "\"tRue\""},
    {"!", "true", "\"true\""},
    {"?", "", "null"},
    {"?", "~", "null"},
    {"?", "NULL", "null"},
    {"!", "", "\"\""},
    {"?", "0", "0"},
    {"?", "-0", "0"},
    {"?", "+12", "12"},
    {"?", "0644", "420"},
    {"?", "0o644", "420"},
    {"?", "0x1F", "31"},
    {"?", "0b101", "5"},
    {"?", "08", "8"},
    {"?", "1_000", "1000"},
    {"?", "9223372036854775807", "9223372036854775807"},
    {"?", "-9223372036854775808", "-9223372036854775808"},
    {"?", "9223372036854775808", "error: the number `9223372036854775808` is out of range"},
    {"?", "1.5", "1.5"},
    {"?", ".5", "0.5"},
    {"?", "1.", "1"},
    {"?", "1.0", "1"},
    {"?", "1e3", "1000"},
    {"?", "1e300", "1e+300"},
    {"?", "1e999", "error: the number `1e999` is out of range"},
    {"?", ".inf", "error: `.inf` has no JSON form"},
    {"?", "-.INF", "error: `-.INF` has no JSON form"},
    {"?", ".nan", "error: `.nan` has no JSON form"},
    {"?", "1.2.3", "\"1.2.3\""},
    {"?", "1e", "\"1e\""},
    {"?", "-", "\"-\""},
    {"?", "+", "\"+\""},
    {"?", ".", "\".\""},
    {"?", "--1", "\"--1\""},
    {"?", "12:30", "\"12:30\""},
    {"?", "2026-11-20", "\"2026-11-20\""},
    {"?", "100m", "\"100m\""},
    {"?", "a\"b\\", "\"a\\\"b\\\\\""},
    {kStr, "5", "\"5\""},
    {kInt, "7", "7"},
    {kInt, "x", "error: `x` is not of the type !!int"},
    {kInt, "1.5", "error: `1.5` is not of the type !!int"},
    {kFloat, "1", "1"},
    {kBinary, "aGk=", "\"hi\""},
    {kBinary, "a", "error: a !!binary scalar is not base64"},
    {"!vault", "5", "\"5\""},
};

TEST(YamlScalar, ResolvesAsKubernetesDoes) {
  for (const ScalarCase& c : kCases) {
    SCOPED_TRACE(std::string(c.tag) + " " + std::string(c.text));
    const Result<std::string> got = ResolveScalar(c.tag, c.text);
    EXPECT_EQ(c.expected, got ? *got : "error: " + got.error().message);
  }
}

TEST(YamlScalar, KeysAreText) {
  const ScalarCase cases[] = {{"?", "8080", "8080"}, {"?", "yes", "true"},  {"?", "0x10", "16"},
                              {"?", "a b", "a b"},   {"!", "8080", "8080"}, {"?", "null", "error: a key is null"}};
  for (const ScalarCase& c : cases) {
    SCOPED_TRACE(c.text);
    const Result<std::string> got = ResolveKey(c.tag, c.text);
    EXPECT_EQ(c.expected, got ? *got : "error: " + got.error().message);
  }
}

}  // namespace
}  // namespace writ::cli
