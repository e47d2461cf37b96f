// FillSlots: from a value to the slots of a root.
#include "engine/eval/evaluator.h"

namespace writ {
namespace {

// The value of a member `key` of `parent`: faults are passed down, what has no members has none.
Value MemberOf(const Value& parent, std::string_view key) {
  if (parent.is_fault()) return parent;
  if (!parent.is(Kind::kMap) || parent.map == nullptr) return {};
  const Value* found = FindInMap(*parent.map, key);
  return found == nullptr ? Value{} : *found;
}

}  // namespace

void FillSlots(const Program& program, SlotId root, const Value& value, std::span<Value> slots) {
  slots[root.index] = value;
  std::vector<bool> is_below(program.slots.size() - root.index);  // by slot from the root on
  is_below[0] = true;
  for (std::size_t i = std::size_t{root.index} + 1; i < program.slots.size(); ++i) {
    const SlotId parent = program.slots[i].parent;
    if (!parent.valid() || parent < root || !is_below[parent.index - root.index]) continue;
    is_below[i - root.index] = true;
    slots[i] = MemberOf(slots[parent.index], program[program.slots[i].key]);
  }
}

}  // namespace writ
