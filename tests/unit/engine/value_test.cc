// Values: equality, maps, copies, texts.
#include <gtest/gtest.h>

#include <cmath>
#include <cstdio>
#include <limits>

#include "rules/base/utf8.h"
#include "tests/unit/engine/values.h"

namespace writ {
namespace {

using namespace testing;  // NOLINT(google-build-using-namespace): the makers of values

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
constexpr double kInfinity = std::numeric_limits<double>::infinity();

struct EqualCase {
  Value a;
  Value b;
  bool equal;
};

TEST(ValuesEqual, IsHeterogeneous) {
  const EqualCase cases[] = {
      {I(1), U(1), true},
      {I(1), D(1.0), true},
      {U(1), D(1.0), true},
      {I(-1), U(std::numeric_limits<std::uint64_t>::max()), false},
      {I(2), D(2.5), false},
      {I(std::numeric_limits<std::int64_t>::max()), D(0x1p63), true},  // lossy, as CEL's suite wants
      {U(std::numeric_limits<std::uint64_t>::max()), D(0x1p64), true},
      {D(kNan), D(kNan), false},
      {I(1), D(kNan), false},
      {D(0.0), D(-0.0), true},
      {I(1), S("1"), false},
      {N(), N(), true},
      {N(), B(false), false},
      {S("a"), S("a"), true},
      {S("a"), X("a"), false},
      {S(""), S(""), true},
      {X("a\0b"), X("a\0b"), true},
      {T("2026-11-20T10:00:00Z"), T("2026-11-20T11:00:00+01:00"), true},
      {T("2026-11-20T10:00:00Z"), T("2026-11-20T10:00:00.000000001Z"), false},
      {P("60s"), P("1m"), true},
      {P("1s"), I(1'000'000'000), false},
      {Value::Type("int"), Value::Type("int"), true},
      {Value::Type("int"), S("int"), false},
      {L({I(1), D(2.0)}), L({D(1.0), U(2)}), true},
      {L({I(1)}), L({I(1), I(1)}), false},
      {L({D(kNan)}), L({D(kNan)}), false},
      {L({}), L({}), true},
      {L({}), N(), false},
      {M({{I(1), S("a")}, {S("k"), N()}}), M({{S("k"), N()}, {U(1), S("a")}}), true},
      {M({{S("k"), I(1)}}), M({{S("k"), I(2)}}), false},
      {M({{S("k"), I(1)}}), M({{S("l"), I(1)}}), false},
      {M({}), M({}), true},
      {None(), None(), true},
      {None(), Some(N()), false},
      {Some(I(1)), Some(D(1.0)), true},
  };
  for (const EqualCase& c : cases) {
    SCOPED_TRACE(LiteralText(c.a) + " == " + LiteralText(c.b));
    EXPECT_EQ(ValuesEqual(c.a, c.b), c.equal);
    EXPECT_EQ(ValuesEqual(c.b, c.a), c.equal);
  }
}

TEST(ValuesEqual, StopsWithItsBudget) {
  // 2^40 comparisons if shared parts were not counted each time.
  Value a = L({I(1)});
  Value b = L({I(1)});
  for (int i = 0; i < 40; ++i) {
    a = L({a, a});
    b = L({b, b});
  }
  std::uint64_t steps_left = 10'000;
  EXPECT_FALSE(ValuesEqualWithin(a, b, steps_left));
  EXPECT_EQ(steps_left, 0U);
}

Value BigMap(int size) {
  std::vector<std::pair<Value, Value>> entries;
  for (int i = 0; i < size; ++i) entries.emplace_back(S("key" + std::to_string(i)), I(i));
  return M(entries);
}

TEST(Maps, FindEveryKeyWhateverTheirSize) {
  for (const int size : {0, 1, 8, 9, 100, 5000}) {
    SCOPED_TRACE(size);
    const Value map = BigMap(size);
    EXPECT_EQ(map.map->buckets != nullptr, size > 8);
    for (int i = 0; i < size; ++i) {
      const Value* found = FindInMap(*map.map, "key" + std::to_string(i));
      ASSERT_NE(found, nullptr);
      EXPECT_EQ(found->integer, i);
    }
    EXPECT_EQ(FindInMap(*map.map, "key"), nullptr);
    EXPECT_EQ(FindInMap(*map.map, S("key5001")), nullptr);
    EXPECT_EQ(FindDuplicateKey(*map.map), nullptr);
  }
}

TEST(Maps, NumbersAreOneKey) {
  std::vector<std::pair<Value, Value>> entries = {{I(1), S("one")},
                                                  {U(2), S("two")},
                                                  {I(-3), S("minus three")},
                                                  {B(true), S("true")},
                                                  {U(std::numeric_limits<std::uint64_t>::max()), S("most")}};
  for (const int extra : {0, 20}) {
    for (int i = 0; i < extra; ++i) entries.emplace_back(I(100 + i), N());
    const Value map = M(entries);
    const auto text = [&](const Value& key) {
      const Value* found = FindInMap(*map.map, key);
      return found == nullptr ? std::string("-") : DisplayText(*found);
    };
    EXPECT_EQ(text(U(1)), "one");
    EXPECT_EQ(text(D(1.0)), "one");
    EXPECT_EQ(text(I(2)), "two");
    EXPECT_EQ(text(D(-3.0)), "minus three");
    EXPECT_EQ(text(U(std::numeric_limits<std::uint64_t>::max())), "most");
    EXPECT_EQ(text(B(true)), "true");
    EXPECT_EQ(text(D(1.5)), "-");
    EXPECT_EQ(text(D(kNan)), "-");
    EXPECT_EQ(text(D(0x1p64)), "-");
    EXPECT_EQ(text(I(-1)), "-");
    EXPECT_EQ(text(S("1")), "-");
    EXPECT_EQ(text(X("1")), "-");
    EXPECT_EQ(text(N()), "-");
  }
}

TEST(Maps, DuplicateKeysAreFound) {
  EXPECT_EQ(LiteralText(*FindDuplicateKey(*M({{I(1), N()}, {S("a"), N()}, {U(1), N()}}).map)), "1u");
  std::vector<std::pair<Value, Value>> many;
  for (int i = 0; i < 50; ++i) many.emplace_back(I(i), N());
  many.emplace_back(I(17), N());
  EXPECT_EQ(LiteralText(*FindDuplicateKey(*M(many).map)), "17");
}

TEST(Maps, AFullArenaGivesNoMap) {
  Arena small(256);
  const Value map = BigMap(100);
  EXPECT_EQ(MakeMap(small, map.map->entries, 100), nullptr);
  EXPECT_TRUE(CopyValue(small, map).is(Kind::kAbsent));
}

TEST(CopyValue, CopiesDeeply) {
  Arena arena;
  const Value original =
      L({S("text"), M({{S("k"), L({X("b"), Some(I(1)), None()})}}), Value::Error(ValueError::kNoSuchKey, "k"), L({}), M({})});
  const Value copy = CopyValue(arena, original);
  EXPECT_EQ(LiteralText(copy), LiteralText(original));
  EXPECT_NE(copy.items, original.items);
  EXPECT_NE(copy.items[0].text, original.items[0].text);
  EXPECT_NE(copy.items[1].map, original.items[1].map);
}

TEST(FormatDouble, IsShortestAndReadable) {
  struct Case {
    double value;
    const char* text;
  };
  const Case cases[] = {{0.0, "0"},
                        {-0.0, "-0"},
                        {1.0, "1"},
                        {-1.5, "-1.5"},
                        {123.456, "123.456"},
                        {-4.5e-3, "-0.0045"},
                        {100000.0, "100000"},
                        {1e6, "1000000"},
                        {123456789.0, "123456789"},
                        {0.1, "0.1"},
                        {1e-7, "0.0000001"},
                        {1.5e-8, "1.5e-8"},
                        {1e20, "100000000000000000000"},
                        {1e21, "1e+21"},
                        {1.25e22, "1.25e+22"},
                        {5e-324, "5e-324"},
                        {1.7976931348623157e308, "1.7976931348623157e+308"},
                        {0.1 + 0.2, "0.30000000000000004"},
                        {kNan, "NaN"},
                        {kInfinity, "Infinity"},
                        {-kInfinity, "-Infinity"},
                        {10.5, "10.5"}};
  for (const Case& c : cases) EXPECT_EQ(FormatDouble(c.value), c.text);
}

TEST(Texts, OfEveryKind) {
  struct Case {
    Value value;
    const char* display;
    const char* literal;
    const char* json;
  };
  const Case cases[] = {
      {N(), "null", "null", "null"},
      {B(true), "true", "true", "true"},
      {I(-5), "-5", "-5", "-5"},
      {U(5), "5", "5u", "5"},
      {D(5), "5", "5.0", "5.0"},
      {D(1e21), "1e+21", "1e+21", "1e+21"},
      {D(kNan), "NaN", "double(\"NaN\")", "\"NaN\""},
      {S("a \"b\"\n\x01 é"), "a \"b\"\n\x01 é", "\"a \\\"b\\\"\\n\\u0001 é\"", "\"a \\\"b\\\"\\n\\u0001 é\""},
      {X("a\xff\""), "b\"a\\xff\\\"\"", "b\"a\\xff\\\"\"", "\"Yf8i\""},
      {X("ab"), "b\"ab\"", "b\"ab\"", "\"YWI=\""},
      {X("a"), "b\"a\"", "b\"a\"", "\"YQ==\""},
      {T("2026-11-20T10:00:00.5Z"), "2026-11-20T10:00:00.5Z", "timestamp(\"2026-11-20T10:00:00.5Z\")", "\"2026-11-20T10:00:00.5Z\""},
      {P("90s"), "90s", "duration(\"90s\")", "\"90s\""},
      {L({I(1), S("a"), L({})}), "[1, \"a\", []]", "[1, \"a\", []]", "[1,\"a\",[]]"},
      {M({{S("k"), D(1)}, {I(1), U(2)}, {B(true), T("2026-11-20T10:00:00Z")}}), "{\"k\": 1, 1: 2, true: \"2026-11-20T10:00:00Z\"}",
       "{\"k\": 1.0, 1: 2u, true: timestamp(\"2026-11-20T10:00:00Z\")}", "{\"k\":1.0,\"1\":2,\"true\":\"2026-11-20T10:00:00Z\"}"},
      {Value::Map(nullptr), "{}", "{}", "{}"},
      {None(), "none", "optional.none()", "null"},
      {Some(S("x")), "x", "optional.of(\"x\")", "\"x\""},
      {Value::Type("int"), "int", "int", "\"int\""},
      {Value::Error(ValueError::kNoSuchKey, "depth"), "<error: no such key: depth>", "<error: no such key: depth>",
       "\"<error: no such key: depth>\""},
      {Unknown(), "<unknown>", "<unknown>", "\"<unknown>\""},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.literal);
    EXPECT_EQ(DisplayText(c.value), c.display);
    EXPECT_EQ(LiteralText(c.value), c.literal);
    std::string json;
    AppendJson(c.value, json);
    EXPECT_EQ(json, c.json);
  }
}

TEST(Texts, OfSharedPartsAreCut) {
  Value value = S("x");
  for (int i = 0; i < 60; ++i) value = L({value, value});
  EXPECT_LT(DisplayText(value).size(), 70'000U);
  EXPECT_LT(LiteralText(value).size(), 1'100'000U);
}

TEST(Texts, JsonReplacesInvalidUtf8) {
  std::string json;
  AppendJsonString("a\xC0\x80z\xED\xA0\x80\xF4\x90\x80\x80\xE2\x82", json);
  EXPECT_EQ(json, "\"a\uFFFD\uFFFDz\uFFFD\uFFFD\uFFFD\uFFFD\uFFFD\uFFFD\uFFFD\uFFFD\uFFFD\"");
}

// Every byte, at every place of texts shorter and longer than the words that are looked at.
TEST(Texts, JsonEscapesWhereverAByteStands) {
  for (std::size_t size = 1; size <= 20; ++size) {
    for (std::size_t at = 0; at < size; ++at) {
      for (int byte = 0; byte < 128; ++byte) {
        std::string text(size, 'a'), escaped(1, static_cast<char>(byte));
        text[at] = static_cast<char>(byte);
        char code[8];
        std::snprintf(code, sizeof(code), "\\u%04x", static_cast<unsigned>(byte));
        if (byte < 0x20 || byte == 0x7F) escaped = code;
        if (byte == '\n') escaped = "\\n";
        if (byte == '\r') escaped = "\\r";
        if (byte == '\t') escaped = "\\t";
        if (byte == '"' || byte == '\\') escaped.insert(0, 1, '\\');
        std::string json;
        AppendJsonString(text, json);
        ASSERT_EQ(json, '"' + std::string(at, 'a') + escaped + std::string(size - at - 1, 'a') + '"') << size << " " << at << " " << byte;
      }
    }
  }
}

TEST(ErrorText, ReadsWell) {
  EXPECT_EQ(ErrorText(Value::Error(ValueError::kNoSuchKey, "depth")), "no such key: depth");
  EXPECT_EQ(ErrorText(Value::Error(ValueError::kNoMatchingOverload, "_+_")), "no matching overload: _+_");
  EXPECT_EQ(ErrorText(Value::Error(ValueError::kUnboundVariable, "row")), "row is not given in the request");
  EXPECT_EQ(ErrorText(Value::Error(ValueError::kDivideByZero)), "division by zero");
  EXPECT_EQ(ErrorText(Value::Error(ValueError::kNoSuchKey, "")), "no such key: \"\"");
  EXPECT_STREQ(ValueErrorName(ValueError::kNotABool), "NotABool");
}

TEST(Utf8, ValidationAndCounting) {
  EXPECT_TRUE(IsValidUtf8("plain ascii that is longer than eight, é, 😀 and \xEF\xBF\xBD"));
  for (const std::string_view bad :
       {"\x80", "\xC1\xBF", "\xE0\x80\x80", "\xED\xA0\x80", "\xF5\x80\x80\x80", "\xF0\x8F\xBF\xBF", "12345678\xC3", "\xE2\x82"}) {
    EXPECT_FALSE(IsValidUtf8(bad)) << bad;
  }
  EXPECT_EQ(CountCodePoints(""), 0U);
  EXPECT_EQ(CountCodePoints("πέντε"), 5U);
  EXPECT_EQ(CountCodePoints("🐱😀😛 and some more é"), 19U);
}

}  // namespace
}  // namespace writ
