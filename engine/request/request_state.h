// RequestState: what reading one request needs and leaves behind. Plain data that the topics of
// this folder share:
//
//   read.h       the entries: a document, fields, a tool of a listing
//   top_level.h  which members the top level has         roots.h      from them to the slots of each root
//   fill.h       the walk over JSON and shape            admission.h  reviews and objects
//   chain.h      who acted for whom                      unknown.h    what the caller does not know
//   spelling.h   names and URIs                          refusal.h    how all of them say no
//   flat_fields.h, field_document.h, field_paths.h, prepared.h   the same from fields
#pragma once

#include <cstdint>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/json/json_document.h"
#include "engine/request/json_tape.h"
#include "engine/request/request.h"
#include "engine/request/slot_writer.h"
#include "engine/request/top_level.h"
#include "rules/base/arena.h"
#include "rules/base/clock.h"
#include "rules/base/limits.h"
#include "rules/base/result.h"
#include "writ/engine.h"

namespace writ {

// What declaring paths unknown makes of a slot.
enum class UnknownMark : std::uint8_t {
  kNone,
  kUnknown,  // it is one of the paths, or below one
  kPartly,   // some member of it is unknown, so it is there; it is read as a whole
  kHolds,    // some member of it is unknown, so it is there
};

// The call chain, wherever it was told.
struct ChainState {
  Value actors = Value::List(nullptr, 0);  // nearest first
  std::int64_t depth = 0;
  bool is_in_principal = false, is_in_context = false;
};

// Fields that were prepared for many requests (prepared.h).
struct Prepared {
  std::uint64_t serial = 0;  // 0 = none
  std::uint64_t set = 0;     // which policies, with which data
  Target target = Target::kTools;
  const Shape* shape = nullptr;
  Arena arena;  // of all that follows
  std::string_view scope, name;
  std::vector<FieldRequest::Field> fields;
  // What requests begin with, unless base.serial is 0: then the fields are set again for each.
  SlotDefaults base;
  std::vector<Value> values;
  std::vector<SlotId> given;
  Value scopes;
  unsigned needs_met = 0;
};

// Lives in a Context and is cleared, not freed, between requests: once warm, reading allocates
// nothing but the texts of refusals and what is beside ordinary requests (chains, unknown paths).
// Not thread-safe.
struct RequestState {
  // All three are borrowed; slots are written through `slots`, values live in the document and in
  // `arena`.
  RequestState(const EvalLimits& eval_limits, Arena& request_arena, SlotWriter& slot_writer)
      : limits(eval_limits), arena(request_arena), slots(slot_writer) {}

  // Begins a request. `shapes_of_set` is borrowed until the next one. O(1).
  void Begin(const RequestShapes& shapes_of_set, UnixNanos now_nanos);
  // Gives back what an unusually large request took.
  void Trim();

  const Shape& shape() const { return *request.shape; }
  // The target as far as the request was read.
  Target target() const { return request.shape == nullptr ? Target::kTools : request.shape->target; }

  const EvalLimits& limits;
  Arena& arena;
  SlotWriter& slots;
  const RequestShapes* shapes = nullptr;
  UnixNanos now = 0;

  Request request;                       // readable until the next Begin
  Error error;                           // after a function of this folder has returned false
  Reason refusal = Reason::kBadRequest;  // beside `error`: kBadRequest or kNotCanonical

  TopMembers given;
  const WideIntegers* wide = nullptr;                              // of the document
  std::vector<std::string_view> unknown_paths;                     // sorted once they are applied
  std::vector<std::pair<SlotId, UnknownMark>> unknown_tool_slots;  // what each tool of a listing gets
  std::vector<SlotId> marked_slots;                                // scratch of unknown.cc
  ChainState chain;
  bool is_time_given = false;
  unsigned needs_met = 0;  // fields without a document: of Shape::needs

  // Of fields that become a document.
  JsonTape tape;
  WideIntegers own_wide;
  std::vector<std::string_view> field_keys, written_keys, field_unknowns;

  Prepared prepared;  // outlives Begin
  std::vector<FieldRequest::Field> merged_fields;
};

}  // namespace writ
