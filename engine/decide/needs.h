// What the host has to find out before a request can be decided.
#pragma once

#include <vector>

#include "engine/decide/deciding.h"

namespace writ {

// Returns what rules want to know that may apply, each kind and key once. Nothing when the budget
// ends: the request cannot be decided then, whatever is found out. Begins the evaluator.
std::vector<Need> FindNeeds(Deciding& deciding);

}  // namespace writ
