// What would conditions come to, were some slots others? For as long as it lives, an evaluator runs
// on a copy of its slots; the request's own stay as they are.
//
//   WhatIf granted(evaluator);
//   granted.Set(scopes_slot, all_scopes);
//   const bool holds = evaluator.Run(guard).is_true();
#pragma once

#include <span>
#include <vector>

#include "engine/eval/evaluator.h"

namespace writ {

// They may stand in each other; the inner one ends first. Not thread-safe.
class WhatIf {
 public:
  // Requires: an evaluator that has begun. O(slots).
  explicit WhatIf(Evaluator& evaluator) : evaluator_(evaluator), base_(evaluator.slots()), slots_(base_.begin(), base_.end()) {
    evaluator_.UseSlots(slots_);
  }
  ~WhatIf() { evaluator_.UseSlots(base_); }
  WhatIf(const WhatIf&) = delete;
  WhatIf& operator=(const WhatIf&) = delete;

  const Value& operator[](SlotId slot) const { return slots_[slot.index]; }
  // Sets one slot. O(1).
  void Set(SlotId slot, const Value& value) {
    slots_[slot.index] = value;
    evaluator_.ForgetShared();
  }
  // Sets a slot and everything below it. O(slots after it).
  void Fill(const Program& program, SlotId slot, const Value& value) {
    FillSlots(program, slot, value, slots_);
    evaluator_.ForgetShared();
  }

 private:
  Evaluator& evaluator_;
  const std::span<const Value> base_;
  std::vector<Value> slots_;
};

}  // namespace writ
