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

// Thread-safe: sharded by key. Holds at most `max_buckets`; when full, buckets that are full again go first (dropping those
// changes no answer), then the one nearest to full.
class QuotaTable {
 public:
  static constexpr std::size_t kDefaultMaxBuckets = 65'536;
  explicit QuotaTable(std::size_t max_buckets = kDefaultMaxBuckets);

  // All or nothing: when every charge has room, consumes one call of each (kConsume) and returns true. Otherwise consumes nothing,
  // returns false, and sets `wait_nanos[i]` to how long charge i has to wait (0: it has room). `now` is the engine's clock.
  // Requires: wait_nanos.size() == charges.size(). O(charges), amortised.
  bool TryCharge(std::span<const QuotaCharge> charges, UnixNanos now, QuotaMode mode, std::span<std::int64_t> wait_nanos);

  // Buckets in use, for tests and metrics. O(shards).
  std::size_t bucket_count();

 private:
  static constexpr std::size_t kShards = 16;
  struct Bucket {
    UnixNanos arrival = 0;  // the TAT
    std::int64_t capacity_nanos = 1;
  };
  struct Shard {
    Mutex mutex;
    std::unordered_map<std::string, Bucket> buckets WRIT_GUARDED_BY(mutex);
  };
  struct Cost {
    std::int64_t step_nanos, capacity_nanos;
  };

  static Cost CostOf(const QuotaCharge& charge);
  static std::size_t ShardOf(std::string_view key);
  std::int64_t WaitOf(Shard& shard, const QuotaCharge& charge, UnixNanos now) WRIT_REQUIRES(shard.mutex);
  void Consume(Shard& shard, const QuotaCharge& charge, UnixNanos now) WRIT_REQUIRES(shard.mutex);
  void MakeRoom(Shard& shard, UnixNanos now) WRIT_REQUIRES(shard.mutex);

  std::size_t max_shard_buckets_;
  std::array<Shard, kShards> shards_;
};

}  // namespace writ
