// The walk over JSON and shape together.
//
// `principal.tenant` with a slot: the string goes into the slot. `principal.claims` of which only `claims.team` is read: the slot
// of claims becomes a map without entries, the one of team its value, and the other claims cost nothing.
#include "engine/eval/evaluator.h"
#include "engine/json/json_document.h"
#include "engine/request/convert.h"
#include "engine/request/request_reader.h"
#include "rules/base/nearest_name.h"

namespace writ {
namespace {

// `null` means "not given", except where null is a value; so does a blank where somebody is to be named.
bool IsLeftOut(const ShapeNode& node, JsonNode json) {
  if (!json.valid()) return true;
  if (node.is_identity && json.is(JsonKind::kString) && IsBlank(json.string())) return true;
  return json.is(JsonKind::kNull) && node.declared && !node.nullable;
}

std::string Quoted(std::string_view name) { return "\"" + std::string(name) + "\""; }

}  // namespace

// NOLINTNEXTLINE(misc-no-recursion): depth of the slot trie
bool RequestReader::FillNode(ShapeNodeId id, JsonNode json, Build build,
                             Value* out) {  // NOLINT(misc-no-recursion): depth <= JsonLimits::max_depth
  const ShapeNode& node = (*shape_)[id];
  if (IsLeftOut(node, json)) return true;
  switch (node.kind) {
    case TypeKind::kRecord:
      if (!json.is(JsonKind::kObject)) return FailType(node.path, "must be an object" + FoundJson(json));
      return FillRecord(id, json, {.build = build == Build::kYes}, out);
    case TypeKind::kDyn: return FillDyn(id, json, build, out);
    case TypeKind::kMap:
      if (!json.is(JsonKind::kObject)) return FailType(node.path, "must be an object" + FoundJson(json));
      return FillDyn(id, json, build, out);
    default: break;
  }
  const JsonIntegers integers = node.kind == TypeKind::kUint ? JsonIntegers::kUint : JsonIntegers::kDouble;
  const Value value = MaterializeJson(json, arena_, JsonStrings::kBorrowed, integers);
  if (value.is(Kind::kAbsent)) return FailTooLarge("the request does not fit in memory");
  return SetLeaf(id, value, out);
}

// Fills the slots of a record and of everything below; an invalid `json` stands for an empty one.
// NOLINTNEXTLINE(misc-no-recursion): depth of the slot trie
bool RequestReader::FillRecord(ShapeNodeId id, JsonNode json, const RecordOptions& options,
                               Value* out) {  // NOLINT(misc-no-recursion): depth <= JsonLimits::max_depth
  const ShapeNode& node = (*shape_)[id];
  RecordOptions inner = options;
  inner.build = options.build || node.whole;
  MapEntry* entries = nullptr;
  if (inner.build) {
    entries = arena_.AllocateArray<MapEntry>((json.valid() ? json.count() : 0) + node.children.size());
    if (entries == nullptr) return FailTooLarge("the request does not fit in memory");
  }
  MapEntry* next = entries;
  if (json.valid() && !FillMembers(node, json, inner, next)) return false;
  for (const Derived& derived : options.derived) {
    const ShapeNodeId child = FindChild(*shape_, node.children, derived.key);
    if (!child.valid()) continue;
    if (json.valid() && !IsLeftOut((*shape_)[child], json.Find(derived.key))) continue;
    if ((*shape_)[child].is_identity && derived.value.is(Kind::kString) && IsBlank(derived.value.string())) continue;
    Value value;
    if (!SetLeaf(child, derived.value, &value)) return false;
    if (inner.build) *next++ = {Value::String((*shape_)[child].key), value};
  }
  if ((inner.build || shape_->has_whole_records) && !FillMissing(node, json, inner, next)) return false;
  Value value = Value::Map(nullptr);
  if (inner.build) {
    const MapData* map = MakeMap(arena_, entries, static_cast<std::uint32_t>(next - entries));
    if (map == nullptr) return FailTooLarge("the request does not fit in memory");
    value = Value::Map(map);
  }
  if (node.slot.valid()) slots_.Set(node.slot, value);
  if (out != nullptr) *out = value;
  return true;
}

// Whether a member that its node does not have may be ignored: MCP's objects have members that nobody here knows. `ignored` counts them.
// Otherwise it is an error, which the reader has then.
bool RequestReader::MayIgnore(const ShapeNode& node, std::string_view key, std::uint32_t& ignored) {
  constexpr std::uint32_t kMaxIgnoredMembers = 64;  // more is no object of MCP's
  std::vector<std::string_view> names;
  for (const ShapeNodeId other : node.children) {
    const ShapeNode& declared = (*shape_)[other];
    if (declared.declared && !(node.is_foreign && declared.kind == TypeKind::kDyn)) names.push_back(declared.key);
  }
  if (node.is_foreign && ++ignored <= kMaxIgnoredMembers && NearestName(key, names).empty()) return true;
  const std::string place = node.path == "row" ? "a row of " + Quoted(request_.scope) : Quoted(node.path);
  return FailUnknownMember(key, place, names);
}

// The members that are given. Each becomes an entry at `next` when the record is built.
// NOLINTNEXTLINE(misc-no-recursion): depth of the slot trie
bool RequestReader::FillMembers(const ShapeNode& node, JsonNode json, const RecordOptions& options,
                                MapEntry*& next) {  // NOLINT(misc-no-recursion): depth <= JsonLimits::max_depth
  const Build build = options.build ? Build::kYes : Build::kNo;
  std::uint32_t ignored = 0;
  for (const JsonMember& member : json.members()) {
    const ShapeNodeId child = FindChild(*shape_, node.children, member.key);
    const bool known = child.valid() && (*shape_)[child].declared;
    if (!known && !node.open) {
      if (options.ignore_unknown || MayIgnore(node, member.key, ignored)) continue;
      return false;
    }
    Value value;
    if (child.valid() ? !FillNode(child, member.value, build, &value) : !FillOpenMember(member.value, build, &value)) return false;
    if (options.build && !value.is(Kind::kAbsent)) *next++ = {Value::String(member.key), value};
  }
  return true;
}

bool RequestReader::FillOpenMember(JsonNode json, Build build, Value* out) {
  if (build == Build::kNo) return true;
  *out = MaterializeJson(json, arena_);
  return !out->is(Kind::kAbsent) || FailTooLarge("the request does not fit in memory");
}

// Members that are not given, where some record is read as a whole and must show its defaults.
// NOLINTNEXTLINE(misc-no-recursion): depth of the slot trie
bool RequestReader::FillMissing(const ShapeNode& node, JsonNode json, const RecordOptions& options,
                                MapEntry*& next) {  // NOLINT(misc-no-recursion): depth of target.h's members
  for (const ShapeNodeId id : node.children) {
    const ShapeNode& child = (*shape_)[id];
    if (!child.declared || (json.valid() && !IsLeftOut(child, json.Find(child.key)))) continue;
    bool is_derived = false;
    for (const Derived& derived : options.derived) is_derived = is_derived || derived.key == child.key;
    if (is_derived) continue;
    Value value;
    if (child.kind == TypeKind::kRecord && child.if_absent == MemberDefault::kEmptyMap) {
      if (!FillRecord(id, JsonNode(), {.build = options.build}, &value)) return false;
    } else if (options.build) {
      value = DefaultNow(child);
    }
    if (options.build && !value.is(Kind::kAbsent)) *next++ = {Value::String(child.key), value};
  }
  return true;
}

Value RequestReader::DefaultNow(const ShapeNode& node) const {
  constexpr std::int64_t kNanosPerSecond = 1'000'000'000;
  if (node.if_absent == MemberDefault::kChainDepth) return Value::Int(chain_depth_);
  if (&node == &(*shape_)[shape_->chain_actors_node] || (shape_->actors_node.valid() && &node == &(*shape_)[shape_->actors_node]))
    return actors_;
  if (node.if_absent != MemberDefault::kNow) return DefaultOf(node.if_absent);
  std::int64_t seconds = now_ / kNanosPerSecond, nanos = now_ % kNanosPerSecond;
  if (nanos < 0) {
    nanos += kNanosPerSecond;
    --seconds;
  }
  return Value::Timestamp(seconds, static_cast<std::uint32_t>(nanos));
}

// A value of any shape: materialised when it is read as a whole, else only what is read below it.
// NOLINTNEXTLINE(misc-no-recursion): depth of the slot trie
bool RequestReader::FillDyn(ShapeNodeId id, JsonNode json, Build build,
                            Value* out) {  // NOLINT(misc-no-recursion): depth <= JsonLimits::max_depth
  const ShapeNode& node = (*shape_)[id];
  const bool build_it = build == Build::kYes || node.whole;
  if (!build_it && !node.slot.valid()) return true;
  if (build_it || !json.is(JsonKind::kObject)) {
    // A list of which nobody reads the items only has to be seen to be no map.
    const Value value = !build_it && json.is(JsonKind::kArray) ? Value::List(nullptr, 0) : MaterializeJson(json, arena_);
    if (value.is(Kind::kAbsent)) return FailTooLarge("the request does not fit in memory");
    SetSlots(node, value);
    if (out != nullptr) *out = value;
    return true;
  }
  slots_.Set(node.slot, Value::Map(nullptr));
  for (const JsonMember& member : json.members()) {
    const ShapeNodeId child = FindChild(*shape_, node.children, member.key);
    if (child.valid() && !FillDyn(child, member.value, Build::kNo, nullptr)) return false;
  }
  return true;
}

void RequestReader::SetSlots(const ShapeNode& node, const Value& value) {
  if (node.slot.valid()) slots_.Fill(*shapes_.program, shapes_.tree, node.slot, value);
}

// A declared member that has no members of its own to check.
bool RequestReader::SetLeaf(ShapeNodeId id, Value value, Value* out) {
  const ShapeNode& node = (*shape_)[id];
  if (!IsSimplyOf(node.type, value) && !(value.is(Kind::kNull) && node.nullable)) {
    const std::string fault = ConvertTo(node.type, shapes_.types, arena_, value);
    if (!fault.empty() && id != shape_->time_node) return FailType(node.path, fault);
    if (!fault.empty()) {  // many callers put in what they like, and few rules look at it
      request_.time_fault = "`" + node.path + "` " + fault;
      value = Value();
    }
  }
  if (node.spelling != ShapeNode::Spelling::kAny && !CheckSpelling(node, value.string())) return false;
  if (node.is_named) TakeNamed(id, value);
  SetSlots(node, value);
  if (out != nullptr) *out = value;
  return true;
}

// Members that the reader itself looks at, or knows better.
void RequestReader::TakeNamed(ShapeNodeId id, Value& value) {
  if (id == shape_->actors_node || id == shape_->chain_actors_node) value = actors_;
  if (id == shape_->depth_node) value = Value::Int(chain_depth_);
  if (id == shape_->scope_node) request_.scope = value.string();
  if (id == shape_->name_node) request_.name = value.string();
  if (id == shape_->scopes_node) request_.scopes = value;
  if (id == shape_->time_node) time_given_ = true;
}

}  // namespace writ
