// The entries: from a parsed document, or from fields, to `state.request` and its slots.
//
//   state.Begin(shapes, clock.Now());
//   const Status read = ReadJsonRequest(*document, wide, state);
//   if (!read) Deny(state.refusal, read.error());
//
// Requires of all: state.Begin. The request is readable in the state until the next Begin.
#pragma once

#include "engine/request/request_state.h"

namespace writ {

// Errors: kInvalidArgument, naming the member ("`principal.groups` must be a list of strings, found
// string") or saying which name or URI has another spelling (state.refusal is then kNotCanonical);
// kTooLarge. `wide`: of the document. Requests are strict about such integers; objects under review
// are what the API server made of them. Cost: one walk.
Status ReadJsonRequest(JsonNode document, const WideIntegers& wide, RequestState& state);

// The same from fields: straight into slots where they are ordinary ones, else by way of the
// document that they stand for. Errors: those of that document, and kInvalidArgument for fields
// that make none.
Status ReadFieldRequest(const FieldRequest& request, RequestState& state);

// What is wrong with fields of which others will follow, as far as they can be told alone: their
// types and members. Fills slots that mean nothing.
Status CheckFields(const FieldRequest& request, RequestState& state);

// For listings: puts the slots of `tool` to the next item of Request::list and sets Request::name.
// A refusal of kNotCanonical is about this item alone. Requires: a listing was read.
Status ReadListedTool(JsonNode tool, RequestState& state);

}  // namespace writ
