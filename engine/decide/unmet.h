// Why a condition did not hold: the operands of its `&&` and `||` that were not true, `let`s
// included.
//
//   on_call && args.depth < 3      false because `on_call` is: shows `on_call`, then what the let
//                                  stands for, with what that read
//
// Each part has its place in the policy files, as the program knows it (rules/ir/places.h), and one
// that failed names an expression inside of it that did, the innermost of the first 32 levels.
#pragma once

#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_set>
#include <utility>
#include <vector>

#include "engine/eval/evaluator.h"
#include "rules/ir/places.h"
#include "rules/ir/text.h"
#include "writ/engine.h"

namespace writ {

// What an observed evaluation read.
class ReadRecorder final : public ReadObserver {
 public:
  void OnRead(SlotId slot, const Value& value) override;
  std::vector<std::pair<SlotId, Value>> reads;  // each slot once, in the order of first reading
};

// Returns what a part takes of kMaxExplainedBytes.
std::size_t SizeOf(const UnmetCondition& part);

// Finds such parts for the rules of one decision. Borrows everything. Not thread-safe.
class UnmetFinder {
 public:
  using Shower = std::function<std::string(SlotId slot, const Value& value)>;

  // `show` gives a value that was read as people may see it.
  UnmetFinder(const Program& program, Evaluator& evaluator, Shower show)
      : program_(program), evaluator_(evaluator), show_(std::move(show)), texts_(program), places_(program) {}

  // Returns at most kMaxUnmet parts in the order of the text, `max_bytes` together; none when the
  // guard is true. Ends early when the evaluator's budget does. Requires: a rule with a guard; an
  // evaluator that has begun, and has run nothing unobserved since.
  // O(nodes of the guard) evaluations.
  std::vector<UnmetCondition> Find(RuleId rule, std::size_t max_bytes);

 private:
  // What a node came to.
  struct Tried {
    Outcome outcome = Outcome::kTrue;
    ReadRecorder recorder;
  };
  // What a part stands in: which `let`, and whose places it has.
  struct Inside {
    std::string_view let;
    std::uint32_t depth = 0;
    PlaceScope scope;
  };

  bool is_done() const { return is_full_ || evaluator_.exhausted(); }
  Tried Try(NodeId node);
  void Visit(NodeId node, const Tried& tried, Inside inside);
  void VisitBody(NodeId node, const Tried& tried, Inside inside);
  UnmetCondition PartOf(NodeId node, const Tried& tried, const Inside& inside);
  void NameFailed(NodeId node, PlaceScope scope, UnmetCondition& part);
  Value Observe(NodeId node);
  std::span<const NodeId> EvaluatedArgs(NodeId id);
  NodeId TryFindFailedArgument(NodeId id);
  ExpressionPlace PlaceOf(PlaceScope scope, NodeId node);
  PlaceScope ScopeOfParts(PlaceScope scope, NodeId node);
  void Add(UnmetCondition part);

  const Program& program_;
  Evaluator& evaluator_;
  const Shower show_;
  NodeTexts texts_;
  Places places_;
  std::vector<UnmetCondition> parts_;
  std::unordered_set<std::uint32_t> visited_;  // nodes: equal parts of a guard are one, shown once
  std::size_t bytes_left_ = 0;
  bool is_full_ = false;
};

}  // namespace writ
