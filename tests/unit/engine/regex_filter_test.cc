// Filters of regular expressions: what they refuse, RE2 refuses.
#include "engine/emit/regex_filter.h"

#include <gtest/gtest.h>

#include <random>
#include <string>

#include "rules/function/regex.h"

namespace writ {
namespace {

TEST(RegexFilter, RefusesWhatHasNoneOfTheWords) {
  struct Case {
    const char* pattern;
    const char* text;
    bool may_match;
  };
  const Case cases[] = {
      {"(?i)pass|pwd|gh[op]_", "db_PassWord", true},
      {"(?i)pass|pwd|gh[op]_", "GHO_12", true},
      {"(?i)pass|pwd|gh[op]_", "gh_12", false},
      {"(?i)pass|pwd|gh[op]_", "", false},
      {"(?i)pass|pwd|gh[op]_", "pa", false},
      {"(?i)pass|pwd|gh[op]_", "pa\xc5\xbf\xc5\xbf", true},  // ſſ
      {"(?i)pass|pwd|gh[op]_", "nothing, \xc3\xa9", true},
      {"(?i)abc|de", "xDE", true},
      {"(?i)abc|de", "d", false},
      {"(?i)abc|de", "ab", false},
      {"^https://", "http://x", true},  // the first three bytes decide
      {"^https://", "oci://x", false},
      {"[|](abc|d[]|]ef)", "|d", false},
      {"[|](abc|d[]|]ef)", "|abc", true},
      {"(?i:abc)|\\|def", "x ABC", true},
      {"(?i:abc)|\\|def", "x de", false},
      {"[[:alpha:]|]abc|xyz", "q", false},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(std::string(c.pattern) + " in " + c.text);
    const RE2 regex(c.pattern, RegexOptions());
    ASSERT_TRUE(regex.ok());
    const auto filter = RegexFilter::TryMake(regex);
    ASSERT_NE(filter, nullptr);
    EXPECT_EQ(filter->MayMatch(c.text), c.may_match);
  }
}

TEST(RegexFilter, IsNoneWhereAShortTextCanMatch) {
  for (const char* pattern : {"", "a", "a|cdef", ".*", "[a-z]+x", "abc|", "(abc)?", "^$"}) {
    EXPECT_EQ(RegexFilter::TryMake(RE2(pattern, RegexOptions())), nullptr) << pattern;
  }
}

// Long texts are looked at sixteen places at a time, and the last places together with others.
TEST(RegexFilter, FindsAWordAtEachPlaceOfTextsOfAllSizes) {
  constexpr std::size_t kLongest = 70;
  const RE2 regex("(?i)passw|tok|;x", RegexOptions());
  const auto filter = RegexFilter::TryMake(regex);
  ASSERT_NE(filter, nullptr);
  for (std::size_t size = 0; size <= kLongest; ++size) {
    // Bytes that words have in other places.
    std::string without;
    while (without.size() < size) without += "ap;topa;skot;w";
    without.resize(size);
    EXPECT_FALSE(filter->MayMatch(without)) << size;
    for (const std::string_view word : {"PassW", "tOk", ";X"}) {
      for (std::size_t at = 0; at + word.size() <= size; ++at) {
        std::string text = without;
        text.replace(at, word.size(), word);
        EXPECT_TRUE(filter->MayMatch(text)) << text;
      }
    }
    for (std::size_t at = 0; at < size; ++at) {
      std::string text = without;
      text[at] = static_cast<char>(0xFF);
      EXPECT_TRUE(filter->MayMatch(text)) << at << " of " << size;
    }
  }
}

// Patterns and texts of few letters, so that many match.
TEST(RegexFilter, NeverRefusesAMatch) {
  std::mt19937 random(20260101);  // NOLINT(cert-msc51-cpp): the same cases each time
  const std::string_view parts[] = {
      "abc", "ab",  "c",   "|",  "|", "(",   ")", "(?:", "(?i:", "(?i)",     "[ab]", "[^a|]", "[]|]",     "[[:alpha:]|]",
      ".*",  "\\|", "\\)", "x?", "+", "{2}", "^", "$",   "\\b",  "\xc5\xbf", "sk",   "K",     "\\Qa|b\\E"};
  const std::string_view letters[] = {"a", "b", "c", "A", "B", "C", "|", "x", "s", "S", "k", "K", ")", "]", "\xc5\xbf", "\xe2\x84\xaa"};
  const auto some = [&random](const auto& from, std::size_t most) {
    std::string text;
    for (std::size_t count = random() % (most + 1); count > 0; --count) text += from[random() % std::size(from)];
    return text;
  };
  int filters = 0;
  int matches = 0;
  for (int i = 0; i < 60'000; ++i) {
    const std::string pattern = some(parts, 8);
    const RE2 regex(pattern, RegexOptions());
    if (!regex.ok()) continue;
    const auto filter = RegexFilter::TryMake(regex);
    if (filter == nullptr) continue;
    ++filters;
    for (int j = 0; j < 30; ++j) {
      const std::string text = some(letters, j % 2 == 0 ? 12 : 60);
      if (!regex.Match(text, 0, text.size(), RE2::UNANCHORED, nullptr, 0)) continue;
      ++matches;
      EXPECT_TRUE(filter->MayMatch(text)) << pattern << " matches " << text;
    }
  }
  EXPECT_GT(filters, 300);
  EXPECT_GT(matches, 100);
}

}  // namespace
}  // namespace writ
