// What the caller does not know; see unknown.h.
#include "engine/request/unknown.h"

#include <algorithm>

#include "engine/request/chain.h"
#include "engine/request/convert.h"
#include "engine/request/refusal.h"
#include "engine/request/suggest.h"
#include "rules/base/utf8.h"

namespace writ {
namespace {

// Is one of `paths` (sorted) equal to `path`, or above it?
bool HasAtOrAbove(std::span<const std::string_view> paths, std::string_view path) {
  for (std::size_t end = path.size(); end != std::string_view::npos; end = end == 0 ? std::string_view::npos : path.rfind('.', end - 1)) {
    if (std::binary_search(paths.begin(), paths.end(), path.substr(0, end))) return true;
  }
  return false;
}

// Is one of `paths` (sorted) a member somewhere below `path`?
bool HasBelow(std::span<const std::string_view> paths, std::string_view path) {
  const auto is_before_members = [](std::string_view candidate, std::string_view above) {
    const int order = candidate.substr(0, above.size()).compare(above);
    if (order != 0) return order < 0;
    return candidate.size() == above.size() || static_cast<unsigned char>(candidate[above.size()]) < '.';
  };
  const auto found = std::lower_bound(paths.begin(), paths.end(), path, is_before_members);
  return found != paths.end() && found->size() > path.size() && IsPathAtOrBelow(*found, path);
}

void SortPaths(std::vector<std::string_view>& paths) {
  std::sort(paths.begin(), paths.end());
  paths.erase(std::unique(paths.begin(), paths.end()), paths.end());
}

// Marks the slots that the paths (sorted) make unknown: those that have a value, and those on the
// way to the paths. All others are absent: below an unknown one they are unknown, too.
void MarkUnknownSlots(std::span<const std::string_view> paths, RequestState& state) {
  const Shape& shape = state.shape();
  const auto mark = [&](SlotId slot) {
    const ShapeNodeId id = shape.node_of_slot[slot.index];
    if (id.valid()) ApplyMark(MarkOf(shape[id], paths), slot, state.slots);
  };
  state.marked_slots.assign(state.slots.written().begin(), state.slots.written().end());
  for (const SlotId slot : state.marked_slots) mark(slot);
  for (const SlotId slot : state.slots.defaults().given) mark(slot);
  for (const std::string_view path : paths) {
    for (std::size_t end = path.find('.');; end = path.find('.', end + 1)) {
      std::string_view rest;
      const ShapeNodeId id = FindPath(shape, path.substr(0, end), rest);
      if (id.valid() && rest.empty() && shape[id].slot.valid()) mark(shape[id].slot);
      if (end == std::string_view::npos) break;
    }
  }
}

bool RefusePath(std::string_view path, RequestState& state) {
  std::vector<std::string_view> known;
  for (const ShapeNode& node : state.shape().nodes) {
    if (node.declared) known.push_back(node.path);
  }
  return Refuse("unknown path \"" + Shorten(path, kMaxShownNameBytes) + "\" in `unknown`" + DidYouMean(path, known), state);
}

// May members stand below the node that no row declares?
bool IsClosed(const ShapeNode& node) {
  const bool has_members = node.kind == TypeKind::kDyn || node.kind == TypeKind::kMap || (node.kind == TypeKind::kRecord && node.open);
  return node.declared && !has_members;
}

}  // namespace

UnknownMark MarkOf(const ShapeNode& node, std::span<const std::string_view> paths) {
  if (HasAtOrAbove(paths, node.path)) return UnknownMark::kUnknown;
  if (!HasBelow(paths, node.path)) return UnknownMark::kNone;
  return node.whole ? UnknownMark::kPartly : UnknownMark::kHolds;
}

void ApplyMark(UnknownMark mark, SlotId slot, SlotWriter& slots) {
  if (mark == UnknownMark::kUnknown) {
    slots.Set(slot, Value::Unknown());
  } else if (mark == UnknownMark::kPartly) {
    slots.Set(slot, Value::PartlyUnknown());
  } else if (mark == UnknownMark::kHolds && !slots[slot].is(Kind::kMap) && !slots[slot].is(Kind::kUnknown)) {
    slots.Set(slot, Value::Map(nullptr));  // it must be there to have a member that is unknown
  }
}

bool DeclareUnknown(std::string_view path, RequestState& state) {
  const Shape& shape = state.shape();
  std::string_view rest;
  const ShapeNodeId id = FindPath(shape, path, rest);
  if (!id.valid() || (!rest.empty() && IsClosed(shape[id]))) return RefusePath(path, state);
  for (const ShapeNodeId selector : {shape.scope_node, shape.name_node}) {
    if (selector.valid() && IsPathAtOrBelow(shape[selector].path, path))
      return RefuseAt(Shorten(path, kMaxShownNameBytes), "selects the rules and cannot be unknown", state);
  }
  NoteUnknown(path, state);
  return true;
}

bool ReadUnknowns(JsonNode list, RequestState& state) {
  std::vector<std::string_view> paths;
  if (!AppendStrings(list, paths)) return RefuseAt("unknown", "must be a list of strings", state);
  SortPaths(paths);
  return std::all_of(paths.begin(), paths.end(), [&](std::string_view path) { return DeclareUnknown(path, state); });
}

void NoteUnknown(std::string_view path, RequestState& state) {
  const Shape& shape = state.shape();
  state.unknown_paths.push_back(path);
  state.request.has_unknowns = true;
  // The principal of an admission is filled from there.
  if (shape.target == Target::kAdmission && (IsPathAtOrBelow("request.userInfo", path) || IsPathAtOrBelow(path, "request.userInfo"))) {
    state.unknown_paths.emplace_back("principal");
  }
  if (shape.scopes_node.valid() && IsPathAtOrBelow(shape[shape.scopes_node].path, path)) state.request.scopes = Value::Unknown();
  NoteUnknownChain(path, state);
}

void ApplyUnknowns(RequestState& state) {
  if (state.unknown_paths.empty()) return;
  const Shape& shape = state.shape();
  SortPaths(state.unknown_paths);
  MarkUnknownSlots(state.unknown_paths, state);
  for (const SlotId slot : shape.tool_slots) {
    const ShapeNodeId id = shape.node_of_slot[slot.index];
    const UnknownMark mark = id.valid() ? MarkOf(shape[id], state.unknown_paths) : UnknownMark::kNone;
    if (mark != UnknownMark::kNone) state.unknown_tool_slots.emplace_back(slot, mark);
  }
}

}  // namespace writ
