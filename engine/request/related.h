// Rows that a row brings along, converted to the types that their tables declare, as the row itself
// is.
#pragma once

#include "engine/request/request_state.h"
#include "engine/request/shape.h"

namespace writ {

// Converts what a node below `row` holds: of a relation its rows, and theirs, else a column of a
// related row. A null where none is declared is left out; what no table declares stays as it is,
// and nothing that is already right is copied. Refuses a value of another type, naming its place.
//
// Nothing happens to nodes elsewhere. O(members of the rows).
[[nodiscard]] bool ConvertRelated(const ShapeNode& node, RequestState& state, Value& value);

}  // namespace writ
