// The strict JSON reader: what it accepts as which value, and what it refuses with which words.
#include "engine/json/json_reader.h"

#include <gtest/gtest.h>

#include <sys/mman.h>

#include <cstring>

#include "engine/json/json_document.h"
#include "engine/json/json_locate.h"

namespace writ {
namespace {

std::string ReadText(std::string_view text, const JsonLimits& limits = {}) {
  Arena arena;
  JsonReader reader(limits);
  const Result<Value> value = reader.Read(text, arena);
  if (!value) return std::string(ErrorCodeName(value.error().code)) + ": " + value.error().message;
  return LiteralText(*value);
}

struct Case {
  std::string name;
  std::string text;
  std::string read;
};

TEST(JsonReader, ReadsValues) {
  const Case cases[] = {
      {"null", "null", "null"},
      {"scalar with space", " \t\r\n true ", "true"},
      {"least int", "-9223372036854775808", "-9223372036854775808"},
      {"greatest int", "9223372036854775807", "9223372036854775807"},
      {"minus zero is an int", "-0", "0"},
      {"double", "1.5", "1.5"},
      {"integral double stays a double", "[1.0, 1e2]", "[1.0, 100.0]"},
      {"nested", R"({"b": [1, {"c": null}], "a": "x"})", R"({"b": [1, {"c": null}], "a": "x"})"},
      {"beyond int64", "[9223372036854775808, 18446744073709551615]", "[9223372036854776000.0, 18446744073709552000.0]"},
      {"integer one beyond uint64", R"({"n": 18446744073709551616})", R"({"n": 18446744073709552000.0})"},
      {"integer below int64", "[-9223372036854775809, -1]", "[-9223372036854776000.0, -1]"},
      {"integer of thirty digits", R"({"123456789012345678901234567890\\\"1": 123456789012345678901234567890})",
       R"({"123456789012345678901234567890\\\"1": 1.2345678901234568e+29})"},
      {"empty containers", "[[], {}, \"\"]", "[[], {}, \"\"]"},
      {"escapes", R"("\u0041\ud83d\ude00\"\\\/\n")", "\"A\U0001F600\\\"\\\\/\\n\""},
      {"keys that differ in case", R"({"a": 1, "A": 2})", R"({"a": 1, "A": 2})"},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.name);
    EXPECT_EQ(ReadText(c.text), c.read);
  }
}

TEST(JsonReader, RefusesWithThePlace) {
  const Case cases[] = {
      {"empty", "", "invalid_argument: byte 0: the document is empty"},
      {"white space", "  ", "invalid_argument: byte 2: the document holds nothing but white space"},
      {"byte-order mark", "\xEF\xBB\xBF{}", "invalid_argument: byte 0: a byte-order mark is not JSON"},
      {"trailing bytes", "{} x", "invalid_argument: byte 3: trailing `x` after the document"},
      {"two documents", "1 2", "invalid_argument: byte 2: trailing `2` after the document"},
      {"duplicate key", R"({"principal": {"id": "a", "id": "b"}})", "invalid_argument: byte 26: duplicate key `id` in `principal`"},
      {"duplicate key at the top", R"({"a": 1, "a": 1})", "invalid_argument: byte 9: duplicate key `a`"},
      {"duplicate key written with an escape", R"({"a": 1, "\u0061": 1})", "invalid_argument: byte 9: duplicate key `a`"},
      {"duplicate key in a list", R"([{}, {"x": [{"a b": 1, "a b": 2}]}])", "invalid_argument: byte 23: duplicate key `a b` in `[1].x[0]`"},
      {"integer beyond a double", "[1" + std::string(400, '0') + "]",
       "invalid_argument: byte 1: number out of range: `1" + std::string(60, '0') + "…` does not fit in a double in `[0]`"},
      {"integer beyond uint64 before a letter", "18446744073709551616x", "invalid_argument: byte 20: trailing `x` after the document"},
      {"integer beyond uint64 with a leading zero", "[018446744073709551616]",
       "invalid_argument: byte 1: a number cannot begin with a zero in `[0]`"},
      {"double out of range", "[1e999]", "invalid_argument: byte 1: number out of range: `1e999` does not fit in a double in `[0]`"},
      {"leading zero", "[01]", "invalid_argument: byte 1: a number cannot begin with a zero in `[0]`"},
      {"plus", "+1", "invalid_argument: byte 0: expected a value, found `+`"},
      {"NaN", "NaN", "invalid_argument: byte 0: expected a value, found `N`"},
      {"half a number", "1.", "invalid_argument: byte 2: expected a digit, found end of text"},
      {"lone high surrogate", R"({"k": "\ud800x"})", "invalid_argument: byte 7: lone surrogate in a string in `k`"},
      {"lone low surrogate", R"(["\udc00"])", "invalid_argument: byte 2: lone surrogate in a string in `[0]`"},
      {"low surrogate after a pair", R"(["\ud83d\ude00\ude00"])", "invalid_argument: byte 14: lone surrogate in a string in `[0]`"},
      {"lone low surrogate in capitals", R"(["\uDFFF"])", "invalid_argument: byte 2: lone surrogate in a string in `[0]`"},
      {"high surrogate twice", R"(["\ud800\ud800"])", "invalid_argument: byte 2: lone surrogate in a string in `[0]`"},
      {"bad escape", R"(["\x"])", "invalid_argument: byte 2: invalid escape in a string in `[0]`"},
      {"control character", "[\"a\nb\"]",
       "invalid_argument: byte 3: control character byte 0x0A in a string: write it as an escape in `[0]`"},
      {"NUL", std::string("[\"\0\"]", 5),
       "invalid_argument: byte 2: control character byte 0x00 in a string: write it as an escape in `[0]`"},
      {"invalid UTF-8", "{\"k\": \"\xFF\"}", "invalid_argument: byte 7: invalid UTF-8: byte 0xFF in `k`"},
      {"overlong UTF-8", "[\"\xC0\xAF\"]", "invalid_argument: byte 2: invalid UTF-8: byte 0xC0 in `[0]`"},
      {"surrogate in UTF-8", "[\"\xED\xA0\x80\"]", "invalid_argument: byte 2: invalid UTF-8: byte 0xED in `[0]`"},
      {"invalid UTF-8 in a key", "{\"\xFF\": 1}", "invalid_argument: byte 2: invalid UTF-8: byte 0xFF"},
      {"open string", R"({"a": "b)", "invalid_argument: byte 6: a string without its closing quote in `a`"},
      {"open object", R"({"a": 1)", "invalid_argument: byte 7: expected `,` or `}`, found end of text"},
      {"trailing comma", "[1,]", "invalid_argument: byte 3: expected a value, found `]` in `[1]`"},
      {"key without quotes", "{a: 1}", "invalid_argument: byte 1: expected a key in double quotes, found `a`"},
      {"missing colon", R"({"a" 1})", "invalid_argument: byte 5: expected `:`, found `1` in `a`"},
      {"comment", "{/* */}", "invalid_argument: byte 1: expected a key in double quotes, found `/`"},
      {"word cut short", "[tru]", "invalid_argument: byte 1: expected a value, found `t` in `[0]`"},
      {"word with more", "nullx", "invalid_argument: byte 4: expected the end of `null`, found `x`"},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.name);
    EXPECT_EQ(ReadText(c.text), c.read);
  }
}

TEST(JsonReader, KeepsItsLimits) {
  const auto nested = [](int depth) {
    return std::string(static_cast<std::size_t>(depth), '[') + std::string(static_cast<std::size_t>(depth), ']');
  };
  EXPECT_TRUE(ReadText(nested(100)).starts_with("[[[["));
  EXPECT_EQ(ReadText(nested(101)), "too_large: byte 100: nested deeper than 100 levels");
  EXPECT_TRUE(ReadText(std::string(1'000'000, '[')).starts_with("too_large: byte 100")) << "hostile depth";
  EXPECT_EQ(ReadText(nested(4), {.max_depth = 3}), "too_large: byte 3: nested deeper than 3 levels");
  EXPECT_EQ(ReadText("[1, 2, 3]", {.max_bytes = 8}), "too_large: the document has 9 bytes, the limit is 8");
  EXPECT_EQ(ReadText("[1,2,3]", {.max_bytes = 7}), "[1, 2, 3]");
  Arena small(1024);
  JsonReader reader;
  const Result<Value> value = reader.Read("[" + std::string(2000, ' ') + "\"" + std::string(2000, 'x') + "\"]", small);
  ASSERT_FALSE(value);
  EXPECT_EQ(value.error().code, ErrorCode::kTooLarge);
}

// Small objects, and those where the search changes; keys that begin, end and measure alike.
TEST(JsonReader, FindsEveryDuplicateInSmallObjects) {
  for (const int members : {2, 3, 15, 16, 17, 18}) {
    const auto text_with = [members](int twice, int first) {
      std::string text = "{";
      for (int i = 0; i < members; ++i) {
        const int name = i == twice ? first : i;
        text += (i == 0 ? "\"k" : ", \"k") + std::to_string(10 + name) + (i % 3 == 0 ? "k\": {\"k\": [1.5, \"k\"]}" : "k\": \"k\"");
      }
      return text + "}";
    };
    EXPECT_EQ(ReadText(text_with(-1, 0)).find("invalid"), std::string::npos) << members;
    for (int twice = 1; twice < members; ++twice) {
      for (int first = 0; first < twice; ++first)
        EXPECT_NE(ReadText(text_with(twice, first)).find("duplicate key"), std::string::npos) << twice << " of " << members;
    }
  }
}

TEST(JsonReader, FindsDuplicatesInLargeObjects) {
  std::string text = "{";
  for (int i = 0; i < 1000; ++i) text += "\"key" + std::to_string(i) + "\": 0, ";
  EXPECT_TRUE(ReadText(text + "\"last\": 0}").starts_with("{\"key0\": 0"));
  EXPECT_EQ(ReadText(text + "\"key500\": 0}"), "invalid_argument: byte " + std::to_string(text.size()) + ": duplicate key `key500`");
}

// Every size around the padding, at the very end of readable memory: nothing may be read behind it.
TEST(JsonDocument, ReadsTextThatEndsWhereMemoryEnds) {
  constexpr std::size_t kPage = 4096;
  char* pages = static_cast<char*>(mmap(nullptr, 2 * kPage, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
  ASSERT_NE(pages, MAP_FAILED);
  ASSERT_EQ(mprotect(pages + kPage, kPage, PROT_NONE), 0);
  JsonDocument document;
  for (std::size_t gap = 0; gap < 80; ++gap) {
    SCOPED_TRACE(gap);
    const std::string_view text = R"({"a": [1, 2, "three"]})";
    char* at = pages + kPage - gap - text.size();
    std::memcpy(at, text.data(), text.size());
    std::memset(at + text.size(), ']', gap);  // what stands behind must not matter
    const Result<JsonNode> root = document.Parse({at, text.size()});
    ASSERT_TRUE(root) << root.error().message;
    EXPECT_EQ(root->Find("a").count(), 3U);
  }
  munmap(pages, 2 * kPage);
}

TEST(JsonDocument, IsReusedAfterErrorsAndLargeTexts) {
  JsonDocument document;
  for (int round = 0; round < 3; ++round) {
    EXPECT_FALSE(document.Parse("{"));
    const std::string large = "[\"" + std::string(2'000'000, 'x') + "\"]";
    ASSERT_TRUE(document.Parse(large));
    const Result<JsonNode> small = document.Parse("[1]");
    ASSERT_TRUE(small);
    EXPECT_EQ(small->count(), 1U);
    EXPECT_FALSE(document.Parse(std::string(200, '['))) << "the depth limit survives new buffers";
  }
}

// The scanner that words errors must agree with the parser about what is an error.
TEST(JsonLocate, AcceptsWhatIsStrict) {
  for (const char* text : {"{}", "[1, -2.5e-3, \"x\\u00e9\", {\"a\": {\"a\": [true, false, null]}}]", "\"\"", " 0 "}) {
    SCOPED_TRACE(text);
    EXPECT_FALSE(LocateJsonFault(text, {}).has_value());
  }
}

}  // namespace
}  // namespace writ
