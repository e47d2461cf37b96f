// The library "optional": optional.of, optional.ofNonZeroValue, optional.none, the methods of
// optionals, a[?b].
#include "rules/function/optional/optional.h"

#include "rules/function/context.h"
#include "rules/function/standard/operators.h"

namespace writ {

Value CallOptionalOf(std::span<const Value> arguments, FunctionContext& context) { return MakeOptional(arguments[0], context); }

Value CallOptionalOfNonZero(std::span<const Value> arguments, FunctionContext& context) {
  return IsZeroValue(arguments[0]) ? Value::Optional(nullptr) : MakeOptional(arguments[0], context);
}

Value CallOptionalNone(std::span<const Value>, FunctionContext&) { return Value::Optional(nullptr); }

Value CallHasValue(std::span<const Value> arguments, FunctionContext&) {
  if (!arguments[0].is(Kind::kOptional)) return NoOverload(Function::kHasValue, arguments);
  return Value::Bool(arguments[0].inner != nullptr);
}

Value CallOptionalValue(std::span<const Value> arguments, FunctionContext&) {
  if (!arguments[0].is(Kind::kOptional)) return NoOverload(Function::kOptionalValue, arguments);
  return arguments[0].inner != nullptr ? *arguments[0].inner : Value::Error(ValueError::kNoOptionalValue);
}

Value CallOptionalOr(std::span<const Value> arguments, FunctionContext&) {
  if (!arguments[0].is(Kind::kOptional)) return NoOverload(Function::kOptionalOr, arguments);
  // The instruction does not compute b when a has a value: so its kind does not count here either.
  if (arguments[0].inner != nullptr) return arguments[0];
  return arguments[1].is(Kind::kOptional) ? arguments[1] : NoOverload(Function::kOptionalOr, arguments);
}

Value CallOptionalOrValue(std::span<const Value> arguments, FunctionContext&) {
  if (!arguments[0].is(Kind::kOptional)) return NoOverload(Function::kOptionalOrValue, arguments);
  return arguments[0].inner != nullptr ? *arguments[0].inner : arguments[1];
}

Value CallOptionalIndex(std::span<const Value> arguments, FunctionContext& context) {
  return OptionalIndexValue(arguments[0], arguments[1], context);
}

}  // namespace writ
