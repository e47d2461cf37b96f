// The entries, and what comes after the roots; see read.h.
#include "engine/request/read.h"

#include <algorithm>

#include "engine/request/admission.h"
#include "engine/request/chain.h"
#include "engine/request/convert.h"
#include "engine/request/field_document.h"
#include "engine/request/fill.h"
#include "engine/request/flat_fields.h"
#include "engine/request/prepared.h"
#include "engine/request/refusal.h"
#include "engine/request/required.h"
#include "engine/request/roots.h"
#include "engine/request/target_choice.h"
#include "engine/request/unknown.h"
#include "engine/request/wide_integers.h"
#include "rules/base/utf8.h"

namespace writ {
namespace {

bool CheckListing(RequestState& state) {
  const JsonNode list = state.request.list;
  if (!list.is(JsonKind::kArray)) return RefuseAt("list", "must be a list of tools" + FoundJson(list), state);
  if (!state.request.name.empty()) return Refuse("a listing has \"list\", not also \"tool\"", state);
  if (list.count() <= state.limits.max_list_items) return true;
  return RefuseTooLarge(
      "`list` has " + std::to_string(list.count()) + " tools, the limit is " + std::to_string(state.limits.max_list_items), state);
}

void SetTime(RequestState& state) {
  const Shape& shape = state.shape();
  if (state.is_time_given || !shape.time_node.valid() || !shape[shape.time_node].slot.valid()) return;
  state.slots.Set(shape[shape.time_node].slot, DefaultNow(shape[shape.time_node], state));
}

// What comes after the roots.
bool Finish(JsonNode document, RequestState& state) {
  if (state.request.is_listing() && !CheckListing(state)) return false;
  SetTime(state);
  SetChainSlots(state);
  if (const JsonNode unknowns = state.given[TopLevel::kUnknown]; unknowns.valid() && !ReadUnknowns(unknowns, state)) return false;
  if (state.request.is_listing()) NoteUnknown("args", state);
  ApplyUnknowns(state);
  state.request.facts = state.given[TopLevel::kFacts];
  return CheckRequired(document, state);
}

// A manifest with `target` beside its own members, which must then be no members of a request.
bool FillManifest(JsonNode manifest, RequestState& state) {
  constexpr TopLevelSet kForeign =
      kTellingMembers | BitOf(TopLevel::kPrincipal) | BitOf(TopLevel::kContext) | BitOf(TopLevel::kUnknown) | BitOf(TopLevel::kFacts);
  if (state.given.Has(kForeign)) {
    for (const JsonMember& member : manifest.members()) {
      const std::optional<TopLevel> found = TryFindTopLevel(member.key);
      if (!found || (BitOf(*found) & kForeign) == 0) continue;
      return Refuse("a request with `apiVersion` and `kind` is a manifest, and cannot have \"" + std::string(member.key) +
                        "\": give the manifest as \"object\"",
                    state);
    }
  }
  UseShape(state.shapes->Of(Target::kAdmission), state);
  state.given.Set(TopLevel::kObject, manifest);
  return FillAdmission(AdmissionSource::kRequest, state);
}

bool FillRequest(JsonNode document, RequestState& state) {
  if (!ChooseShape(document, state) || !CheckTopLevel(document, state)) return false;
  const Target target = state.target();
  const bool is_review = target == Target::kAdmission || target == Target::kSchemas;
  if (!is_review && !CheckWideIntegers(document, state)) return false;
  state.request.list = state.given[TopLevel::kList];
  state.request.row = state.given[TopLevel::kRow];
  return target == Target::kAdmission ? FillAdmission(AdmissionSource::kRequest, state) : FillRoots(state);
}

bool FillDocument(JsonNode document, RequestState& state) {
  if (!document.is(JsonKind::kObject)) return Refuse("a request must be a JSON object" + FoundJson(document), state);
  state.given.Read(document);
  DocumentForm form = DocumentForm::kRequest;
  if (!ChooseForm(state, form)) return false;
  switch (form) {
    case DocumentForm::kRequest: return FillRequest(document, state);
    case DocumentForm::kReview: return FillReview(document, state);
    case DocumentForm::kManifest: return FillManifest(document, state);
  }
  WRIT_CHECK(false);
}

Status ReadWholeRequest(const FieldRequest& request, RequestState& state) {
  if (TryFillFlat(request, nullptr, state)) return OkStatus();
  state.Begin(*state.shapes, state.now);
  JsonNode document;
  if (!MakeDocument(request, state, document)) return state.error;
  WRIT_RETURN_IF_ERROR(ReadJsonRequest(document, state.own_wide, state));
  state.request.row = JsonNode();  // who gives it as fields has it
  if (request.target != Target::kAdmission || request.scope.empty() || request.scope == state.request.scope) return OkStatus();
  Refuse("the request is about \"" + Shorten(request.scope, kMaxShownNameBytes) + "\", its object is \"" +
             Shorten(state.request.scope, kMaxShownNameBytes) + "\"",
         state);
  return state.error;
}

}  // namespace

Status ReadJsonRequest(JsonNode document, const WideIntegers& wide, RequestState& state) {
  state.wide = &wide;
  if (FillDocument(document, state) && Finish(document, state)) return OkStatus();
  return state.error;
}

Status ReadFieldRequest(const FieldRequest& request, RequestState& state) {
  if (request.prepared.serial != 0) {
    if (!CheckPrepared(request, state)) return state.error;
    if (IsWritten(state.prepared) && TryFillFlat(request, &state.prepared, state)) return OkStatus();
    state.Begin(*state.shapes, state.now);
    return ReadWholeRequest(WithPrepared(request, state), state);
  }
  return ReadWholeRequest(request, state);
}

Status CheckFields(const FieldRequest& request, RequestState& state) {
  JsonNode document;
  if (!MakeDocument(request, state, document)) return state.error;
  state.wide = &state.own_wide;
  if (request.target == Target::kAdmission || FillDocument(document, state)) return OkStatus();
  return state.error;
}

Status ReadListedTool(JsonNode tool, RequestState& state) {
  const Shape& shape = state.shape();
  state.refusal = Reason::kBadRequest;
  for (const SlotId slot : shape.tool_slots) state.slots.Set(slot, shape.defaults[slot.index]);
  state.request.name = {};
  if (!FillRoot(shape.tool_root, tool, state)) return state.error;
  if (state.request.name.empty()) return Error{ErrorCode::kInvalidArgument, "`list` holds a tool without a name"};
  for (const auto& [slot, mark] : state.unknown_tool_slots) ApplyMark(mark, slot, state.slots);
  return OkStatus();
}

}  // namespace writ
