// Calling a function of function_list.h: what the evaluator and the folder do.
#pragma once

#include "rules/function/context.h"

namespace writ {

// What every call costs beside the work of the function.
inline constexpr std::uint64_t kCallSteps = 4;

// Returns `function` applied to `arguments` (method receivers first). A fault among them is the
// result, but for is_true, which is false of an error. Wrong kinds give
// NoMatchingOverload with the function's name as detail. Operators are callable too. Never throws.
Value CallFunction(Function function, std::span<const Value> arguments, FunctionContext& context);

}  // namespace writ
