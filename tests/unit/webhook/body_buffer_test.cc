// Bodies as they arrive, and their common budget.
#include "webhook/http/body_buffer.h"

#include <memory>
#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace writ::server::http {
namespace {

TEST(BodyBuffer, HoldsAtMostTwiceWhatArrived) {
  struct Case {
    const char* name;
    std::size_t max_bytes, piece, pieces, used;
  };
  constexpr Case kCases[] = {
      {"nothing", 1'000, 1, 0, 0},
      {"a byte of a long body", 8'000'000, 1, 1, 4'096},
      {"a byte of a short body", 100, 1, 1, 100},
      {"room that doubles", 8'000'000, 4'096, 3, 16'384},
      {"one large piece", 8'000'000, 10'000, 1, 10'000},
      {"the whole body", 10'000, 1'000, 10, 10'000},
  };
  for (const Case& c : kCases) {
    SCOPED_TRACE(c.name);
    BodyBudget budget(100'000'000);
    BodyBuffer body;
    body.Open(budget, c.max_bytes);
    std::string sent;
    for (std::size_t i = 0; i < c.pieces; ++i) {
      const std::string piece(c.piece, static_cast<char>('a' + i % 26));
      ASSERT_TRUE(body.TryAppend(piece));
      sent += piece;
    }
    EXPECT_EQ(sent, body.view());
    EXPECT_EQ(c.used, budget.used());
    body.Release();
    EXPECT_EQ(0U, budget.used());
  }
}

TEST(BodyBuffer, RefusesWhatWouldPassTheBudgetAndKeepsTheRest) {
  BodyBudget budget(10'000);
  BodyBuffer first;
  first.Open(budget, 8'000);
  ASSERT_TRUE(first.TryAppend(std::string(4'000, 'x')));
  {
    BodyBuffer second;
    second.Open(budget, 8'000);
    second.LimitTo(5'000);
    ASSERT_TRUE(second.TryAppend(std::string(5'000, 'y')));
    EXPECT_FALSE(first.TryAppend(std::string(4'000, 'x')));
    EXPECT_EQ(4'000U, first.view().size());
    EXPECT_EQ(9'096U, budget.used());
  }
  EXPECT_TRUE(first.TryAppend(std::string(4'000, 'x'))) << "the other one has given its room back";
  EXPECT_EQ(8'000U, budget.used());
}

}  // namespace
}  // namespace writ::server::http
