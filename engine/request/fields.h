// Requests given field by field: the same shape, defaults and types, without JSON.
#pragma once

#include "engine/request/request_state.h"

namespace writ {

// Fills the slots from fields. An invalid slot is skipped: no rule reads it. Allocates nothing once `state` is warm, unless it
// refuses or a rule reads a record as a whole.
[[nodiscard]] bool FillFields(const FieldRequest& request, RequestState& state);

}  // namespace writ
