// The condition that is left of a decision that hangs on something unknown:
//
//   (allow || allow) && !(deny || deny) && requirement        of the rules that are open
//
// Exact for whoever takes an error for "not allowed": `&&` and `||` absorb errors as the decision
// does, an allow that fails does not allow, a denial or a requirement that fails denies.
#pragma once

#include "engine/decide/deciding.h"

namespace writ {

// Makes the decision conditional, with what is left of it. `is_allow_needed`: no allow holds yet.
// Cold.
void AddResidual(Deciding& deciding, bool is_allow_needed, Decision& decision);

// Returns what is left of a decision that hangs on nothing but limits.
Residual ResidualOfTrue();

}  // namespace writ
