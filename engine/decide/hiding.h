// What nobody may be shown: masked columns, and what is called like a credential.
#pragma once

#include <string_view>

#include "engine/decide/deciding.h"
#include "engine/eval/what_if.h"

namespace writ {

// Whether some mask that holds, or may hold, is on the column. O(rules).
bool IsMaskedColumn(Deciding& deciding, std::string_view column);

// Whether the member holds rows of another table that has masks: whether those hold is that table's
// own decision.
bool IsMaskedRelation(Deciding& deciding, std::string_view member);

// Makes masked columns say so, for messages about rows.
void HideMaskedColumns(Deciding& deciding, WhatIf& shown);

// Makes what must not be shown unknown, for residuals, which are made of what stands in the
// request: it stays a path. Whoever reads the residual has the request.
void HideSecrets(Deciding& deciding, WhatIf& shown);

}  // namespace writ
