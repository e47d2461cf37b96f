// The quotas of one engine: the buckets that it shares with the engines before and after it, and which of them are its own limits'.
#pragma once

#include <memory>
#include <utility>
#include <vector>

#include "engine/limit/quota_table.h"
#include "rules/ir/program.h"

namespace writ {

// Immutable after MakeQuotas, apart from the buckets.
struct EngineQuotas {
  std::shared_ptr<QuotaTable> table;
  std::vector<std::pair<RuleId, std::shared_ptr<LimitQuota>>> limits;  // by rule

  // Returns the buckets of a `limit` rule of the engine's program. O(log limits).
  LimitQuota& Of(RuleId rule) const;
};

// Finds the limits of `program` in `table` again, by package, policy and LimitSpec::identity.
std::shared_ptr<EngineQuotas> MakeQuotas(const Program& program, std::shared_ptr<QuotaTable> table, UnixNanos now);

}  // namespace writ
