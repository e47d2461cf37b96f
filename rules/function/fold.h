// Constant folding: calls of the language whose arguments are all constants. Used by the checker (constant faults, conditions
// that never vary) and by the optimiser.
//
// Only what is certain to agree with the evaluator is folded: arithmetic, comparison, equality, membership, `+`, size, the
// string tests and the parsing of times. In: 2 * 30, "a" + "b", duration("1h"). Out: string(1.5), matches (compiled instead).
#pragma once

#include <cstdint>
#include <optional>
#include <span>

#include "rules/base/arena.h"
#include "rules/function/function.h"
#include "rules/model/value.h"

namespace writ {

// Returns the value, which may be an error (overflow, a bad timestamp); empty when the call is not folded. Text and items of
// the result live in `arena` or where the arguments live. Requires: no argument is a fault. O(size of the arguments).
std::optional<Value> FoldCall(Function function, std::span<const Value> arguments, Arena& arena);

}  // namespace writ
