// Discriminators of guards; see discriminators.h.
#include "dsl/lower/discriminators.h"

#include <optional>
#include <string>

namespace writ::dsl {
namespace {

std::optional<std::vector<std::string>> StringsOf(const Value* value) {
  if (value == nullptr) return std::nullopt;
  if (value->is(Kind::kString)) return std::vector<std::string>{std::string(value->string())};
  if (!value->is(Kind::kList) || value->size == 0) return std::nullopt;
  std::vector<std::string> strings;
  for (std::uint32_t i = 0; i < value->size; ++i) {
    if (!value->items[i].is(Kind::kString)) return std::nullopt;
    strings.emplace_back(value->items[i].string());
  }
  return strings;
}

// The strings of `subject == "a"`, `"a" == subject` or `subject in ["a", "b"]`, and the node that is compared.
std::optional<std::vector<std::string>> ComparedStrings(const Graph& graph, NodeId id, NodeId& subject) {
  const Node& node = graph[id];
  if (node.kind != NodeKind::kCall || node.arg_count != 2) return std::nullopt;
  const std::span<const NodeId> args = graph.args(id);
  const Function function = static_cast<Function>(node.detail);
  if (function == Function::kEqual) {
    const Value* right = graph.TryValue(args[1]);
    subject = right != nullptr ? args[0] : args[1];
    const Value* constant = right != nullptr ? right : graph.TryValue(args[0]);
    return constant != nullptr && constant->is(Kind::kString) ? StringsOf(constant) : std::nullopt;
  }
  if (function != Function::kIn) return std::nullopt;
  subject = args[0];
  const Value* range = graph.TryValue(args[1]);
  return range != nullptr && range->is(Kind::kList) ? StringsOf(range) : std::nullopt;
}

bool IsListSlot(const Graph& graph, const TypeTable& types, NodeId id) {
  if (graph[id].kind != NodeKind::kSlot) return false;
  return types[graph.slots[graph[id].index].type].kind == TypeKind::kList;
}

std::optional<draft::Discriminator> DiscriminatorOf(const Graph& graph, const TypeTable& types, NodeId id) {
  const std::span<const NodeId> args = graph.args(id);
  NodeId subject;
  if (auto strings = ComparedStrings(graph, id, subject); strings && graph[subject].kind == NodeKind::kSlot) {
    return draft::Discriminator{Discriminator::Kind::kEquals, SlotId(graph[subject].index), std::move(*strings)};
  }
  const Node& node = graph[id];
  if (node.kind == NodeKind::kCall && static_cast<Function>(node.detail) == Function::kIn && IsListSlot(graph, types, args[1])) {
    const Value* item = graph.TryValue(args[0]);
    if (item != nullptr && item->is(Kind::kString)) {
      return draft::Discriminator{Discriminator::Kind::kContains, SlotId(graph[args[1]].index), {std::string(item->string())}};
    }
  }
  // Only over lists of strings: an item that is no string would make the comparison false, a fault inside could not arise.
  if (node.kind == NodeKind::kExists && IsListSlot(graph, types, args[0])) {
    if (auto strings = ComparedStrings(graph, args[1], subject);
        strings && graph[subject].kind == NodeKind::kVariable && graph[subject].index == node.index) {
      return draft::Discriminator{Discriminator::Kind::kContains, SlotId(graph[args[0]].index), std::move(*strings)};
    }
  }
  return std::nullopt;
}

}  // namespace

std::vector<draft::Discriminator> FindDiscriminators(const Graph& graph, const TypeTable& types, NodeId guard) {
  const NodeId alone[] = {guard};
  const std::span<const NodeId> conjuncts = graph[guard].kind == NodeKind::kAnd ? graph.args(guard) : std::span<const NodeId>(alone);
  std::vector<draft::Discriminator> found;
  for (const NodeId conjunct : conjuncts) {
    if (auto discriminator = DiscriminatorOf(graph, types, conjunct)) found.push_back(std::move(*discriminator));
  }
  return found;
}

}  // namespace writ::dsl
