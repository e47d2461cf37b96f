// Calls by the rows of function_list.h.
#include "rules/function/call.h"

namespace writ {

Value CallFunction(Function function, std::span<const Value> arguments, FunctionContext& context) {
  if (!Charge(context, kCallSteps)) return OutOfBudget(context);
  const Value* fault = nullptr;
  for (const Value& argument : arguments) {
    if (argument.is_fault()) [[unlikely]]
      fault = fault == nullptr ? &argument : &FaultOf(*fault, argument);
  }
  if (fault != nullptr) return *fault;
  const FunctionInfo& info = InfoOf(function);
  if (!info.takes(arguments.size())) return NoOverload(function, arguments);
  return info.body(arguments, context);
}

}  // namespace writ
