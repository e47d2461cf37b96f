// Fields that go straight into slots; see flat_fields.h.
#include "engine/request/flat_fields.h"

#include "engine/request/chain.h"
#include "engine/request/field_paths.h"
#include "engine/request/fill.h"
#include "engine/request/related.h"
#include "engine/request/required.h"
#include "engine/request/roots.h"
#include "engine/request/spelling.h"
#include "engine/request/unknown.h"
#include "rules/model/resource_uri.h"

namespace writ {
namespace {

constexpr int kMaxPlainDepth = 16;  // deeper ones become a document

// Is the value what JSON would make of it, all through?
// NOLINTNEXTLINE(misc-no-recursion): depth <= kMaxPlainDepth
bool IsPlain(const Value& value, int depth = 0) {
  switch (value.kind) {
    case Kind::kNull:
    case Kind::kBool:
    case Kind::kInt:
    case Kind::kDouble:
    case Kind::kString: return true;
    case Kind::kList:
      for (std::uint32_t i = 0; i < value.size; ++i) {
        if (depth == kMaxPlainDepth || !IsPlain(value.items[i], depth + 1)) return false;
      }
      return true;
    case Kind::kMap:
      for (std::uint32_t i = 0; value.map != nullptr && i < value.map->size; ++i) {
        const MapEntry& entry = value.map->entries[i];
        if (depth == kMaxPlainDepth || !entry.key.is(Kind::kString) || !IsPlain(entry.value, depth + 1)) return false;
      }
      return true;
    default: return false;
  }
}

// May the value of a declared member be read as it is? Its type is checked later; lists of strings
// and scalars are checked by that alone.
bool IsPlainFor(const ShapeNode& node, const Value& value, const TypeTable& types) {
  if (!node.declared) return IsPlain(value);
  switch (node.kind) {
    case TypeKind::kRecord: return false;
    case TypeKind::kDyn:
    case TypeKind::kMap:
    case TypeKind::kUnion: return IsPlain(value);
    case TypeKind::kList: return types[node.type].parameters[0] == SimpleType(TypeKind::kString) || IsPlain(value);
    default: return value.kind != Kind::kOptional && value.kind != Kind::kType;
  }
}

// Sets what is above a field. False where that is read as a whole, or has a value without members.
bool TryFillAbove(SlotId slot, RequestState& state) {
  const Program& program = *state.shapes->program;
  for (SlotId above = program.slots[slot.index].parent; above.valid(); above = program.slots[above.index].parent) {
    if (program.slots[above.index].whole) return false;
    const Value& value = state.slots[above];
    if (value.is(Kind::kMap)) continue;
    if (!value.is(Kind::kAbsent)) return false;
    state.slots.Set(above, Value::Map(nullptr));
  }
  return true;
}

// The values that most members have: nothing is to be converted, and nothing stands in them.
bool IsPlainScalar(Kind kind) { return kind == Kind::kString || kind == Kind::kInt || kind == Kind::kBool || kind == Kind::kDouble; }

bool TryFillNode(ShapeNodeId id, const Value& value, RequestState& state) {
  const ShapeNode& node = state.shape()[id];
  if (!IsPlainScalar(value.kind)) {
    if (value.is(Kind::kNull) && node.declared && !node.nullable) return true;
    if (value.is(Kind::kUnknown)) {
      state.needs_met |= node.needs_met;
      return node.kind != TypeKind::kRecord && DeclareUnknown(node.path, state);
    }
    if (!IsPlainFor(node, value, state.shapes->types)) return false;
  } else if (node.is_identity && value.is(Kind::kString) && IsBlank(value.string())) {
    return true;
  }
  state.needs_met |= node.needs_met;
  if (node.declared) return SetLeaf(id, value, state, nullptr);
  Value converted = value;
  if (!ConvertRelated(node, state, converted)) return false;
  SetSlots(node, converted, state);
  return true;
}

// A member that no rule reads: what is above it is there. Its value counts only where it would be
// refused, or is unknown.
bool TryFillUnread(const PathKeys& keys, const Value& value, RequestState& state) {
  const Program& program = *state.shapes->program;
  SlotId deepest;
  for (const std::string& key : keys) {
    const SlotId next = state.shapes->tree.FindChild(program, deepest, key);
    if (!next.valid()) break;
    deepest = next;
  }
  const ShapeNodeId id = deepest.valid() ? state.shape().node_of_slot[deepest.index] : ShapeNodeId();
  if (!id.valid() || state.shape()[id].kind == TypeKind::kRecord || !IsPlain(value)) return false;
  if (program[deepest].whole || !TryFillAbove(deepest, state)) return false;
  if (state.slots[deepest].is(Kind::kAbsent)) state.slots.Set(deepest, Value::Map(nullptr));
  return state.slots[deepest].is(Kind::kMap);
}

// A path without a slot: a member that the reader itself looks at, or that a rule does not read
// beside others that it reads.
bool TryFillPath(FieldId field, const Value& value, RequestState& state) {
  constexpr std::size_t kKeys = 2;
  const std::size_t slots = state.shapes->program->slots.size();
  const PathKeys* keys = field.index < slots ? nullptr : state.shapes->fields->Find(field.index - slots);
  if (keys == nullptr) return false;
  if (keys->size() != kKeys) return TryFillUnread(*keys, value, state);
  const Shape& shape = state.shape();
  for (const ShapeNodeId root : shape.roots) {
    if (shape[root].key != (*keys)[0]) continue;
    const ShapeNodeId id = FindChild(shape, shape[root].children, (*keys)[1]);
    if (id == shape.scope_node || id == shape.name_node) return false;
    if (!id.valid() || !shape[id].declared || shape[id].kind == TypeKind::kRecord || shape[root].whole) return false;
    if (const SlotId above = shape[root].slot; above.valid() && !state.slots[above].is(Kind::kMap)) {
      if (!state.slots[above].is(Kind::kAbsent)) return false;
      state.slots.Set(above, Value::Map(nullptr));
    }
    return TryFillNode(id, value, state);
  }
  return false;
}

bool TryFillField(const FieldRequest::Field& field, SlotId folded, RequestState& state) {
  if (!field.slot.valid() || field.value.is(Kind::kAbsent)) return true;
  if (field.slot.set != 0 && field.slot.set != state.shapes->tag) return false;
  const Shape& shape = state.shape();
  if (field.slot.index >= shape.node_of_slot.size()) return TryFillPath(field.slot, field.value, state);
  const SlotId slot(field.slot.index);
  const ShapeNodeId id = shape.node_of_slot[slot.index];
  if (!id.valid() || slot == folded || id == shape.scope_node || id == shape.name_node) return false;
  return (shape[id].is_above_given || TryFillAbove(slot, state)) && TryFillNode(id, field.value, state);
}

// server.name, tool.name and so on say the same as the selector key. Their spelling is checked
// whether or not a rule reads them.
bool TryFillSelector(ShapeNodeId id, std::string_view text, RequestState& state) {
  if (!id.valid()) return true;
  const ShapeNode& node = state.shape()[id];
  if (text.empty()) return true;
  state.needs_met |= node.needs_met;
  if (!node.slot.valid()) return CheckSpelling(node, text, state);
  return (node.is_above_given || TryFillAbove(node.slot, state)) && SetLeaf(id, Value::String(text), state, nullptr);
}

// Checks the selectors as they are filled, each once.
bool TryFillSelectors(const FieldRequest& request, RequestState& state) {
  const Shape& shape = state.shape();
  if (!TryFillSelector(shape.scope_node, request.scope, state) || !TryFillSelector(shape.name_node, request.name, state)) return false;
  if (!request.scope.empty()) state.request.scope = request.scope;
  if (!request.name.empty()) state.request.name = request.name;
  if (!shape.folded_node.valid()) return true;
  return FoldResource(state.request.name, state) && TryFillSelector(shape.folded_node, WithoutSlashAtEnd(state.request.folded), state);
}

void BeginPrepared(const Prepared& prepared, RequestState& state) {
  state.request.shape = prepared.shape;
  state.slots.Begin(prepared.base);
  state.request.scope = prepared.scope;
  state.request.name = prepared.name;
  state.request.scopes = prepared.scopes;
  state.needs_met = prepared.needs_met;
}

}  // namespace

bool TryFillSlots(const FieldRequest& request, const Prepared* prepared, RequestState& state) {
  if (request.target == Target::kAdmission || !request.list.is(Kind::kAbsent)) return false;
  const Shape* shape = &state.shapes->Of(request.target);
  if (request.target == Target::kRows)
    shape = request.scope.empty() && prepared != nullptr ? prepared->shape : state.shapes->FindTable(request.scope);
  if (shape == nullptr || shape->has_whole_records || (prepared != nullptr && prepared->shape != shape)) return false;
  if (prepared == nullptr) {
    UseShape(*shape, state);
  } else {
    BeginPrepared(*prepared, state);
  }
  if (!TryFillSelectors(request, state) || !ReadFieldChain(request, state)) return false;
  SetChainSlots(state);
  if (shape->time_node.valid() && (*shape)[shape->time_node].slot.valid())
    SetSlots((*shape)[shape->time_node], DefaultNow((*shape)[shape->time_node], state), state);
  const SlotId folded = shape->folded_node.valid() ? (*shape)[shape->folded_node].slot : SlotId();
  for (const FieldRequest::Field& field : request.fields) {
    if (!TryFillField(field, folded, state)) return false;
  }
  return true;
}

bool TryFillFlat(const FieldRequest& request, const Prepared* prepared, RequestState& state) {
  if (!TryFillSlots(request, prepared, state)) return false;
  ApplyUnknowns(state);
  const unsigned needs = state.shape().needs;
  return (state.needs_met & needs) == needs && CheckScope(state.request.scope, state);
}

}  // namespace writ
