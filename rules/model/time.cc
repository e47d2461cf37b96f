// Timestamps and durations of CEL. Calendar arithmetic is std::chrono's; absl::time (cctz) knows the IANA zones.
#include "rules/model/time.h"

#include <absl/time/time.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <limits>
#include <unordered_set>

namespace writ {
namespace {

constexpr std::int64_t kNanosPerSecond = 1'000'000'000;
constexpr std::int64_t kSecondsPerDay = 86400;

// Reads a text from the front. Every reader leaves the text alone when it fails.
class Scanner {
 public:
  explicit Scanner(std::string_view text) : rest_(text) {}

  bool at_end() const { return rest_.empty(); }
  char peek() const { return rest_.empty() ? '\0' : rest_.front(); }

  bool TrySkip(std::string_view word) {
    if (rest_.substr(0, word.size()) != word) return false;
    rest_.remove_prefix(word.size());
    return true;
  }

  // Reads exactly `count` decimal digits.
  std::optional<int> TryDigits(std::size_t count) {
    if (rest_.size() < count) return std::nullopt;
    int number = 0;
    for (std::size_t i = 0; i < count; ++i) {
      if (rest_[i] < '0' || rest_[i] > '9') return std::nullopt;
      number = number * 10 + (rest_[i] - '0');
    }
    rest_.remove_prefix(count);
    return number;
  }

  // Reads the digits that stand here, possibly none.
  std::string_view ReadDigits() {
    std::size_t count = 0;
    while (count < rest_.size() && rest_[count] >= '0' && rest_[count] <= '9') ++count;
    const std::string_view digits = rest_.substr(0, count);
    rest_.remove_prefix(count);
    return digits;
  }

 private:
  std::string_view rest_;
};

// The first nine digits of a fraction as nanoseconds; what is finer is dropped.
std::uint32_t FractionNanos(std::string_view digits) {
  std::uint32_t nanos = 0;
  for (std::size_t i = 0; i < 9; ++i) nanos = nanos * 10 + (i < digits.size() ? static_cast<std::uint32_t>(digits[i] - '0') : 0U);
  return nanos;
}

std::chrono::year_month_day CivilDate(int year, int month, int day) {
  return std::chrono::year(year) / std::chrono::month(static_cast<unsigned>(month)) / std::chrono::day(static_cast<unsigned>(day));
}

// "Z" or [+-]hh:mm, as seconds east of UTC.
std::optional<int> TryZoneOffset(Scanner& scanner) {
  if (scanner.TrySkip("Z")) return 0;
  const bool west = scanner.peek() == '-';
  if (!scanner.TrySkip("+") && !scanner.TrySkip("-")) return std::nullopt;
  const auto hours = scanner.TryDigits(2);
  if (!hours || *hours > 23 || !scanner.TrySkip(":")) return std::nullopt;
  const auto minutes = scanner.TryDigits(2);
  if (!minutes || *minutes > 59) return std::nullopt;
  const int offset = *hours * 3600 + *minutes * 60;
  return west ? -offset : offset;
}

// YYYY-MM-DD as days since 1970.
std::optional<std::int64_t> TryDate(Scanner& scanner) {
  const auto year = scanner.TryDigits(4);
  if (!year || !scanner.TrySkip("-")) return std::nullopt;
  const auto month = scanner.TryDigits(2);
  if (!month || !scanner.TrySkip("-")) return std::nullopt;
  const auto day = scanner.TryDigits(2);
  if (!day) return std::nullopt;
  const std::chrono::year_month_day date = CivilDate(*year, *month, *day);
  if (!date.ok()) return std::nullopt;
  return std::chrono::sys_days(date).time_since_epoch().count();
}

// HH:MM:SS as seconds of the day. A leap second is refused: a timestamp cannot hold it.
std::optional<int> TryTimeOfDay(Scanner& scanner) {
  const auto hours = scanner.TryDigits(2);
  if (!hours || *hours > 23 || !scanner.TrySkip(":")) return std::nullopt;
  const auto minutes = scanner.TryDigits(2);
  if (!minutes || *minutes > 59 || !scanner.TrySkip(":")) return std::nullopt;
  const auto seconds = scanner.TryDigits(2);
  if (!seconds || *seconds > 59) return std::nullopt;
  return *hours * 3600 + *minutes * 60 + *seconds;
}

// The unit that stands here, in nanoseconds; 0 for none. Longer names first: "ms" is not "m" and "s".
std::int64_t ReadUnit(Scanner& scanner) {
  struct Unit {
    std::string_view name;
    std::int64_t nanos;
  };
  // Microseconds also with the micro sign or the Greek letter, as Go reads them.
  static constexpr Unit kUnits[] = {{"ns", 1},         {"us", 1'000},          {"\u00B5s", 1'000},          {"\u03BCs", 1'000},
                                    {"ms", 1'000'000}, {"s", kNanosPerSecond}, {"m", 60 * kNanosPerSecond}, {"h", 3600 * kNanosPerSecond}};
  for (const Unit& unit : kUnits) {
    if (scanner.TrySkip(unit.name)) return unit.nanos;
  }
  return 0;
}

// One "1.5h" of a duration in nanoseconds. Beyond int64 it may be any number above the range.
std::optional<__int128> TryDurationPart(Scanner& scanner) {
  constexpr __int128 kTooLarge = static_cast<__int128>(1) << 64U;
  const std::string_view whole = scanner.ReadDigits();
  const std::string_view fraction = scanner.TrySkip(".") ? scanner.ReadDigits() : std::string_view();
  if (whole.empty() && fraction.empty()) return std::nullopt;
  const std::int64_t unit = ReadUnit(scanner);
  if (unit == 0) return std::nullopt;
  __int128 nanos = 0;
  for (const char digit : whole) {
    nanos = nanos * 10 + (digit - '0');
    if (nanos > kTooLarge) return kTooLarge;
  }
  nanos *= unit;
  __int128 numerator = 0;
  __int128 denominator = 1;
  for (const char digit : fraction.substr(0, 18)) {  // finer digits are below one nanosecond in every unit
    numerator = numerator * 10 + (digit - '0');
    denominator *= 10;
  }
  nanos += numerator * unit / denominator;
  return nanos;
}

// Digits of `nanos` after the point without trailing zeros: ".5", "" for none.
std::string FractionText(std::uint32_t nanos) {
  if (nanos == 0) return "";
  char text[16];
  std::snprintf(text, sizeof(text), ".%09u", nanos);
  std::string trimmed = text;
  trimmed.erase(trimmed.find_last_not_of('0') + 1);
  return trimmed;
}

std::int64_t FloorDivide(std::int64_t value, std::int64_t divisor) { return value / divisor - (value % divisor < 0 ? 1 : 0); }

// "[+-]hh:mm" with hours up to 14, as CEL's definition of zones says; the sign may be missing.
std::optional<int> TryFixedZone(std::string_view zone) {
  const bool west = zone.starts_with('-');
  if (zone.starts_with('+') || west) zone.remove_prefix(1);
  Scanner scanner(zone);
  const auto hours = scanner.TryDigits(2);
  if (!hours || *hours > 14 || !scanner.TrySkip(":")) return std::nullopt;
  const auto minutes = scanner.TryDigits(2);
  if (!minutes || *minutes > 59 || !scanner.at_end()) return std::nullopt;
  const int offset = *hours * 3600 + *minutes * 60;
  return west ? -offset : offset;
}

// The names of the zones that this machine has. absl remembers every name it was ever asked for and takes paths for names;
// names come from requests, so only these reach it.
std::unordered_set<std::string> ListZones() {
  const char* configured = std::getenv("TZDIR");  // NOLINT(concurrency-mt-unsafe): once, and nobody sets it
  const std::filesystem::path root = configured != nullptr ? configured : "/usr/share/zoneinfo";
  std::unordered_set<std::string> names;
  std::error_code error;
  const auto options = std::filesystem::directory_options::skip_permission_denied;
  std::filesystem::recursive_directory_iterator walk(root, options, error);
  for (; !error && walk != std::filesystem::recursive_directory_iterator(); walk.increment(error)) {
    const std::string name = walk->path().lexically_relative(root).string();
    if (name == "posix" || name == "right") walk.disable_recursion_pending();
    std::error_code ignored;
    const bool is_zone = walk->is_regular_file(ignored) && name.find('.') == std::string::npos && name != "localtime";
    if (is_zone) names.insert(name);
  }
  return names;
}

std::optional<int> TryNamedZone(const Value& timestamp, std::string_view name) {
  static const std::unordered_set<std::string> zones = ListZones();
  const auto found = zones.find(std::string(name));
  absl::TimeZone zone;
  if (found == zones.end() || !absl::LoadTimeZone(*found, &zone)) return std::nullopt;
  return zone.At(absl::FromUnixSeconds(timestamp.integer)).offset;
}

std::optional<int> TryOffset(const Value& timestamp, std::string_view zone) {
  if (zone.empty() || zone == "UTC") return 0;
  if (const auto fixed = TryFixedZone(zone)) return fixed;
  return TryNamedZone(timestamp, zone);
}

}  // namespace

std::optional<Value> ParseTimestamp(std::string_view text) {
  Scanner scanner(text);
  const auto days = TryDate(scanner);
  if (!days || !scanner.TrySkip("T")) return std::nullopt;
  const auto seconds_of_day = TryTimeOfDay(scanner);
  if (!seconds_of_day) return std::nullopt;
  std::uint32_t nanos = 0;
  if (scanner.TrySkip(".")) {
    const std::string_view fraction = scanner.ReadDigits();
    if (fraction.empty()) return std::nullopt;
    nanos = FractionNanos(fraction);
  }
  const auto offset = TryZoneOffset(scanner);
  if (!offset || !scanner.at_end()) return std::nullopt;
  const std::int64_t seconds = *days * kSecondsPerDay + *seconds_of_day - *offset;
  if (seconds < kMinTimestampSeconds || seconds > kMaxTimestampSeconds) return std::nullopt;
  return Value::Timestamp(seconds, nanos);
}

std::optional<Value> ParseDuration(std::string_view text) {
  const bool negative = text.starts_with('-');
  if (text.starts_with('+') || negative) text.remove_prefix(1);
  if (text == "0") return Value::Duration(0);
  if (text.empty()) return std::nullopt;
  Scanner scanner(text);
  __int128 nanos = 0;
  while (!scanner.at_end()) {
    const auto part = TryDurationPart(scanner);
    if (!part) return std::nullopt;
    nanos += *part;
    // One beyond the maximum is still the magnitude of the minimum.
    if (nanos > static_cast<__int128>(std::numeric_limits<std::int64_t>::max()) + 1) return std::nullopt;
  }
  if (negative) nanos = -nanos;
  if (nanos > std::numeric_limits<std::int64_t>::max()) return std::nullopt;
  return Value::Duration(static_cast<std::int64_t>(nanos));
}

std::string FormatTimestamp(const Value& timestamp) {
  const std::optional<CivilTime> civil = ToCivilTime(timestamp, "");
  char text[64];
  std::snprintf(text, sizeof(text), "%04d-%02d-%02dT%02d:%02d:%02d", static_cast<int>(civil->year), civil->month + 1, civil->day_of_month,
                civil->hours, civil->minutes, civil->seconds);
  return text + FractionText(timestamp.size) + "Z";
}

std::string FormatDuration(const Value& duration) {
  const bool negative = duration.integer < 0;
  const std::uint64_t bits = static_cast<std::uint64_t>(duration.integer);
  const std::uint64_t nanos = negative ? 0 - bits : bits;  // also right for the minimum
  const auto whole = nanos / static_cast<std::uint64_t>(kNanosPerSecond);
  const auto fraction = static_cast<std::uint32_t>(nanos % static_cast<std::uint64_t>(kNanosPerSecond));
  return (negative ? "-" : "") + std::to_string(whole) + FractionText(fraction) + "s";
}

std::optional<CivilTime> ToCivilTime(const Value& timestamp, std::string_view zone) {
  const std::optional<int> offset = TryOffset(timestamp, zone);
  if (!offset) return std::nullopt;
  const std::int64_t local = timestamp.integer + *offset;
  const std::int64_t days = FloorDivide(local, kSecondsPerDay);
  const auto seconds_of_day = static_cast<int>(local - days * kSecondsPerDay);
  const std::chrono::sys_days day{std::chrono::days(days)};
  const std::chrono::year_month_day date(day);
  CivilTime civil;
  civil.year = static_cast<int>(date.year());
  civil.month = static_cast<int>(static_cast<unsigned>(date.month())) - 1;
  civil.day_of_month = static_cast<int>(static_cast<unsigned>(date.day()));
  civil.day_of_week = static_cast<int>(std::chrono::weekday(day).c_encoding());
  civil.day_of_year = static_cast<int>((day - std::chrono::sys_days(CivilDate(static_cast<int>(date.year()), 1, 1))).count());
  civil.hours = seconds_of_day / 3600;
  civil.minutes = seconds_of_day / 60 % 60;
  civil.seconds = seconds_of_day % 60;
  civil.milliseconds = static_cast<int>(timestamp.size / 1'000'000);
  return civil;
}

}  // namespace writ
