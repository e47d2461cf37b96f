// Facts in slots: what is known is put where rules read it.
#pragma once

#include "engine/decide/deciding.h"

namespace writ {

// Puts the facts that are known into their slots, and into the others `untold`: kAbsent stands for
// the error that names the fact, kUnknown for finding out what is wanted. A key that fails gives
// its error, one that is unknown an unknown fact. In the order of the facts, since keys may read
// those before. Requires: the evaluator has begun. O(1) for policies that name no facts; else the
// keys.
void BindFacts(Deciding& deciding, const Value& untold);

// Returns what a fact is that nobody told: the error that names it, or unknown where the request
// itself leaves something open, since it may be told when the rest is.
Value UntoldFor(const Deciding& deciding);

}  // namespace writ
