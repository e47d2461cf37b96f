// Quotas: what an allow would use up, and what becomes of it when that is settled. Fails closed.
#pragma once

#include <string>

#include "engine/decide/deciding.h"

namespace writ {

// Collects context.charges for a decision that does not deny. Limits of policies in warn mode only
// warn. A limit of which it is unknown whether it applies makes the decision conditional; one that
// fails denies.
void ApplyLimits(Deciding& deciding, Decision& decision);

// Makes of the decision what settling its charges makes of it.
void ApplySettlement(Deciding& deciding, Settlement settlement, Decision& decision);

// Returns "limit of 30 per 1m reached".
std::string LimitText(Deciding& deciding, const Rule& rule);

}  // namespace writ
