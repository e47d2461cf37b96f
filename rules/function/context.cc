// Charging, and the makers of errors and texts.
#include "rules/function/context.h"

#include <algorithm>

#include "rules/base/utf8.h"

namespace writ {

bool ChargeReserve(FunctionContext& context, std::uint64_t steps) {
  const std::uint64_t left = context.steps_left + context.reserve;
  context.is_late = context.is_late || (context.steps_left > 0 && context.deadline.has_passed());
  const bool has_steps = context.steps_left > 0 && steps < left && !context.is_late;
  context.steps_left = has_steps ? std::min(left - steps, kStepsPerSlice) : 0;
  context.reserve = has_steps ? left - steps - context.steps_left : 0;
  return has_steps;
}

// The comparison is not cut into slices: it spends from all that is left.
bool EqualWithinBudget(const Value& a, const Value& b, FunctionContext& context) {
  const std::uint64_t slice = context.steps_left;
  std::uint64_t left = slice + context.reserve;
  const std::uint64_t before = left;
  const bool equal = ValuesEqualWithin(a, b, left);
  if (left == 0) {
    context.steps_left = context.reserve = 0;
    return false;
  }
  return Charge(context, before - left) && equal;
}

Value OutOfBudget(FunctionContext& context) {
  context.steps_left = context.reserve = 0;
  return Value::Error(ValueError::kInvalidArgument, "the evaluation passed its limits");
}

Value MakeError(ValueError error, std::string_view detail, FunctionContext& context) {
  const std::string_view copy = context.arena.CopyString(detail);
  if (copy.data() == nullptr) return OutOfBudget(context);
  return Value::Error(error, copy);
}

Value NoOverload(Function function, std::span<const Value> operands) {
  const auto kind = [operands](std::size_t at) { return at < operands.size() ? operands[at].kind : Kind::kAbsent; };
  return Value::OverloadError(InfoOf(function).name, kind(0), kind(1));
}

Value NoOverload(Function function, const Value& a) { return Value::OverloadError(InfoOf(function).name, a.kind, Kind::kAbsent); }

Value NoOverload(Function function, const Value& a, const Value& b) { return Value::OverloadError(InfoOf(function).name, a.kind, b.kind); }

Value OverflowIn(Function function) { return Value::Error(ValueError::kOverflow, InfoOf(function).name); }

std::string DetailText(const Value& key) {
  constexpr std::size_t kMaxBytes = 100;
  if ((key.is(Kind::kString) || key.is(Kind::kBytes)) && key.size > kMaxBytes) {
    std::size_t end = 0;
    while (end < kMaxBytes) {
      const std::size_t length = Utf8SequenceLength(key.string(), end);
      end += length == 0 ? 1 : length;
    }
    return std::string(key.string().substr(0, end)) + "…";
  }
  // An aggregate is never a key; its type says enough and its text could be long.
  if (key.is(Kind::kList) || key.is(Kind::kMap) || key.is(Kind::kOptional)) return std::string(TypeName(key.kind));
  return DisplayText(key);
}

Value MakeString(std::string_view text, FunctionContext& context) {
  if (!Charge(context, ScanSteps(text.size()))) return OutOfBudget(context);
  const std::string_view copy = context.arena.CopyString(text);
  if (copy.data() == nullptr) return OutOfBudget(context);
  return Value::String(copy);
}

Value MakeOptional(const Value& value, FunctionContext& context) {
  Value* inner = context.arena.AllocateArray<Value>(1);
  if (inner == nullptr) return OutOfBudget(context);
  *inner = value;
  return Value::Optional(inner);
}

}  // namespace writ
