// Names of node kinds.
#include "rules/ir/node.h"

namespace writ {

std::string_view NodeKindName(NodeKind kind) {
  static constexpr std::string_view kNames[] = {
#define WRIT_NAME(id, name, what) name,
      WRIT_NODE_KINDS(WRIT_NAME)
#undef WRIT_NAME
  };
  return kNames[static_cast<std::size_t>(kind)];
}

}  // namespace writ
