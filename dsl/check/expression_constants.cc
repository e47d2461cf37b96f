// Constants among expressions: which nodes always have the same value, and which of those cannot be evaluated at all.
#include "dsl/check/expression_checker.h"

#include "rules/function/fold.h"

namespace writ::dsl {
namespace {

// Is `value` a legal map key? Doubles and null are not, by the spec.
bool IsKey(const Value& value) { return value.is(Kind::kBool) || value.is(Kind::kInt) || value.is(Kind::kUint) || value.is(Kind::kString); }

}  // namespace

void ExpressionChecker::FoldNode(ExprId id, const Expr& e) {
  if (!scope_->constant_faults || KindOf(info(id).type) == TypeKind::kError) return;
  const std::optional<Value> value = Fold(id, e);
  if (!value) return;
  constants_[scope_->file.index][id.index] = *value;
  if (!value->is(Kind::kError)) return;
  for (const ExprId argument : e.args) {
    const Value* constant = argument.valid() ? Constant(argument) : nullptr;
    if (constant != nullptr && constant->is(Kind::kError)) return;  // reported there
  }
  const TypedExpr& typed = info(id);
  const bool is_call = typed.reference == ReferenceKind::kFunction && e.args.size() == 1 && Constant(e.args[0]) != nullptr;
  if (is_call && (typed.function == Function::kToTimestamp || typed.function == Function::kToDuration) &&
      expr(e.args[0]).value.is(Kind::kString)) {
    const bool time = typed.function == Function::kToTimestamp;
    Emit(DiagnosticKind::kBadConstant, expr(e.args[0]).span,
         {"`" + std::string(expr(e.args[0]).value.string()) + "` is not " + (time ? "an RFC 3339 time" : "a duration")})
        .help = time ? "write timestamp(\"2026-11-20T10:00:00Z\")" : "write duration(\"1h30m\")";
    return;
  }
  const bool overflows = value->error() == ValueError::kOverflow;
  Emit(DiagnosticKind::kBadConstant, e.span, {"this always fails: " + (overflows ? "it overflows" : ErrorText(*value))});
}

std::optional<Value> ExpressionChecker::Fold(ExprId id, const Expr& e) {
  switch (e.kind) {
    case ExprKind::kLiteral: return e.value;
    case ExprKind::kAnd:
    case ExprKind::kOr: return FoldLogic(e);
    case ExprKind::kList:
    case ExprKind::kMap: return FoldAggregate(e);
    case ExprKind::kConditional: {
      const Value* condition = Constant(e.args[0]);
      if (condition == nullptr || !condition->is(Kind::kBool)) return std::nullopt;
      const Value* arm = Constant(e.args[condition->boolean ? 1 : 2]);
      return arm == nullptr ? std::nullopt : std::optional(*arm);
    }
    case ExprKind::kCall:
    case ExprKind::kUnary:
    case ExprKind::kBinary: {
      if (info(id).reference != ReferenceKind::kFunction || info(id).namespaced) return std::nullopt;
      std::vector<Value> arguments;
      for (const ExprId argument : e.args) {
        const Value* constant = argument.valid() ? Constant(argument) : nullptr;
        if (constant == nullptr) return std::nullopt;
        if (constant->is_fault()) return *constant;
        arguments.push_back(*constant);
      }
      return FoldCall(info(id).function, arguments, arena_);
    }
    case ExprKind::kIdent:
    case ExprKind::kSelect:
    case ExprKind::kOptionalSelect:
    case ExprKind::kHas:
    case ExprKind::kStruct:
    case ExprKind::kMacro: break;
  }
  return std::nullopt;
}

// One deciding operand decides; else all must be constant bools. Errors are left alone: they are reported where they arise.
std::optional<Value> ExpressionChecker::FoldLogic(const Expr& e) {
  const bool deciding = e.kind == ExprKind::kOr;
  bool all_constant = true;
  for (const ExprId operand : e.args) {
    const Value* constant = operand.valid() ? Constant(operand) : nullptr;
    if (constant != nullptr && constant->is(Kind::kBool)) {
      if (constant->boolean == deciding) return Value::Bool(deciding);
    } else {
      all_constant = false;
    }
  }
  return all_constant ? std::optional(Value::Bool(!deciding)) : std::nullopt;
}

std::optional<Value> ExpressionChecker::FoldAggregate(const Expr& e) {
  if (!e.optional.empty()) return std::nullopt;
  const bool is_list = e.kind == ExprKind::kList;
  for (std::size_t i = 0; i < e.args.size(); ++i) {
    const Value* constant = e.args[i].valid() ? Constant(e.args[i]) : nullptr;
    if (constant == nullptr || constant->is_fault()) return std::nullopt;
    if (!is_list && i % 2 == 0 && !IsKey(*constant)) return std::nullopt;
  }
  if (is_list) {
    Value* items = arena_.AllocateArray<Value>(e.args.size());
    if (items == nullptr) return std::nullopt;
    for (std::size_t i = 0; i < e.args.size(); ++i) items[i] = *Constant(e.args[i]);
    return Value::List(items, static_cast<std::uint32_t>(e.args.size()));
  }
  const std::size_t count = e.args.size() / 2;
  MapEntry* entries = arena_.AllocateArray<MapEntry>(count);
  if (entries == nullptr) return std::nullopt;
  for (std::size_t i = 0; i < count; ++i) entries[i] = {*Constant(e.args[2 * i]), *Constant(e.args[2 * i + 1])};
  const MapData* map = MakeMap(arena_, entries, static_cast<std::uint32_t>(count));
  if (map == nullptr) return std::nullopt;
  if (const Value* duplicate = FindDuplicateKey(*map)) {
    const std::string_view text = arena_.CopyString(LiteralText(*duplicate));
    return text.data() == nullptr ? std::nullopt : std::optional(Value::Error(ValueError::kDuplicateKey, text));
  }
  return Value::Map(map);
}

void ExpressionChecker::CheckRegex(const Expr& e) {
  if (!scope_->constant_faults || e.args.size() != 2 || !e.args[1].valid()) return;
  const Value* pattern = Constant(e.args[1]);
  if (pattern == nullptr || !pattern->is(Kind::kString)) return;
  const std::string& error = regex_checker_.ErrorOf(pattern->string());
  if (!error.empty()) Emit(DiagnosticKind::kBadRegex, expr(e.args[1]).span, {pattern->string(), error});
}

}  // namespace writ::dsl
