// Values: names, equality, copies, the texts of errors. Maps are in value_map.cc, texts in value_text.cc.
#include "rules/model/value.h"

#include <cstring>

#include "rules/base/check.h"
#include "rules/model/overload_text.h"

namespace writ {
namespace {

// Takes `count` steps; false when that exhausted the budget.
bool Spend(std::uint64_t& steps_left, std::uint64_t count) {
  if (count >= steps_left) {
    steps_left = 0;
    return false;
  }
  steps_left -= count;
  return true;
}

bool BytesEqual(const Value& a, const Value& b, std::uint64_t& steps_left) {
  if (a.size != b.size) return false;
  if (a.size == 0 || a.text == b.text) return true;
  return Spend(steps_left, a.size / 32) && std::memcmp(a.text, b.text, a.size) == 0;
}

// Numbers of different kinds. Ints against doubles are compared as doubles: lossy beyond 2^53, as CEL's suite wants.
bool MixedNumbersEqual(const Value& a, const Value& b) {
  if (a.kind == Kind::kInt && b.kind == Kind::kUint) return a.integer >= 0 && static_cast<std::uint64_t>(a.integer) == b.unsigned_integer;
  if (a.kind == Kind::kInt && b.kind == Kind::kDouble) return static_cast<double>(a.integer) == b.real;
  if (a.kind == Kind::kUint && b.kind == Kind::kDouble) return static_cast<double>(a.unsigned_integer) == b.real;
  return false;
}

// NOLINTNEXTLINE(misc-no-recursion): values nest at most 1000 deep
bool ListsEqual(const Value& a, const Value& b, std::uint64_t& steps_left) {
  if (a.size != b.size) return false;
  for (std::uint32_t i = 0; i < a.size; ++i) {
    if (!ValuesEqualWithin(a.items[i], b.items[i], steps_left)) return false;
  }
  return true;
}

// NOLINTNEXTLINE(misc-no-recursion): values nest at most 1000 deep
bool MapsEqual(const Value& a, const Value& b, std::uint64_t& steps_left) {
  if (a.map == nullptr || b.map == nullptr || a.map->size != b.map->size) return false;
  for (std::uint32_t i = 0; i < a.map->size; ++i) {
    const MapEntry& entry = a.map->entries[i];
    if (!Spend(steps_left, 3 + (entry.key.is(Kind::kString) ? entry.key.size / 16 : 0))) return false;  // it is hashed and compared
    const Value* other = FindInMap(*b.map, entry.key);
    if (other == nullptr || !ValuesEqualWithin(entry.value, *other, steps_left)) return false;
  }
  return true;
}

// NOLINTNEXTLINE(misc-no-recursion): values nest at most 1000 deep
bool OptionalsEqual(const Value& a, const Value& b, std::uint64_t& steps_left) {
  if (a.inner == nullptr || b.inner == nullptr) return a.inner == b.inner;
  return ValuesEqualWithin(*a.inner, *b.inner, steps_left);
}

// NOLINTNEXTLINE(misc-no-recursion): values nest at most 1000 deep
Value CopyList(Arena& arena, const Value& list) {
  if (list.size == 0) return Value::List(nullptr, 0);
  Value* items = arena.AllocateArray<Value>(list.size);
  if (items == nullptr) return {};
  for (std::uint32_t i = 0; i < list.size; ++i) {
    items[i] = CopyValue(arena, list.items[i]);
    if (items[i].is(Kind::kAbsent) && !list.items[i].is(Kind::kAbsent)) return {};
  }
  return Value::List(items, list.size);
}

// NOLINTNEXTLINE(misc-no-recursion): values nest at most 1000 deep
Value CopyMap(Arena& arena, const Value& map) {
  if (map.map == nullptr) return map;
  MapEntry* entries = arena.AllocateArray<MapEntry>(map.map->size + std::size_t{1});  // room for none is no pointer
  if (entries == nullptr) return {};
  for (std::uint32_t i = 0; i < map.map->size; ++i) {
    const MapEntry& entry = map.map->entries[i];
    entries[i] = {CopyValue(arena, entry.key), CopyValue(arena, entry.value)};
    if (entries[i].key.is(Kind::kAbsent) || entries[i].value.is(Kind::kAbsent)) return {};
  }
  const MapData* data = MakeMap(arena, entries, map.map->size);
  return data == nullptr ? Value{} : Value::Map(data);
}

// NOLINTNEXTLINE(misc-no-recursion): values nest at most 1000 deep
Value CopyOptional(Arena& arena, const Value& optional) {
  if (optional.inner == nullptr) return optional;
  Value* inner = arena.AllocateArray<Value>(1);
  if (inner == nullptr) return {};
  *inner = CopyValue(arena, *optional.inner);
  return inner->is(Kind::kAbsent) ? Value{} : Value::Optional(inner);
}

Value CopyText(Arena& arena, Value value) {
  const std::string_view copy = arena.CopyString(value.string());
  if (copy.data() == nullptr) return {};
  value.text = copy.data();
  return value;
}

}  // namespace

std::string_view TypeName(Kind kind) {
  switch (kind) {
#define WRIT_NAME(id, name, type_name, wanted, found) \
  case Kind::k##id: return type_name;
    WRIT_VALUE_KINDS(WRIT_NAME)
#undef WRIT_NAME
    case Kind::kAbsent: return "absent";
    case Kind::kError: return "error";
    case Kind::kUnknown: return "unknown";
  }
  WRIT_CHECK(false);
}

bool ValuesEqual(const Value& a, const Value& b) {
  std::uint64_t unlimited = ~std::uint64_t{0};
  return ValuesEqualWithin(a, b, unlimited);
}

// NOLINTNEXTLINE(misc-no-recursion): depth <= 1,000, see value.h
bool ValuesEqualWithin(const Value& a, const Value& b, std::uint64_t& steps_left) {
  if (!Spend(steps_left, 1)) return false;
  if (a.kind != b.kind) return a.kind < b.kind ? MixedNumbersEqual(a, b) : MixedNumbersEqual(b, a);
  switch (a.kind) {
    case Kind::kNull: return true;
    case Kind::kBool: return a.boolean == b.boolean;
    case Kind::kInt:
    case Kind::kDuration: return a.integer == b.integer;
    case Kind::kUint: return a.unsigned_integer == b.unsigned_integer;
    case Kind::kDouble: return a.real == b.real;
    case Kind::kString:
    case Kind::kBytes:
    case Kind::kType: return BytesEqual(a, b, steps_left);
    case Kind::kTimestamp: return a.integer == b.integer && a.size == b.size;
    case Kind::kList: return ListsEqual(a, b, steps_left);
    case Kind::kMap: return MapsEqual(a, b, steps_left);
    case Kind::kOptional: return OptionalsEqual(a, b, steps_left);
    case Kind::kAbsent:
    case Kind::kError:
    case Kind::kUnknown: return false;
  }
  return false;
}

// NOLINTNEXTLINE(misc-no-recursion): depth <= 1,000, see value.h
Value CopyValue(Arena& arena, const Value& value) {
  switch (value.kind) {
    case Kind::kAbsent:
    case Kind::kNull:
    case Kind::kBool:
    case Kind::kInt:
    case Kind::kUint:
    case Kind::kDouble:
    case Kind::kTimestamp:
    case Kind::kDuration:
    case Kind::kUnknown: return value;
    case Kind::kString:
    case Kind::kBytes:
    case Kind::kType:
    case Kind::kError: return CopyText(arena, value);
    case Kind::kList: return CopyList(arena, value);
    case Kind::kMap: return CopyMap(arena, value);
    case Kind::kOptional: return CopyOptional(arena, value);
  }
  return {};
}

const char* ValueErrorName(ValueError error) {
  switch (error) {
#define WRIT_NAME(name, text) \
  case ValueError::k##name: return #name;
    WRIT_VALUE_ERRORS(WRIT_NAME)
#undef WRIT_NAME
  }
  WRIT_CHECK(false);
}

std::string ErrorText(const Value& error) {
  const std::string overload = error.error() == ValueError::kNoMatchingOverload ? OverloadText(error) : "";
  const std::string_view detail = overload.empty() ? error.string() : overload;
  std::string_view text;
  switch (error.error()) {
#define WRIT_TEXT(name, sentence) \
  case ValueError::k##name: text = sentence; break;
    WRIT_VALUE_ERRORS(WRIT_TEXT)
#undef WRIT_TEXT
  }
  const std::size_t hole = text.find("{}");
  if (hole == std::string_view::npos) return std::string(text);
  std::string result(text.substr(0, hole));
  result += detail.empty() ? std::string_view("\"\"") : detail;
  result += text.substr(hole + 2);
  return result;
}

}  // namespace writ
