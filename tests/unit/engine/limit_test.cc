// GCRA quotas: bursts, refill, several limits at once, clocks that jump, keys, full limits, reloads, many threads.
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <cmath>
#include <limits>
#include <map>
#include <thread>

#include "engine/limit/quota_key.h"
#include "engine/limit/quota_table.h"

namespace writ {
namespace {

constexpr std::int64_t kSecond = 1'000'000'000;
constexpr std::int64_t kHour = 3'600 * kSecond;

QuotaKey KeyOf(const Value& value) {
  std::uint64_t steps = 1'000'000;
  QuotaKeyBuilder builder;
  EXPECT_TRUE(builder.Add(value, steps));
  return builder.Finish();
}
QuotaKey KeyOf(const std::string& text) { return KeyOf(Value::String(text)); }

// A table with limits of its own, by name.
class Quotas {
 public:
  explicit Quotas(const QuotaLimits& bounds = {}, const std::vector<std::string>& names = {"a", "b", "c"}) : table(bounds) { Load(names); }

  void Load(const std::vector<std::string>& names) {
    std::vector<std::shared_ptr<LimitQuota>> adopted = table.Adopt(names, now);
    limits.clear();
    for (std::size_t i = 0; i < names.size(); ++i) limits[names[i]] = adopted[i];
  }
  QuotaCharge Of(const std::string& limit, const std::string& key, std::uint64_t count, std::int64_t period) {
    return {.limit = limits.at(limit).get(), .key = KeyOf(key), .count = count, .period_nanos = period};
  }
  // Returns 0 when the charges pass, else the longest wait in nanoseconds.
  std::int64_t Charge(std::vector<QuotaCharge> charges, ChargeMode mode = ChargeMode::kConsume) {
    const bool passes = table.TryCharge(charges, now, mode);
    std::int64_t longest = 0;
    for (const QuotaCharge& charge : charges) longest = std::max(longest, charge.wait_nanos);
    EXPECT_EQ(passes, longest == 0);
    return longest;
  }
  std::int64_t Charge(const std::string& limit, const std::string& key, std::uint64_t count, std::int64_t period) {
    return Charge({Of(limit, key, count, period)});
  }
  // As many charges with keys of their own; returns how many passed.
  int Flood(const std::string& limit, int keys, std::int64_t period) {
    int passed = 0;
    for (int i = 0; i < keys; ++i) passed += Charge(limit, "flood" + std::to_string(flooded_++), 1, period) == 0 ? 1 : 0;
    return passed;
  }

  QuotaTable table;
  std::map<std::string, std::shared_ptr<LimitQuota>> limits;
  UnixNanos now = 1'000'000 * kSecond;

 private:
  int flooded_ = 0;
};

TEST(Limit, LetsABurstPassThenRefillsEvenly) {
  Quotas q;
  for (int i = 0; i < 30; ++i) EXPECT_EQ(q.Charge("a", "x", 30, 60 * kSecond), 0) << i;
  EXPECT_EQ(q.Charge("a", "x", 30, 60 * kSecond), 2 * kSecond);
  EXPECT_EQ(q.Charge("a", "y", 30, 60 * kSecond), 0) << "another key has its own bucket";
  EXPECT_EQ(q.Charge("b", "x", 30, 60 * kSecond), 0) << "another limit, too";
  q.now += 2 * kSecond - 1;
  EXPECT_EQ(q.Charge("a", "x", 30, 60 * kSecond), 1);
  q.now += 1;
  EXPECT_EQ(q.Charge("a", "x", 30, 60 * kSecond), 0);
  EXPECT_EQ(q.Charge("a", "x", 30, 60 * kSecond), 2 * kSecond);
  q.now += kHour;
  for (int i = 0; i < 30; ++i) EXPECT_EQ(q.Charge("a", "x", 30, 60 * kSecond), 0) << "full again, not fuller: " << i;
  EXPECT_NE(q.Charge("a", "x", 30, 60 * kSecond), 0);
}

TEST(Limit, CountsExactlyWhereThePeriodDoesNotDivide) {
  Quotas q;
  for (int i = 0; i < 7; ++i) EXPECT_EQ(q.Charge("a", "x", 7, kSecond), 0) << i;
  EXPECT_NE(q.Charge("a", "x", 7, kSecond), 0);
  for (int i = 0; i < 3; ++i) EXPECT_EQ(q.Charge("b", "x", 3, 1), 0) << "more calls than nanoseconds: " << i;
  EXPECT_NE(q.Charge("b", "x", 3, 1), 0);
}

TEST(Limit, TakesExtremeLimits) {
  Quotas q;
  constexpr auto kHuge = std::numeric_limits<std::uint64_t>::max();
  constexpr auto kLong = std::numeric_limits<std::int64_t>::max();
  EXPECT_EQ(q.Charge("a", "x", kHuge, kLong), 0);
  EXPECT_EQ(q.Charge("b", "x", 1, kLong), 0);
  EXPECT_GT(q.Charge("b", "x", 1, kLong), 0);
  EXPECT_EQ(q.Charge("c", "x", kHuge, 1), 0);
}

TEST(Limit, ConsumesAllOrNothing) {
  Quotas q;
  EXPECT_EQ(q.Charge("a", "narrow", 1, kSecond), 0);
  for (int i = 0; i < 5; ++i)
    EXPECT_EQ(q.Charge({q.Of("b", "wide", 2, kSecond), q.Of("a", "narrow", 1, kSecond)}), kSecond) << "refused calls use nothing up";
  EXPECT_EQ(q.Charge("b", "wide", 2, kSecond), 0);
  EXPECT_EQ(q.Charge("b", "wide", 2, kSecond), 0);
  EXPECT_NE(q.Charge("b", "wide", 2, kSecond), 0);
}

TEST(Limit, LooksWithoutConsuming) {
  Quotas q;
  for (int i = 0; i < 5; ++i) EXPECT_EQ(q.Charge({q.Of("a", "x", 1, kSecond)}, ChargeMode::kLook), 0);
  EXPECT_EQ(q.table.bucket_count(), 0U);
  EXPECT_EQ(q.Charge("a", "x", 1, kSecond), 0);
  EXPECT_EQ(q.Charge({q.Of("a", "x", 1, kSecond)}, ChargeMode::kLook), kSecond);
}

TEST(Limit, ClockSetBackLocksNobodyOutForLong) {
  Quotas q;
  EXPECT_EQ(q.Charge("a", "x", 1, 10 * kSecond), 0);
  q.now -= kHour;
  EXPECT_EQ(q.Charge("a", "x", 1, 10 * kSecond), 10 * kSecond);
  q.now += 10 * kSecond;
  EXPECT_EQ(q.Charge("a", "x", 1, 10 * kSecond), 0) << "bounded by one period";
}

TEST(Limit, BeforeTheYear1970) {
  Quotas q;
  q.now = -5 * kHour;
  EXPECT_EQ(q.Charge("a", "x", 1, kHour), 0);
  EXPECT_EQ(q.Charge("a", "x", 1, kHour), kHour);
}

// ---- keys ---------------------------------------------------------------------------------------------------------------------

TEST(QuotaKey, IsOneForWhatIsEqual) {
  Arena arena;
  const auto map = [&](std::vector<MapEntry> entries) {
    MapEntry* kept = arena.AllocateArray<MapEntry>(entries.size());
    std::copy(entries.begin(), entries.end(), kept);
    return Value::Map(MakeMap(arena, kept, static_cast<std::uint32_t>(entries.size())));
  };
  const auto list = [&](std::vector<Value> items) {
    Value* kept = arena.AllocateArray<Value>(items.size());
    std::copy(items.begin(), items.end(), kept);
    return Value::List(kept, static_cast<std::uint32_t>(items.size()));
  };
  const auto text = [](const char* s) { return Value::String(s); };
  const Value one = Value::Int(1), uint_one = Value::Uint(1), double_one = Value::Double(1);
  struct Case {
    const char* name;
    Value a, b;
  };
  const Case equal[] = {
      {"int and double", Value::Int(42), Value::Double(42)},
      {"int and uint", Value::Int(42), Value::Uint(42)},
      {"zero", Value::Int(0), Value::Double(-0.0)},
      {"negative", Value::Int(-7), Value::Double(-7)},
      {"beyond 2^53", Value::Int(9'007'199'254'740'993), Value::Double(9'007'199'254'740'992)},
      {"the largest uint", Value::Uint(~std::uint64_t{0}), Value::Double(18'446'744'073'709'551'616.0)},
      {"NaN, so that it is no way to a fresh bucket", Value::Double(std::nan("1")), Value::Double(-std::nan("2"))},
      {"map order", map({{text("a"), one}, {text("b"), uint_one}}), map({{text("b"), double_one}, {text("a"), double_one}})},
      {"map with numbers as keys", map({{one, text("x")}, {Value::Int(2), text("y")}}),
       map({{Value::Uint(2), text("y")}, {uint_one, text("x")}})},
      {"nested", list({map({{text("k"), list({one})}})}), list({map({{text("k"), list({double_one})}})})},
      {"optional", Value::Optional(&one), Value::Optional(&double_one)},
  };
  for (const Case& c : equal) EXPECT_TRUE(KeyOf(c.a) == KeyOf(c.b)) << c.name;
  const Case different[] = {
      {"number and text", Value::Int(42), text("42")},
      {"true and 1", Value::Bool(true), one},
      {"null and nothing said", Value::Null(), text("")},
      {"text and bytes", text("x"), Value::Bytes("x")},
      {"close numbers", Value::Int(42), Value::Double(42.5)},
      {"lists", list({text("a"), text("b")}), list({text("ab")})},
      {"list and map", list({}), map({})},
      {"order of a list", list({one, Value::Int(2)}), list({Value::Int(2), one})},
      {"an optional and what is in it", Value::Optional(&one), one},
      {"time and duration", Value::Timestamp(1, 0), Value::Duration(1)},
  };
  for (const Case& c : different) EXPECT_FALSE(KeyOf(c.a) == KeyOf(c.b)) << c.name;
}

TEST(QuotaKey, TellsPartsApart) {
  std::uint64_t steps = 1'000;
  const auto key = [&](const std::vector<std::string>& parts) {
    QuotaKeyBuilder builder;
    for (const std::string& part : parts) EXPECT_TRUE(builder.Add(Value::String(part), steps));
    return builder.Finish();
  };
  EXPECT_FALSE(key({"a", "bc"}) == key({"ab", "c"}));
  EXPECT_FALSE(key({"a"}) == key({"a", ""}));
  EXPECT_TRUE(key({"a", "b"}) == key({"a", "b"}));
}

TEST(QuotaKey, OfLongTextsDependsOnEveryByte) {
  std::string long_text(20'000, 'x');
  const QuotaKey whole = KeyOf(long_text);
  EXPECT_TRUE(KeyOf(long_text) == whole);
  for (const std::size_t at : {std::size_t{0}, std::size_t{4'095}, std::size_t{4'096}, std::size_t{19'999}}) {
    std::string other = long_text;
    other[at] = 'y';
    EXPECT_FALSE(KeyOf(other) == whole) << at;
  }
  EXPECT_FALSE(KeyOf(long_text + "x") == whole);
  for (const std::size_t size : {std::size_t{29}, std::size_t{30}, std::size_t{31}, std::size_t{300}})
    EXPECT_FALSE(KeyOf(std::string(size, 'x')) == KeyOf(std::string(size + 1, 'x'))) << size;
}

TEST(QuotaKey, IsCharged) {
  std::uint64_t steps = 100;
  QuotaKeyBuilder builder;
  EXPECT_FALSE(builder.Add(Value::String(std::string(32 * 101, 'x')), steps));
  EXPECT_EQ(steps, 0U);
}

// ---- full limits --------------------------------------------------------------------------------------------------------------

// Room for 64 buckets, of which each of three limits has 10 for itself, and none more than 40.
constexpr QuotaLimits kSmall = {.max_buckets = 64, .max_limit_buckets = 40};

TEST(FullLimit, ForgetsNoDebtOfItsOwn) {
  Quotas q(kSmall);
  EXPECT_EQ(q.Charge("a", "mine", 1, kHour), 0);
  EXPECT_EQ(q.Flood("a", 1'000, 86'400 * kSecond), 40) << "39 have a bucket of their own, and one passes in the shared one";
  EXPECT_GT(q.Charge("a", "mine", 1, kHour), 0);
  EXPECT_EQ(q.limits.at("a")->overflow_count(), 1'000U - 39U);
  EXPECT_LE(q.table.bucket_count(), 40U);
}

TEST(FullLimit, TakesNoRoomThatOthersNeed) {
  Quotas q(kSmall);
  EXPECT_EQ(q.Charge("b", "mine", 1, kHour), 0);
  q.Flood("a", 1'000, kHour);
  q.Flood("c", 1'000, kHour);
  EXPECT_GT(q.Charge("b", "mine", 1, kHour), 0);
  for (int i = 0; i < 9; ++i) EXPECT_EQ(q.Charge("b", "other" + std::to_string(i), 1, kHour), 0) << "its own reserve: " << i;
  EXPECT_EQ(q.limits.at("b")->overflow_count(), 0U);
  EXPECT_LE(q.table.bucket_count(), 64U);
}

TEST(FullLimit, SharesOneBucketAmongNewKeys) {
  Quotas q(kSmall);
  q.Flood("a", 40, kHour);
  std::vector<QuotaCharge> charges = {q.Of("a", "new", 2, kHour)};
  EXPECT_TRUE(q.table.TryCharge(charges, q.now, ChargeMode::kConsume));
  EXPECT_TRUE(charges[0].is_shared);
  EXPECT_EQ(q.Charge("a", "newer", 2, kHour), 0);
  EXPECT_EQ(q.Charge("a", "newest", 2, kHour), kHour / 2) << "two an hour, of all new keys together";
  EXPECT_EQ(q.Charge({q.Of("a", "asked", 2, kHour)}, ChargeMode::kLook), kHour / 2);
  EXPECT_EQ(q.limits.at("a")->overflow_count(), 3U) << "a question is not counted";
}

TEST(FullLimit, HasRoomAgainWhenDebtsAreOver) {
  Quotas q(kSmall);
  q.Flood("a", 50, 60 * kSecond);
  EXPECT_GT(q.Charge("a", "new", 1, 60 * kSecond), 0);
  q.now += 60 * kSecond;
  for (int i = 0; i < 40; ++i) EXPECT_EQ(q.Charge("a", "new" + std::to_string(i), 1, 60 * kSecond), 0) << i;
  EXPECT_GT(q.Charge("a", "new7", 1, 60 * kSecond), 0);
}

TEST(FullLimit, CountsWhatABucketOwesNowNotWhenItWasMade) {
  Quotas q(kSmall);
  for (int i = 0; i < 10; ++i) EXPECT_EQ(q.Charge("a", "busy", 10, kHour), 0);  // the first one owes 6 minutes, all owe an hour
  q.Flood("a", 39, 1'200 * kSecond);
  q.now += 1'200 * kSecond;
  q.Flood("a", 1'000, 1'200 * kSecond);
  for (int i = 0; i < 3; ++i) EXPECT_EQ(q.Charge("a", "busy", 10, kHour), 0) << "what 20 minutes gave back: " << i;
  EXPECT_GT(q.Charge("a", "busy", 10, kHour), 0);
}

TEST(FullLimit, AClockSetBackForgetsNothing) {
  Quotas q(kSmall);
  q.Flood("a", 39, 60 * kSecond);
  q.now -= 86'400 * kSecond;
  EXPECT_EQ(q.Charge("a", "deep", 1, kHour), 0);
  q.now += 61 * kSecond;
  q.Flood("a", 1'000, 60 * kSecond);
  EXPECT_GT(q.Charge("a", "deep", 1, kHour), 0);
}

TEST(FullLimit, GetsWhatLapsedInOthers) {
  Quotas q(kSmall);
  q.Flood("a", 40, kSecond);
  q.Flood("b", 40, kSecond);
  EXPECT_EQ(q.Flood("c", 40, kHour), 11) << "its reserve of ten, and the shared bucket";
  q.now += 20 * kSecond;
  EXPECT_EQ(q.Flood("c", 40, kHour), 30) << "nobody calls a or b any more: up to forty buckets";
}

TEST(QuotaTable, HoldsAsManyAsItSays) {
  Quotas q;
  q.Flood("a", 70'000, kHour);
  EXPECT_EQ(q.table.bucket_count(), QuotaLimits().max_limit_buckets);
  EXPECT_EQ(q.limits.at("a")->overflow_count(), 70'000U - QuotaLimits().max_limit_buckets);
}

// ---- reloads ------------------------------------------------------------------------------------------------------------------

TEST(Reload, FindsLimitsByNameAndForgetsThoseWithoutDebt) {
  Quotas q(kSmall, {"a", "b"});
  EXPECT_EQ(q.Charge("a", "x", 1, kHour), 0);
  EXPECT_EQ(q.Charge("b", "x", 1, kSecond), 0);
  q.Load({"new", "b", "a"});
  EXPECT_GT(q.Charge("a", "x", 1, kHour), 0) << "its place has changed";
  EXPECT_EQ(q.Charge("new", "x", 1, kHour), 0);
  q.Load({"a"});
  EXPECT_EQ(q.table.bucket_count(), 3U) << "gone limits with debts are kept for a while";
  q.now += kSecond;
  q.Load({"a", "new"});
  EXPECT_EQ(q.table.bucket_count(), 2U);
  EXPECT_GT(q.Charge("new", "x", 1, kHour), 0) << "a limit that comes back goes on with its debts";
}

TEST(Reload, KeepsCallsThatWereUsedWhenTheLimitChanges) {
  Quotas q;
  for (int i = 0; i < 5; ++i) EXPECT_EQ(q.Charge("a", "x", 5, 60 * kSecond), 0);
  EXPECT_GT(q.Charge("a", "x", 5, 86'400 * kSecond), 0) << "a longer period is no fresh quota";
  EXPECT_GT(q.Charge("a", "x", 3, 60 * kSecond), 0) << "a lower count neither";
  EXPECT_EQ(q.Charge("a", "x", 7, 60 * kSecond), 0) << "two more are two more";
  EXPECT_EQ(q.Charge("a", "x", 7, 60 * kSecond), 0);
  EXPECT_GT(q.Charge("a", "x", 7, 60 * kSecond), 0);
  q.now += 60 * kSecond;
  EXPECT_EQ(q.Charge("a", "x", 7, 60 * kSecond), 0);
}

TEST(Reload, StaysWithinItsBoundsWhenLimitsAreAdded) {
  Quotas q(kSmall, {"a", "b"});
  q.Flood("a", 40, kHour);
  q.Flood("b", 40, kHour);
  q.Load({"a", "b", "c", "d", "e", "f"});
  for (const char* limit : {"c", "d", "e", "f"}) q.Flood(limit, 100, kHour);
  EXPECT_LE(q.table.bucket_count(), 64U);
  EXPECT_GT(q.Charge("a", "flood0", 1, kHour), 0);
}

TEST(QuotaTable, CountsExactlyUnderThreads) {
  Quotas q({}, {"shared", "other"});
  std::atomic<int> passed{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 500; ++i) {
        std::vector<QuotaCharge> charges = {q.Of("other", std::to_string(i % 40), 10'000, kSecond), q.Of("shared", "x", 700, kHour)};
        if (i % 2 == 0) std::swap(charges[0], charges[1]);
        if (q.table.TryCharge(charges, q.now, ChargeMode::kConsume)) passed.fetch_add(1);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(passed.load(), 700);
}

}  // namespace
}  // namespace writ
