// RuleIndex: one TargetIndex a target, and the order that callers rely on.
#include "rules/index/index.h"

#include <algorithm>
#include <array>

#include "rules/index/target_index.h"

namespace writ {

struct RuleIndex::Impl {
  std::array<TargetIndex, kTargetCount> targets;
};

RuleIndex::RuleIndex(const VerifiedProgram& verified) : impl_(std::make_unique<Impl>()) {
  const Program& program = verified.program();
  std::array<std::vector<std::uint32_t>, kTargetCount> rules;
  for (std::uint32_t i = 0; i < program.rules.size(); ++i) {
    const Target target = program.policies[program.rules[i].policy.index].target;
    rules[static_cast<std::size_t>(target)].push_back(i);
  }
  for (std::size_t i = 0; i < kTargetCount; ++i) impl_->targets[i] = TargetIndex(program.rules, rules[i]);
}

RuleIndex::~RuleIndex() = default;
RuleIndex::RuleIndex(RuleIndex&&) noexcept = default;
RuleIndex& RuleIndex::operator=(RuleIndex&&) noexcept = default;

namespace {

// Usually everything came from one entry and is in order already.
void PutInOrder(std::vector<RuleId>& candidates) {
  const auto not_before = [](RuleId a, RuleId b) { return a >= b; };
  if (std::adjacent_find(candidates.begin(), candidates.end(), not_before) == candidates.end()) return;
  std::sort(candidates.begin(), candidates.end());
  candidates.erase(std::unique(candidates.begin(), candidates.end()), candidates.end());
}

}  // namespace

void RuleIndex::FindCandidates(Target target, std::string_view scope, std::string_view name, std::span<const Value> slots,
                               std::vector<RuleId>& candidates) const {
  std::uint64_t unlimited = ~std::uint64_t{0};
  FindCandidates(target, scope, name, slots, candidates, unlimited);
}

void RuleIndex::FindCandidates(Target target, std::string_view scope, std::string_view name, std::span<const Value> slots,
                               std::vector<RuleId>& candidates, std::uint64_t& steps_left) const {
  candidates.clear();
  IndexSearch search{slots, candidates, steps_left};
  impl_->targets[static_cast<std::size_t>(target)].FindCandidates(scope, name, search);
  PutInOrder(candidates);
}

void RuleIndex::FindApplying(Target target, std::string_view scope, std::string_view name, std::vector<RuleId>& candidates) const {
  candidates.clear();
  impl_->targets[static_cast<std::size_t>(target)].FindApplying(scope, name, candidates);
  PutInOrder(candidates);
}

}  // namespace writ
