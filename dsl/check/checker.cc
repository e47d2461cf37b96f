// The checker's way through a policy set: declarations, then policies in source order, then what lies between them.
#include "dsl/check/checker.h"

#include <algorithm>

#include "dsl/check/dead_declarations.h"
#include "dsl/check/declarations.h"
#include "dsl/check/expression_checker.h"
#include "dsl/check/expression_warnings.h"
#include "dsl/check/kinds.h"
#include "dsl/check/policy_checker.h"
#include "dsl/check/targets.h"
#include "dsl/check/unused.h"

namespace writ::dsl {

TypedSet CheckPolicies(std::vector<FileTree> trees, std::span<const SourceFile> files, DiagnosticSink& sink) {
  TypedSet set;
  set.files = std::move(trees);
  set.exprs.resize(set.files.size());
  const bool complete = std::none_of(set.files.begin(), set.files.end(), [](const FileTree& tree) { return tree.has_faults; });
  ExpressionChecker checker(set, sink);
  const Declarations declarations = Declare(set, files, checker);
  PolicyChecker policies(set, declarations, checker, files);
  policies.FindTables();
  for (TypedPolicy& policy : set.policies) policies.CheckPolicy(policy);
  CheckKinds(set, checker);
  if (complete) policies.CheckTogether();
  policies.CheckRemainingBodies(sink);
  if (complete && !sink.has_errors()) {
    CheckDeadDeclarations(set, checker);
    WarnOfExpressions(set, checker);
    WarnOfUnused(set, files, checker);
  }
  for (const FileTree& tree : set.files) {
    for (const TestDecl& test : tree.tests) policies.CheckTest(tree, test, complete);
  }
  return set;
}

TypedSet CheckExpression(FileTree tree, ExprId root, ExpressionEnvironment& environment, DiagnosticSink& sink, TypeId& type) {
  TypedSet set;
  set.files.push_back(std::move(tree));
  set.exprs.resize(1);
  set.types = std::move(environment.types);
  {
    ExpressionChecker checker(set, sink);
    VariableTypes variables;
    ExprScope scope;
    scope.file = FileId(0);
    for (const ExpressionEnvironment::Variable& variable : environment.variables) {
      variables.emplace(variable.name, variable.type.valid() ? variable.type : set.types.Simple(TypeKind::kDyn));
      scope.dotted = scope.dotted || variable.name.find('.') != std::string::npos;
    }
    scope.variables = &variables;
    scope.container = environment.container;
    scope.declared = &environment.functions;
    scope.check = environment.check;
    scope.constant_faults = false;
    type = checker.Check(root, scope);
  }
  environment.types = set.types;  // a copy: the caller reads `type` in its own table
  return set;
}

}  // namespace writ::dsl
