#include "cli/test_runner/constant.h"

#include <nlohmann/json.hpp>
#include <string>
#include <utility>

#include "dsl/lower/expression.h"
#include "engine/eval/evaluator.h"
#include "rules/ir/verify.h"
#include "rules/model/value.h"

namespace writ::cli {
namespace {

using Json = nlohmann::ordered_json;
using dsl::Expr;
using dsl::ExprKind;

Error Bad(std::string message) { return {ErrorCode::kInvalidArgument, std::move(message)}; }

// A value without faults as JSON. Through text, as every other JSON of the engine.
Result<Json> ValueJson(const Value& value) {
  if (value.is(Kind::kUint)) return Bad("found `" + LiteralText(value) + "`: JSON has no unsigned integers, write it without `u`");
  std::string text;
  AppendJson(value, text);
  Json json = Json::parse(text, nullptr, false);
  if (json.is_discarded()) return Error{ErrorCode::kInternal, "a test's data cannot be written as JSON"};
  return json;
}

Result<Json> Evaluated(const dsl::FileTree& tree, dsl::ExprId id) {
  const SourceFile file{"test data", dsl::ExprText(tree, id)};
  dsl::ExpressionEnvironment environment;
  dsl::CompiledExpression compiled = dsl::CompileExpression(file, environment);
  if (!compiled.ok)
    return Bad("`" + file.text + "`: " + (compiled.diagnostics.empty() ? "is no constant" : compiled.diagnostics[0].message));
  Result<VerifiedProgram> verified = VerifyProgram(std::move(compiled.program));
  if (!verified) return verified.error();
  const RuntimeProgram runtime(std::move(*verified));
  Evaluator evaluator;
  evaluator.Begin(runtime, {});
  const Value value = evaluator.Run(BlockId(0));
  if (evaluator.exhausted()) return Bad("`" + file.text + "` takes more than the limits of an evaluation allow");
  if (value.is(Kind::kError)) return Bad("`" + file.text + "`: " + ErrorText(value));
  return ValueJson(value);
}

bool IsPlain(const Expr& expr) { return expr.kind == ExprKind::kLiteral || expr.kind == ExprKind::kList || expr.kind == ExprKind::kMap; }

}  // namespace

// NOLINTNEXTLINE(misc-no-recursion): depth <= SourceLimits::max_expression_depth, which the parser enforced
Result<Json> ConstantJson(const dsl::FileTree& tree, dsl::ExprId id) {
  const Expr& expr = tree.expr(id);
  if (!IsPlain(expr) || !expr.optional.empty()) return Evaluated(tree, id);
  if (expr.kind == ExprKind::kLiteral) return ValueJson(expr.value);
  Json json = expr.kind == ExprKind::kList ? Json::array() : Json::object();
  if (expr.kind == ExprKind::kList) {
    for (const dsl::ExprId item : expr.args) {
      Result<Json> value = ConstantJson(tree, item);
      if (!value) return value;
      json.push_back(std::move(*value));
    }
    return json;
  }
  for (std::size_t i = 0; i + 1 < expr.args.size(); i += 2) {
    Result<Json> key = ConstantJson(tree, expr.args[i]);
    if (!key) return key;
    if (!key->is_string()) return Bad("the key `" + dsl::ExprText(tree, expr.args[i]) + "` is no string");
    Result<Json> value = ConstantJson(tree, expr.args[i + 1]);
    if (!value) return value;
    const std::string name = key->get<std::string>();
    if (json.contains(name)) return Bad("duplicate key `" + name + "`");
    json[name] = std::move(*value);
  }
  return json;
}

}  // namespace writ::cli
