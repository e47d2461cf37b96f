// Admission: AdmissionReview v1 as the API server sends it, and our own shape, which may leave out whatever the objects tell. Source:
// k8s.io/api/admission/v1, types.go.
#include <optional>
#include <string>

#include "engine/json/json_document.h"
#include "engine/request/convert.h"
#include "engine/request/request_reader.h"
#include "engine/request/suggest.h"
#include "rules/base/utf8.h"
#include "rules/model/kubernetes_kind.h"

namespace writ {
namespace {

bool IsObject(JsonNode node) { return node.valid() && node.is(JsonKind::kObject); }

JsonNode MemberOf(JsonNode node, std::string_view key) { return IsObject(node) ? node.Find(key) : JsonNode(); }

// Returns the member's string, "" when it is missing or no string.
std::string_view StringOf(JsonNode node, std::string_view key) {
  const JsonNode member = MemberOf(node, key);
  return member.valid() && member.is(JsonKind::kString) ? member.string() : std::string_view("");
}

// The API server names the kind of what it was sent: PodExecOptions for `exec`, Eviction, Scale. Policies name the kind that has the
// subresource, `Pod/exec`; which one that is, only the resource tells. "" when both are known to be one, or for a resource that is not
// in the table of kinds.
std::string ParentKind(JsonNode resource, std::string_view subresource) {
  const KubernetesKind* kind = TryFindResource(StringOf(resource, "group"), StringOf(resource, "resource"));
  if (kind == nullptr) return {};
  const std::optional<Subresource> found = TryFindSubresource(*kind, subresource);
  return found && found->object.empty() ? std::string() : KindName(*kind);
}

constexpr std::string_view kReviewVersion = "admission.k8s.io/v1";
constexpr std::string_view kReviewMembers[] = {"apiVersion", "kind", "request", "response", "context", "facts", "unknown"};

}  // namespace

JsonNode& RequestReader::Given(std::string_view root) {
  std::size_t position = 0;
  while ((*shape_)[shape_->roots[position]].key != root) ++position;  // SAFETY: callers name roots of target.h
  return given_[position];
}

bool RequestReader::ReadReview(JsonNode review) {
  const std::string_view version = StringOf(review, "apiVersion");
  if (version != kReviewVersion) {
    return Fail("AdmissionReview has apiVersion \"" + Shorten(version, kMaxShownNameBytes) + "\", expected \"" +
                std::string(kReviewVersion) + "\"");
  }
  for (const JsonMember& member : review.members()) {
    bool known = false;
    for (const std::string_view name : kReviewMembers) known = known || name == member.key;
    if (!known) return FailUnknownMember(member.key, "an AdmissionReview", {std::begin(kReviewMembers), std::end(kReviewMembers)});
  }
  const JsonNode request = review.Find("request");
  if (!IsObject(request)) return Fail("AdmissionReview needs \"request\"");
  if (StringOf(request, "uid").empty()) return Fail("AdmissionReview needs `request.uid`");
  if (StringOf(request, "operation").empty()) return Fail("AdmissionReview needs `request.operation`");
  if (!IsObject(request.Find("kind"))) return Fail("AdmissionReview needs `request.kind`");
  Begin(shapes_.Of(Target::kAdmission));
  request_.admission_uid = StringOf(request, "uid");
  facts_ = review.Find("facts");
  unknowns_ = review.Find("unknown");
  Given("request") = request;
  Given("object") = request.Find("object");
  Given("oldObject") = request.Find("oldObject");
  Given("context") = review.Find("context");
  return FillAdmission(AdmissionSource::kReview) && Finish(review);
}

// As a whole no rule would look at its items.
bool RequestReader::CheckIsNoList(JsonNode object) {
  const std::string_view kind = StringOf(object, "kind");
  const JsonNode items = MemberOf(object, "items");
  if (!kind.ends_with("List") || !items.valid() || !items.is(JsonKind::kArray)) return true;
  return Fail("a " + Shorten(kind, kMaxShownNameBytes) + " must be given item by item");
}

bool RequestReader::FillAdmission(AdmissionSource source) {
  const JsonNode user_info = MemberOf(Given("request"), "userInfo");
  const bool has_user = user_info.valid() && !user_info.is(JsonKind::kNull);
  if (has_user && Given("principal").valid()) return Fail("give \"principal\" or `request.userInfo`, not both");
  if (source == AdmissionSource::kRequest && !(CheckIsNoList(Given("object")) && CheckIsNoList(Given("oldObject")))) return false;
  if (!ReadChain()) return false;
  for (std::size_t i = 0; i < shape_->roots.size(); ++i) {
    const ShapeNodeId root = shape_->roots[i];
    const std::string& key = (*shape_)[root].key;
    bool filled = false;
    if (key == "request") {
      filled = FillAdmissionRequest(root, source);
    } else if (key == "principal" && has_user) {
      filled = FillPrincipalFrom(user_info);
    } else if (key == "object" || key == "oldObject" || key == "namespaceObject") {
      filled = FillObject(root, given_[i]);
    } else {
      filled = FillRoot(root, given_[i]);
    }
    if (!filled) return false;
  }
  return true;
}

bool RequestReader::FillObject(ShapeNodeId root, JsonNode json) {
  if (!json.valid()) return true;
  if (!json.is(JsonKind::kObject) && !json.is(JsonKind::kNull))
    return FailType((*shape_)[root].path, "must be an object or null" + FoundJson(json));
  return FillNode(root, json, Build::kNo, nullptr);
}

// Fills `request`, deriving what is left out from the objects: operation, kind, name and namespace.
bool RequestReader::FillAdmissionRequest(ShapeNodeId id, AdmissionSource source) {
  const JsonNode request = Given("request");
  if (request.valid() && !request.is(JsonKind::kObject)) return FailType("request", "must be an object" + FoundJson(request));
  const bool has_object = IsObject(Given("object")), has_old = IsObject(Given("oldObject"));
  GroupKind kind;
  if (!ReadKind(request, &kind)) return false;
  const JsonNode metadata = MemberOf(has_object ? Given("object") : Given("oldObject"), "metadata");
  MapEntry* parts = arena_.AllocateArray<MapEntry>(3);
  if (parts == nullptr) return FailTooLarge("the request does not fit in memory");
  parts[0] = {Value::String("group"), Value::String(kind.group)};
  parts[1] = {Value::String("version"), Value::String(kind.version)};
  parts[2] = {Value::String("kind"), Value::String(kind.kind)};
  const MapData* kind_map = MakeMap(arena_, parts, 3);
  if (kind_map == nullptr) return FailTooLarge("the request does not fit in memory");
  Derived derived[4];
  std::size_t count = 0;
  derived[count++] = {"operation", Value::String(!has_object ? "DELETE" : has_old ? "UPDATE" : "CREATE")};
  derived[count++] = {"kind", Value::Map(kind_map)};
  if (const auto name = StringOf(metadata, "name"); !name.empty()) derived[count++] = {"name", Value::String(name)};
  if (const auto space = StringOf(metadata, "namespace"); !space.empty()) derived[count++] = {"namespace", Value::String(space)};
  const RecordOptions options{.ignore_unknown = source == AdmissionSource::kReview, .derived = {derived, count}};
  return FillRecord(id, request, options, nullptr) && CheckOperation(request_.name) && SetAdmissionScope(kind, request);
}

bool RequestReader::CheckOperation(std::string_view operation) {
  if (operation != "CREATE" && operation != "UPDATE" && operation != "DELETE" && operation != "CONNECT") {
    return FailType("request.operation",
                    "must be CREATE, UPDATE, DELETE or CONNECT, found \"" + Shorten(operation, kMaxShownNameBytes) + "\"");
  }
  const bool needs_object = operation == "CREATE" || operation == "UPDATE";
  if (needs_object && !IsObject(Given("object")) && !unknowns_.valid()) {
    return Fail("an admission request to " + std::string(operation) + " needs \"object\"");
  }
  return true;
}

// The kind that the request names, or else the one of its object.
bool RequestReader::ReadKind(JsonNode request, GroupKind* kind) {
  const JsonNode given = MemberOf(request, "kind");
  if (given.valid() && !given.is(JsonKind::kNull)) {
    if (!given.is(JsonKind::kObject)) return FailType("request.kind", "must be an object" + FoundJson(given));
    for (const std::string_view key : {"group", "version", "kind"}) {
      const JsonNode part = given.Find(key);
      if (part.valid() && !part.is(JsonKind::kString)) return FailType("request.kind." + std::string(key), "must be a string");
    }
    *kind = {StringOf(given, "group"), StringOf(given, "version"), StringOf(given, "kind")};
    return !kind->kind.empty() || Fail("`request.kind` needs `kind`");
  }
  const JsonNode object = IsObject(Given("object")) ? Given("object") : Given("oldObject");
  const std::string_view version = StringOf(object, "apiVersion");
  const std::size_t slash = version.find('/');
  if (slash == std::string_view::npos)
    *kind = {"", version, StringOf(object, "kind")};
  else
    *kind = {version.substr(0, slash), version.substr(slash + 1), StringOf(object, "kind")};
  if (!kind->kind.empty() && !version.empty()) return true;
  return Fail("an admission request needs `request.kind`, or an \"object\" with apiVersion and kind");
}

// The selector scope "Kind.group", "Kind" for the core group, "Kind.group/subresource".
bool RequestReader::SetAdmissionScope(const GroupKind& kind, JsonNode request) {
  const std::string_view sub_resource = StringOf(request, "subResource");
  if (sub_resource.empty() && kind.group.empty()) {
    request_.scope = kind.kind;
    return true;
  }
  std::string scope(kind.kind);
  if (!kind.group.empty()) scope.append(".").append(kind.group);
  if (!sub_resource.empty()) scope.append("/").append(sub_resource);
  request_.scope = arena_.CopyString(scope);
  const std::string parent = sub_resource.empty() ? std::string() : ParentKind(MemberOf(request, "resource"), sub_resource);
  if (!parent.empty()) request_.parent_scope = arena_.CopyString(parent + "/" + std::string(sub_resource));
  const bool fits = request_.scope.data() != nullptr && (parent.empty() || request_.parent_scope.data() != nullptr);
  return fits || FailTooLarge("the request does not fit in memory");
}

// principal from request.userInfo: the API server has authenticated it.
bool RequestReader::FillPrincipalFrom(JsonNode user_info) {
  if (!user_info.is(JsonKind::kObject)) return FailType("request.userInfo", "must be an object" + FoundJson(user_info));
  struct Part {
    std::string_view theirs, ours;
  };
  constexpr Part kParts[] = {{"username", "principal.id"}, {"groups", "principal.groups"}, {"extra", "principal.claims"}};
  Derived derived[std::size(kParts) + 1];
  std::size_t count = 0;
  for (const Part& part : kParts) {
    const JsonNode member = user_info.Find(part.theirs);
    if (!member.valid() || member.is(JsonKind::kNull)) continue;
    Value value = MaterializeJson(member, arena_);
    if (value.is(Kind::kAbsent)) return FailTooLarge("the request does not fit in memory");
    std::string_view rest;
    const ShapeNode& node = (*shape_)[FindPath(*shape_, part.ours, rest)];
    const std::string fault = ConvertTo(node.type, shapes_.types, arena_, value);
    if (!fault.empty()) return FailType("request.userInfo." + std::string(part.theirs), fault);
    derived[count++] = {node.key, value};
  }
  if (!IsBlank(StringOf(user_info, "username"))) derived[count++] = {"verified", Value::Bool(true)};
  for (const ShapeNodeId root : shape_->roots) {
    if ((*shape_)[root].key == "principal") return FillRecord(root, JsonNode(), {.derived = {derived, count}}, nullptr);
  }
  return true;
}

}  // namespace writ
