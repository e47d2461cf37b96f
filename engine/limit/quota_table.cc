#include "engine/limit/quota_table.h"

#include <algorithm>
#include <limits>

#include "rules/base/check.h"

namespace writ {

QuotaTable::QuotaTable(std::size_t max_buckets) : max_shard_buckets_(std::max<std::size_t>(1, max_buckets / kShards)) {}

// A call's share of the period, rounded up so that never more than `count` pass at once; the capacity is `count` shares.
QuotaTable::Cost QuotaTable::CostOf(const QuotaCharge& charge) {
  constexpr std::int64_t kMaxCapacity = std::numeric_limits<std::int64_t>::max() / 4;  // sums with `now` must not overflow
  const auto period = static_cast<std::uint64_t>(charge.period_nanos);
  const std::uint64_t step = std::max<std::uint64_t>(1, period / charge.count + (period % charge.count != 0 ? 1 : 0));
  std::uint64_t capacity = 0;
  if (__builtin_mul_overflow(step, charge.count, &capacity)) capacity = kMaxCapacity;
  const auto bounded = [](std::uint64_t value) { return static_cast<std::int64_t>(std::min<std::uint64_t>(value, kMaxCapacity)); };
  return {bounded(step), bounded(capacity)};
}

std::size_t QuotaTable::ShardOf(std::string_view key) {
  return (std::hash<std::string_view>{}(key) >> 7) % kShards;  // other bits than the map's own buckets
}

std::int64_t QuotaTable::WaitOf(Shard& shard, const QuotaCharge& charge, UnixNanos now) {
  const Cost cost = CostOf(charge);
  const auto found = shard.buckets.find(charge.key);
  if (found == shard.buckets.end()) return 0;
  // A bucket cannot be emptier than empty: keeps a clock that was set back, or a limit that was lowered, from locking out for long.
  const UnixNanos arrival = std::clamp(found->second.arrival, now, now + cost.capacity_nanos);
  return std::max<std::int64_t>(0, arrival + cost.step_nanos - now - cost.capacity_nanos);
}

void QuotaTable::Consume(Shard& shard, const QuotaCharge& charge, UnixNanos now) {
  const Cost cost = CostOf(charge);
  FollowClock(shard, now);
  auto found = shard.buckets.find(charge.key);
  const bool is_new = found == shard.buckets.end();
  if (is_new) {
    if (shard.buckets.size() >= max_shard_buckets_) DropEarliest(shard);
    found = shard.buckets.emplace(charge.key, Bucket{}).first;
  }
  Bucket& bucket = found->second;
  bucket.capacity_nanos = cost.capacity_nanos;
  bucket.arrival = std::clamp(bucket.arrival, now, now + cost.capacity_nanos) + cost.step_nanos;
  if (!is_new) return;
  shard.order.push_back({bucket.arrival, &*found});
  std::push_heap(shard.order.begin(), shard.order.end());
}

// After a clock was set back, TATs lie further ahead than any capacity: what stood in the table before would never be dropped, and new
// buckets at once.
void QuotaTable::FollowClock(Shard& shard, UnixNanos now) {
  constexpr std::int64_t kJitterNanos = 1'000'000'000;  // of threads that read the clock one after the other
  if (now >= shard.latest - kJitterNanos) {
    shard.latest = std::max(shard.latest, now);
    return;
  }
  shard.latest = now;
  shard.order.clear();
  for (auto& entry : shard.buckets) {
    Bucket& bucket = entry.second;
    bucket.arrival = std::min(bucket.arrival, now + bucket.capacity_nanos);  // as WaitOf would read it
    shard.order.push_back({bucket.arrival, &entry});
  }
  std::make_heap(shard.order.begin(), shard.order.end());
}

// Each correction of the heap is paid for by a charge since the last one.
void QuotaTable::DropEarliest(Shard& shard) {
  for (;;) {
    std::pop_heap(shard.order.begin(), shard.order.end());
    Due& due = shard.order.back();
    if (due.bucket->second.arrival <= due.arrival) break;
    due.arrival = due.bucket->second.arrival;
    std::push_heap(shard.order.begin(), shard.order.end());
  }
  shard.buckets.erase(shard.buckets.find(shard.order.back().bucket->first));
  shard.order.pop_back();
}

// No analysis: the set of mutexes is known only at run time. They are taken in ascending order of shards, each once.
bool QuotaTable::TryCharge(std::span<const QuotaCharge> charges, UnixNanos now, QuotaMode mode,
                           std::span<std::int64_t> wait_nanos) WRIT_NO_THREAD_SAFETY_ANALYSIS {
  WRIT_CHECK(wait_nanos.size() == charges.size());
  std::array<bool, kShards> wanted{};
  for (const QuotaCharge& charge : charges) wanted[ShardOf(charge.key)] = true;
  for (std::size_t i = 0; i < kShards; ++i) {
    if (wanted[i]) shards_[i].mutex.Lock();
  }
  bool has_room = true;
  for (std::size_t i = 0; i < charges.size(); ++i) {
    wait_nanos[i] = WaitOf(shards_[ShardOf(charges[i].key)], charges[i], now);
    has_room = has_room && wait_nanos[i] == 0;
  }
  if (has_room && mode == QuotaMode::kConsume) {
    for (const QuotaCharge& charge : charges) Consume(shards_[ShardOf(charge.key)], charge, now);
  }
  for (std::size_t i = 0; i < kShards; ++i) {
    if (wanted[i]) shards_[i].mutex.Unlock();
  }
  return has_room;
}

std::size_t QuotaTable::bucket_count() {
  std::size_t count = 0;
  for (Shard& shard : shards_) {
    MutexLock lock(shard.mutex);
    count += shard.buckets.size();
  }
  return count;
}

}  // namespace writ
