// Literals of a program as values.
#pragma once

#include "rules/ir/program.h"
#include "rules/model/value.h"

namespace writ {

// Returns the value of a literal that is no list or map; kAbsent for those, whose items are other
// constants. Texts stay in the program. O(1).
Value ScalarValue(const Program& program, const Constant& constant);

}  // namespace writ
