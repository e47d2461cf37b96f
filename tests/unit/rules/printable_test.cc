// What is shown to people: every class of characters that would show otherwise than they are.
#include "rules/base/printable.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace writ {
namespace {

std::string Utf8(std::uint32_t code_point) {
  const auto tail = [&](unsigned shift) { return static_cast<char>(0x80U | ((code_point >> shift) & 0x3FU)); };
  if (code_point < 0x80) return {static_cast<char>(code_point)};
  if (code_point < 0x800) return {static_cast<char>(0xC0U | (code_point >> 6U)), tail(0)};
  if (code_point < 0x10000) return {static_cast<char>(0xE0U | (code_point >> 12U)), tail(6), tail(0)};
  return {static_cast<char>(0xF0U | (code_point >> 18U)), tail(12), tail(6), tail(0)};
}

std::string Hex(std::uint32_t code_point) {
  char text[16];
  std::snprintf(text, sizeof text, "\\u{%x}", code_point);
  return text;
}

struct Class {
  const char* name;
  std::uint32_t first, last;
};

constexpr Class kEscaped[] = {
    {"C0 controls before the tab", 0x00, 0x08},
    {"C0 controls after the line feed", 0x0B, 0x0C},
    {"C0 controls after the carriage return, escape among them", 0x0E, 0x1F},
    {"delete and C1 controls", 0x7F, 0x9F},
    {"no-break space", 0xA0, 0xA0},
    {"soft hyphen", 0xAD, 0xAD},
    {"combining grapheme joiner", 0x34F, 0x34F},
    {"Arabic letter mark", 0x61C, 0x61C},
    {"Hangul fillers", 0x115F, 0x1160},
    {"Ogham space", 0x1680, 0x1680},
    {"Khmer vowels that show nothing", 0x17B4, 0x17B5},
    {"Mongolian selectors and separator", 0x180B, 0x180F},
    {"spaces of other widths", 0x2000, 0x200A},
    {"zero width space, joiners, left-to-right and right-to-left marks", 0x200B, 0x200F},
    {"line and paragraph separator", 0x2028, 0x2029},
    {"bidirectional embeddings and overrides", 0x202A, 0x202E},
    {"word joiner, invisible operators", 0x2060, 0x2064},
    {"bidirectional isolates", 0x2066, 0x2069},
    {"deprecated format characters", 0x206A, 0x206F},
    {"Braille blank", 0x2800, 0x2800},
    {"ideographic space", 0x3000, 0x3000},
    {"Hangul filler", 0x3164, 0x3164},
    {"byte order mark", 0xFEFF, 0xFEFF},
    {"half-width Hangul filler", 0xFFA0, 0xFFA0},
    {"interlinear annotations", 0xFFF9, 0xFFFB},
    {"shorthand format controls", 0x1BCA0, 0x1BCA3},
    {"musical format controls", 0x1D173, 0x1D17A},
    {"tags", 0xE0000, 0xE007F},
    {"variation selectors beyond those of emoji", 0xE0100, 0xE01EF},
};

TEST(Printable, EscapesWhatShowsOtherwiseThanItIs) {
  for (const Class& c : kEscaped) {
    SCOPED_TRACE(c.name);
    for (std::uint32_t code_point = c.first; code_point <= c.last; ++code_point) {
      EXPECT_EQ(Printable("a" + Utf8(code_point) + "b"), "a" + Hex(code_point) + "b");
    }
  }
  EXPECT_EQ(Printable("\n\r\t"), "\\n\\r\\t");
  EXPECT_EQ(Printable("a\nb\x1b", LineFeeds::kKept), "a\nb\\u{1b}");
}

TEST(Printable, KeepsWhatPeopleWrite) {
  for (const std::string_view text :
       {"", "plain ~ \\ \" text", "café", "日本語テスト", "العربية", "עברית", "⚠️ 🐱", "e\u0301", "Ω≠∞"}) {
    EXPECT_EQ(Printable(text), text);
    EXPECT_EQ(PrintableJson(text), text);
  }
}

TEST(Printable, EscapesBytesThatAreNotUtf8) {
  EXPECT_EQ(Printable("\xFF€\xC2"), "\\xff€\\xc2");
  EXPECT_EQ(Printable("\xED\xA0\x80"), "\\xed\\xa0\\x80");  // a surrogate
  EXPECT_EQ(Printable("\xC0\x9B"), "\\xc0\\x9b");           // an overlong escape
}

TEST(Printable, JsonStaysTheSameDocument) {
  for (const Class& c : kEscaped) {
    SCOPED_TRACE(c.name);
    for (std::uint32_t code_point = c.first; code_point <= c.last; ++code_point) {
      const nlohmann::json document = {{"a" + Utf8(code_point), {Utf8(code_point) + "\n"}}};
      const std::string shown = PrintableJson(document.dump(2));
      EXPECT_EQ(nlohmann::json::parse(shown), document);
      EXPECT_EQ(shown.find(Utf8(code_point)), std::string::npos);
    }
  }
  EXPECT_EQ(PrintableJson("\"\u202e\U000E0041\""), "\"\\u202e\\udb40\\udc41\"");
}

}  // namespace
}  // namespace writ
