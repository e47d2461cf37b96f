// From the graph to the nodes of a program; see program_nodes.h.
#include "rules/opt/program_nodes.h"

#include <algorithm>

#include "rules/base/check.h"
#include "rules/opt/share.h"

namespace writ {
namespace {

// Half of BundleLimits::max_shared_depth: lets may then add their own nesting on top (the front end
// allows 90 of them in a row).
constexpr std::uint32_t kMaxSharedNesting = 100;

// The literal without its items, as a key as well: equal text means equal constant.
std::string ConstantKey(const draft::Constant& constant) {
  std::string key = std::to_string(static_cast<int>(constant.kind)) + ',' + std::to_string(constant.code) + ',' +
                    std::to_string(constant.integer) + ',' + std::to_string(constant.nanos) + ',';
  key.append(reinterpret_cast<const char*>(&constant.real), sizeof(constant.real));
  for (const ConstantId item : constant.items) key += std::to_string(item.index) + ',';
  return key + constant.text;
}

}  // namespace

ProgramNodes::ProgramNodes(const Graph& graph, const TypeTable& types, draft::Program& program, std::span<const NodeId> roots,
                           Sharing sharing)
    : graph_(graph), types_(types), program_(program) {
  shared_ = sharing == Sharing::kYes ? FindShared(graph, roots) : std::vector<bool>(graph.node_count(), false);
  nodes_.resize(graph.node_count());
  nesting_.resize(graph.node_count());
  constants_.resize(graph.node_count());
  for (std::size_t i = 0; i < kSimpleTypeCount; ++i) UseType(TypeId(i));
}

// Visits everything below the root from the inside out, with its own stack: many lets make deep
// expressions.
NodeId ProgramNodes::Write(NodeId root) {
  struct Frame {
    NodeId id;
    std::size_t next = 0;
  };
  std::vector<Frame> stack = {{root}};
  while (!stack.empty()) {
    Frame& top = stack.back();
    const std::span<const NodeId> args = graph_.args(top.id);
    if (!has(top.id) && top.next < args.size()) {
      const NodeId arg = args[top.next++];
      if (arg.valid() && !has(arg)) stack.push_back({arg});
      continue;
    }
    const NodeId done = top.id;
    stack.pop_back();
    if (!has(done)) nodes_[done.index] = Add(done);
  }
  return nodes_[root.index];
}

NodeId ProgramNodes::Add(NodeId id) {
  Node node = graph_[id];
  std::uint32_t nesting = 0;
  node.first_arg = static_cast<std::uint32_t>(program_.node_args.size());
  for (const NodeId arg : graph_.args(id)) {
    program_.node_args.push_back(arg.valid() ? nodes_[arg.index] : NodeId());
    if (arg.valid()) nesting = std::max(nesting, nesting_[arg.index]);
  }
  node.shared = MayKeep(id, nesting);
  nesting_[id.index] = nesting + (node.shared ? 1 : 0);
  node.index = IndexOf(node);
  node.type = UseType(node.type);
  program_.nodes.push_back(node);
  return NodeId(program_.nodes.size() - 1);
}

bool ProgramNodes::MayKeep(NodeId id, std::uint32_t nesting) const {
  return shared_[id.index] && (graph_.facts(id).is_let || nesting < kMaxSharedNesting);
}

std::uint32_t ProgramNodes::IndexOf(const Node& node) {
  switch (node.kind) {
    case NodeKind::kConstant:
    case NodeKind::kSelect:
    case NodeKind::kHasMember:
    case NodeKind::kOptionalSelect: return UseConstant(node.index).index;
    case NodeKind::kSlot:
    case NodeKind::kOptionalSlot: return UseSlot(SlotId(node.index), true).index;
    case NodeKind::kHasSlot: return UseSlot(SlotId(node.index), false).index;
    default: return node.index;  // NOLINT: the others refer to nothing
  }
}

// NOLINTNEXTLINE(misc-no-recursion): types are as deep as the expressions that they were made for
TypeId ProgramNodes::UseType(TypeId id) {
  if (id.index >= type_ids_.size()) type_ids_.resize(id.index + 1);
  if (type_ids_[id.index].valid()) return type_ids_[id.index];
  Type type = types_[id];
  for (TypeId& parameter : type.parameters) parameter = UseType(parameter);
  for (RecordField& field : type.fields) field.type = UseType(field.type);
  program_.types.push_back(std::move(type));
  return type_ids_[id.index] = TypeId(program_.types.size() - 1);
}

ConstantId ProgramNodes::UseConstant(std::uint32_t index) {
  if (index >= constants_.size()) constants_.resize(index + 1);
  if (!constants_[index].valid()) constants_[index] = AddConstant(graph_.constant(index));
  return constants_[index];
}

// NOLINTNEXTLINE(misc-no-recursion): constants are as deep as their expressions
ConstantId ProgramNodes::AddConstant(const Value& value) {
  draft::Constant constant;
  constant.kind = value.kind;
  switch (value.kind) {
    case Kind::kBool: constant.integer = value.boolean ? 1 : 0; break;
    case Kind::kTimestamp: constant.nanos = value.size; [[fallthrough]];
    case Kind::kInt:
    case Kind::kUint:
    case Kind::kDuration: constant.integer = value.integer; break;
    case Kind::kDouble: constant.real = value.real; break;
    case Kind::kError: constant.code = value.code; [[fallthrough]];
    case Kind::kString:
    case Kind::kBytes:
    case Kind::kType: constant.text = value.string(); break;
    case Kind::kList:
      for (std::uint32_t i = 0; i < value.size; ++i) constant.items.push_back(AddConstant(value.items[i]));
      break;
    case Kind::kMap:
      for (std::uint32_t i = 0; i < value.map->size; ++i) {
        constant.items.push_back(AddConstant(value.map->entries[i].key));
        constant.items.push_back(AddConstant(value.map->entries[i].value));
      }
      break;
    case Kind::kNull: break;
    case Kind::kAbsent:
    case Kind::kOptional:
    case Kind::kUnknown: WRIT_CHECK(false);  // the graph holds none
  }
  const auto [found, is_new] = constant_index_.emplace(ConstantKey(constant), ConstantId(program_.constants.size()));
  if (is_new) program_.constants.push_back(std::move(constant));
  return found->second;
}

SlotId ProgramNodes::UseSlot(SlotId slot, bool whole) {
  std::vector<SlotId> path;  // from the slot up to the first one that the program has
  for (SlotId at = slot; at.valid() && !slots_.contains(at.index); at = graph_.slots[at.index].parent) path.push_back(at);
  for (auto at = path.rbegin(); at != path.rend(); ++at) {
    draft::Slot copy = graph_.slots[at->index];
    if (copy.parent.valid()) copy.parent = slots_.at(copy.parent.index);
    copy.type = UseType(copy.type);
    copy.whole = false;
    slots_.emplace(at->index, SlotId(program_.slots.size()));
    program_.slots.push_back(std::move(copy));
  }
  const SlotId found = slots_.at(slot.index);
  if (whole) program_.slots[found.index].whole = true;
  return found;
}

}  // namespace writ
