// Constants as values; see constant_pool.h.
#include "engine/emit/constant_pool.h"

#include <algorithm>

#include "rules/ir/constant_value.h"

namespace writ {

// NOLINTNEXTLINE(misc-no-recursion): VerifyProgram limits the nesting of constants
Value ConstantPool::Of(ConstantId id) {
  const Constant& constant = program_.constants[id.index];
  if (constant.kind != Kind::kList && constant.kind != Kind::kMap) return ScalarValue(program_, constant);
  const auto found = aggregates_.find(id.index);
  if (found != aggregates_.end()) return found->second;
  const Value value = MakeAggregate(constant);
  aggregates_.emplace(id.index, value);
  return value;
}

// SAFETY: the arena of code has no ceiling that a program could reach (code_cache.cc), so there is
// always room. VerifyProgram has proven that no item is an error and that keys of maps are keys,
// each once.
// NOLINTNEXTLINE(misc-no-recursion): see Of
Value ConstantPool::MakeAggregate(const Constant& constant) {
  const std::span<const ConstantId> ids = program_[constant.items()];
  const std::size_t count = ids.size();
  if (constant.kind == Kind::kList) {
    Value* items = arena_.AllocateArray<Value>(count);
    for (std::size_t i = 0; i < count; ++i) items[i] = Of(ids[i]);
    return Value::List(items, static_cast<std::uint32_t>(count));
  }
  MapEntry* entries = arena_.AllocateArray<MapEntry>(count / 2);
  for (std::size_t i = 0; i < count; i += 2) entries[i / 2] = {Of(ids[i]), Of(ids[i + 1])};
  return Value::Map(MakeMap(arena_, entries, static_cast<std::uint32_t>(count / 2)));
}

ConstantRange ConstantPool::RangeOf(ConstantId id) {
  const auto found = ranges_.find(id.index);
  if (found != ranges_.end()) return found->second;
  return ranges_.emplace(id.index, MakeRange(Of(id), arena_)).first->second;
}

ConstantRange MakeRange(const Value& range, Arena& arena) {
  const auto is_key = [](const Value& item) { return IsKeyKind(item.kind); };
  if (!range.is(Kind::kList) || !std::all_of(range.items, range.items + range.size, is_key)) return {range, nullptr};
  MapEntry* entries = arena.AllocateArray<MapEntry>(range.size);
  for (std::uint32_t i = 0; i < range.size; ++i) entries[i] = {range.items[i], Value::Bool(true)};
  return {range, MakeMap(arena, entries, range.size)};  // an item that stands twice does no harm
}

}  // namespace writ
