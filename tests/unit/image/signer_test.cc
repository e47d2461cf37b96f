#include "webhook/image/verify/signer.h"

#include <gtest/gtest.h>

namespace writ::image {
namespace {

struct GlobCase {
  std::string_view glob, subject;
  bool matches;
};

constexpr GlobCase kGlobCases[] = {
    {"a", "a", true},
    {"a", "A", false},
    {"a", "ab", false},
    {"", "", true},
    {"", "a", false},
    {"*", "", true},
    {"*", "abc", true},
    {"*", "a/b", false},
    {"*/*", "a/b", true},
    {"*/*", "a/b/c", false},
    {"a*", "abc", true},
    {"*c", "abc", true},
    {"a*c*e", "abcde", true},
    {"a*c*e", "abcd", false},
    {"a**e", "abcde", true},
    {"*@acme.example", "release@acme.example", true},
    {"*@acme.exam", "release@acme.example", false},
    {"*@acme.example", "release@acme.example.org", false},
    {"a.c", "abc", false},
    {"a?c", "abc", false},
    {"[ab]", "a", false},
    {"*b/x*", "abb/xy", true},
    {"*b/x*", "ab/yb/x", false},
    {"https://github.com/acme/*/.github/workflows/release.yml@refs/tags/*",
     "https://github.com/acme/slack-mcp/.github/workflows/release.yml@refs/tags/v1.4.2", true},
    {"https://github.com/*@refs/tags/v1.4.2", "https://github.com/acme/slack-mcp/.github/workflows/release.yml@refs/tags/v1.4.2", false},
    {"https://github.com/acme/*/.github/workflows/release.yml@refs/tags/*",
     "https://github.com/acme/slack-mcp/.github/workflows/release.yml@refs/tags/v1/../x", false},
};

TEST(SubjectGlob, MatchesWholeSubjectsAndStaysInSegments) {
  for (const GlobCase& one : kGlobCases)
    EXPECT_EQ(SubjectGlobMatches(one.glob, one.subject), one.matches) << one.glob << " " << one.subject;
}

}  // namespace
}  // namespace writ::image
