// Quotas: what a decision would use up (charges), and who counts it (a ledger).
//
// The engine waits for nobody: a decision names its charges, and the host settles them in one call,
// all or nothing, wherever it counts: in memory (below), in Redis, in a database.
//
//   auto ledger = std::make_shared<writ::MemoryLedger>(*policies, clock.Now());
//   writ::Engine engine(policies, clock, ledger);           // its decisions are settled there
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "rules/base/clock.h"
#include "writ/policy_set.h"

namespace writ {

class QuotaTable;

// One call that a `limit` rule counts. A bucket is named by `limit` and `key` together.
struct LimitCharge {
  RuleId rule;
  std::string_view limit;                  // stable across reloads: package, policy and what the limit counts; lives with the PolicySet
  std::array<unsigned char, 32> key = {};  // what `by` came to: equal values give equal keys
  std::uint64_t count = 1;                 // calls in a period, >= 1
  std::int64_t period_nanos = 1;           // >= 1
  // Of a policy in warn mode: it is counted when all charges that are not have room and all like it
  // have; without room it only warns.
  bool is_advisory = false;
  // Set by who settles: how long this charge has to wait, 0: it has room; and whether the key had
  // to be counted together with others.
  std::int64_t wait_nanos = 0;
  bool is_shared = false;
};

enum class ChargeMode : std::uint8_t {
  kConsume,  // a call
  kLook,     // a dry run, or a request with something unknown: is there room?
};

// What became of the charges of a decision.
enum class Settlement : std::uint8_t {
  kTaken,        // all that are not advisory had room, and were taken (or looked at)
  kNoRoom,       // nothing was taken; `wait_nanos` of those without room is set
  kUnavailable,  // nobody could count: the decision is a deny
};

// A limit that has had more keys than it has room for.
struct LimitOverflow {
  std::string policy;  // "package.policy"
  std::string_view rule_id;
  RuleKey key;              // as RuleOutcome::key
  std::uint64_t calls = 0;  // that were counted together; since the first of the ledgers that share their quotas
};

// Who counts the calls of one policy set. Thread-safe.
class Ledger {
 public:
  virtual ~Ledger() = default;
  // Settles all charges of a decision: all or nothing, as Settlement says. `now` is the engine's
  // clock. Never throws: what cannot be counted is kUnavailable.
  virtual Settlement Settle(std::span<LimitCharge> charges, UnixNanos now, ChargeMode mode) = 0;
  // Limits whose keys had to share a bucket, for metrics. O(limits).
  virtual std::vector<LimitOverflow> Overflows() const { return {}; }
};

// Counts in this process; engine/limit/quota_table.h says how. A mutex a limit; about 130 bytes a
// bucket, at most 262,144 of them.
class MemoryLedger final : public Ledger {
 public:
  MemoryLedger(std::shared_ptr<const PolicySet> policies, UnixNanos now);
  // Shares the buckets of the ledger that `predecessor` is: calls that are still counted there
  // count here, too. Limits are found again by LimitCharge::limit.
  MemoryLedger(std::shared_ptr<const PolicySet> policies, UnixNanos now, const MemoryLedger& predecessor);
  ~MemoryLedger() override;

  // O(log buckets) a charge.
  Settlement Settle(std::span<LimitCharge> charges, UnixNanos now, ChargeMode mode) override;
  std::vector<LimitOverflow> Overflows() const override;

 private:
  struct Buckets;
  MemoryLedger(std::shared_ptr<const PolicySet> policies, UnixNanos now, std::shared_ptr<QuotaTable> table);

  std::shared_ptr<const PolicySet> policies_;
  std::unique_ptr<const Buckets> buckets_;  // immutable but for what the table counts
};

}  // namespace writ
