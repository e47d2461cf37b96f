#include "cli/text.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "cli/console.h"

namespace writ::cli {
namespace {

TEST(Utf8, FindsTheFirstBadByte) {
  struct Case {
    std::string_view text;
    int bad;  // -1: none
  };
  const Case cases[] = {{"abc", -1},
                        {"aé€😀", -1},
                        {"a\x80", 1},
                        {"\xC0\xAF", 0},
                        {"\xE0\x80\x80", 0},
                        {"\xED\xA0\x80", 0},
                        {"\xF4\x90\x80\x80", 0},
                        {"ab\xE2\x82", 2},
                        {"\xF0\x8F\xBF\xBF", 0},
                        {"\xFF", 0}};
  for (const Case& c : cases) {
    const std::optional<std::size_t> bad = FindInvalidUtf8(c.text);
    EXPECT_EQ(c.bad, bad ? static_cast<int>(*bad) : -1) << c.text;
  }
}

TEST(Text, OneLineCutsByCodePoints) {
  EXPECT_EQ("a b c", OneLine("  a\n\t b   c \n", 20));
  EXPECT_EQ("äö…", OneLine("äöüß", 3));
  EXPECT_EQ("äöü", OneLine("äöü", 3));
}

TEST(Text, Counts) {
  EXPECT_EQ("1 file", Counted(1, "file"));
  EXPECT_EQ("0 files", Counted(0, "file"));
  EXPECT_EQ("2 policies", Counted(2, "policy", "policies"));
  EXPECT_EQ("f:2:2", PlaceOf("f", "a\nöx", 4));
  EXPECT_EQ("ö  ", Padded("ö", 3));
}

// Input cannot steer the terminal.
}  // namespace
}  // namespace writ::cli
