// The document that fields stand for; see field_document.h.
#include "engine/request/field_document.h"

#include <algorithm>
#include <cstring>
#include <limits>
#include <utility>

#include "engine/request/convert.h"
#include "engine/request/field_paths.h"
#include "engine/request/refusal.h"
#include "rules/base/encoding.h"
#include "rules/base/utf8.h"
#include "rules/model/time.h"

namespace writ {
namespace {

constexpr std::uint32_t kMaxDepth = JsonLimits{}.max_depth;

// The fields as a tree, in the arena. A branch is either a leaf with the value that was set there,
// or has children.
struct Branch {
  std::string_view key;
  Value leaf;
  bool is_leaf = false;
  Branch* first = nullptr;
  Branch* last = nullptr;
  Branch* next = nullptr;
};

Branch* FindBranch(const Branch& above, std::string_view key) {
  for (Branch* branch = above.first; branch != nullptr; branch = branch->next) {
    if (branch->key == key) return branch;
  }
  return nullptr;
}

// Returns nullptr when the arena is full.
Branch* AddBranch(Branch& above, std::string_view key, Arena& arena) {
  Branch* added = arena.AllocateArray<Branch>(1);
  if (added == nullptr) return nullptr;
  *added = Branch{.key = key};
  (above.last == nullptr ? above.first : above.last->next) = added;
  above.last = added;
  return added;
}

bool IsMap(const Value& value) { return value.is(Kind::kMap); }

// Makes the members of a leaf branches of their own. False when the arena is full.
bool Expand(Branch& branch, Arena& arena) {
  branch.is_leaf = false;
  const MapData* map = branch.leaf.map;
  for (std::uint32_t i = 0; map != nullptr && i < map->size; ++i) {
    if (!map->entries[i].key.is(Kind::kString)) continue;
    Branch* member = AddBranch(branch, map->entries[i].key.string(), arena);
    if (member == nullptr) return false;
    member->leaf = map->entries[i].value;
    member->is_leaf = true;
  }
  return true;
}

std::string Joined(std::span<const std::string_view> keys) {
  std::string path;
  for (const std::string_view key : keys) path.append(path.empty() ? "" : ".").append(Shorten(key, kMaxShownNameBytes));
  return path;
}

// Notes a path as unknown: the value that may stand there beside counts no more than one in JSON.
bool AddUnknown(std::span<const std::string_view> keys, RequestState& state) {
  std::size_t size = 0;
  for (const std::string_view key : keys) {
    if (key.find('.') != std::string_view::npos)
      return RefuseAt(Joined(keys), "cannot be unknown: declare what is above it unknown", state);
    size += key.size() + 1;
  }
  char* room = state.arena.AllocateArray<char>(size);
  if (room == nullptr) return RefuseFull(state);
  char* end = room;
  for (const std::string_view key : keys) {
    if (end != room) *end++ = '.';
    end = std::copy(key.begin(), key.end(), end);
  }
  state.field_unknowns.emplace_back(room, static_cast<std::size_t>(end - room));
  return true;
}

// Goes down to the branch of `keys`, making what is missing. nullptr: refused.
Branch* Descend(Branch& root, std::span<const std::string_view> keys, RequestState& state) {
  Branch* at = &root;
  for (std::size_t i = 0; i < keys.size(); ++i) {
    if (at->is_leaf && !IsMap(at->leaf)) {
      RefuseAt(Joined(keys.first(i)), "has no members to set, found " + std::string(KindWord(at->leaf.kind)), state);
      return nullptr;
    }
    Branch* next = at->is_leaf && !Expand(*at, state.arena) ? nullptr : FindBranch(*at, keys[i]);
    if (next == nullptr) next = AddBranch(*at, keys[i], state.arena);
    if (next == nullptr) {
      RefuseFull(state);
      return nullptr;
    }
    at = next;
  }
  return at;
}

// The last value of a place is what counts.
bool Place(Branch& root, std::span<const std::string_view> keys, const Value& value, RequestState& state) {
  Branch* branch = Descend(root, keys, state);
  if (branch == nullptr) return false;
  *branch = Branch{.key = branch->key, .leaf = value, .is_leaf = true, .next = branch->next};
  return true;
}

void Split(std::string_view path, std::vector<std::string_view>& keys) {
  keys.clear();
  for (std::string_view rest = path; !rest.empty();) {
    const std::size_t dot = std::min(rest.find('.'), rest.size());
    keys.push_back(rest.substr(0, dot));
    rest.remove_prefix(std::min(dot + 1, rest.size()));
  }
}

// A part of the selector key stands where JSON has it; a field that stands there too must say the
// same.
bool PlaceSelector(Branch& root, ShapeNodeId id, std::string_view text, RequestState& state, const Shape& shape) {
  if (!id.valid() || text.empty()) return true;
  Split(shape[id].path, state.field_keys);
  if (Branch* above = FindBranch(root, state.field_keys[0]); above != nullptr && above->is_leaf && above->leaf.is(Kind::kString)) {
    if (above->leaf.string() == text) return true;  // a shorthand
    return RefuseAt(above->key, "differs from what the request is about", state);
  }
  Branch* branch = Descend(root, state.field_keys, state);
  if (branch == nullptr) return false;
  const bool is_new = !branch->is_leaf && branch->first == nullptr;
  const bool is_same = branch->is_leaf && branch->leaf.is(Kind::kString) && branch->leaf.string() == text;
  if (!is_new && !is_same) return RefuseAt(shape[id].path, "differs from what the request is about", state);
  if (is_new) {
    branch->leaf = Value::String(text);
    branch->is_leaf = true;
  }
  return true;
}

// Is there a member on this way, in branches or in the values of leaves?
bool Has(const Branch& root, std::initializer_list<std::string_view> keys) {
  const Branch* at = &root;
  const Value* value = nullptr;
  for (const std::string_view key : keys) {
    if (value == nullptr) {
      at = FindBranch(*at, key);
      if (at == nullptr) return false;
      if (at->is_leaf) value = &at->leaf;
    } else {
      if (!IsMap(*value) || value->map == nullptr) return false;
      value = FindInMap(*value->map, key);
      if (value == nullptr) return false;
    }
  }
  return true;
}

// "Deployment.apps/scale" tells the kind, where neither `request.kind` nor an object does.
bool PlaceKind(Branch& root, std::string_view scope, RequestState& state) {
  const auto is_told = [&](std::string_view object) { return Has(root, {object, "kind"}) && Has(root, {object, "apiVersion"}); };
  if (scope.empty() || Has(root, {"request", "kind"}) || is_told("object") || is_told("oldObject")) return true;
  const std::size_t slash = std::min(scope.find('/'), scope.size()), dot = std::min(scope.find('.'), slash);
  const auto place = [&](std::initializer_list<std::string_view> keys, std::string_view text) {
    return text.empty() || Place(root, {keys.begin(), keys.size()}, Value::String(text), state);
  };
  return place({"request", "kind", "kind"}, scope.substr(0, dot)) &&
         place({"request", "kind", "group"}, scope.substr(std::min(dot + 1, slash), slash - std::min(dot + 1, slash))) &&
         place({"request", "subResource"}, scope.substr(std::min(slash + 1, scope.size())));
}

// Writes the tree; knows where it is.
struct Writer {
  RequestState& state;
  const Shape& shape;
  std::vector<std::string_view>& keys;  // of the value that is being written
  bool is_in_list = false;

  bool RefuseHere(std::string_view what) const { return RefuseAt(Joined(keys), what, state); }
};

// The declared type of the place, dyn where there is none.
TypeId TypeHere(const Writer& writer, ShapeNodeId id) {
  constexpr TypeId kDyn = SimpleType(TypeKind::kDyn);
  if (!id.valid() || !(writer.shape[id].declared || writer.shape[id].is_related)) return kDyn;
  const ShapeNode& node = writer.shape[id];
  if (node.kind == TypeKind::kRecord || node.kind == TypeKind::kMap) return kDyn;
  if (!writer.is_in_list) return node.type;
  return node.kind == TypeKind::kList ? writer.state.shapes->types[node.type].parameters[0] : kDyn;
}

// What JSON says as a string, and the type makes what it was.
bool WriteAsText(const Value& value, ShapeNodeId id, Writer& writer) {
  const TypeId type = TypeHere(writer, id);
  if (type == SimpleType(TypeKind::kDyn)) {
    return writer.RefuseHere("is a value of kind " + std::string(KindWord(value.kind)) + ", which a member without a type cannot be");
  }
  Value converted = value;
  const std::string fault = ConvertTo(type, writer.state.shapes->types, writer.state.arena, converted);
  if (!fault.empty()) return writer.RefuseHere(fault);
  switch (value.kind) {
    case Kind::kTimestamp: writer.state.tape.String(FormatTimestamp(value)); return true;
    case Kind::kDuration: writer.state.tape.String(FormatDuration(value)); return true;
    default: writer.state.tape.String(EncodeBase64(value.string())); return true;
  }
}

void WriteUint(std::uint64_t value, Writer& writer) {
  const bool is_wide = value > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
  writer.state.own_wide.has_uints = writer.state.own_wide.has_uints || is_wide;
  writer.state.tape.Number(is_wide ? JsonKind::kUint : JsonKind::kInt, value);
}

std::uint64_t BitsOf(double value) {
  std::uint64_t bits = 0;
  std::memcpy(&bits, &value, sizeof bits);
  return bits;
}

// Of an unknown member only its path is written, beside the document.
bool WriteUnknown(Writer& writer) {
  if (writer.is_in_list) return writer.RefuseHere("holds an unknown item: declare the list unknown");
  return AddUnknown(writer.keys, writer.state);
}

// The node below that of a record, if there is one.
ShapeNodeId ChildOf(ShapeNodeId id, std::string_view key, const Shape& shape) {
  return id.valid() ? FindChild(shape, shape[id].children, key) : ShapeNodeId();
}

// The node of `id` is that of the value in all of these.
bool WriteValue(const Value& value, ShapeNodeId id, Writer& writer);

// NOLINTNEXTLINE(misc-no-recursion): depth <= kMaxDepth
bool WriteMember(std::string_view key, const Value& value, ShapeNodeId id, Writer& writer, std::uint32_t& count) {
  if (value.is(Kind::kAbsent)) return true;
  writer.keys.push_back(key);
  bool is_written = false;
  if (value.is(Kind::kUnknown)) {
    is_written = WriteUnknown(writer);
  } else {
    ++count;
    writer.state.tape.String(key);
    is_written = WriteValue(value, id, writer);
  }
  writer.keys.pop_back();
  return is_written;
}

// NOLINTNEXTLINE(misc-no-recursion): depth <= kMaxDepth
bool WriteMap(const MapData* map, ShapeNodeId id, Writer& writer) {
  if (map != nullptr && FindDuplicateKey(*map) != nullptr) return writer.RefuseHere("has a member twice");
  const std::size_t begin = writer.state.tape.Begin(JsonKind::kObject);
  std::uint32_t count = 0;
  for (std::uint32_t i = 0; map != nullptr && i < map->size; ++i) {
    const MapEntry& entry = map->entries[i];
    if (!entry.key.is(Kind::kString)) return writer.RefuseHere("has a key that is not a string");
    const std::string_view key = entry.key.string();
    if (!WriteMember(key, entry.value, ChildOf(id, key, writer.shape), writer, count)) return false;
  }
  writer.state.tape.End(begin, count);
  return true;
}

// NOLINTNEXTLINE(misc-no-recursion): depth <= kMaxDepth
bool WriteList(const Value& list, ShapeNodeId id, Writer& writer) {
  const std::size_t begin = writer.state.tape.Begin(JsonKind::kArray);
  const bool was_in_list = std::exchange(writer.is_in_list, true);
  writer.keys.emplace_back("*");  // so that nesting is counted
  for (std::uint32_t i = 0; i < list.size; ++i) {
    if (!WriteValue(list.items[i], was_in_list ? ShapeNodeId() : id, writer)) return false;
  }
  writer.keys.pop_back();
  writer.is_in_list = was_in_list;
  writer.state.tape.End(begin, list.size);
  return true;
}

// NOLINTNEXTLINE(misc-no-recursion): depth <= kMaxDepth
bool WriteValue(const Value& value, ShapeNodeId id, Writer& writer) {
  JsonTape& tape = writer.state.tape;
  if (tape.bytes() > writer.state.limits.max_arena_bytes) return RefuseFull(writer.state);
  if (writer.keys.size() > kMaxDepth) return Refuse("a field is nested deeper than " + std::to_string(kMaxDepth) + " levels", writer.state);
  switch (value.kind) {
    case Kind::kNull: tape.Simple(JsonKind::kNull); return true;
    case Kind::kBool: tape.Simple(value.boolean ? JsonKind::kTrue : JsonKind::kFalse); return true;
    case Kind::kInt: tape.Number(JsonKind::kInt, static_cast<std::uint64_t>(value.integer)); return true;
    case Kind::kUint: WriteUint(value.unsigned_integer, writer); return true;
    case Kind::kDouble: tape.Number(JsonKind::kDouble, BitsOf(value.real)); return true;
    case Kind::kString: tape.String(value.string()); return true;
    case Kind::kBytes:
    case Kind::kTimestamp:
    case Kind::kDuration: return WriteAsText(value, id, writer);
    case Kind::kList: return WriteList(value, id, writer);
    case Kind::kMap: return WriteMap(value.map, id, writer);
    case Kind::kUnknown: return WriteUnknown(writer);  // of an item: refused
    case Kind::kAbsent:
    case Kind::kType:
    case Kind::kOptional:
    case Kind::kError: return writer.RefuseHere("cannot be a value of kind " + std::string(KindWord(value.kind)));
  }
  WRIT_CHECK(false);
}

// NOLINTNEXTLINE(misc-no-recursion): depth <= kMaxDepth
bool WriteBranch(const Branch& branch, ShapeNodeId id, Writer& writer, std::uint32_t& count) {
  if (branch.is_leaf) return WriteMember(branch.key, branch.leaf, id, writer, count);
  writer.keys.push_back(branch.key);
  writer.state.tape.String(branch.key);
  const std::size_t begin = writer.state.tape.Begin(JsonKind::kObject);
  std::uint32_t members = 0;
  for (const Branch* child = branch.first; child != nullptr; child = child->next) {
    if (!WriteBranch(*child, ChildOf(id, child->key, writer.shape), writer, members)) return false;
  }
  writer.state.tape.End(begin, members);
  writer.keys.pop_back();
  ++count;
  return true;
}

ShapeNodeId RootOf(std::string_view key, const Shape& shape) {
  for (const ShapeNodeId root : shape.roots) {
    if (shape[root].key == key) return root;
  }
  return {};
}

bool PlaceFields(Branch& root, std::span<const FieldRequest::Field> fields, RequestState& state) {
  for (const FieldRequest::Field& field : fields) {
    if (!field.slot.valid() || field.value.is(Kind::kAbsent)) continue;
    if (const Status known = KeysOf(field.slot, *state.shapes, state.field_keys); !known) return Refuse(known.error().message, state);
    const bool is_taken =
        field.value.is(Kind::kUnknown) ? AddUnknown(state.field_keys, state) : Place(root, state.field_keys, field.value, state);
    if (!is_taken) return false;
  }
  return true;
}

// Members of the document that are not in its shape.
bool WriteAround(const FieldRequest& request, Writer& writer, std::uint32_t& count) {
  JsonTape& tape = writer.state.tape;
  tape.String(TopLevelName(TopLevel::kTarget));
  tape.String(InfoOf(request.target).name);
  ++count;
  if (request.target == Target::kRows) {
    tape.String(TopLevelName(TopLevel::kTable));
    tape.String(request.scope);
    ++count;
  }
  const bool is_written = WriteMember(TopLevelName(TopLevel::kList), request.list, ShapeNodeId(), writer, count);
  if (!is_written || writer.state.field_unknowns.empty()) return is_written;
  tape.String(TopLevelName(TopLevel::kUnknown));
  const std::size_t begin = tape.Begin(JsonKind::kArray);
  for (const std::string_view path : writer.state.field_unknowns) tape.String(path);
  tape.End(begin, static_cast<std::uint32_t>(writer.state.field_unknowns.size()));
  ++count;
  return true;
}

}  // namespace

bool MakeDocument(const FieldRequest& request, RequestState& state, JsonNode& document) {
  const bool is_row = request.target == Target::kRows, is_admission = request.target == Target::kAdmission;
  const Shape* table = is_row ? state.shapes->FindTable(request.scope) : nullptr;
  const Shape& shape = table != nullptr ? *table : state.shapes->Of(request.target);
  state.tape.Clear();
  state.own_wide = {};
  state.field_unknowns.clear();
  Branch root;
  if (!PlaceFields(root, request.fields, state)) return false;
  if (!PlaceSelector(root, shape.scope_node, request.scope, state, shape)) return false;
  if (!PlaceSelector(root, shape.name_node, request.name, state, shape)) return false;
  if (is_admission && !PlaceKind(root, request.scope, state)) return false;
  state.written_keys.clear();
  Writer writer{.state = state, .shape = shape, .keys = state.written_keys};
  const std::size_t begin = state.tape.Begin(JsonKind::kObject);
  std::uint32_t count = 0;
  for (const Branch* branch = root.first; branch != nullptr; branch = branch->next) {
    if (!WriteBranch(*branch, RootOf(branch->key, shape), writer, count)) return false;
  }
  if (!WriteAround(request, writer, count)) return false;
  state.tape.End(begin, count);
  document = state.tape.Root();
  return true;
}

}  // namespace writ
