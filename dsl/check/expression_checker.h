// Checks single expressions: resolves every name, types every node, folds constants. One object serves a whole policy set; what
// names mean is handed in as an ExprScope.
#pragma once

#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "dsl/check/overloads.h"
#include "dsl/check/typed_tree.h"
#include "dsl/check/unify.h"
#include "dsl/diagnostics/diagnostic.h"
#include "dsl/lower/expression.h"
#include "rules/function/regex_checker.h"

namespace writ::dsl {

using VariableTypes = std::unordered_map<std::string, TypeId>;

// The names that the files of one package share; values index the vectors of TypedSet.
struct PackageNames {
  std::unordered_map<std::string_view, std::uint32_t> lets, fns, tables, signers, policies;
  std::unordered_set<std::string_view> broken;  // declared, as whatever, where the parser found faults: uses are not reported
};

// Why a let or fn cannot be used in a scope: its body (or what it uses) names a root that the target lacks.
struct BodyFault {
  std::string root;
  SourceSpan span;
};

// What is known about lets and fns in one scope (one target, one row type); by index into TypedSet.
struct BodyTable {
  std::vector<TypeId> let_types;
  std::vector<std::optional<BodyFault>> let_faults;
  std::vector<std::optional<BodyFault>> fn_faults;
};

// What identifiers mean where an expression stands. Borrowed during Check.
struct ExprScope {
  FileId file;
  const VariableTypes* variables = nullptr;
  const VariableTypes* foreign = nullptr;  // roots of other targets: for help, and for faults of bodies
  std::string_view place;                  // "policies for tools"; for help
  std::string_view container;              // "" = none
  const PackageNames* package = nullptr;
  const BodyTable* bodies = nullptr;
  const FnDecl* fn = nullptr;      // inside its body
  std::vector<TypeId> parameters;  // of `fn`
  const std::vector<ExpressionEnvironment::Overload>* declared = nullptr;
  bool dotted = false;          // some variable's name has a dot
  bool check = true;            // false: names only, all types dyn, unknown names are variables
  bool constant_faults = true;  // report constants that cannot be evaluated
  bool is_body = false;         // a let or fn: foreign roots are recorded, not reported
};

// Not thread-safe.
class ExpressionChecker {
 public:
  ExpressionChecker(TypedSet& set, DiagnosticSink& sink);

  // Checks an expression and everything below it, writes TypedSet::exprs, returns its type (kError after a diagnostic).
  // An invalid id gives kError. Cost: linear in its nodes.
  TypeId Check(ExprId root, const ExprScope& scope);
  // Check, then TypeMismatch unless the type may stand for `wanted`. Returns whether it may.
  bool CheckAs(ExprId root, const ExprScope& scope, TypeId wanted, std::string_view wanted_text);

  // Returns the value of an expression that Check has found to be constant, or nullptr. It may be an error.
  const Value* TryConstant(FileId file, ExprId id) const;

  // The fault that the last Check of a body (ExprScope::is_body) met, if any.
  const std::optional<BodyFault>& body_fault() const { return body_fault_; }

  // Emits unless the same kind was emitted for the same place before (bodies are checked once per target).
  Diagnostic& Emit(DiagnosticKind kind, SourceSpan span, std::initializer_list<std::string_view> arguments);
  // Between Mute and Unmute nothing is reported.
  void Mute() { muted_ = true; }
  void Unmute() { muted_ = false; }
  // Adds "did you mean `x`?" when some candidate is close.
  static void Suggest(Diagnostic& diagnostic, std::string_view name, std::span<const std::string_view> candidates);

  // Returns the type that a `type` names, reporting UnknownType. Parameters are checked too.
  TypeId TypeOf(const TypeExpr& type);

 private:
  struct Iteration {
    std::string_view name;
    TypeId type;
  };

  RegexChecker regex_checker_;

  TypeTable& types() { return set_.types; }
  const TypeTable& types() const { return set_.types; }
  TypeId Simple(TypeKind kind) { return set_.types.Simple(kind); }
  TypeId Error() { return Simple(TypeKind::kError); }
  TypeId Dyn() { return Simple(TypeKind::kDyn); }
  const Expr& expr(ExprId id) const { return set_.expr(scope_->file, id); }
  TypedExpr& info(ExprId id) { return set_.exprs[scope_->file.index][id.index]; }
  TypeKind KindOf(TypeId type) const { return set_.types[type].kind; }
  std::string Text(TypeId type);

  TypeId CollectionType(const TypeExpr& type);
  TypeId TypeWithoutNull(const TypeExpr& type);
  TypeId CheckNode(ExprId id);
  TypeId CheckLink(ExprId id);
  TypeId CheckKind(ExprId id, const Expr& e);
  TypeId CheckLiteral(const Expr& e);
  TypeId CheckIdent(ExprId id, const Expr& e);
  TypeId CheckBareName(ExprId id, const Expr& e);
  TypeId UnknownIdent(const Expr& e);
  bool IsBroken(std::string_view name) const { return scope_->package != nullptr && scope_->package->broken.contains(name); }
  TypeId UseLet(const Expr& e, std::uint32_t index);
  TypeId CheckSelect(ExprId id, const Expr& e);
  TypeId CheckHas(const Expr& e);
  TypeId CheckLogic(const Expr& e);
  TypeId CheckConditional(const Expr& e);
  TypeId CheckList(const Expr& e);
  TypeId CheckMap(const Expr& e);
  TypeId CheckStruct(const Expr& e);
  TypeId CheckMacro(const Expr& e);
  TypeId CheckOptionalMacro(const Expr& e, TypeId receiver);
  TypeId CheckBody(const Expr& e, TypeId variable, std::size_t first, std::vector<TypeId>& results);
  TypeId ElementOf(const Expr& e, TypeId range);
  TypeId CheckOperator(ExprId id, const Expr& e);
  TypeId CheckIndexOfRecord(const Expr& e, TypeId record, bool optional);
  TypeId CheckCall(ExprId id, const Expr& e);
  TypeId CheckFnCall(const Expr& e, std::uint32_t index, std::span<const TypeId> arguments);
  TypeId CheckDeclared(const Expr& e, std::string_view name, bool is_method, std::span<const TypeId> arguments);
  TypeId ResolveOverload(const Expr& e, const FunctionOverloads& overloads, bool is_method, std::span<const TypeId> arguments);
  TypeId NoOverload(const Expr& e, std::string_view name, std::span<const TypeId> arguments, std::span<const Overload* const> candidates);
  bool IsFunction(const Expr& e) const;
  TypeId UnknownFunction(ExprId id, const Expr& e);
  std::string_view ReportUnknownFunction(const Expr& e);
  void CheckUnknownArguments(const Expr& e, bool is_macro);
  bool TryNamespaced(ExprId id, const Expr& e, TypeId& result);

  // ---- expression_help.cc
  struct Operand;
  Operand OperandOf(ExprId id, TypeId type);
  std::string HelpForOverload(const Expr& e, std::string_view shown, std::span<const TypeId> arguments);
  std::string HelpForNot(const Operand& a);
  std::string HelpForMethod(std::string_view shown, const Operand& a, const Operand& b);
  std::string HelpForIn(const Operand& a, const Operand& b);
  std::string HelpForNull(std::string_view shown, const Operand& a);
  std::string HelpForConversion(std::string_view shown, const Operand& a, const Operand& b);
  static bool ConvertsRight(std::string_view shown, const Operand& a, const Operand& b);
  static std::string Converted(const Operand& a, TypeKind wanted);
  std::string MemberMeant(const Operand& a) const;
  bool IsKnown(const Expr& e) const;
  std::string HelpForName(std::string_view name) const;
  std::string HelpForMember(const Expr& e, const Type& record, std::string_view member) const;
  bool ReportDashedMember(const Expr& e);
  std::vector<std::string> CallTexts(const Expr& e) const;
  bool ReportForeignNamespace(const Expr& e);
  TypeId CheckForeignArguments(const Expr& e);
  bool FollowsFault(const Expr& e);

  bool NeedBool(ExprId operand, TypeId type);
  TypeId MemberOf(const Expr& e, TypeId operand, std::string_view member, bool& found_optional);
  // Is some alternative of a union of one of the kinds?
  bool HasAlternative(TypeId type, std::initializer_list<TypeKind> kinds) const;
  TypeId RecordMember(const Expr& e, TypeId record, std::string_view member);
  TypeId EntryType(ExprId entry, bool optional);
  TypeId Join(TypeId previous, TypeId next);
  bool TryQualified(std::string_view name, bool rooted, ExprId id, TypeId& type);
  std::string DottedName(ExprId id, bool& rooted) const;
  const Iteration* TryIteration(std::string_view name) const;

  void FoldNode(ExprId id, const Expr& e);
  std::optional<Value> Fold(ExprId id, const Expr& e);
  std::optional<Value> FoldLogic(const Expr& e);
  std::optional<Value> FoldAggregate(const Expr& e);
  void CheckRegex(const Expr& e);
  const Value* Constant(ExprId id) const { return TryConstant(scope_->file, id); }

  TypedSet& set_;
  DiagnosticSink& sink_;
  OverloadTable overloads_;
  Unifier unifier_;
  Arena arena_;                                // of folded constants
  std::vector<std::vector<Value>> constants_;  // [file][expression]; kAbsent = not constant
  bool muted_ = false;
  std::unordered_set<std::string> emitted_;
  Diagnostic scratch_{};
  const ExprScope* scope_ = nullptr;  // during Check
  std::vector<Iteration> iterations_;
  std::vector<ExprId> ready_;    // links of chains that are checked and whose reader is being checked; the innermost last
  std::vector<ExprId> touched_;  // nodes of the current expression, whose types are resolved at the end
  std::optional<BodyFault> body_fault_;
};

}  // namespace writ::dsl
