// Checking of expressions: names, members, aggregates, macros. Calls and operators are in expression_calls.cc, constants in
// expression_constants.cc.
// NOLINTBEGIN(misc-no-recursion): depth <= SourceLimits::max_expression_depth, which the parser enforces
#include "dsl/check/expression_checker.h"

#include <algorithm>

#include "dsl/diagnostics/foreign_words.h"
#include "rules/base/check.h"
#include "rules/base/nearest_name.h"

namespace writ::dsl {
namespace {

// Types as values: what CEL calls them, and what `type(x)` prints. dyn is a type, not a value.
struct TypeValue {
  std::string_view name;
  TypeKind kind;
};
constexpr TypeValue kTypeValues[] = {
#define WRIT_ROW(id, name, type_name, wanted, found) {type_name, TypeKind::k##id},
    WRIT_VALUE_KINDS(WRIT_ROW)
#undef WRIT_ROW
};

TypeId TypeOfValue(TypeTable& types, TypeKind kind) {
  const TypeId dyn = types.Simple(TypeKind::kDyn);
  switch (kind) {
    case TypeKind::kList: return types.List(dyn);
    case TypeKind::kMap: return types.Map(dyn, dyn);
    case TypeKind::kOptional: return types.Optional(dyn);
    case TypeKind::kType: return types.TypeOfType(dyn);
    default: return types.Simple(kind);  // NOLINT: only the simple kinds of kTypeValues are left
  }
}

}  // namespace

ExpressionChecker::ExpressionChecker(TypedSet& set, DiagnosticSink& sink)
    : set_(set), sink_(sink), overloads_(set.types), unifier_(set.types) {
  constants_.resize(set.files.size());
  for (std::size_t i = 0; i < set.files.size(); ++i) {
    constants_[i].resize(set.files[i].exprs.size());
    set_.exprs[i].resize(set.files[i].exprs.size());
  }
}

Diagnostic& ExpressionChecker::Emit(DiagnosticKind kind, SourceSpan span, std::initializer_list<std::string_view> arguments) {
  if (muted_) return scratch_;
  const std::string key = std::to_string(static_cast<int>(kind)) + ':' + std::to_string(span.file.index) + ':' +
                          std::to_string(span.begin) + ':' + std::to_string(span.end);
  if (!emitted_.insert(key).second) return scratch_;
  return sink_.Emit(kind, span, arguments);
}

void ExpressionChecker::Suggest(Diagnostic& diagnostic, std::string_view name, std::span<const std::string_view> candidates) {
  const std::string_view closest = NearestName(name, candidates);
  if (!closest.empty()) diagnostic.help = "did you mean `" + std::string(closest) + "`?";
}

std::string ExpressionChecker::Text(TypeId type) { return types().Text(unifier_.Resolve(type, true)); }

TypeId ExpressionChecker::Check(ExprId root, const ExprScope& scope) {
  if (!root.valid()) return Error();
  scope_ = &scope;
  unifier_.Reset();
  iterations_.clear();
  touched_.clear();
  ready_.clear();
  body_fault_.reset();
  CheckNode(root);
  for (const ExprId id : touched_) info(id).type = unifier_.Resolve(info(id).type, true);
  const TypeId type = info(root).type;
  scope_ = nullptr;
  return type;
}

bool ExpressionChecker::CheckAs(ExprId root, const ExprScope& scope, TypeId wanted, std::string_view wanted_text) {
  const TypeId found = Check(root, scope);
  if (!root.valid() || unifier_.Assignable(found, wanted)) return true;
  Emit(DiagnosticKind::kTypeMismatch, set_.expr(scope.file, root).span, {Text(found), wanted_text});
  return false;
}

const Value* ExpressionChecker::TryConstant(FileId file, ExprId id) const {
  if (!id.valid()) return nullptr;
  const Value& value = constants_[file.index][id.index];
  return value.is(Kind::kAbsent) ? nullptr : &value;
}

// Chains are walked in a loop, from the inside out: each link finds the one below it checked. So recursion is bounded by nesting,
// not by the length of chains. A dotted name in front stays as it is: it may be one name (`google.protobuf.Timestamp`), or the
// namespace of a function, whose parts mean nothing.
TypeId ExpressionChecker::CheckNode(ExprId id) {
  if (!id.valid()) return Error();
  if (!ready_.empty() && ready_.back() == id) return info(id).type;
  std::vector<ExprId> links;
  std::size_t dotted = 0;  // selections at the end of `links`
  ExprId at = id;
  for (std::size_t operand = ChainOperand(expr(at)); operand != kNoChain; operand = ChainOperand(expr(at))) {
    dotted = expr(at).kind == ExprKind::kSelect ? dotted + 1 : 0;
    links.push_back(at);
    at = expr(at).args[operand];
    if (!at.valid()) break;
  }
  constexpr std::size_t kLongestName = 16;
  if (at.valid() && expr(at).kind == ExprKind::kIdent && dotted <= kLongestName) links.resize(links.size() - dotted);
  if (links.empty()) return CheckLink(id);
  TypeId type = CheckLink(links.back());
  for (std::size_t i = links.size() - 1; i-- > 0;) {
    ready_.push_back(links[i + 1]);
    type = CheckLink(links[i]);
    ready_.pop_back();
  }
  return type;
}

TypeId ExpressionChecker::CheckLink(ExprId id) {
  const Expr& e = expr(id);
  TypeId type = CheckKind(id, e);
  if (!scope_->check) type = Dyn();
  info(id).type = type;
  touched_.push_back(id);
  FoldNode(id, e);
  return type;
}

TypeId ExpressionChecker::CheckKind(ExprId id, const Expr& e) {
  switch (e.kind) {
    case ExprKind::kLiteral: return CheckLiteral(e);
    case ExprKind::kIdent: return CheckIdent(id, e);
    case ExprKind::kSelect: return CheckSelect(id, e);
    case ExprKind::kOptionalSelect: {
      bool optional = false;
      const TypeId member = MemberOf(e, CheckNode(e.args[0]), e.text, optional);
      return KindOf(member) == TypeKind::kOptional ? member : types().Optional(member);
    }
    case ExprKind::kHas: return CheckHas(e);
    case ExprKind::kCall: return CheckCall(id, e);
    case ExprKind::kUnary:
    case ExprKind::kBinary: return CheckOperator(id, e);
    case ExprKind::kAnd:
    case ExprKind::kOr: return CheckLogic(e);
    case ExprKind::kConditional: return CheckConditional(e);
    case ExprKind::kList: return CheckList(e);
    case ExprKind::kMap: return CheckMap(e);
    case ExprKind::kStruct: return CheckStruct(e);
    case ExprKind::kMacro: return CheckMacro(e);
  }
  WRIT_CHECK(false);
}

TypeId ExpressionChecker::CheckLiteral(const Expr& e) {
  switch (e.value.kind) {
    case Kind::kNull: return Simple(TypeKind::kNull);
    case Kind::kBool: return Simple(TypeKind::kBool);
    case Kind::kInt: return Simple(TypeKind::kInt);
    case Kind::kUint: return Simple(TypeKind::kUint);
    case Kind::kDouble: return Simple(TypeKind::kDouble);
    case Kind::kString: return Simple(TypeKind::kString);
    case Kind::kBytes: return Simple(TypeKind::kBytes);
    case Kind::kTimestamp: return Simple(TypeKind::kTimestamp);
    case Kind::kDuration: return Simple(TypeKind::kDuration);
    case Kind::kAbsent:
    case Kind::kList:
    case Kind::kMap:
    case Kind::kOptional:
    case Kind::kType:
    case Kind::kError:
    case Kind::kUnknown: return Dyn();
  }
  WRIT_CHECK(false);
}

// ---- names --------------------------------------------------------------------------------------

const ExpressionChecker::Iteration* ExpressionChecker::TryIteration(std::string_view name) const {
  for (auto it = iterations_.rbegin(); it != iterations_.rend(); ++it) {
    if (it->name == name) return &*it;
  }
  return nullptr;
}

// A variable or type of this (perhaps dotted) name, the container's first: for container a.b and name x try a.b.x, a.x, x.
bool ExpressionChecker::TryQualified(std::string_view name, bool rooted, ExprId id, TypeId& type) {
  std::string_view prefix = rooted ? std::string_view() : scope_->container;
  while (true) {
    std::string candidate(prefix);
    if (!candidate.empty()) candidate += '.';
    candidate += name;
    if (const auto found = scope_->variables->find(candidate); found != scope_->variables->end()) {
      info(id).reference = ReferenceKind::kVariable;
      info(id).name = candidate;
      type = found->second;
      return true;
    }
    for (const TypeValue& value : kTypeValues) {
      if (value.name != candidate) continue;
      info(id).reference = ReferenceKind::kTypeValue;
      info(id).name = candidate;
      type = types().TypeOfType(TypeOfValue(types(), value.kind));
      return true;
    }
    if (prefix.empty()) return false;
    const std::size_t dot = prefix.rfind('.');
    prefix = dot == std::string_view::npos ? std::string_view() : prefix.substr(0, dot);
  }
}

TypeId ExpressionChecker::CheckIdent(ExprId id, const Expr& e) {
  if (!e.rooted) {
    if (const Iteration* iteration = TryIteration(e.text)) {
      info(id).reference = ReferenceKind::kIteration;
      info(id).name = std::string(e.text);
      return iteration->type;
    }
    if (scope_->fn != nullptr) {
      for (std::size_t i = 0; i < scope_->fn->parameters.size(); ++i) {
        if (scope_->fn->parameters[i].name.text != e.text) continue;
        info(id).reference = ReferenceKind::kParameter;
        info(id).index = static_cast<std::uint32_t>(i);
        info(id).name = std::string(e.text);
        return scope_->parameters[i];
      }
    }
  }
  return CheckBareName(id, e);
}

TypeId ExpressionChecker::CheckBareName(ExprId id, const Expr& e) {
  TypeId type;
  if (TryQualified(e.text, e.rooted, id, type)) return type;
  if (scope_->package != nullptr) {
    if (const auto let = scope_->package->lets.find(e.text); let != scope_->package->lets.end()) {
      info(id).reference = ReferenceKind::kLet;
      info(id).index = let->second;
      info(id).name = std::string(e.text);
      return UseLet(e, let->second);
    }
  }
  info(id).reference = ReferenceKind::kVariable;
  info(id).name = std::string(e.text);
  if (!scope_->check) return Dyn();
  return UnknownIdent(e);
}

TypeId ExpressionChecker::UnknownIdent(const Expr& e) {
  const std::string name(e.text);
  if (IsBroken(e.text)) return Error();
  if (scope_->foreign != nullptr && scope_->foreign->contains(name)) {
    if (scope_->is_body) {
      if (!body_fault_) body_fault_ = BodyFault{name, e.span};
      return Error();
    }
    Diagnostic& diagnostic = Emit(DiagnosticKind::kUnknownName, e.span, {e.text});
    diagnostic.note = std::string(scope_->place) + " have no `" + name + "`";
    diagnostic.help = HelpForName(e.text);
    return Error();
  }
  std::vector<std::string_view> candidates;
  for (const Iteration& iteration : iterations_) candidates.push_back(iteration.name);
  if (scope_->fn != nullptr) {
    for (const Parameter& parameter : scope_->fn->parameters) candidates.push_back(parameter.name.text);
  }
  for (const auto& [variable, type] : *scope_->variables) candidates.push_back(variable);
  if (scope_->package != nullptr) {
    for (const auto& [let, index] : scope_->package->lets) candidates.push_back(let);
  }
  std::sort(candidates.begin(), candidates.end());  // the maps have no order, diagnostics must
  Diagnostic& diagnostic = Emit(DiagnosticKind::kUnknownName, e.span, {e.text});
  diagnostic.help = HelpForName(e.text);
  if (diagnostic.help.empty()) Suggest(diagnostic, e.text, candidates);
  if (scope_->package != nullptr && scope_->package->fns.contains(e.text))
    diagnostic.help = "`" + name + "` is a fn: call it with `" + name + "(…)`";
  return Error();
}

TypeId ExpressionChecker::UseLet(const Expr& e, std::uint32_t index) {
  if (!scope_->check) return Dyn();
  const BodyTable& bodies = *scope_->bodies;
  if (const auto& fault = bodies.let_faults[index]) {
    if (scope_->is_body) {
      if (!body_fault_) body_fault_ = fault;
      return Error();
    }
    Emit(DiagnosticKind::kUnknownName, e.span, {fault->root}).note =
        "`" + std::string(e.text) + "` uses `" + fault->root + "`, which " + std::string(scope_->place) + " do not have";
    return Error();
  }
  const TypeId type = bodies.let_types[index];
  return type.valid() ? type : Error();
}

// Returns "a.b.c" for a chain of plain selections down to an identifier that no macro variable or parameter shadows, else "".
std::string ExpressionChecker::DottedName(ExprId id, bool& rooted) const {
  std::vector<std::string_view> parts;
  ExprId at = id;
  while (expr(at).kind == ExprKind::kSelect) {
    parts.push_back(expr(at).text);
    at = expr(at).args[0];
    if (!at.valid()) return {};
  }
  const Expr& base = expr(at);
  if (base.kind != ExprKind::kIdent) return {};
  if (!base.rooted) {
    if (TryIteration(base.text) != nullptr) return {};
    if (scope_->fn != nullptr) {
      for (const Parameter& parameter : scope_->fn->parameters) {
        if (parameter.name.text == base.text) return {};
      }
    }
  }
  rooted = base.rooted;
  std::string name(base.text);
  for (auto part = parts.rbegin(); part != parts.rend(); ++part) {
    name += '.';
    name += *part;
  }
  return name;
}

// ---- members ------------------------------------------------------------------------------------

TypeId ExpressionChecker::CheckSelect(ExprId id, const Expr& e) {
  // Only these can make a dotted name one name; asking costs a string, so the common case does not.
  bool rooted = false;
  if (scope_->dotted || !scope_->container.empty() || e.text == "Timestamp" || e.text == "Duration") {
    const std::string name = DottedName(id, rooted);
    TypeId type;
    if (!name.empty() && TryQualified(name, rooted, id, type)) return type;
  }
  bool optional = false;
  const TypeId member = MemberOf(e, CheckNode(e.args[0]), e.text, optional);
  if (!optional || KindOf(member) == TypeKind::kOptional) return member;
  return types().Optional(member);
}

TypeId ExpressionChecker::CheckHas(const Expr& e) {
  bool optional = false;
  MemberOf(e, CheckNode(e.args[0]), e.text, optional);
  return Simple(TypeKind::kBool);
}

// The type of `operand.member`; `found_optional`: the operand was an optional, whose inside was looked at.
TypeId ExpressionChecker::MemberOf(const Expr& e, TypeId operand, std::string_view member, bool& found_optional) {
  if (!scope_->check) return Dyn();
  TypeId type = unifier_.Resolve(operand, false);
  if (KindOf(type) == TypeKind::kOptional) {
    found_optional = true;
    type = types()[type].parameters[0];
  }
  const TypeId given = type;
  type = types().WithoutNull(type);
  switch (KindOf(type)) {
    case TypeKind::kError: return Error();
    case TypeKind::kDyn: return Dyn();
    case TypeKind::kParameter:
      unifier_.Assignable(Dyn(), type);  // keeps the variable from being taken for something without members later
      return Dyn();
    case TypeKind::kMap: return types()[type].parameters[1];
    case TypeKind::kRecord: return RecordMember(e, type, member);
    case TypeKind::kUnion:
      if (HasAlternative(type, {TypeKind::kMap, TypeKind::kRecord})) return Dyn();
      break;
    default: break;  // NOLINT: the others have no members
  }
  const ExprId operand_id = e.args[0];
  Emit(DiagnosticKind::kNotSelectable, e.name_span, {ExprText(set_.files[scope_->file.index], operand_id), Text(given)});
  return Error();
}

bool ExpressionChecker::HasAlternative(TypeId type, std::initializer_list<TypeKind> kinds) const {
  const std::vector<TypeId>& all = types()[type].parameters;
  return std::any_of(all.begin(), all.end(), [&](TypeId one) { return std::find(kinds.begin(), kinds.end(), KindOf(one)) != kinds.end(); });
}

TypeId ExpressionChecker::RecordMember(const Expr& e, TypeId record, std::string_view member) {
  const Type& type = types()[record];
  std::vector<std::string_view> candidates;
  for (const RecordField& field : type.fields) {
    if (field.name == member) return field.type;
    candidates.push_back(field.name);
  }
  if (type.open) return Dyn();
  if (type.name == "data" || type.name.starts_with("data of ")) {
    if (IsBroken(member)) return Error();
    Diagnostic& diagnostic = Emit(DiagnosticKind::kNotImported, e.name_span, {member});
    Suggest(diagnostic, member, candidates);
    if (diagnostic.help.empty()) diagnostic.help = "import data " + std::string(member);
    return Error();
  }
  for (const std::string_view prefix : {"row of ", "related "}) {  // the records that targets.cc makes of tables
    if (!type.name.starts_with(prefix)) continue;
    std::string_view table = std::string_view(type.name).substr(prefix.size());
    table = table.substr(0, table.find(' '));
    Suggest(Emit(DiagnosticKind::kUnknownColumn, e.name_span, {table, member}), member, candidates);
    return Error();
  }
  Diagnostic& diagnostic = Emit(DiagnosticKind::kUnknownMember, e.name_span, {type.name, member});
  Suggest(diagnostic, member, candidates);
  if (diagnostic.help.empty()) diagnostic.help = HelpForMember(e, type, member);
  return Error();
}

// ---- logic and aggregates -----------------------------------------------------------------------

bool ExpressionChecker::NeedBool(ExprId operand, TypeId type) {
  if (!operand.valid() || !scope_->check || unifier_.Assignable(type, Simple(TypeKind::kBool))) return true;
  Emit(DiagnosticKind::kTypeMismatch, expr(operand).span, {Text(type), "bool"});
  return false;
}

TypeId ExpressionChecker::CheckLogic(const Expr& e) {
  for (const ExprId operand : e.args) NeedBool(operand, CheckNode(operand));
  return Simple(TypeKind::kBool);
}

TypeId ExpressionChecker::CheckConditional(const Expr& e) {
  NeedBool(e.args[0], CheckNode(e.args[0]));
  const TypeId arms[] = {CheckNode(e.args[1]), CheckNode(e.args[2])};
  if (!scope_->check) return Dyn();
  const TypeId result = unifier_.Fresh();
  if (unifier_.Assignable(arms[0], result) && unifier_.Assignable(arms[1], result)) return unifier_.Resolve(result, false);
  if (e.args[2].valid()) Emit(DiagnosticKind::kTypeMismatch, expr(e.args[2]).span, {Text(arms[1]), Text(arms[0])});
  return Error();
}

// The common type of two entries of a literal: the more general one when they agree, else dyn.
TypeId ExpressionChecker::Join(TypeId previous, TypeId next) {
  if (!previous.valid()) return next;
  return unifier_.Assignable(previous, next) ? unifier_.MoreGeneral(unifier_.Resolve(previous, false), unifier_.Resolve(next, false))
                                             : Dyn();
}

// `[?e]`, `{k: ?v}`: an optional stands for its inside, or for nothing.
TypeId ExpressionChecker::EntryType(ExprId entry, bool optional) {
  const TypeId type = CheckNode(entry);
  if (!optional || !scope_->check) return type;
  const TypeId inner = unifier_.Fresh();
  if (unifier_.Assignable(type, types().Optional(inner))) return unifier_.Resolve(inner, false);
  if (entry.valid()) Emit(DiagnosticKind::kTypeMismatch, expr(entry).span, {Text(type), "optional_type"});
  return Error();
}

TypeId ExpressionChecker::CheckList(const Expr& e) {
  TypeId element;
  for (std::size_t i = 0; i < e.args.size(); ++i) {
    const TypeId type = EntryType(e.args[i], i < e.optional.size() && e.optional[i]);
    if (scope_->check) element = Join(element, type);
  }
  if (!scope_->check) return Dyn();
  return types().List(element.valid() ? element : unifier_.Fresh());
}

TypeId ExpressionChecker::CheckMap(const Expr& e) {
  TypeId key;
  TypeId value;
  for (std::size_t i = 0; i + 1 < e.args.size(); i += 2) {
    const TypeId key_type = CheckNode(e.args[i]);
    const TypeId value_type = EntryType(e.args[i + 1], i / 2 < e.optional.size() && e.optional[i / 2]);
    if (!scope_->check) continue;
    key = Join(key, key_type);
    value = Join(value, value_type);
  }
  if (!scope_->check) return Dyn();
  // No list, map or optional is ever a key. Types with two parts that may both be large would grow
  // exponentially: {x: x} of {x: x} of …
  if (key.valid() && !types()[unifier_.Resolve(key, false)].parameters.empty()) key = Dyn();
  return types().Map(key.valid() ? key : unifier_.Fresh(), value.valid() ? value : unifier_.Fresh());
}

TypeId ExpressionChecker::CheckStruct(const Expr& e) {
  for (const ExprId field : e.args) CheckNode(field);
  Emit(DiagnosticKind::kUnknownType, e.name_span, {e.text}).help = "write a map: {\"field\": value}";
  return Error();
}

// ---- macros -------------------------------------------------------------------------------------

// What a macro's variable is: an item of a list, a key of a map.
TypeId ExpressionChecker::ElementOf(const Expr& e, TypeId range) {
  if (!scope_->check) return Dyn();
  const TypeId given = unifier_.Resolve(range, false);
  const TypeId type = types().WithoutNull(given);
  switch (KindOf(type)) {
    case TypeKind::kList:
    case TypeKind::kMap: return types()[type].parameters[0];
    case TypeKind::kRecord: return Simple(TypeKind::kString);
    case TypeKind::kError: return Error();
    case TypeKind::kDyn: return Dyn();
    case TypeKind::kParameter: unifier_.Assignable(Dyn(), type); return Dyn();
    case TypeKind::kUnion:
      if (HasAlternative(type, {TypeKind::kList, TypeKind::kMap, TypeKind::kRecord})) return Dyn();
      break;
    default: break;  // NOLINT: the others have no items
  }
  static constexpr std::string_view kNames[] = {"all", "exists", "exists_one", "map", "filter", "optMap", "optFlatMap"};
  Emit(DiagnosticKind::kNotIterable, expr(e.args[0]).span, {kNames[static_cast<std::size_t>(e.macro)], Text(given)});
  return Error();
}

TypeId ExpressionChecker::CheckBody(const Expr& e, TypeId variable, std::size_t first, std::vector<TypeId>& results) {
  const std::size_t before = iterations_.size();
  for (const std::string_view name : e.names) iterations_.push_back({name, variable});
  for (std::size_t i = first; i < e.args.size(); ++i) results.push_back(CheckNode(e.args[i]));
  iterations_.resize(before);
  return results.back();
}

TypeId ExpressionChecker::CheckOptionalMacro(const Expr& e, TypeId receiver) {
  const TypeId inner = unifier_.Fresh();
  if (!unifier_.Assignable(receiver, types().Optional(inner))) {
    Emit(DiagnosticKind::kTypeMismatch, expr(e.args[0]).span, {Text(receiver), "optional_type"});
    unifier_.Assignable(Error(), inner);
  }
  std::vector<TypeId> results;
  const TypeId result = CheckBody(e, unifier_.Resolve(inner, false), 1, results);
  if (e.macro == Macro::kOptMap) return types().Optional(result);
  const TypeId wanted = types().Optional(unifier_.Fresh());
  if (unifier_.Assignable(result, wanted)) return unifier_.Resolve(wanted, false);
  if (e.args[1].valid()) Emit(DiagnosticKind::kTypeMismatch, expr(e.args[1]).span, {Text(result), "optional_type"});
  return Error();
}

TypeId ExpressionChecker::CheckMacro(const Expr& e) {
  const TypeId range = CheckNode(e.args[0]);
  std::vector<TypeId> results;
  if (!scope_->check) return CheckBody(e, Dyn(), 1, results);
  switch (e.macro) {
    case Macro::kOptMap:
    case Macro::kOptFlatMap: return CheckOptionalMacro(e, range);
    case Macro::kAll:
    case Macro::kExists:
    case Macro::kExistsOne:
      CheckBody(e, ElementOf(e, range), 1, results);
      NeedBool(e.args[1], results[0]);
      return Simple(TypeKind::kBool);
    case Macro::kMap: {
      const TypeId result = CheckBody(e, ElementOf(e, range), 1, results);
      if (results.size() == 2) NeedBool(e.args[1], results[0]);
      return types().List(result);
    }
    case Macro::kFilter: {
      const TypeId element = ElementOf(e, range);
      CheckBody(e, element, 1, results);
      NeedBool(e.args[1], results[0]);
      return types().List(element);
    }
  }
  WRIT_CHECK(false);
}

// ---- written types ------------------------------------------------------------------------------

// list, list(T), map, map(K, V)
TypeId ExpressionChecker::CollectionType(const TypeExpr& type) {
  const bool is_list = type.name == "list";
  const std::size_t wanted = is_list ? 1 : 2;
  if (type.parameters.empty()) return TypeOfValue(types(), is_list ? TypeKind::kList : TypeKind::kMap);
  if (type.parameters.size() != wanted) {
    Emit(DiagnosticKind::kUnknownType, type.span, {type.name}).help = is_list ? "write list(T)" : "write map(K, V)";
    return Error();
  }
  const TypeId first = TypeOf(type.parameters[0]);
  return is_list ? types().List(first) : types().Map(first, TypeOf(type.parameters[1]));
}

TypeId ExpressionChecker::TypeWithoutNull(const TypeExpr& type) {
  static constexpr std::string_view kNames[] = {"bool", "bytes", "double", "duration",  "dyn", "int",
                                                "list", "map",   "string", "timestamp", "uint"};
  if (type.name == "list" || type.name == "map") return CollectionType(type);
  if (std::find(std::begin(kNames), std::end(kNames), type.name) != std::end(kNames) && type.parameters.empty()) {
    for (std::size_t kind = static_cast<std::size_t>(TypeKind::kDyn); kind <= static_cast<std::size_t>(TypeKind::kDuration); ++kind) {
      const TypeId simple = Simple(static_cast<TypeKind>(kind));
      if (types()[simple].name == type.name) return simple;
    }
  }
  Diagnostic& diagnostic = Emit(DiagnosticKind::kUnknownType, type.span, {type.name});
  Suggest(diagnostic, type.name, kNames);
  if (const ForeignWord* word = TryFindForeignWord(ForeignPlace::kType, type.name)) diagnostic.help = ForeignHelp(*word);
  return Error();
}

TypeId ExpressionChecker::TypeOf(const TypeExpr& type) {
  const TypeId result = TypeWithoutNull(type);
  return type.optional ? types().Nullable(result) : result;
}
// NOLINTEND(misc-no-recursion)

}  // namespace writ::dsl
