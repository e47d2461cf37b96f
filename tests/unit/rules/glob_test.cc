#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "rules/index/index.h"
#include "tests/support/program_builder.h"

namespace writ {
namespace {

struct GlobCase {
  std::string_view pattern, text;
  bool matches;
};

constexpr GlobCase kGlobCases[] = {
    {"", "", true},
    {"", "a", false},
    {"a", "a", true},
    {"a", "", false},
    {"a", "ab", false},
    {"*", "", true},
    {"*", "delete_all", true},
    {"*", "fs/read", false},
    {"**", "fs/read", true},
    {"***", "fs/read", true},
    {"**", "", true},
    {"delete_*", "delete_", true},
    {"delete_*", "delete_x", true},
    {"delete_*", "undelete_x", false},
    {"*_admin", "grant_admin", true},
    {"*_admin", "grant_admin_", false},
    {"*_admin_*", "a_admin_b_admin_", true},
    {"a*b*c", "aXbXbXc", true},
    {"a*b*c", "aXcXb", false},
    {"fs/*", "fs/read", true},
    {"fs/*", "fs/a/b", false},
    {"fs/**", "fs/a/b", true},
    {"*/read", "fs/read", true},
    {"*/*", "a/b", true},
    {"*/*", "a/b/c", false},
    {"**/z", "x/y/z", true},
    {"/x/**/z", "/x/y/y/z", true},
    {"/x/**/z", "/x/z", false},
    {"**/a*/z", "q/ab/z", true},
    {"**/a*/z", "q/ab/c/z", false},
    {"**a*/z", "a/a/ab/z", true},
    {"*a**", "xa/y", true},
    {"*a**", "x/a", false},
    {"\\*", "*", true},
    {"\\*", "a", false},
    {"a\\**", "a*b", true},
    {"\\\\", "\\", true},
    {"\\a", "a", true},
    {"\xff*", "\xff\xfe", true},
    {"a?c", "abc", false},
    {"[ab]", "a", false},
};

TEST(Glob, Matches) {
  for (const GlobCase& c : kGlobCases) {
    SCOPED_TRACE(std::string(c.pattern) + " on " + std::string(c.text));
    EXPECT_EQ(c.matches, GlobMatches(c.pattern, c.text));
  }
}

// The definition, by trying everything. Depth is bounded by the short texts of the test.
bool NaiveMatches(std::string_view pattern, std::string_view text) {
  if (pattern.empty()) return text.empty();
  if (pattern.front() == '*') {
    const bool crosses = pattern.size() > 1 && pattern[1] == '*';
    const std::string_view rest = pattern.substr(crosses ? 2 : 1);
    for (std::size_t taken = 0;; ++taken) {
      if (NaiveMatches(rest, text.substr(taken))) return true;
      if (taken == text.size() || (!crosses && text[taken] == '/')) return false;
    }
  }
  const std::size_t escape = pattern.front() == '\\' && pattern.size() > 1 ? 1 : 0;
  return !text.empty() && text.front() == pattern[escape] && NaiveMatches(pattern.substr(escape + 1), text.substr(1));
}

TEST(Glob, AgreesWithItsDefinition) {
  constexpr std::uint64_t kSeed = 20261121;
  SCOPED_TRACE("seed " + std::to_string(kSeed));
  test::Random random(kSeed);
  const std::string_view pattern_bytes = "ab/**\\", text_bytes = "ab/*";
  for (int i = 0; i < 200'000; ++i) {
    std::string pattern, text;
    for (std::size_t n = random.Below(7); n > 0; --n) pattern += pattern_bytes[random.Below(pattern_bytes.size())];
    for (std::size_t n = random.Below(9); n > 0; --n) text += text_bytes[random.Below(text_bytes.size())];
    ASSERT_EQ(NaiveMatches(pattern, text), GlobMatches(pattern, text)) << '"' << pattern << "\" on \"" << text << '"';
  }
}

TEST(Glob, HostilePatternsTakeNoTime) {
  const std::string text(2'000, 'a');
  std::string stars, mixed;
  for (int i = 0; i < 700; ++i) {
    stars += "a*";
    mixed += i % 2 == 0 ? "a*" : "a**";
  }
  EXPECT_FALSE(GlobMatches(stars + "b", text));
  EXPECT_FALSE(GlobMatches(mixed + "b", text));
  EXPECT_TRUE(GlobMatches(mixed, text));
  EXPECT_TRUE(GlobMatches(std::string(100'000, '*'), text));
}

}  // namespace
}  // namespace writ
