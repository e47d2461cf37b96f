// The function library's front: dispatch by the rows of function_list.h, shared makers of values.
#include "engine/eval/functions.h"

#include <algorithm>

#include "engine/eval/functions_internal.h"
#include "engine/eval/operators.h"
#include "rules/base/utf8.h"

namespace writ {
namespace {

using Handler = Value (*)(std::span<const Value>, FunctionContext&);

constexpr Handler kHandlers[] = {
#define WRIT_HANDLER(id, name, library, signatures) &Call##id,
    WRIT_FUNCTIONS(WRIT_HANDLER)
#undef WRIT_HANDLER
};

// Returns a bit mask of the argument counts of a row's signatures, receivers counted: "(A)->B; A.(B)->C" gives 0b110.
constexpr std::uint32_t ArityMask(std::string_view signatures) {
  std::uint32_t mask = 0;
  int depth = 0;
  std::uint32_t count = 0;    // arguments of the overload being read
  bool in_arguments = false;  // inside the argument list, not inside a receiver's or an argument's type
  char previous = ';';        // last character that is no blank
  for (const char c : signatures) {
    if (c == ' ') continue;
    if (c == '(') {
      if (depth == 0 && (previous == ';' || previous == '.')) {
        in_arguments = true;
        count = previous == '.' ? 1 : 0;
      }
      ++depth;
    } else if (c == ')') {
      --depth;
      if (depth == 0 && in_arguments) {
        mask |= 1U << count;
        in_arguments = false;
      }
    } else if (in_arguments && ((depth == 1 && (previous == '(' || c == ',')))) {
      ++count;
    }
    previous = c;
  }
  return mask;
}
static_assert(ArityMask("()->A") == 0b1);
static_assert(ArityMask("(A,list(A))->bool; map(A,B).()->int") == 0b110);

constexpr std::uint32_t kArityMasks[] = {
#define WRIT_ARITY(id, name, library, signatures) ArityMask(signatures),
    WRIT_FUNCTIONS(WRIT_ARITY)
#undef WRIT_ARITY
};

}  // namespace

Value CallFunction(Function function, std::span<const Value> arguments, FunctionContext& context) {
  if (!Charge(context, 4)) return OutOfBudget(context);
  const Value* fault = nullptr;
  for (const Value& argument : arguments) {
    if (argument.is_fault()) [[unlikely]]
      fault = fault == nullptr ? &argument : &FaultOf(*fault, argument);
  }
  if (fault != nullptr) return *fault;
  const auto row = static_cast<std::size_t>(function);
  if (arguments.size() > 31 || (kArityMasks[row] >> arguments.size() & 1U) == 0) return NoOverload(function, arguments);
  return kHandlers[row](arguments, context);
}

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

Value CallNegate(std::span<const Value> arguments, FunctionContext&) { return NegateValue(arguments[0]); }
Value CallNot(std::span<const Value> arguments, FunctionContext&) { return NotValue(arguments[0]); }

#define WRIT_BINARY(id, operation) \
  Value Call##id(std::span<const Value> arguments, FunctionContext& context) { return operation(arguments[0], arguments[1], context); }
WRIT_BINARY(Multiply, MultiplyValues)
WRIT_BINARY(Divide, DivideValues)
WRIT_BINARY(Modulo, ModuloValues)
WRIT_BINARY(Add, AddValues)
WRIT_BINARY(Subtract, SubtractValues)
WRIT_BINARY(Equal, EqualValues)
WRIT_BINARY(NotEqual, NotEqualValues)
WRIT_BINARY(In, InValues)
WRIT_BINARY(Index, IndexValue)
WRIT_BINARY(OptionalIndex, OptionalIndexValue)
#undef WRIT_BINARY

#define WRIT_ORDER(id)                                                         \
  Value Call##id(std::span<const Value> arguments, FunctionContext& context) { \
    return OrderValues(Function::k##id, arguments[0], arguments[1], context);  \
  }
WRIT_ORDER(Less)
WRIT_ORDER(LessOrEqual)
WRIT_ORDER(Greater)
WRIT_ORDER(GreaterOrEqual)
#undef WRIT_ORDER

}  // namespace writ
