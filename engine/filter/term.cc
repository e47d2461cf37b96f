// Making and simplifying terms; see term.h.
// NOLINTBEGIN(misc-no-recursion): as deep as the residual, kMaxResidualDepth
#include "engine/filter/term.h"

#include <algorithm>
#include <cstring>
#include <unordered_set>

#include "rules/base/check.h"
#include "rules/ir/constant_value.h"
#include "rules/ir/table_storage.h"

namespace writ {
namespace {

constexpr std::size_t kMaxConstantBytes = std::size_t{16} * 1024 * 1024;

template <typename Part>
void Append(std::string& key, const Part& part) {
  char bytes[sizeof(Part)];
  std::memcpy(bytes, &part, sizeof(Part));
  key.append(bytes, sizeof(Part));
}

std::string KeyOf(const Term& term) {
  std::string key;
  Append(key, term.kind);
  Append(key, term.index);
  Append(key, term.scope.index);
  key += term.column;
  for (const TermId arg : term.args) Append(key, arg.index);
  return key;
}

// Equal keys: the same value of the same kind. -0.0 is apart from 0.0.
std::string KeyOf(const Value& value) {
  std::string key(1, static_cast<char>(value.kind));
  Append(key, value.size);
  if (value.is(Kind::kString) || value.is(Kind::kBytes))
    key += value.string();
  else if (value.is(Kind::kBool))
    Append(key, value.boolean);
  else if (!value.is(Kind::kNull))
    Append(key, value.integer);
  return key;
}

NullMeaning UnknownIf(bool may_be_unknown) { return may_be_unknown ? NullMeaning::kError : NullMeaning::kNever; }

}  // namespace

TermGraph::TermGraph(const Program& program, SqlDialect dialect) : program_(program), dialect_(dialect), arena_(kMaxConstantBytes) {}

TermId TermGraph::Make(Term term) {
  const auto [found, is_new] = interned_.try_emplace(KeyOf(term), TermId(terms_.size()));
  if (is_new) terms_.push_back(std::move(term));
  return found->second;
}

bool TermGraph::MayBeTrue(TermId id) const {
  const Term& term = terms_[id.index];
  const auto may_be = [this](TermId each) { return MayBeTrue(each); };
  switch (term.kind) {
    case TermKind::kFalse:
    case TermKind::kUnknown: return false;
    case TermKind::kAnd: return std::all_of(term.args.begin(), term.args.end(), may_be);
    case TermKind::kOr: return std::any_of(term.args.begin(), term.args.end(), may_be);
    case TermKind::kChoose: return std::any_of(term.args.begin() + 1, term.args.end(), may_be);
    case TermKind::kToOne:
    case TermKind::kAny: return MayBeTrue(term.args[0]);
    default: return true;  // NOLINT: leaves
  }
}

// ---- scopes -------------------------------------------------------------------------------------

ScopeId TermGraph::Root(const Table& table) {
  if (scopes_.empty()) scopes_.push_back({.table = &table});
  return ScopeId(std::size_t{0});
}

ScopeId TermGraph::Related(ScopeId parent, const Relation& relation, std::uint32_t level) {
  for (std::size_t i = 0; i < scopes_.size(); ++i) {
    if (scopes_[i].parent == parent && scopes_[i].relation == &relation && scopes_[i].level == level) return ScopeId(i);
  }
  const Table* table = FindTable(program_, program_[relation.table]);
  WRIT_CHECK(table != nullptr);
  const ScopeId id(scopes_.size());
  scopes_.push_back({.parent = parent, .table = table, .relation = &relation, .list = {}, .level = level});
  scopes_[id.index].condition = Bool(true);
  AddJoin(id, program_[relation.their_column], program_[relation.our_column]);
  for (const RelationTerm& term : TermsOf(program_, relation)) {
    if (term.our_column != kNoText)
      AddJoin(id, program_[term.their_column], program_[term.our_column]);
    else
      AddConstant(id, program_[term.their_column], ScalarValue(program_, program_[term.value]));
  }
  return id;
}

void TermGraph::AddJoin(ScopeId id, std::string_view theirs, std::string_view ours) {
  Scope& scope = scopes_[id.index];
  const std::optional<StoredColumn> first = FindColumn(program_, *scope.table, theirs, dialect_);
  const std::optional<StoredColumn> second = FindColumn(program_, *scopes_[scope.parent.index].table, ours, dialect_);
  const bool is_joined = first && second && first->type == second->type && first->fault.empty() && second->fault.empty();
  if (is_joined)
    scope.joins.emplace_back(*first, *second);
  else
    scope.fault =
        "the relation `" + std::string(program_[scope.relation->name]) + "` does not join two columns of one type that a filter can read";
}

void TermGraph::AddConstant(ScopeId id, std::string_view theirs, const Value& value) {
  const std::optional<StoredColumn> stored = FindColumn(program_, *scopes_[id.index].table, theirs, dialect_);
  if (!stored || !stored->fault.empty() || (!value.is(Kind::kNull) && TypeKindOf(value.kind) != stored->type)) {
    scopes_[id.index].fault = "the relation `" + std::string(program_[scopes_[id.index].relation->name]) +
                              "` compares a column with a constant of another type, or one that a filter cannot read";
    return;
  }
  const TermId column = Column(id, *stored);
  const TermId holds = value.is(Kind::kNull) ? IsNull(column) : Member(column, {Constant(value)});
  scopes_[id.index].condition = And({scopes_[id.index].condition, holds});
}

ScopeId TermGraph::Items(TermId list, std::uint32_t level) {
  for (std::size_t i = 0; i < scopes_.size(); ++i) {
    if (scopes_[i].list == list && scopes_[i].level == level) return ScopeId(i);
  }
  scopes_.push_back({.parent = terms_[list.index].scope, .list = list, .level = level});
  return ScopeId(scopes_.size() - 1);
}

// ---- joining ------------------------------------------------------------------------------------

// `a || a && b` is `a`, in all three outcomes, and `a && (a || b)`, too.
bool TermGraph::Absorbs(TermKind kind, const std::vector<TermId>& operands, TermId operand) const {
  const TermKind other = kind == TermKind::kAnd ? TermKind::kOr : TermKind::kAnd;
  if (terms_[operand.index].kind != other) return false;
  const std::vector<TermId>& inner = terms_[operand.index].args;
  return std::any_of(inner.begin(), inner.end(),
                     [&](TermId part) { return std::find(operands.begin(), operands.end(), part) != operands.end(); });
}

// `x == a || x in [b, c]` is `x in [a, b, c]`.
void TermGraph::MergeMembers(std::vector<TermId>& operands) {
  std::unordered_map<std::uint32_t, std::size_t> place_of;  // of the first that is about the scalar
  std::vector<std::vector<TermId>> constants(operands.size());
  std::vector<bool> is_merged(operands.size());
  bool any = false;
  for (std::size_t i = 0; i < operands.size(); ++i) {
    const Term& term = terms_[operands[i].index];
    if (term.kind != TermKind::kMember) continue;
    const auto [found, is_first] = place_of.try_emplace(term.args[0].index, i);
    std::vector<TermId>& all = constants[found->second];
    all.insert(all.end(), term.args.begin() + 1, term.args.end());
    is_merged[i] = !is_first;
    any = any || !is_first;
  }
  if (!any) return;
  std::vector<TermId> kept;
  for (std::size_t i = 0; i < operands.size(); ++i) {
    if (is_merged[i]) continue;
    const bool is_member = terms_[operands[i].index].kind == TermKind::kMember;
    const TermId scalar = is_member ? terms_[operands[i].index].args[0] : TermId();
    kept.push_back(is_member ? Member(scalar, constants[i]) : operands[i]);
  }
  operands = std::move(kept);
}

// What is said of one related row is said in one place: without the row, all of it is unknown.
void TermGraph::MergeToOne(TermKind kind, std::vector<TermId>& operands) {
  std::unordered_map<std::uint32_t, std::vector<TermId>> bodies;
  for (const TermId operand : operands) {
    if (Is(operand, TermKind::kToOne)) bodies[terms_[operand.index].scope.index].push_back(terms_[operand.index].args[0]);
  }
  std::vector<TermId> kept;
  for (const TermId operand : operands) {
    const auto found = Is(operand, TermKind::kToOne) ? bodies.find(terms_[operand.index].scope.index) : bodies.end();
    if (!Is(operand, TermKind::kToOne) || (found != bodies.end() && found->second.size() == 1)) {
      kept.push_back(operand);
    } else if (found != bodies.end()) {
      const ScopeId scope = terms_[operand.index].scope;
      const std::vector<TermId> parts = std::move(found->second);
      bodies.erase(found);
      kept.push_back(ToOne(scope, Join(kind, parts)));
    }
  }
  operands = std::move(kept);
}

TermId TermGraph::Join(TermKind kind, const std::vector<TermId>& operands) {
  const TermKind decides = kind == TermKind::kAnd ? TermKind::kFalse : TermKind::kTrue;
  const TermKind idles = kind == TermKind::kAnd ? TermKind::kTrue : TermKind::kFalse;
  std::vector<TermId> flat;
  std::unordered_set<std::uint32_t> seen;
  const auto add = [&](TermId operand) {
    if (!Is(operand, idles) && seen.insert(operand.index).second) flat.push_back(operand);
  };
  for (const TermId operand : operands) {
    if (Is(operand, decides)) return operand;
    if (Is(operand, kind))
      for (const TermId inner : terms_[operand.index].args) add(inner);
    else
      add(operand);
  }
  if (kind == TermKind::kOr) MergeMembers(flat);
  MergeToOne(kind, flat);
  std::vector<TermId> kept;
  std::copy_if(flat.begin(), flat.end(), std::back_inserter(kept), [&](TermId each) { return !Absorbs(kind, flat, each); });
  if (kept.empty()) return Bool(kind == TermKind::kAnd);
  if (kept.size() == 1) return kept[0];
  const bool may_be_unknown = std::any_of(kept.begin(), kept.end(), [this](TermId each) { return MayBeUnknown(each); });
  return Make({.kind = kind, .null = UnknownIf(may_be_unknown), .args = std::move(kept)});
}

TermId TermGraph::Not(TermId operand) {
  const Term term = terms_[operand.index];
  std::vector<TermId> negated;
  switch (term.kind) {
    case TermKind::kTrue: return Bool(false);
    case TermKind::kFalse: return Bool(true);
    case TermKind::kUnknown: return operand;
    case TermKind::kNot: return term.args[0];
    case TermKind::kAnd:
    case TermKind::kOr:
      for (const TermId arg : term.args) negated.push_back(Not(arg));
      return Join(term.kind == TermKind::kAnd ? TermKind::kOr : TermKind::kAnd, negated);
    case TermKind::kChoose: return Choose(term.args[0], Not(term.args[1]), Not(term.args[2]));
    case TermKind::kToOne: return ToOne(term.scope, Not(term.args[0]));
    case TermKind::kLess:
    case TermKind::kLessOrEqual:
      if (terms_[term.args[0].index].type == TypeKind::kDouble) break;  // NaN
      return Compare(term.kind == TermKind::kLess ? TermKind::kLessOrEqual : TermKind::kLess, term.args[1], term.args[0]);
    default: break;  // NOLINT: leaves
  }
  return Make({.kind = TermKind::kNot, .null = term.null, .args = {operand}});
}

TermId TermGraph::Choose(TermId condition, TermId held, TermId otherwise) {
  if (Is(condition, TermKind::kTrue)) return held;
  if (Is(condition, TermKind::kFalse)) return otherwise;
  if (Is(condition, TermKind::kUnknown)) return condition;
  if (Is(held, TermKind::kUnknown) && !Is(otherwise, TermKind::kUnknown)) return Choose(Not(condition), otherwise, held);
  const bool may_fail = MayBeUnknown(condition);
  if (held == otherwise && (!may_fail || Is(held, TermKind::kUnknown))) return held;
  if (Is(held, TermKind::kTrue) && Is(otherwise, TermKind::kFalse)) return condition;
  if (Is(held, TermKind::kFalse) && Is(otherwise, TermKind::kTrue)) return Not(condition);
  if (!may_fail && Is(held, TermKind::kTrue)) return Or({condition, otherwise});
  if (!may_fail && Is(otherwise, TermKind::kFalse)) return And({condition, held});
  const bool may_be_unknown = may_fail || MayBeUnknown(held) || MayBeUnknown(otherwise);
  return Make({.kind = TermKind::kChoose, .null = UnknownIf(may_be_unknown), .args = {condition, held, otherwise}});
}

// ---- leaves -------------------------------------------------------------------------------------

TermId TermGraph::Compare(TermKind kind, TermId a, TermId b) {
  const NullMeaning first = terms_[a.index].null, second = terms_[b.index].null;
  const bool is_equality = kind == TermKind::kEqual;
  const bool may_be_unknown = is_equality ? first == NullMeaning::kError || second == NullMeaning::kError
                                          : first != NullMeaning::kNever || second != NullMeaning::kNever;
  return Make({.kind = kind, .null = UnknownIf(may_be_unknown), .args = {a, b}});
}

TermId TermGraph::Member(TermId scalar, std::vector<TermId> constants) {
  std::sort(constants.begin(), constants.end());
  constants.erase(std::unique(constants.begin(), constants.end()), constants.end());
  if (constants.empty()) return terms_[scalar.index].null == NullMeaning::kError ? Guarded(Not(IsNull(scalar)), Bool(false)) : Bool(false);
  std::vector<TermId> args = {scalar};
  args.insert(args.end(), constants.begin(), constants.end());
  return Make({.kind = TermKind::kMember, .null = UnknownIf(terms_[scalar.index].null == NullMeaning::kError), .args = std::move(args)});
}

TermId TermGraph::IsNull(TermId scalar) {
  return terms_[scalar.index].null == NullMeaning::kNever ? Bool(false) : Make({.kind = TermKind::kIsNull, .args = {scalar}});
}

TermId TermGraph::Holds(TermId scalar) {
  return Make({.kind = TermKind::kHolds, .null = UnknownIf(terms_[scalar.index].null != NullMeaning::kNever), .args = {scalar}});
}

TermId TermGraph::HasItem(TermId list, TermId item) {
  const bool may_fail = terms_[list.index].null != NullMeaning::kNever || terms_[item.index].null != NullMeaning::kNever;
  return Make({.kind = TermKind::kHasItem, .null = UnknownIf(may_fail), .args = {list, item}});
}

TermId TermGraph::ToOne(ScopeId scope, TermId predicate) {
  if (Is(predicate, TermKind::kUnknown)) return predicate;
  return Make({.kind = TermKind::kToOne, .null = NullMeaning::kError, .scope = scope, .args = {predicate}});
}

TermId TermGraph::Any(ScopeId scope, TermId predicate) {
  if (Is(predicate, TermKind::kFalse)) return predicate;
  return Make({.kind = TermKind::kAny, .null = UnknownIf(MayBeUnknown(predicate)), .scope = scope, .args = {predicate}});
}

TermId TermGraph::Present(ScopeId scope) { return Make({.kind = TermKind::kPresent, .scope = scope}); }

TermId TermGraph::Column(ScopeId scope, const StoredColumn& column) {
  return Make({.kind = TermKind::kColumn,
               .type = column.type,
               .null = column.null,
               .element = column.element,
               .is_exact_text = column.is_exact_text,
               .scope = scope,
               .column = column.name});
}

TermId TermGraph::Item(ScopeId scope, TypeKind type) { return Make({.kind = TermKind::kItem, .type = type, .scope = scope}); }

TermId TermGraph::Constant(const Value& value) {
  const auto [found, is_new] = constant_ids_.try_emplace(KeyOf(value), static_cast<std::uint32_t>(constants_.size()));
  if (is_new) {
    constants_.push_back(CopyValue(arena_, value));
    is_full_ = is_full_ || constants_.back().is(Kind::kAbsent);
  }
  return Make({.kind = TermKind::kConstant, .type = TypeKindOf(value.kind), .index = found->second});
}

TermId TermGraph::Compute(TermKind kind, std::vector<TermId> args, TypeKind type) {
  const bool may_fail = kind < TermKind::kConcat ||
                        std::any_of(args.begin(), args.end(), [this](TermId arg) { return terms_[arg.index].null != NullMeaning::kNever; });
  return Make({.kind = kind, .type = type, .null = UnknownIf(may_fail), .args = std::move(args)});
}

TermId TermGraph::Count(ScopeId scope, TermId predicate) {
  Term term{.kind = TermKind::kCount, .type = TypeKind::kInt, .scope = scope};
  if (!Is(predicate, TermKind::kTrue)) term.args.push_back(predicate);
  return Make(std::move(term));
}

TermId TermGraph::IsUnknown(TermId predicate) {
  return MayBeUnknown(predicate) ? Make({.kind = TermKind::kIsUnknown, .args = {predicate}}) : Bool(false);
}
// NOLINTEND(misc-no-recursion)

}  // namespace writ
