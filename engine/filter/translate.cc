// From residuals to terms; see translate.h.
//
// The hard part is what the two worlds call nothing. An expression of the language can be a value,
// the value `null`, or an error; a database has values and NULL. Three rules keep them apart:
//
// 1. A scalar carries what its NULL means (storage.h). `row.region == "eu"` is false for a null
//    that is a value, and unknown for one that is an error.
// 2. What reads a related row is closed as soon as it is a predicate: `to_one(customer, …)` is
//    unknown without a customer, whatever is said inside. So a comparison that is false by its
//    types alone, `row.customer.tier == 5`, is still unknown there.
// 3. `c ? a : b` as a value is carried outwards: `(c ? a : b) > 2` is `c ? a > 2 : b > 2`. So every
//    scalar has one type and one meaning of NULL, and values of different types may meet in one.
//
// Numbers compared with constants are solved for the column (inverse.h).
// NOLINTBEGIN(misc-no-recursion): depth <= kMaxResidualDepth
#include "engine/filter/translate.h"

#include <algorithm>
#include <cmath>

#include "engine/filter/inverse.h"
#include "engine/partial/residual.h"
#include "rules/function/call.h"

namespace writ {
namespace {

constexpr std::size_t kMaxShownBytes = 300;
constexpr std::uint64_t kStepsOfCall = 100'000;

bool IsNumber(TypeKind type) { return type == TypeKind::kInt || type == TypeKind::kUint || type == TypeKind::kDouble; }

Function Mirrored(Function function) {
  switch (function) {
    case Function::kLess: return Function::kGreater;
    case Function::kLessOrEqual: return Function::kGreaterOrEqual;
    case Function::kGreater: return Function::kLess;
    case Function::kGreaterOrEqual: return Function::kLessOrEqual;
    default: return function;  // NOLINT: equality
  }
}

// Can values of the two types be ordered?
bool AreOrdered(TypeKind a, TypeKind b) {
  if (IsNumber(a) && IsNumber(b)) return true;
  return a == b && (a == TypeKind::kString || a == TypeKind::kBool || a == TypeKind::kTimestamp || a == TypeKind::kDuration);
}

// A uint that is an int; a larger one is a double that no int reaches, for comparisons.
Value Signed(const Value& value) {
  if (!value.is(Kind::kUint)) return value;
  if (value.unsigned_integer <= INT64_MAX) return Value::Int(static_cast<std::int64_t>(value.unsigned_integer));
  return Value::Double(std::max(static_cast<double>(value.unsigned_integer), 9223372036854777856.0));
}

}  // namespace

// Makes what stands inside know that a macro is around it.
class Translator::Level {
 public:
  Level(std::vector<Operand>& variables, std::uint32_t depth, const Operand& operand) : variables_(variables), before_(variables) {
    if (depth >= variables.size()) variables.resize(depth + 1);
    variables[depth] = operand;
  }
  ~Level() { variables_ = before_; }
  Level(const Level&) = delete;
  Level& operator=(const Level&) = delete;

 private:
  std::vector<Operand>& variables_;
  std::vector<Operand> before_;
};

void Translator::Refuse(std::string_view why) {
  if (!refusal_.empty()) return;
  const std::optional<std::string> text = closed_.valid() ? WriteResidualText(residual_, closed_, kMaxShownBytes) : std::nullopt;
  refusal_ = "`" + text.value_or("an expression that is too long to be shown") + "`: " + std::string(why);
}

// ---- predicates ---------------------------------------------------------------------------------

TermId Translator::Condition(NodeId id) {
  if (!refusal_.empty() || terms_.is_too_large()) return terms_.Unknown();
  const Node& node = graph_[id];
  if (node.kind == NodeKind::kAnd || node.kind == NodeKind::kOr) {
    std::vector<TermId> operands;
    for (const NodeId arg : graph_.args(id)) operands.push_back(Condition(arg));
    return node.kind == NodeKind::kAnd ? terms_.And(operands) : terms_.Or(operands);
  }
  return AsPredicate(Of(id));
}

TermId Translator::AsPredicate(const Operand& operand) {
  switch (operand.kind) {
    case Operand::Kind::kPredicate: return operand.term;
    case Operand::Kind::kConstant: return operand.constant.is(Kind::kBool) ? terms_.Bool(operand.constant.boolean) : terms_.Unknown();
    case Operand::Kind::kScalar:
      if (terms_[operand.term].type != TypeKind::kBool) return terms_.Unknown();
      return Close(terms_.Holds(operand.term), {operand});
    case Operand::Kind::kChoice:
      return terms_.Choose(operand.choice->condition, AsPredicate(operand.choice->held), AsPredicate(operand.choice->otherwise));
    case Operand::Kind::kRow:
    case Operand::Kind::kRows:
    case Operand::Kind::kError: return terms_.Unknown();
  }
  WRIT_CHECK(false);
}

void Translator::AddHops(ScopeId scope, std::set<ScopeId>& hops) const {
  for (; scope.valid() && terms_[scope].is_to_one(); scope = terms_[scope].parent) hops.insert(scope);
}

void Translator::CollectHops(TermId scalar, std::set<ScopeId>& hops) const {
  const Term& term = terms_[scalar];
  if (term.kind == TermKind::kColumn) AddHops(term.scope, hops);
  if (term.kind == TermKind::kCount) return AddHops(terms_[term.scope].parent, hops);
  for (const TermId arg : term.args) CollectHops(arg, hops);
}

TermId Translator::Close(TermId predicate, const std::vector<Operand>& operands) {
  std::set<ScopeId> hops;
  for (const Operand& operand : operands) {
    if (operand.kind == Operand::Kind::kScalar) CollectHops(operand.term, hops);
    if (operand.kind == Operand::Kind::kRow) AddHops(operand.scope, hops);
    if (operand.kind == Operand::Kind::kRows) AddHops(terms_[operand.scope].parent, hops);
  }
  // A row's own scope was made after that of the row it hangs on.
  for (auto hop = hops.rbegin(); hop != hops.rend(); ++hop) predicate = terms_.ToOne(*hop, predicate);
  return predicate;
}

TermId Translator::Strict(TermId scalar, TermId predicate) {
  if (terms_[scalar].null != NullMeaning::kError) return predicate;
  return terms_.Guarded(terms_.Not(terms_.IsNull(scalar)), predicate);
}

TypeKind Translator::TypeOf(const Operand& operand) const {
  if (operand.kind == Operand::Kind::kConstant) return TypeKindOf(operand.constant.kind);
  return operand.kind == Operand::Kind::kScalar ? terms_[operand.term].type : TypeKind::kDyn;
}

NullMeaning Translator::NullOf(const Operand& operand) const {
  return operand.kind == Operand::Kind::kScalar ? terms_[operand.term].null : NullMeaning::kNever;
}

TermId Translator::AsTerm(const Operand& operand) {
  return operand.kind == Operand::Kind::kScalar ? operand.term : terms_.Constant(operand.constant);
}

// ---- expressions --------------------------------------------------------------------------------

Translator::Operand Translator::Of(NodeId id) {
  if (!refusal_.empty() || terms_.is_too_large()) return Error();
  const NodeId around = closed_;
  if (graph_.is_closed(id)) closed_ = id;
  const Node& node = graph_[id];
  Operand result = Error();
  switch (node.kind) {
    case NodeKind::kConstant: result = Constant(graph_.constant(node.index)); break;
    case NodeKind::kSlot: result = OfPath(node); break;
    case NodeKind::kHasSlot: result = Predicate(HasPath(node)); break;
    case NodeKind::kVariable: result = variables_[node.index]; break;
    case NodeKind::kSelect: result = Member(Of(graph_.args(id)[0]), graph_.constant(node.index).string()); break;
    case NodeKind::kHasMember: result = Predicate(Has(Of(graph_.args(id)[0]), graph_.constant(node.index).string())); break;
    case NodeKind::kAnd:
    case NodeKind::kOr: result = Predicate(Condition(id)); break;
    case NodeKind::kConditional: result = OfConditional(id); break;
    case NodeKind::kCall: result = OfCall(id); break;
    case NodeKind::kAll:
    case NodeKind::kExists:
    case NodeKind::kExistsOne:
    case NodeKind::kFilter: result = OfMacro(id); break;
    default: Refuse("a filter cannot say this about stored rows"); break;  // NOLINT: optionals, lists, maps, other macros
  }
  closed_ = around;
  return result;
}

std::vector<std::string_view> Translator::PathOf(const Node& node) const {
  std::vector<std::string_view> path;
  for (SlotId at(node.index); at.valid(); at = graph_.slots[at.index].parent) path.insert(path.begin(), graph_.slots[at.index].key);
  return path;
}

Translator::Operand Translator::OfPath(const Node& node) {
  const std::vector<std::string_view> path = PathOf(node);
  if (path[0] != "row") {
    Refuse("this is not about the row, and nothing is known of it");
    return Error();
  }
  Operand at = Row(terms_.Root(table_));
  for (std::size_t i = 1; i < path.size(); ++i) at = Member(at, path[i]);
  return at;
}

TermId Translator::HasPath(const Node& node) {
  const std::vector<std::string_view> path = PathOf(node);
  if (path[0] != "row") {
    Refuse("this is not about the row, and nothing is known of it");
    return terms_.Unknown();
  }
  Operand at = Row(terms_.Root(table_));
  for (std::size_t i = 1; i + 1 < path.size(); ++i) at = Member(at, path[i]);
  return Has(at, path.back());
}

Translator::Operand Translator::Member(const Operand& row, std::string_view name) {
  if (row.kind == Operand::Kind::kChoice)
    return {.kind = Operand::Kind::kChoice,
            .choice = std::make_shared<const Choice>(
                Choice{row.choice->condition, Member(row.choice->held, name), Member(row.choice->otherwise, name)})};
  if (row.kind == Operand::Kind::kConstant) {
    const Value* found = row.constant.is(Kind::kMap) && row.constant.map != nullptr ? FindInMap(*row.constant.map, name) : nullptr;
    return found == nullptr ? Error() : Constant(*found);
  }
  if (row.kind != Operand::Kind::kRow || terms_[row.scope].table == nullptr) {
    if (row.kind != Operand::Kind::kError) Refuse("members of a column cannot be read by a filter");
    return Error();
  }
  const Table& table = *terms_[row.scope].table;
  if (const Relation* relation = FindRelation(terms_.program(), table, name)) {
    const std::uint32_t level = relation->many ? static_cast<std::uint32_t>(variables_.size()) : 0;
    const ScopeId scope = terms_.Related(row.scope, *relation, level);
    if (!terms_[scope].fault.empty()) Refuse(terms_[scope].fault);
    return {.kind = relation->many ? Operand::Kind::kRows : Operand::Kind::kRow, .scope = scope};
  }
  const std::optional<StoredColumn> column = FindColumn(terms_.program(), table, name, terms_.dialect());
  if (!column) {
    Refuse("table `" + std::string(terms_.program()[table.name]) + "` declares no column `" + std::string(name) + "`");
    return Error();
  }
  if (!column->fault.empty()) Refuse(column->fault);
  return Scalar(terms_.Column(row.scope, *column));
}

// A column is always there, whatever it holds, unless its NULL says that it is missing.
TermId Translator::Has(const Operand& row, std::string_view name) {
  if (row.kind == Operand::Kind::kChoice)
    return terms_.Choose(row.choice->condition, Has(row.choice->held, name), Has(row.choice->otherwise, name));
  const Operand member = Member(row, name);
  if (member.kind == Operand::Kind::kConstant) return terms_.Bool(true);
  if (row.kind == Operand::Kind::kConstant) return row.constant.is(Kind::kMap) ? terms_.Bool(false) : terms_.Unknown();
  if (member.kind == Operand::Kind::kError) return terms_.Unknown();
  const bool is_row = member.kind == Operand::Kind::kRow;
  const bool may_miss = NullOf(member) == NullMeaning::kError;
  return Close(is_row ? terms_.Present(member.scope) : may_miss ? terms_.Not(terms_.IsNull(member.term)) : terms_.Bool(true), {row});
}

Translator::Operand Translator::OfConditional(NodeId id) {
  const std::span<const NodeId> args = graph_.args(id);
  const TermId condition = AsPredicate(Of(args[0]));
  if (terms_.Is(condition, TermKind::kTrue)) return Of(args[1]);
  if (terms_.Is(condition, TermKind::kFalse)) return Of(args[2]);
  if (terms_.Is(condition, TermKind::kUnknown)) return Error();
  return {.kind = Operand::Kind::kChoice, .choice = std::make_shared<const Choice>(Choice{condition, Of(args[1]), Of(args[2])})};
}

Translator::Operand Translator::OfCall(NodeId id) {
  const Function function = static_cast<Function>(graph_[id].detail);
  const std::span<const NodeId> args = graph_.args(id);
  if (function == Function::kNot) return Predicate(terms_.Not(AsPredicate(Of(args[0]))));
  if (function == Function::kToDyn) return Of(args[0]);
  std::vector<Operand> operands;
  for (const NodeId arg : args) operands.push_back(Of(arg));
  return Apply(function, operands);
}

// Choices are carried outwards; a condition that is used as a value is one.
Translator::Operand Translator::Apply(Function function, const std::vector<Operand>& args) {
  for (std::size_t i = 0; i < args.size(); ++i) {
    if (!refusal_.empty() || terms_.is_too_large()) return Error();
    const bool is_choice = args[i].kind == Operand::Kind::kChoice;
    if (!is_choice && args[i].kind != Operand::Kind::kPredicate) continue;
    std::vector<Operand> held = args, otherwise = args;
    held[i] = is_choice ? args[i].choice->held : Constant(Value::Bool(true));
    otherwise[i] = is_choice ? args[i].choice->otherwise : Constant(Value::Bool(false));
    const TermId condition = is_choice ? args[i].choice->condition : args[i].term;
    return {.kind = Operand::Kind::kChoice,
            .choice = std::make_shared<const Choice>(Choice{condition, Apply(function, held), Apply(function, otherwise)})};
  }
  return ApplyPlain(function, args);
}

Translator::Operand Translator::Known(Function function, const std::vector<Operand>& args) {
  std::vector<Value> values;
  values.reserve(args.size());
  for (const Operand& arg : args) values.push_back(arg.constant);
  std::uint64_t steps = kStepsOfCall;
  FunctionContext context{.arena = arena_, .steps_left = steps};
  const Value result = CallFunction(function, values, context);
  if (steps == 0) Refuse("computing this takes too long");
  return result.is_fault() ? Error() : Constant(result);
}

Translator::Operand Translator::ApplyPlain(Function function, const std::vector<Operand>& args) {
  const auto is = [](Operand::Kind kind) { return [kind](const Operand& arg) { return arg.kind == kind; }; };
  if (std::any_of(args.begin(), args.end(), is(Operand::Kind::kError))) return Error();
  if (std::all_of(args.begin(), args.end(), is(Operand::Kind::kConstant))) return Known(function, args);
  switch (function) {
    case Function::kEqual:
    case Function::kNotEqual:
    case Function::kLess:
    case Function::kLessOrEqual:
    case Function::kGreater:
    case Function::kGreaterOrEqual: return Compared(function, args[0], args[1]);
    case Function::kIn: return Predicate(In(args[0], args[1]));
    case Function::kSize: return SizeOf(args[0]);
    case Function::kContains:
    case Function::kStartsWith:
    case Function::kEndsWith: {
      if (TypeOf(args[0]) != TypeKind::kString || TypeOf(args[1]) != TypeKind::kString) return Error();
      const TermKind kind = function == Function::kContains     ? TermKind::kContains
                            : function == Function::kStartsWith ? TermKind::kStartsWith
                                                                : TermKind::kEndsWith;
      return Predicate(Close(terms_.Compare(kind, AsTerm(args[0]), AsTerm(args[1])), args));
    }
    case Function::kNegate: return Computed(function, args[0], args[0]);
    case Function::kAdd:
    case Function::kSubtract:
    case Function::kMultiply:
    case Function::kDivide:
    case Function::kModulo: return Computed(function, args[0], args[1]);
    case Function::kToDouble:
      if (TypeOf(args[0]) == TypeKind::kInt) return Scalar(terms_.Compute(TermKind::kToDouble, {args[0].term}, TypeKind::kDouble));
      if (TypeOf(args[0]) == TypeKind::kDouble) return args[0];
      break;
    case Function::kToInt:
      if (TypeOf(args[0]) == TypeKind::kInt) return args[0];
      break;
    case Function::kToString:
      if (TypeOf(args[0]) == TypeKind::kString) return args[0];
      break;
    case Function::kToTimestamp:
      if (TypeOf(args[0]) == TypeKind::kTimestamp) return args[0];
      break;
    default: break;  // NOLINT: the table of functions is open-ended
  }
  Refuse("a filter has no `" + std::string(InfoOf(function).name) + "` of stored values");
  return Error();
}

Translator::Operand Translator::SizeOf(const Operand& operand) {
  if (operand.kind == Operand::Kind::kRows)
    return Scalar(terms_.Count(operand.scope, operand.term.valid() ? operand.term : terms_.Bool(true)));
  const TypeKind type = TypeOf(operand);
  if (operand.kind != Operand::Kind::kScalar || (type != TypeKind::kString && type != TypeKind::kList)) return Error();
  return Scalar(terms_.Compute(type == TypeKind::kList ? TermKind::kListLength : TermKind::kLength, {operand.term}, TypeKind::kInt));
}

// ---- arithmetic ---------------------------------------------------------------------------------

Translator::Operand Translator::Computed(Function function, const Operand& a, const Operand& b) {
  const TypeKind first = TypeOf(a), second = TypeOf(b);
  const bool is_span = function == Function::kAdd || function == Function::kSubtract;
  if (first == TypeKind::kString && second == TypeKind::kString && function == Function::kAdd)
    return Scalar(terms_.Compute(TermKind::kConcat, {AsTerm(a), AsTerm(b)}, TypeKind::kString));
  TermKind kind = TermKind::kAdd;
  switch (function) {
    case Function::kSubtract: kind = TermKind::kSubtract; break;
    case Function::kMultiply: kind = TermKind::kMultiply; break;
    case Function::kDivide: kind = TermKind::kDivide; break;
    case Function::kModulo: kind = TermKind::kModulo; break;
    case Function::kNegate: kind = TermKind::kNegate; break;
    default: break;  // NOLINT: kAdd
  }
  if (first == TypeKind::kTimestamp && second == TypeKind::kTimestamp && function == Function::kSubtract)
    return Scalar(terms_.Compute(TermKind::kMicrosecondsTo, {AsTerm(b), AsTerm(a)}, TypeKind::kDuration));
  const bool moves = is_span && ((first == TypeKind::kTimestamp && second == TypeKind::kDuration) ||
                                 (first == TypeKind::kDuration && second == TypeKind::kTimestamp && function == Function::kAdd));
  if (moves) return Scalar(terms_.Compute(kind, {AsTerm(a), AsTerm(b)}, TypeKind::kTimestamp));
  if (is_span && first == TypeKind::kDuration && second == TypeKind::kDuration)
    return Scalar(terms_.Compute(kind, {AsTerm(a), AsTerm(b)}, TypeKind::kDuration));
  if (function == Function::kNegate)
    return first == TypeKind::kInt || first == TypeKind::kDouble ? Scalar(terms_.Compute(kind, {a.term}, first)) : Error();
  if (first != second || !IsNumber(first) || (function == Function::kModulo && first == TypeKind::kDouble)) return Error();
  return Scalar(terms_.Compute(kind, {AsTerm(a), AsTerm(b)}, first));
}

// ---- comparisons --------------------------------------------------------------------------------

Translator::Operand Translator::Compared(Function function, const Operand& a, const Operand& b) {
  const bool is_equality = function == Function::kEqual || function == Function::kNotEqual;
  const auto is_plain = [](const Operand& each) { return each.kind == Operand::Kind::kScalar || each.kind == Operand::Kind::kConstant; };
  if (!is_plain(a) || !is_plain(b)) {
    const Operand& other = is_plain(a) ? a : b;
    const bool is_null = is_plain(other) && other.kind == Operand::Kind::kConstant && other.constant.is(Kind::kNull);
    if (!is_equality) return Error();
    if (!is_null) Refuse("rows cannot be compared with each other or with values");
    return Predicate(Close(terms_.Bool(function == Function::kNotEqual), {a, b}));  // a row is not null
  }
  const TermId predicate = is_equality ? Equal(a, b) : Ordered(function, a, b);
  return Predicate(Close(function == Function::kNotEqual ? terms_.Not(predicate) : predicate, {a, b}));
}

TermId Translator::Equal(const Operand& a, const Operand& b) {
  if (a.kind == Operand::Kind::kConstant) return EqualConstant(b.term, a.constant);
  if (b.kind == Operand::Kind::kConstant) return EqualConstant(a.term, b.constant);
  return EqualScalars(a.term, b.term);
}

TermId Translator::EqualConstant(TermId scalar, const Value& constant) {
  const Term& term = terms_[scalar];
  if (constant.is(Kind::kNull)) return term.null == NullMeaning::kError ? Strict(scalar, terms_.Bool(false)) : terms_.IsNull(scalar);
  const Value value = Signed(constant);
  const TypeKind type = TypeKindOf(value.kind);
  if (term.type == TypeKind::kList && type == TypeKind::kList) {
    if (constant.size != 0) Refuse("a filter cannot compare a stored list with one that has items");
    const TermId length = terms_.Compute(TermKind::kListLength, {scalar}, TypeKind::kInt);
    return terms_.And({Strict(scalar, terms_.Not(terms_.IsNull(scalar))), terms_.Member(length, {terms_.Constant(Value::Int(0))})});
  }
  if (IsNumber(term.type) && IsNumber(type)) {
    if (value.is(Kind::kDouble) && std::isnan(value.real)) return Strict(scalar, terms_.Bool(false));
    if (const std::optional<TermId> solved = Inverted(Function::kEqual, scalar, value)) return *solved;
    if (term.type != type) return EqualScalars(scalar, terms_.Constant(value));
  } else if (term.type != type) {
    return Strict(scalar, terms_.Bool(false));
  }
  if (term.type == TypeKind::kTimestamp || term.type == TypeKind::kDuration)
    return Inverted(Function::kEqual, scalar, value).value_or(terms_.Unknown());
  return terms_.Member(scalar, {terms_.Constant(value)});
}

// A null that is a value equals another, whatever the types are.
TermId Translator::EqualScalars(TermId a, TermId b) {
  TypeKind first = terms_[a].type, second = terms_[b].type;
  if (first == TypeKind::kList || second == TypeKind::kList) {
    Refuse("a filter cannot compare stored lists");
    return terms_.Unknown();
  }
  if (first != second && IsNumber(first) && IsNumber(second)) {
    if (first == TypeKind::kInt) a = terms_.Compute(TermKind::kToDouble, {a}, TypeKind::kDouble);
    if (second == TypeKind::kInt) b = terms_.Compute(TermKind::kToDouble, {b}, TypeKind::kDouble);
    if (first == TypeKind::kUint || second == TypeKind::kUint) Refuse("a filter cannot compare a stored uint with another number");
    return terms_.Compare(TermKind::kEqual, a, b);
  }
  if (first == second) return terms_.Compare(TermKind::kEqual, a, b);
  return Strict(a, Strict(b, terms_.And({terms_.IsNull(a), terms_.IsNull(b)})));
}

TermId Translator::Ordered(Function function, const Operand& a, const Operand& b) {
  if (!AreOrdered(TypeOf(a), TypeOf(b))) return terms_.Unknown();
  const bool is_first = a.kind == Operand::Kind::kConstant;
  if (is_first || b.kind == Operand::Kind::kConstant) {
    const TermId scalar = is_first ? b.term : a.term;
    const Value constant = Signed(is_first ? a.constant : b.constant);
    if (constant.is(Kind::kDouble) && std::isnan(constant.real))
      return terms_.Guarded(terms_.Not(terms_.IsNull(scalar)), terms_.Bool(false));
    const Function mirrored = is_first ? Mirrored(function) : function;
    if (const std::optional<TermId> solved = Inverted(mirrored, scalar, constant)) return *solved;
  }
  TermId first = AsTerm(a), second = AsTerm(b);
  if (TypeOf(a) != TypeOf(b)) {
    if (TypeOf(a) == TypeKind::kUint || TypeOf(b) == TypeKind::kUint) Refuse("a filter cannot compare a stored uint with another number");
    if (TypeOf(a) == TypeKind::kInt) first = terms_.Compute(TermKind::kToDouble, {first}, TypeKind::kDouble);
    if (TypeOf(b) == TypeKind::kInt) second = terms_.Compute(TermKind::kToDouble, {second}, TypeKind::kDouble);
  }
  const bool is_less = function == Function::kLess || function == Function::kGreater;
  const bool is_mirrored = function == Function::kGreater || function == Function::kGreaterOrEqual;
  return terms_.Compare(is_less ? TermKind::kLess : TermKind::kLessOrEqual, is_mirrored ? second : first, is_mirrored ? first : second);
}

// Follows what is computed from one scalar with constants down to the scalar. Returns the steps,
// the innermost first; nothing when something else is computed on the way.
std::optional<std::vector<ChainStep>> Translator::ChainTo(TermId& leaf) const {
  static constexpr Function kFunctions[] = {Function::kAdd, Function::kSubtract, Function::kMultiply, Function::kDivide};
  std::vector<ChainStep> chain;
  while (terms_[leaf].kind >= TermKind::kAdd && terms_[leaf].kind <= TermKind::kNegate && terms_[leaf].kind != TermKind::kModulo) {
    const Term& term = terms_[leaf];
    ChainStep step{.function = Function::kNegate, .constant = Value::Null()};
    leaf = term.args[0];
    if (term.kind != TermKind::kNegate) {
      step.function = kFunctions[static_cast<int>(term.kind) - static_cast<int>(TermKind::kAdd)];
      step.is_constant_first = terms_.Is(term.args[0], TermKind::kConstant);
      const TermId known = term.args[step.is_constant_first ? 0 : 1];
      leaf = term.args[step.is_constant_first ? 1 : 0];
      if (!terms_.Is(known, TermKind::kConstant)) return std::nullopt;
      step.constant = terms_.constant(known);
    }
    chain.insert(chain.begin(), step);
  }
  return chain;
}

std::optional<TermId> Translator::Inverted(Function function, TermId scalar, const Value& constant) {
  TermId leaf = scalar;
  const std::optional<std::vector<ChainStep>> steps = ChainTo(leaf);
  if (!steps) return std::nullopt;
  const std::vector<ChainStep>& chain = *steps;
  if (chain.empty() && terms_.Is(leaf, TermKind::kToDouble)) leaf = terms_[leaf].args[0];  // ints are compared as doubles
  const TypeKind type = terms_[leaf].type;
  if (chain.empty() && type == TypeKindOf(constant.kind) && IsNumber(type)) return std::nullopt;  // as it stands
  if (type != TypeKind::kInt && type != TypeKind::kDouble && type != TypeKind::kTimestamp && type != TypeKind::kDuration)
    return std::nullopt;
  const ChainType chain_type = type == TypeKind::kInt         ? ChainType::kInt
                               : type == TypeKind::kDouble    ? ChainType::kDouble
                               : type == TypeKind::kTimestamp ? ChainType::kTimestamp
                                                              : ChainType::kDuration;
  const std::optional<Inverse> inverse = InvertChain(chain_type, chain, function, constant);
  if (!inverse) return std::nullopt;
  const TermId holds = InInterval(leaf, inverse->holds, inverse->defined);
  if (!inverse->is_defined_everywhere) return terms_.Guarded(InInterval(leaf, inverse->defined, inverse->all), holds);
  const TermId is_there = terms_.Not(terms_.IsNull(leaf));
  const bool is_null_equal = chain.empty() && function == Function::kEqual && terms_[leaf].null == NullMeaning::kValue;
  if (is_null_equal) return terms_.MayBeUnknown(holds) ? terms_.And({is_there, holds}) : holds;
  return FailsForNull(holds) ? holds : terms_.Guarded(is_there, holds);
}

// Is the predicate of InInterval unknown for a null?
bool Translator::FailsForNull(TermId interval) const {
  const Term& term = terms_[interval];
  const auto is_order = [this](TermId id) { return terms_.Is(id, TermKind::kLessOrEqual); };
  return is_order(interval) || (term.kind == TermKind::kAnd && std::all_of(term.args.begin(), term.args.end(), is_order));
}

// The ends of `within` are known to be kept, and ints and timestamps have no others that a
// comparison need name; doubles have, since NaN is outside.
TermId Translator::InInterval(TermId scalar, const Interval& interval, const Interval& within) {
  if (interval.is_empty) return terms_.Bool(false);
  const TypeKind type = terms_[scalar].type;
  const bool is_double = type == TypeKind::kDouble;
  const auto constant = [&](const Value& value) {
    if (type != TypeKind::kTimestamp) return terms_.Constant(is_double ? Value::Double(value.real + 0.0) : value);
    const std::int64_t micros = value.integer, second = 1'000'000;
    const std::int64_t seconds = micros >= 0 ? micros / second : -((second - 1 - micros) / second);
    return terms_.Constant(Value::Timestamp(seconds, static_cast<std::uint32_t>((micros - seconds * second) * 1'000)));
  };
  const auto is_same = [&](const Value& a, const Value& b) { return is_double ? a.real == b.real : a.integer == b.integer; };
  if (is_same(interval.low, interval.high)) return terms_.Member(scalar, {constant(interval.low)});
  const bool has_low = !is_same(interval.low, within.low), has_high = !is_same(interval.high, within.high);
  std::vector<TermId> ends;
  if (has_low) ends.push_back(terms_.Compare(TermKind::kLessOrEqual, constant(interval.low), scalar));
  if (has_high || (is_double && !has_low)) ends.push_back(terms_.Compare(TermKind::kLessOrEqual, scalar, constant(interval.high)));
  return terms_.And(ends);
}

// ---- lists --------------------------------------------------------------------------------------

TermId Translator::In(const Operand& item, const Operand& list) {
  if (list.kind == Operand::Kind::kConstant) {
    if (item.kind != Operand::Kind::kScalar) return terms_.Unknown();
    std::vector<TermId> equal = {Strict(item.term, terms_.Bool(false))};
    const bool is_list = list.constant.is(Kind::kList), is_map = list.constant.is(Kind::kMap) && list.constant.map != nullptr;
    if (!is_list && !is_map) return terms_.Unknown();
    const std::uint32_t size = is_list ? list.constant.size : list.constant.map->size;
    for (std::uint32_t i = 0; i < size; ++i)
      equal.push_back(EqualConstant(item.term, is_list ? list.constant.items[i] : list.constant.map->entries[i].key));
    return Close(terms_.Or(equal), {item});
  }
  if (list.kind != Operand::Kind::kScalar || TypeOf(list) != TypeKind::kList) {
    if (list.kind != Operand::Kind::kScalar) Refuse("a filter cannot look for a value among related rows as a whole");
    return terms_.Unknown();
  }
  if (item.kind != Operand::Kind::kConstant && item.kind != Operand::Kind::kScalar) {
    Refuse("a filter cannot look for rows in a list");
    return terms_.Unknown();
  }
  const Term& column = terms_[list.term];
  if (column.element != TypeKind::kString) Refuse("a filter knows lists of strings only");
  const TermId is_list = terms_.Not(terms_.IsNull(list.term));
  if (TypeOf(item) != column.element) return Close(terms_.Guarded(is_list, terms_.Bool(false)), {item, list});
  TermId found = terms_.HasItem(list.term, AsTerm(item));
  if (NullOf(item) == NullMeaning::kValue)
    found = terms_.Choose(terms_.IsNull(item.term), terms_.Guarded(is_list, terms_.Bool(false)), found);
  return Close(found, {item, list});
}

Translator::Operand Translator::OfMacro(NodeId id) {
  const Node& node = graph_[id];
  const Operand range = Of(graph_.args(id)[0]);
  if (range.kind == Operand::Kind::kRows && range.term.valid()) Refuse("a filter counts filtered rows, and does nothing else with them");
  if (node.kind == NodeKind::kFilter) return Filtered(graph_.args(id)[1], node.index, range);
  if (node.kind == NodeKind::kExistsOne)
    return Apply(Function::kEqual, {Apply(Function::kSize, {Filtered(graph_.args(id)[1], node.index, range)}), Constant(Value::Int(1))});
  return Predicate(OverItems(graph_.args(id)[1], node.index, node.kind == NodeKind::kAll, range));
}

// The rows for which the body is true; an error when it fails for one of them.
Translator::Operand Translator::Filtered(NodeId body, std::uint32_t depth, const Operand& range) {
  if (range.kind == Operand::Kind::kError) return Error();
  if (range.kind != Operand::Kind::kRows) {
    Refuse("a filter counts related rows only");
    return Error();
  }
  const Level level(variables_, depth, Row(range.scope));
  Operand rows = range;
  rows.term = Condition(body);
  const TermId fails = terms_.Any(range.scope, terms_.IsUnknown(rows.term));
  if (terms_.Is(fails, TermKind::kFalse)) return rows;
  return {.kind = Operand::Kind::kChoice, .choice = std::make_shared<const Choice>(Choice{Close(fails, {range}), Error(), rows})};
}

// `all` is `!exists` of the opposite, in all three outcomes.
TermId Translator::OverItems(NodeId body, std::uint32_t depth, bool is_all, const Operand& range) {
  const auto over = [&](const Operand& item) {
    const Level level(variables_, depth, item);
    const TermId predicate = Condition(body);
    return is_all ? terms_.Not(predicate) : predicate;
  };
  const auto ended = [&](TermId any) { return is_all ? terms_.Not(any) : any; };
  if (range.kind == Operand::Kind::kChoice)
    return terms_.Choose(range.choice->condition, OverItems(body, depth, is_all, range.choice->held),
                         OverItems(body, depth, is_all, range.choice->otherwise));
  if (range.kind == Operand::Kind::kRows) return Close(ended(terms_.Any(range.scope, over(Row(range.scope)))), {range});
  if (range.kind == Operand::Kind::kConstant) {
    const bool is_list = range.constant.is(Kind::kList), is_map = range.constant.is(Kind::kMap) && range.constant.map != nullptr;
    std::vector<TermId> any;
    const std::uint32_t size = is_list ? range.constant.size : is_map ? range.constant.map->size : 0;
    for (std::uint32_t i = 0; i < size; ++i)
      any.push_back(over(Constant(is_list ? range.constant.items[i] : range.constant.map->entries[i].key)));
    return is_list || is_map ? ended(terms_.Or(any)) : terms_.Unknown();
  }
  if (range.kind != Operand::Kind::kScalar || TypeOf(range) != TypeKind::kList) return terms_.Unknown();
  const Term& column = terms_[range.term];
  if (column.element != TypeKind::kString) Refuse("a filter knows lists of strings only");
  const ScopeId scope = terms_.Items(range.term, static_cast<std::uint32_t>(variables_.size()));
  const TermId any = ended(terms_.Any(scope, over(Scalar(terms_.Item(scope, column.element)))));
  return Close(terms_.Guarded(terms_.Not(terms_.IsNull(range.term)), any), {range});
}
// NOLINTEND(misc-no-recursion)

}  // namespace writ
