// The expression graph while it is built: what front ends fill before the decision program is
// written. Nodes are hash-consed (rules/ir/node.h), so sharing across rules and policies is found
// by construction, and inlining costs no copies. Free of syntax.
//
//   Graph graph(true);
//   NodeId acme = graph.Constant(Value::String("acme"), string);
//   NodeId guard = graph.Call(Function::kEqual, {slot, acme}, boolean);
//   …
//   Written into a program by rules/opt/program_nodes.h.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "rules/base/arena.h"
#include "rules/build/draft.h"
#include "rules/function/function.h"
#include "rules/model/value.h"

namespace writ {

// What is known of a node while the graph is built.
struct NodeFacts {
  std::uint32_t tree_size = 1;    // nodes when written out as a tree, where a `let` counts as one; saturating
  std::uint32_t depth = 1;        // levels of nodes below and with it
  std::uint64_t free_depths = 0;  // bit d: mentions variable d unbound; bit 63: some depth of 63 or more (never removed)
  bool is_let = false;            // the value of a `let`: kept apart, however small its uses are
};

// Returns the static type of a literal of that kind: dyn for what has parameters, and for faults.
TypeKind LiteralTypeOf(Kind kind);

// Not thread-safe. Constants' text and items are copied into the graph. Types are ids of one
// TypeTable, which the caller keeps.
class Graph {
 public:
  static constexpr std::size_t kMaxConstantBytes = std::size_t{1} << 30;

  // `fold`: evaluate what is constant while building (constant folding and dead branches; see graph.cc).
  // `max_constant_bytes`: of text and items of all constants, see ok().
  explicit Graph(bool fold, std::size_t max_constant_bytes = kMaxConstantBytes) : fold_(fold), arena_(max_constant_bytes) {}

  NodeId Constant(const Value& value, TypeId type);
  // The same with the value's own type: dyn for what has parameters.
  NodeId Constant(const Value& value);
  // Nodes of one path; slots are made as needed. Parents come before children.
  SlotId Root(std::string_view name);
  SlotId Child(SlotId parent, std::string_view key);
  NodeId Leaf(NodeKind kind, std::uint32_t index, std::uint16_t detail, TypeId type);
  NodeId Member(NodeKind kind, NodeId operand, std::string_view member, TypeId type);
  NodeId Call(Function function, std::span<const NodeId> args, TypeId type);
  // kAnd … kOptionalEntry and the macros. `index`: the depth that a macro binds.
  NodeId Make(NodeKind kind, std::span<const NodeId> args, std::uint32_t index, TypeId type);
  // Says that the node is what a `let` stands for. Expressions built from here on count it as one
  // node.
  void MarkLet(NodeId id);

  const Node& operator[](NodeId id) const { return nodes_[id.index]; }
  const NodeFacts& facts(NodeId id) const { return facts_[id.index]; }
  std::span<const NodeId> args(NodeId id) const { return {args_.data() + nodes_[id.index].first_arg, nodes_[id.index].arg_count}; }
  std::size_t node_count() const { return nodes_.size(); }
  const Value& constant(std::uint32_t index) const { return constants_[index]; }
  // The node's value when it is a constant, else nullptr.
  const Value* TryValue(NodeId id) const;
  bool is_closed(NodeId id) const { return facts_[id.index].free_depths == 0; }
  // False when constants passed `max_constant_bytes`: the graph is then not to be used.
  bool ok() const { return ok_; }
  // True if the node is certainly a bool or a fault.
  bool IsLogical(NodeId id) const;

  std::vector<draft::Slot> slots;  // `whole` is set by ProgramNodes

 private:
  NodeId Intern(Node node, NodeFacts facts, std::span<const NodeId> args);
  NodeId FoldLogic(NodeKind kind, std::span<const NodeId> args);
  NodeId FoldAggregate(NodeKind kind, std::span<const NodeId> args, TypeId type);
  std::uint32_t InternConstant(const Value& value);

  bool fold_;
  bool ok_ = true;
  Arena arena_;
  std::vector<Node> nodes_;
  std::vector<NodeFacts> facts_;  // by node
  std::vector<NodeId> args_;
  std::vector<Value> constants_;
  std::unordered_map<std::string, std::uint32_t> constant_index_;
  std::unordered_map<std::string, NodeId> interned_;
  std::unordered_map<std::string, SlotId> slot_index_;
};

}  // namespace writ
