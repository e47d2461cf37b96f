// The functions of function_list.h at run time: dispatch on the kinds of the arguments, faults passed on.
#pragma once

#include <span>

#include "rules/base/arena.h"
#include "rules/base/deadline.h"
#include "rules/model/function.h"
#include "rules/model/value.h"

namespace writ {

// What functions may use: an arena for results and the budget of the decision.
//
// The budget is handed out in slices: `steps_left` is what may be spent before somebody looks at the clock, `reserve` the rest. The hot
// path knows `steps_left` only.
struct FunctionContext {
  Arena& arena;
  std::uint64_t& steps_left;  // charged by size; functions stop early and return any error when it reaches 0
  std::uint64_t reserve = 0;
  Deadline deadline = {};
  bool is_late = false;  // the budget ended because the deadline had passed
};

// Returns `function` applied to `arguments` (method receivers first). Wrong kinds give NoMatchingOverload with the function's
// name as detail. Operators are callable too. Never throws.
Value CallFunction(Function function, std::span<const Value> arguments, FunctionContext& context);

}  // namespace writ
