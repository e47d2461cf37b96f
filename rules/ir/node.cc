// The table of node kinds.
#include "rules/ir/node.h"

namespace writ {

const NodeKindInfo& InfoOf(NodeKind kind) {
  static constexpr NodeKindInfo kInfo[] = {
#define WRIT_INFO(id, name, least, most, index, nests, what) {name, least, most, NodeIndex::index, nests},
      WRIT_NODE_KINDS(WRIT_INFO)
#undef WRIT_INFO
  };
  return kInfo[static_cast<std::size_t>(kind)];
}

}  // namespace writ
