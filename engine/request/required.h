// What a request must have to be one of its target.
#pragma once

#include <string_view>

#include "engine/request/request_state.h"

namespace writ {

// Refuses a request that lacks a member which its target needs, or the scope. After everything else was read. O(rows of the table).
[[nodiscard]] bool CheckRequired(JsonNode document, RequestState& state);

// Without its server a request would slip past the denials that are about that server.
[[nodiscard]] bool CheckScope(std::string_view scope, RequestState& state);

}  // namespace writ
