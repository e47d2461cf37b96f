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

// What slots are before a request writes any. Views.
struct SlotDefaults {
  std::uint64_t serial = 0;  // another one for each set of defaults that there ever was in the process
  std::span<const Value> values;
  std::span<const SlotId> given;  // those that are not absent, without data
};

// Lives in a Context. Not thread-safe.
class SlotWriter {
 public:
  // `values` is borrowed: by SlotId, what the evaluator and the index read. Whoever else writes
  // into it puts back what was there.
  explicit SlotWriter(std::vector<Value>& values) : values_(values) {}

  // Sets all slots to `defaults`, which are borrowed until the next Begin. O(slots written since
  // the last Begin) as long as the defaults stay the same, else O(slots).
  void Begin(const SlotDefaults& defaults);

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
  // What this Begin began with.
  const SlotDefaults& defaults() const { return defaults_; }
  // All values, by SlotId.
  std::span<const Value> values() const { return values_; }

 private:
  void SetWithBelow(const Program& program, const SlotTree& tree, SlotId slot, const Value& value);
  void FillBelow(const Program& program, const SlotTree& tree, SlotId slot, const Value& value);

  std::vector<Value>& values_;
  SlotDefaults defaults_;             // those that stand in `values_`
  std::uint32_t generation_ = 0;      // of this Begin
  std::vector<std::uint32_t> marks_;  // by SlotId: the generation in which it was written
  std::vector<SlotId> written_;
};

}  // namespace writ
