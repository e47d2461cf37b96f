// The predicate that becomes a filter: typed terms of three values, true, false and unknown.
//
// Unknown is an error of the policy language, and it is SQL's NULL, exactly: every predicate here
// has the same three outcomes in a database, and `and`, `or` and `not` join them alike in both. So
// a term that is right in each of its three outcomes may stand anywhere, below a `not` too.
//
//   row.region == "eu"        region is nullable        member(region, "eu"): true or false
//   row.m > 3                 m is nullable             less(3, m): unknown for a null
//   row.customer.tier == "a"  a row of another table    to_one(customer, member(tier, "a")): unknown
//                                                       without a customer
//
// Scalars know what their NULL means (storage.h), and comparisons read that: equality takes a null
// that is a value for one, and is unknown for one that is an error. Order, substrings and
// arithmetic are unknown for both, as SQL has it.
//
// Terms are hash-consed: equal terms have one id. The makers of `and`, `or`, `not` and `choose`
// simplify, and only so that each of the three outcomes stays. `not (a < b)` is `a >= b` but for
// doubles, where NaN is on neither side.
#pragma once

#include <cstdint>
#include <deque>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "engine/filter/storage.h"
#include "rules/base/arena.h"
#include "rules/base/ids.h"
#include "rules/model/value.h"

namespace writ {

using TermId = Id<struct Term>;
using ScopeId = Id<struct Scope>;

// The most terms of one filter; a larger one is refused.
inline constexpr std::size_t kMaxFilterTerms = 50'000;

enum class TermKind : std::uint8_t {
  // Predicates.
  kTrue,
  kFalse,
  kUnknown,
  kAnd,
  kOr,
  kNot,
  kChoose,       // condition, then, else; unknown when the condition is
  kLess,         // a < b; unknown for any null
  kLessOrEqual,  // a <= b
  kEqual,        // a == b, both no constants
  kMember,       // a, constant, …: equal to one of them
  kIsNull,       // a; never unknown
  kIsUnknown,    // predicate; never unknown
  kHolds,        // a bool; unknown for any null
  kContains,     // a, b
  kStartsWith,
  kEndsWith,
  kHasItem,  // a column that is a list, a value
  kToOne,    // scope, predicate about the row there; unknown when there is none
  kAny,      // scope, predicate: `exists` over its rows
  kPresent,  // scope; never unknown
  // Scalars.
  kColumn,    // of scope
  kItem,      // of a list that is a scope
  kConstant,  // index: of constants
  kAdd,
  kSubtract,
  kMultiply,
  kDivide,
  kModulo,
  kNegate,
  kConcat,
  kLength,          // characters of a text
  kListLength,      // items of a column
  kCount,           // rows of scope, or of those for which args[0] is true
  kToDouble,        // of an int
  kMicrosecondsTo,  // from a to b, of timestamps
};

// Plain data. What is not said is zero.
struct Term {
  TermKind kind = TermKind::kTrue;
  TypeKind type = TypeKind::kBool;         // of a scalar
  NullMeaning null = NullMeaning::kNever;  // of a scalar; of a predicate kError = may be unknown
  TypeKind element = TypeKind::kDyn;       // kColumn that is a list: of its items
  bool is_exact_text = false;              // kColumn
  std::uint32_t index = 0;                 // kConstant
  ScopeId scope;
  std::string_view column;
  std::vector<TermId> args;
};

// Rows that a term can speak about: those of the table itself, of a related table, items of a list.
struct Scope {
  ScopeId parent;                      // invalid: the table that is filtered
  const Table* table = nullptr;        // nullptr: items of a list
  const Relation* relation = nullptr;  // from the parent; nullptr for the root and for a list
  TermId list;                         // items of a list: the column
  std::uint32_t level = 0;             // of macros that stand around it
  // Of a relation: pairs of columns that are equal, theirs first; what else holds of the rows.
  std::vector<std::pair<StoredColumn, StoredColumn>> joins;
  TermId condition;
  std::string fault;  // why no filter can follow it, "" = it can
  bool is_to_one() const { return relation != nullptr && !relation->many; }
};

// NOLINTBEGIN(misc-no-recursion): as deep as the residual, kMaxResidualDepth
// Owns terms. Not thread-safe. Views and tables point into the program, which is borrowed.
class TermGraph {
 public:
  TermGraph(const Program& program, SqlDialect dialect);

  const Program& program() const { return program_; }
  SqlDialect dialect() const { return dialect_; }
  const Term& operator[](TermId id) const { return terms_[id.index]; }
  const Scope& operator[](ScopeId id) const { return scopes_[id.index]; }
  const Value& constant(TermId id) const { return constants_[terms_[id.index].index]; }
  bool is_too_large() const { return is_full_ || terms_.size() > kMaxFilterTerms; }
  bool MayBeUnknown(TermId id) const { return terms_[id.index].null == NullMeaning::kError; }
  // False: true for no row, by its form alone.
  bool MayBeTrue(TermId id) const;
  bool Is(TermId id, TermKind kind) const { return terms_[id.index].kind == kind; }

  ScopeId Root(const Table& table);
  ScopeId Related(ScopeId parent, const Relation& relation, std::uint32_t level);
  ScopeId Items(TermId list, std::uint32_t level);

  TermId Bool(bool value) { return Make({.kind = value ? TermKind::kTrue : TermKind::kFalse}); }
  TermId Unknown() { return Make({.kind = TermKind::kUnknown, .null = NullMeaning::kError}); }
  TermId And(const std::vector<TermId>& operands) { return Join(TermKind::kAnd, operands); }
  TermId Or(const std::vector<TermId>& operands) { return Join(TermKind::kOr, operands); }
  TermId Not(TermId operand);
  TermId Choose(TermId condition, TermId held, TermId otherwise);
  // `predicate` where the guard is true, unknown elsewhere.
  TermId Guarded(TermId guard, TermId predicate) { return Choose(guard, predicate, Unknown()); }
  TermId Compare(TermKind kind, TermId a, TermId b);  // kLess, kLessOrEqual, kEqual, and those of texts
  TermId Member(TermId scalar, std::vector<TermId> constants);
  TermId IsNull(TermId scalar);
  TermId Holds(TermId scalar);
  TermId HasItem(TermId list, TermId item);
  TermId ToOne(ScopeId scope, TermId predicate);
  TermId Any(ScopeId scope, TermId predicate);
  TermId Present(ScopeId scope);

  TermId Column(ScopeId scope, const StoredColumn& column);
  TermId Item(ScopeId scope, TypeKind type);
  TermId Constant(const Value& value);
  // Scalars that are unknown for any null and where they overflow. `type`: of the result.
  TermId Compute(TermKind kind, std::vector<TermId> args, TypeKind type);
  TermId Count(ScopeId scope, TermId predicate);
  TermId IsUnknown(TermId predicate);

 private:
  TermId Make(Term term);
  void AddJoin(ScopeId scope, std::string_view theirs, std::string_view ours);
  void AddConstant(ScopeId scope, std::string_view theirs, const Value& value);
  TermId Join(TermKind kind, const std::vector<TermId>& operands);
  bool Absorbs(TermKind kind, const std::vector<TermId>& operands, TermId operand) const;
  void MergeMembers(std::vector<TermId>& operands);
  void MergeToOne(TermKind kind, std::vector<TermId>& operands);

  const Program& program_;
  const SqlDialect dialect_;
  Arena arena_;
  bool is_full_ = false;
  std::deque<Term> terms_;
  std::deque<Scope> scopes_;
  std::deque<Value> constants_;
  std::unordered_map<std::string, TermId> interned_;
  std::unordered_map<std::string, std::uint32_t> constant_ids_;
};

// NOLINTEND(misc-no-recursion)

}  // namespace writ
