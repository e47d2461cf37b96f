// Which rules are asked about a request; see candidates.h.
#include "engine/decide/candidates.h"

#include <algorithm>
#include <vector>

namespace writ {
namespace {

void AddInOrder(const std::vector<RuleId>& more, std::vector<RuleId>& rules) {
  rules.insert(rules.end(), more.begin(), more.end());
  std::sort(rules.begin(), rules.end());
  rules.erase(std::unique(rules.begin(), rules.end()), rules.end());
}

}  // namespace

void FindCandidates(Deciding& deciding, std::vector<RuleId>& rules) {
  const std::uint64_t before = deciding.context.evaluator.steps_left();
  std::uint64_t left = before;
  const SelectorKey key{deciding.request.scope, deciding.request.name, deciding.request.folded};
  deciding.policies.index.FindCandidates(deciding.request.target(), key, deciding.context.slots, rules, left);
  if (!deciding.request.parent_scope.empty()) {
    std::vector<RuleId> more;
    deciding.policies.index.FindCandidates(deciding.request.target(), {deciding.request.parent_scope, deciding.request.name},
                                           deciding.context.slots, more, left);
    AddInOrder(more, rules);
  }
  deciding.context.evaluator.Spend(before - left + rules.size());
}

void FindApplying(Deciding& deciding, std::vector<RuleId>& rules) {
  deciding.policies.index.FindApplying(deciding.request.target(), {deciding.request.scope, deciding.request.name, deciding.request.folded},
                                       rules);
  if (deciding.request.parent_scope.empty()) return;
  std::vector<RuleId> more;
  deciding.policies.index.FindApplying(deciding.request.target(), {deciding.request.parent_scope, deciding.request.name}, more);
  AddInOrder(more, rules);
}

// Whether any rule is about the request, also one that the index has found to be certainly false.
bool IsCovered(Deciding& deciding) {
  if (!deciding.context.candidates.empty()) return true;
  FindApplying(deciding, deciding.context.candidates);
  const bool is_covered = !deciding.context.candidates.empty();
  deciding.context.candidates.clear();
  return is_covered;
}

}  // namespace writ
