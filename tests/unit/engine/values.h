// Short makers of values for tables of tests. Storage lives as long as the program.
#pragma once

#include <initializer_list>
#include <string_view>
#include <utility>
#include <vector>

#include "rules/model/time.h"
#include "rules/model/value.h"

namespace writ::testing {

inline Arena& TestArena() {
  static Arena arena(std::size_t{1} << 30U);
  return arena;
}

inline Value N() { return Value::Null(); }
inline Value B(bool value) { return Value::Bool(value); }
inline Value I(std::int64_t value) { return Value::Int(value); }
inline Value U(std::uint64_t value) { return Value::Uint(value); }
inline Value D(double value) { return Value::Double(value); }
inline Value S(std::string_view text) { return Value::String(TestArena().CopyString(text)); }
inline Value X(std::string_view bytes) { return Value::Bytes(TestArena().CopyString(bytes)); }
inline Value T(std::string_view text) { return *ParseTimestamp(text); }
inline Value P(std::string_view text) { return *ParseDuration(text); }

inline Value L(std::initializer_list<Value> items) {
  Value* copy = TestArena().AllocateArray<Value>(items.size() + 1);
  std::copy(items.begin(), items.end(), copy);
  return Value::List(copy, static_cast<std::uint32_t>(items.size()));
}

inline Value M(const std::vector<std::pair<Value, Value>>& entries) {
  MapEntry* copy = TestArena().AllocateArray<MapEntry>(entries.size() + 1);
  for (std::size_t i = 0; i < entries.size(); ++i) copy[i] = {entries[i].first, entries[i].second};
  return Value::Map(MakeMap(TestArena(), copy, static_cast<std::uint32_t>(entries.size())));
}

inline Value Some(const Value& value) {
  Value* copy = TestArena().AllocateArray<Value>(1);
  *copy = value;
  return Value::Optional(copy);
}
inline Value None() { return Value::Optional(nullptr); }

inline Value Fault() { return Value::Error(ValueError::kDivideByZero); }
inline Value Unknown() { return Value::Unknown(); }

}  // namespace writ::testing
