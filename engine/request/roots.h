// From the members of a request's top level to the slots of each root.
#pragma once

#include "engine/request/request_state.h"

namespace writ {

// Chooses `shape` for the request and sets its defaults.
void UseShape(const Shape& shape, RequestState& state);

// Refuses members that requests of the target do not have.
[[nodiscard]] bool CheckTopLevel(JsonNode document, RequestState& state);

// Fills every root, principal before context. Not for admission, see admission.h.
[[nodiscard]] bool FillRoots(RequestState& state);
// Fills one, which may be a shorthand: `"tool": "search"` is `"tool": {"name": "search"}`. An
// invalid `json` stands for its defaults.
[[nodiscard]] bool FillRoot(ShapeNodeId root, JsonNode json, RequestState& state);

}  // namespace writ
