// Values and types as JSON: each kind, and what is too large.
#include "cli/cel_encoding.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <string>
#include <string_view>

#include "rules/base/arena.h"

namespace writ::cli {
namespace {

std::string Encoded(const Value& value) {
  std::string text;
  EXPECT_TRUE(AppendCelValue(value, text));
  return text;
}

TEST(CelEncoding, KeepsEveryTypeApart) {
  struct Case {
    Value value;
    std::string_view text;
  };
  static constexpr std::string_view kOctets("\xFF\0", 2);
  const Value one = Value::Int(1);
  const Case cases[] = {
      {Value::Null(), R"({"null":null})"},
      {Value::Bool(false), R"({"bool":false})"},
      {Value::Int(std::numeric_limits<std::int64_t>::min()), R"({"int":"-9223372036854775808"})"},
      {Value::Uint(std::numeric_limits<std::uint64_t>::max()), R"({"uint":"18446744073709551615"})"},
      {Value::Double(5), R"({"double":"5.0"})"},
      {Value::Double(-0.0), R"({"double":"-0.0"})"},
      {Value::Double(1e300), R"({"double":"1e+300"})"},
      {Value::Double(std::nan("")), R"({"double":"NaN"})"},
      {Value::Double(-HUGE_VAL), R"({"double":"-Infinity"})"},
      {Value::String("a\"\n"), R"({"string":"a\"\n"})"},
      {Value::Bytes(kOctets), R"({"bytes":"/wA="})"},
      {Value::Type("list"), R"({"type":"list"})"},
      {Value::Timestamp(0, 0), R"({"timestamp":"1970-01-01T00:00:00Z"})"},
      {Value::Timestamp(-1, 1), R"({"timestamp":"1969-12-31T23:59:59.000000001Z"})"},
      {Value::Duration(0), R"({"duration":"0s"})"},
      {Value::Duration(-1), R"({"duration":"-0.000000001s"})"},
      {Value::Duration(std::numeric_limits<std::int64_t>::min()), R"({"duration":"-9223372036.854775808s"})"},
      {Value::Optional(nullptr), R"({"optional":null})"},
      {Value::Optional(&one), R"({"optional":{"int":"1"}})"},
      {Value::List(&one, 1), R"({"list":[{"int":"1"}]})"},
      {Value::List(nullptr, 0), R"({"list":[]})"},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.text);
    EXPECT_EQ(c.text, Encoded(c.value));
  }
}

// Thirty levels of a list that holds the same list twice have 2^30 leaves.
TEST(CelEncoding, ValuesThatShareTheirPartsAreCut) {
  Arena arena;
  Value value = Value::Int(1);
  for (int i = 0; i < 30; ++i) {
    Value* items = arena.AllocateArray<Value>(2);
    items[0] = items[1] = value;
    value = Value::List(items, 2);
  }
  std::string text;
  EXPECT_FALSE(AppendCelValue(value, text));
  EXPECT_LT(text.size(), kMaxEncodedBytes + 1'000);
}

TEST(CelEncoding, TypesThatShareTheirPartsAreCut) {
  TypeTable types;
  std::string text;
  const TypeId name = types.Simple(TypeKind::kString);
  EXPECT_TRUE(AppendCelType(types, types.Optional(types.Map(name, types.List(types.TypeOfType(name)))), text));
  EXPECT_EQ(R"({"abstract":"optional_type","params":[{"map":["string",{"list":{"type":"string"}}]}]})", text);
  TypeId type = name;
  for (int i = 0; i < 40; ++i) type = types.Map(type, type);
  EXPECT_FALSE(AppendCelType(types, type, text));
  EXPECT_LT(text.size(), kMaxEncodedTypeBytes + 1'000);
}

}  // namespace
}  // namespace writ::cli
