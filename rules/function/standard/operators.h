// The operators of the language on any two values: what the evaluator calls when its fast paths do
// not apply. Faults are passed on (error before unknown, left before right) unless noted; kinds
// that do not fit give NoMatchingOverload.
#pragma once

#include "rules/function/context.h"

namespace writ {

Value AddValues(const Value& a, const Value& b, FunctionContext& context);
Value SubtractValues(const Value& a, const Value& b, FunctionContext& context);
Value MultiplyValues(const Value& a, const Value& b, FunctionContext& context);
Value DivideValues(const Value& a, const Value& b, FunctionContext& context);
Value ModuloValues(const Value& a, const Value& b, FunctionContext& context);
Value NegateValue(const Value& a);
Value NotValue(const Value& a);

// a == b, heterogeneous.
Value EqualValues(const Value& a, const Value& b, FunctionContext& context);
Value NotEqualValues(const Value& a, const Value& b, FunctionContext& context);
// a + b + c …, from left to right; faster than one after the other where all are strings. Requires:
// two or more.
Value AddAll(std::span<const Value> values, FunctionContext& context);
// `function`: kLess, kLessOrEqual, kGreater or kGreaterOrEqual.
Value OrderValues(Function function, const Value& a, const Value& b, FunctionContext& context);
// a in b.
Value InValues(const Value& a, const Value& b, FunctionContext& context);

// Returns what the value can come to as a condition, a set of kMayBeTrue, kMayBeFalse, kMayFail.
unsigned OutcomesOf(const Value& value);

// Kleene: false (true) absorbs anything; an operand that is no bool is the error NotABool. Of an
// unknown operand the result keeps what it can still come to: `error && unknown` is false or an
// error, never true.
Value AndValues(const Value& a, const Value& b);
Value OrValues(const Value& a, const Value& b);
// Returns `value` if it is a fault, else NotABool. Requires: not a bool.
Value BoolFault(const Value& value);

// a[b], a[?b]; through optionals.
Value IndexValue(const Value& a, const Value& b, FunctionContext& context);
Value OptionalIndexValue(const Value& a, const Value& b, FunctionContext& context);

// a.key, has(a.key), a.?key; through optionals.
Value SelectMember(const Value& a, std::string_view key, FunctionContext& context);
Value HasMember(const Value& a, std::string_view key, FunctionContext& context);
Value OptionalSelectMember(const Value& a, std::string_view key, FunctionContext& context);
// a.?key.orValue(otherwise).
Value SelectOr(const Value& a, std::string_view key, const Value& otherwise, FunctionContext& context);
// The error of selecting `key` on something that has no members: "no matching overload:
// string.tag".
Value NoMembers(const Value& a, std::string_view key, FunctionContext& context);

}  // namespace writ
