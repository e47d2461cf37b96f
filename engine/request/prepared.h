// Fields that many requests share, such as the principal: copied and written once, and then the
// defaults of the others.
#pragma once

#include "engine/request/request_state.h"

namespace writ {

// Prepares the fields of `shared` in the state, in the place of what was prepared there before.
// Errors: what is wrong with them as far as they can be told alone. O(slots).
Result<PreparedFields> Prepare(const FieldRequest& shared, RequestState& state);

// Are the fields that the request names those of this state and its policies? Refuses others.
// Requires: it names some.
[[nodiscard]] bool CheckPrepared(const FieldRequest& request, RequestState& state);

// Returns `request` with what was prepared before its own: what it means, without having been
// prepared. Views the state.
FieldRequest WithPrepared(const FieldRequest& request, RequestState& state);

// Can requests begin with the slots of what was prepared?
inline bool IsWritten(const Prepared& prepared) { return prepared.base.serial != 0; }

}  // namespace writ
