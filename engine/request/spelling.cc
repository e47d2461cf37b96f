#include "engine/request/spelling.h"

#include <algorithm>
#include <string>

#include "engine/request/refusal.h"
#include "rules/base/utf8.h"
#include "rules/model/canonical_name.h"
#include "rules/model/resource_uri.h"

namespace writ {
namespace {

constexpr std::size_t kMaxShownUriBytes = 300;

// What is wrong with `uri`, and how it is written in normal form. User information is never shown (NormalUri gives none then), nor is a
// query: both may hold credentials.
std::string UriText(std::string_view uri, std::string_view fault) {
  std::string text(fault);
  const std::string normal = NormalUri(uri);
  if (normal.empty()) return text;
  const std::size_t query = std::min(normal.find('?'), normal.size());
  return text + "; write \"" + Shorten(normal.substr(0, query), kMaxShownUriBytes) + (query < normal.size() ? "?…\"" : "\"");
}

}  // namespace

bool CheckSpelling(const ShapeNode& node, std::string_view text, RequestState& state) {
  switch (node.spelling) {
    case ShapeNode::Spelling::kAny: return true;
    case ShapeNode::Spelling::kName: {
      if (IsPlainName(text)) return true;
      const std::string fault = CanonicalNameFault(text);
      return fault.empty() || RefuseSpelling(node.path, fault, state);
    }
    case ShapeNode::Spelling::kUri: {
      const std::string_view fault = UriFault(text);
      return fault.empty() || RefuseSpelling(node.path, UriText(text, fault), state);
    }
  }
  return true;
}

bool FoldResource(std::string_view uri, RequestState& state) {
  char* room = state.arena.AllocateArray<char>(uri.size());
  if (room == nullptr) return RefuseFull(state);
  state.request.folded = std::string_view(room, FoldUri(uri, room));
  return true;
}

}  // namespace writ
