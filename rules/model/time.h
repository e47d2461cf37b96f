// Timestamps and durations of CEL: parsing, formatting, ranges, time zones.
// Source: cel-spec (langdef.md, "Timestamps and Durations"), RFC 3339; zones are the IANA database of the machine (absl/cctz).
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "rules/model/value.h"

namespace writ {

// Range of kTimestamp: 0001-01-01T00:00:00Z … 9999-12-31T23:59:59.999999999Z.
inline constexpr std::int64_t kMinTimestampSeconds = -62135596800;
inline constexpr std::int64_t kMaxTimestampSeconds = 253402300799;

// RFC 3339 with a zone; empty when malformed or out of range.
std::optional<Value> ParseTimestamp(std::string_view text);
// "1h30m", "-1.5s", "300ms", units h m s ms us ns; empty when malformed or beyond int64 nanoseconds.
std::optional<Value> ParseDuration(std::string_view text);
// UTC, RFC 3339, fraction trimmed ("2026-11-20T10:00:00.5Z"). Requires: kTimestamp.
std::string FormatTimestamp(const Value& timestamp);
// Seconds with "s" ("5400s", "0.001s"). Requires: kDuration.
std::string FormatDuration(const Value& duration);

// Calendar parts of a timestamp in a zone. Months and days count as CEL's accessors say in their names.
struct CivilTime {
  std::int64_t year = 0;
  int month = 0;         // 0 = January
  int day_of_month = 0;  // 1-based
  int day_of_week = 0;   // 0 = Sunday
  int day_of_year = 0;   // 0-based
  int hours = 0, minutes = 0, seconds = 0, milliseconds = 0;
};
// `zone`: "" for UTC, an IANA name, or [+-]hh:mm (the sign may be missing). Empty when the zone is not known. Thread-safe.
std::optional<CivilTime> ToCivilTime(const Value& timestamp, std::string_view zone);

}  // namespace writ
