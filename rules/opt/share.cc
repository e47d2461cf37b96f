// Common sub-expressions; see share.h.
#include "rules/opt/share.h"

namespace writ {
namespace {

// Does the node alone cost more than the lookup of a kept value? Loops and searches do.
bool IsHeavy(const Graph& graph, NodeId id) {
  const Node& node = graph[id];
  switch (node.kind) {
    case NodeKind::kAll:
    case NodeKind::kExists:
    case NodeKind::kExistsOne:
    case NodeKind::kMapItems:
    case NodeKind::kFilter: return true;
    case NodeKind::kCall:
      return static_cast<Function>(node.detail) == Function::kMatches || static_cast<Function>(node.detail) == Function::kContains;
    case NodeKind::kConstant:
    case NodeKind::kSlot:
    case NodeKind::kHasSlot:
    case NodeKind::kOptionalSlot:
    case NodeKind::kVariable:
    case NodeKind::kSelect:
    case NodeKind::kHasMember:
    case NodeKind::kOptionalSelect:
    case NodeKind::kAnd:
    case NodeKind::kOr:
    case NodeKind::kConditional:
    case NodeKind::kList:
    case NodeKind::kMap:
    case NodeKind::kOptionalEntry:
    case NodeKind::kOptMap:
    case NodeKind::kOptFlatMap: return false;
  }
  return false;
}

constexpr std::uint32_t kSmallestShared = 4;  // nodes: below, a fused instruction is as cheap as the lookup

bool IsWorthSharing(const Graph& graph, NodeId id) {
  const Node& node = graph[id];
  if (!graph.is_closed(id) || node.kind == NodeKind::kOptionalEntry) return false;
  return graph.facts(id).tree_size >= kSmallestShared || IsHeavy(graph, id);
}

}  // namespace

std::vector<bool> FindShared(const Graph& graph, std::span<const NodeId> roots) {
  std::vector<std::uint32_t> references(graph.node_count(), 0);
  std::vector<NodeId> pending;
  const auto refer = [&](NodeId id) {
    if (id.valid() && references[id.index]++ == 0) pending.push_back(id);
  };
  for (const NodeId root : roots) refer(root);
  while (!pending.empty()) {
    const NodeId id = pending.back();
    pending.pop_back();
    for (const NodeId arg : graph.args(id)) refer(arg);
  }
  std::vector<bool> shared(graph.node_count(), false);
  for (std::size_t i = 0; i < shared.size(); ++i) {
    const bool is_let = references[i] > 0 && graph.facts(NodeId(i)).is_let;
    shared[i] = is_let || (references[i] >= 2 && IsWorthSharing(graph, NodeId(i)));
  }
  return shared;
}

}  // namespace writ
