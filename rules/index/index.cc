// RuleIndex: one TargetIndex a target, the folded one of resources beside it, and the order that callers rely on.
#include "rules/index/index.h"

#include <algorithm>
#include <array>
#include <iterator>

#include "rules/index/target_index.h"
#include "rules/model/resource_uri.h"

namespace writ {
namespace {

// Usually everything came from one entry and is in order already.
void PutInOrder(std::vector<RuleId>& candidates) {
  const auto not_before = [](RuleId a, RuleId b) { return a >= b; };
  if (std::adjacent_find(candidates.begin(), candidates.end(), not_before) == candidates.end()) return;
  std::sort(candidates.begin(), candidates.end());
  candidates.erase(std::unique(candidates.begin(), candidates.end()), candidates.end());
}

bool Holds(const std::vector<RuleId>& sorted, RuleId rule) { return std::binary_search(sorted.begin(), sorted.end(), rule); }

// Rules of resources by the folded form of their patterns. Denials and limits are compared without a `/` at the end.
class FoldedIndex {
 public:
  FoldedIndex() = default;
  FoldedIndex(std::span<const Rule> rules, const std::vector<std::uint32_t>& ids) : rules_(rules) {
    for (const std::uint32_t id : ids) {
      const Rule& rule = rules[id];
      std::vector<Selector>& folded = selectors_.emplace_back(rule.selectors);
      for (Selector& selector : folded) {
        std::string name = FoldPattern(selector.name);
        const bool is_folders = name.ends_with("*/");  // without its slash it would be about files, too
        if (rule.verb != Verb::kAllow && !is_folders) name = WithoutSlashAtEnd(name);
        patterns_differ_ = patterns_differ_ || name != selector.name;
        selector.name = std::move(name);
      }
      position_.emplace_back(id);
    }
    index_ = TargetIndex(rules, ids, selectors_);
  }

  // Can a rule be found by `key` here that its own patterns do not find, or the other way round?
  bool Matters(const SelectorKey& key) const {
    return !key.folded.empty() && (patterns_differ_ || key.folded != key.name || key.folded.ends_with('/'));
  }

  // Merges what `find(name, found)` finds here into `candidates`, which the patterns as written have found. Both are sorted.
  template <typename Find>
  void Merge(const SelectorKey& key, Find find, std::vector<RuleId>& candidates) const {
    std::vector<RuleId> by_folded;
    find(key.folded, by_folded);
    PutInOrder(by_folded);
    std::erase_if(candidates, [&](RuleId id) { return IsAllow(id) && !(Holds(by_folded, id) && MatchesBoth(id, key)); });
    const std::string_view trimmed = WithoutSlashAtEnd(key.folded);
    if (trimmed.size() != key.folded.size()) find(trimmed, by_folded);
    std::copy_if(by_folded.begin(), by_folded.end(), std::back_inserter(candidates), [&](RuleId id) { return !IsAllow(id); });
    PutInOrder(candidates);
  }

  const TargetIndex& index() const { return index_; }

 private:
  bool IsAllow(RuleId id) const { return rules_[id.index].verb == Verb::kAllow; }

  // Does one pattern of an allow match both forms? Of several, one could match the first and another the second.
  bool MatchesBoth(RuleId id, const SelectorKey& key) const {
    const std::vector<Selector>& own = rules_[id.index].selectors;
    if (own.size() == 1) return true;
    const auto at = std::lower_bound(position_.begin(), position_.end(), id.index) - position_.begin();
    const std::vector<Selector>& folded = selectors_[static_cast<std::size_t>(at)];
    for (std::size_t i = 0; i < own.size(); ++i) {
      if (GlobMatches(own[i].scope, key.scope) && GlobMatches(own[i].name, key.name) && GlobMatches(folded[i].name, key.folded))
        return true;
    }
    return false;
  }

  std::span<const Rule> rules_;
  std::vector<std::uint32_t> position_;           // rules, ascending: where they stand in selectors_
  std::vector<std::vector<Selector>> selectors_;  // folded
  TargetIndex index_;                             // borrows selectors_
  bool patterns_differ_ = false;
};

}  // namespace

struct RuleIndex::Impl {
  std::array<TargetIndex, kTargetCount> targets;
  FoldedIndex resources;
};

RuleIndex::RuleIndex(const VerifiedProgram& verified) : impl_(std::make_unique<Impl>()) {
  const Program& program = verified.program();
  std::array<std::vector<std::uint32_t>, kTargetCount> rules;
  for (std::uint32_t i = 0; i < program.rules.size(); ++i) {
    const Target target = program.policies[program.rules[i].policy.index].target;
    rules[static_cast<std::size_t>(target)].push_back(i);
  }
  for (std::size_t i = 0; i < kTargetCount; ++i) impl_->targets[i] = TargetIndex(program.rules, rules[i]);
  impl_->resources = FoldedIndex(program.rules, rules[static_cast<std::size_t>(Target::kResources)]);
}

RuleIndex::~RuleIndex() = default;
RuleIndex::RuleIndex(RuleIndex&&) noexcept = default;
RuleIndex& RuleIndex::operator=(RuleIndex&&) noexcept = default;

void RuleIndex::FindCandidates(Target target, const SelectorKey& key, std::span<const Value> slots, std::vector<RuleId>& candidates) const {
  std::uint64_t unlimited = ~std::uint64_t{0};
  FindCandidates(target, key, slots, candidates, unlimited);
}

void RuleIndex::FindCandidates(Target target, const SelectorKey& key, std::span<const Value> slots, std::vector<RuleId>& candidates,
                               std::uint64_t& steps_left) const {
  candidates.clear();
  IndexSearch search{slots, candidates, steps_left};
  impl_->targets[static_cast<std::size_t>(target)].FindCandidates(key.scope, key.name, search);
  PutInOrder(candidates);
  const FoldedIndex& folded = impl_->resources;
  if (!folded.Matters(key)) return;
  const auto find = [&](std::string_view name, std::vector<RuleId>& found) {
    IndexSearch folded_search{slots, found, steps_left};
    folded.index().FindCandidates(key.scope, name, folded_search);
  };
  folded.Merge(key, find, candidates);
}

void RuleIndex::FindApplying(Target target, const SelectorKey& key, std::vector<RuleId>& candidates) const {
  candidates.clear();
  impl_->targets[static_cast<std::size_t>(target)].FindApplying(key.scope, key.name, candidates);
  PutInOrder(candidates);
  const FoldedIndex& folded = impl_->resources;
  if (!folded.Matters(key)) return;
  const auto find = [&](std::string_view name, std::vector<RuleId>& found) { folded.index().FindApplying(key.scope, name, found); };
  folded.Merge(key, find, candidates);
}

}  // namespace writ
