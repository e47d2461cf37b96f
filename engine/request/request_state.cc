// The state of one request, cleared and not freed; see request_state.h.
#include "engine/request/request_state.h"

namespace writ {
namespace {

constexpr std::size_t kKeptItems = 4096;  // of each vector, between two requests

template <typename Item>
void TrimVector(std::vector<Item>& items) {
  if (items.capacity() <= kKeptItems) return;
  items.clear();
  items.shrink_to_fit();
}

void Clear(Request& request) {
  request.shape = nullptr;
  request.scope = request.parent_scope = request.name = request.folded = request.admission_uid = {};
  request.scopes = Value::List(nullptr, 0);
  request.facts = request.list = request.row = JsonNode();
  request.has_unknowns = false;
  request.time_fault.clear();
}

}  // namespace

void RequestState::Begin(const RequestShapes& shapes_of_set, UnixNanos now_nanos) {
  shapes = &shapes_of_set;
  now = now_nanos;
  Clear(request);
  refusal = Reason::kBadRequest;
  given.Clear();
  wide = nullptr;
  unknown_paths.clear();
  unknown_tool_slots.clear();
  chain = {};
  is_time_given = false;
  needs_met = 0;
}

void RequestState::Trim() {
  TrimVector(unknown_paths);
  TrimVector(unknown_tool_slots);
  TrimVector(marked_slots);
  TrimVector(field_keys);
  TrimVector(written_keys);
  TrimVector(field_unknowns);
  TrimVector(merged_fields);
  tape.Trim();
}

}  // namespace writ
