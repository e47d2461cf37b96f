// RuleIndex: one TargetIndex a target, the folded one of resources beside it, and the order that callers rely on.
#include "rules/index/index.h"

#include <algorithm>
#include <array>
#include <bit>
#include <iterator>
#include <string>
#include <unordered_map>

#include "rules/index/target_index.h"
#include "rules/model/resource_uri.h"

namespace writ {
namespace {

// Puts rules that lie close together in order, as bits of a set. Requires: at least one. False when
// they lie too far from each other. A review by 150 rules of 250 (bench/workloads.py, review-1KB)
// takes 3 % fewer instructions than with std::sort.
bool PutInOrderAsBits(std::vector<RuleId>& candidates) {
  constexpr std::size_t kMostWords = 64, kBits = 64;
  const auto [least, most] = std::minmax_element(candidates.begin(), candidates.end());
  const std::uint32_t first = least->index;
  const std::size_t words = (most->index - first) / kBits + 1;
  if (words > kMostWords || words > candidates.size()) return false;
  std::array<std::uint64_t, kMostWords> bits;
  std::fill_n(bits.begin(), words, 0);
  for (const RuleId id : candidates) bits[(id.index - first) / kBits] |= std::uint64_t{1} << (id.index - first) % kBits;
  candidates.clear();
  for (std::size_t word = 0; word < words; ++word) {
    for (std::uint64_t left = bits[word]; left != 0; left &= left - 1)
      candidates.emplace_back(first + word * kBits + static_cast<std::size_t>(std::countr_zero(left)));
  }
  return true;
}

// Usually everything came from one entry and is in order already.
void PutInOrder(std::vector<RuleId>& candidates) {
  const auto not_before = [](RuleId a, RuleId b) { return a >= b; };
  if (std::adjacent_find(candidates.begin(), candidates.end(), not_before) == candidates.end()) return;
  if (PutInOrderAsBits(candidates)) return;
  std::sort(candidates.begin(), candidates.end());
  candidates.erase(std::unique(candidates.begin(), candidates.end()), candidates.end());
}

bool Holds(const std::vector<RuleId>& sorted, RuleId rule) { return std::binary_search(sorted.begin(), sorted.end(), rule); }

// Rules of resources by the folded form of their patterns. Denials and limits are compared without a `/` at the end.
class FoldedIndex {
 public:
  FoldedIndex() = default;
  FoldedIndex(const Program& program, const std::vector<RuleId>& rules) : program_(&program) {
    std::unordered_map<std::string, std::uint32_t> positions;  // in names_
    std::vector<IndexedSelector> folded;
    if (!rules.empty()) name_of_.resize(program.selectors.size());
    for (const RuleId rule : rules) {
      const RangeOf<Selector> selectors = program.details(rule).selectors;
      for (std::uint32_t i = selectors.first; i < selectors.first + selectors.count; ++i) {
        const std::string_view own = program[program.selectors[i].name];
        std::string name = FoldedName(own, IsAllow(rule));
        patterns_differ_ = patterns_differ_ || name != own;
        const auto [found, is_new] = positions.emplace(std::move(name), static_cast<std::uint32_t>(names_.size()));
        if (is_new) names_.push_back(found->first);
        name_of_[i] = found->second;
        folded.push_back({program.selectors[i].scope, found->second, rule});
      }
    }
    index_ = TargetIndex(program, std::move(folded), names_);
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
  bool IsAllow(RuleId id) const { return (*program_)[id].verb == Verb::kAllow; }

  static std::string FoldedName(std::string_view pattern, bool is_allow) {
    std::string name = FoldPattern(pattern);
    const bool is_folders = name.ends_with("*/");  // without its slash it would be about files, too
    return std::string(is_allow || is_folders ? name : WithoutSlashAtEnd(name));
  }

  // Does one pattern of an allow match both forms? Of several, one could match the first and another the second.
  bool MatchesBoth(RuleId id, const SelectorKey& key) const {
    const RangeOf<Selector> own = program_->details(id).selectors;
    if (own.count == 1) return true;
    for (std::uint32_t i = own.first; i < own.first + own.count; ++i) {
      const Selector& selector = program_->selectors[i];
      if (GlobMatches((*program_)[selector.scope], key.scope) && GlobMatches((*program_)[selector.name], key.name) &&
          GlobMatches(names_[name_of_[i]], key.folded))
        return true;
    }
    return false;
  }

  const Program* program_ = nullptr;
  std::vector<std::string> names_;  // folded patterns, which index_ borrows
  // By position in the program's selectors: the folded name, in names_.
  std::vector<std::uint32_t> name_of_;
  TargetIndex index_;
  bool patterns_differ_ = false;
};

}  // namespace

struct RuleIndex::Impl {
  std::array<TargetIndex, kTargetCount> targets;
  FoldedIndex resources;
};

RuleIndex::RuleIndex(const VerifiedProgram& verified) : impl_(std::make_unique<Impl>()) {
  const Program& program = verified.program();
  for (std::size_t i = 0; i < kTargetCount; ++i) {
    std::vector<RuleId> rules;
    std::vector<IndexedSelector> selectors;
    for (std::size_t at = 0; at < program.rules.size(); ++at) {
      const RuleId id(at);
      if (program.policy(program[id]).target != static_cast<Target>(i)) continue;
      if (static_cast<Target>(i) == Target::kResources) rules.push_back(id);
      for (const Selector& selector : program[program.details(id).selectors])
        selectors.push_back({selector.scope, selector.name.index, id});
    }
    if (!rules.empty()) impl_->resources = FoldedIndex(program, rules);
    impl_->targets[i] = TargetIndex(program, std::move(selectors));
  }
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
