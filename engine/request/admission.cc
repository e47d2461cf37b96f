// Reviews, and objects in our own shape; see admission.h.
#include "engine/request/admission.h"

#include <algorithm>
#include <optional>
#include <string>

#include "engine/json/json_document.h"
#include "engine/request/chain.h"
#include "engine/request/convert.h"
#include "engine/request/fill.h"
#include "engine/request/refusal.h"
#include "engine/request/roots.h"
#include "rules/base/utf8.h"
#include "rules/model/kubernetes_kind.h"

namespace writ {
namespace {

struct GroupKind {
  std::string_view group, version, kind;
};

bool IsObject(JsonNode node) { return node.valid() && node.is(JsonKind::kObject); }

JsonNode MemberOf(JsonNode node, std::string_view key) { return IsObject(node) ? node.Find(key) : JsonNode(); }

// Returns the member's string, "" when it is missing or no string.
std::string_view StringOf(JsonNode node, std::string_view key) {
  const JsonNode member = MemberOf(node, key);
  return member.valid() && member.is(JsonKind::kString) ? member.string() : std::string_view("");
}

// What the request is about: its object, or the old one when it deletes.
JsonNode ObjectOf(const RequestState& state) {
  const JsonNode object = state.given[TopLevel::kObject];
  return IsObject(object) ? object : state.given[TopLevel::kOldObject];
}

// Returns the parts as one text that lives in the arena; data() is nullptr when that is full.
std::string_view Join(std::initializer_list<std::string_view> parts, Arena& arena) {
  std::size_t size = 0;
  for (const std::string_view part : parts) size += part.size();
  char* room = arena.AllocateArray<char>(size + 1);
  if (room == nullptr) return {};
  char* end = room;
  for (const std::string_view part : parts) end = std::copy(part.begin(), part.end(), end);
  return {room, size};
}

// The API server names the kind of what it was sent: PodExecOptions for `exec`, Eviction, Scale.
// Policies name the kind that has the subresource, `Pod/exec`; which one that is, only the resource
// tells. "" when both are known to be one, or for a resource that is not in the table of kinds.
std::string ParentKind(JsonNode resource, std::string_view subresource) {
  const KubernetesKind* kind = TryFindResource(StringOf(resource, "group"), StringOf(resource, "resource"));
  if (kind == nullptr) return {};
  const std::optional<Subresource> found = TryFindSubresource(*kind, subresource);
  return found && found->object.empty() ? std::string() : KindName(*kind);
}

constexpr std::string_view kReviewVersion = "admission.k8s.io/v1";
constexpr std::string_view kReviewMembers[] = {"apiVersion", "kind", "request", "response", "context", "facts", "unknown"};

bool CheckReview(JsonNode review, JsonNode request, RequestState& state) {
  const std::string_view version = StringOf(review, "apiVersion");
  if (version != kReviewVersion) {
    return Refuse(
        "AdmissionReview has apiVersion \"" + Shorten(version, kMaxShownNameBytes) + "\", expected \"" + std::string(kReviewVersion) + "\"",
        state);
  }
  for (const JsonMember& member : review.members()) {
    if (std::find(std::begin(kReviewMembers), std::end(kReviewMembers), member.key) == std::end(kReviewMembers))
      return RefuseMember(member.key, "an AdmissionReview", kReviewMembers, state);
  }
  if (!IsObject(request)) return Refuse("AdmissionReview needs \"request\"", state);
  if (StringOf(request, "uid").empty()) return Refuse("AdmissionReview needs `request.uid`", state);
  if (StringOf(request, "operation").empty()) return Refuse("AdmissionReview needs `request.operation`", state);
  if (!IsObject(request.Find("kind"))) return Refuse("AdmissionReview needs `request.kind`", state);
  return true;
}

// As a whole no rule would look at its items.
bool CheckIsNoList(JsonNode object, RequestState& state) {
  const std::string_view kind = StringOf(object, "kind");
  const JsonNode items = MemberOf(object, "items");
  if (!kind.ends_with("List") || !items.valid() || !items.is(JsonKind::kArray)) return true;
  return Refuse("a " + Shorten(kind, kMaxShownNameBytes) + " must be given item by item", state);
}

bool CheckOperation(std::string_view operation, RequestState& state) {
  if (operation != "CREATE" && operation != "UPDATE" && operation != "DELETE" && operation != "CONNECT") {
    return RefuseAt("request.operation",
                    "must be CREATE, UPDATE, DELETE or CONNECT, found \"" + Shorten(operation, kMaxShownNameBytes) + "\"", state);
  }
  const bool needs_object = operation == "CREATE" || operation == "UPDATE";
  if (!needs_object || IsObject(state.given[TopLevel::kObject]) || state.given.Has(BitOf(TopLevel::kUnknown))) return true;
  return Refuse("an admission request to " + std::string(operation) + " needs \"object\"", state);
}

// The kind that the request names.
bool ReadNamedKind(JsonNode named, RequestState& state, GroupKind& kind) {
  if (!named.is(JsonKind::kObject)) return RefuseAt("request.kind", "must be an object" + FoundJson(named), state);
  for (const std::string_view key : {"group", "version", "kind"}) {
    const JsonNode part = named.Find(key);
    if (part.valid() && !part.is(JsonKind::kString)) return RefuseAt("request.kind." + std::string(key), "must be a string", state);
  }
  kind = {StringOf(named, "group"), StringOf(named, "version"), StringOf(named, "kind")};
  return !kind.kind.empty() || Refuse("`request.kind` needs `kind`", state);
}

// The kind that the request names, or else the one of its object.
bool ReadKind(JsonNode request, RequestState& state, GroupKind& kind) {
  const JsonNode named = MemberOf(request, "kind");
  if (named.valid() && !named.is(JsonKind::kNull)) return ReadNamedKind(named, state, kind);
  const JsonNode object = ObjectOf(state);
  const std::string_view version = StringOf(object, "apiVersion");
  const std::size_t slash = version.find('/');
  kind = {"", version, StringOf(object, "kind")};
  if (slash != std::string_view::npos) {
    kind.group = version.substr(0, slash);
    kind.version = version.substr(slash + 1);
  }
  if (!kind.kind.empty() && !version.empty()) return true;
  return Refuse("an admission request needs `request.kind`, or an \"object\" with apiVersion and kind", state);
}

// The kind as a map of the request's own shape; absent when the arena is full.
Value KindMap(const GroupKind& kind, Arena& arena) {
  constexpr std::uint32_t kParts = 3;
  MapEntry* parts = arena.AllocateArray<MapEntry>(kParts);
  if (parts == nullptr) return {};
  parts[0] = {Value::String("group"), Value::String(kind.group)};
  parts[1] = {Value::String("version"), Value::String(kind.version)};
  parts[2] = {Value::String("kind"), Value::String(kind.kind)};
  const MapData* map = MakeMap(arena, parts, kParts);
  return map == nullptr ? Value() : Value::Map(map);
}

// The selector scope "Kind.group", "Kind" for the core group, "Kind.group/subresource".
bool SetScope(const GroupKind& kind, JsonNode request, RequestState& state) {
  const std::string_view subresource = StringOf(request, "subResource");
  state.request.scope = kind.kind;
  if (subresource.empty() && kind.group.empty()) return true;
  state.request.scope =
      Join({kind.kind, kind.group.empty() ? "" : ".", kind.group, subresource.empty() ? "" : "/", subresource}, state.arena);
  if (state.request.scope.data() == nullptr) return RefuseFull(state);
  if (subresource.empty()) return true;
  const std::string parent = ParentKind(MemberOf(request, "resource"), subresource);
  if (parent.empty()) return true;
  state.request.parent_scope = Join({parent, "/", subresource}, state.arena);
  return state.request.parent_scope.data() != nullptr || RefuseFull(state);
}

// Fills `request`, deriving what is left out from the objects: operation, kind, name and namespace.
bool FillRequest(ShapeNodeId id, AdmissionSource source, RequestState& state) {
  const JsonNode request = state.given[TopLevel::kRequest];
  if (request.valid() && !request.is(JsonKind::kObject)) return RefuseAt("request", "must be an object" + FoundJson(request), state);
  const bool has_object = IsObject(state.given[TopLevel::kObject]), has_old = IsObject(state.given[TopLevel::kOldObject]);
  GroupKind kind;
  if (!ReadKind(request, state, kind)) return false;
  const Value kind_map = KindMap(kind, state.arena);
  if (kind_map.is(Kind::kAbsent)) return RefuseFull(state);
  const JsonNode metadata = MemberOf(ObjectOf(state), "metadata");
  Derived derived[4];
  std::size_t count = 0;
  derived[count++] = {"operation", Value::String(!has_object ? "DELETE" : has_old ? "UPDATE" : "CREATE")};
  derived[count++] = {"kind", kind_map};
  if (const auto name = StringOf(metadata, "name"); !name.empty()) derived[count++] = {"name", Value::String(name)};
  if (const auto space = StringOf(metadata, "namespace"); !space.empty()) derived[count++] = {"namespace", Value::String(space)};
  const RecordOptions options{.ignore_unknown = source == AdmissionSource::kReview, .derived = {derived, count}};
  return FillRecord(id, request, options, state, nullptr) && CheckOperation(state.request.name, state) && SetScope(kind, request, state);
}

bool FillObject(ShapeNodeId root, JsonNode json, RequestState& state) {
  if (!json.valid()) return true;
  if (!json.is(JsonKind::kObject) && !json.is(JsonKind::kNull))
    return RefuseAt(state.shape()[root].path, "must be an object or null" + FoundJson(json), state);
  return FillNode(root, json, Build::kNo, state, nullptr);
}

// principal from request.userInfo: the API server has authenticated it.
bool FillPrincipalFrom(JsonNode user_info, ShapeNodeId root, RequestState& state) {
  if (!user_info.is(JsonKind::kObject)) return RefuseAt("request.userInfo", "must be an object" + FoundJson(user_info), state);
  struct Part {
    std::string_view theirs, ours;
  };
  constexpr Part kParts[] = {{"username", "id"}, {"groups", "groups"}, {"extra", "claims"}};
  const Shape& shape = state.shape();
  Derived derived[std::size(kParts) + 1];
  std::size_t count = 0;
  for (const Part& part : kParts) {
    const JsonNode member = user_info.Find(part.theirs);
    if (!member.valid() || member.is(JsonKind::kNull)) continue;
    Value value = MaterializeJson(member, state.arena);
    if (value.is(Kind::kAbsent)) return RefuseFull(state);
    const ShapeNode& node = shape[FindChild(shape, shape[root].children, part.ours)];
    const std::string fault = ConvertTo(node.type, state.shapes->types, state.arena, value);
    if (!fault.empty()) return RefuseAt("request.userInfo." + std::string(part.theirs), fault, state);
    derived[count++] = {node.key, value};
  }
  if (!IsBlank(StringOf(user_info, "username"))) derived[count++] = {"verified", Value::Bool(true)};
  return FillRecord(root, JsonNode(), {.derived = {derived, count}}, state, nullptr);
}

}  // namespace

bool FillReview(JsonNode review, RequestState& state) {
  const JsonNode request = review.Find("request");
  if (!CheckReview(review, request, state)) return false;
  UseShape(state.shapes->Of(Target::kAdmission), state);
  state.request.admission_uid = StringOf(request, "uid");
  state.given.Set(TopLevel::kObject, request.Find("object"));
  state.given.Set(TopLevel::kOldObject, request.Find("oldObject"));
  return FillAdmission(AdmissionSource::kReview, state);
}

bool FillAdmission(AdmissionSource source, RequestState& state) {
  const JsonNode object = state.given[TopLevel::kObject], old_object = state.given[TopLevel::kOldObject];
  const JsonNode user_info = MemberOf(state.given[TopLevel::kRequest], "userInfo");
  const bool has_user = user_info.valid() && !user_info.is(JsonKind::kNull);
  if (has_user && state.given.Has(BitOf(TopLevel::kPrincipal))) return Refuse("give \"principal\" or `request.userInfo`, not both", state);
  if (source == AdmissionSource::kRequest && !(CheckIsNoList(object, state) && CheckIsNoList(old_object, state))) return false;
  if (!ReadChain(state)) return false;
  for (const ShapeNodeId root : state.shape().roots) {
    const TopLevel member = state.shape()[root].top;
    bool filled = false;
    if (member == TopLevel::kRequest) {
      filled = FillRequest(root, source, state);
    } else if (member == TopLevel::kPrincipal && has_user) {
      filled = FillPrincipalFrom(user_info, root, state);
    } else if (member == TopLevel::kObject || member == TopLevel::kOldObject || member == TopLevel::kNamespaceObject) {
      filled = FillObject(root, state.given[member], state);
    } else {
      filled = FillRoot(root, state.given[member], state);
    }
    if (!filled) return false;
  }
  return true;
}

}  // namespace writ
