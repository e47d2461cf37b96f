// The values of slots while requests are read: what a request writes is undone before the next one,
// so that a decision costs what its request gives and not what all rules together could read.
//
// A slot below one that is unknown, an error or absent needs no value: the evaluator looks at what
// is above (engine/eval).
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "engine/request/shape.h"
#include "rules/ir/program.h"
#include "rules/model/value.h"

namespace writ {

// Lives in a Context. Not thread-safe.
class SlotWriter {
 public:
  // `values` is borrowed: by SlotId, what the evaluator and the index read. Whoever else writes
  // into it puts back what was there.
  explicit SlotWriter(std::vector<Value>& values) : values_(values) {}

  // Sets all slots to the defaults of `shape`, which is borrowed until the next Begin. O(slots
  // written since the last Begin) as long as the shape stays the same, else O(slots).
  void Begin(const Shape& shape);

  // Sets one slot. O(1).
  void Set(SlotId slot, const Value& value) {
    values_[slot.index] = value;
    if (marks_[slot.index] == generation_) return;
    marks_[slot.index] = generation_;
    written_.push_back(slot);
  }
  // Sets a slot and everything below it from the value's members. O(slots written so far + members
  // that have slots).
  void Fill(const Program& program, const SlotTree& tree, SlotId slot, const Value& value);

  const Value& operator[](SlotId slot) const { return values_[slot.index]; }
  // Slots that were set since Begin, each once.
  std::span<const SlotId> written() const { return written_; }

 private:
  void SetWithBelow(const Program& program, const SlotTree& tree, SlotId slot, const Value& value);
  void FillBelow(const Program& program, const SlotTree& tree, SlotId slot, const Value& value);

  std::vector<Value>& values_;
  const Shape* shape_ = nullptr;
  std::uint64_t serial_ = 0;          // of the shape whose defaults stand in `values_`; 0 = none
  std::uint32_t generation_ = 0;      // of this Begin
  std::vector<std::uint32_t> marks_;  // by SlotId: the generation in which it was written
  std::vector<SlotId> written_;
};

}  // namespace writ
