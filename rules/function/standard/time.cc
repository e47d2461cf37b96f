// timestamp, duration and the accessors of both.
#include "rules/model/time.h"
#include "rules/function/context.h"

namespace writ {
namespace {

constexpr std::int64_t kNanosPerMillisecond = 1'000'000;
constexpr std::int64_t kNanosPerSecond = 1'000'000'000;

// What a zone lookup costs beside an instruction: a lock and a search in the zone's table.
constexpr std::uint64_t kZoneSteps = 20;

// The part of a timestamp that `part` picks, in the zone of the second argument if there is one.
template <typename Pick>
Value TimestampPart(Function function, std::span<const Value> arguments, FunctionContext& context, Pick part) {
  if (!arguments[0].is(Kind::kTimestamp)) return NoOverload(function, arguments);
  std::string_view zone;
  if (arguments.size() == 2) {
    if (!arguments[1].is(Kind::kString)) return NoOverload(function, arguments);
    if (!Charge(context, kZoneSteps + ScanSteps(arguments[1].size))) return OutOfBudget(context);
    zone = arguments[1].string();
  }
  const std::optional<CivilTime> civil = ToCivilTime(arguments[0], zone);
  if (!civil) return MakeError(ValueError::kInvalidArgument, "unknown time zone " + DetailText(arguments[1]), context);
  return Value::Int(part(*civil));
}

// Accessors that durations have too: there the whole duration in that unit.
template <typename Pick>
Value TimePart(Function function, std::int64_t unit_nanos, std::span<const Value> arguments, FunctionContext& context, Pick part) {
  if (arguments[0].is(Kind::kDuration) && arguments.size() == 1) return Value::Int(arguments[0].integer / unit_nanos);
  return TimestampPart(function, arguments, context, part);
}

}  // namespace

Value CallToTimestamp(std::span<const Value> arguments, FunctionContext& context) {
  const Value& value = arguments[0];
  if (value.is(Kind::kTimestamp)) return value;
  if (value.is(Kind::kInt)) {
    if (value.integer < kMinTimestampSeconds || value.integer > kMaxTimestampSeconds) return OverflowIn(Function::kToTimestamp);
    return Value::Timestamp(value.integer, 0);
  }
  if (!value.is(Kind::kString)) return NoOverload(Function::kToTimestamp, arguments);
  if (!Charge(context, ScanSteps(value.size))) return OutOfBudget(context);
  const std::optional<Value> timestamp = ParseTimestamp(value.string());
  return timestamp ? *timestamp : MakeError(ValueError::kBadConversion, "string to timestamp", context);
}

Value CallToDuration(std::span<const Value> arguments, FunctionContext& context) {
  const Value& value = arguments[0];
  if (value.is(Kind::kDuration)) return value;
  if (!value.is(Kind::kString)) return NoOverload(Function::kToDuration, arguments);
  if (!Charge(context, ScanSteps(value.size))) return OutOfBudget(context);
  const std::optional<Value> duration = ParseDuration(value.string());
  return duration ? *duration : MakeError(ValueError::kBadConversion, "string to duration", context);
}

#define WRIT_TIMESTAMP_PART(id, expression)                                                                                     \
  Value Call##id(std::span<const Value> arguments, FunctionContext& context) {                                                  \
    return TimestampPart(Function::k##id, arguments, context, [](const CivilTime& civil) { return std::int64_t{expression}; }); \
  }
WRIT_TIMESTAMP_PART(GetFullYear, civil.year)
WRIT_TIMESTAMP_PART(GetMonth, civil.month)
WRIT_TIMESTAMP_PART(GetDayOfYear, civil.day_of_year)
WRIT_TIMESTAMP_PART(GetDayOfMonth, civil.day_of_month - 1)
WRIT_TIMESTAMP_PART(GetDate, civil.day_of_month)
WRIT_TIMESTAMP_PART(GetDayOfWeek, civil.day_of_week)
#undef WRIT_TIMESTAMP_PART

#define WRIT_TIME_PART(id, unit_nanos, member)                                                                                           \
  Value Call##id(std::span<const Value> arguments, FunctionContext& context) {                                                           \
    return TimePart(Function::k##id, unit_nanos, arguments, context, [](const CivilTime& civil) { return std::int64_t{civil.member}; }); \
  }
WRIT_TIME_PART(GetHours, 3600 * kNanosPerSecond, hours)
WRIT_TIME_PART(GetMinutes, 60 * kNanosPerSecond, minutes)
WRIT_TIME_PART(GetSeconds, kNanosPerSecond, seconds)
#undef WRIT_TIME_PART

// Of a duration: the remainder below one second. The specification and its suite say so; cel-go
// converts the whole duration.
Value CallGetMilliseconds(std::span<const Value> arguments, FunctionContext& context) {
  if (arguments[0].is(Kind::kDuration) && arguments.size() == 1) {
    return Value::Int(arguments[0].integer % kNanosPerSecond / kNanosPerMillisecond);
  }
  return TimestampPart(Function::kGetMilliseconds, arguments, context,
                       [](const CivilTime& civil) { return std::int64_t{civil.milliseconds}; });
}

}  // namespace writ
