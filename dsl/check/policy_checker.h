// Checks policies and test blocks against the declarations. Internal to dsl/check: checker.h is the interface.
#pragma once

#include <map>
#include <memory>
#include <set>
#include <span>
#include <string>
#include <tuple>
#include <vector>

#include "dsl/check/declarations.h"
#include "dsl/check/expression_checker.h"
#include "dsl/check/targets.h"
#include "rules/base/source.h"

namespace writ::dsl {

// What names mean in policies of one package about one target (and, for rows, one row type), and what is known of bodies there.
struct TargetScope {
  Target target = Target::kTools;
  std::uint32_t package = 0;
  std::string place;  // "policies for tools"
  VariableTypes variables;
  BodyTable bodies;
  std::vector<bool> let_done, fn_done;
};

// Not thread-safe; lives during one CheckPolicies.
class PolicyChecker {
 public:
  PolicyChecker(TypedSet& set, const Declarations& declarations, ExpressionChecker& checker, std::span<const SourceFile> files);

  // Finds the tables of all policies about rows. Call first: a mask of one policy concerns the messages of all.
  void FindTables();
  void CheckPolicy(TypedPolicy& policy);
  // Looks across policies: shadowed allows. Call after all policies were checked, and only when all that was written is there.
  void CheckTogether();
  // Checks lets and fns that no policy uses, then gives all bodies the types that hold for every target.
  void CheckRemainingBodies(DiagnosticSink& sink);
  // `complete`: all policies that were written are there, so that what no policy is about can be said.
  void CheckTest(const FileTree& tree, const TestDecl& test, bool complete);

 private:
  struct RuleContext {
    TypedPolicy& policy;
    TargetScope& scope;
    ExprScope names;
  };

  // ---- scopes and bodies (policy_checker.cc)
  TargetScope& ScopeFor(const TypedPolicy& policy);
  TargetScope MakeScope(std::uint32_t package, VariableTypes variables, std::string place) const;
  ExprScope NamesIn(const TargetScope& scope, FileId file) const;
  void PrepareBodies(TargetScope& scope, FileId file, ExprId root);
  void CheckBody(TargetScope& scope, const BodyRef& body);
  std::vector<BodyRef> UsesOf(const BodyRef& body) const;
  std::size_t PlaceOf(const BodyRef& body) const;

  // ---- rules (rule_checks.cc)
  void FindTablesOf(TypedPolicy& policy);
  TypeId RowType(const TypedPolicy& policy);
  std::vector<const TypedTable*> RelatedTables(const TypedTable& table) const;
  void CheckRuleIds(const PolicyDecl& policy);
  void CheckRule(RuleContext& context, const RuleDecl& rule);
  void CheckCondition(RuleContext& context, ExprId condition);
  void CheckMessage(RuleContext& context, const RuleDecl& rule);
  void CheckMaskedColumns(RuleContext& context, ExprId root, SourceSpan span);
  void CheckKeys(RuleContext& context, const LimitClause& limit);
  void CheckImage(RuleContext& context, const RuleDecl& rule);
  void CheckPredicateCondition(RuleContext& context, ExprId condition);
  std::set<std::string_view> CheckSigners(const SignerExpr& signers, std::uint32_t package);
  void CheckColumns(const TypedPolicy& policy, const RuleDecl& rule);
  TypeId CheckRoot(RuleContext& context, ExprId root);
  void FindMaskedColumns();
  std::set<std::string_view> MaskedColumns(const TypedPolicy& policy) const;
  bool IsBroken(std::string_view name, std::uint32_t package) const { return declarations_.names[package].broken.contains(name); }
  void NeedSigner(const Name& signer, std::uint32_t package);
  void NeedPredicateType(const StringLiteral& type);

  // ---- patterns (pattern_checks.cc)
  void CheckPatterns(const PolicyDecl& policy);
  void CheckPattern(const Pattern& pattern, Target target, bool allows);
  void CheckUriReads(RuleContext& context, const RuleDecl& rule);
  std::vector<std::pair<FileId, ExprId>> RootsOf(std::uint32_t package, FileId file, ExprId root) const;
  bool Reads(const std::vector<std::pair<FileId, ExprId>>& roots, std::string_view root, std::string_view member) const;

  // ---- tests (test_checks.cc)
  struct PlacedExpr {
    FileId file;
    ExprId id;
  };
  static constexpr std::size_t kMaxLetsInLets = 64;  // deep enough for data, shallow enough for the stack
  void CheckStep(const TestStep& step, std::uint32_t package);
  void CheckStepData(const TestStep& step, std::uint32_t package);
  void CheckPath(FileId file, ExprId path);
  void NeedDetermining(const Name& by, std::uint32_t package);
  void CheckExpectation(const TestStep& step, std::uint32_t package);
  void CheckCovered(const TestStep& step, std::uint32_t package);
  std::string KindAdmitted(const TestStep& step) const;
  void ReportNotCovered(const TestStep& step, std::string_view scope, std::span<const std::string_view> candidates);
  bool IsAdmitted(const TypedPolicy& policy, std::string_view kind, std::string_view operation) const;
  void CheckData(PlacedExpr data, std::uint32_t package, std::string_view wanted);
  bool RefuseVariable(PlacedExpr data, std::uint32_t package, std::vector<std::uint32_t>& open);
  bool RefuseLet(const Expr& use, std::uint32_t package, std::vector<std::uint32_t>& open);
  PlacedExpr Resolve(PlacedExpr data, std::uint32_t package) const;
  void CheckMemberType(PlacedExpr data, Target target, const std::string& path);
  void CheckMembers(PlacedExpr data, Target target, std::string_view root);
  const TypedTable* NeedTable(const Name& name, std::uint32_t package);
  void CheckRowData(PlacedExpr data, const TypedTable& table);
  std::string_view ServerOf(const TestStep& step, std::uint32_t package) const;
  void NeedColumn(const TypedTable& table, std::string_view column, SourceSpan span);
  bool Applies(const TypedPolicy& policy, Target target, std::string_view scope) const;

  TypedSet& set_;
  const Declarations& declarations_;
  ExpressionChecker& checker_;
  std::span<const SourceFile> files_;
  TargetTypes targets_;
  std::map<std::tuple<std::uint32_t, Target, TypeId>, std::unique_ptr<TargetScope>> scopes_;
  std::vector<VariableTypes> all_variables_;  // by package
  VariableTypes no_variables_;
  PackageNames no_names_;
  BodyTable dyn_bodies_;                                           // every let is dyn: for data of tests
  std::map<std::string_view, std::set<std::string_view>> masked_;  // table → columns
  std::vector<bool> let_used_, fn_used_;
  std::vector<std::size_t> places_;  // of lets, then fns, in Declarations::order
};

// Returns how a rule is called: its `@id`, else `r` and its place in the policy, from 1.
std::string RuleIdOf(const PolicyDecl& policy, std::size_t position);

// Returns true if every name that pattern `inner` matches is matched by `outer`; false when that is not certain.
bool PatternCovers(std::string_view outer, const Pattern& inner);

}  // namespace writ::dsl
