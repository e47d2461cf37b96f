// One expression from its text to its value: what `writ cel`, its batches and the conformance
// runner share.
//
//   CelExpression expression({"<expression>", "x + 1"}, environment);
//   if (expression.ok()) { Value value = expression.Evaluate({{"x", Value::Int(2)}}); … }
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "dsl/lower/expression.h"
#include "engine/eval/evaluator.h"
#include "rules/base/limits.h"
#include "rules/model/value.h"

namespace writ::cli {

struct CelVariable {
  std::string name;
  Value value;  // borrowed
};

// Compiled once, evaluated as often as one likes; not thread-safe.
class CelExpression {
 public:
  // Parses, checks and verifies. `environment` declares what the expression may name; its types are
  // needed to print type().
  CelExpression(const SourceFile& file, dsl::ExpressionEnvironment& environment, const EvalLimits& limits = {});

  // Whether it can be evaluated. When not, diagnostics() hold an error.
  bool ok() const { return program_.has_value(); }
  const std::vector<dsl::Diagnostic>& diagnostics() const { return compiled_.diagnostics; }
  // The first error in the order of the text. Requires: not ok().
  const dsl::Diagnostic& fault() const;
  // The static type, in the environment's types.
  TypeId type() const { return compiled_.type; }

  // Returns the value, valid until the next Evaluate, as long as this and the variables' values
  // live; a name without a variable is unbound. Requires: ok(). When exhausted() the value means
  // nothing.
  Value Evaluate(std::span<const CelVariable> variables);
  // The expression as the program has it. Requires: ok().
  const Program& program() const { return program_->program(); }
  NodeId root() const { return compiled_.root; }
  bool exhausted() const { return evaluator_.exhausted(); }

 private:
  dsl::CompiledExpression compiled_;
  std::optional<RuntimeProgram> program_;
  std::vector<Value> slots_;
  Evaluator evaluator_;
};

// Declares a variable of type dyn for each of `variables`.
void DeclareDyn(std::span<const CelVariable> variables, dsl::ExpressionEnvironment& environment);

}  // namespace writ::cli
