// The graph that a residual is built in: the compiler's own folding graph, begun anew for one
// decision, with the types of the program and with known values as constants.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "rules/ir/program.h"
#include "rules/model/type.h"
#include "rules/opt/graph.h"

namespace writ {

// The largest residual that is built: more is `residual_too_large`. Nodes count once, however often
// they are used.
inline constexpr std::size_t kMaxResidualNodes = 20'000;
inline constexpr std::uint32_t kMaxResidualDepth = 200;  // levels of nodes
inline constexpr std::size_t kMaxResidualConstantBytes = std::size_t{1} * 1024 * 1024;

// What an error means where an expression stands. Whoever reads a residual takes an error for "not
// allowed", so that it need not be kept apart from false (below `!`: from true) in the operands of
// `&&`, `||` and `!`.
enum class ErrorReading : std::uint8_t { kKept, kFalse, kTrue };

// Not thread-safe. Borrows the program.
class ResidualGraph {
 public:
  explicit ResidualGraph(const Program& program);

  // True when nothing that is built from now on will be used.
  bool is_too_large() const { return graph_.node_count() > kMaxResidualNodes || is_deep_ || !graph_.ok(); }
  const Graph& graph() const { return graph_; }
  const TypeTable& types() const { return types_; }

  // Returns the node of a known value, of any kind but kAbsent and kUnknown. `type`: the static
  // type in the program, dyn when nothing is known. An error becomes an expression that always
  // fails; no constant does, lest the residual be refused where it is compiled, so a slot must be
  // there already.
  NodeId OfValue(const Value& value, TypeId type);
  // Does the node hold an expression that OfValue made of an error? O(size of the node).
  bool HoldsFailure(NodeId node) const;
  NodeId OfBool(bool value);
  // kSlot, kHasSlot and kOptionalSlot of the program.
  NodeId OfSlot(const Node& node);
  // Was OfSlot asked for this slot of the program, or for one below it? O(1).
  bool Mentions(SlotId slot) const { return mentioned_[slot.index]; }
  // The value of `root.member`, whether or not the program reads it.
  NodeId OfMember(std::string_view root, std::string_view member, TypeId type);
  NodeId OfVariable(std::uint32_t depth, TypeId type);
  // A node of the program, but for slots and variables, with arguments of this graph.
  NodeId Like(const Node& node, std::span<const NodeId> args);
  NodeId Call(Function function, std::span<const NodeId> args, TypeId type);

  // `&&` and `||` of any number of operands. Nested ones of the same kind become one, operands that
  // are there already or decide nothing are left out. `reading`: of the whole; a single operand
  // stands alone unless it might be no bool and that has to stay an error.
  NodeId Join(NodeKind kind, std::span<const NodeId> operands, ErrorReading reading);
  NodeId Not(NodeId operand);
  // True where the operand is, false where it is false or fails.
  NodeId IsTrue(NodeId operand);

 private:
  NodeId Checked(NodeId node);
  NodeId Failure();
  NodeId OfContainer(const Value& value, TypeId type);
  SlotId SlotOf(SlotId slot);
  std::optional<TypeId> TryNaturalType(const Value& value);
  NodeId Naturalized(Function function, std::span<const NodeId> args, std::size_t which);

  const Program& program_;
  TypeTable types_;
  Graph graph_{true, kMaxResidualConstantBytes};
  NodeId some_slot_;             // any that is mentioned
  std::vector<bool> mentioned_;  // by slot of the program
  std::vector<NodeId> failures_;
  bool is_deep_ = false;
};

}  // namespace writ
