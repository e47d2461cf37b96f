// What the caller declared unknown, as dotted paths: they, and all below them, are unknown to every
// rule.
#pragma once

#include <span>
#include <string_view>

#include "engine/request/request_state.h"

namespace writ {

// `paths` must be sorted. O(depth of the path * log paths).
UnknownMark MarkOf(const ShapeNode& node, std::span<const std::string_view> paths);
void ApplyMark(UnknownMark mark, SlotId slot, SlotWriter& slots);

// Reads the list `unknown` of a request. Refuses paths that the target does not have and those that
// select rules.
[[nodiscard]] bool ReadUnknowns(JsonNode list, RequestState& state);

// Notes one path that the caller declares unknown. Refuses as ReadUnknowns does.
[[nodiscard]] bool DeclareUnknown(std::string_view path, RequestState& state);

// Notes one path, and what hangs on it: scopes, the call chain, the principal of an admission.
// `path` is borrowed until the request has been decided.
void NoteUnknown(std::string_view path, RequestState& state);
// Marks the slots that the noted paths make unknown. O((slots written + paths) * log paths).
void ApplyUnknowns(RequestState& state);

}  // namespace writ
