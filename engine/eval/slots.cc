// FillSlots: from a value to the slots of a root.
#include "engine/eval/evaluator.h"

namespace writ {
namespace {

// The value of a member `key` of `parent`: faults are passed down, what has no members has none.
Value MemberOf(const Value& parent, const std::string& key) {
  if (parent.is_fault()) return parent;
  if (!parent.is(Kind::kMap) || parent.map == nullptr) return {};
  const Value* found = FindInMap(*parent.map, key);
  return found == nullptr ? Value{} : *found;
}

bool IsBelow(const Program& program, std::size_t slot, SlotId root) {
  while (program.slots[slot].parent.valid() && program.slots[slot].parent.index >= root.index) {
    slot = program.slots[slot].parent.index;
    if (slot == root.index) return true;
  }
  return false;
}

}  // namespace

void FillSlots(const Program& program, SlotId root, const Value& value, std::span<Value> slots) {
  slots[root.index] = value;
  for (std::size_t i = std::size_t{root.index} + 1; i < program.slots.size(); ++i) {
    if (IsBelow(program, i, root)) slots[i] = MemberOf(slots[program.slots[i].parent.index], program.slots[i].key);
  }
}

}  // namespace writ
