// From the residual of a decision to a predicate about stored rows.
//
//   in:  nodes of a residual graph (engine/partial), which mention the row alone, and the table
//   out: a term (term.h), or why there is none: the expression, and what is not known of it
//
// Nothing is approximated. What the terms do not have is refused, for every database alike; what a
// database does not have is refused by its writer.
#pragma once

#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "engine/filter/term.h"
#include "engine/partial/residual_graph.h"

namespace writ {

class Translator {
 public:
  // Borrows everything.
  Translator(const ResidualGraph& residual, TermGraph& terms, const Table& table)
      : residual_(residual), graph_(residual.graph()), terms_(terms), table_(table), arena_(kMaxArenaBytes) {}

  // Returns the predicate of a condition. O(nodes), but for macros over known lists, which are
  // written out. When refusal() is not empty the result is not to be used.
  TermId Condition(NodeId node);

  // "" or what cannot be said about stored rows: "`row.name.matches(\"^a\")`: …".
  const std::string& refusal() const { return refusal_; }

 private:
  struct Choice;
  // What an expression comes to.
  struct Operand {
    enum class Kind : std::uint8_t { kConstant, kScalar, kPredicate, kRow, kRows, kChoice, kError };
    Kind kind = Kind::kError;
    Value constant;
    TermId term;    // kScalar, kPredicate; kRows: of which rows, valid after `filter`
    ScopeId scope;  // kRow, kRows
    std::shared_ptr<const Choice> choice;
  };
  // `condition ? held : otherwise`; unknown when the condition is.
  struct Choice {
    TermId condition;
    Operand held, otherwise;
  };
  class Level;

  static constexpr std::size_t kMaxArenaBytes = std::size_t{16} * 1024 * 1024;

  Operand Of(NodeId node);
  Operand OfPath(const Node& node);
  Operand OfConditional(NodeId node);
  Operand OfCall(NodeId node);
  Operand OfMacro(NodeId node);
  Operand Member(const Operand& row, std::string_view name);
  TermId Has(const Operand& row, std::string_view name);
  TermId HasPath(const Node& node);
  std::vector<std::string_view> PathOf(const Node& node) const;

  Operand Apply(Function function, const std::vector<Operand>& args);
  Operand ApplyPlain(Function function, const std::vector<Operand>& args);
  Operand Known(Function function, const std::vector<Operand>& args);
  Operand Compared(Function function, const Operand& a, const Operand& b);
  TermId Equal(const Operand& a, const Operand& b);
  TermId EqualConstant(TermId scalar, const Value& constant);
  TermId EqualScalars(TermId a, TermId b);
  TermId Ordered(Function function, const Operand& a, const Operand& b);
  std::optional<std::vector<struct ChainStep>> ChainTo(TermId& leaf) const;
  std::optional<TermId> Inverted(Function function, TermId scalar, const Value& constant);
  TermId InInterval(TermId scalar, const struct Interval& interval, const struct Interval& within);
  bool FailsForNull(TermId interval) const;
  Operand Computed(Function function, const Operand& a, const Operand& b);
  TermId In(const Operand& item, const Operand& list);
  Operand Filtered(NodeId body, std::uint32_t depth, const Operand& range);
  Operand SizeOf(const Operand& operand);
  TermId OverItems(NodeId body, std::uint32_t depth, bool is_all, const Operand& range);

  Operand Constant(const Value& value) const { return {.kind = Operand::Kind::kConstant, .constant = value}; }
  Operand Scalar(TermId term) const { return {.kind = Operand::Kind::kScalar, .term = term}; }
  Operand Predicate(TermId term) const { return {.kind = Operand::Kind::kPredicate, .term = term}; }
  Operand Row(ScopeId scope) const { return {.kind = Operand::Kind::kRow, .scope = scope}; }
  Operand Error() const { return {}; }
  TermId AsTerm(const Operand& operand);
  TermId AsPredicate(const Operand& operand);
  // The predicate, unknown where a related row that the operands read is not there.
  TermId Close(TermId predicate, const std::vector<Operand>& operands);
  void CollectHops(TermId scalar, std::set<ScopeId>& hops) const;
  void AddHops(ScopeId scope, std::set<ScopeId>& hops) const;
  // Unknown where the scalar could not be computed.
  TermId Strict(TermId scalar, TermId predicate);
  TypeKind TypeOf(const Operand& operand) const;
  NullMeaning NullOf(const Operand& operand) const;
  void Refuse(std::string_view why);

  const ResidualGraph& residual_;
  const Graph& graph_;
  TermGraph& terms_;
  const Table& table_;
  Arena arena_;                     // of values that are computed on the way
  std::vector<Operand> variables_;  // by depth
  NodeId closed_;                   // the innermost expression that mentions no variable
  std::string refusal_;
};

}  // namespace writ
