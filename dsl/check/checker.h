// The checker: syntax trees in, typed tree and diagnostics out. Resolves names, types CEL expressions (docs/language.md,
// "Types"), and checks what declarations, rules and test blocks say.
//
//   DiagnosticSink sink;
//   TypedSet set = CheckPolicies(std::move(trees), files, {}, sink);
//   if (!sink.has_errors()) Lower(set, …);
#pragma once

#include <span>
#include <vector>

#include "dsl/check/typed_tree.h"
#include "dsl/diagnostics/diagnostic.h"
#include "dsl/lower/expression.h"
#include "rules/base/limits.h"
#include "rules/base/source.h"

namespace writ::dsl {

// Checks the files of one policy set together. `trees[i].file` is FileId(i), and every tree is complete; what the parser refused is
// not in it, and uses of names that were declared there are not reported. `files` are borrowed for the places that notes name. Files with
// the same package share lets, fns, tables, signers, imports and policy names. The result may be lowered exactly when `sink` has no errors.
// Thread-safe. Cost: linear in the text; lets and fns once per target that uses them.
TypedSet CheckPolicies(std::vector<FileTree> trees, std::span<const SourceFile> files, DiagnosticSink& sink);

// Checks one expression. With `environment.check` off, only names are resolved and every type is dyn. Constant faults (a bad
// regex) are left to run time, where `||` may absorb them. `type` receives the static type, in `environment.types`.
TypedSet CheckExpression(FileTree tree, ExprId root, ExpressionEnvironment& environment, DiagnosticSink& sink, TypeId& type);

}  // namespace writ::dsl
