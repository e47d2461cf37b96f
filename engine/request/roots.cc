// From members of the top level to slots; see roots.h.
#include "engine/request/roots.h"

#include "engine/request/chain.h"
#include "engine/request/convert.h"
#include "engine/request/fill.h"
#include "engine/request/refusal.h"
#include "engine/request/spelling.h"
#include "engine/request/target_choice.h"
#include "rules/model/resource_uri.h"

namespace writ {
namespace {

// Members beside the roots, in the order in which messages name them.
constexpr TopLevel kAssociates[] = {TopLevel::kTarget, TopLevel::kUnknown, TopLevel::kFacts, TopLevel::kList, TopLevel::kTable};

// Those that requests of the target take.
constexpr TopLevelSet AssociatesOf(Target target) {
  TopLevelSet all = BitOf(TopLevel::kTarget) | BitOf(TopLevel::kUnknown) | BitOf(TopLevel::kFacts);
  if (target == Target::kTools) all |= BitOf(TopLevel::kList);
  if (target == Target::kRows) all |= BitOf(TopLevel::kTable);
  return all;
}

[[gnu::cold]] bool RefuseTopLevel(JsonNode document, TopLevelSet allowed, RequestState& state) {
  const Shape& shape = state.shape();
  for (const JsonMember& member : document.members()) {
    const std::optional<TopLevel> found = TryFindTopLevel(member.key);
    if (found && (BitOf(*found) & allowed) != 0) continue;
    if (member.key == "data") return Refuse("\"data\" is no request member: data is loaded with the policies", state);
    std::vector<std::string_view> known;
    for (const ShapeNodeId root : shape.roots) known.push_back(shape[root].key);
    for (const TopLevel associate : kAssociates) {
      if ((BitOf(associate) & allowed) != 0) known.push_back(TopLevelName(associate));
    }
    return RefuseMember(member.key, RequestOf(shape.target), known, state);
  }
  return true;
}

// A resource that is read: its URI, and what is worked out from that.
bool FillResource(ShapeNodeId root, JsonNode json, RequestState& state) {
  if (json.is(JsonKind::kNull)) return true;
  const bool is_object = json.is(JsonKind::kObject);
  if (!json.is(JsonKind::kString) && !is_object) return RefuseAt("resource", "must be a string or an object" + FoundJson(json), state);
  const JsonNode uri = is_object ? json.Find("uri") : json;
  if (is_object && json.Find("folded").valid()) return RefuseAt("resource.folded", "is worked out from `resource.uri`", state);
  if (!uri.valid() || !uri.is(JsonKind::kString)) return FillNode(root, json, Build::kNo, state, nullptr);
  if (!CheckSpelling(state.shape()[state.shape().name_node], uri.string(), state) || !FoldResource(uri.string(), state)) return false;
  const Derived derived[] = {{"uri", Value::String(uri.string())}, {"folded", Value::String(WithoutSlashAtEnd(state.request.folded))}};
  return FillRecord(root, is_object ? json : JsonNode(), {.derived = derived}, state, nullptr);
}

}  // namespace

void UseShape(const Shape& shape, RequestState& state) {
  state.request.shape = &shape;
  state.slots.Begin({shape.serial, shape.defaults, shape.default_slots});
}

bool CheckTopLevel(JsonNode document, RequestState& state) {
  const TopLevelSet allowed = state.shape().root_set | AssociatesOf(state.target());
  return !state.given.HasBeside(allowed) || RefuseTopLevel(document, allowed, state);
}

bool FillRoots(RequestState& state) {
  if (!ReadChain(state)) return false;
  for (const ShapeNodeId root : state.shape().roots) {
    if (!FillRoot(root, state.given[state.shape()[root].top], state)) return false;
  }
  return true;
}

bool FillRoot(ShapeNodeId root, JsonNode json, RequestState& state) {
  const Shape& shape = state.shape();
  const ShapeNode& node = shape[root];
  if (!json.valid()) {
    // Defaults are in place already, except in maps that are read as a whole.
    if (!shape.has_whole_records || node.kind != TypeKind::kRecord || node.if_absent == MemberDefault::kAbsent) return true;
    return FillRecord(root, JsonNode(), {}, state, nullptr);
  }
  if (shape.folded_node.valid() && node.top == TopLevel::kResource) return FillResource(root, json, state);
  if (node.shorthand.empty()) return FillNode(root, json, Build::kNo, state, nullptr);
  if (json.is(JsonKind::kString)) {
    const Derived derived[] = {{node.shorthand, Value::String(json.string())}};
    return FillRecord(root, JsonNode(), {.derived = derived}, state, nullptr);
  }
  if (!json.is(JsonKind::kObject) && !json.is(JsonKind::kNull))
    return RefuseAt(node.path, "must be a string or an object" + FoundJson(json), state);
  return FillNode(root, json, Build::kNo, state, nullptr);
}

}  // namespace writ
