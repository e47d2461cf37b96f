// The call chain: who acted for whom, nearest first. Callers give it as `principal.actors`, as
// `context.chain.actors`, or as the `act` claim of a token, which nests; rules see one list
// wherever it came from, or a limit on its depth would be passed by.
//
//   "claims": {"act": {"sub": "b", "act": {"sub": "a"}}}
//   is the chain   [{"id": "b", "claims": …}, {"id": "a", "claims": …}]
//
// Source of the claim: RFC 8693, 4.1.
#pragma once

#include <string_view>

#include "engine/request/request_state.h"

namespace writ {

// Reads the chain from `principal` and `context` of the request, before the walk that fills slots.
// What is of the wrong type is left out: the walk refuses it. Refuses places that name different
// actors. O(members of both, and actors).
[[nodiscard]] bool ReadChain(RequestState& state);
// The same from fields.
[[nodiscard]] bool ReadFieldChain(const FieldRequest& request, RequestState& state);

// Puts what was read into the slots of the chain, after all others are filled.
void SetChainSlots(RequestState& state);

// Adds what is unknown of the chain when `path` is: who may have acted, when a place where actors
// could be told is unknown, unless the chain is told elsewhere; how many, in any case.
void NoteUnknownChain(std::string_view path, RequestState& state);

}  // namespace writ
