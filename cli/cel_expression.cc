// From text to value in three steps: compile, verify, evaluate; see cel_expression.h.
#include "cli/cel_expression.h"

#include <unordered_map>
#include <utility>

#include "rules/base/check.h"

namespace writ::cli {

CelExpression::CelExpression(const SourceFile& file, dsl::ExpressionEnvironment& environment, const EvalLimits& limits)
    : compiled_(dsl::CompileExpression(file, environment)), evaluator_(limits) {
  if (!compiled_.ok) return;
  Result<VerifiedProgram> verified = VerifyProgram(std::move(compiled_.program));
  if (verified) {
    program_.emplace(std::move(*verified));
    return;
  }
  // What the verifier refuses of the compiler's output is beyond a size that programs may have.
  const SourceSpan whole{FileId(0), 0, static_cast<std::uint32_t>(file.text.size())};
  compiled_.diagnostics.push_back({dsl::DiagnosticKind::kProgramTooLarge, dsl::Severity::kError, whole,
                                   "the expression is too large to be evaluated: " + verified.error().message, "", ""});
}

const dsl::Diagnostic& CelExpression::fault() const {
  for (const dsl::Diagnostic& diagnostic : compiled_.diagnostics) {
    if (diagnostic.severity == dsl::Severity::kError) return diagnostic;
  }
  WRIT_CHECK(false);
}

Value CelExpression::Evaluate(std::span<const CelVariable> variables) {
  const Program& program = program_->program();
  std::unordered_map<std::string_view, const Value*> values;
  for (const CelVariable& variable : variables) values.emplace(variable.name, &variable.value);
  slots_.assign(program.slots.size(), Value());
  for (std::size_t i = 0; i < program.slots.size(); ++i) {
    if (program.slots[i].parent.valid()) continue;
    const auto found = values.find(program[program.slots[i].key]);
    if (found != values.end()) FillSlots(program, SlotId(i), *found->second, slots_);
  }
  evaluator_.Begin(*program_, slots_);
  return evaluator_.Run(compiled_.root);
}

void DeclareDyn(std::span<const CelVariable> variables, dsl::ExpressionEnvironment& environment) {
  for (const CelVariable& variable : variables) {
    environment.variables.push_back({variable.name, environment.types.Simple(TypeKind::kDyn)});
  }
}

}  // namespace writ::cli
