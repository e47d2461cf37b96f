// From typed expressions to nodes of the expression graph: names become slots, lets and variables, fns are inlined, static paths
// become one node.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "dsl/check/typed_tree.h"
#include "dsl/lower/line_index.h"
#include "rules/base/limits.h"
#include "rules/opt/graph.h"

namespace writ::dsl {

// Ceiling for the nesting of one expression with its fns inlined; bounds every recursion over nodes.
inline constexpr std::uint32_t kMaxNodeDepth = 1'500;

// Why an expression could not be built.
enum class BuildFault : std::uint8_t { kNone, kTooLarge, kTooDeep };

// Borrows everything. Not thread-safe.
class GraphBuilder {
 public:
  GraphBuilder(const TypedSet& set, Graph& graph, const std::vector<LineIndex>& lines, const SourceLimits& limits, bool simplify);

  // Returns the node of an expression that stands in no fn. After a fault the node is a constant and fault() says why.
  NodeId Build(FileId file, ExprId root);
  // Builds the bodies of all lets, in set.let_order. Call first. Returns false after a fault, with `faulty` the let.
  bool BuildLets(std::uint32_t& faulty);
  BuildFault fault() const { return fault_; }
  // Returns the node that the let stands for, by position in set.lets. Requires: BuildLets.
  NodeId let_value(std::size_t let) const { return let_values_[let]; }
  // The table of the graph's types.
  TypeTable& types() { return types_; }

 private:
  // What the names of one body mean: the file that it stands in, the arguments of the fn, and the macros around.
  struct Frame {
    FileId file;
    std::span<const NodeId> arguments;
    std::vector<std::pair<std::string_view, std::uint32_t>> iterations;  // name, depth
  };

  // A link of a chain that has its node, while the next one is built.
  struct Ready {
    const Frame* frame;
    ExprId id;
    NodeId node;
  };

  NodeId Node(Frame& frame, ExprId id);
  NodeId Link(Frame& frame, ExprId id);
  bool ContinuesChain(FileId file, ExprId id) const;
  NodeId Reference(Frame& frame, const Expr& e, const TypedExpr& info);
  NodeId Call(Frame& frame, ExprId id, const Expr& e);
  NodeId FnCall(Frame& frame, const Expr& e, const TypedExpr& info);
  NodeId FunctionNode(Function function, std::span<const NodeId> args, TypeId type, SourceLocation place);
  NodeId MemberNode(NodeKind kind, NodeId operand, std::string_view member, TypeId type, SourceLocation place);
  NodeId Macro(Frame& frame, ExprId id);
  NodeId Aggregate(Frame& frame, ExprId id);
  std::vector<NodeId> Nodes(Frame& frame, const Expr& e, std::size_t first);
  NodeId Failed(BuildFault fault, SourceLocation place);
  NodeId NoOverload(std::string_view name, SourceLocation place);
  TypeId TypeOf(FileId file, ExprId id);
  std::uint16_t StepsAfterRoot(SlotId slot) const;
  SourceLocation PlaceOf(FileId file, const SourceSpan& span) const { return lines_[file.index].Locate(span.begin); }

  const TypedSet& set_;
  Graph& graph_;
  const std::vector<LineIndex>& lines_;
  SourceLimits limits_;
  bool simplify_;
  BuildFault fault_ = BuildFault::kNone;
  std::vector<Ready> ready_;
  std::uint32_t visited_ = 0;  // expressions in this Build, counted again each time they are inlined
  std::uint32_t macro_depth_ = 0;
  std::uint32_t fn_depth_ = 0;      // levels of expressions above, through fns
  std::vector<NodeId> let_values_;  // by let
  TypeTable types_;                 // of the set, with what is settled
};

}  // namespace writ::dsl
