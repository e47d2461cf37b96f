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
  const NodeId root = compiled.root;
  const RuntimeProgram runtime(std::move(*verified));
  Evaluator evaluator;
  evaluator.Begin(runtime, {});
  const Value value = evaluator.Run(root);
  if (evaluator.exhausted()) return Bad("`" + file.text + "` takes more than the limits of an evaluation allow");
  if (value.is(Kind::kError)) return Bad("`" + file.text + "`: " + ErrorText(value));
  return ValueJson(value);
}

constexpr int kMaxLets = 64;
constexpr int kMaxValues = 1'000'000;

// What one call has left.
struct Budget {
  int lets = kMaxLets;
  int values = kMaxValues;
};

Result<Json> Constant(const TestData& data, dsl::ExprId id, Budget& budget);

// NOLINTNEXTLINE(misc-no-recursion): depth <= SourceLimits::max_expression_depth in each of at most kMaxLets lets
Result<Json> LetJson(const TestData& data, std::string_view name, Budget& budget) {
  const auto let = data.lets.find(name);
  if (let == data.lets.end()) return Bad("`" + std::string(name) + "` is not declared");
  if (budget.lets == 0) return Bad("`" + std::string(name) + "`: more than " + std::to_string(kMaxLets) + " lets in each other");
  --budget.lets;
  Result<Json> json = Constant({*let->second.tree, data.lets}, let->second.value, budget);
  ++budget.lets;
  return json;
}

// NOLINTNEXTLINE(misc-no-recursion): as LetJson
Result<Json> ListJson(const TestData& data, const Expr& expr, Budget& budget) {
  Json json = Json::array();
  for (const dsl::ExprId item : expr.args) {
    Result<Json> value = Constant(data, item, budget);
    if (!value) return value;
    json.push_back(std::move(*value));
  }
  return json;
}

// NOLINTNEXTLINE(misc-no-recursion): as LetJson
Result<Json> MapJson(const TestData& data, const Expr& expr, Budget& budget) {
  Json json = Json::object();
  for (std::size_t i = 0; i + 1 < expr.args.size(); i += 2) {
    Result<Json> key = Constant(data, expr.args[i], budget);
    if (!key) return key;
    if (!key->is_string()) return Bad("the key `" + dsl::ExprText(data.tree, expr.args[i]) + "` is no string");
    Result<Json> value = Constant(data, expr.args[i + 1], budget);
    if (!value) return value;
    const std::string name = key->get<std::string>();
    if (json.contains(name)) return Bad("duplicate key `" + name + "`");
    json[name] = std::move(*value);
  }
  return json;
}

// NOLINTNEXTLINE(misc-no-recursion): as LetJson
Result<Json> Constant(const TestData& data, dsl::ExprId id, Budget& budget) {
  if (--budget.values < 0) return Error{ErrorCode::kTooLarge, "the data has more than 1,000,000 values"};
  const Expr& expr = data.tree.expr(id);
  if (expr.kind == ExprKind::kLiteral) return ValueJson(expr.value);
  if (expr.kind == ExprKind::kIdent) return LetJson(data, expr.text, budget);
  if (expr.optional.empty() && expr.kind == ExprKind::kList) return ListJson(data, expr, budget);
  if (expr.optional.empty() && expr.kind == ExprKind::kMap) return MapJson(data, expr, budget);
  return Evaluated(data.tree, id);
}

}  // namespace

Result<Json> ConstantJson(const TestData& data, dsl::ExprId id) {
  Budget budget;
  return Constant(data, id, budget);
}

}  // namespace writ::cli
