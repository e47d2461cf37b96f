// MemoryLedger (writ/ledger.h): the limits of a policy set, and their buckets in a table that
// successors share.
#include "engine/decide/policy_set.h"
#include "engine/limit/quota_table.h"
#include "rules/base/check.h"
#include "writ/inline_vector.h"

namespace writ {

struct MemoryLedger::Buckets {
  std::shared_ptr<QuotaTable> table;
  std::vector<std::shared_ptr<LimitQuota>> limits;  // as PolicySet::Impl has them
};

MemoryLedger::MemoryLedger(std::shared_ptr<const PolicySet> policies, UnixNanos now)
    : MemoryLedger(std::move(policies), now, std::make_shared<QuotaTable>()) {}

MemoryLedger::MemoryLedger(std::shared_ptr<const PolicySet> policies, UnixNanos now, const MemoryLedger& predecessor)
    : MemoryLedger(std::move(policies), now, predecessor.buckets_->table) {}

MemoryLedger::MemoryLedger(std::shared_ptr<const PolicySet> policies, UnixNanos now, std::shared_ptr<QuotaTable> table)
    : policies_(std::move(policies)) {
  std::vector<std::string> names;
  for (const auto& [rule, name] : policies_->impl().loaded->limits) names.push_back(name);
  std::vector<std::shared_ptr<LimitQuota>> limits = table->Adopt(names, now);
  buckets_ = std::make_unique<const Buckets>(Buckets{std::move(table), std::move(limits)});
}

MemoryLedger::~MemoryLedger() = default;

Settlement MemoryLedger::Settle(std::span<LimitCharge> charges, UnixNanos now, ChargeMode mode) {
  const auto& limits = policies_->impl().loaded->limits;
  InlineVector<QuotaCharge, 4> quotas;
  for (const LimitCharge& charge : charges) {
    const std::size_t at = LimitPosition(*policies_->impl().loaded, charge.rule);
    if (at == limits.size() || limits[at].second != charge.limit) return Settlement::kUnavailable;  // of another policy set
    quotas.push_back({.limit = buckets_->limits[at].get(),
                      .key = {charge.key},
                      .count = charge.count,
                      .period_nanos = charge.period_nanos,
                      .is_advisory = charge.is_advisory});
  }
  const bool has_room = buckets_->table->TryCharge({quotas.data(), quotas.size()}, now, mode);
  for (std::size_t i = 0; i < charges.size(); ++i) {
    charges[i].wait_nanos = quotas[i].wait_nanos;
    charges[i].is_shared = quotas[i].is_shared;
  }
  return has_room ? Settlement::kTaken : Settlement::kNoRoom;
}

std::vector<LimitOverflow> MemoryLedger::Overflows() const {
  std::vector<LimitOverflow> overflows;
  const Program& program = policies_->program();
  for (std::size_t i = 0; i < buckets_->limits.size(); ++i) {
    const std::uint64_t calls = buckets_->limits[i]->overflow_count();
    if (calls == 0) continue;
    const RuleId id = policies_->impl().loaded->limits[i].first;
    const Policy& policy = program.policy(program[id]);
    std::string name(program[policy.package]);
    if (!name.empty()) name += '.';
    name += program[policy.name];
    overflows.push_back({.policy = std::move(name), .rule_id = program[program.details(id).id], .key = program.key(id), .calls = calls});
  }
  return overflows;
}

}  // namespace writ
