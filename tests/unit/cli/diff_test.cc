#include "cli/diff.h"

#include <gtest/gtest.h>

#include <string>

namespace writ::cli {
namespace {

TEST(UnifiedDiff, IsEmptyForEqualTexts) { EXPECT_EQ("", UnifiedDiff("f", "a\nb\n", "a\nb\n")); }

TEST(UnifiedDiff, ShowsHunksWithContext) {
  const std::string before = "1\n2\n3\n4\n5\n6\n7\n8\n9\n10\n11\n12\n";
  const std::string after = "1\n2\n3\nfour\n5\n6\n7\n8\n9\n10\n11\n12\n13\n";
  EXPECT_EQ(
      "--- f\n+++ f (formatted)\n"
      "@@ -1,7 +1,7 @@\n 1\n 2\n 3\n-4\n+four\n 5\n 6\n 7\n"
      "@@ -10,3 +10,4 @@\n 10\n 11\n 12\n+13\n",
      UnifiedDiff("f", before, after));
}

TEST(UnifiedDiff, JoinsNearChangesAndNamesMissingLineFeeds) {
  EXPECT_EQ("--- f\n+++ f (formatted)\n@@ -1,4 +1,4 @@\n-a\n+A\n b\n c\n-d\n\\ No newline at end of file\n+D\n",
            UnifiedDiff("f", "a\nb\nc\nd", "A\nb\nc\nD\n"));
}

TEST(UnifiedDiff, FromNothingAndToNothing) {
  EXPECT_EQ("--- f\n+++ f (formatted)\n@@ -0,0 +1 @@\n+a\n", UnifiedDiff("f", "", "a\n"));
  EXPECT_EQ("--- f\n+++ f (formatted)\n@@ -1 +0,0 @@\n-a\n", UnifiedDiff("f", "a\n", ""));
}

// Beyond the table's limit the difference is one block, and still a correct diff.
TEST(UnifiedDiff, FallsBackOnLargeDifferences) {
  std::string before;
  std::string after;
  for (int i = 0; i < 3'000; ++i) {
    before += "a" + std::to_string(i) + "\n";
    after += "b" + std::to_string(i) + "\n";
  }
  const std::string diff = UnifiedDiff("f", before, after);
  EXPECT_NE(std::string::npos, diff.find("@@ -1,3000 +1,3000 @@\n-a0\n"));
}

}  // namespace
}  // namespace writ::cli
