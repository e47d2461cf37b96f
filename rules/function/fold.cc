// Constant folding; see fold.h.
#include "rules/function/fold.h"

#include <cmath>
#include <cstring>
#include <limits>

#include "rules/model/time.h"

namespace writ {
namespace {

Value Overflow(Function function) { return Value::Error(ValueError::kOverflow, InfoOf(function).name); }

bool Both(std::span<const Value> arguments, Kind kind) { return arguments.size() == 2 && arguments[0].is(kind) && arguments[1].is(kind); }

std::optional<Value> FoldInt(Function function, std::int64_t a, std::int64_t b) {
  std::int64_t result = 0;
  const bool minimum_by_minus_one = a == std::numeric_limits<std::int64_t>::min() && b == -1;
  switch (function) {
    case Function::kAdd: return __builtin_add_overflow(a, b, &result) ? Overflow(function) : Value::Int(result);
    case Function::kSubtract: return __builtin_sub_overflow(a, b, &result) ? Overflow(function) : Value::Int(result);
    case Function::kMultiply: return __builtin_mul_overflow(a, b, &result) ? Overflow(function) : Value::Int(result);
    case Function::kDivide:
      if (b == 0) return Value::Error(ValueError::kDivideByZero);
      return minimum_by_minus_one ? Overflow(function) : Value::Int(a / b);
    case Function::kModulo:
      if (b == 0) return Value::Error(ValueError::kModulusByZero);
      return minimum_by_minus_one ? Overflow(function) : Value::Int(a % b);
    default: return std::nullopt;  // NOLINT: the table of functions is open-ended
  }
}

std::optional<Value> FoldUint(Function function, std::uint64_t a, std::uint64_t b) {
  std::uint64_t result = 0;
  switch (function) {
    case Function::kAdd: return __builtin_add_overflow(a, b, &result) ? Overflow(function) : Value::Uint(result);
    case Function::kSubtract: return __builtin_sub_overflow(a, b, &result) ? Overflow(function) : Value::Uint(result);
    case Function::kMultiply: return __builtin_mul_overflow(a, b, &result) ? Overflow(function) : Value::Uint(result);
    case Function::kDivide: return b == 0 ? Value::Error(ValueError::kDivideByZero) : Value::Uint(a / b);
    case Function::kModulo: return b == 0 ? Value::Error(ValueError::kModulusByZero) : Value::Uint(a % b);
    default: return std::nullopt;  // NOLINT: the table of functions is open-ended
  }
}

std::optional<Value> FoldDouble(Function function, double a, double b) {
  switch (function) {
    case Function::kAdd: return Value::Double(a + b);
    case Function::kSubtract: return Value::Double(a - b);
    case Function::kMultiply: return Value::Double(a * b);
    case Function::kDivide: return Value::Double(a / b);  // IEEE: infinity and NaN are values
    default: return std::nullopt;                         // NOLINT: the table of functions is open-ended
  }
}

std::optional<Value> FoldText(Function function, const Value& a, const Value& b, Arena& arena) {
  const std::string_view left = a.string();
  const std::string_view right = b.string();
  switch (function) {
    case Function::kAdd: {
      char* room = arena.AllocateArray<char>(left.size() + right.size() + 1);
      if (room == nullptr) return std::nullopt;
      if (!left.empty()) std::memcpy(room, left.data(), left.size());
      if (!right.empty()) std::memcpy(room + left.size(), right.data(), right.size());
      return a.is(Kind::kString) ? Value::String({room, left.size() + right.size()}) : Value::Bytes({room, left.size() + right.size()});
    }
    case Function::kContains:
      return a.is(Kind::kString) ? std::optional(Value::Bool(left.find(right) != std::string_view::npos)) : std::nullopt;
    case Function::kStartsWith: return a.is(Kind::kString) ? std::optional(Value::Bool(left.starts_with(right))) : std::nullopt;
    case Function::kEndsWith: return a.is(Kind::kString) ? std::optional(Value::Bool(left.ends_with(right))) : std::nullopt;
    default: return std::nullopt;  // NOLINT: the table of functions is open-ended
  }
}

template <typename T>
std::optional<Value> FoldOrder(Function function, const T& a, const T& b) {
  switch (function) {
    case Function::kLess: return Value::Bool(a < b);
    case Function::kLessOrEqual: return Value::Bool(a <= b);
    case Function::kGreater: return Value::Bool(a > b);
    case Function::kGreaterOrEqual: return Value::Bool(a >= b);
    default: return std::nullopt;  // NOLINT: the table of functions is open-ended
  }
}

std::optional<Value> FoldPair(Function function, std::span<const Value> arguments, Arena& arena) {
  const Value& a = arguments[0];
  const Value& b = arguments[1];
  if (Both(arguments, Kind::kInt)) {
    if (auto ordered = FoldOrder(function, a.integer, b.integer)) return ordered;
    return FoldInt(function, a.integer, b.integer);
  }
  if (Both(arguments, Kind::kUint)) {
    if (auto ordered = FoldOrder(function, a.unsigned_integer, b.unsigned_integer)) return ordered;
    return FoldUint(function, a.unsigned_integer, b.unsigned_integer);
  }
  if (Both(arguments, Kind::kDouble)) {
    if (auto ordered = FoldOrder(function, a.real, b.real)) return ordered;
    return FoldDouble(function, a.real, b.real);
  }
  if (Both(arguments, Kind::kString)) {
    if (auto ordered = FoldOrder(function, a.string(), b.string())) return ordered;
    return FoldText(function, a, b, arena);
  }
  if (Both(arguments, Kind::kBytes)) return FoldText(function, a, b, arena);
  return std::nullopt;
}

std::optional<Value> FoldMembership(const Value& item, const Value& range) {
  if (range.is(Kind::kMap) && range.map != nullptr) return Value::Bool(FindInMap(*range.map, item) != nullptr);
  if (!range.is(Kind::kList)) return std::nullopt;
  for (std::uint32_t i = 0; i < range.size; ++i) {
    if (ValuesEqual(item, range.items[i])) return Value::Bool(true);
  }
  return Value::Bool(false);
}

std::optional<Value> FoldUnary(Function function, const Value& a) {
  switch (function) {
    case Function::kNot: return a.is(Kind::kBool) ? std::optional(Value::Bool(!a.boolean)) : std::nullopt;
    case Function::kNegate:
      if (a.is(Kind::kDouble)) return Value::Double(-a.real);
      if (!a.is(Kind::kInt)) return std::nullopt;
      return a.integer == std::numeric_limits<std::int64_t>::min() ? Overflow(function) : Value::Int(-a.integer);
    case Function::kSize:
      if (a.is(Kind::kList) || a.is(Kind::kBytes)) return Value::Int(a.size);
      if (a.is(Kind::kString)) {
        std::int64_t code_points = 0;
        for (const char byte : a.string()) code_points += (static_cast<unsigned char>(byte) & 0xC0) != 0x80 ? 1 : 0;
        return Value::Int(code_points);
      }
      return std::nullopt;
    case Function::kToTimestamp:
    case Function::kToDuration: {
      if (!a.is(Kind::kString)) return std::nullopt;
      const auto parsed = function == Function::kToTimestamp ? ParseTimestamp(a.string()) : ParseDuration(a.string());
      return parsed ? *parsed : Value::Error(ValueError::kBadConversion, a.string());
    }
    case Function::kToDyn: return a;
    default: return std::nullopt;  // NOLINT: the table of functions is open-ended
  }
}

}  // namespace

std::optional<Value> FoldCall(Function function, std::span<const Value> arguments, Arena& arena) {
  if (arguments.size() == 1) return FoldUnary(function, arguments[0]);
  if (arguments.size() != 2) return std::nullopt;
  switch (function) {
    case Function::kEqual: return Value::Bool(ValuesEqual(arguments[0], arguments[1]));
    case Function::kNotEqual: return Value::Bool(!ValuesEqual(arguments[0], arguments[1]));
    case Function::kIn: return FoldMembership(arguments[0], arguments[1]);
    default: return FoldPair(function, arguments, arena);  // NOLINT: the table of functions is open-ended
  }
}

}  // namespace writ
