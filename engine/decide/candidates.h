// Which rules are asked about a request.
#pragma once

#include <vector>

#include "engine/decide/deciding.h"

namespace writ {

// Appends the rules that apply and that the index does not know to be false, in rule order. Those
// of a subresource are also those of its parent's kind. Spends a step a rule, and the index's own.
void FindCandidates(Deciding& deciding, std::vector<RuleId>& rules);

// The same with those that are certainly false. Costs what the selectors match.
void FindApplying(Deciding& deciding, std::vector<RuleId>& rules);

// Whether any rule is about the request, also one that is certainly false. Requires:
// context.candidates.
bool IsCovered(Deciding& deciding);

}  // namespace writ
