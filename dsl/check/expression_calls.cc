// Checking of calls and operators: overload resolution, fns, namespaced and declared functions.
// NOLINTBEGIN(misc-no-recursion): depth <= SourceLimits::max_expression_depth, which the parser enforces
#include <algorithm>

#include "dsl/check/expression_checker.h"
#include "dsl/diagnostics/foreign_words.h"
#include "rules/base/check.h"
#include "rules/base/nearest_name.h"

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
  if (ReportDashedMember(e)) {
    CheckNode(e.args[0]);
    return Error();
  }
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
  if (scope_->check && ReportForeignNamespace(e)) return CheckForeignArguments(e);
  if (scope_->check && !IsFunction(e)) return UnknownFunction(id, e);
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
  return scope_->check ? CheckDeclared(e, e.text, e.is_method, arguments) : Dyn();
}

// Whether anything is called so: a fn of the package, a function of the language, or one that the environment declares.
bool ExpressionChecker::IsFunction(const Expr& e) const {
  if (!e.is_method && scope_->package != nullptr && scope_->package->fns.contains(e.text)) return true;
  if (overloads_.TryFind(e.text) != nullptr) return true;
  return scope_->declared != nullptr &&
         std::any_of(scope_->declared->begin(), scope_->declared->end(), [&](const auto& overload) { return overload.function == e.text; });
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
  FunctionOverloads overloads;
  for (const auto& overload : *scope_->declared) {
    if (overload.function != name) continue;
    overloads.all.push_back({overload.is_method, true, overload.parameters, overload.result});
  }
  if (overloads.all.empty()) return {};
  return ResolveOverload(e, overloads, is_method, arguments);
}

// CEL's rule: every overload of the call's style that the arguments fit is kept; if their results differ the result is dyn.
TypeId ExpressionChecker::ResolveOverload(const Expr& e, const FunctionOverloads& overloads, bool is_method,
                                          std::span<const TypeId> arguments) {
  TypeId result;
  std::vector<const Overload*> same_style;
  for (const Overload& overload : overloads.all) {
    if (overload.is_method != is_method) continue;
    same_style.push_back(&overload);
    if (overload.parameters.size() != arguments.size()) continue;
    std::vector<TypeId> parameters = overload.parameters;
    TypeId returned = overload.result;
    if (overload.generic) {
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
                                     std::span<const Overload* const> candidates) {
  const bool is_operator = e.kind == ExprKind::kBinary || e.kind == ExprKind::kUnary;
  const std::string shown = is_operator ? OperatorText(name) : std::string(name);
  const std::size_t receivers =
      e.is_method && !info(ExprId(static_cast<std::size_t>(&e - set_.files[scope_->file.index].exprs.data()))).namespaced ? 1 : 0;
  std::vector<std::size_t> counts;
  for (const Overload* overload : candidates) counts.push_back(overload->parameters.size() - receivers);
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
    diagnostic.help = e.is_method ? "write " + shown + "(…): it is not a method" : "write value." + shown + "(…): it is a method";
  if (arguments.size() == 2 && is_operator && (shown == "==" || shown == "!=" || shown == "in"))
    diagnostic.help = "convert one side, or compare with dyn(…)";
  if (const std::string help = HelpForOverload(e, shown, arguments); !help.empty()) diagnostic.help = help;
  return Error();
}

namespace {

struct MacroHelp {
  std::string_view name;
  std::string_view arguments;  // what it takes
  std::string_view example;
};
constexpr MacroHelp kMacros[] = {
    {"all", "2 arguments (a variable and a condition)", "list.all(x, x > 0)"},
    {"exists", "2 arguments (a variable and a condition)", "list.exists(x, x > 0)"},
    {"exists_one", "2 arguments (a variable and a condition)", "list.exists_one(x, x > 0)"},
    {"existsOne", "2 arguments (a variable and a condition)", "list.existsOne(x, x > 0)"},
    {"filter", "2 arguments (a variable and a condition)", "list.filter(x, x > 0)"},
    {"map", "2 or 3 arguments (a variable, perhaps a condition, and a value)", "list.map(x, x + 1)"},
    {"optMap", "2 arguments (a variable and a value)", "optional.optMap(x, x + 1)"},
    {"optFlatMap", "2 arguments (a variable and an optional)", "optional.optFlatMap(x, x.?member)"},
    {"has", "1 argument (the selection of a member)", "has(value.member)"},
};

const MacroHelp* TryFindMacroHelp(std::string_view name) {
  const auto* found = std::find_if(std::begin(kMacros), std::end(kMacros), [name](const MacroHelp& macro) { return macro.name == name; });
  return found == std::end(kMacros) ? nullptr : found;
}

}  // namespace

// A call of something that is no function: most often a misspelt one, or a macro with the wrong number of arguments.
TypeId ExpressionChecker::UnknownFunction(ExprId id, const Expr& e) {
  info(id).reference = ReferenceKind::kDeclared;
  info(id).name = std::string(e.text);
  std::string_view closest;
  if (const MacroHelp* macro = TryFindMacroHelp(e.text)) {
    closest = macro->name;
    const std::string found = std::to_string(e.args.size() - (e.is_method ? 1 : 0));
    const bool is_placed = e.is_method != (closest == "has");  // `has` is the only one that is no method
    Diagnostic& diagnostic = is_placed ? Emit(DiagnosticKind::kWrongMacroArguments, e.name_span, {e.text, macro->arguments, found})
                                       : Emit(DiagnosticKind::kUnknownFunction, e.name_span, {e.text});
    diagnostic.help = "write " + std::string(macro->example);
    if (e.text == "exists" && !e.is_method && e.args.size() == 1) diagnostic.help = "write `has(…)` to ask whether a member is there";
    if (e.is_method && e.args.size() == 4 && is_placed) diagnostic.help += ": a macro has one variable; over a map it is the key";
  } else if (FollowsFault(e)) {
    return CheckForeignArguments(e);
  } else if (e.is_method || !IsBroken(e.text)) {
    closest = ReportUnknownFunction(e);
  }
  CheckUnknownArguments(e, TryFindMacroHelp(closest) != nullptr && closest != "has");
  return Error();
}

// Returns the name that was probably meant, or "".
std::string_view ExpressionChecker::ReportUnknownFunction(const Expr& e) {
  std::vector<std::string_view> candidates = overloads_.names();
  for (const MacroHelp& macro : kMacros) candidates.push_back(macro.name);
  if (scope_->package != nullptr) {
    for (const auto& [fn, index] : scope_->package->fns) candidates.push_back(fn);
  }
  std::sort(candidates.begin(), candidates.end());
  Diagnostic& diagnostic = Emit(DiagnosticKind::kUnknownFunction, e.name_span, {e.text});
  const ForeignWord* word = TryFindForeignWord(ForeignPlace::kFunction, e.text);
  if (word != nullptr) {
    diagnostic.help = ForeignHelp(*word, CallTexts(e));
    return word->meant;
  }
  Suggest(diagnostic, e.text, candidates);
  return NearestName(e.text, candidates);
}

// Whether an unknown method belongs to what an unknown function before it would return: quantity("1Gi").asInteger().
bool ExpressionChecker::FollowsFault(const Expr& e) {
  if (!e.is_method || !e.args[0].valid() || expr(e.args[0]).kind != ExprKind::kCall) return false;
  return KindOf(CheckNode(e.args[0])) == TypeKind::kError && NearestName(e.text, overloads_.names()).empty();
}

// What stands in front of the function's name means nothing here; its arguments may have faults of their own.
TypeId ExpressionChecker::CheckForeignArguments(const Expr& e) {
  for (std::size_t i = 1; i < e.args.size(); ++i) CheckNode(e.args[i]);
  return Error();
}

// The arguments may have faults of their own. But where a macro may have been meant, plain names in front are its variables: no use
// of them is a fault, and they are not looked for.
void ExpressionChecker::CheckUnknownArguments(const Expr& e, bool is_macro) {
  std::size_t next = 0;
  if (e.is_method || (is_macro && !e.args.empty())) CheckNode(e.args[next++]);  // the receiver, or what should be it
  const auto is_name = [&](std::size_t i) {
    return e.args[i].valid() && expr(e.args[i]).kind == ExprKind::kIdent && !expr(e.args[i]).rooted;
  };
  const std::size_t bound = iterations_.size();
  if (is_macro || e.is_method) {
    for (; next + 1 < e.args.size() && is_name(next); ++next) iterations_.push_back({expr(e.args[next]).text, Error()});
  }
  if (is_macro && next + 1 == e.args.size() && iterations_.size() == bound && is_name(next)) ++next;  // `.exists(x)`
  for (; next < e.args.size(); ++next) CheckNode(e.args[next]);
  iterations_.resize(bound);
}
// NOLINTEND(misc-no-recursion)

}  // namespace writ::dsl
