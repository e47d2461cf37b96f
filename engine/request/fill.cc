// JSON and shape, step by step; see fill.h.
#include "engine/request/fill.h"

#include "engine/eval/evaluator.h"
#include "engine/json/json_document.h"
#include "engine/request/convert.h"
#include "engine/request/refusal.h"
#include "engine/request/related.h"
#include "engine/request/spelling.h"
#include "rules/base/nearest_name.h"

namespace writ {
namespace {

// `null` means "not given", except where null is a value; so does a blank where somebody is to be
// named.
bool IsLeftOut(const ShapeNode& node, JsonNode json) {
  if (!json.valid()) return true;
  if (node.is_identity && json.is(JsonKind::kString) && IsBlank(json.string())) return true;
  return json.is(JsonKind::kNull) && node.declared && !node.nullable;
}

bool IsAmongDerived(std::string_view key, std::span<const Derived> derived) {
  for (const Derived& each : derived) {
    if (each.key == key) return true;
  }
  return false;
}

std::string Quoted(std::string_view name) { return "\"" + std::string(name) + "\""; }

// Whether a member that its node does not have may be ignored: MCP's objects have members that
// nobody here knows. `ignored` counts them. Refuses it otherwise.
bool MayIgnore(const ShapeNode& node, std::string_view key, std::uint32_t& ignored, RequestState& state) {
  constexpr std::uint32_t kMaxIgnoredMembers = 64;  // more is no object of MCP's
  std::vector<std::string_view> names;
  for (const ShapeNodeId other : node.children) {
    const ShapeNode& declared = state.shape()[other];
    if (declared.declared && !(node.is_foreign && declared.kind == TypeKind::kDyn)) names.push_back(declared.key);
  }
  if (node.is_foreign && ++ignored <= kMaxIgnoredMembers && NearestName(key, names).empty()) return true;
  return RefuseMember(key, node.path == "row" ? "a row of " + Quoted(state.request.scope) : Quoted(node.path), names, state);
}

// A member of an open record that no row declares and no rule reads.
bool FillOpenMember(JsonNode json, bool build, RequestState& state, Value* out) {
  if (!build) return true;
  *out = MaterializeJson(json, state.arena);
  return !out->is(Kind::kAbsent) || RefuseFull(state);
}

// The members that are given. Each becomes an entry at `next` when the record is built.
// NOLINTNEXTLINE(misc-no-recursion): depth <= JsonLimits::max_depth
bool FillMembers(const ShapeNode& node, JsonNode json, const RecordOptions& options, RequestState& state, MapEntry*& next) {
  const Shape& shape = state.shape();
  const Build build = options.build ? Build::kYes : Build::kNo;
  std::uint32_t ignored = 0;
  for (const JsonMember& member : json.members()) {
    const ShapeNodeId child = FindChild(shape, node.children, member.key);
    const bool known = child.valid() && shape[child].declared;
    if (!known && !node.open) {
      if (options.ignore_unknown || MayIgnore(node, member.key, ignored, state)) continue;
      return false;
    }
    Value value;
    const bool is_filled =
        child.valid() ? FillNode(child, member.value, build, state, &value) : FillOpenMember(member.value, options.build, state, &value);
    if (!is_filled) return false;
    if (options.build && !value.is(Kind::kAbsent)) *next++ = {Value::String(member.key), value};
  }
  return true;
}

// Members that were worked out, where the document does not give them.
bool FillDerived(const ShapeNode& node, JsonNode json, const RecordOptions& options, RequestState& state, MapEntry*& next) {
  const Shape& shape = state.shape();
  for (const Derived& derived : options.derived) {
    const ShapeNodeId child = FindChild(shape, node.children, derived.key);
    if (!child.valid()) continue;
    if (json.valid() && !IsLeftOut(shape[child], json.Find(derived.key))) continue;
    if (shape[child].is_identity && derived.value.is(Kind::kString) && IsBlank(derived.value.string())) continue;
    Value value;
    if (!SetLeaf(child, derived.value, state, &value)) return false;
    if (options.build) *next++ = {Value::String(shape[child].key), value};
  }
  return true;
}

// Members that are not given, where some record is read as a whole and must show its defaults.
// NOLINTNEXTLINE(misc-no-recursion): depth of target.h's members
bool FillMissing(const ShapeNode& node, JsonNode json, const RecordOptions& options, RequestState& state, MapEntry*& next) {
  for (const ShapeNodeId id : node.children) {
    const ShapeNode& child = state.shape()[id];
    if (!child.declared || (json.valid() && !IsLeftOut(child, json.Find(child.key)))) continue;
    if (IsAmongDerived(child.key, options.derived)) continue;
    Value value;
    if (child.kind == TypeKind::kRecord && child.if_absent == MemberDefault::kEmptyMap) {
      if (!FillRecord(id, JsonNode(), {.build = options.build}, state, &value)) return false;
    } else if (options.build) {
      value = DefaultNow(child, state);
    }
    if (options.build && !value.is(Kind::kAbsent)) *next++ = {Value::String(child.key), value};
  }
  return true;
}

// A value of any shape: materialised when it is read as a whole, else only what is read below it.
// NOLINTNEXTLINE(misc-no-recursion): depth <= JsonLimits::max_depth
bool FillDyn(ShapeNodeId id, JsonNode json, Build build, RequestState& state, Value* out) {
  const Shape& shape = state.shape();
  const ShapeNode& node = shape[id];
  const bool build_it = build == Build::kYes || node.whole;
  if (!build_it && !node.slot.valid()) return true;
  if (build_it || !json.is(JsonKind::kObject)) {
    // No rule reads the items of a list that is not built: record only that it is a list.
    Value value = !build_it && json.is(JsonKind::kArray) ? Value::List(nullptr, 0) : MaterializeJson(json, state.arena);
    if (value.is(Kind::kAbsent)) return RefuseFull(state);
    if (!ConvertRelated(node, state, value)) return false;
    SetSlots(node, value, state);
    if (out != nullptr) *out = value;
    return true;
  }
  state.slots.Set(node.slot, Value::Map(nullptr));
  for (const JsonMember& member : json.members()) {
    const ShapeNodeId child = FindChild(shape, node.children, member.key);
    if (child.valid() && !FillDyn(child, member.value, Build::kNo, state, nullptr)) return false;
  }
  return true;
}

// Members that the reader itself looks at, or knows better.
void TakeNamed(ShapeNodeId id, RequestState& state, Value& value) {
  const Shape& shape = state.shape();
  if (id == shape.actors_node || id == shape.chain_actors_node) value = state.chain.actors;
  if (id == shape.depth_node) value = Value::Int(state.chain.depth);
  if (id == shape.scope_node) state.request.scope = value.string();
  if (id == shape.name_node) state.request.name = value.string();
  if (id == shape.scopes_node) state.request.scopes = value;
  if (id == shape.time_node) state.is_time_given = true;
}

}  // namespace

// NOLINTNEXTLINE(misc-no-recursion): depth <= JsonLimits::max_depth
bool FillNode(ShapeNodeId id, JsonNode json, Build build, RequestState& state, Value* out) {
  const ShapeNode& node = state.shape()[id];
  if (IsLeftOut(node, json)) return true;
  const bool has_members = node.kind == TypeKind::kRecord || node.kind == TypeKind::kMap;
  if (has_members && !json.is(JsonKind::kObject)) return RefuseAt(node.path, "must be an object" + FoundJson(json), state);
  if (node.kind == TypeKind::kRecord) return FillRecord(id, json, {.build = build == Build::kYes}, state, out);
  if (node.kind == TypeKind::kMap || node.kind == TypeKind::kDyn) return FillDyn(id, json, build, state, out);
  const JsonIntegers integers = node.kind == TypeKind::kUint ? JsonIntegers::kUint : JsonIntegers::kDouble;
  const Value value = MaterializeJson(json, state.arena, JsonStrings::kBorrowed, integers);
  if (value.is(Kind::kAbsent)) return RefuseFull(state);
  return SetLeaf(id, value, state, out);
}

// NOLINTNEXTLINE(misc-no-recursion): depth <= JsonLimits::max_depth
bool FillRecord(ShapeNodeId id, JsonNode json, const RecordOptions& options, RequestState& state, Value* out) {
  const ShapeNode& node = state.shape()[id];
  RecordOptions inner = options;
  inner.build = options.build || node.whole;
  MapEntry* entries = nullptr;
  if (inner.build) {
    entries = state.arena.AllocateArray<MapEntry>((json.valid() ? json.count() : 0) + node.children.size());
    if (entries == nullptr) return RefuseFull(state);
  }
  MapEntry* next = entries;
  if (json.valid() && !FillMembers(node, json, inner, state, next)) return false;
  if (!FillDerived(node, json, inner, state, next)) return false;
  if ((inner.build || state.shape().has_whole_records) && !FillMissing(node, json, inner, state, next)) return false;
  Value value = Value::Map(nullptr);
  if (inner.build) {
    const MapData* map = MakeMap(state.arena, entries, static_cast<std::uint32_t>(next - entries));
    if (map == nullptr) return RefuseFull(state);
    value = Value::Map(map);
  }
  if (node.slot.valid()) state.slots.Set(node.slot, value);
  if (out != nullptr) *out = value;
  return true;
}

bool SetLeaf(ShapeNodeId id, Value value, RequestState& state, Value* out) {
  const ShapeNode& node = state.shape()[id];
  if (!IsSimplyOf(node.type, value) && !(value.is(Kind::kNull) && node.nullable)) {
    const std::string fault = ConvertTo(node.type, state.shapes->types, state.arena, value);
    if (!fault.empty() && id != state.shape().time_node) return RefuseAt(node.path, fault, state);
    if (!fault.empty()) {  // many callers put in what they like, and few rules look at it
      state.request.time_fault = "`" + node.path + "` " + fault;
      value = Value();
    }
  }
  if (node.spelling != ShapeNode::Spelling::kAny && !CheckSpelling(node, value.string(), state)) return false;
  if (node.is_named) TakeNamed(id, state, value);
  if (!ConvertRelated(node, state, value)) return false;
  SetSlots(node, value, state);
  if (out != nullptr) *out = value;
  return true;
}

void SetSlots(const ShapeNode& node, const Value& value, RequestState& state) {
  if (!node.slot.valid()) return;
  if (node.has_slots_below) {
    state.slots.Fill(*state.shapes->program, state.shapes->tree, node.slot, value);
  } else {
    state.slots.Set(node.slot, value);
  }
}

Value DefaultNow(const ShapeNode& node, const RequestState& state) {
  constexpr std::int64_t kNanosPerSecond = 1'000'000'000;
  const Shape& shape = state.shape();
  const auto is_at = [&](ShapeNodeId id) { return id.valid() && &node == &shape[id]; };
  if (node.if_absent == MemberDefault::kChainDepth) return Value::Int(state.chain.depth);
  if (is_at(shape.chain_actors_node) || is_at(shape.actors_node)) return state.chain.actors;
  if (node.if_absent != MemberDefault::kNow) return DefaultOf(node.if_absent);
  std::int64_t seconds = state.now / kNanosPerSecond, nanos = state.now % kNanosPerSecond;
  if (nanos < 0) {
    nanos += kNanosPerSecond;
    --seconds;
  }
  return Value::Timestamp(seconds, static_cast<std::uint32_t>(nanos));
}

}  // namespace writ
