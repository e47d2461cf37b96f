// Constant folding: calls of the language whose arguments are all constants. Used by the checker (constant faults, conditions
// that never vary) and by the optimiser.
//
// Only what is certain to agree with the evaluator is folded: arithmetic, comparison, equality, membership, `+`, size, the
// string tests and the parsing of times. In: 2 * 30, "a" + "b", duration("1h"). Out: string(1.5), matches (compiled instead).
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>

#include "rules/base/arena.h"
#include "rules/ir/regex_limits.h"
#include "rules/model/function.h"
#include "rules/model/value.h"

namespace writ {

// Returns the value, which may be an error (overflow, a bad timestamp); empty when the call is not folded. Text and items of
// the result live in `arena` or where the arguments live. Requires: no argument is a fault. O(size of the arguments).
std::optional<Value> FoldCall(Function function, std::span<const Value> arguments, Arena& arena);

// Says of the patterns of one policy set whether they are regular expressions. Each is compiled once, and none any more when all together
// are larger than `max_instructions`: hostile patterns cost a second, however many they are. Not thread-safe.
class RegexChecker {
 public:
  explicit RegexChecker(std::int64_t max_instructions = kMaxRegexInstructions) : max_instructions_(max_instructions) {}
  // Returns what is wrong with `pattern`, or "".
  const std::string& ErrorOf(std::string_view pattern);

 private:
  std::unordered_map<std::string, std::string> errors_;  // by pattern
  const std::int64_t max_instructions_;
  std::int64_t instructions_ = 0;  // of all that were compiled
};

}  // namespace writ
