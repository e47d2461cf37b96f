// Explaining: every applying rule with its outcome and what it read.
// A second evaluation after the decision, so that it cannot change it. Masked columns and
// credentials are never shown.
#pragma once

#include "engine/decide/deciding.h"

namespace writ {

// Appends to Decision::explained. Begins the evaluator anew, twice: rules that were cut off are
// explained all the same, within kMaxExplainedBytes.
void Explain(Deciding& deciding, Decision& decision);

}  // namespace writ
