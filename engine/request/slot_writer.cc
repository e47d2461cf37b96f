// Slots that are written and undone; see slot_writer.h.
#include "engine/request/slot_writer.h"

#include "rules/base/check.h"

namespace writ {
namespace {

// Slots stand behind their parents, so the way up ends where the numbers pass `root`.
bool IsBelow(const Program& program, SlotId slot, SlotId root) {
  for (SlotId at = program.slots[slot.index].parent; at.valid() && at >= root; at = program.slots[at.index].parent) {
    if (at == root) return true;
  }
  return false;
}

}  // namespace

void SlotWriter::Begin(const SlotDefaults& defaults) {
  if (defaults_.serial == defaults.serial) {
    for (const SlotId slot : written_) values_[slot.index] = defaults.values[slot.index];
  } else {
    values_.assign(defaults.values.begin(), defaults.values.end());
    marks_.assign(values_.size(), 0);
    generation_ = 0;
  }
  defaults_ = defaults;
  written_.clear();
  if (++generation_ == 0) {  // once in four billion requests
    marks_.assign(values_.size(), 0);
    generation_ = 1;
  }
}

void SlotWriter::Fill(const Program& program, const SlotTree& tree, SlotId slot, const Value& value) {
  Set(slot, value);
  if (tree.children(slot).empty()) return;
  for (const SlotId written : written_) {
    if (IsBelow(program, written, slot)) values_[written.index] = Value();
  }
  for (const SlotId given : defaults_.given) {
    if (IsBelow(program, given, slot)) Set(given, Value());
  }
  FillBelow(program, tree, slot, value);
}

// NOLINTNEXTLINE(misc-no-recursion): depth of the slot trie
void SlotWriter::SetWithBelow(const Program& program, const SlotTree& tree, SlotId slot, const Value& value) {
  Set(slot, value);
  FillBelow(program, tree, slot, value);
}

// Goes through the members or through the slots below, whichever are fewer.
// NOLINTNEXTLINE(misc-no-recursion): depth of the slot trie
void SlotWriter::FillBelow(const Program& program, const SlotTree& tree, SlotId slot, const Value& value) {
  const std::span<const SlotId> children = tree.children(slot);
  if (children.empty() || !value.is(Kind::kMap) || value.map == nullptr) return;
  if (children.size() <= value.map->size) {
    for (const SlotId child : children) {
      if (const Value* member = FindInMap(*value.map, program[program[child].key])) SetWithBelow(program, tree, child, *member);
    }
    return;
  }
  for (std::uint32_t i = 0; i < value.map->size; ++i) {
    const MapEntry& entry = value.map->entries[i];
    if (!entry.key.is(Kind::kString)) continue;
    if (const SlotId child = tree.FindChild(program, slot, entry.key.string()); child.valid())
      SetWithBelow(program, tree, child, entry.value);
  }
}

}  // namespace writ
