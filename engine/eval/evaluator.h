// The evaluator of decision programs: registers, one switch, errors as values. Three-valued from the ground: a slot may be
// kUnknown, and `&& || ?:` and the macros are Kleene over true, false, error and unknown (docs/language.md, "Errors and unknowns").
#pragma once

#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "engine/emit/code_cache.h"
#include "rules/base/arena.h"
#include "rules/base/deadline.h"
#include "rules/base/limits.h"
#include "rules/ir/verify.h"
#include "rules/model/value.h"

namespace writ {

// A verified program and the register code of what was evaluated so far. Thread-safe.
class RuntimeProgram {
 public:
  // Cannot fail: the verifier has proven what code relies on. Takes the program over. O(nodes).
  explicit RuntimeProgram(VerifiedProgram program);
  RuntimeProgram(const RuntimeProgram&) = delete;
  RuntimeProgram& operator=(const RuntimeProgram&) = delete;

  const Program& program() const { return program_.program(); }
  const VerifiedProgram& verified() const { return program_; }
  const CodeCache& code() const { return code_; }

 private:
  VerifiedProgram program_;
  CodeCache code_;
};

// Records what a guard read, for `explain`. Implementations are called in reading order, possibly several times per slot.
class ReadObserver {
 public:
  virtual ~ReadObserver() = default;
  virtual void OnRead(SlotId slot, const Value& value) = 0;
};

// Evaluates expressions of one program against one set of slot values. Reused between decisions;
// not thread-safe.
class Evaluator {
 public:
  explicit Evaluator(const EvalLimits& limits = {});
  ~Evaluator();
  Evaluator(Evaluator&&) noexcept;
  Evaluator& operator=(Evaluator&&) noexcept;

  // Begins a decision: forgets shared values, the budget and all temporaries. `slots[i]` is the
  // value of SlotId i: kAbsent when missing, kUnknown when declared unknown; a map that exists but
  // whose members were not read (Slot::whole is false) is a kMap with map == nullptr. `program` and
  // `slots` are borrowed until the next Begin. When `deadline` passes, the budget is exhausted.
  // O(1).
  void Begin(const RuntimeProgram& program, std::span<const Value> slots, const Deadline& deadline = {});

  // Takes `steps` from the budget for work that the caller does beside the expressions. False when
  // that exhausted it, or when the deadline has passed.
  bool Spend(std::uint64_t steps);

  // Forgets the shared values but keeps budget and temporaries: after slots have changed (the tools
  // of a listing).
  void ForgetShared();
  // Goes on with other slots, of the same program, which are borrowed as those of Begin are;
  // forgets the shared values. what_if.h is the way to use it.
  void UseSlots(std::span<const Value> slots);
  // Those that it runs on. Requires: Begin.
  std::span<const Value> slots() const;

  // Returns the expression's value. Requires: a closed node of the program. The value is of any
  // kind but kAbsent and valid until the next Begin. When the budget is exhausted returns an
  // unspecified error; ask exhausted() before using a decision. `observer` may be nullptr; it does
  // not change the value, and hears of what a shared value read also when that was computed
  // earlier, if that Run was observed too.
  Value Run(NodeId node, ReadObserver* observer = nullptr);
  // The value of a node inside macros: `variables[d]` is what that of depth d stands for, possibly
  // kUnknown. Requires: the node mentions no others from outside.
  Value Run(NodeId node, std::span<const Value> variables);
  // The same for code that the caller made and keeps until the next Begin. For tests.
  Value Run(const Code& code, ReadObserver* observer = nullptr);

  // What is left of the budget.
  std::uint64_t steps_left() const;

  // True when EvalLimits::max_steps or max_arena_bytes was reached since Begin, or the deadline: nothing decided from then on may be
  // used.
  bool exhausted() const;
  // True when it was the deadline.
  bool is_late() const;

  // Gives back what a large decision took, beyond what ordinary ones need. Values of earlier Runs end.
  void Trim();

  // The arena of temporaries, for values that the caller adds to a decision (masked columns).
  Arena& arena();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

// Sets the values of `root` and all slots below it from `value`: what `slots[i]` must be for Begin. kAbsent and kUnknown are
// passed down (members of an absent value are absent, of an unknown one unknown), errors too. O(slots after root).
void FillSlots(const Program& program, SlotId root, const Value& value, std::span<Value> slots);

}  // namespace writ
