// Which paths requests may set; see field_paths.h.
#include "engine/request/field_paths.h"

#include <algorithm>

#include "engine/request/required.h"
#include "engine/request/shapes.h"
#include "engine/request/suggest.h"
#include "rules/base/utf8.h"
#include "rules/model/value.h"

namespace writ {
namespace {

constexpr std::size_t kMaxKeys = JsonLimits{}.max_depth;
// A field that is set is refused: there are more paths without a slot than are kept.
constexpr std::uint32_t kOverflow = FieldId::kNone - 1;

bool IsNameByte(char byte) {
  return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') || (byte >= '0' && byte <= '9') || byte == '_';
}

// Takes `["key"]` from the front of `rest`.
std::optional<std::string> TakeQuoted(std::string_view& rest) {
  std::string key;
  std::size_t at = 2;
  for (; at < rest.size() && rest[at] != '"'; ++at) {
    if (rest[at] == '\\' && ++at == rest.size()) return std::nullopt;
    key += rest[at];
  }
  if (at + 1 >= rest.size() || rest[at + 1] != ']') return std::nullopt;
  rest.remove_prefix(at + 2);
  return key;
}

std::string Dotted(const PathKeys& keys, std::size_t count) {
  std::string path;
  for (std::size_t i = 0; i < count; ++i) path.append(i == 0 ? "" : ".").append(keys[i]);
  return path;
}

// The deepest node on the way; `count`: how many keys led to it.
ShapeNodeId DeepestNode(const Shape& shape, const PathKeys& keys, std::size_t& count) {
  ShapeNodeId at;
  const std::vector<ShapeNodeId>* children = &shape.roots;
  for (count = 0; count < keys.size(); ++count) {
    const auto is_next = [&](ShapeNodeId id) { return shape[id].key == keys[count]; };
    const auto next = std::find_if(children->begin(), children->end(), is_next);
    if (next == children->end()) break;
    at = *next;
    children = &shape[at].children;
  }
  return at;
}

// May a request of this shape have the path?
bool IsTaken(const Shape& shape, const PathKeys& keys) {
  std::size_t count = 0;
  const ShapeNodeId id = DeepestNode(shape, keys, count);
  if (!id.valid()) return false;
  const ShapeNode& node = shape[id];
  if (count == keys.size()) return true;
  return node.open || node.is_foreign || node.kind == TypeKind::kDyn || node.kind == TypeKind::kMap || !node.declared;
}

// Does the reader itself look at the path, or at something above or below it?
bool IsReadAnyway(const Shape& shape, const RequestShapes& shapes, const PathKeys& keys) {
  const bool is_kubernetes = shape.target == Target::kAdmission;
  if (is_kubernetes && (keys[0] == "request" || keys[0] == "object" || keys[0] == "oldObject")) return true;
  const std::string path = Dotted(keys, keys.size());
  const auto touches = [&](std::string_view other) { return IsPathAtOrBelow(path, other) || IsPathAtOrBelow(other, path); };
  if (shapes.needs_scopes && touches("principal.scopes")) return true;
  for (const ShapeNodeId selector : {shape.scope_node, shape.name_node}) {
    if (selector.valid() && touches(shape[selector].path)) return true;
  }
  return IsRequired(shape.target, path);
}

// How far the keys go along slots.
struct SlotWay {
  SlotId deepest;
  std::size_t count = 0;  // of keys
  bool whole = false;     // one of them is read as a whole
};

SlotWay FollowSlots(const RequestShapes& shapes, const PathKeys& keys) {
  SlotWay way;
  for (; way.count < keys.size(); ++way.count) {
    const SlotId next = shapes.tree.FindChild(*shapes.program, way.deepest, keys[way.count]);
    if (!next.valid()) break;
    way.deepest = next;
    way.whole = way.whole || (*shapes.program)[next].whole;
  }
  return way;
}

// Is the slot there only because something below it is given?
bool IsMadeByMembers(const Shape& shape, SlotId slot) {
  const ShapeNodeId id = slot.valid() ? shape.node_of_slot[slot.index] : ShapeNodeId();
  return id.valid() && shape[id].if_absent == MemberDefault::kAbsent;
}

template <typename Visit>
bool AnyShape(const RequestShapes& shapes, const Visit& visit) {
  return std::any_of(shapes.targets.begin(), shapes.targets.end(), visit) || std::any_of(shapes.tables.begin(), shapes.tables.end(), visit);
}

}  // namespace

std::optional<std::size_t> FieldPaths::Intern(const std::string& path, const PathKeys& keys) {
  const std::scoped_lock lock(mutex_);
  if (const auto found = numbers_.find(path); found != numbers_.end()) return found->second;
  const std::size_t number = owned_.size();
  if (number == kMaxPaths) return std::nullopt;
  owned_.push_back(std::make_unique<const PathKeys>(keys));
  published_[number].store(owned_.back().get(), std::memory_order_release);
  numbers_.emplace(path, number);
  return number;
}

const PathKeys* FieldPaths::Find(std::size_t number) const {
  return number < kMaxPaths ? published_[number].load(std::memory_order_acquire) : nullptr;
}

std::optional<PathKeys> ParsePath(std::string_view path) {
  PathKeys keys;
  for (std::string_view rest = path; !rest.empty();) {
    if (rest.starts_with("[\"") && !keys.empty()) {
      std::optional<std::string> key = TakeQuoted(rest);
      if (!key) return std::nullopt;
      keys.push_back(*std::move(key));
      continue;
    }
    if (!keys.empty()) {
      if (rest[0] != '.') return std::nullopt;
      rest.remove_prefix(1);
    }
    const std::size_t size = static_cast<std::size_t>(std::find_if_not(rest.begin(), rest.end(), IsNameByte) - rest.begin());
    if (size == 0) return std::nullopt;
    keys.emplace_back(rest.substr(0, size));
    rest.remove_prefix(size);
  }
  if (keys.empty() || keys.size() > kMaxKeys) return std::nullopt;
  return keys;
}

FieldId FindField(std::string_view path, const RequestShapes& shapes) {
  const std::optional<PathKeys> keys = ParsePath(path);
  if (!keys) return {};
  FieldId found;
  found.set = shapes.tag;
  const SlotWay way = FollowSlots(shapes, *keys);
  if (way.count == keys->size()) {
    found.index = way.deepest.index;
    return found;
  }
  const auto is_read = [&](const Shape& shape) {
    return IsTaken(shape, *keys) && (way.whole || IsMadeByMembers(shape, way.deepest) || IsReadAnyway(shape, shapes, *keys));
  };
  if (!AnyShape(shapes, is_read)) return {};
  const std::optional<std::size_t> number = shapes.fields->Intern(std::string(path), *keys);
  found.index = number ? static_cast<std::uint32_t>(shapes.program->slots.size() + *number) : kOverflow;
  return found;
}

std::string FieldFault(std::string_view path, const RequestShapes& shapes) {
  const std::optional<PathKeys> keys = ParsePath(path);
  if (!keys) return "`" + Shorten(path, kMaxShownNameBytes) + "` is not a path such as `args.filter` or `args[\"a.b\"]`";
  if (AnyShape(shapes, [&](const Shape& shape) { return IsTaken(shape, *keys); })) return {};
  std::vector<std::string_view> known;
  for (const std::vector<Shape>* all : {&shapes.targets, &shapes.tables}) {
    for (const Shape& shape : *all) {
      for (const ShapeNode& node : shape.nodes) {
        if (node.declared) known.push_back(node.path);
      }
    }
  }
  return "no request has a member `" + Shorten(path, kMaxShownNameBytes) + "`" + DidYouMean(path, known);
}

Status KeysOf(FieldId field, const RequestShapes& shapes, std::vector<std::string_view>& keys) {
  const auto invalid = [](const char* text) { return Error{ErrorCode::kInvalidArgument, text}; };
  keys.clear();
  if (field.set != 0 && field.set != shapes.tag) return invalid("a field of other policies: find it again");
  const Program& program = *shapes.program;
  if (field.index < program.slots.size()) {
    for (SlotId at(field.index); at.valid(); at = program[at].parent) keys.push_back(program[program[at].key]);
    std::reverse(keys.begin(), keys.end());
    return OkStatus();
  }
  if (field.index == kOverflow) return invalid("a field beyond the number of paths that are kept: give what is above it as a whole");
  const PathKeys* path = shapes.fields->Find(field.index - program.slots.size());
  if (path == nullptr) return invalid("a field that these policies do not know");
  keys.assign(path->begin(), path->end());
  return OkStatus();
}

}  // namespace writ
