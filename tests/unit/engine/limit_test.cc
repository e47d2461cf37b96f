// GCRA quotas: bursts, refill, several limits at once, clocks that jump, many buckets, many threads.
#include "engine/limit/quota_table.h"

#include <gtest/gtest.h>

#include <atomic>
#include <limits>
#include <thread>

namespace writ {
namespace {

constexpr std::int64_t kSecond = 1'000'000'000;

class Limit : public ::testing::Test {
 protected:
  // Returns 0 when the charges pass, else the longest wait in nanoseconds.
  std::int64_t Charge(std::vector<QuotaCharge> charges, QuotaMode mode = QuotaMode::kConsume) {
    std::vector<std::int64_t> waits(charges.size());
    if (table_.TryCharge(charges, now_, mode, waits)) return 0;
    return *std::max_element(waits.begin(), waits.end());
  }
  std::int64_t Charge(std::string key, std::uint64_t count, std::int64_t period) { return Charge({{std::move(key), count, period}}); }

  QuotaTable table_;
  UnixNanos now_ = 1'000 * kSecond;
};

TEST_F(Limit, LetsABurstPassThenRefillsEvenly) {
  for (int i = 0; i < 30; ++i) EXPECT_EQ(Charge("a", 30, 60 * kSecond), 0) << i;
  EXPECT_EQ(Charge("a", 30, 60 * kSecond), 2 * kSecond);
  EXPECT_EQ(Charge("b", 30, 60 * kSecond), 0) << "another key has its own bucket";
  now_ += 2 * kSecond - 1;
  EXPECT_EQ(Charge("a", 30, 60 * kSecond), 1);
  now_ += 1;
  EXPECT_EQ(Charge("a", 30, 60 * kSecond), 0);
  EXPECT_EQ(Charge("a", 30, 60 * kSecond), 2 * kSecond);
  now_ += 3600 * kSecond;
  for (int i = 0; i < 30; ++i) EXPECT_EQ(Charge("a", 30, 60 * kSecond), 0) << "full again, not fuller: " << i;
  EXPECT_NE(Charge("a", 30, 60 * kSecond), 0);
}

TEST_F(Limit, CountsExactlyWhereThePeriodDoesNotDivide) {
  for (int i = 0; i < 7; ++i) EXPECT_EQ(Charge("a", 7, kSecond), 0) << i;
  EXPECT_NE(Charge("a", 7, kSecond), 0);
  for (int i = 0; i < 3; ++i) EXPECT_EQ(Charge("b", 3, 1), 0) << "more calls than nanoseconds: " << i;
  EXPECT_NE(Charge("b", 3, 1), 0);
}

TEST_F(Limit, TakesExtremeLimits) {
  constexpr auto kHuge = std::numeric_limits<std::uint64_t>::max();
  constexpr auto kLong = std::numeric_limits<std::int64_t>::max();
  EXPECT_EQ(Charge("a", kHuge, kLong), 0);
  EXPECT_EQ(Charge("b", 1, kLong), 0);
  EXPECT_GT(Charge("b", 1, kLong), 0);
  EXPECT_EQ(Charge("c", kHuge, 1), 0);
}

TEST_F(Limit, ConsumesAllOrNothing) {
  EXPECT_EQ(Charge("narrow", 1, kSecond), 0);
  for (int i = 0; i < 5; ++i)
    EXPECT_EQ(Charge({{"wide", 2, kSecond}, {"narrow", 1, kSecond}}), kSecond) << "wide is not used up by refused calls";
  EXPECT_EQ(Charge("wide", 2, kSecond), 0);
  EXPECT_EQ(Charge("wide", 2, kSecond), 0);
  EXPECT_NE(Charge("wide", 2, kSecond), 0);
}

TEST_F(Limit, LooksWithoutConsuming) {
  for (int i = 0; i < 5; ++i) EXPECT_EQ(Charge({{"a", 1, kSecond}}, QuotaMode::kLook), 0);
  EXPECT_EQ(table_.bucket_count(), 0U);
  EXPECT_EQ(Charge("a", 1, kSecond), 0);
  EXPECT_EQ(Charge({{"a", 1, kSecond}}, QuotaMode::kLook), kSecond);
}

TEST_F(Limit, ClockSetBackLocksNobodyOutForLong) {
  EXPECT_EQ(Charge("a", 1, 10 * kSecond), 0);
  now_ -= 3600 * kSecond;
  EXPECT_EQ(Charge("a", 1, 10 * kSecond), 10 * kSecond);
  now_ += 10 * kSecond;
  EXPECT_EQ(Charge("a", 1, 10 * kSecond), 10 * kSecond) << "still bounded by one period";
}

TEST(QuotaTable, IsBoundedAndDropsFullBucketsFirst) {
  QuotaTable table(16 * 4);
  std::vector<std::int64_t> wait(1);
  const auto charge = [&](const std::string& key, UnixNanos now) {
    const std::vector<QuotaCharge> charges = {{key, 1, 1000 * kSecond}};
    return table.TryCharge(charges, now, QuotaMode::kConsume, wait);
  };
  for (int i = 0; i < 10'000; ++i) charge("flood" + std::to_string(i), i);
  EXPECT_LE(table.bucket_count(), 64U);
  // A bucket that was emptied last is the last to go.
  EXPECT_TRUE(charge("mine", 20'000));
  EXPECT_FALSE(charge("mine", 20'001));
}

// A table of sixteen shards with room for four buckets each.
class FullQuotaTable : public ::testing::Test {
 protected:
  bool Charge(const std::string& key, std::uint64_t count, std::int64_t period) {
    const std::vector<QuotaCharge> charges = {{key, count, period}};
    std::vector<std::int64_t> wait(1);
    return table_.TryCharge(charges, now_, QuotaMode::kConsume, wait);
  }
  // A thousand keys that are in debt for `period` each.
  void Flood(std::int64_t period) {
    for (int i = 0; i < 1'000; ++i) EXPECT_TRUE(Charge("flood" + std::to_string(flooded_++), 1, period));
  }

  QuotaTable table_{16 * 4};
  UnixNanos now_ = 1'000'000 * kSecond;
  int flooded_ = 0;
};

TEST_F(FullQuotaTable, KeepsThoseDeepestInDebt) {
  EXPECT_TRUE(Charge("deep", 1, 3'600 * kSecond));
  Flood(60 * kSecond);
  EXPECT_FALSE(Charge("deep", 1, 3'600 * kSecond));
  EXPECT_EQ(64U, table_.bucket_count());
}

TEST_F(FullQuotaTable, CountsWhatABucketOwesNowNotWhenItWasMade) {
  for (int i = 0; i < 10; ++i) EXPECT_TRUE(Charge("busy", 10, 3'600 * kSecond));  // the first one owes 6 minutes, all owe an hour
  Flood(1'200 * kSecond);
  EXPECT_FALSE(Charge("busy", 10, 3'600 * kSecond));
}

TEST_F(FullQuotaTable, DropsOnesThatAreFullAgainBeforeAnyInDebt) {
  for (int i = 0; i < 2'000; ++i) Charge("old" + std::to_string(i), 1, 3'600 * kSecond);
  now_ += 3'600 * kSecond;
  std::vector<std::string> kept;
  for (int i = 0; i < 8; ++i) {
    EXPECT_TRUE(Charge("new" + std::to_string(i), 1, 60 * kSecond));
    kept.push_back("new" + std::to_string(i));
  }
  int forgotten = 0;
  for (const std::string& key : kept) forgotten += Charge(key, 1, 60 * kSecond) ? 1 : 0;
  EXPECT_EQ(0, forgotten);
}

TEST_F(FullQuotaTable, AClockSetBackDoesNotTurnTheOrderAround) {
  Flood(60 * kSecond);
  now_ -= 86'400 * kSecond;
  EXPECT_TRUE(Charge("deep", 1, 3'600 * kSecond));
  Flood(60 * kSecond);
  EXPECT_FALSE(Charge("deep", 1, 3'600 * kSecond));
}

TEST(QuotaTable, CountsExactlyUnderThreads) {
  QuotaTable table;
  std::atomic<int> passed{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      std::vector<std::int64_t> waits(2);
      for (int i = 0; i < 500; ++i) {
        const std::vector<QuotaCharge> charges = {{"shared", 700, 3600 * kSecond}, {"other" + std::to_string(i % 40), 10'000, kSecond}};
        if (table.TryCharge(charges, 0, QuotaMode::kConsume, waits)) passed.fetch_add(1);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(passed.load(), 700);
}

}  // namespace
}  // namespace writ
