// Work that ends, and work that does not.
#include "webhook/reload/bounded_threads.h"

#include <future>
#include <stdexcept>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/webhook/test_client.h"

namespace writ::server {
namespace {

using std::chrono::milliseconds;

TEST(BoundedThreads, ReturnsWhatWorkReturns) {
  const BoundedThreads threads({});
  EXPECT_EQ(7, *threads.Run<int>("counting", []() -> Result<int> { return 7; }));
  const auto failed = threads.Run<int>("counting", []() -> Result<int> { return Error{ErrorCode::kNotFound, "no"}; });
  EXPECT_EQ("no", failed.error().message);
  EXPECT_THROW(static_cast<void>(threads.Run<int>("counting", []() -> Result<int> { throw std::runtime_error("x"); })), std::runtime_error);
  EXPECT_EQ(0U, threads.left());
}

TEST(BoundedThreads, LeavesWorkThatDoesNotEnd) {
  const BoundedThreads threads({.limit = milliseconds(5), .max_left = 2});
  std::promise<void> hang;
  const std::function<Result<int>()> work = [hung = hang.get_future().share()]() -> Result<int> {
    hung.wait();
    return 1;
  };
  for (std::uint32_t left = 1; left <= 2; ++left) {
    const auto late = threads.Run<int>("reading x", work);
    EXPECT_THAT(late.error().message, testing::HasSubstr("reading x took longer than"));
    EXPECT_EQ(ErrorCode::kUnreadable, late.error().code);
    EXPECT_EQ(left, threads.left());
  }
  const auto full = threads.Run<int>("reading x", []() -> Result<int> { return 7; });
  EXPECT_EQ("reading x: 2 earlier attempts still wait for a file system that does not answer", full.error().message);
  hang.set_value();
  EXPECT_TRUE(test::Eventually([&] { return threads.left() == 0; }));
  EXPECT_TRUE(test::Eventually([&] { return threads.Run<int>("reading x", []() -> Result<int> { return 7; }).ok(); }));
}

}  // namespace
}  // namespace writ::server
