#include "webhook/image/facts/judgement_cache.h"

#include <gtest/gtest.h>

namespace writ::image {
namespace {

constexpr UnixNanos kSecond = 1'000'000'000;

JudgementPtr Verified(std::size_t bytes = 0) {
  Judgement judgement{.kind = VerdictKind::kVerified, .message = {}, .statements = {}, .is_complete = true};
  if (bytes > 0) judgement.statements.push_back({"", std::string(bytes, 'x')});
  return std::make_shared<const Judgement>(judgement);
}

TEST(JudgementCache, ForgetsAfterItsTime) {
  JudgementCache cache(10'000);
  cache.Put("a", Verified(), 100 * kSecond, std::chrono::seconds(10));
  EXPECT_NE(cache.TryGet("a", 100 * kSecond), nullptr);
  EXPECT_NE(cache.TryGet("a", 110 * kSecond - 1), nullptr);
  EXPECT_EQ(cache.TryGet("a", 110 * kSecond), nullptr);
  EXPECT_EQ(cache.bytes(), 0U);
  cache.Put("a", Verified(), 100 * kSecond, std::chrono::seconds(10));
  EXPECT_EQ(cache.TryGet("a", 99 * kSecond), nullptr) << "a clock that went back proves nothing";
}

TEST(JudgementCache, TheLeastRecentlyUsedGoesFirst) {
  JudgementCache cache(3'000);
  for (const char* key : {"a", "b"}) cache.Put(key, Verified(1'000), 0, std::chrono::seconds(10));
  EXPECT_NE(cache.TryGet("a", 0), nullptr);
  cache.Put("c", Verified(1'000), 0, std::chrono::seconds(10));
  EXPECT_NE(cache.TryGet("a", 0), nullptr);
  EXPECT_EQ(cache.TryGet("b", 0), nullptr);
  EXPECT_NE(cache.TryGet("c", 0), nullptr);
  EXPECT_LE(cache.bytes(), 3'000U);
}

TEST(JudgementCache, WhatIsLargerThanAllOfItIsNotKept) {
  JudgementCache cache(3'000);
  cache.Put("a", Verified(), 0, std::chrono::seconds(10));
  cache.Put("a", Verified(5'000), 0, std::chrono::seconds(10));
  EXPECT_EQ(cache.TryGet("a", 0), nullptr) << "nor what it replaces";
  EXPECT_EQ(cache.bytes(), 0U);
}

}  // namespace
}  // namespace writ::image
