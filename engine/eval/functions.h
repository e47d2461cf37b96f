// The functions of function_list.h at run time: dispatch on the kinds of the arguments, faults passed on.
#pragma once

#include <span>

#include "rules/base/arena.h"
#include "rules/model/function.h"
#include "rules/model/value.h"

namespace writ {

// What functions may use: an arena for results and the budget of the decision.
struct FunctionContext {
  Arena& arena;
  std::uint64_t& steps_left;  // charged by size; functions stop early and return any error when it reaches 0
};

// Returns `function` applied to `arguments` (method receivers first). Wrong kinds give NoMatchingOverload with the function's
// name as detail. Operators are callable too. Never throws.
Value CallFunction(Function function, std::span<const Value> arguments, FunctionContext& context);

}  // namespace writ
