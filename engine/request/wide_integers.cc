// Integers that no int holds; see wide_integers.h.
#include "engine/request/wide_integers.h"

#include <string>

#include "engine/request/refusal.h"
#include "rules/base/utf8.h"

namespace writ {
namespace {

// NOLINTNEXTLINE(misc-no-recursion): depth <= JsonLimits::max_depth
bool CheckUints(JsonNode json, const std::string& path, RequestState& state) {
  if (json.is(JsonKind::kObject)) {
    for (const JsonMember& member : json.members()) {
      if (!CheckUints(member.value, path + (path.empty() ? "" : ".") + std::string(member.key), state)) return false;
    }
    return true;
  }
  if (json.is(JsonKind::kArray)) {
    for (const JsonNode& item : json.items()) {
      if (!CheckUints(item, path, state)) return false;
    }
    return true;
  }
  if (!json.is(JsonKind::kUint)) return true;
  std::string_view rest;
  const ShapeNodeId id = FindPath(state.shape(), path, rest);
  const TypeKind kind = id.valid() && rest.empty() ? state.shape()[id].kind : TypeKind::kDyn;
  if (kind == TypeKind::kUint || kind == TypeKind::kDouble) return true;
  return RefuseAt(Shorten(path, kMaxShownNameBytes),
                  "is an integer above 9223372036854775807, the largest that is taken here: send it as a string", state);
}

}  // namespace

bool CheckWideIntegers(JsonNode document, RequestState& state) {
  const WideIntegers& wide = *state.wide;
  if (!wide.beyond.empty()) return Refuse("`" + wide.beyond + "` is an integer beyond 64 bits: send it as a string", state);
  return !wide.has_uints || CheckUints(document, "", state);
}

}  // namespace writ
