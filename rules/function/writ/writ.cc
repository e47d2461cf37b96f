// The library "writ"; see writ_list.h.
#include "rules/function/context.h"

namespace writ {

// Errors do not come here: CallFunction (call.h) answers for them.
Value CallIsTrue(std::span<const Value> arguments, FunctionContext& /*context*/) { return Value::Bool(arguments[0].is_true()); }

}  // namespace writ
