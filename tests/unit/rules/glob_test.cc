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
    {"/x/**/z", "/x/z", true},
    {"/x/**/z", "/x/yz", false},
    {"/x/**/z", "/xz", false},
    {"/x/**/z", "/x//z", true},
    {"**/z", "z", true},
    {"**/z", "/z", true},
    {"**/z", "yz", false},
    {"**/.git/**", ".git/config", true},
    {"**/.git/**", "a/.git/", true},
    {"**/.git/**", "a/.git", false},
    {"**/.git/**", "a.git/config", false},
    {"a/**/b/**/c", "a/b/c", true},
    {"a/**/b/**/c", "a/x/b/y/z/c", true},
    {"a/**/b/**/c", "a/b/b/c/c", true},
    {"a/**/b/**/c", "a/xb/c", false},
    {"a/**/**/b", "a/b", true},
    {"a/***/b", "a/b", true},
    {"a/**/*.txt", "a/x.txt", true},
    {"a/**/*.txt", "a/b/c/x.txt", true},
    {"a/**/*.txt", "ax.txt", false},
    {"*/**/b", "a/b", true},
    {"*/**/b", "a/x/y/b", true},
    {"*/**/b", "b", false},
    {"a**/b", "a/b", true},
    {"a**/b", "ab", false},
    {"a**/b", "ax/y/b", true},
    {"a/**", "a/", true},
    {"a/**", "a", false},
    {"**/", "", true},
    {"**/", "a/b/", true},
    {"**/", "a/b", false},
    {"a\\/**/b", "a/b", true},
    {"https://**/x", "https://host/x", true},
    {"https://**/x", "https://host/a/x", true},
    {"https://**/x", "https://x", false},
    {"file://**/x", "file:///x", true},
    {"https://host/**/x", "https://host/x", true},
    {"*://**/x", "db://x", false},
    {"a:/**/x", "a:/x", true},
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
bool NaiveMatches(std::string_view pattern, std::string_view text, std::string before = "/") {
  if (pattern.empty()) return text.empty();
  const bool begins_segment = before.ends_with('/') && !before.ends_with("://");
  if (pattern.starts_with("***")) return NaiveMatches(pattern.substr(1), text, before);
  if (pattern.starts_with("**/") && begins_segment) {
    if (NaiveMatches(pattern.substr(3), text, "/")) return true;
    for (std::size_t taken = 0; taken < text.size(); ++taken) {
      if (text[taken] == '/' && NaiveMatches(pattern.substr(3), text.substr(taken + 1), "/")) return true;
    }
    return false;
  }
  if (pattern.front() == '*') {
    const bool crosses = pattern.size() > 1 && pattern[1] == '*';
    const std::string_view rest = pattern.substr(crosses ? 2 : 1);
    for (std::size_t taken = 0;; ++taken) {
      if (NaiveMatches(rest, text.substr(taken), "*")) return true;
      if (taken == text.size() || (!crosses && text[taken] == '/')) return false;
    }
  }
  const std::size_t escape = pattern.front() == '\\' && pattern.size() > 1 ? 1 : 0;
  return !text.empty() && text.front() == pattern[escape] &&
         NaiveMatches(pattern.substr(escape + 1), text.substr(1), before + pattern[escape]);
}

TEST(Glob, AgreesWithItsDefinition) {
  constexpr std::uint64_t kSeed = 20261121;
  SCOPED_TRACE("seed " + std::to_string(kSeed));
  test::Random random(kSeed);
  const std::string_view pattern_pieces[] = {"a", "b", "/", "*", "**", "/**/", "://", "\\"};
  const std::string_view text_bytes = "ab//*:";
  for (int i = 0; i < 200'000; ++i) {
    std::string pattern, text;
    for (std::size_t n = random.Below(6); n > 0; --n) pattern += pattern_pieces[random.Below(std::size(pattern_pieces))];
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
  std::string folders, path;
  for (int i = 0; i < 500; ++i) {
    folders += "a/**/";
    path += "a/";
  }
  EXPECT_FALSE(GlobMatches(folders + "b", path));
  EXPECT_FALSE(GlobMatches(folders + "*b", path));
  EXPECT_TRUE(GlobMatches(folders + "*", path));
}

}  // namespace
}  // namespace writ
