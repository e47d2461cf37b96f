#include "engine/request/fields.h"

#include "engine/request/chain.h"
#include "engine/request/fill.h"
#include "engine/request/refusal.h"
#include "engine/request/required.h"
#include "engine/request/roots.h"
#include "engine/request/spelling.h"
#include "engine/request/unknown.h"
#include "rules/model/resource_uri.h"

namespace writ {
namespace {

bool CheckSelectors(const FieldRequest& request, RequestState& state) {
  const Shape& shape = state.shape();
  const auto check = [&](ShapeNodeId id, std::string_view text) { return !id.valid() || CheckSpelling(shape[id], text, state); };
  if (!check(shape.scope_node, request.scope) || !check(shape.name_node, request.name)) return false;
  return !shape.folded_node.valid() || FoldResource(request.name, state);
}

// Where records are read as a whole, their maps are made of the defaults and of what the selector key says.
bool FillRootFromSelector(ShapeNodeId root, const FieldRequest& request, RequestState& state) {
  const Shape& shape = state.shape();
  const ShapeNode& node = shape[root];
  if (node.kind != TypeKind::kRecord || node.if_absent == MemberDefault::kAbsent) return true;
  Derived derived[3];
  std::size_t count = 0;
  const auto add = [&](ShapeNodeId id, std::string_view text) {
    if (id.valid() && !text.empty() && shape[id].path == node.key + "." + shape[id].key)
      derived[count++] = {shape[id].key, Value::String(text)};
  };
  add(shape.scope_node, request.scope);
  add(shape.name_node, request.name);
  add(shape.folded_node, WithoutSlashAtEnd(state.request.folded));
  return FillRecord(root, JsonNode(), {.derived = {derived, count}}, state, nullptr);
}

// Sets what is above a field.
bool FillAbove(const ShapeNode& node, SlotId slot, RequestState& state) {
  const Program& program = *state.shapes->program;
  for (SlotId above = program.slots[slot.index].parent; above.valid(); above = program.slots[above.index].parent) {
    if (program.slots[above.index].whole)
      return RefuseAt(node.path, "cannot be set alone: a rule reads `" + SlotPath(program, above) + "` as a whole", state);
    if (!state.slots[above].is(Kind::kMap)) state.slots.Set(above, Value::Map(nullptr));
  }
  return true;
}

bool FillField(SlotId slot, const Value& value, RequestState& state) {
  const Shape& shape = state.shape();
  const ShapeNodeId id = slot.index < shape.node_of_slot.size() ? shape.node_of_slot[slot.index] : ShapeNodeId();
  if (!id.valid()) return Refuse("a field that this target does not have", state);
  const ShapeNode& node = shape[id];
  if (!FillAbove(node, slot, state)) return false;
  if (value.is(Kind::kAbsent) || (value.is(Kind::kNull) && node.declared && !node.nullable)) return true;
  if (node.is_identity && value.is(Kind::kString) && IsBlank(value.string())) return true;
  if (value.is(Kind::kUnknown)) {
    MarkUnknown(node.path, state);
    return true;
  }
  if (value.is(Kind::kError)) return RefuseAt(node.path, "cannot be an error", state);
  if (node.declared) return SetLeaf(id, value, state, nullptr);
  state.slots.Fill(*state.shapes->program, state.shapes->tree, slot, value);
  return true;
}

// server.name, tool.name and so on say the same as the selector key. Their spelling is checked whether or not a rule reads them.
bool FillSelector(ShapeNodeId id, std::string_view text, RequestState& state) {
  if (!id.valid()) return true;
  const ShapeNode& node = state.shape()[id];
  if (text.empty() || !node.slot.valid()) return CheckSpelling(node, text, state);
  return FillField(node.slot, Value::String(text), state);
}

// Checks the selectors as they are filled, each once.
bool FillSelectors(const FieldRequest& request, RequestState& state) {
  const Shape& shape = state.shape();
  if (!FillSelector(shape.scope_node, request.scope, state) || !FillSelector(shape.name_node, request.name, state)) return false;
  if (!shape.folded_node.valid()) return true;
  return FoldResource(request.name, state) && FillSelector(shape.folded_node, WithoutSlashAtEnd(state.request.folded), state);
}

// What the selector key, the defaults and the call chain make of the slots.
bool FillAround(const FieldRequest& request, RequestState& state) {
  const Shape& shape = state.shape();
  if (!shape.has_whole_records) return FillSelectors(request, state) && ReadFieldChain(request, state);
  if (!CheckSelectors(request, state) || !ReadFieldChain(request, state)) return false;
  for (const ShapeNodeId root : shape.roots) {
    if (!FillRootFromSelector(root, request, state)) return false;
  }
  return true;
}

}  // namespace

bool FillFields(const FieldRequest& request, RequestState& state) {
  const bool is_row = request.target == Target::kRows;
  const Shape* const shape = is_row ? state.shapes->FindTable(request.scope) : &state.shapes->Of(request.target);
  if (shape == nullptr) return Refuse("unknown table \"" + std::string(request.scope) + "\"", state);
  UseShape(*shape, state);
  if (!CheckScope(request.scope, state) || !FillAround(request, state)) return false;
  SetChainSlots(state);
  if (shape->time_node.valid()) SetSlots((*shape)[shape->time_node], DefaultNow((*shape)[shape->time_node], state), state);
  const SlotId folded = shape->folded_node.valid() ? (*shape)[shape->folded_node].slot : SlotId();
  for (const FieldRequest::Field& field : request.fields) {
    if (!field.slot.valid()) continue;
    if (field.slot == folded) return RefuseAt("resource.folded", "is worked out from `resource.uri`", state);
    if (!FillField(field.slot, field.value, state)) return false;
  }
  state.request.scope = request.scope;
  state.request.name = request.name;
  return true;
}

}  // namespace writ
