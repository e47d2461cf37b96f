// Timestamps, durations and zones.
#include <gtest/gtest.h>

#include "rules/model/time.h"

namespace writ {
namespace {

std::string Timestamp(std::string_view text) {
  const std::optional<Value> value = ParseTimestamp(text);
  return value ? FormatTimestamp(*value) : "-";
}

std::string Duration(std::string_view text) {
  const std::optional<Value> value = ParseDuration(text);
  return value ? FormatDuration(*value) : "-";
}

struct TextCase {
  std::string_view text;
  const char* shown;  // "-": refused
};

TEST(ParseTimestamp, TakesRfc3339) {
  constexpr TextCase kCases[] = {
      {"2009-02-13T23:31:30Z", "2009-02-13T23:31:30Z"},
      {"2009-02-13T23:31:30.5Z", "2009-02-13T23:31:30.5Z"},
      {"2009-02-13T23:31:30.000000001Z", "2009-02-13T23:31:30.000000001Z"},
      {"2009-02-13T23:31:30.1234567899Z", "2009-02-13T23:31:30.123456789Z"},
      {"2009-02-13T23:31:30+01:00", "2009-02-13T22:31:30Z"},
      {"2009-02-13T23:31:30-05:30", "2009-02-14T05:01:30Z"},
      {"2024-02-29T00:00:00Z", "2024-02-29T00:00:00Z"},
      {"0001-01-01T00:00:00Z", "0001-01-01T00:00:00Z"},
      {"9999-12-31T23:59:59.999999999Z", "9999-12-31T23:59:59.999999999Z"},
      {"1969-12-31T23:59:59.9Z", "1969-12-31T23:59:59.9Z"},
      {"0000-01-01T00:00:00Z", "-"},
      {"0001-01-01T00:00:00+00:01", "-"},
      {"9999-12-31T23:59:59-00:01", "-"},
      {"10000-01-01T00:00:00Z", "-"},
      {"2023-02-29T00:00:00Z", "-"},
      {"2023-13-01T00:00:00Z", "-"},
      {"2023-00-01T00:00:00Z", "-"},
      {"2023-01-00T00:00:00Z", "-"},
      {"2023-01-01T24:00:00Z", "-"},
      {"2023-01-01T00:60:00Z", "-"},
      {"2023-01-01T00:00:60Z", "-"},
      {"2023-01-01T00:00:00", "-"},
      {"2023-01-01T00:00:00.Z", "-"},
      {"2023-01-01 00:00:00Z", "-"},
      {"2023-01-01t00:00:00z", "-"},
      {"2023-01-01T00:00:00+0100", "-"},
      {"2023-01-01T00:00:00+24:00", "-"},
      {"2023-01-01T00:00:00Z ", "-"},
      {"2023-1-01T00:00:00Z", "-"},
      {"+2023-01-01T00:00:00Z", "-"},
      {"2023-01-01", "-"},
      {"", "-"},
  };
  for (const TextCase& c : kCases) {
    SCOPED_TRACE(c.text);
    EXPECT_EQ(Timestamp(c.text), c.shown);
  }
}

TEST(ParseDuration, TakesUnitsAndCompounds) {
  constexpr TextCase kCases[] = {
      {"1000000s", "1000000s"},
      {"1h30m", "5400s"},
      {"-1.5s", "-1.5s"},
      {"+300ms", "0.3s"},
      {"1h1m1s1ms1us1ns", "3661.001001001s"},
      {"1\u00B5s", "0.000001s"},
      {"1ms2\u03BCs", "0.001002s"},
      {"1\u03BC", "-"},
      {"0", "0s"},
      {"-0", "0s"},
      {".5s", "0.5s"},
      {"1.s", "1s"},
      {"0.000000000005h", "0.000000018s"},
      {"1.9ns", "0.000000001s"},
      {"-999999999ns", "-0.999999999s"},
      {"9223372036854775807ns", "9223372036.854775807s"},
      {"-9223372036854775808ns", "-9223372036.854775808s"},
      {"9223372036854775808ns", "-"},
      {"-9223372036854775809ns", "-"},
      {"-320000000000s", "-"},
      {"99999999999999999999999999999999999999999999h", "-"},
      {"2562047h2562047h", "-"},
      {"", "-"},
      {"-", "-"},
      {"1", "-"},
      {"s", "-"},
      {".s", "-"},
      {"1d", "-"},
      {"1 s", "-"},
      {"1s ", "-"},
      {"1h-1m", "-"},
      {"1e3s", "-"},
      {"00", "-"},
  };
  for (const TextCase& c : kCases) {
    SCOPED_TRACE(c.text);
    EXPECT_EQ(Duration(c.text), c.shown);
  }
}

std::string Civil(std::string_view timestamp, std::string_view zone) {
  const std::optional<CivilTime> c = ToCivilTime(*ParseTimestamp(timestamp), zone);
  if (!c) return "-";
  return std::to_string(c->year) + " " + std::to_string(c->month) + " " + std::to_string(c->day_of_month) + " wd" +
         std::to_string(c->day_of_week) + " yd" + std::to_string(c->day_of_year) + " " + std::to_string(c->hours) + ":" +
         std::to_string(c->minutes) + ":" + std::to_string(c->seconds) + "." + std::to_string(c->milliseconds);
}

TEST(ToCivilTime, KnowsZones) {
  struct Case {
    std::string_view timestamp, zone;
    const char* shown;
  };
  constexpr Case kCases[] = {
      {"2009-02-13T23:31:30.25Z", "", "2009 1 13 wd5 yd43 23:31:30.250"},
      {"2009-02-13T23:31:30Z", "UTC", "2009 1 13 wd5 yd43 23:31:30.0"},
      {"2009-02-13T23:31:30Z", "Australia/Sydney", "2009 1 14 wd6 yd44 10:31:30.0"},
      {"2009-02-13T23:31:30Z", "US/Central", "2009 1 13 wd5 yd43 17:31:30.0"},
      {"2009-07-13T23:31:30Z", "US/Central", "2009 6 13 wd1 yd193 18:31:30.0"},
      {"2009-02-13T23:31:30Z", "Asia/Kathmandu", "2009 1 14 wd6 yd44 5:16:30.0"},
      {"2009-02-13T02:00:00Z", "America/St_Johns", "2009 1 12 wd4 yd42 22:30:0.0"},
      {"2009-02-13T23:31:30Z", "+11:00", "2009 1 14 wd6 yd44 10:31:30.0"},
      {"2009-02-13T23:31:30Z", "02:00", "2009 1 14 wd6 yd44 1:31:30.0"},
      {"2009-02-13T02:00:00Z", "-02:30", "2009 1 12 wd4 yd42 23:30:0.0"},
      {"2009-02-13T23:31:30Z", "+05:30", "2009 1 14 wd6 yd44 5:1:30.0"},
      {"2009-02-13T23:31:30Z", "-00:00", "2009 1 13 wd5 yd43 23:31:30.0"},
      {"0001-01-01T00:00:00Z", "-01:00", "0 11 31 wd0 yd365 23:0:0.0"},
      {"9999-12-31T23:59:59Z", "+14:00", "10000 0 1 wd6 yd0 13:59:59.0"},
      {"1969-12-31T23:59:59Z", "", "1969 11 31 wd3 yd364 23:59:59.0"},
      {"2009-02-13T23:31:30Z", "Nowhere/Land", "-"},
      {"2009-02-13T23:31:30Z", "+15:00", "-"},
      {"2009-02-13T23:31:30Z", "+5:30", "-"},
      {"2009-02-13T23:31:30Z", "+05:60", "-"},
      {"2009-02-13T23:31:30Z", "05:30 ", "-"},
      {"2009-02-13T23:31:30Z", "utc+1", "-"},
      {"2009-02-13T23:31:30Z", "localtime", "-"},
      {"2009-02-13T23:31:30Z", "/etc/localtime", "-"},
      {"2009-02-13T23:31:30Z", "../zoneinfo/UTC", "-"},
      {"2009-02-13T23:31:30Z", "Fixed/UTC+05:30:00", "-"},
      {"2009-02-13T23:31:30Z", "tzdata.zi", "-"},
  };
  for (const Case& c : kCases) {
    SCOPED_TRACE(std::string(c.timestamp) + " in " + std::string(c.zone));
    EXPECT_EQ(Civil(c.timestamp, c.zone), c.shown);
  }
}

}  // namespace
}  // namespace writ
