// Quotas of `limit` rules: GCRA (the generic cell rate algorithm), which is a leaky bucket kept as one number, the theoretical
// arrival time (TAT) of the next call at the sustained rate.
//
//   30 per 1m: a call costs 2 s of TAT; it passes when TAT would stay within 60 s of now. Thirty calls at once pass, the next
//   two seconds later. `31 per 1m` at once does not.
//
// Source: ITU-T I.371, appendix; B. Heyman, "Rate limiting, cells and GCRA".
//
// A bucket is in debt while its TAT lies ahead. One that is not is as good as new: dropping it changes no answer, and no other one is
// ever dropped, or whoever can vary a key would get fresh quotas. A limit without room for a new key counts it in one more bucket, which
// all such keys share: stricter for them, and the only way out that neither forgets debts nor refuses calls that were never counted.
#pragma once

#include <atomic>
#include <cstdint>
#include <limits>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "engine/limit/quota_key.h"
#include "rules/base/clock.h"
#include "rules/base/mutex.h"
#include "writ/ledger.h"

namespace writ {

// How many buckets there may be. About 130 bytes each.
struct QuotaLimits {
  std::size_t max_buckets = 262'144;       // of all limits together
  std::size_t max_limit_buckets = 65'536;  // of one limit
};

// Buckets in use: of all limits, and those beyond the limits' reserves.
struct QuotaCounts {
  std::atomic<std::size_t> all{0}, common{0};
};

class LimitQuota;

// One quota that a call needs, and what became of it.
struct QuotaCharge {
  LimitQuota* limit = nullptr;    // not null
  QuotaKey key;                   // names the bucket
  std::uint64_t count = 1;        // >= 1
  std::int64_t period_nanos = 1;  // >= 1
  bool is_advisory = false;       // taken only when all are that are not, and all that are have room
  std::int64_t wait_nanos = 0;    // out: how long this charge has to wait; 0: it has room
  bool is_shared = false;         // out: the limit is full, and counts this key together with others
};

// The buckets of all limits of an engine and its successors. Thread-safe; a mutex a limit.
//
// Half of `max_buckets` is divided evenly among the limits, so that no flood of one takes the last room of another; the other half is
// taken by whoever needs it first, up to `max_limit_buckets` a limit.
class QuotaTable {
 public:
  explicit QuotaTable(const QuotaLimits& limits = {});

  // Returns the buckets of the limits of these names, one each and in their order; a limit that was adopted before keeps its buckets.
  // Limits that are not named are forgotten once they hold no debt, or at once when more than half of all buckets are in use.
  std::vector<std::shared_ptr<LimitQuota>> Adopt(const std::vector<std::string>& names, UnixNanos now);

  // All or nothing: when every charge that is not advisory has room, consumes one call of each
  // (kConsume) and returns true, and does so with the advisory ones when these all have room, too.
  // Otherwise consumes nothing, returns false. Fills `wait_nanos` and `is_shared` of each. `now` is
  // the engine's clock.
  // Requires: limits of this table. O(log buckets) a charge, apart from a sweep at most every ten
  // seconds while no room is left.
  bool TryCharge(std::span<QuotaCharge> charges, UnixNanos now, ChargeMode mode);

  // Buckets in use, for tests. O(limits).
  std::size_t bucket_count();

 private:
  void Sweep(UnixNanos now);

  const QuotaLimits limits_;
  const std::shared_ptr<QuotaCounts> counts_ = std::make_shared<QuotaCounts>();
  Mutex mutex_;  // taken before those of limits
  std::map<std::string, std::shared_ptr<LimitQuota>, std::less<>> by_name_ WRIT_GUARDED_BY(mutex_);
  std::atomic<UnixNanos> next_sweep_{0};
};

// The buckets of one limit.
class LimitQuota {
 public:
  LimitQuota(const QuotaLimits& limits, std::shared_ptr<QuotaCounts> counts) : limits_(limits), counts_(std::move(counts)) {}
  ~LimitQuota();
  LimitQuota(const LimitQuota&) = delete;
  LimitQuota& operator=(const LimitQuota&) = delete;

  // Calls that were counted in the shared bucket, whether or not they passed. Thread-safe.
  std::uint64_t overflow_count() const { return overflow_count_.load(std::memory_order_relaxed); }

 private:
  friend class QuotaTable;
  struct Bucket {
    UnixNanos arrival = std::numeric_limits<UnixNanos>::min();  // the TAT
    std::int64_t step_nanos = 1;
    std::int64_t capacity_nanos = 1;
  };
  struct Cost {
    std::int64_t step_nanos, capacity_nanos;
  };
  using Buckets = std::map<QuotaKey, Bucket>;  // a tree: callers choose the keys, and could make a hash table slow
  // A bucket in the order of dropping.
  struct Due {
    UnixNanos arrival = 0;     // its TAT at some time; later than now only where a shorter period brought the TAT forward
    Buckets::iterator bucket;  // nodes stay where they are until they are erased
    // Of two, the one with the later arrival is less urgent: std::push_heap keeps the earliest on top.
    friend bool operator<(const Due& a, const Due& b) { return a.arrival > b.arrival; }
  };

  static Cost CostOf(const QuotaCharge& charge);
  static UnixNanos ArrivalOf(const Bucket& bucket, const Cost& cost, UnixNanos now);
  static void Consume(Bucket& bucket, const Cost& cost, UnixNanos now);
  void Look(QuotaCharge& charge, UnixNanos now) WRIT_REQUIRES(mutex_);
  void Consume(const QuotaCharge& charge, UnixNanos now) WRIT_REQUIRES(mutex_);
  bool HasRoom(UnixNanos now) WRIT_REQUIRES(mutex_);
  bool DropOneLapsed(UnixNanos now) WRIT_REQUIRES(mutex_);
  void DropLapsed(UnixNanos now) WRIT_REQUIRES(mutex_);
  void FollowClock(UnixNanos now) WRIT_REQUIRES(mutex_);
  void SetReserve(std::size_t reserve) WRIT_REQUIRES(mutex_);

  const QuotaLimits limits_;
  const std::shared_ptr<QuotaCounts> counts_;  // of the table
  std::atomic<std::uint64_t> overflow_count_{0};
  Mutex mutex_;
  // INVARIANT 1: `order_` is a heap and names each of `buckets_` once.
  // INVARIANT 2: `counts_` holds buckets_.size() and max(0, buckets_.size() - reserve_) of this limit's.
  Buckets buckets_ WRIT_GUARDED_BY(mutex_);
  std::vector<Due> order_ WRIT_GUARDED_BY(mutex_);
  Bucket overflow_ WRIT_GUARDED_BY(mutex_);
  std::size_t reserve_ WRIT_GUARDED_BY(mutex_) = 0;
  UnixNanos latest_ WRIT_GUARDED_BY(mutex_) = 0;  // the clock's highest value so far, or since it was set back
};

}  // namespace writ
