// Folding is calling, and then asking whether a constant can hold the result.
#include "rules/function/fold.h"

#include "rules/function/call.h"

namespace writ {
namespace {

// Takes the bytes of `value` from `room`. False when there are not enough, or when no constant can
// be such a value.
// NOLINTNEXTLINE(misc-no-recursion): values nest at most 1000 deep
bool TakeRoom(const Value& value, std::size_t& room) {
  const bool has_text = value.is(Kind::kString) || value.is(Kind::kBytes) || value.is(Kind::kType) || value.is(Kind::kError);
  const std::size_t bytes = sizeof(Value) + (has_text ? value.size : 0);
  if (bytes > room || value.is(Kind::kOptional) || value.is(Kind::kUnknown)) return false;
  room -= bytes;
  if (value.is(Kind::kList)) {
    for (std::uint32_t i = 0; i < value.size; ++i) {
      if (!TakeRoom(value.items[i], room)) return false;
    }
  }
  if (value.is(Kind::kMap)) {
    for (std::uint32_t i = 0; i < value.map->size; ++i) {
      if (!TakeRoom(value.map->entries[i].key, room) || !TakeRoom(value.map->entries[i].value, room)) return false;
    }
  }
  return true;
}

// True when `value` is one of the arguments: then it is kept already, whatever its size.
bool IsOneOf(std::span<const Value> arguments, const Value& value) {
  for (const Value& argument : arguments) {
    if (argument.kind == value.kind && argument.size == value.size && argument.integer == value.integer) return true;
  }
  return false;
}

}  // namespace

std::optional<Value> FoldCall(Function function, std::span<const Value> arguments, Arena& arena) {
  const FunctionInfo& info = InfoOf(function);
  if (!info.fold.is_allowed() || !info.takes(arguments.size())) return std::nullopt;
  Arena scratch(kMaxFoldArenaBytes);
  std::uint64_t steps_left = kMaxFoldSteps;
  FunctionContext context{scratch, steps_left};
  const Value result = CallFunction(function, arguments, context);
  if (steps_left == 0) return std::nullopt;  // the budget is over, or the scratch arena is full
  if (IsOneOf(arguments, result)) return result;
  std::size_t room = kMaxFoldedBytes;
  if (!TakeRoom(result, room)) return std::nullopt;
  const Value kept = CopyValue(arena, result);
  return kept.is(Kind::kAbsent) ? std::nullopt : std::optional(kept);
}

}  // namespace writ
