// Integers that no int holds. A caller that sends one does not mean the double next to it.
#pragma once

#include "engine/request/request_state.h"

namespace writ {

// Refuses an integer beyond 64 bits, and one beyond int that is not the value of a declared uint or
// double. O(1) for a document that has none.
[[nodiscard]] bool CheckWideIntegers(JsonNode document, RequestState& state);

}  // namespace writ
