// What nobody may be shown: masked columns, and what is called like a credential; see hiding.h.
#include "engine/decide/hiding.h"

#include <algorithm>

#include "engine/decide/credential_name.h"
#include "rules/index/index.h"

namespace writ {
namespace {

// Does the value hold a member that is called like a credential, at any depth? Adds to `steps`.
// NOLINTNEXTLINE(misc-no-recursion): values nest at most 1000 deep
bool HoldsCredential(const Value& value, std::uint64_t& steps) {
  bool holds = false;
  if (value.is(Kind::kList)) {
    steps += value.size;
    for (std::uint32_t i = 0; i < value.size && !holds; ++i) holds = HoldsCredential(value.items[i], steps);
  }
  if (value.is(Kind::kMap) && value.map != nullptr) {
    steps += value.map->size;
    for (std::uint32_t i = 0; i < value.map->size && !holds; ++i) {
      const MapEntry& entry = value.map->entries[i];
      holds = (entry.key.is(Kind::kString) && IsCredentialName(entry.key.string())) || HoldsCredential(entry.value, steps);
    }
  }
  return holds;
}

bool HasMaskedColumn(Deciding& deciding, const Value& row) {
  if (!row.is(Kind::kMap) || row.map == nullptr) return false;
  return std::any_of(row.map->entries, row.map->entries + row.map->size, [&deciding](const MapEntry& entry) {
    return entry.key.is(Kind::kString) && IsMaskedColumn(deciding, entry.key.string());
  });
}

}  // namespace

bool IsMaskedColumn(Deciding& deciding, std::string_view column) {
  if (IsMaskedRelation(deciding, column)) return true;
  for (const RuleResult& result : deciding.context.results) {
    const Rule& rule = RuleOf(deciding, result);
    if (rule.verb != Verb::kMask || result.outcome == Outcome::kFalse || ModeOf(deciding, result) == PolicyMode::kShadow) continue;
    for (const TextId target : deciding.program[deciding.program.mask(rule)->targets]) {
      if (deciding.program[target] == column) return true;
    }
  }
  return false;
}

bool IsMaskedRelation(Deciding& deciding, std::string_view member) {
  const auto table = std::find_if(deciding.program.tables.begin(), deciding.program.tables.end(),
                                  [&](const Table& each) { return deciding.program[each.name] == deciding.request.scope; });
  if (table == deciding.program.tables.end()) return false;
  const std::span<const Relation> relations = deciding.program[table->relations];
  const auto relation =
      std::find_if(relations.begin(), relations.end(), [&](const Relation& each) { return deciding.program[each.name] == member; });
  if (relation == relations.end()) return false;
  const auto is_about = [&](const Selector& selector) {
    return GlobMatches(deciding.program[selector.scope], deciding.program[relation->table]);
  };
  return std::any_of(deciding.program.rules.begin(), deciding.program.rules.end(), [&](const Rule& rule) {
    const std::span<const Selector> selectors = deciding.program[deciding.program.details(rule).selectors];
    return rule.verb == Verb::kMask && std::any_of(selectors.begin(), selectors.end(), is_about);
  });
}

// A message about rows cannot show a masked column: its slots say so instead.
void HideMaskedColumns(Deciding& deciding, WhatIf& shown) {
  const Value hidden = Value::String("(masked)");
  for (std::size_t i = 0; i < deciding.program.slots.size(); ++i) {
    const Slot& slot = deciding.program.slots[i];
    const Value value = shown[SlotId(i)];
    if (!slot.parent.valid()) {
      if (deciding.program[slot.key] != "row" || !value.is(Kind::kMap) || value.map == nullptr) continue;
      MapEntry* entries = deciding.context.arena.AllocateArray<MapEntry>(value.map->size);
      const std::uint32_t size = value.map->size;
      for (std::uint32_t k = 0; entries != nullptr && k < size; ++k) {
        entries[k] = value.map->entries[k];
        if (IsMaskedColumn(deciding, entries[k].key.string())) entries[k].value = hidden;
      }
      const MapData* map = entries == nullptr ? nullptr : MakeMap(deciding.context.arena, entries, size);
      shown.Set(SlotId(i), map == nullptr ? Value::Map(nullptr) : Value::Map(map));
      continue;
    }
    const Slot& parent = deciding.program.slots[slot.parent.index];
    const bool is_column = !parent.parent.valid() && deciding.program[parent.key] == "row";
    if (is_column && !value.is(Kind::kAbsent) && IsMaskedColumn(deciding, deciding.program[slot.key]))
      shown.Fill(deciding.program, SlotId(i), hidden);
  }
}

// A residual is made of what stands in the request. What must not be shown stays a path, as if it
// were unknown: whoever reads the residual has the request.
void HideSecrets(Deciding& deciding, WhatIf& shown) {
  const bool is_row = deciding.request.target() == Target::kRows;
  std::uint64_t steps = deciding.context.slots.size();
  std::vector<bool> is_secret(deciding.program.slots.size());
  for (std::size_t i = 0; i < deciding.program.slots.size(); ++i) {
    const Slot& slot = deciding.program.slots[i];
    const std::string_view key = deciding.program[slot.key];
    const Slot* parent = slot.parent.valid() ? &deciding.program.slots[slot.parent.index] : nullptr;
    const bool is_column = is_row && parent != nullptr && !parent->parent.valid() && deciding.program[parent->key] == "row";
    is_secret[i] =
        (parent != nullptr && is_secret[slot.parent.index]) || IsCredentialName(key) || (is_column && IsMaskedColumn(deciding, key));
    const Value& value = deciding.context.slots[i];
    if (value.is(Kind::kAbsent) || value.is_fault()) continue;
    const bool is_whole_row = is_row && parent == nullptr && key == "row";
    if (is_secret[i])
      shown.Set(SlotId(i), Value::Unknown());
    else if ((is_whole_row && HasMaskedColumn(deciding, value)) || HoldsCredential(value, steps))
      shown.Set(SlotId(i), Value::PartlyUnknown());
  }
  deciding.context.evaluator.Spend(steps);
}

}  // namespace writ
