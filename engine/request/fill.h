// The walk over JSON and shape together.
//
// `principal.tenant` with a slot: the string goes into the slot. `principal.claims` of which only
// `claims.team` is read: the slot of claims becomes a map without entries, the one of team its
// value, and the other claims cost nothing.
//
// Strict: a member that the target does not have, or one of the wrong type, is refused, so that a
// typo cannot widen access.
#pragma once

#include <span>
#include <string_view>

#include "engine/request/request_state.h"

namespace writ {

// A member that the reader itself works out, such as request.kind of a bare manifest. One that the
// document gives wins.
struct Derived {
  std::string_view key;
  Value value;
};

struct RecordOptions {
  bool build = false;           // the record's value is wanted, not only its slots
  bool ignore_unknown = false;  // AdmissionReviews: written by the API server, whose next version may add members
  std::span<const Derived> derived = {};
};

// Whether the value of a node is wanted even when no rule reads it as a whole.
enum class Build : bool { kNo, kYes };

// Fills the slots of a node and of everything below from `json`. `out` (may be nullptr) gets its
// value, when that is built.
[[nodiscard]] bool FillNode(ShapeNodeId id, JsonNode json, Build build, RequestState& state, Value* out);
// The same of a record; an invalid `json` stands for an empty one.
[[nodiscard]] bool FillRecord(ShapeNodeId id, JsonNode json, const RecordOptions& options, RequestState& state, Value* out);
// Converts, checks and sets a declared member that has no members of its own to check.
[[nodiscard]] bool SetLeaf(ShapeNodeId id, Value value, RequestState& state, Value* out);

// Sets the slots of the node and those below it, if it has any.
void SetSlots(const ShapeNode& node, const Value& value, RequestState& state);
// What the member is in this request when it is left out.
Value DefaultNow(const ShapeNode& node, const RequestState& state);

}  // namespace writ
