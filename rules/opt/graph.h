// The expression graph: what front ends build before the decision program is written. Nodes are hash-consed (equal expressions are
// one node), so sharing across rules and policies is found by construction, and inlining costs no copies. Free of syntax.
//
//   Graph graph(true);
//   NodeId guard = graph.Call(Function::kEqual, {graph.Slot(tenant, 0), graph.Constant(Value::String("acme"))}, place);
//   …
//   Emit: rules/opt/emit.h.
//
// Variables of macros are named by their depth: the outermost macro of an expression binds 0, the next one inside 1. So a node is
// closed exactly when it mentions no depth that is not bound inside it.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "rules/base/arena.h"
#include "rules/base/source.h"
#include "rules/function/function.h"
#include "rules/ir/program.h"
#include "rules/model/value.h"

namespace writ {

using NodeId = Id<struct GraphNodeTag>;

enum class NodeKind : std::uint8_t {
  kConstant,        // index: into constants
  kSlot,            // index: slot; its value
  kHasSlot,         // index: slot; has(path)
  kOptionalSlot,    // index: slot; detail: plain steps after the root
  kLet,             // index: into lets
  kVariable,        // index: depth of the macro that binds it
  kSelect,          // args[0] . constants[index]
  kHasMember,       // has(args[0] . constants[index])
  kOptionalSelect,  // args[0] .? constants[index]
  kCall,            // detail: Function; args
  kAnd,
  kOr,             // args, two or more
  kConditional,    // args: condition, then, else
  kList,           // args
  kMap,            // args: key, value, …
  kOptionalEntry,  // inside kList, and as value inside kMap: args[0] is an optional that stands for its inside or for nothing
  kAll,
  kExists,
  kExistsOne,  // args: range, predicate; index: depth of the variable
  kMapItems,   // args: range, predicate or nothing (invalid), transform
  kFilter,     // args: range, predicate
  kOptMap,
  kOptFlatMap,  // args: optional, transform
};

struct Node {
  NodeKind kind = NodeKind::kConstant;
  std::uint16_t detail = 0;
  std::uint32_t index = 0;
  std::uint32_t first_arg = 0;  // into Graph's argument pool
  std::uint32_t arg_count = 0;
  std::uint32_t tree_size = 1;    // nodes when written out as a tree; saturating
  std::uint32_t depth = 1;        // levels of nodes below and with it
  std::uint64_t free_depths = 0;  // bit d: mentions variable d unbound; bit 63: some depth of 63 or more (never removed)
  SourceLocation place;           // of the first expression that became this node
};

// Not thread-safe. Constants' text and items are copied into the graph.
class Graph {
 public:
  // `fold`: evaluate what is constant while building (constant folding and dead branches; see graph.cc).
  explicit Graph(bool fold) : fold_(fold) {}

  NodeId Constant(const Value& value, SourceLocation place);
  // Nodes of one path; slots are made as needed. Parents come before children.
  SlotId Root(std::string_view name);
  SlotId Child(SlotId parent, std::string_view key);
  NodeId Leaf(NodeKind kind, std::uint32_t index, std::uint16_t detail, SourceLocation place);
  NodeId Member(NodeKind kind, NodeId operand, std::string_view member, SourceLocation place);
  NodeId Call(Function function, std::span<const NodeId> args, SourceLocation place);
  // kAnd … kOptionalEntry and the macros. `index`: the depth that a macro binds.
  NodeId Make(NodeKind kind, std::span<const NodeId> args, std::uint32_t index, SourceLocation place);

  const Node& operator[](NodeId id) const { return nodes_[id.index]; }
  std::span<const NodeId> args(NodeId id) const { return {args_.data() + nodes_[id.index].first_arg, nodes_[id.index].arg_count}; }
  std::size_t node_count() const { return nodes_.size(); }
  const Value& constant(std::uint32_t index) const { return constants_[index]; }
  // The node's value when it is a constant, else nullptr.
  const Value* TryValue(NodeId id) const;
  bool is_closed(NodeId id) const { return nodes_[id.index].free_depths == 0; }
  // False when constants passed kMaxConstantBytes: the graph is then not to be used.
  bool ok() const { return ok_; }
  // True if the node is certainly a bool or a fault.
  bool IsLogical(NodeId id) const;

  std::vector<Slot> slots;   // `whole` is set by Emit
  std::vector<NodeId> lets;  // bodies of shared values, from the inside out
  std::vector<std::string> let_names;

 private:
  NodeId Intern(Node node, std::span<const NodeId> args);
  NodeId FoldLogic(NodeKind kind, std::span<const NodeId> args, SourceLocation place);
  NodeId FoldAggregate(NodeKind kind, std::span<const NodeId> args, SourceLocation place);
  std::uint32_t InternConstant(const Value& value);

  static constexpr std::size_t kMaxConstantBytes = std::size_t{1} << 30;

  bool fold_;
  bool ok_ = true;
  Arena arena_{kMaxConstantBytes};
  std::vector<Node> nodes_;
  std::vector<NodeId> args_;
  std::vector<Value> constants_;
  std::unordered_map<std::string, std::uint32_t> constant_index_;
  std::unordered_map<std::string, NodeId> interned_;
  std::unordered_map<std::string, SlotId> slot_index_;
};

}  // namespace writ
