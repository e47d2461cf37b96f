// Top level of the reader: which target, which members, what is missing. The walk below the roots is request_fill.cc,
// admission is request_admission.cc, facts and unknowns are request_facts.cc.
#include "engine/request/request_reader.h"

#include <algorithm>
#include <cstring>
#include <optional>

#include "engine/json/json_document.h"
#include "engine/request/convert.h"
#include "engine/request/suggest.h"
#include "rules/base/utf8.h"
#include "rules/model/canonical_name.h"
#include "rules/model/resource_uri.h"

namespace writ {
namespace {

// Members that tell the target when `target` is left out; the first that stands in the request decides.
struct Telling {
  std::string_view member;
  Target target;
};
constexpr Telling kTelling[] = {
    {"table", Target::kRows},         {"row", Target::kRows},
    {"subject", Target::kAccess},     {"action", Target::kAccess},
    {"object", Target::kAdmission},   {"oldObject", Target::kAdmission},
    {"request", Target::kAdmission},  {"namespaceObject", Target::kAdmission},
    {"schema", Target::kSchemas},     {"previous", Target::kSchemas},
    {"resource", Target::kResources}, {"prompt", Target::kPrompts},
    {"tool", Target::kTools},         {"list", Target::kTools},
    {"server", Target::kTools},       {"args", Target::kTools},
};

// Roots that may be given as a bare string: `"tool": "search"` is `"tool": {"name": "search"}`.
struct Shorthand {
  Target target;
  std::string_view root, member;
};
constexpr Shorthand kShorthands[] = {
    {Target::kTools, "server", "name"},      {Target::kTools, "tool", "name"},     {Target::kResources, "server", "name"},
    {Target::kResources, "resource", "uri"}, {Target::kPrompts, "server", "name"}, {Target::kPrompts, "prompt", "name"},
    {Target::kSchemas, "server", "name"},    {Target::kSchemas, "tool", "name"},
};

std::string_view ShorthandOf(Target target, std::string_view root) {
  for (const Shorthand& shorthand : kShorthands) {
    if (shorthand.target == target && shorthand.root == root) return shorthand.member;
  }
  return {};
}

struct Required {
  Target target;
  std::string_view path;
  std::string_view text;
};
constexpr Required kRequired[] = {
    {Target::kTools, "tool.name", "\"tool\" (or \"list\")"},
    {Target::kResources, "resource.uri", "\"resource\" with a uri"},
    {Target::kPrompts, "prompt.name", "\"prompt\""},
    {Target::kAccess, "subject.type", "\"subject\" with a type"},
    {Target::kAccess, "subject.id", "\"subject\" with an id"},
    {Target::kAccess, "action.name", "\"action\" with a name"},
    {Target::kAccess, "resource.type", "\"resource\" with a type"},
    {Target::kAccess, "resource.id", "\"resource\" with an id"},
    {Target::kRows, "row", "\"row\""},
    {Target::kSchemas, "tool.name", "\"tool\""},
    {Target::kSchemas, "schema", "\"schema\""},
};

std::string_view Article(std::string_view word) {
  return !word.empty() && std::string_view("aeiou").find(word[0]) != std::string_view::npos ? "an " : "a ";
}

std::string RequestOf(Target target) {
  const std::string_view name = InfoOf(target).name;
  return std::string(Article(name)) + std::string(name) + " request";
}

// Most names that differ do so in length or at their beginning. Requires: `name` is not empty.
bool IsSameName(std::string_view name, std::string_view key) {
  return key.size() == name.size() && key[0] == name[0] && std::memcmp(key.data(), name.data(), name.size()) == 0;
}

bool IsString(JsonNode node) { return node.valid() && node.is(JsonKind::kString); }

}  // namespace

const Shape* RequestShapes::FindTable(std::string_view name) const {
  for (const Shape& shape : tables) {
    if ((*program)[shape.table->name] == name) return &shape;
  }
  return nullptr;
}

RequestShapes BuildShapes(const Program& program) {
  RequestShapes shapes;
  shapes.program = &program;
  shapes.tree = SlotTree(program);
  shapes.types = TypeTable(TypesOf(program));
  for (std::size_t i = 0; i < kTargetCount; ++i)
    shapes.targets.push_back(BuildShape(program, shapes.tree, shapes.types, static_cast<Target>(i), nullptr));
  for (const Table& table : program.tables) shapes.tables.push_back(BuildShape(program, shapes.tree, shapes.types, Target::kRows, &table));
  for (const Rule& rule : program.rules) {
    const std::span<const Selector> selectors = program[program.details(rule).selectors];
    const bool is_scoped =
        std::any_of(selectors.begin(), selectors.end(), [&](const Selector& selector) { return program[selector.scope] != "**"; });
    Shape& shape = shapes.targets[static_cast<std::size_t>(program.policy(rule).target)];
    shape.has_scoped_rules = shape.has_scoped_rules || is_scoped;
  }
  return shapes;
}

bool RequestReader::Fail(std::string_view message) {
  error_ = {ErrorCode::kInvalidArgument, Shorten(message, kMaxShownMessageBytes)};
  return false;
}

bool RequestReader::FailTooLarge(std::string message) {
  error_ = {ErrorCode::kTooLarge, std::move(message)};
  return false;
}

bool RequestReader::FailUnknownMember(std::string_view key, std::string_view where, const std::vector<std::string_view>& known) {
  return Fail("unknown member \"" + Shorten(key, kMaxShownNameBytes) + "\" in " + std::string(where) + DidYouMean(key, known));
}

Result<Request> RequestReader::Read(JsonNode document, const WideIntegers& wide) {
  wide_ = &wide;
  if (!ReadDocument(document)) return error_;
  return std::move(request_);
}

bool RequestReader::ReadDocument(JsonNode document) {
  if (!document.is(JsonKind::kObject)) return Fail("a request must be a JSON object" + FoundJson(document));
  const Claims claims = ClaimsOf(document);
  if (!IsString(claims.kind)) return ReadOrdinary(document, claims);
  if (claims.kind.string() == "AdmissionReview" && !claims.target.valid()) return ReadReview(document);
  if (!IsString(claims.api_version)) return ReadOrdinary(document, claims);
  if (IsString(claims.target) && claims.target.string() == InfoOf(Target::kAdmission).name) return ReadManifest(document);
  // Whoever can put two members into a request that is built of parts must not turn it into something else.
  if (claims.target.valid() || claims.telling) return ReadOrdinary(document, claims);
  return Fail("a Kubernetes object is decided only when the request says so: {\"target\": \"admission\", \"object\": {…}}");
}

// One walk over the members for all that is asked of them first.
RequestReader::Claims RequestReader::ClaimsOf(JsonNode document) {
  Claims claims;
  const Telling* first = std::end(kTelling);
  for (const JsonMember& member : document.members()) {
    const Telling* telling = kTelling;
    while (telling != first && !IsSameName(telling->member, member.key)) ++telling;
    if (telling != first) {
      first = telling;
    } else if (IsSameName("kind", member.key)) {
      claims.kind = member.value;
    } else if (IsSameName("apiVersion", member.key)) {
      claims.api_version = member.value;
    } else if (IsSameName("target", member.key)) {
      claims.target = member.value;
    }
  }
  if (first != std::end(kTelling)) claims.telling = first->target;
  return claims;
}

// A manifest with `target` beside its own members, which must then be no members of a request.
bool RequestReader::ReadManifest(JsonNode manifest) {
  for (const JsonMember& member : manifest.members()) {
    const bool tells =
        std::any_of(std::begin(kTelling), std::end(kTelling), [&](const Telling& each) { return each.member == member.key; });
    const bool is_common = member.key == "principal" || member.key == "context" || member.key == "unknown" || member.key == "facts";
    if (!tells && !is_common) continue;
    return Fail("a request with `apiVersion` and `kind` is a manifest, and cannot have \"" + std::string(member.key) +
                "\": give the manifest as \"object\"");
  }
  Begin(shapes_.Of(Target::kAdmission));
  Given("object") = manifest;
  return FillAdmission(AdmissionSource::kRequest) && Finish(manifest);
}

bool RequestReader::ReadOrdinary(JsonNode document, const Claims& claims) {
  Target target = Target::kTools;
  if (!ChooseTarget(document, claims, &target) || !ChooseShape(document, target) || !SortTopLevel(document)) return false;
  const bool is_review = target == Target::kAdmission || target == Target::kSchemas;
  if (!is_review && (wide_->has_uints || !wide_->beyond.empty()) && !RefuseWideIntegers(document)) return false;
  if (target == Target::kAdmission) {
    if (!FillAdmission(AdmissionSource::kRequest)) return false;
  } else if (!FillRoots()) {
    return false;
  }
  return Finish(document);
}

// A caller that sends such an integer does not mean the double next to it.
bool RequestReader::RefuseWideIntegers(JsonNode document) {
  if (!wide_->beyond.empty()) return Fail("`" + wide_->beyond + "` is an integer beyond 64 bits: send it as a string");
  return RefuseUints(document, "");
}

// False, with the fault, for an integer beyond int that is not the value of a declared uint or
// double.
// NOLINTNEXTLINE(misc-no-recursion): depth <= JsonLimits::max_depth
bool RequestReader::RefuseUints(JsonNode json, const std::string& path) {
  if (json.is(JsonKind::kObject)) {
    for (const JsonMember& member : json.members()) {
      if (!RefuseUints(member.value, path + (path.empty() ? "" : ".") + std::string(member.key))) return false;
    }
    return true;
  }
  if (json.is(JsonKind::kArray)) {
    for (const JsonNode& item : json.items()) {
      if (!RefuseUints(item, path)) return false;
    }
    return true;
  }
  if (!json.is(JsonKind::kUint)) return true;
  std::string_view rest;
  const ShapeNodeId id = FindPath(*shape_, path, rest);
  const bool is_declared = id.valid() && rest.empty();
  if (is_declared && ((*shape_)[id].kind == TypeKind::kUint || (*shape_)[id].kind == TypeKind::kDouble)) return true;
  return FailType(Shorten(path, kMaxShownNameBytes),
                  "is an integer above 9223372036854775807, the largest that is taken here: send it as a string");
}

bool RequestReader::ChooseTarget(JsonNode document, const Claims& claims, Target* target) {
  const JsonNode given = claims.target;
  if (!given.valid() && !claims.telling) return FailUntold(document);
  if (!given.valid()) {
    *target = *claims.telling;
    return true;
  }
  if (!given.is(JsonKind::kString)) return FailType("target", "must be a string" + FoundJson(given));
  const std::optional<Target> found = TryFindTarget(given.string());
  if (found) {
    *target = *found;
    return true;
  }
  std::vector<std::string_view> names;
  for (std::size_t i = 0; i < kTargetCount; ++i) names.push_back(InfoOf(static_cast<Target>(i)).name);
  return Fail("unknown target \"" + Shorten(given.string(), kMaxShownNameBytes) + "\"" + DidYouMean(given.string(), names));
}

bool RequestReader::FailUntold(JsonNode document) {
  std::vector<std::string_view> known = {"target", "principal", "context"};
  for (const Telling& telling : kTelling) known.push_back(telling.member);
  for (const JsonMember& member : document.members()) {
    if (std::find(known.begin(), known.end(), member.key) == known.end()) return FailUnknownMember(member.key, "a request", known);
  }
  return Fail("the request does not say what it is about: give \"target\", or a member such as \"tool\", \"row\" or \"object\"");
}

bool RequestReader::ChooseShape(JsonNode document, Target target) {
  if (target != Target::kRows) {
    Begin(shapes_.Of(target));
    return true;
  }
  const JsonNode table = document.Find("table");
  if (!table.valid()) return Fail("a rows request needs \"table\"");
  if (!table.is(JsonKind::kString)) return FailType("table", "must be a string" + FoundJson(table));
  if (const std::string fault = CanonicalNameFault(table.string()); !fault.empty()) return FailNotCanonical("table", fault);
  const Shape* shape = shapes_.FindTable(table.string());
  if (shape == nullptr) {
    std::vector<std::string_view> names;
    for (const Shape& known : shapes_.tables) names.push_back((*shapes_.program)[known.table->name]);
    return Fail("unknown table \"" + Shorten(table.string(), kMaxShownNameBytes) + "\"" + DidYouMean(table.string(), names));
  }
  Begin(*shape);
  request_.scope = (*shapes_.program)[shape->table->name];
  return true;
}

void RequestReader::Begin(const Shape& shape) {
  shape_ = &shape;
  request_.shape = &shape;
  slots_.Begin(shape);
}

// Members beside the roots that this target takes.
bool RequestReader::IsAssociate(std::string_view key) const {
  if (key == "target" || key == "unknown" || key == "facts") return true;
  return (key == "list" && shape_->target == Target::kTools) || (key == "table" && shape_->target == Target::kRows);
}

// Sorts the document's members by root, so that principal is read before context whatever their order.
bool RequestReader::SortTopLevel(JsonNode document) {
  WRIT_DCHECK(shape_->roots.size() <= kMaxRoots);
  for (const JsonMember& member : document.members()) {
    std::size_t position = 0;
    while (position < shape_->roots.size() && (*shape_)[shape_->roots[position]].key != member.key) ++position;
    if (position < shape_->roots.size()) {
      given_[position] = member.value;
      continue;
    }
    if (member.key == "data") return Fail("\"data\" is no request member: data is loaded with the policies");
    if (!IsAssociate(member.key)) {
      std::vector<std::string_view> known;
      for (const ShapeNodeId root : shape_->roots) known.push_back((*shape_)[root].key);
      for (const std::string_view key : {"target", "unknown", "facts", "list", "table"}) {
        if (IsAssociate(key)) known.push_back(key);
      }
      return FailUnknownMember(member.key, RequestOf(shape_->target), known);
    }
    if (member.key == "facts") facts_ = member.value;
    if (member.key == "unknown") unknowns_ = member.value;
    if (member.key == "list") request_.list = member.value;
  }
  return true;
}

bool RequestReader::FillRoots() {
  if (!ReadChain()) return false;
  for (std::size_t i = 0; i < shape_->roots.size(); ++i) {
    if (!FillRoot(shape_->roots[i], given_[i])) return false;
    if (shape_->target == Target::kRows && (*shape_)[shape_->roots[i]].key == "row") request_.row = given_[i];
  }
  return true;
}

bool RequestReader::FillRoot(ShapeNodeId root, JsonNode json) {
  const ShapeNode& node = (*shape_)[root];
  if (!json.valid()) {
    // Defaults are in place already, except in maps that are read as a whole.
    if (!shape_->has_whole_records || node.kind != TypeKind::kRecord || node.if_absent == MemberDefault::kAbsent) return true;
    return FillRecord(root, JsonNode(), {}, nullptr);
  }
  if (shape_->folded_node.valid() && node.key == "resource") return FillResource(root, json);
  const std::string_view member = ShorthandOf(shape_->target, node.key);
  if (!member.empty() && json.is(JsonKind::kString)) {
    const Derived derived[] = {{member, Value::String(json.string())}};
    return FillRecord(root, JsonNode(), {.derived = derived}, nullptr);
  }
  if (!member.empty() && !json.is(JsonKind::kObject) && !json.is(JsonKind::kNull)) {
    return FailType(node.path, "must be a string or an object" + FoundJson(json));
  }
  return FillNode(root, json, Build::kNo, nullptr);
}

// A resource that is read: its URI, and what is worked out from that.
bool RequestReader::FillResource(ShapeNodeId root, JsonNode json) {
  if (json.is(JsonKind::kNull)) return true;
  if (!json.is(JsonKind::kString) && !json.is(JsonKind::kObject))
    return FailType("resource", "must be a string or an object" + FoundJson(json));
  const JsonNode uri = json.is(JsonKind::kString) ? json : json.Find("uri");
  if (json.is(JsonKind::kObject) && json.Find("folded").valid()) return FailType("resource.folded", "is worked out from `resource.uri`");
  if (!IsString(uri)) return FillNode(root, json, Build::kNo, nullptr);
  if (!CheckSpelling((*shape_)[shape_->name_node], uri.string()) || !FoldResource(uri.string())) return false;
  const Derived derived[] = {{"uri", Value::String(uri.string())}, {"folded", Value::String(WithoutSlashAtEnd(request_.folded))}};
  return FillRecord(root, json.is(JsonKind::kObject) ? json : JsonNode(), {.derived = derived}, nullptr);
}

bool RequestReader::Finish(JsonNode document) {
  if (request_.list.valid()) {
    if (!request_.list.is(JsonKind::kArray)) return FailType("list", "must be a list of tools" + FoundJson(request_.list));
    if (!request_.name.empty()) return Fail("a listing has \"list\", not also \"tool\"");
    if (request_.list.count() > limits_.max_list_items) {
      return FailTooLarge("`list` has " + std::to_string(request_.list.count()) + " tools, the limit is " +
                          std::to_string(limits_.max_list_items));
    }
  }
  if (shape_->time_node.valid() && !time_given_ && (*shape_)[shape_->time_node].slot.valid()) {
    slots_.Set((*shape_)[shape_->time_node].slot, DefaultNow((*shape_)[shape_->time_node]));
  }
  SetChainSlots();
  if (unknowns_.valid() && !ReadUnknowns(unknowns_)) return false;
  if (request_.is_listing()) NoteUnknown("args");
  ApplyUnknowns();
  if (facts_.valid() && !ReadFacts(facts_)) return false;
  return CheckRequired(document);
}

bool RequestReader::CheckRequired(JsonNode document) {
  for (const Required& required : kRequired) {
    if (request_.is_listing() || required.target != shape_->target || IsGiven(document, required.path)) continue;
    return Fail(RequestOf(shape_->target) + " needs " + std::string(required.text));
  }
  return CheckScope(request_.scope);
}

// Without its server a request would slip past the denials that are about that server.
bool RequestReader::CheckScope(std::string_view scope) {
  if (!scope.empty() || !shape_->scope_node.valid() || !shape_->has_scoped_rules) return true;
  const std::string& path = (*shape_)[shape_->scope_node].path;
  return Fail(RequestOf(shape_->target) + " needs `" + path + "`: some policies are only about certain ones");
}

// Is the member given, or declared unknown?
bool RequestReader::IsGiven(JsonNode document, std::string_view path) const {
  if (shape_->name_node.valid() && (*shape_)[shape_->name_node].path == path) return !request_.name.empty();
  for (const std::string_view unknown : unknown_paths_) {
    if (path == unknown || (path.starts_with(unknown) && path[unknown.size()] == '.')) return true;
  }
  JsonNode at = document;
  for (std::string_view rest = path; !rest.empty();) {
    const std::size_t dot = std::min(rest.find('.'), rest.size());
    if (!at.is(JsonKind::kObject)) return false;
    at = at.Find(rest.substr(0, dot));
    if (!at.valid() || at.is(JsonKind::kNull)) return false;
    rest.remove_prefix(std::min(dot + 1, rest.size()));
  }
  std::string_view below;
  const ShapeNodeId id = FindPath(*shape_, path, below);
  return !(id.valid() && (*shape_)[id].is_identity && at.is(JsonKind::kString) && IsBlank(at.string()));
}

Status RequestReader::ReadListedTool(JsonNode tool, Request& request) {
  refusal_ = Reason::kBadRequest;
  for (const SlotId slot : shape_->tool_slots) slots_.Set(slot, shape_->defaults[slot.index]);
  for (const ShapeNodeId root : shape_->roots) {
    if ((*shape_)[root].key != "tool") continue;
    request_.name = {};
    if (!FillRoot(root, tool)) return error_;
  }
  if (request_.name.empty()) return Error{ErrorCode::kInvalidArgument, "`list` holds a tool without a name"};
  for (const auto& [slot, mark] : unknown_tool_slots_) ApplyMark(mark, slot, slots_);
  request.name = request_.name;
  return OkStatus();
}

}  // namespace writ
