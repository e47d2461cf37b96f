// Common sub-expressions; see share.h.
#include "rules/opt/share.h"

#include <algorithm>

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

constexpr std::uint32_t kManyPlaces = 1'000'000;  // counting further changes nothing
constexpr std::uint32_t kSmallestShared = 4;      // nodes: below, a fused instruction is as cheap as the lookup

bool IsWorthSharing(const Graph& graph, NodeId id) {
  const Node& node = graph[id];
  if (!graph.is_closed(id) || node.kind == NodeKind::kOptionalEntry) return false;
  return graph.facts(id).tree_size >= kSmallestShared || IsHeavy(graph, id);
}

}  // namespace

std::vector<bool> FindShared(const Graph& graph, std::span<const NodeId> roots) {
  // In how many places a node's code would stand. Users have greater ids than arguments, so all of
  // them are counted before the node.
  std::vector<std::uint32_t> places(graph.node_count(), 0);
  std::vector<bool> shared(graph.node_count(), false);
  for (const NodeId root : roots) places[root.index] = std::min(places[root.index] + 1, kManyPlaces);
  for (std::size_t i = places.size(); i-- > 0;) {
    const NodeId id(i);
    shared[i] = places[i] >= 2 && (graph.facts(id).is_let || IsWorthSharing(graph, id));
    const std::uint32_t copies = shared[i] ? 1 : places[i];
    for (const NodeId arg : graph.args(id)) {
      if (arg.valid()) places[arg.index] = std::min(places[arg.index] + copies, kManyPlaces);
    }
  }
  return shared;
}

}  // namespace writ
