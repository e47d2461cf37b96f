// What a request must have; see required.h.
#include "engine/request/required.h"

#include <algorithm>

#include "engine/request/refusal.h"
#include "engine/request/target_choice.h"
#include "engine/request/unknown.h"

namespace writ {
namespace {

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

// Is the member given, or declared unknown?
bool IsGiven(JsonNode document, std::string_view path, const RequestState& state) {
  const Shape& shape = state.shape();
  if (shape.name_node.valid() && shape[shape.name_node].path == path) return !state.request.name.empty();
  const auto covers = [path](std::string_view unknown) { return IsPathAtOrBelow(path, unknown); };
  if (std::any_of(state.unknown_paths.begin(), state.unknown_paths.end(), covers)) return true;
  JsonNode at = document;
  for (std::string_view rest = path; !rest.empty();) {
    const std::size_t dot = std::min(rest.find('.'), rest.size());
    if (!at.is(JsonKind::kObject)) return false;
    at = at.Find(rest.substr(0, dot));
    if (!at.valid() || at.is(JsonKind::kNull)) return false;
    rest.remove_prefix(std::min(dot + 1, rest.size()));
  }
  std::string_view below;
  const ShapeNodeId id = FindPath(shape, path, below);
  return !(id.valid() && shape[id].is_identity && at.is(JsonKind::kString) && IsBlank(at.string()));
}

}  // namespace

bool CheckRequired(JsonNode document, RequestState& state) {
  for (const Required& required : kRequired) {
    if (state.request.is_listing() || required.target != state.target() || IsGiven(document, required.path, state)) continue;
    return Refuse(RequestOf(state.target()) + " needs " + std::string(required.text), state);
  }
  return CheckScope(state.request.scope, state);
}

bool IsRequired(Target target, std::string_view path) {
  return std::any_of(std::begin(kRequired), std::end(kRequired), [&](const Required& required) {
    return required.target == target && (IsPathAtOrBelow(path, required.path) || IsPathAtOrBelow(required.path, path));
  });
}

void SetNeeds(Shape& shape) {
  unsigned bit = 1;
  for (const Required& required : kRequired) {
    if (required.target != shape.target) continue;
    shape.needs |= static_cast<std::uint8_t>(bit);
    for (ShapeNode& node : shape.nodes) {
      if (IsPathAtOrBelow(node.path, required.path)) node.needs_met |= static_cast<std::uint8_t>(bit);
    }
    bit <<= 1U;
  }
}

bool CheckScope(std::string_view scope, RequestState& state) {
  const Shape& shape = state.shape();
  if (!scope.empty() || !shape.scope_node.valid() || !shape.has_scoped_rules) return true;
  return Refuse(RequestOf(shape.target) + " needs `" + shape[shape.scope_node].path + "`: some policies are only about certain ones",
                state);
}

}  // namespace writ
