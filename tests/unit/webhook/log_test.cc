// The log's lines.
#include "webhook/telemetry/log.h"

#include <gtest/gtest.h>

namespace writ {
namespace {

TEST(Logger, WritesOneJsonObjectALine) {
  FakeClock clock(1'700'000'000'123'456'789);
  std::string out;
  Logger logger(LogLevel::kInfo, clock, [&out](std::string_view line) { out += line; });
  logger.Write(LogLevel::kDebug, "not shown");
  logger.Write(LogLevel::kWarn, "two\nlines \"quoted\"",
               {{"n", std::int64_t{7}}, {"ok", true}, {"ratio", 0.5}, {"text", "caf\xC3\xA9 \xFF"}});
  EXPECT_EQ(
      "{\"ts\":\"2023-11-14T22:13:20.123Z\",\"level\":\"warn\",\"msg\":\"two\\nlines \\\"quoted\\\"\",\"n\":7,\"ok\":true,\"ratio\":0.5,"
      "\"text\":\"caf\xC3\xA9 \xEF\xBF\xBD\"}\n",
      out);
}

TEST(Logger, KnowsItsLevels) {
  EXPECT_EQ(LogLevel::kError, TryParseLogLevel("error"));
  EXPECT_EQ(std::nullopt, TryParseLogLevel("verbose"));
}

}  // namespace
}  // namespace writ
