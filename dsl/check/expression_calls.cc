// Checking of calls and operators: overload resolution, fns, namespaced and declared functions.
// NOLINTBEGIN(misc-no-recursion): depth <= SourceLimits::max_expression_depth, which the parser enforces
#include <algorithm>

#include "dsl/check/expression_checker.h"
#include "rules/base/check.h"

namespace writ::dsl {
namespace {

// Returns "==" for "_==_", "[…]" for "_[_]": operators as people write them.
std::string OperatorText(std::string_view name) {
  if (name == "@in") return "in";
  if (name == "_[_]") return "[…]";
  if (name == "_[?_]") return "[?…]";
  std::string text;
  for (const char c : name) {
    if (c != '_') text += c;
  }
  return text;
}

}  // namespace

TypeId ExpressionChecker::CheckOperator(ExprId id, const Expr& e) {
  const FunctionOverloads* overloads = overloads_.TryFind(e.text);
  WRIT_CHECK(overloads != nullptr);  // the parser writes only names of function_list.h
  info(id).reference = ReferenceKind::kFunction;
  info(id).function = overloads->function;
  std::vector<TypeId> arguments;
  for (const ExprId argument : e.args) arguments.push_back(CheckNode(argument));
  if (!scope_->check) return Dyn();
  const Function function = overloads->function;
  if (function == Function::kIndex || function == Function::kOptionalIndex) {
    const TypeId range = unifier_.Resolve(arguments[0], false);
    const bool optional = KindOf(range) == TypeKind::kOptional;
    const TypeId inner = optional ? types()[range].parameters[0] : range;
    if (KindOf(inner) == TypeKind::kRecord) {
      const TypeId member = CheckIndexOfRecord(e, inner, optional || function == Function::kOptionalIndex);
      if (member.valid()) return member;
    }
  }
  return ResolveOverload(e, *overloads, false, arguments);
}

// record["name"] is record.name; with a computed name the record is a map.
TypeId ExpressionChecker::CheckIndexOfRecord(const Expr& e, TypeId record, bool optional) {
  const Expr& key = expr(e.args[1]);
  if (key.kind != ExprKind::kLiteral || !key.value.is(Kind::kString)) return {};
  Expr member = key;  // the diagnostic belongs under the key
  member.name_span = key.span;
  const TypeId type = RecordMember(member, record, key.value.string());
  return optional && KindOf(type) != TypeKind::kOptional ? types().Optional(type) : type;
}

TypeId ExpressionChecker::CheckCall(ExprId id, const Expr& e) {
  TypeId result;
  if (TryNamespaced(id, e, result)) return result;
  std::vector<TypeId> arguments;
  for (const ExprId argument : e.args) arguments.push_back(CheckNode(argument));
  if (!e.is_method && scope_->package != nullptr) {
    if (const auto fn = scope_->package->fns.find(e.text); fn != scope_->package->fns.end()) {
      info(id).reference = ReferenceKind::kFn;
      info(id).index = fn->second;
      return CheckFnCall(e, fn->second, arguments);
    }
  }
  if (const FunctionOverloads* overloads = overloads_.TryFind(e.text)) {
    info(id).reference = ReferenceKind::kFunction;
    info(id).function = overloads->function;
    result = scope_->check ? ResolveOverload(e, *overloads, e.is_method, arguments) : Dyn();
    if (overloads->function == Function::kMatches) CheckRegex(e);
    return result;
  }
  info(id).reference = ReferenceKind::kDeclared;
  info(id).name = std::string(e.text);
  if (!scope_->check) return Dyn();
  result = CheckDeclared(e, e.text, e.is_method, arguments);
  return result.valid() ? result : UnknownFunction(e, e.text);
}

// `optional.of(x)`: a method call whose receiver only spells the function's namespace. A macro variable of that name is a receiver.
bool ExpressionChecker::TryNamespaced(ExprId id, const Expr& e, TypeId& result) {
  if (!e.is_method || e.args.empty() || !e.args[0].valid()) return false;
  const ExprKind receiver = expr(e.args[0]).kind;
  if (receiver != ExprKind::kIdent && receiver != ExprKind::kSelect) return false;
  bool rooted = false;
  std::string name = DottedName(e.args[0], rooted);
  if (name.empty()) return false;
  name += '.';
  name += e.text;
  const FunctionOverloads* overloads = overloads_.TryFind(name);
  bool declared = false;
  if (scope_->declared != nullptr) {
    for (const auto& overload : *scope_->declared) declared = declared || (overload.function == name && !overload.is_method);
  }
  if (overloads == nullptr && !declared) return false;
  info(id).namespaced = true;
  std::vector<TypeId> arguments;
  for (std::size_t i = 1; i < e.args.size(); ++i) arguments.push_back(CheckNode(e.args[i]));
  if (overloads == nullptr) {
    info(id).reference = ReferenceKind::kDeclared;
    info(id).name = name;
    result = scope_->check ? CheckDeclared(e, name, false, arguments) : Dyn();
    return true;
  }
  info(id).reference = ReferenceKind::kFunction;
  info(id).function = overloads->function;
  result = scope_->check ? ResolveOverload(e, *overloads, false, arguments) : Dyn();
  return true;
}

TypeId ExpressionChecker::CheckFnCall(const Expr& e, std::uint32_t index, std::span<const TypeId> arguments) {
  const FnDecl& fn = *set_.fns[index].decl;
  if (arguments.size() != fn.parameters.size()) {
    const std::string wanted = std::to_string(fn.parameters.size()) + (fn.parameters.size() == 1 ? " argument" : " arguments");
    Emit(DiagnosticKind::kWrongArgumentCount, e.name_span, {e.text, wanted, std::to_string(arguments.size())});
    return Error();
  }
  if (!scope_->check) return Dyn();
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    const TypeId wanted = TypeOf(fn.parameters[i].type);
    if (!e.args[i].valid() || unifier_.Assignable(arguments[i], wanted)) continue;
    Emit(DiagnosticKind::kTypeMismatch, expr(e.args[i]).span, {Text(arguments[i]), types().Text(wanted)});
  }
  if (const auto& fault = scope_->bodies->fn_faults[index]) {
    if (scope_->is_body) {
      if (!body_fault_) body_fault_ = fault;
    } else {
      Emit(DiagnosticKind::kUnknownName, e.name_span, {fault->root}).note =
          "`" + std::string(e.text) + "` uses `" + fault->root + "`, which " + std::string(scope_->place) + " do not have";
    }
    return Error();
  }
  return TypeOf(fn.result);
}

TypeId ExpressionChecker::CheckDeclared(const Expr& e, std::string_view name, bool is_method, std::span<const TypeId> arguments) {
  if (scope_->declared == nullptr) return {};
  std::vector<Signature> signatures;
  for (const auto& overload : *scope_->declared) {
    if (overload.function != name) continue;
    signatures.push_back({overload.is_method, true, overload.parameters, overload.result});
  }
  if (signatures.empty()) return {};
  FunctionOverloads overloads;
  overloads.signatures = std::move(signatures);
  return ResolveOverload(e, overloads, is_method, arguments);
}

// CEL's rule: every overload of the call's style that the arguments fit is kept; if their results differ the result is dyn.
TypeId ExpressionChecker::ResolveOverload(const Expr& e, const FunctionOverloads& overloads, bool is_method,
                                          std::span<const TypeId> arguments) {
  TypeId result;
  std::vector<const Signature*> same_style;
  for (const Signature& signature : overloads.signatures) {
    if (signature.is_method != is_method) continue;
    same_style.push_back(&signature);
    if (signature.parameters.size() != arguments.size()) continue;
    std::vector<TypeId> parameters = signature.parameters;
    TypeId returned = signature.result;
    if (signature.generic) {
      std::vector<std::pair<TypeId, TypeId>> names;
      for (TypeId& parameter : parameters) parameter = unifier_.Instantiate(parameter, names);
      returned = unifier_.Instantiate(returned, names);
    }
    if (!unifier_.AllAssignable(arguments, parameters)) continue;
    returned = unifier_.Resolve(returned, false);
    if (!result.valid()) {
      result = returned;
    } else if (result != returned) {
      result = Dyn();
    }
  }
  if (result.valid()) return result;
  return NoOverload(e, e.text, arguments, same_style);
}

TypeId ExpressionChecker::NoOverload(const Expr& e, std::string_view name, std::span<const TypeId> arguments,
                                     std::span<const Signature* const> candidates) {
  const bool is_operator = e.kind == ExprKind::kBinary || e.kind == ExprKind::kUnary;
  const std::string shown = is_operator ? OperatorText(name) : std::string(name);
  const std::size_t receivers =
      e.is_method && !info(ExprId(static_cast<std::size_t>(&e - set_.files[scope_->file.index].exprs.data()))).namespaced ? 1 : 0;
  std::vector<std::size_t> counts;
  for (const Signature* signature : candidates) counts.push_back(signature->parameters.size() - receivers);
  std::sort(counts.begin(), counts.end());
  counts.erase(std::unique(counts.begin(), counts.end()), counts.end());
  if (!counts.empty() && std::find(counts.begin(), counts.end(), arguments.size() - receivers) == counts.end()) {
    std::string wanted;
    for (const std::size_t count : counts) wanted += (wanted.empty() ? "" : " or ") + std::to_string(count);
    wanted += wanted == "1" ? " argument" : " arguments";
    Emit(DiagnosticKind::kWrongArgumentCount, e.name_span, {shown, wanted, std::to_string(arguments.size() - receivers)});
    return Error();
  }
  std::string found;
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    if (KindOf(arguments[i]) == TypeKind::kError) return Error();  // has its diagnostic already
    if (i > 0) found += ", ";
    found += Text(arguments[i]);
  }
  Diagnostic& diagnostic = Emit(DiagnosticKind::kNoMatchingOverload, e.name_span, {shown, found});
  if (candidates.empty())
    diagnostic.help = e.is_method ? "write " + shown + "(…): it is no method" : "write value." + shown + "(…): it is a method";
  if (arguments.size() == 2 && is_operator && (shown == "==" || shown == "!=" || shown == "in"))
    diagnostic.help = "convert one side, or compare with dyn(…)";
  return Error();
}

TypeId ExpressionChecker::UnknownFunction(const Expr& e, std::string_view name) {
  std::vector<std::string_view> candidates = overloads_.names();
  static constexpr std::string_view kMacros[] = {"all", "exists", "exists_one", "filter", "has", "map", "optFlatMap", "optMap"};
  candidates.insert(candidates.end(), std::begin(kMacros), std::end(kMacros));
  if (scope_->package != nullptr) {
    for (const auto& [fn, index] : scope_->package->fns) candidates.push_back(fn);
  }
  std::sort(candidates.begin(), candidates.end());
  Suggest(Emit(DiagnosticKind::kUnknownFunction, e.name_span, {name}), name, candidates);
  return Error();
}
// NOLINTEND(misc-no-recursion)

}  // namespace writ::dsl
