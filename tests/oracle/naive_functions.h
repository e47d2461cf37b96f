// A second implementation of what is simple enough to be written twice: numbers, texts,
// comparisons, membership. It shares nothing with rules/function but the parsers of times, and
// charges nothing. For differential tests of the function library.
#pragma once

#include <optional>
#include <span>
#include <string>

#include "rules/function/function.h"
#include "rules/model/value.h"

namespace writ::oracle {

// Returns the value of the call; an error says its kind alone. Empty for what is not written here,
// wrong kinds among it. Text of the result lives in `room`, which may not change meanwhile.
// Requires: no argument is a fault.
std::optional<Value> NaiveCall(Function function, std::span<const Value> arguments, std::string& room);

}  // namespace writ::oracle
