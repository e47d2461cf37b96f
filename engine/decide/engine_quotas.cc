// Finds the limits of an engine again in the one that it replaces.
#include "engine/decide/engine_quotas.h"

#include <algorithm>

#include "rules/base/check.h"

namespace writ {

LimitQuota& EngineQuotas::Of(RuleId rule) const {
  const auto found =
      std::lower_bound(limits.begin(), limits.end(), rule, [](const auto& each, RuleId wanted) { return each.first < wanted; });
  WRIT_CHECK(found != limits.end() && found->first == rule);
  return *found->second;
}

std::shared_ptr<EngineQuotas> MakeQuotas(const Program& program, std::shared_ptr<QuotaTable> table, UnixNanos now) {
  constexpr char kSeparator = '\n';  // in no name; a clash would only be a quota shared
  auto quotas = std::make_shared<EngineQuotas>();
  std::vector<std::string> names;
  for (std::size_t i = 0; i < program.rules.size(); ++i) {
    const Rule& rule = program.rules[i];
    const LimitSpec* limit = program.limit(rule);
    if (limit == nullptr) continue;
    std::string& name = names.emplace_back(program[program.policy(rule).package]);
    name.append(1, kSeparator).append(program[program.policy(rule).name]).append(1, kSeparator).append(program[limit->identity]);
    quotas->limits.emplace_back(RuleId(i), nullptr);
  }
  std::vector<std::shared_ptr<LimitQuota>> adopted = table->Adopt(names, now);
  for (std::size_t i = 0; i < adopted.size(); ++i) quotas->limits[i].second = std::move(adopted[i]);
  quotas->table = std::move(table);
  return quotas;
}

}  // namespace writ
