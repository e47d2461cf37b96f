// int, uint, double, string, bytes, bool, type, dyn.
#include <charconv>
#include <cmath>

#include "rules/base/utf8.h"
#include "rules/function/context.h"
#include "rules/model/time.h"

namespace writ {
namespace {

// "cannot convert string to int": the types and not the text, which may be a masked column's.
Value CannotConvert(std::string_view what, FunctionContext& context) { return MakeError(ValueError::kBadConversion, what, context); }

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

// Decimal digits with an optional sign ('-' for signed numbers only); nothing else, no blanks.
template <typename T>
bool ParseInteger(std::string_view text, T& number) {
  if constexpr (std::is_signed_v<T>) {
    if (text.starts_with('+')) {
      text.remove_prefix(1);
      if (text.starts_with('-')) return false;
    }
  }
  const auto result = std::from_chars(text.data(), text.data() + text.size(), number);
  return !text.empty() && result.ec == std::errc() && result.ptr == text.data() + text.size();
}

// The parts of a decimal float: digits [. digits] [e [sign] digits], with a digit before or after
// the point.
struct DecimalShape {
  bool valid = false;
  std::int64_t magnitude = 0;  // decimal exponent of the first digit that is not 0
};

// Reads "e-12" at `at`, which may be the end of the text. Returns nothing when digits are missing
// or something follows.
std::optional<std::int64_t> ReadExponent(std::string_view text, std::size_t at) {
  if (at == text.size()) return 0;
  if (text[at] != 'e' && text[at] != 'E') return std::nullopt;
  ++at;
  const bool negative = at < text.size() && text[at] == '-';
  if (at < text.size() && (text[at] == '+' || text[at] == '-')) ++at;
  if (at == text.size()) return std::nullopt;
  std::int64_t exponent = 0;
  for (; at < text.size() && IsDigit(text[at]); ++at) exponent = std::min<std::int64_t>(exponent * 10 + (text[at] - '0'), 1'000'000'000);
  if (at != text.size()) return std::nullopt;
  return negative ? -exponent : exponent;
}

DecimalShape ShapeOf(std::string_view text) {
  std::size_t at = 0;
  std::int64_t before_point = 0;  // digits from the first that is not 0 up to the point
  std::int64_t zeros = 0;         // zeros after the point before any other digit
  bool any_digit = false;
  bool any_value = false;
  for (; at < text.size() && IsDigit(text[at]); ++at) {
    any_digit = true;
    any_value = any_value || text[at] != '0';
    if (any_value) ++before_point;
  }
  if (at < text.size() && text[at] == '.') {
    for (++at; at < text.size() && IsDigit(text[at]); ++at) {
      any_digit = true;
      any_value = any_value || text[at] != '0';
      if (!any_value) ++zeros;
    }
  }
  const std::optional<std::int64_t> exponent = any_digit ? ReadExponent(text, at) : std::nullopt;
  if (!exponent) return {};
  return {true, *exponent + (before_point > 0 ? before_point - 1 : -zeros - 1)};
}

// Decimal floats, NaN and infinities; no hexadecimal form, no blanks. Too large is no number, too
// small is 0.
bool ParseDouble(std::string_view text, double& number) {
  const bool negative = text.starts_with('-');
  if (negative || text.starts_with('+')) text.remove_prefix(1);
  const double sign = negative ? -1.0 : 1.0;
  if (text == "Infinity" || text == "infinity" || text == "Inf" || text == "inf") {
    number = sign * HUGE_VAL;
    return true;
  }
  if (text == "NaN" || text == "nan") {
    number = std::nan("");
    return true;
  }
  const DecimalShape shape = ShapeOf(text);
  if (!shape.valid) return false;
  double magnitude = 0;
  const auto result = std::from_chars(text.data(), text.data() + text.size(), magnitude);
  if (result.ec == std::errc::result_out_of_range) {
    if (shape.magnitude > 0) return false;
    magnitude = 0;
  } else if (result.ec != std::errc() || result.ptr != text.data() + text.size()) {
    return false;
  }
  number = sign * magnitude;
  return true;
}

}  // namespace

Value CallToInt(std::span<const Value> arguments, FunctionContext& context) {
  const Value& value = arguments[0];
  std::int64_t number = 0;
  if (value.is(Kind::kInt)) return value;
  if (value.is(Kind::kTimestamp) || value.is(Kind::kDuration)) return Value::Int(value.integer);  // seconds; nanoseconds
  if (value.is(Kind::kUint)) {
    return value.unsigned_integer > static_cast<std::uint64_t>(INT64_MAX) ? OverflowIn(Function::kToInt)
                                                                          : Value::Int(static_cast<std::int64_t>(value.unsigned_integer));
  }
  if (value.is(Kind::kDouble)) {
    // Both ends excluded, as CEL's suite wants. NaN fails the comparison.
    if (!(value.real > -0x1p63 && value.real < 0x1p63)) return OverflowIn(Function::kToInt);
    return Value::Int(static_cast<std::int64_t>(value.real));
  }
  if (!value.is(Kind::kString)) return NoOverload(Function::kToInt, arguments);
  if (!Charge(context, ScanSteps(value.size))) return OutOfBudget(context);
  return ParseInteger(value.string(), number) ? Value::Int(number) : CannotConvert("string to int", context);
}

Value CallToUint(std::span<const Value> arguments, FunctionContext& context) {
  const Value& value = arguments[0];
  std::uint64_t number = 0;
  if (value.is(Kind::kUint)) return value;
  if (value.is(Kind::kInt))
    return value.integer < 0 ? OverflowIn(Function::kToUint) : Value::Uint(static_cast<std::uint64_t>(value.integer));
  if (value.is(Kind::kDouble)) {
    if (!(value.real >= 0 && value.real < 0x1p64)) return OverflowIn(Function::kToUint);
    return Value::Uint(static_cast<std::uint64_t>(value.real));
  }
  if (!value.is(Kind::kString)) return NoOverload(Function::kToUint, arguments);
  if (!Charge(context, ScanSteps(value.size))) return OutOfBudget(context);
  return ParseInteger(value.string(), number) ? Value::Uint(number) : CannotConvert("string to uint", context);
}

Value CallToDouble(std::span<const Value> arguments, FunctionContext& context) {
  const Value& value = arguments[0];
  double number = 0;
  if (value.is(Kind::kDouble)) return value;
  if (value.is(Kind::kInt)) return Value::Double(static_cast<double>(value.integer));
  if (value.is(Kind::kUint)) return Value::Double(static_cast<double>(value.unsigned_integer));
  if (!value.is(Kind::kString)) return NoOverload(Function::kToDouble, arguments);
  if (!Charge(context, ScanSteps(value.size))) return OutOfBudget(context);
  return ParseDouble(value.string(), number) ? Value::Double(number) : CannotConvert("string to double", context);
}

Value CallToString(std::span<const Value> arguments, FunctionContext& context) {
  const Value& value = arguments[0];
  switch (value.kind) {
    case Kind::kString: return value;
    case Kind::kBool: return Value::String(value.boolean ? "true" : "false");
    case Kind::kInt: return MakeString(std::to_string(value.integer), context);
    case Kind::kUint: return MakeString(std::to_string(value.unsigned_integer), context);
    case Kind::kDouble: return MakeString(FormatDouble(value.real), context);
    case Kind::kTimestamp: return MakeString(FormatTimestamp(value), context);
    case Kind::kDuration: return MakeString(FormatDuration(value), context);
    case Kind::kBytes:
      if (!Charge(context, ScanSteps(value.size))) return OutOfBudget(context);
      return IsValidUtf8(value.string()) ? Value::String(value.string()) : CannotConvert("bytes that are not UTF-8 to string", context);
    case Kind::kAbsent:
    case Kind::kNull:
    case Kind::kList:
    case Kind::kMap:
    case Kind::kOptional:
    case Kind::kType:
    case Kind::kError:
    case Kind::kUnknown: return NoOverload(Function::kToString, arguments);
  }
  return NoOverload(Function::kToString, arguments);
}

Value CallToBytes(std::span<const Value> arguments, FunctionContext&) {
  const Value& value = arguments[0];
  if (value.is(Kind::kBytes)) return value;
  return value.is(Kind::kString) ? Value::Bytes(value.string()) : NoOverload(Function::kToBytes, arguments);
}

Value CallToBool(std::span<const Value> arguments, FunctionContext& context) {
  const Value& value = arguments[0];
  if (value.is(Kind::kBool)) return value;
  if (!value.is(Kind::kString)) return NoOverload(Function::kToBool, arguments);
  for (const std::string_view word : {"1", "t", "T", "true", "TRUE", "True"}) {
    if (value.string() == word) return Value::Bool(true);
  }
  for (const std::string_view word : {"0", "f", "F", "false", "FALSE", "False"}) {
    if (value.string() == word) return Value::Bool(false);
  }
  return CannotConvert("string to bool", context);
}

Value CallTypeOf(std::span<const Value> arguments, FunctionContext&) { return Value::Type(TypeName(arguments[0].kind)); }

Value CallToDyn(std::span<const Value> arguments, FunctionContext&) { return arguments[0]; }

}  // namespace writ
