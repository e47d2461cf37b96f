// Calls by the rows of function_list.h.
#include "rules/function/call.h"

namespace writ {
namespace {

// Of strict arguments of which at least one is a fault: the fault that counts.
[[gnu::cold]] Value FaultAmong(Function function, std::span<const Value> arguments) {
  if (function == Function::kIsTrue && arguments[0].is(Kind::kError)) return Value::Bool(false);
  Value fault = arguments[0];
  for (const Value& argument : arguments.subspan(1)) fault = FaultOf(fault, argument);
  return fault;
}

}  // namespace

Value CallFunction(Function function, std::span<const Value> arguments, FunctionContext& context) {
  if (!Charge(context, kCallSteps)) return OutOfBudget(context);
  for (const Value& argument : arguments) {
    if (argument.is_fault()) [[unlikely]]
      return FaultAmong(function, arguments);
  }
  const FunctionInfo& info = InfoOf(function);
  if (!info.takes(arguments.size())) return NoOverload(function, arguments);
  return info.body(arguments, context);
}

}  // namespace writ
