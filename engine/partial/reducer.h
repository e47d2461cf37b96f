// Partial evaluation: what is left of a condition whose value is unknown.
//
// Idea: the evaluator is asked about each part of the condition. A part that it knows becomes a
// constant; of one that it does not know the parts are asked about in turn. So nothing here says
// what an operation computes, and the residual cannot differ from the decision.
//
//   principal.tenant == "acme" && args.n > limit       known: tenant, limit = 5
//   args.n > 5
//
//   in:  a node of the program that came to kUnknown, the evaluator with the decision's slots
//   out: nodes that mention unknown slots only. `let`s and `fn`s are inlined by construction
//
// Macros over a known range of few items are written out, so that their items are known, too:
// `["a", "b"].exists(t, t == args.t)` becomes `"a" == args.t || "b" == args.t`. Of others the body
// is reduced with the variable unknown.
//
// Cost: each level of unknown parts evaluates what is below it again, charged to the decision's
// budget as all evaluation is, and kStepsPerPart for each node that is made.
// Source: N. D. Jones, C. K. Gomard, P. Sestoft, "Partial Evaluation and Automatic Program
// Generation", 1993, chapter 4 (online specialisation).
#pragma once

#include <cstdint>
#include <span>
#include <unordered_map>
#include <vector>

#include "engine/eval/evaluator.h"
#include "engine/partial/residual_graph.h"

namespace writ {

// Items of a known range that a macro is written out for.
inline constexpr std::uint32_t kMaxWrittenOut = 32;

// Reduces conditions of one decision into one graph. Borrows everything. Not thread-safe.
class Reducer {
 public:
  // `evaluator` has begun the decision; its budget pays.
  Reducer(const Program& program, Evaluator& evaluator, ResidualGraph& graph) : program_(program), evaluator_(evaluator), graph_(graph) {}

  // Returns the node, in the graph, of what is left of a closed node of the program: a constant
  // when it is known. When is_done() is true the result is not to be used.
  NodeId Reduce(NodeId node, ErrorReading reading);

  // True when the graph has become too large, or the budget is spent.
  bool is_done() const { return graph_.is_too_large() || evaluator_.exhausted(); }

 private:
  // Lets a variable stand for a value; the one that it hides comes back at the end.
  class Binding;

  NodeId Known(const Value& value, TypeId type, ErrorReading reading);
  NodeId Unknown(NodeId id, ErrorReading reading);
  std::vector<NodeId> Parts(std::span<const NodeId> ids);
  NodeId Logic(const Node& node, ErrorReading reading);
  NodeId Conditional(const Node& node, ErrorReading reading);
  NodeId Alternatives(NodeId condition, NodeId held, NodeId otherwise, ErrorReading reading);
  NodeId Call(const Node& node, ErrorReading reading);
  NodeId Macro(const Node& node, ErrorReading reading);
  NodeId WrittenOut(const Node& node, const Value& range, ErrorReading reading);
  NodeId OptionalMap(const Node& node, const Value& inner);
  Value Run(NodeId id) { return evaluator_.Run(id, variables_); }

  const Program& program_;
  Evaluator& evaluator_;
  ResidualGraph& graph_;
  std::vector<Value> variables_;                       // by depth
  std::unordered_map<std::uint64_t, NodeId> reduced_;  // outside of macros, by node and reading
};

}  // namespace writ
