// What the functions of all libraries share: the context that they run in, how they charge for
// their work, and the makers of errors and texts.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "rules/base/arena.h"
#include "rules/base/deadline.h"
#include "rules/function/function.h"
#include "rules/model/value.h"

namespace writ {

// What functions may use: an arena for results and the budget of the decision.
//
// The budget is handed out in slices: `steps_left` is what may be spent before somebody looks at
// the clock, `reserve` the rest. The hot path knows `steps_left` only.
struct FunctionContext {
  Arena& arena;
  std::uint64_t& steps_left;  // charged by size; functions stop early and return any error when it reaches 0
  std::uint64_t reserve = 0;
  Deadline deadline = {};
  bool is_late = false;  // the budget ended because the deadline had passed
};

// What is spent between two looks at the clock: well below a millisecond of ordinary instructions.
inline constexpr std::uint64_t kStepsPerSlice = 50'000;

// Takes `steps` from the reserve and hands out the next slice, unless the budget or the time is
// over.
[[gnu::cold]] bool ChargeReserve(FunctionContext& context, std::uint64_t steps);

// Takes `steps` from the budget. False when that exhausted it, or when the deadline has passed.
inline bool Charge(FunctionContext& context, std::uint64_t steps) {
  if (steps >= context.steps_left) [[unlikely]]
    return ChargeReserve(context, steps);
  context.steps_left -= steps;
  return true;
}

// Returns whether two values are equal; charged. False, too, when that exhausted the budget: ask
// steps_left.
bool EqualWithinBudget(const Value& a, const Value& b, FunctionContext& context);

// What walking `bytes` bytes costs: a step for every 32.
inline std::uint64_t ScanSteps(std::size_t bytes) { return 1 + bytes / 32; }

// Marks the budget as exhausted (also when the arena is full) and returns an error to go on with.
[[gnu::cold]] Value OutOfBudget(FunctionContext& context);

// Returns an error whose detail is copied into the arena.
[[gnu::cold]] Value MakeError(ValueError error, std::string_view detail, FunctionContext& context);
// NoMatchingOverload with the function's name and the kinds of its first operands.
[[gnu::cold]] Value NoOverload(Function function, std::span<const Value> operands);
[[gnu::cold]] Value NoOverload(Function function, const Value& a);
[[gnu::cold]] Value NoOverload(Function function, const Value& a, const Value& b);
// Overflow with the function's name.
[[gnu::cold]] Value OverflowIn(Function function);

// Returns the text of a key or index for an error's detail, at most about 100 bytes.
[[gnu::cold]] std::string DetailText(const Value& key);

// Returns a string value whose text is copied into the arena.
Value MakeString(std::string_view text, FunctionContext& context);

// Returns optional.of(value).
Value MakeOptional(const Value& value, FunctionContext& context);

// Of two strict operands of which at least one is a fault: the fault that counts. Error before
// unknown, left before right.
inline const Value& FaultOf(const Value& a, const Value& b) {
  if (a.is(Kind::kError)) return a;
  if (b.is(Kind::kError)) return b;
  return a.is_fault() ? a : b;
}

}  // namespace writ
