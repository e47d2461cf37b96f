// The words for an operation that does not take its operands.
#pragma once

#include <string>

#include "rules/model/value.h"

namespace writ {

// Returns "double + int: convert with double(…)", "string.startsWith(int)", or the detail alone where the operands are not known.
// Requires: kNoMatchingOverload.
std::string OverloadText(const Value& error);

}  // namespace writ
