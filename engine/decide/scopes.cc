// `needs scope`: the principal's scopes, and which would have helped; see scopes.h.
#include "engine/decide/scopes.h"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "engine/decide/candidates.h"
#include "engine/decide/evaluate.h"
#include "engine/eval/what_if.h"

namespace writ {
namespace {

// The scopes as keys; one that stands twice does no harm. nullptr when the arena is full.
const MapData* MakeScopeSet(const Value& scopes, Arena& arena) {
  MapEntry* entries = arena.AllocateArray<MapEntry>(scopes.size);
  if (entries == nullptr) return nullptr;
  for (std::uint32_t i = 0; i < scopes.size; ++i) entries[i] = {scopes.items[i], Value::Bool(true)};
  return MakeMap(arena, entries, scopes.size);
}

// The principal's scopes with room for `more` behind them; nullptr when there is none.
Value* GrantedScopes(Deciding& deciding, std::size_t more) {
  const Value scopes = ScopesOf(deciding);
  const std::uint32_t size = scopes.is(Kind::kList) ? scopes.size : 0;
  Value* granted = deciding.context.arena.AllocateArray<Value>(size + more);
  if (granted != nullptr && size > 0) std::copy(scopes.items, scopes.items + size, granted);
  return granted;
}

// Where the slot's parent is read as a whole, gives the parent a map with the new value.
void ReplaceInParent(Deciding& deciding, SlotId slot, const Value& value, WhatIf& what_if) {
  const SlotId parent = deciding.program.slots[slot.index].parent;
  if (!parent.valid()) return;
  const Value& whole = deciding.context.slots[parent.index];
  if (!deciding.program.slots[parent.index].whole || !whole.is(Kind::kMap) || whole.map == nullptr) return;
  MapEntry* entries = deciding.context.arena.AllocateArray<MapEntry>(whole.map->size);
  if (entries == nullptr) return;
  for (std::uint32_t i = 0; i < whole.map->size; ++i) {
    entries[i] = whole.map->entries[i];
    if (entries[i].key.string() == deciding.program[deciding.program[slot].key]) entries[i].value = value;
  }
  if (const MapData* map = MakeMap(deciding.context.arena, entries, whole.map->size)) what_if.Set(parent, Value::Map(map));
}

// Runs the guard with the rule's scopes granted, in the slot of scopes and in maps that hold it.
bool HoldsWithScopes(Deciding& deciding, const Rule& rule, Value* granted, WhatIf& what_if) {
  if (!rule.guard.valid()) return true;
  const SlotId slot = deciding.policies.scopes_slot;
  if (!slot.valid()) return deciding.context.evaluator.Run(rule.guard).is_true();
  if (!deciding.context.evaluator.Spend(1 + rule.needs_scopes.count)) return false;
  std::uint32_t size = ScopesOf(deciding).is(Kind::kList) ? ScopesOf(deciding).size : 0;
  for (const TextId scope : deciding.program[rule.needs_scopes]) granted[size++] = Value::String(deciding.program[scope]);
  const Value list = Value::List(granted, size);
  what_if.Set(slot, list);
  ReplaceInParent(deciding, slot, list, what_if);
  return deciding.context.evaluator.Run(rule.guard).is_true();
}

}  // namespace

Value ScopesOf(Deciding& deciding) {
  if (!deciding.policies.scopes_slot.valid()) return deciding.request.scopes;
  const Value& scopes = deciding.context.slots[deciding.policies.scopes_slot.index];
  return scopes.is(Kind::kAbsent) ? deciding.request.scopes : scopes;
}

// Many scopes are hashed once: each rule asks for its own, and each tool of a listing asks again.
bool HasScope(Deciding& deciding, std::string_view scope) {
  constexpr std::uint32_t kFewScopes = 16;
  const Value scopes = ScopesOf(deciding);
  if (!scopes.is(Kind::kList)) return false;
  if (scopes.size <= kFewScopes) {
    return std::any_of(scopes.items, scopes.items + scopes.size,
                       [scope](const Value& item) { return item.is(Kind::kString) && item.string() == scope; });
  }
  if (deciding.scope_set == nullptr) deciding.scope_set = MakeScopeSet(scopes, deciding.context.arena);
  return deciding.scope_set != nullptr && FindInMap(*deciding.scope_set, scope) != nullptr;
}

// The scopes are one more conjunct of an allow: a missing one makes it false, whatever else is
// unknown.
void EvaluateScopes(Deciding& deciding, const Rule& rule, RuleResult& result) {
  if (result.outcome != Outcome::kTrue && result.outcome != Outcome::kUnknown) return;
  if (ScopesOf(deciding).is_fault()) {
    const bool held = result.outcome == Outcome::kTrue;
    result.possible = static_cast<std::uint16_t>((held ? kMayBeTrue : result.possible) | kMayBeFalse);
    result.outcome = Outcome::kUnknown;
    result.certain = false;
    return;
  }
  for (const TextId scope : deciding.program[rule.needs_scopes]) {
    if (!HasScope(deciding, deciding.program[scope])) {
      result.outcome = Outcome::kFalse;
      result.certain = true;
    }
  }
}

// Which scopes would have made an allow hold? Each rule that needs some is tried again as if the
// principal had them, because its guard may ask for them too; the smallest set first, then the one
// of which least is missing, then in rule order. The rules come from FindApplying: a guard on
// scopes may have been excluded by the index.
void AddMissingScopes(Deciding& deciding, Decision& decision) {
  constexpr std::size_t kMaxAlternatives = 16;
  if (ScopesOf(deciding).is_fault()) return;
  FindApplying(deciding, deciding.context.candidates);
  struct Way {
    RuleId rule;
    std::size_t missing;
  };
  std::vector<Way> ways;
  std::size_t most = 0;
  for (const RuleId id : deciding.context.candidates) {
    const Rule& rule = deciding.program.rules[id.index];
    const bool is_shadow = deciding.program.policies[rule.policy.index].mode == PolicyMode::kShadow;
    if (rule.verb != Verb::kAllow || rule.needs_scopes.empty() || is_shadow || !IsMatched(deciding, rule)) continue;
    const std::span<const TextId> scopes = deciding.program[rule.needs_scopes];
    const auto has = [&deciding](TextId scope) { return HasScope(deciding, deciding.program[scope]); };
    const auto held = static_cast<std::size_t>(std::count_if(scopes.begin(), scopes.end(), has));
    most = std::max(most, scopes.size());
    if (held < scopes.size()) ways.push_back({id, scopes.size() - held});
  }
  const auto needs = [&deciding](const Way& way) { return deciding.program[deciding.program[way.rule].needs_scopes]; };
  std::stable_sort(ways.begin(), ways.end(), [&](const Way& a, const Way& b) {
    return std::pair(needs(a).size(), a.missing) < std::pair(needs(b).size(), b.missing);
  });
  Value* granted = GrantedScopes(deciding, most);
  if (ways.empty() || granted == nullptr) return;
  WhatIf what_if(deciding.context.evaluator);
  for (const Way& way : ways) {
    std::vector<std::string> scopes;
    for (const TextId scope : needs(way)) scopes.emplace_back(deciding.program[scope]);
    const bool is_told = scopes == decision.needs_all || std::find(decision.needs_alternatives.begin(), decision.needs_alternatives.end(),
                                                                   scopes) != decision.needs_alternatives.end();
    if (is_told || !HoldsWithScopes(deciding, deciding.program.rules[way.rule.index], granted, what_if)) continue;
    if (!decision.needs_all.empty()) {
      decision.needs_alternatives.push_back(scopes);
      if (decision.needs_alternatives.size() == kMaxAlternatives) return;
      continue;
    }
    decision.needs_all = scopes;
    for (const std::string& scope : scopes) {
      if (!HasScope(deciding, scope)) decision.needs_scopes.push_back(scope);
    }
  }
}

}  // namespace writ
