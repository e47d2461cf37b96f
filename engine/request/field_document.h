// From fields to the document that they stand for.
//
//   principal.tenant = "acme"          {"target": "tools", "server": {"name": "s"}, "tool": {"name": "x"},
//   args.filter = {"a": 1}         →    "principal": {"tenant": "acme"}, "args": {"filter": {"a": 1, "state": "open"}},
//   args.filter.state = "open"          "unknown": ["args.since"]}
//   args.since = unknown
//
// So there is one reader, whatever a request was given as: members that are read as a whole,
// defaults inside them, listings, admission, refusals mean the same by construction. The nodes are
// written as simdjson writes its tape (engine/json/json_node.h), into buffers that the context
// keeps. What flat_fields.h can read does without.
#pragma once

#include "engine/request/request_state.h"

namespace writ {

// Sets `document` to the request's; it is valid until the next one is made in this state.
// `state.own_wide` says what it has of wide integers. Refuses fields of other policies, those below
// a value that has no members, and values that no JSON can say where no type is declared: bytes,
// timestamps, durations, types, optionals, errors. O(fields * depth + size of the values).
[[nodiscard]] bool MakeDocument(const FieldRequest& request, RequestState& state, JsonNode& document);

}  // namespace writ
