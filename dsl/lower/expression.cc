// Single expressions: the same way as policies, with one root and no lets.
#include "dsl/lower/expression.h"

#include "dsl/check/checker.h"
#include "dsl/lower/graph_builder.h"
#include "dsl/parse/parser.h"
#include "rules/build/build.h"
#include "rules/opt/program_nodes.h"

namespace writ::dsl {
namespace {

// Writes the expression and the environment's variables into a program; returns the expression's
// node.
NodeId Lower(const TypedSet& set, ExprId root, const SourceFile& file, std::span<const ExpressionEnvironment::Variable> variables,
             DiagnosticSink& sink, draft::Program& program) {
  Graph graph(true);
  const std::vector<LineIndex> lines = {LineIndex(FileId(0), file.text)};
  GraphBuilder builder(set, graph, lines, SourceLimits{}, true);
  const NodeId node = builder.Build(FileId(0), root);
  if (builder.fault() != BuildFault::kNone || !graph.ok()) {
    sink.Emit(DiagnosticKind::kProgramTooLarge, set.expr(FileId(0), root).span, {"the expression is too large"});
    return {};
  }
  std::vector<SlotId> roots;
  for (const ExpressionEnvironment::Variable& variable : variables) roots.push_back(graph.Root(variable.name));
  const NodeId written[] = {node};
  ProgramNodes nodes(graph, builder.types(), program, written, Sharing::kNo);
  const NodeId found = nodes.Write(node);
  for (const SlotId slot : roots) nodes.UseSlot(slot, false);
  program.files.push_back(file.name);
  return found;
}

}  // namespace

CompiledExpression CompileExpression(const SourceFile& file, ExpressionEnvironment& environment, const SourceLimits& limits) {
  CompiledExpression compiled;
  DiagnosticSink sink(limits.max_diagnostics);
  draft::Program draft;
  FileTree tree;
  tree.file = FileId(0);
  const std::optional<ExprId> root = ParseExpressionOnly(file, FileId(0), tree, sink, limits);
  compiled.type = environment.types.Simple(TypeKind::kError);
  if (root && !sink.has_errors()) {
    const TypedSet set = CheckExpression(std::move(tree), *root, environment, sink, compiled.type);
    if (!sink.has_errors()) compiled.root = Lower(set, *root, file, environment.variables, sink, draft);
  }
  sink.Finish(false);
  compiled.ok = !sink.has_errors();
  if (compiled.ok) compiled.program = BuildProgram(draft);
  compiled.diagnostics = sink.diagnostics();
  return compiled;
}

}  // namespace writ::dsl
