// The operators on any two values. Semantics: docs/language.md and cel-spec langdef.md; every
// overflow is an error.
#include "rules/function/standard/operators.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <optional>

#include "rules/model/map_lookup.h"
#include "rules/model/time.h"

namespace writ {
namespace {

Value AddOneByOne(std::span<const Value> values, FunctionContext& context) {
  Value sum = AddValues(values[0], values[1], context);
  for (const Value& value : values.subspan(2)) sum = AddValues(sum, value, context);
  return sum;
}

// Copies `bytes` to `end`; returns where they end then. A call of memcpy costs more than a text
// that is as short as most are.
char* AppendBytes(std::string_view bytes, char* end) {
  struct Words {
    std::uint64_t first, second;
  };
  const auto copy = [&](auto word, std::size_t at) {
    std::memcpy(&word, bytes.data() + at, sizeof word);
    std::memcpy(end + at, &word, sizeof word);
  };
  const std::size_t size = bytes.size();
  if (size >= sizeof(Words)) {
    for (std::size_t at = 0; at + sizeof(Words) < size; at += sizeof(Words)) copy(Words{}, at);
    copy(Words{}, size - sizeof(Words));
  } else if (size >= sizeof(std::uint64_t)) {
    copy(std::uint64_t{}, 0);
    copy(std::uint64_t{}, size - sizeof(std::uint64_t));
  } else if (size >= sizeof(std::uint32_t)) {
    copy(std::uint32_t{}, 0);
    copy(std::uint32_t{}, size - sizeof(std::uint32_t));
  } else {
    for (std::size_t at = 0; at < size; ++at) end[at] = bytes[at];
  }
  return end + size;
}

constexpr std::int64_t kNanosPerSecond = 1'000'000'000;
constexpr std::int64_t kMinInt = std::numeric_limits<std::int64_t>::min();
constexpr std::int64_t kMaxInt = std::numeric_limits<std::int64_t>::max();

bool Are(const Value& a, const Value& b, Kind kind) { return a.kind == kind && b.kind == kind; }

Value Concatenate(const Value& a, const Value& b, FunctionContext& context) {
  if (b.size == 0) return a;
  if (a.size == 0) return b;
  const std::size_t size = std::size_t{a.size} + b.size;
  if (size > std::numeric_limits<std::uint32_t>::max() || !Charge(context, ScanSteps(size))) return OutOfBudget(context);
  char* text = context.arena.AllocateArray<char>(size);
  if (text == nullptr) return OutOfBudget(context);
  std::memcpy(text, a.text, a.size);
  std::memcpy(text + a.size, b.text, b.size);
  return a.is(Kind::kString) ? Value::String({text, size}) : Value::Bytes({text, size});
}

Value ConcatenateLists(const Value& a, const Value& b, FunctionContext& context) {
  if (b.size == 0) return a;
  if (a.size == 0) return b;
  const std::size_t size = std::size_t{a.size} + b.size;
  if (size > std::numeric_limits<std::uint32_t>::max() || !Charge(context, size)) return OutOfBudget(context);
  Value* items = context.arena.AllocateArray<Value>(size);
  if (items == nullptr) return OutOfBudget(context);
  std::copy_n(a.items, a.size, items);
  std::copy_n(b.items, b.size, items + a.size);
  return Value::List(items, static_cast<std::uint32_t>(size));
}

// `total` nanoseconds since 1970 as a timestamp of CEL's range.
Value MakeTimestamp(__int128 total, Function function) {
  __int128 seconds = total / kNanosPerSecond;
  auto nanos = static_cast<std::int64_t>(total % kNanosPerSecond);
  if (nanos < 0) {
    nanos += kNanosPerSecond;
    --seconds;
  }
  if (seconds < kMinTimestampSeconds || seconds > kMaxTimestampSeconds) return OverflowIn(function);
  return Value::Timestamp(static_cast<std::int64_t>(seconds), static_cast<std::uint32_t>(nanos));
}

__int128 TotalNanos(const Value& timestamp) { return static_cast<__int128>(timestamp.integer) * kNanosPerSecond + timestamp.size; }

Value MakeDuration(__int128 nanos, Function function) {
  if (nanos < kMinInt || nanos > kMaxInt) return OverflowIn(function);
  return Value::Duration(static_cast<std::int64_t>(nanos));
}

enum class Order : std::uint8_t { kLess, kEqual, kGreater, kUnordered, kNone };

template <typename T>
Order OrderOf(T a, T b) {
  if (a < b) return Order::kLess;
  if (a > b) return Order::kGreater;
  return a == b ? Order::kEqual : Order::kUnordered;
}

Order Reverse(Order order) {
  if (order == Order::kLess) return Order::kGreater;
  return order == Order::kGreater ? Order::kLess : order;
}

// Ints against doubles are compared as doubles: lossy beyond 2^53, as CEL's suite wants.
Order OrderMixed(const Value& a, const Value& b) {
  if (a.is(Kind::kInt) && b.is(Kind::kUint)) {
    return a.integer < 0 ? Order::kLess : OrderOf(static_cast<std::uint64_t>(a.integer), b.unsigned_integer);
  }
  if (a.is(Kind::kInt) && b.is(Kind::kDouble)) return OrderOf(static_cast<double>(a.integer), b.real);
  if (a.is(Kind::kUint) && b.is(Kind::kDouble)) return OrderOf(static_cast<double>(a.unsigned_integer), b.real);
  return Order::kNone;
}

Order OrderSameKind(const Value& a, const Value& b) {
  switch (a.kind) {
    case Kind::kBool: return OrderOf(a.boolean, b.boolean);
    case Kind::kInt:
    case Kind::kDuration: return OrderOf(a.integer, b.integer);
    case Kind::kUint: return OrderOf(a.unsigned_integer, b.unsigned_integer);
    case Kind::kDouble: return OrderOf(a.real, b.real);
    case Kind::kString:
    case Kind::kBytes: return OrderOf(a.string().compare(b.string()), 0);  // char_traits compares as unsigned octets
    case Kind::kTimestamp: return a.integer != b.integer ? OrderOf(a.integer, b.integer) : OrderOf(a.size, b.size);
    case Kind::kAbsent:
    case Kind::kNull:
    case Kind::kList:
    case Kind::kMap:
    case Kind::kOptional:
    case Kind::kType:
    case Kind::kError:
    case Kind::kUnknown: return Order::kNone;
  }
  return Order::kNone;
}

bool Holds(Function function, Order order) {
  if (function == Function::kLess) return order == Order::kLess;
  if (function == Function::kLessOrEqual) return order == Order::kLess || order == Order::kEqual;
  if (function == Function::kGreater) return order == Order::kGreater;
  return order == Order::kGreater || order == Order::kEqual;
}

// What a lookup in a list or map found: the item, a miss, or an error.
struct Lookup {
  const Value* item = nullptr;
  Value error;  // kError when the container cannot be looked up in that way
};

// The position that `index` names in a list; empty for no int, uint or integral double. Positions
// out of range give -1.
std::optional<std::int64_t> ListPosition(const Value& index) {
  if (index.is(Kind::kInt)) return index.integer;
  if (index.is(Kind::kUint))
    return index.unsigned_integer <= static_cast<std::uint64_t>(kMaxInt) ? static_cast<std::int64_t>(index.unsigned_integer) : -1;
  if (index.is(Kind::kDouble) && index.real == std::trunc(index.real)) {
    return index.real >= 0 && index.real < 0x1p32 ? static_cast<std::int64_t>(index.real) : -1;
  }
  return std::nullopt;
}

Lookup LookUp(const Value& container, const Value& key, Function function) {
  if (container.is(Kind::kMap) && container.map != nullptr) return {FindInMap(*container.map, key), {}};
  if (!container.is(Kind::kList)) return {nullptr, NoOverload(function, container, key)};
  if (key.is(Kind::kDouble) && key.real != std::trunc(key.real)) return {};
  const std::optional<std::int64_t> position = ListPosition(key);
  if (!position) return {nullptr, NoOverload(function, container, key)};
  if (*position < 0 || *position >= container.size) return {};
  return {container.items + *position, {}};
}

// Items that are faults (an unknown member of a map) are faults, not optionals of faults.
Value OptionalOfItem(const Value* item, FunctionContext& context) {
  if (item == nullptr) return Value::Optional(nullptr);
  return item->is_fault() ? *item : MakeOptional(*item, context);
}

Value IndexOptional(const Value& optional, const Value& key, Function function, FunctionContext& context) {
  if (optional.inner == nullptr) return optional;
  const Lookup lookup = LookUp(*optional.inner, key, function);
  if (lookup.error.is(Kind::kError)) return lookup.error;
  return OptionalOfItem(lookup.item, context);
}

bool HasMembers(const Value& value) { return value.is(Kind::kMap) && value.map != nullptr; }

}  // namespace

Value AddValues(const Value& a, const Value& b, FunctionContext& context) {
  if (a.is_fault() || b.is_fault()) return FaultOf(a, b);
  constexpr Function kThis = Function::kAdd;
  if (Are(a, b, Kind::kInt)) {
    std::int64_t sum = 0;
    return __builtin_add_overflow(a.integer, b.integer, &sum) ? OverflowIn(kThis) : Value::Int(sum);
  }
  if (Are(a, b, Kind::kUint)) {
    std::uint64_t sum = 0;
    return __builtin_add_overflow(a.unsigned_integer, b.unsigned_integer, &sum) ? OverflowIn(kThis) : Value::Uint(sum);
  }
  if (Are(a, b, Kind::kDouble)) return Value::Double(a.real + b.real);
  if (Are(a, b, Kind::kString) || Are(a, b, Kind::kBytes)) return Concatenate(a, b, context);
  if (Are(a, b, Kind::kList)) return ConcatenateLists(a, b, context);
  if (a.is(Kind::kTimestamp) && b.is(Kind::kDuration)) return MakeTimestamp(TotalNanos(a) + b.integer, kThis);
  if (a.is(Kind::kDuration) && b.is(Kind::kTimestamp)) return MakeTimestamp(TotalNanos(b) + a.integer, kThis);
  if (Are(a, b, Kind::kDuration)) return MakeDuration(static_cast<__int128>(a.integer) + b.integer, kThis);
  return NoOverload(kThis, a, b);
}

Value AddAll(std::span<const Value> values, FunctionContext& context) {
  std::size_t size = 0;
  for (const Value& value : values) {
    if (!value.is(Kind::kString)) return AddOneByOne(values, context);
    size += value.size;
  }
  if (size > std::numeric_limits<std::uint32_t>::max() || !Charge(context, ScanSteps(size))) return OutOfBudget(context);
  char* const text = context.arena.AllocateArray<char>(size);
  if (text == nullptr) return OutOfBudget(context);
  char* end = text;
  for (const Value& value : values) end = AppendBytes(value.string(), end);
  return Value::String({text, size});
}

Value SubtractValues(const Value& a, const Value& b, FunctionContext&) {
  if (a.is_fault() || b.is_fault()) return FaultOf(a, b);
  constexpr Function kThis = Function::kSubtract;
  if (Are(a, b, Kind::kInt)) {
    std::int64_t difference = 0;
    return __builtin_sub_overflow(a.integer, b.integer, &difference) ? OverflowIn(kThis) : Value::Int(difference);
  }
  if (Are(a, b, Kind::kUint)) {
    std::uint64_t difference = 0;
    return __builtin_sub_overflow(a.unsigned_integer, b.unsigned_integer, &difference) ? OverflowIn(kThis) : Value::Uint(difference);
  }
  if (Are(a, b, Kind::kDouble)) return Value::Double(a.real - b.real);
  if (Are(a, b, Kind::kTimestamp)) return MakeDuration(TotalNanos(a) - TotalNanos(b), kThis);
  if (a.is(Kind::kTimestamp) && b.is(Kind::kDuration)) return MakeTimestamp(TotalNanos(a) - b.integer, kThis);
  if (Are(a, b, Kind::kDuration)) return MakeDuration(static_cast<__int128>(a.integer) - b.integer, kThis);
  return NoOverload(kThis, a, b);
}

Value MultiplyValues(const Value& a, const Value& b, FunctionContext&) {
  if (a.is_fault() || b.is_fault()) return FaultOf(a, b);
  constexpr Function kThis = Function::kMultiply;
  if (Are(a, b, Kind::kInt)) {
    std::int64_t product = 0;
    return __builtin_mul_overflow(a.integer, b.integer, &product) ? OverflowIn(kThis) : Value::Int(product);
  }
  if (Are(a, b, Kind::kUint)) {
    std::uint64_t product = 0;
    return __builtin_mul_overflow(a.unsigned_integer, b.unsigned_integer, &product) ? OverflowIn(kThis) : Value::Uint(product);
  }
  if (Are(a, b, Kind::kDouble)) return Value::Double(a.real * b.real);
  return NoOverload(kThis, a, b);
}

Value DivideValues(const Value& a, const Value& b, FunctionContext&) {
  if (a.is_fault() || b.is_fault()) return FaultOf(a, b);
  if (Are(a, b, Kind::kInt)) {
    if (b.integer == 0) return Value::Error(ValueError::kDivideByZero);
    if (a.integer == kMinInt && b.integer == -1) return OverflowIn(Function::kDivide);
    return Value::Int(a.integer / b.integer);
  }
  if (Are(a, b, Kind::kUint)) {
    if (b.unsigned_integer == 0) return Value::Error(ValueError::kDivideByZero);
    return Value::Uint(a.unsigned_integer / b.unsigned_integer);
  }
  if (Are(a, b, Kind::kDouble)) return Value::Double(a.real / b.real);
  return NoOverload(Function::kDivide, a, b);
}

Value ModuloValues(const Value& a, const Value& b, FunctionContext&) {
  if (a.is_fault() || b.is_fault()) return FaultOf(a, b);
  if (Are(a, b, Kind::kInt)) {
    if (b.integer == 0) return Value::Error(ValueError::kModulusByZero);
    if (a.integer == kMinInt && b.integer == -1) return OverflowIn(Function::kModulo);
    return Value::Int(a.integer % b.integer);
  }
  if (Are(a, b, Kind::kUint)) {
    if (b.unsigned_integer == 0) return Value::Error(ValueError::kModulusByZero);
    return Value::Uint(a.unsigned_integer % b.unsigned_integer);
  }
  return NoOverload(Function::kModulo, a, b);
}

Value NegateValue(const Value& a) {
  if (a.is_fault()) return a;
  if (a.is(Kind::kInt)) return a.integer == kMinInt ? OverflowIn(Function::kNegate) : Value::Int(-a.integer);
  if (a.is(Kind::kDouble)) return Value::Double(-a.real);
  return NoOverload(Function::kNegate, a);
}

Value NotValue(const Value& a) {
  if (a.is(Kind::kBool)) return Value::Bool(!a.boolean);
  if (a.is(Kind::kUnknown)) {
    const unsigned swapped = ((a.code & kMayBeTrue) != 0 ? kMayBeFalse : 0) | ((a.code & kMayBeFalse) != 0 ? kMayBeTrue : 0);
    return Value::Unknown(static_cast<std::uint16_t>(swapped | (a.code & kMayFail)));
  }
  return a.is_fault() ? a : NoOverload(Function::kNot, a);
}

Value EqualValues(const Value& a, const Value& b, FunctionContext& context) {
  if (a.is_fault() || b.is_fault()) return FaultOf(a, b);
  const bool equal = EqualWithinBudget(a, b, context);
  return context.steps_left == 0 ? OutOfBudget(context) : Value::Bool(equal);
}

Value NotEqualValues(const Value& a, const Value& b, FunctionContext& context) {
  const Value equal = EqualValues(a, b, context);
  return equal.is(Kind::kBool) ? Value::Bool(!equal.boolean) : equal;
}

Value OrderValues(Function function, const Value& a, const Value& b, FunctionContext& context) {
  if (a.is_fault() || b.is_fault()) return FaultOf(a, b);
  Order order = Order::kNone;
  if (a.kind == b.kind) {
    if ((a.is(Kind::kString) || a.is(Kind::kBytes)) && !Charge(context, ScanSteps(std::min(a.size, b.size)))) return OutOfBudget(context);
    order = OrderSameKind(a, b);
  } else {
    order = a.kind < b.kind ? OrderMixed(a, b) : Reverse(OrderMixed(b, a));
  }
  return order == Order::kNone ? NoOverload(function, a, b) : Value::Bool(Holds(function, order));
}

namespace {

// Longest texts that are compared before they are charged for.
constexpr std::uint32_t kUnchargedBytes = 256;

// A short text in a list: a step an item.
Value ShortTextInList(const Value& text, const Value& list, FunctionContext& context) {
  const auto is_text = [&text](const Value& item) {
    return item.size == text.size && item.is(Kind::kString) && SameBytes(item.text, text.text, text.size);
  };
  const Value* const end = list.items + list.size;
  const Value* const found = std::find_if(list.items, end, is_text);
  const auto steps = static_cast<std::uint64_t>(found - list.items);
  return Charge(context, steps + (found != end ? 1 : 0)) ? Value::Bool(found != end) : OutOfBudget(context);
}

}  // namespace

Value InValues(const Value& a, const Value& b, FunctionContext& context) {
  if (a.is_fault() || b.is_fault()) return FaultOf(a, b);
  if (b.is(Kind::kMap) && b.map != nullptr) {
    const std::size_t bytes = a.is(Kind::kString) ? a.size : 0;
    if (!Charge(context, ScanSteps(bytes))) return OutOfBudget(context);
    return Value::Bool(FindInMap(*b.map, a) != nullptr);
  }
  if (!b.is(Kind::kList)) return NoOverload(Function::kIn, a, b);
  if (a.is(Kind::kString) && a.size <= kUnchargedBytes) return ShortTextInList(a, b, context);
  for (std::uint32_t i = 0; i < b.size; ++i) {
    // The item first: keys of the left map are charged, which are to be the item's, once each.
    if (EqualWithinBudget(b.items[i], a, context)) return Value::Bool(true);
    if (context.steps_left == 0) return OutOfBudget(context);
  }
  return Value::Bool(false);
}

Value BoolFault(const Value& value) { return value.is_fault() ? value : Value::Error(ValueError::kNotABool, TypeName(value.kind)); }

unsigned OutcomesOf(const Value& value) {
  if (value.is(Kind::kBool)) return value.boolean ? kMayBeTrue : kMayBeFalse;
  return value.is(Kind::kUnknown) ? value.code : kMayFail;
}

namespace {

// The value of a condition over `a` and `b`, one of them unknown. An error alone is that of the
// operand that is one.
Value OfOutcomes(unsigned outcomes, const Value& a, const Value& b) {
  if (outcomes == kMayFail) return BoolFault(a.is(Kind::kUnknown) ? b : a);
  if (outcomes == kMayBeTrue || outcomes == kMayBeFalse) return Value::Bool(outcomes == kMayBeTrue);
  return Value::Unknown(static_cast<std::uint16_t>(outcomes));
}

}  // namespace

Value AndValues(const Value& a, const Value& b) {
  if (a.is_false() || b.is_false()) return Value::Bool(false);
  if (a.is_true() && b.is_true()) return Value::Bool(true);
  if (!a.is(Kind::kUnknown) && !b.is(Kind::kUnknown)) return BoolFault(a.is_true() ? b : a);
  const unsigned x = OutcomesOf(a), y = OutcomesOf(b);
  const unsigned fails =
      ((x & kMayFail) != 0 && (y & (kMayBeTrue | kMayFail)) != 0) || ((y & kMayFail) != 0 && (x & kMayBeTrue) != 0) ? kMayFail : 0;
  return OfOutcomes((x & y & kMayBeTrue) | ((x | y) & kMayBeFalse) | fails, a, b);
}

Value OrValues(const Value& a, const Value& b) {
  if (a.is_true() || b.is_true()) return Value::Bool(true);
  if (a.is_false() && b.is_false()) return Value::Bool(false);
  if (!a.is(Kind::kUnknown) && !b.is(Kind::kUnknown)) return BoolFault(a.is_false() ? b : a);
  const unsigned x = OutcomesOf(a), y = OutcomesOf(b);
  const unsigned fails =
      ((x & kMayFail) != 0 && (y & (kMayBeFalse | kMayFail)) != 0) || ((y & kMayFail) != 0 && (x & kMayBeFalse) != 0) ? kMayFail : 0;
  return OfOutcomes((x & y & kMayBeFalse) | ((x | y) & kMayBeTrue) | fails, a, b);
}

Value IndexValue(const Value& a, const Value& b, FunctionContext& context) {
  if (a.is_fault() || b.is_fault()) return FaultOf(a, b);
  if (!Charge(context, b.is(Kind::kString) ? ScanSteps(b.size) : 1)) return OutOfBudget(context);
  if (a.is(Kind::kOptional)) return IndexOptional(a, b, Function::kIndex, context);
  const Lookup lookup = LookUp(a, b, Function::kIndex);
  if (lookup.item != nullptr) return *lookup.item;
  if (lookup.error.is(Kind::kError)) return lookup.error;
  return MakeError(a.is(Kind::kMap) ? ValueError::kNoSuchKey : ValueError::kIndexOutOfRange, DetailText(b), context);
}

Value OptionalIndexValue(const Value& a, const Value& b, FunctionContext& context) {
  if (a.is_fault() || b.is_fault()) return FaultOf(a, b);
  if (!Charge(context, b.is(Kind::kString) ? ScanSteps(b.size) : 1)) return OutOfBudget(context);
  if (a.is(Kind::kOptional)) return IndexOptional(a, b, Function::kOptionalIndex, context);
  const Lookup lookup = LookUp(a, b, Function::kOptionalIndex);
  return lookup.error.is(Kind::kError) ? lookup.error : OptionalOfItem(lookup.item, context);
}

Value NoMembers(const Value& a, std::string_view key, FunctionContext& context) {
  return MakeError(ValueError::kNoMatchingOverload, std::string(TypeName(a.kind)).append(".").append(DetailText(Value::String(key))),
                   context);
}

Value SelectMember(const Value& a, std::string_view key, FunctionContext& context) {
  if (HasMembers(a)) {
    const Value* found = FindMember(*a.map, Value::String(key));
    return found != nullptr ? *found : MakeError(ValueError::kNoSuchKey, DetailText(Value::String(key)), context);
  }
  if (a.is_fault()) return a;
  if (!a.is(Kind::kOptional)) return NoMembers(a, key, context);
  return OptionalSelectMember(a, key, context);
}

Value HasMember(const Value& a, std::string_view key, FunctionContext& context) {
  if (a.is_fault()) return a;
  if (a.is(Kind::kOptional) && a.inner == nullptr) return Value::Bool(false);
  const Value& container = a.is(Kind::kOptional) ? *a.inner : a;
  if (!HasMembers(container)) return NoMembers(container, key, context);
  const Value* found = FindMember(*container.map, Value::String(key));
  // Whether a member that was declared unknown is there is not known either.
  return found != nullptr && found->is_fault() ? *found : Value::Bool(found != nullptr);
}

Value OptionalSelectMember(const Value& a, std::string_view key, FunctionContext& context) {
  if (a.is_fault()) return a;
  if (a.is(Kind::kOptional) && a.inner == nullptr) return a;
  const Value& container = a.is(Kind::kOptional) ? *a.inner : a;
  if (!HasMembers(container)) return NoMembers(container, key, context);
  return OptionalOfItem(FindMember(*container.map, Value::String(key)), context);
}

Value SelectOr(const Value& a, std::string_view key, const Value& otherwise, FunctionContext& context) {
  if (a.is_fault()) return a;
  if (a.is(Kind::kOptional) && a.inner == nullptr) return otherwise;
  const Value& container = a.is(Kind::kOptional) ? *a.inner : a;
  if (!HasMembers(container)) return NoMembers(container, key, context);
  const Value* found = FindMember(*container.map, Value::String(key));
  return found != nullptr ? *found : otherwise;
}

// The rows of the operators: calls with any two values are what the evaluator's instructions do.
Value CallNegate(std::span<const Value> arguments, FunctionContext&) { return NegateValue(arguments[0]); }
Value CallNot(std::span<const Value> arguments, FunctionContext&) { return NotValue(arguments[0]); }

#define WRIT_BINARY(id, operation) \
  Value Call##id(std::span<const Value> arguments, FunctionContext& context) { return operation(arguments[0], arguments[1], context); }
WRIT_BINARY(Multiply, MultiplyValues)
WRIT_BINARY(Divide, DivideValues)
WRIT_BINARY(Modulo, ModuloValues)
WRIT_BINARY(Add, AddValues)
WRIT_BINARY(Subtract, SubtractValues)
WRIT_BINARY(Equal, EqualValues)
WRIT_BINARY(NotEqual, NotEqualValues)
WRIT_BINARY(In, InValues)
WRIT_BINARY(Index, IndexValue)
#undef WRIT_BINARY

#define WRIT_ORDER(id)                                                         \
  Value Call##id(std::span<const Value> arguments, FunctionContext& context) { \
    return OrderValues(Function::k##id, arguments[0], arguments[1], context);  \
  }
WRIT_ORDER(Less)
WRIT_ORDER(LessOrEqual)
WRIT_ORDER(Greater)
WRIT_ORDER(GreaterOrEqual)
#undef WRIT_ORDER

}  // namespace writ
