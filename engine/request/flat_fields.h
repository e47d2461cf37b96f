// Fields that go straight into slots: the ordinary ones, which cost no document.
#pragma once

#include "engine/request/request_state.h"

namespace writ {

// Fills the slots and the request, or returns false: then the fields have to become a document
// (field_document.h), which also says what is wrong with them. What this returns true for means
// what the document would. Allocates nothing.
//
// Not flat are listings, admission, targets of which a rule reads a record as a whole, fields of a
// record as a whole or below a member that is read as a whole, values that JSON would say
// otherwise, and whatever is to be refused.
//
// `prepared` (nullptr = none): what the slots begin with. Requires: IsWritten(*prepared).
bool TryFillFlat(const FieldRequest& request, const Prepared* prepared, RequestState& state);
// The same for a part of a request: whether something is missing is not asked, and what is unknown
// is only noted.
bool TryFillSlots(const FieldRequest& request, const Prepared* prepared, RequestState& state);

}  // namespace writ
