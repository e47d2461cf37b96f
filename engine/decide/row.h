// Masks and redactions that the caller must apply, and the row with its masks applied.
#pragma once

#include "engine/decide/deciding.h"

namespace writ {

// Adds the masks of the rules that hold, or may. A conditional decision carries them, too: whoever
// finds its residual to hold has to apply them.
void AddMasks(Deciding& deciding, Decision& decision);

// Adds the row as it may be shown. A row that does not fit in memory makes the decision a deny.
void AddRow(Deciding& deciding, Decision& decision);

}  // namespace writ
