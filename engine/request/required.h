// What a request must have to be one of its target.
#pragma once

#include <string_view>

#include "engine/request/request_state.h"

namespace writ {

// Refuses a request that lacks a member which its target needs, or the scope. After everything else
// was read. O(rows of the table).
[[nodiscard]] bool CheckRequired(JsonNode document, RequestState& state);

// Is `path` one that requests of the target need, or above or below one?
bool IsRequired(Target target, std::string_view path);
// Sets Shape::needs and ShapeNode::needs_met, by which a request without a document is checked.
void SetNeeds(Shape& shape);

// Without its server a request would slip past the denials that are about that server.
[[nodiscard]] bool CheckScope(std::string_view scope, RequestState& state);

}  // namespace writ
