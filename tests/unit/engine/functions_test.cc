// Every function of function_list.h: each overload, each error, faults, budget.
#include "rules/function/call.h"

#include <gtest/gtest.h>

#include <limits>
#include <set>

#include "tests/unit/engine/values.h"

namespace writ {
namespace {

using namespace testing;  // NOLINT(google-build-using-namespace): the makers of values
using F = Function;

constexpr std::int64_t kMin = std::numeric_limits<std::int64_t>::min();
constexpr std::int64_t kMax = std::numeric_limits<std::int64_t>::max();
constexpr std::uint64_t kMaxUint = std::numeric_limits<std::uint64_t>::max();

struct FunctionCase {
  Function function;
  std::vector<Value> arguments;
  const char* result;  // LiteralText
};

std::string Call(Function function, const std::vector<Value>& arguments) {
  Arena arena;
  std::uint64_t steps_left = 1'000'000;
  FunctionContext context{arena, steps_left};
  return LiteralText(CallFunction(function, arguments, context));
}

const Value kDay = T("2009-02-13T23:31:30.25Z");

const FunctionCase kCases[] = {
    {F::kSize, {S("πέντε")}, "5"},
    {F::kSize, {X("\xff\x00")}, "1"},
    {F::kSize, {L({I(1), I(2)})}, "2"},
    {F::kSize, {M({{S("a"), I(1)}})}, "1"},
    {F::kSize, {I(1)}, "<error: no matching overload: size(int)>"},
    {F::kContains, {S("Straße"), S("aß")}, "true"},
    {F::kContains, {S(""), S("")}, "true"},
    {F::kContains, {S(""), S("x")}, "false"},
    {F::kContains, {S("abc"), I(1)}, "<error: no matching overload: string.contains(int): convert with string(…)>"},
    {F::kContains, {L({S("a")}), S("a")}, "<error: no matching overload: list.contains(string): use in>"},
    {F::kStartsWith, {S("foobar"), S("foo")}, "true"},
    {F::kStartsWith, {S("foobar"), S("bar")}, "false"},
    {F::kStartsWith, {X("a"), X("a")}, "<error: no matching overload: bytes.startsWith(bytes): convert with string(…)>"},
    {F::kEndsWith, {S("forté"), S("té")}, "true"},
    {F::kEndsWith, {S(""), S("x")}, "false"},
    {F::kEndsWith, {S("a"), N()}, "<error: no matching overload: string.endsWith(null): compare with null first>"},
    {F::kMatches, {S("hubba"), S("ubb")}, "true"},
    {F::kMatches, {S("hubba"), S("^ubb")}, "false"},
    {F::kMatches, {S("🐱😀😀"), S("(a|😀){2}")}, "true"},
    {F::kMatches, {S("x"), S("(")}, "<error: invalid regular expression: missing ): (>"},
    {F::kMatches, {S("x"), S("(?=x)")}, "<error: invalid regular expression: invalid perl operator: (?=>"},
    {F::kMatches, {I(1), S("x")}, "<error: no matching overload: int.matches(string): convert with string(…)>"},

    {F::kToInt, {I(1)}, "1"},
    {F::kToInt, {U(42)}, "42"},
    {F::kToInt, {U(kMaxUint)}, "<error: overflow in int>"},
    {F::kToInt, {D(-7.9)}, "-7"},
    {F::kToInt, {D(-0x1p63)}, "<error: overflow in int>"},
    {F::kToInt, {D(0x1p63)}, "<error: overflow in int>"},
    {F::kToInt, {D(std::numeric_limits<double>::quiet_NaN())}, "<error: overflow in int>"},
    {F::kToInt, {S("987")}, "987"},
    {F::kToInt, {S("-9223372036854775808")}, "-9223372036854775808"},
    {F::kToInt, {S("+5")}, "5"},
    {F::kToInt, {S("9223372036854775808")}, "<error: cannot convert string to int>"},
    {F::kToInt, {S("0x1F")}, "<error: cannot convert string to int>"},
    {F::kToInt, {S(" 1")}, "<error: cannot convert string to int>"},
    {F::kToInt, {S("+-1")}, "<error: cannot convert string to int>"},
    {F::kToInt, {S("")}, "<error: cannot convert string to int>"},
    {F::kToInt, {T("2009-02-13T23:31:30Z")}, "1234567890"},
    {F::kToInt, {P("1us")}, "1000"},
    {F::kToInt, {B(true)}, "<error: no matching overload: int(bool)>"},
    {F::kToUint, {U(1)}, "1u"},
    {F::kToUint, {I(1729)}, "1729u"},
    {F::kToUint, {I(-1)}, "<error: overflow in uint>"},
    {F::kToUint, {D(3.9)}, "3u"},
    {F::kToUint, {D(-0.5)}, "<error: overflow in uint>"},
    {F::kToUint, {D(0x1p64)}, "<error: overflow in uint>"},
    {F::kToUint, {S("300")}, "300u"},
    {F::kToUint, {S("-1")}, "<error: cannot convert string to uint>"},
    {F::kToUint, {S("+1")}, "<error: cannot convert string to uint>"},
    {F::kToUint, {N()}, "<error: no matching overload: uint(null): compare with null first>"},
    {F::kToDouble, {D(5.5)}, "5.5"},
    {F::kToDouble, {I(kMax)}, "9223372036854776000.0"},
    {F::kToDouble, {U(123)}, "123.0"},
    {F::kToDouble, {S("-84.32e7")}, "-843200000.0"},
    {F::kToDouble, {S("-0.0")}, "-0.0"},
    {F::kToDouble, {S("+.5")}, "0.5"},
    {F::kToDouble, {S("1.")}, "1.0"},
    {F::kToDouble, {S("NaN")}, "double(\"NaN\")"},
    {F::kToDouble, {S("-Infinity")}, "double(\"-Infinity\")"},
    {F::kToDouble, {S("inf")}, "double(\"Infinity\")"},
    {F::kToDouble, {S("1e-400")}, "0.0"},
    {F::kToDouble, {S("1e400")}, "<error: cannot convert string to double>"},
    {F::kToDouble, {S("0x1p3")}, "<error: cannot convert string to double>"},
    {F::kToDouble, {S("1e")}, "<error: cannot convert string to double>"},
    {F::kToDouble, {S(".")}, "<error: cannot convert string to double>"},
    {F::kToDouble, {S("1 ")}, "<error: cannot convert string to double>"},
    {F::kToDouble, {S("nan(1)")}, "<error: cannot convert string to double>"},
    {F::kToDouble, {B(true)}, "<error: no matching overload: double(bool)>"},
    {F::kToString, {S("x")}, "\"x\""},
    {F::kToString, {B(false)}, "\"false\""},
    {F::kToString, {I(-456)}, "\"-456\""},
    {F::kToString, {U(9876)}, "\"9876\""},
    {F::kToString, {D(123.456)}, "\"123.456\""},
    {F::kToString, {D(-4.5e-3)}, "\"-0.0045\""},
    {F::kToString, {X("\xc3\xbf")}, "\"ÿ\""},
    {F::kToString, {X("\xff")}, "<error: cannot convert bytes that are not UTF-8 to string>"},
    {F::kToString, {T("2009-02-13T23:31:30+01:00")}, "\"2009-02-13T22:31:30Z\""},
    {F::kToString, {P("1h30m")}, "\"5400s\""},
    {F::kToString, {L({})}, "<error: no matching overload: string(list)>"},
    {F::kToBytes, {X("a")}, "b\"a\""},
    {F::kToBytes, {S("ÿ")}, "b\"\\xc3\\xbf\""},
    {F::kToBytes, {I(1)}, "<error: no matching overload: bytes(int)>"},
    {F::kToBool, {B(true)}, "true"},
    {F::kToBool, {S("t")}, "true"},
    {F::kToBool, {S("True")}, "true"},
    {F::kToBool, {S("0")}, "false"},
    {F::kToBool, {S("FALSE")}, "false"},
    {F::kToBool, {S("FaLsE")}, "<error: cannot convert string to bool>"},
    {F::kToBool, {I(1)}, "<error: no matching overload: bool(int)>"},
    {F::kToTimestamp, {T("2009-02-13T23:31:30Z")}, "timestamp(\"2009-02-13T23:31:30Z\")"},
    {F::kToTimestamp, {S("2009-02-13T23:31:30Z")}, "timestamp(\"2009-02-13T23:31:30Z\")"},
    {F::kToTimestamp, {I(0)}, "timestamp(\"1970-01-01T00:00:00Z\")"},
    {F::kToTimestamp, {I(253402300800)}, "<error: overflow in timestamp>"},
    {F::kToTimestamp, {S("yesterday")}, "<error: cannot convert string to timestamp>"},
    {F::kToTimestamp, {D(0)}, "<error: no matching overload: timestamp(double)>"},
    {F::kToDuration, {P("1s")}, "duration(\"1s\")"},
    {F::kToDuration, {S("1m")}, "duration(\"60s\")"},
    {F::kToDuration, {I(5)}, "<error: no matching overload: duration(int)>"},
    {F::kToDuration, {S("1 fortnight")}, "<error: cannot convert string to duration>"},
    {F::kToDuration, {N()}, "<error: no matching overload: duration(null): compare with null first>"},
    {F::kTypeOf, {I(1)}, "int"},
    {F::kTypeOf, {T("2009-02-13T23:31:30Z")}, "google.protobuf.Timestamp"},
    {F::kTypeOf, {Value::Type("int")}, "type"},
    {F::kTypeOf, {N()}, "null_type"},
    {F::kTypeOf, {None()}, "optional_type"},
    {F::kToDyn, {I(1)}, "1"},

    {F::kGetFullYear, {kDay}, "2009"},
    {F::kGetMonth, {kDay}, "1"},
    {F::kGetDayOfYear, {kDay}, "43"},
    {F::kGetDayOfMonth, {kDay}, "12"},
    {F::kGetDate, {kDay}, "13"},
    {F::kGetDate, {kDay, S("Australia/Sydney")}, "14"},
    {F::kGetDayOfWeek, {kDay}, "5"},
    {F::kGetHours, {kDay}, "23"},
    {F::kGetHours, {kDay, S("02:00")}, "1"},
    {F::kGetMinutes, {kDay, S("Asia/Kathmandu")}, "16"},
    {F::kGetSeconds, {kDay}, "30"},
    {F::kGetMilliseconds, {kDay}, "250"},
    {F::kGetHours, {P("10000s")}, "2"},
    {F::kGetMinutes, {P("3730s")}, "62"},
    {F::kGetSeconds, {P("-3730.9s")}, "-3730"},
    {F::kGetMilliseconds, {P("123.321456789s")}, "321"},
    {F::kGetHours, {kDay, S("Middle/Earth")}, "<error: invalid argument: unknown time zone Middle/Earth>"},
    {F::kGetMilliseconds, {kDay, S("nope")}, "<error: invalid argument: unknown time zone nope>"},
    {F::kGetHours, {kDay, I(1)}, "<error: no matching overload: timestamp.getHours(int)>"},
    {F::kGetHours, {P("1s"), S("UTC")}, "<error: no matching overload: duration.getHours(string)>"},
    {F::kGetFullYear, {P("1s")}, "<error: no matching overload: duration.getFullYear()>"},
    {F::kGetDate, {S("2009-02-13T23:31:30Z")}, "<error: no matching overload: string.getDate()>"},

    {F::kOptionalOf, {N()}, "optional.of(null)"},
    {F::kOptionalOfNonZero, {N()}, "optional.none()"},
    {F::kOptionalOfNonZero, {S("")}, "optional.none()"},
    {F::kOptionalOfNonZero, {L({})}, "optional.none()"},
    {F::kOptionalOfNonZero, {M({})}, "optional.none()"},
    {F::kOptionalOfNonZero, {D(-0.0)}, "optional.none()"},
    {F::kOptionalOfNonZero, {P("0s")}, "optional.none()"},
    {F::kOptionalOfNonZero, {B(false)}, "optional.none()"},
    {F::kOptionalOfNonZero, {U(1)}, "optional.of(1u)"},
    {F::kOptionalNone, {}, "optional.none()"},
    {F::kHasValue, {None()}, "false"},
    {F::kHasValue, {Some(N())}, "true"},
    {F::kHasValue, {N()}, "<error: no matching overload: null.hasValue(): compare with null first>"},
    {F::kOptionalValue, {Some(I(1))}, "1"},
    {F::kOptionalValue, {None()}, "<error: the optional is empty>"},
    {F::kOptionalValue, {I(1)}, "<error: no matching overload: int.value()>"},
    {F::kOptionalOr, {None(), Some(I(2))}, "optional.of(2)"},
    {F::kOptionalOr, {Some(I(1)), None()}, "optional.of(1)"},
    {F::kOptionalOr, {None(), I(2)}, "<error: no matching overload: optional.or(int)>"},
    {F::kOptionalOr, {Some(I(1)), I(2)}, "optional.of(1)"},
    {F::kOptionalOrValue, {None(), I(2)}, "2"},
    {F::kOptionalOrValue, {Some(I(1)), I(2)}, "1"},
    {F::kOptionalOrValue, {I(1), I(2)}, "<error: no matching overload: int.orValue(int)>"},

    {F::kNegate, {I(5)}, "-5"},
    {F::kNegate, {D(4.5)}, "-4.5"},
    {F::kNegate, {I(kMin)}, "<error: overflow in -_>"},
    {F::kNegate, {U(42)}, "<error: no matching overload: -uint>"},
    {F::kNot, {B(true)}, "false"},
    {F::kNot, {I(0)}, "<error: no matching overload: !int>"},
    {F::kMultiply, {I(40), I(-2)}, "-80"},
    {F::kMultiply, {I(kMin), I(-1)}, "<error: overflow in _*_>"},
    {F::kMultiply, {U(5000000000), U(5000000000)}, "<error: overflow in _*_>"},
    {F::kMultiply, {U(2), U(3)}, "6u"},
    {F::kMultiply, {D(1e308), D(10)}, "double(\"Infinity\")"},
    {F::kMultiply, {I(1), D(1)}, "<error: no matching overload: int * double: convert with double(…)>"},
    {F::kDivide, {I(-7), I(2)}, "-3"},
    {F::kDivide, {U(7), U(2)}, "3u"},
    {F::kDivide, {D(1), D(0)}, "double(\"Infinity\")"},
    {F::kDivide, {I(1), I(0)}, "<error: division by zero>"},
    {F::kDivide, {U(1), U(0)}, "<error: division by zero>"},
    {F::kDivide, {I(kMin), I(-1)}, "<error: overflow in _/_>"},
    {F::kDivide, {I(1), U(1)}, "<error: no matching overload: int / uint: convert with int(…)>"},
    {F::kModulo, {I(-5), I(3)}, "-2"},
    {F::kModulo, {I(43), I(-5)}, "3"},
    {F::kModulo, {U(42), U(5)}, "2u"},
    {F::kModulo, {I(1), I(0)}, "<error: modulus by zero>"},
    {F::kModulo, {U(1), U(0)}, "<error: modulus by zero>"},
    {F::kModulo, {I(kMin), I(-1)}, "<error: overflow in _%_>"},
    {F::kModulo, {D(1), D(1)}, "<error: no matching overload: double % double: convert with int(…)>"},
    {F::kAdd, {I(40), I(2)}, "42"},
    {F::kAdd, {I(kMax), I(1)}, "<error: overflow in _+_>"},
    {F::kAdd, {U(kMaxUint), U(1)}, "<error: overflow in _+_>"},
    {F::kAdd, {U(1), U(2)}, "3u"},
    {F::kAdd, {D(4.25), D(15.25)}, "19.5"},
    {F::kAdd, {S("r"), S("ôle")}, "\"rôle\""},
    {F::kAdd, {S(""), S("")}, "\"\""},
    {F::kAdd, {X(""), X("\xff")}, "b\"\\xff\""},
    {F::kAdd, {X("a"), X("b")}, "b\"ab\""},
    {F::kAdd, {L({I(1)}), L({I(2), I(3)})}, "[1, 2, 3]"},
    {F::kAdd, {L({}), L({})}, "[]"},
    {F::kAdd, {T("2009-02-13T23:01:00Z"), P("120s")}, "timestamp(\"2009-02-13T23:03:00Z\")"},
    {F::kAdd, {P("-999999999ns"), T("0001-01-01T00:00:01.000000001Z")}, "timestamp(\"0001-01-01T00:00:00.000000002Z\")"},
    {F::kAdd, {T("9999-12-31T23:59:59.999999999Z"), P("1ns")}, "<error: overflow in _+_>"},
    {F::kAdd, {P("900s"), P("42s")}, "duration(\"942s\")"},
    {F::kAdd, {P("9000000000s"), P("9000000000s")}, "<error: overflow in _+_>"},
    {F::kAdd, {I(1), U(1)}, "<error: no matching overload: int + uint: convert with int(…)>"},
    {F::kAdd, {S("a"), I(1)}, "<error: no matching overload: string + int: convert with string(…)>"},
    {F::kSubtract, {I(42), I(-22)}, "64"},
    {F::kSubtract, {I(kMin), I(1)}, "<error: overflow in _-_>"},
    {F::kSubtract, {U(0), U(1)}, "<error: overflow in _-_>"},
    {F::kSubtract, {U(3), U(1)}, "2u"},
    {F::kSubtract, {D(1.5), D(1)}, "0.5"},
    {F::kSubtract, {T("2009-02-13T23:31:00Z"), T("2009-02-13T23:29:00Z")}, "duration(\"120s\")"},
    {F::kSubtract, {T("9999-12-31T23:59:59Z"), T("0001-01-01T00:00:00Z")}, "<error: overflow in _-_>"},
    {F::kSubtract, {T("0001-01-01T00:00:00Z"), P("1ns")}, "<error: overflow in _-_>"},
    {F::kSubtract, {T("1970-01-01T00:00:00Z"), P("0.5s")}, "timestamp(\"1969-12-31T23:59:59.5Z\")"},
    {F::kSubtract, {P("900s"), P("42s")}, "duration(\"858s\")"},
    {F::kSubtract, {P("-9000000000s"), P("9000000000s")}, "<error: overflow in _-_>"},
    {F::kSubtract, {P("1s"), T("1970-01-01T00:00:00Z")}, "<error: no matching overload: duration - timestamp>"},
    {F::kSubtract, {T("1970-01-01T00:00:00Z"), I(60)}, "<error: no matching overload: timestamp - int: convert with duration(…)>"},
    {F::kLess, {T("1970-01-01T00:00:00Z"), S("1970")}, "<error: no matching overload: timestamp < string: convert with timestamp(…)>"},
    {F::kAdd, {D(10.5), I(1)}, "<error: no matching overload: double + int: convert with double(…)>"},
    {F::kAdd, {S("a"), N()}, "<error: no matching overload: string + null: compare with null first>"},
    {F::kGreater, {Some(I(1)), I(2)}, "<error: no matching overload: optional > int: give a default with orValue(…)>"},
    {F::kMatches, {L({S("a")}), S("a")}, "<error: no matching overload: list.matches(string): use exists(…)>"},
    {F::kSubtract, {S("a"), S("a")}, "<error: no matching overload: string - string>"},

    {F::kLess, {I(1), I(2)}, "true"},
    {F::kLess, {I(1), U(9223372036854775808U)}, "true"},
    {F::kLess, {U(1), I(-1)}, "false"},
    {F::kLess, {I(kMax), D(0x1p63)}, "false"},
    {F::kLess, {I(kMax), D(9223372036854777857.0)}, "true"},
    {F::kLess, {D(9223372036854775808.0), I(kMax)}, "false"},
    {F::kLess, {U(kMaxUint), D(18446744073709590000.0)}, "true"},
    {F::kLess, {S("a"), S("á")}, "true"},
    {F::kLess, {S("f"), S("ế")}, "true"},
    {F::kLess, {X("á"), X("b")}, "false"},
    {F::kLess, {B(false), B(true)}, "true"},
    {F::kLess, {T("2009-02-13T23:00:00Z"), T("2009-02-13T23:00:00.1Z")}, "true"},
    {F::kLess, {P("1s"), P("2s")}, "true"},
    {F::kLess, {D(std::numeric_limits<double>::quiet_NaN()), D(1)}, "false"},
    {F::kLess, {L({}), L({})}, "<error: no matching overload: list < list>"},
    {F::kLess, {N(), N()}, "<error: no matching overload: null < null: compare with null first>"},
    {F::kLess, {S("foo"), I(1024)}, "<error: no matching overload: string < int: convert with int(…)>"},
    {F::kLessOrEqual, {I(kMax), D(0x1p63)}, "true"},
    {F::kLessOrEqual, {U(2), I(1)}, "false"},
    {F::kLessOrEqual, {D(std::numeric_limits<double>::quiet_NaN()), D(1)}, "false"},
    {F::kLessOrEqual, {M({}), M({})}, "<error: no matching overload: map <= map>"},
    {F::kGreater, {D(2.0), U(1)}, "true"},
    {F::kGreater, {I(kMin), D(-9223372036854777857.0)}, "true"},
    {F::kGreater, {Value::Type("int"), Value::Type("int")}, "<error: no matching overload: type > type>"},
    {F::kGreaterOrEqual, {S("abcd"), S("abc")}, "true"},
    {F::kGreaterOrEqual, {D(1.0), I(1)}, "true"},
    {F::kGreaterOrEqual, {B(true), I(1)}, "<error: no matching overload: bool >= int>"},
    {F::kEqual, {I(1), D(1.0)}, "true"},
    {F::kEqual, {S("1"), I(1)}, "false"},
    {F::kNotEqual, {I(1), D(1.0)}, "false"},
    {F::kNotEqual, {N(), L({})}, "true"},
    {F::kIn, {D(3.0), L({I(5), I(3)})}, "true"},
    {F::kIn, {I(7), L({})}, "false"},
    {F::kIn, {U(2), M({{I(2), N()}})}, "true"},
    {F::kIn, {X("k"), M({{S("k"), N()}})}, "false"},
    {F::kIn, {S("k"), S("k")}, "<error: no matching overload: string in string: use contains(…)>"},
    {F::kIndex, {L({I(7), I(8)}), I(1)}, "8"},
    {F::kIndex, {L({I(7), I(8)}), U(0)}, "7"},
    {F::kIndex, {L({I(7), I(8)}), D(1.0)}, "8"},
    {F::kIndex, {L({I(7), I(8)}), D(0.5)}, "<error: index out of range: 0.5>"},
    {F::kIndex, {L({I(7), I(8)}), I(2)}, "<error: index out of range: 2>"},
    {F::kIndex, {L({I(7), I(8)}), I(-1)}, "<error: index out of range: -1>"},
    {F::kIndex, {L({I(7)}), U(kMaxUint)}, "<error: index out of range: 18446744073709551615>"},
    {F::kIndex, {L({I(7)}), D(1e300)}, "<error: index out of range: 1e+300>"},
    {F::kIndex, {L({I(7)}), S("")}, "<error: no matching overload: list[string]>"},
    {F::kIndex, {M({{U(1), S("a")}}), D(1.0)}, "\"a\""},
    {F::kIndex, {M({{U(1), S("a")}}), D(3.1)}, "<error: no such key: 3.1>"},
    {F::kIndex, {M({{U(1), S("a")}}), S("depth")}, "<error: no such key: depth>"},
    {F::kIndex, {M({{U(1), S("a")}}), L({I(1)})}, "<error: no such key: list>"},
    {F::kIndex, {S("text"), I(0)}, "<error: no matching overload: string[int]>"},
    {F::kIndex, {Some(L({I(7)})), I(0)}, "optional.of(7)"},
    {F::kIndex, {Some(L({I(7)})), I(1)}, "optional.none()"},
    {F::kIndex, {Some(M({{S("a"), I(1)}})), S("a")}, "optional.of(1)"},
    {F::kIndex, {None(), I(0)}, "optional.none()"},
    {F::kIndex, {Some(I(1)), I(0)}, "<error: no matching overload: int[int]>"},
    {F::kOptionalIndex, {L({S("foo")}), I(0)}, "optional.of(\"foo\")"},
    {F::kOptionalIndex, {L({}), I(0)}, "optional.none()"},
    {F::kOptionalIndex, {L({}), S("a")}, "<error: no matching overload: list[?string]>"},
    {F::kOptionalIndex, {M({{I(1), N()}}), D(1.0)}, "optional.of(null)"},
    {F::kOptionalIndex, {M({}), S("x")}, "optional.none()"},
    {F::kOptionalIndex, {None(), S("x")}, "optional.none()"},
    {F::kOptionalIndex, {N(), S("x")}, "<error: no matching overload: null[?string]: compare with null first>"},

    {F::kIsTrue, {Value::Bool(true)}, "true"},
    {F::kIsTrue, {Value::Bool(false)}, "false"},
    {F::kIsTrue, {S("true")}, "false"},
    {F::kIsTrue, {Value::Error(ValueError::kNoSuchKey, "k")}, "false"},
};

TEST(Functions, EachOverloadAndError) {
  for (const FunctionCase& c : kCases) {
    std::string call(InfoOf(c.function).name);
    for (const Value& argument : c.arguments) call += " " + LiteralText(argument);
    SCOPED_TRACE(call);
    EXPECT_EQ(Call(c.function, c.arguments), c.result);
  }
}

TEST(Functions, EveryFunctionHasACase) {
  std::set<Function> seen;
  for (const FunctionCase& c : kCases) seen.insert(c.function);
  for (std::uint16_t i = 0; i < kFunctionCount; ++i) {
    EXPECT_TRUE(seen.contains(static_cast<Function>(i))) << kFunctionInfo[i].name << " has no case";
  }
}

TEST(Functions, WrongCountsOfArguments) {
  EXPECT_EQ(Call(F::kSize, {}), "<error: no matching overload: size>");
  EXPECT_EQ(Call(F::kContains, {S("a")}), "<error: no matching overload: string.contains()>");
  EXPECT_EQ(Call(F::kGetHours, {kDay, S("UTC"), S("UTC")}), "<error: no matching overload: timestamp.getHours(string)>");
  EXPECT_EQ(Call(F::kOptionalNone, {I(1)}), "<error: no matching overload: optional.none(int)>");
  EXPECT_EQ(Call(F::kSize, std::vector<Value>(40, I(1))), "<error: no matching overload: size(int, int)>");
}

TEST(Functions, FaultsPassErrorBeforeUnknownLeftBeforeRight) {
  const Value other = Value::Error(ValueError::kModulusByZero);
  for (const FunctionCase& c : kCases) {
    if (c.arguments.empty()) continue;
    SCOPED_TRACE(InfoOf(c.function).name);
    std::vector<Value> arguments = c.arguments;
    arguments[0] = Unknown();
    EXPECT_EQ(Call(c.function, arguments), "<unknown>");
    arguments[0] = Fault();
    EXPECT_EQ(Call(c.function, arguments), c.function == F::kIsTrue ? "false" : "<error: division by zero>");  // it is made to take them
    if (arguments.size() < 2) continue;
    arguments[1] = other;
    EXPECT_EQ(Call(c.function, arguments), "<error: division by zero>");
    arguments[0] = Unknown();
    EXPECT_EQ(Call(c.function, arguments), "<error: modulus by zero>");
  }
}

struct BudgetCase {
  Function function;
  std::vector<Value> arguments;
};

TEST(Functions, SizesAreCharged) {
  const std::string large(10'000'000, 'a');
  const Value text = S(large);
  const BudgetCase cases[] = {
      {F::kSize, {text}},
      {F::kContains, {text, S("b")}},
      {F::kStartsWith, {text, S(large)}},
      {F::kEndsWith, {text, S(large)}},
      {F::kMatches, {S(std::string(1'000'000, 'a')), S("b")}},
      {F::kToInt, {text}},
      {F::kToUint, {text}},
      {F::kMatches, {S("a"), S(std::string(100'000, 'a'))}},
      {F::kAdd, {text, text}},
      {F::kEqual, {text, S(large)}},
      {F::kLess, {text, S(large)}},
      {F::kToString, {X(large)}},
      {F::kToDouble, {text}},
      {F::kIndex, {M({}), text}},
  };
  for (const BudgetCase& c : cases) {
    SCOPED_TRACE(InfoOf(c.function).name);
    Arena arena;
    std::uint64_t steps_left = 5'000;
    FunctionContext context{arena, steps_left};
    EXPECT_TRUE(CallFunction(c.function, c.arguments, context).is(Kind::kError));
    EXPECT_EQ(steps_left, 0U);
  }
}

TEST(Functions, AFullArenaExhaustsTheBudget) {
  Arena arena(1024);
  std::uint64_t steps_left = 1'000'000;
  FunctionContext context{arena, steps_left};
  const Value text = S(std::string(2000, 'a'));
  EXPECT_TRUE(CallFunction(F::kAdd, std::vector<Value>{text, text}, context).is(Kind::kError));
  EXPECT_EQ(steps_left, 0U);
}

TEST(Functions, LongKeysAreCutInErrors) {
  const std::string text = Call(F::kIndex, {M({}), S(std::string(99, 'a') + "éé" + std::string(5000, 'b'))});
  EXPECT_EQ(text, "<error: no such key: " + std::string(99, 'a') + "é…>");
}

}  // namespace
}  // namespace writ
