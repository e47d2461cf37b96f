// Fields that many requests share; see prepared.h.
#include "engine/request/prepared.h"

#include <algorithm>
#include <atomic>

#include "engine/request/flat_fields.h"
#include "engine/request/read.h"
#include "engine/request/refusal.h"

namespace writ {
namespace {

std::uint64_t NextSerial() {
  static std::atomic<std::uint64_t> last{0};
  return ++last;
}

// The shape that requests of the target have, whatever their table.
std::uint64_t SetOf(const RequestShapes& shapes) { return shapes.Of(Target::kTools).serial; }

bool CopyFields(const FieldRequest& shared, Prepared& prepared) {
  prepared.arena.Reset();
  prepared.fields.clear();
  prepared.scope = prepared.arena.CopyString(shared.scope);
  prepared.name = prepared.arena.CopyString(shared.name);
  bool fits = prepared.scope.data() != nullptr && prepared.name.data() != nullptr;
  for (const FieldRequest::Field& field : shared.fields) {
    const Value value = CopyValue(prepared.arena, field.value);
    fits = fits && (field.value.is(Kind::kAbsent) || !value.is(Kind::kAbsent));
    prepared.fields.push_back({field.slot, value});
  }
  return fits;
}

// Keeps the slots as they are now for requests to begin with. What a request's end works out, such
// as unknowns, chains and the time, must not stand there.
void KeepSlots(RequestState& state) {
  Prepared& prepared = state.prepared;
  const Request& request = state.request;
  if (request.has_unknowns || !request.time_fault.empty() || state.is_time_given || state.chain.depth != 0) return;
  prepared.values.assign(state.slots.values().begin(), state.slots.values().end());
  prepared.given.assign(state.slots.defaults().given.begin(), state.slots.defaults().given.end());
  for (const SlotId slot : state.slots.written()) {
    if (!prepared.values[slot.index].is(Kind::kAbsent)) prepared.given.push_back(slot);
  }
  std::sort(prepared.given.begin(), prepared.given.end());
  prepared.given.erase(std::unique(prepared.given.begin(), prepared.given.end()), prepared.given.end());
  prepared.scopes = request.scopes;
  prepared.needs_met = state.needs_met;
  prepared.base = {NextShapeSerial(), prepared.values, prepared.given};
}

}  // namespace

Result<PreparedFields> Prepare(const FieldRequest& shared, RequestState& state) {
  Prepared& prepared = state.prepared;
  prepared.serial = 0;
  prepared.base = {};
  if (!shared.list.is(Kind::kAbsent) || shared.prepared.serial != 0)
    return Error{ErrorCode::kInvalidArgument, "a listing and prepared fields cannot be prepared"};
  if (!CopyFields(shared, prepared)) return Error{ErrorCode::kTooLarge, "the fields do not fit in memory"};
  prepared.target = shared.target;
  const FieldRequest copied{shared.target, prepared.scope, prepared.name, prepared.fields};
  if (TryFillSlots(copied, nullptr, state)) {
    prepared.shape = state.request.shape;
    KeepSlots(state);
  } else {
    state.Begin(*state.shapes, state.now);
    WRIT_RETURN_IF_ERROR(CheckFields(copied, state));
  }
  prepared.set = SetOf(*state.shapes);
  prepared.serial = NextSerial();
  return PreparedFields{prepared.serial};
}

bool CheckPrepared(const FieldRequest& request, RequestState& state) {
  const Prepared& prepared = state.prepared;
  if (request.prepared.serial == prepared.serial && prepared.set == SetOf(*state.shapes) && prepared.target == request.target) return true;
  return Refuse("the prepared fields are not those of this context, these policies and this target: prepare them again", state);
}

FieldRequest WithPrepared(const FieldRequest& request, RequestState& state) {
  const Prepared& prepared = state.prepared;
  state.merged_fields.assign(prepared.fields.begin(), prepared.fields.end());
  state.merged_fields.insert(state.merged_fields.end(), request.fields.begin(), request.fields.end());
  return {.target = request.target,
          .scope = request.scope.empty() ? prepared.scope : request.scope,
          .name = request.name.empty() ? prepared.name : request.name,
          .fields = state.merged_fields,
          .list = request.list,
          .prepared = {}};
}

}  // namespace writ
