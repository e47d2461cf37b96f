// Calls whose arguments are all constants, computed while a policy is compiled. The checker asks
// for constant faults and for conditions that never vary, the graph for constants to keep. The
// functions themselves are called, within a small budget, so that a folded call has the value that
// the evaluator would give it.
//
//   in:  2 * 30, "a" + "b", duration("1h"), string(1.5), [1, 2][0]; int("x"), which is an error
//   out: what its row leaves alone (function_list.h), and calls that cost or make too much
#pragma once

#include <cstdint>
#include <optional>
#include <span>

#include "rules/base/arena.h"
#include "rules/function/function.h"
#include "rules/model/value.h"

namespace writ {

// What one folded call may cost, in steps and in bytes of the arena: compiling is not to be slow
// whatever a policy says.
inline constexpr std::uint64_t kMaxFoldSteps = 100'000;
inline constexpr std::size_t kMaxFoldArenaBytes = std::size_t{64} * 1024;
// Larger results stay calls: every step of "a" + "b" + … would be kept. Items count 16 bytes.
inline constexpr std::size_t kMaxFoldedBytes = 4096;

// Returns the value of the call, which may be an error (overflow, a bad timestamp); empty when the
// call is not folded. Text and items of the result live in `arena` or where the arguments live.
// Requires: no argument is a fault. Cost: kMaxFoldSteps.
std::optional<Value> FoldCall(Function function, std::span<const Value> arguments, Arena& arena);

}  // namespace writ
