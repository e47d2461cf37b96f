// Names and URIs before any rule looks: one spelling is taken, others are refused and told what
// they are.
#pragma once

#include <string_view>

#include "engine/request/request_state.h"

namespace writ {

// Has `text`, the value of `node`, the spelling that the node demands? Refuses with kNotCanonical.
// O(text).
[[nodiscard]] bool CheckSpelling(const ShapeNode& node, std::string_view text, RequestState& state);

// Sets Request::folded from a URI that CheckSpelling took. O(uri).
[[nodiscard]] bool FoldResource(std::string_view uri, RequestState& state);

}  // namespace writ
