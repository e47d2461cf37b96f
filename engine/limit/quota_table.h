// Quotas of `limit` rules: GCRA (the generic cell rate algorithm), which is a leaky bucket kept as one number, the theoretical
// arrival time (TAT) of the next call at the sustained rate.
//
//   30 per 1m: a call costs 2 s of TAT; it passes when TAT would stay within 60 s of now. Thirty calls at once pass, the next
//   two seconds later. `31 per 1m` at once does not.
//
// Source: ITU-T I.371, appendix; B. Heyman, "Rate limiting, cells and GCRA".
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "rules/base/clock.h"
#include "rules/base/mutex.h"

namespace writ {

// One quota that a call needs.
struct QuotaCharge {
  std::string key;                // names the bucket: package, policy, rule and the values of `by`
  std::uint64_t count = 1;        // >= 1
  std::int64_t period_nanos = 1;  // >= 1
};

enum class QuotaMode : std::uint8_t { kConsume, kLook };

// Thread-safe: sharded by key. Holds at most `max_buckets`, each shard its part of them.
//
// When a shard is full and a new key comes, the bucket with the earliest TAT goes. One whose TAT has passed is full again, and
// dropping it changes no answer; those go before all others. When there is none, the one goes that would be full again soonest: its
// key has a fresh quota until then, earlier than its limit says. So more than `max_buckets` keys in debt at once weaken limits,
// beginning with those least in debt; a key that has used up a long period's quota goes last. The other way out, refusing new keys,
// would let anybody who can vary a `by` value lock out all others.
//
// The order is kept in a heap of lower bounds: a charge moves a bucket's TAT only later, so the heap is corrected when a bucket
// comes to its top, and a charge of a bucket that is there already does not touch it. A clock set back by more than a second reorders
// the shard, once.
class QuotaTable {
 public:
  static constexpr std::size_t kDefaultMaxBuckets = 65'536;
  explicit QuotaTable(std::size_t max_buckets = kDefaultMaxBuckets);

  // All or nothing: when every charge has room, consumes one call of each (kConsume) and returns true. Otherwise consumes nothing,
  // returns false, and sets `wait_nanos[i]` to how long charge i has to wait (0: it has room). `now` is the engine's clock.
  // Requires: wait_nanos.size() == charges.size(). Amortised O(1) a charge of a bucket that exists, O(log max_buckets) of a new one.
  bool TryCharge(std::span<const QuotaCharge> charges, UnixNanos now, QuotaMode mode, std::span<std::int64_t> wait_nanos);

  // Buckets in use, for tests and metrics. O(shards).
  std::size_t bucket_count();

 private:
  static constexpr std::size_t kShards = 16;
  struct Bucket {
    UnixNanos arrival = 0;  // the TAT
    std::int64_t capacity_nanos = 1;
  };
  using Buckets = std::unordered_map<std::string, Bucket>;
  // A bucket in the order of eviction.
  struct Due {
    UnixNanos arrival = 0;                        // its TAT at some time: never later than now
    const Buckets::value_type* bucket = nullptr;  // nodes stay where they are until they are erased
    // Of two, the one with the later arrival is less urgent: std::push_heap keeps the earliest on top.
    friend bool operator<(const Due& a, const Due& b) { return a.arrival > b.arrival; }
  };
  struct Shard {
    Mutex mutex;
    // INVARIANT: `order` is a heap and names each of `buckets` once.
    Buckets buckets WRIT_GUARDED_BY(mutex);
    std::vector<Due> order WRIT_GUARDED_BY(mutex);
    UnixNanos latest WRIT_GUARDED_BY(mutex) = 0;  // the clock's highest value so far, or since it was set back
  };
  struct Cost {
    std::int64_t step_nanos, capacity_nanos;
  };

  static Cost CostOf(const QuotaCharge& charge);
  static std::size_t ShardOf(std::string_view key);
  std::int64_t WaitOf(Shard& shard, const QuotaCharge& charge, UnixNanos now) WRIT_REQUIRES(shard.mutex);
  void Consume(Shard& shard, const QuotaCharge& charge, UnixNanos now) WRIT_REQUIRES(shard.mutex);
  static void FollowClock(Shard& shard, UnixNanos now) WRIT_REQUIRES(shard.mutex);
  static void DropEarliest(Shard& shard) WRIT_REQUIRES(shard.mutex);

  std::size_t max_shard_buckets_;
  std::array<Shard, kShards> shards_;
};

}  // namespace writ
