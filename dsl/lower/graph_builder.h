// From typed expressions to nodes of the expression graph: names become slots, lets and variables, fns are inlined, static paths
// become one node.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "dsl/check/typed_tree.h"
#include "dsl/lower/line_index.h"
#include "rules/base/limits.h"
#include "rules/ir/places.h"
#include "rules/opt/graph.h"

namespace writ::dsl {

// Ceiling for the nesting of one expression with its fns inlined; bounds every recursion over nodes.
inline constexpr std::uint32_t kMaxNodeDepth = 1'500;

// Places that are kept of what one expression inlines: a large fn would cost its size again in every
// rule that calls it.
inline constexpr std::size_t kMaxFnPlaces = 256;

// Why an expression could not be built.
enum class BuildFault : std::uint8_t { kNone, kTooLarge, kTooDeep };

// Borrows everything. Not thread-safe.
class GraphBuilder {
 public:
  GraphBuilder(const TypedSet& set, Graph& graph, const std::vector<LineIndex>& lines, const SourceLimits& limits, bool simplify);

  // Returns the node of an expression that stands in no fn. After a fault the node is a constant and
  // fault() says why. Appends to `places` where the expressions begin that became nodes: of fns the
  // first kMaxFnPlaces, where the fn has them, and none that macros repeat. Nodes are the graph's,
  // `let` is a position in set.lets.
  NodeId Build(FileId file, ExprId root, std::vector<PlacedNode>* places = nullptr);
  // Builds the bodies of all lets, in set.let_order. Call first. Returns false after a fault, with `faulty` the let.
  bool BuildLets(std::uint32_t& faulty);
  BuildFault fault() const { return fault_; }
  // Returns the node that the let stands for, by position in set.lets. Requires: BuildLets.
  NodeId let_value(std::size_t let) const { return let_values_[let].node; }
  // Returns the places in its value, as Build gives them.
  std::span<const PlacedNode> let_places(std::size_t let) const { return let_values_[let].places; }
  // The table of the graph's types.
  TypeTable& types() { return types_; }

 private:
  // What the names of one body mean: the file that it stands in, the arguments of the fn, and the macros around.
  struct Frame {
    FileId file;
    std::span<const NodeId> arguments;
    std::vector<std::pair<std::string_view, std::uint32_t>> iterations;  // name, depth
    bool is_fn = false;
  };

  // A link of a chain that has its node, while the next one is built.
  struct Ready {
    const Frame* frame;
    ExprId id;
    NodeId node;
  };

  struct LetValue {
    NodeId node;
    LetId let;  // whose text the value is: perhaps another let's, of which this is a second name
    std::vector<PlacedNode> places;
  };

  NodeId Node(Frame& frame, ExprId id);
  NodeId Link(Frame& frame, ExprId id);
  bool ContinuesChain(FileId file, ExprId id) const;
  NodeId Reference(Frame& frame, const TypedExpr& info);
  NodeId Call(Frame& frame, ExprId id, const Expr& e);
  NodeId FnCall(Frame& frame, const Expr& e, const TypedExpr& info);
  NodeId FunctionNode(Function function, std::span<const NodeId> args, TypeId type);
  NodeId MemberNode(NodeKind kind, NodeId operand, std::string_view member, TypeId type);
  NodeId Macro(Frame& frame, ExprId id);
  NodeId Aggregate(Frame& frame, ExprId id);
  std::vector<NodeId> Nodes(Frame& frame, const Expr& e, std::size_t first);
  NodeId Failed(BuildFault fault);
  NodeId NoOverload(std::string_view name);
  TypeId TypeOf(FileId file, ExprId id);
  std::uint16_t StepsAfterRoot(SlotId slot) const;
  void Record(const Frame& frame, ExprId id, NodeId node);
  static LetId LetOf(NodeId node, std::span<const PlacedNode> places);

  const TypedSet& set_;
  Graph& graph_;
  const std::vector<LineIndex>& lines_;
  SourceLimits limits_;
  bool simplify_;
  BuildFault fault_ = BuildFault::kNone;
  std::vector<Ready> ready_;
  std::uint32_t visited_ = 0;  // expressions in this Build, counted again each time they are inlined
  std::uint32_t macro_depth_ = 0;
  std::uint32_t fn_depth_ = 0;                 // levels of expressions above, through fns
  std::vector<LetValue> let_values_;           // by let
  std::vector<PlacedNode>* places_ = nullptr;  // of this Build
  std::size_t fn_places_ = 0;                  // of them those in fns
  TypeTable types_;                            // of the set, with what is settled
};

}  // namespace writ::dsl
