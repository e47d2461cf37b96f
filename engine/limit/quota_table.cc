#include "engine/limit/quota_table.h"

#include <algorithm>

#include "rules/base/check.h"

namespace writ {
namespace {

constexpr std::int64_t kNanosPerSecond = 1'000'000'000;
constexpr std::int64_t kJitterNanos = kNanosPerSecond;  // of threads that read the clock one after the other
constexpr std::int64_t kSweepNanos = 10 * kNanosPerSecond;
constexpr std::int64_t kMaxCapacity = std::numeric_limits<std::int64_t>::max() / 4;  // sums with `now` must not overflow

std::size_t Beyond(std::size_t size, std::size_t reserve) { return size > reserve ? size - reserve : 0; }

}  // namespace

LimitQuota::~LimitQuota() {
  counts_->all -= buckets_.size();
  counts_->common -= Beyond(buckets_.size(), reserve_);
}

// A call's share of the period, rounded up so that never more than `count` pass at once; the capacity is `count` shares.
LimitQuota::Cost LimitQuota::CostOf(const QuotaCharge& charge) {
  const auto period = static_cast<std::uint64_t>(charge.period_nanos);
  const std::uint64_t step = std::max<std::uint64_t>(1, period / charge.count + (period % charge.count != 0 ? 1 : 0));
  std::uint64_t capacity = 0;
  if (__builtin_mul_overflow(step, charge.count, &capacity)) capacity = kMaxCapacity;
  const auto bounded = [](std::uint64_t value) { return static_cast<std::int64_t>(std::min<std::uint64_t>(value, kMaxCapacity)); };
  return {bounded(step), bounded(capacity)};
}

// Where the bucket stands for a limit of this cost. A bucket cannot be emptier than empty: that keeps a clock that was set back from
// locking out for long. After a reload that changed count or period, as many calls count as used as were used before.
UnixNanos LimitQuota::ArrivalOf(const Bucket& bucket, const Cost& cost, UnixNanos now) {
  if (bucket.arrival <= now) return now;
  std::int64_t debt = std::min(bucket.arrival - now, bucket.capacity_nanos);
  if (bucket.step_nanos != cost.step_nanos) {
    const auto scaled = (static_cast<__int128>(debt) * cost.step_nanos + bucket.step_nanos - 1) / bucket.step_nanos;
    debt = static_cast<std::int64_t>(std::min<__int128>(scaled, kMaxCapacity));
  }
  return now + std::min(debt, cost.capacity_nanos);
}

void LimitQuota::Consume(Bucket& bucket, const Cost& cost, UnixNanos now) {
  bucket = {ArrivalOf(bucket, cost, now) + cost.step_nanos, cost.step_nanos, cost.capacity_nanos};
}

void LimitQuota::Look(QuotaCharge& charge, UnixNanos now) {
  const auto found = buckets_.find(charge.key);
  const bool is_new = found == buckets_.end();
  charge.is_shared = is_new && !HasRoom(now);
  charge.wait_nanos = 0;
  if (is_new && !charge.is_shared) return;
  const Cost cost = CostOf(charge);
  const UnixNanos arrival = ArrivalOf(is_new ? overflow_ : found->second, cost, now);
  charge.wait_nanos = std::max<std::int64_t>(0, arrival + cost.step_nanos - now - cost.capacity_nanos);
}

// Requires: Look of the same charge, under the same lock.
void LimitQuota::Consume(const QuotaCharge& charge, UnixNanos now) {
  if (charge.is_shared) return Consume(overflow_, CostOf(charge), now);
  auto found = buckets_.find(charge.key);
  if (found != buckets_.end()) return Consume(found->second, CostOf(charge), now);
  for (int i = 0; i < 2; ++i) DropOneLapsed(now);  // two for one: so that what is of no more use goes by and by
  found = buckets_.emplace(charge.key, Bucket{}).first;
  ++counts_->all;
  if (buckets_.size() > reserve_) ++counts_->common;
  Consume(found->second, CostOf(charge), now);
  order_.push_back({found->second.arrival, found});
  std::push_heap(order_.begin(), order_.end());
}

bool LimitQuota::HasRoom(UnixNanos now) {
  const std::size_t size = buckets_.size();
  const bool is_reserved = size < reserve_ || counts_->common < limits_.max_buckets / 2;
  const bool fits = is_reserved && size < limits_.max_limit_buckets && counts_->all < limits_.max_buckets;
  return fits || DropOneLapsed(now);
}

// Each correction of the heap is paid for by a charge since the last one.
bool LimitQuota::DropOneLapsed(UnixNanos now) {
  while (!order_.empty() && order_.front().arrival <= now) {
    std::pop_heap(order_.begin(), order_.end());
    Due& due = order_.back();
    const UnixNanos arrival = due.bucket->second.arrival;
    if (arrival > due.arrival) {
      due.arrival = arrival;
      std::push_heap(order_.begin(), order_.end());
      continue;
    }
    --counts_->all;
    if (buckets_.size() > reserve_) --counts_->common;
    buckets_.erase(due.bucket);
    order_.pop_back();
    return true;
  }
  return false;
}

void LimitQuota::DropLapsed(UnixNanos now) {
  while (DropOneLapsed(now)) {}
}

// After a clock was set back, TATs lie further ahead than any capacity: what stood in the table before would never be dropped.
void LimitQuota::FollowClock(UnixNanos now) {
  if (now >= latest_ - kJitterNanos) {
    latest_ = std::max(latest_, now);
    return;
  }
  latest_ = now;
  order_.clear();
  for (auto entry = buckets_.begin(); entry != buckets_.end(); ++entry) {
    Bucket& bucket = entry->second;
    bucket.arrival = std::min(bucket.arrival, now + bucket.capacity_nanos);  // as ArrivalOf would read it
    order_.push_back({bucket.arrival, entry});
  }
  std::make_heap(order_.begin(), order_.end());
}

void LimitQuota::SetReserve(std::size_t reserve) {
  counts_->common += Beyond(buckets_.size(), reserve);
  counts_->common -= Beyond(buckets_.size(), reserve_);
  reserve_ = reserve;
}

QuotaTable::QuotaTable(const QuotaLimits& limits) : limits_(limits) {}

std::vector<std::shared_ptr<LimitQuota>> QuotaTable::Adopt(const std::vector<std::string>& names, UnixNanos now) {
  const MutexLock lock(mutex_);
  std::vector<std::shared_ptr<LimitQuota>> adopted;
  std::map<std::string, std::shared_ptr<LimitQuota>, std::less<>> by_name;
  for (const std::string& name : names) {
    std::shared_ptr<LimitQuota>& quota = by_name[name];
    const auto known = by_name_.find(name);
    if (quota == nullptr && known != by_name_.end()) quota = known->second;
    if (quota == nullptr) quota = std::make_shared<LimitQuota>(limits_, counts_);
    adopted.push_back(quota);
  }
  const std::size_t reserve = limits_.max_buckets / 2 / std::max<std::size_t>(1, by_name.size());
  for (const auto& [name, quota] : by_name) {
    const MutexLock quota_lock(quota->mutex_);
    quota->SetReserve(reserve);
  }
  for (const auto& [name, quota] : by_name_) {
    if (by_name.contains(name)) continue;
    const MutexLock quota_lock(quota->mutex_);
    quota->SetReserve(0);
    quota->DropLapsed(now);
    if (!quota->buckets_.empty() && counts_->all <= limits_.max_buckets / 2) by_name.emplace(name, quota);
  }
  by_name_ = std::move(by_name);
  return adopted;
}

// No analysis: the set of mutexes is known only at run time. They are taken in the order of their addresses, each once.
bool QuotaTable::TryCharge(std::span<QuotaCharge> charges, UnixNanos now, ChargeMode mode) WRIT_NO_THREAD_SAFETY_ANALYSIS {
  if (counts_->common >= limits_.max_buckets / 2 || counts_->all >= limits_.max_buckets) Sweep(now);
  std::vector<LimitQuota*> wanted;
  wanted.reserve(charges.size());
  for (const QuotaCharge& charge : charges) wanted.push_back(charge.limit);
  std::sort(wanted.begin(), wanted.end(), std::less<>());
  wanted.erase(std::unique(wanted.begin(), wanted.end()), wanted.end());
  for (LimitQuota* limit : wanted) {
    limit->mutex_.Lock();
    limit->FollowClock(now);
  }
  bool has_room = true, has_advisory_room = true;
  for (QuotaCharge& charge : charges) {
    charge.limit->Look(charge, now);
    (charge.is_advisory ? has_advisory_room : has_room) &= charge.wait_nanos == 0;
    if (charge.is_shared && mode == ChargeMode::kConsume) ++charge.limit->overflow_count_;
  }
  for (const QuotaCharge& charge : charges) {
    const bool is_taken = has_room && (has_advisory_room || !charge.is_advisory);
    if (is_taken && mode == ChargeMode::kConsume) charge.limit->Consume(charge, now);
  }
  for (LimitQuota* limit : wanted) limit->mutex_.Unlock();
  return has_room;
}

// The common half is in use: what has lapsed in limits that nobody calls any more is given back to it.
void QuotaTable::Sweep(UnixNanos now) {
  UnixNanos due = next_sweep_;
  const bool is_early = now < due && now >= due - kSweepNanos;  // earlier than that only when the clock was set back
  if (is_early || !next_sweep_.compare_exchange_strong(due, now + kSweepNanos)) return;
  const MutexLock lock(mutex_);
  for (const auto& [name, quota] : by_name_) {
    const MutexLock quota_lock(quota->mutex_);
    quota->FollowClock(now);
    quota->DropLapsed(now);
  }
}

std::size_t QuotaTable::bucket_count() {
  const MutexLock lock(mutex_);
  std::size_t count = 0;
  for (const auto& [name, quota] : by_name_) {
    const MutexLock quota_lock(quota->mutex_);
    count += quota->buckets_.size();
  }
  return count;
}

}  // namespace writ
