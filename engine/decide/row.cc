// Masks and redactions that the caller must apply, and the row with its masks applied; see row.h.
#include "engine/decide/row.h"

#include "engine/decide/decide.h"
#include "engine/decide/hiding.h"
#include "engine/decide/mask.h"
#include "engine/json/json_document.h"

namespace writ {
namespace {

// Rows of another table that has masks are left out: whether those hold is that table's own
// decision.
Value WithoutMaskedRelations(Deciding& deciding, const Value& row) {
  MapEntry* entries = deciding.context.arena.AllocateArray<MapEntry>(row.map == nullptr ? 0 : row.map->size);
  if (row.map == nullptr || entries == nullptr) return Value::Map(nullptr);
  std::uint32_t count = 0;
  for (std::uint32_t i = 0; i < row.map->size; ++i) {
    if (!IsMaskedRelation(deciding, row.map->entries[i].key.string())) entries[count++] = row.map->entries[i];
  }
  const MapData* map = MakeMap(deciding.context.arena, entries, count);
  return Value::Map(map);
}

}  // namespace

// A conditional decision carries them too: whoever finds its residual to hold has to apply them.
void AddMasks(Deciding& deciding, Decision& decision) {
  for (const RuleResult& result : deciding.context.results) {
    const Rule& rule = RuleOf(deciding, result);
    const MaskSpec* mask = deciding.program.mask(rule);
    if (mask == nullptr || result.outcome == Outcome::kFalse || ModeOf(deciding, result) == PolicyMode::kShadow) continue;
    AddObligations(deciding.program, rule.verb, *mask, decision.obligations);
  }
}

void AddRow(Deciding& deciding, Decision& decision) {
  if (deciding.request.target() != Target::kRows || !deciding.request.row.valid()) return;
  const Value row = MaterializeJson(deciding.request.row, deciding.context.arena, JsonStrings::kBorrowed, JsonIntegers::kUint);
  if (row.is(Kind::kAbsent)) return DenyByBudget(deciding, decision);  // the arena is full: without its masks the row is not to be shown
  if (row.is(Kind::kMap)) decision.row_json = MaskedRowJson(WithoutMaskedRelations(deciding, row), decision.obligations);
}

}  // namespace writ
