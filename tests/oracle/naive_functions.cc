// Numbers are computed in __int128 and checked afterwards; texts byte by byte.
#include "tests/oracle/naive_functions.h"

#include <cmath>
#include <limits>

#include "rules/model/time.h"

namespace writ::oracle {
namespace {

Value OverflowOr(bool fits, Value value) { return fits ? value : Value::Error(ValueError::kOverflow); }

template <typename T>
bool Fits(__int128 number) {
  return number >= std::numeric_limits<T>::min() && number <= std::numeric_limits<T>::max();
}

// The largest uint times itself is the one product that is past __int128; 2^126 is past every
// integer, too.
__int128 Product(__int128 a, __int128 b) {
  __int128 product = 0;
  return __builtin_mul_overflow(a, b, &product) ? __int128{1} << 126 : product;
}

std::optional<__int128> Arithmetic(Function function, __int128 a, __int128 b) {
  switch (function) {
    case Function::kAdd: return a + b;
    case Function::kSubtract: return a - b;
    case Function::kMultiply: return Product(a, b);
    case Function::kDivide: return b == 0 ? 0 : a / b;
    case Function::kModulo: return b == 0 ? 0 : a % b;
    default: return std::nullopt;  // NOLINT: the table of functions is open-ended
  }
}

std::optional<Value> Integers(Function function, const Value& a, const Value& b) {
  const bool is_int = a.is(Kind::kInt);
  const __int128 left = is_int ? __int128{a.integer} : __int128{a.unsigned_integer};
  const __int128 right = is_int ? __int128{b.integer} : __int128{b.unsigned_integer};
  if (right == 0 && function == Function::kDivide) return Value::Error(ValueError::kDivideByZero);
  if (right == 0 && function == Function::kModulo) return Value::Error(ValueError::kModulusByZero);
  // The remainder itself would fit, but the division that it belongs to does not.
  const bool is_past_end = function == Function::kModulo && is_int && !Fits<std::int64_t>(right == 0 ? 0 : left / right);
  const std::optional<__int128> number = Arithmetic(function, left, right);
  if (!number) return std::nullopt;
  if (is_int) return OverflowOr(Fits<std::int64_t>(*number) && !is_past_end, Value::Int(static_cast<std::int64_t>(*number)));
  return OverflowOr(Fits<std::uint64_t>(*number), Value::Uint(static_cast<std::uint64_t>(*number)));
}

std::optional<Value> Doubles(Function function, double a, double b) {
  switch (function) {
    case Function::kAdd: return Value::Double(a + b);
    case Function::kSubtract: return Value::Double(a - b);
    case Function::kMultiply: return Value::Double(a * b);
    case Function::kDivide: return Value::Double(a / b);
    default: return std::nullopt;  // NOLINT: the table of functions is open-ended
  }
}

bool IsPartAt(std::string_view text, std::size_t at, std::string_view part) {
  for (std::size_t i = 0; i < part.size(); ++i) {
    if (at + i >= text.size() || text[at + i] != part[i]) return false;
  }
  return true;
}

std::optional<Value> Texts(Function function, const Value& a, const Value& b, std::string& room) {
  const std::string_view left = a.string();
  const std::string_view right = b.string();
  if (function == Function::kAdd) {
    room = std::string(left) + std::string(right);
    return a.is(Kind::kString) ? Value::String(room) : Value::Bytes(room);
  }
  if (!a.is(Kind::kString)) return std::nullopt;
  if (function == Function::kStartsWith) return Value::Bool(IsPartAt(left, 0, right));
  if (function == Function::kEndsWith) return Value::Bool(right.size() <= left.size() && IsPartAt(left, left.size() - right.size(), right));
  if (function != Function::kContains) return std::nullopt;
  for (std::size_t at = 0; at <= left.size(); ++at) {
    if (IsPartAt(left, at, right)) return Value::Bool(true);
  }
  return Value::Bool(false);
}

std::optional<int> CompareTexts(std::string_view a, std::string_view b) {
  for (std::size_t i = 0; i < a.size() && i < b.size(); ++i) {
    if (a[i] != b[i]) return static_cast<unsigned char>(a[i]) < static_cast<unsigned char>(b[i]) ? -1 : 1;
  }
  return a.size() == b.size() ? 0 : a.size() < b.size() ? -1 : 1;
}

template <typename T>
int CompareNumbers(T a, T b) {
  return a < b ? -1 : a > b ? 1 : 0;
}

// Less than 0, 0 or more for two values of one kind; empty for kinds without an order, and for NaN.
std::optional<int> Compare(const Value& a, const Value& b) {
  if (a.kind != b.kind) return std::nullopt;
  if (a.is(Kind::kBool)) return CompareNumbers<int>(a.boolean, b.boolean);
  if (a.is(Kind::kInt) || a.is(Kind::kDuration)) return CompareNumbers(a.integer, b.integer);
  if (a.is(Kind::kUint)) return CompareNumbers(a.unsigned_integer, b.unsigned_integer);
  if (a.is(Kind::kDouble)) return std::isnan(a.real) || std::isnan(b.real) ? std::nullopt : std::optional(CompareNumbers(a.real, b.real));
  if (a.is(Kind::kString) || a.is(Kind::kBytes)) return CompareTexts(a.string(), b.string());
  if (a.is(Kind::kTimestamp)) return a.integer != b.integer ? CompareNumbers(a.integer, b.integer) : CompareNumbers(a.size, b.size);
  return std::nullopt;
}

std::optional<Value> Orders(Function function, const Value& a, const Value& b) {
  const std::optional<int> order = Compare(a, b);
  if (!order) return std::nullopt;
  switch (function) {
    case Function::kLess: return Value::Bool(*order < 0);
    case Function::kLessOrEqual: return Value::Bool(*order <= 0);
    case Function::kGreater: return Value::Bool(*order > 0);
    case Function::kGreaterOrEqual: return Value::Bool(*order >= 0);
    default: return std::nullopt;  // NOLINT: the table of functions is open-ended
  }
}

bool Same(const Value& a, const Value& b);

bool IsNumber(const Value& value) { return value.is(Kind::kInt) || value.is(Kind::kUint) || value.is(Kind::kDouble); }

__int128 IntegerOf(const Value& value) { return value.is(Kind::kInt) ? __int128{value.integer} : __int128{value.unsigned_integer}; }

double RealOf(const Value& value) {
  if (value.is(Kind::kDouble)) return value.real;
  return value.is(Kind::kInt) ? static_cast<double>(value.integer) : static_cast<double>(value.unsigned_integer);
}

// `==`: with a double on one side both are doubles, which loses digits beyond 2^53.
bool NumbersEqual(const Value& a, const Value& b) {
  const bool any_real = a.is(Kind::kDouble) || b.is(Kind::kDouble);
  return any_real ? RealOf(a) == RealOf(b) : IntegerOf(a) == IntegerOf(b);
}

// Keys of maps: both are the same real number, exactly. Only the second may be a double.
bool KeysEqual(const Value& key, const Value& asked) {
  if (!IsNumber(key) || !asked.is(Kind::kDouble)) return IsNumber(key) && IsNumber(asked) ? NumbersEqual(key, asked) : Same(key, asked);
  const bool is_whole = std::fabs(asked.real) < 0x1p65 && std::trunc(asked.real) == asked.real;
  return is_whole && static_cast<__int128>(asked.real) == IntegerOf(key);
}

// NOLINTNEXTLINE(misc-no-recursion): the tests' values nest a few levels deep
bool Same(const Value& a, const Value& b) {
  if (IsNumber(a) && IsNumber(b)) return NumbersEqual(a, b);
  if (a.kind != b.kind) return false;
  switch (a.kind) {
    case Kind::kNull: return true;
    case Kind::kType: return a.string() == b.string();
    case Kind::kOptional: return a.inner == nullptr || b.inner == nullptr ? a.inner == b.inner : Same(*a.inner, *b.inner);
    case Kind::kList: {
      bool same = a.size == b.size;
      for (std::uint32_t i = 0; same && i < a.size; ++i) same = Same(a.items[i], b.items[i]);
      return same;
    }
    case Kind::kMap: {
      if (a.map->size != b.map->size) return false;
      std::uint32_t found = 0;
      for (std::uint32_t i = 0; i < a.map->size * b.map->size; ++i) {
        const MapEntry& left = a.map->entries[i / b.map->size];
        const MapEntry& right = b.map->entries[i % b.map->size];
        if (KeysEqual(left.key, right.key) && Same(left.value, right.value)) ++found;
      }
      return found == a.map->size;
    }
    default: return Compare(a, b) == 0;  // NOLINT: the kinds that have an order
  }
}

std::optional<Value> Membership(const Value& item, const Value& range) {
  if (!range.is(Kind::kList) && !range.is(Kind::kMap)) return std::nullopt;
  bool found = false;
  for (std::uint32_t i = 0; range.is(Kind::kList) && i < range.size; ++i) found = found || Same(item, range.items[i]);
  for (std::uint32_t i = 0; range.is(Kind::kMap) && i < range.map->size; ++i) found = found || KeysEqual(range.map->entries[i].key, item);
  return Value::Bool(found);
}

std::optional<Value> Size(const Value& a) {
  if (a.is(Kind::kList) || a.is(Kind::kBytes)) return Value::Int(a.size);
  if (a.is(Kind::kMap)) return Value::Int(a.map->size);
  if (!a.is(Kind::kString)) return std::nullopt;
  std::int64_t code_points = 0;
  for (const char byte : a.string()) code_points += (static_cast<unsigned char>(byte) & 0xC0U) != 0x80U ? 1 : 0;
  return Value::Int(code_points);
}

std::optional<Value> Unary(Function function, const Value& a) {
  switch (function) {
    case Function::kNot: return a.is(Kind::kBool) ? std::optional(Value::Bool(!a.boolean)) : std::nullopt;
    case Function::kNegate:
      if (a.is(Kind::kDouble)) return Value::Double(-a.real);
      return a.is(Kind::kInt) ? Integers(Function::kSubtract, Value::Int(0), a) : std::nullopt;
    case Function::kSize: return Size(a);
    case Function::kToTimestamp:
      if (!a.is(Kind::kString)) return std::nullopt;
      return ParseTimestamp(a.string()).value_or(Value::Error(ValueError::kBadConversion));
    case Function::kToDuration:
      if (!a.is(Kind::kString)) return std::nullopt;
      return ParseDuration(a.string()).value_or(Value::Error(ValueError::kBadConversion));
    case Function::kIsTrue: return Value::Bool(a.is(Kind::kBool) && a.boolean);
    case Function::kToDyn: return a;
    case Function::kTypeOf: return Value::Type(TypeName(a.kind));
    default: return std::nullopt;  // NOLINT: the table of functions is open-ended
  }
}

}  // namespace

std::optional<Value> NaiveCall(Function function, std::span<const Value> arguments, std::string& room) {
  if (arguments.size() == 1) return Unary(function, arguments[0]);
  if (arguments.size() != 2) return std::nullopt;
  const Value& a = arguments[0];
  const Value& b = arguments[1];
  if (function == Function::kEqual) return Value::Bool(Same(a, b));
  if (function == Function::kNotEqual) return Value::Bool(!Same(a, b));
  if (function == Function::kIn) return Membership(a, b);
  if (const std::optional<Value> ordered = Orders(function, a, b)) return ordered;
  if (a.kind != b.kind) return std::nullopt;
  if (a.is(Kind::kInt) || a.is(Kind::kUint)) return Integers(function, a, b);
  if (a.is(Kind::kDouble)) return Doubles(function, a.real, b.real);
  if (a.is(Kind::kString) || a.is(Kind::kBytes)) return Texts(function, a, b, room);
  return std::nullopt;
}

}  // namespace writ::oracle
