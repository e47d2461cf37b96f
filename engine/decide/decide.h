// One decision: candidate rules are evaluated, then combined.
#pragma once

#include "engine/decide/deciding.h"

namespace writ {

// What a decision says that was cut off by its deadline.
inline constexpr const char* kLateText = "the decision was not made within the time that the request allows";

// Fills `decision`, which must be clear but for what it is about, and context.charges.
void Decide(Deciding& deciding, Decision& decision);

// Decides a listing: reads each of its tools into the slots. Errors: a tool that is none.
Status DecideListing(Deciding& deciding, Decision& decision);

// Makes of a decision a deny that says that the budget or the time is spent, and that has no
// charges.
void DenyByBudget(Deciding& deciding, Decision& decision);

// Makes of a decision what it is about, and nothing else: a deny that says nothing yet.
void ForgetAllBut(Decision& decision);

}  // namespace writ
