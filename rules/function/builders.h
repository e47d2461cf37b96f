// Lists and maps while they are built: plain kList and kMap values at every moment, in a register,
// with room behind them in the arena that doubles. `Value::code` holds 1 + log2 of the room; 0
// marks a value that is no builder.
//
// The first fault that is added makes the register that fault, which stays.
#pragma once

#include "rules/function/context.h"

namespace writ {

// Returns an empty builder. `expected` is a hint.
Value NewListBuilder(std::uint32_t expected, FunctionContext& context);
// Appends `item`: the rare cases of Append, and growth.
[[gnu::noinline]] void AppendSlowly(Value& list, const Value& item, FunctionContext& context);
// Appends the value of an optional, if any.
void AppendOptional(Value& list, const Value& optional, FunctionContext& context);

inline void Append(Value& list, const Value& item, FunctionContext& context) {
  const bool has_room = list.is(Kind::kList) && list.size < (1U << list.code >> 1U);
  if (has_room && !item.is_fault()) [[likely]] {
    // SAFETY: the room behind a builder's items is its own (VerifyProgram: only NewList makes what
    // Append writes).
    const_cast<Value*>(list.items)[list.size++] = item;
    return;
  }
  AppendSlowly(list, item, context);
}

// Returns an empty builder. `expected` is a hint.
Value NewMapBuilder(std::uint32_t expected, FunctionContext& context);
// Puts key and value. Errors: BadKeyType, DuplicateKey. O(1) expected.
void Put(Value& map, const Value& key, const Value& value, FunctionContext& context);
// Puts key and the value of an optional, if any.
void PutOptional(Value& map, const Value& key, const Value& optional, FunctionContext& context);

}  // namespace writ
