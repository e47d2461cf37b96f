// The log's lines.
#include "webhook/telemetry/log.h"

#include <csignal>
#include <string>
#include <thread>

#include <unistd.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "webhook/telemetry/log_writer.h"

namespace writ::server {
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

// A pipe with its two ends.
struct Pipe {
  Pipe() {
    std::signal(SIGPIPE, SIG_IGN);  // as the server does: a writer may outlive the reader
    EXPECT_EQ(0, pipe(ends));
  }
  ~Pipe() {
    close(ends[0]);
    close(ends[1]);
  }
  // Reads until `text` was seen.
  std::string ReadUntil(std::string_view text) {
    std::string seen;
    char some[65536];
    while (seen.find(text) == std::string::npos) {
      const ssize_t got = read(ends[0], some, sizeof some);
      if (got <= 0) break;
      seen.append(some, static_cast<std::size_t>(got));
    }
    return seen;
  }
  int ends[2] = {-1, -1};
};

TEST(LogWriter, WritesInOrder) {
  Pipe pipe;
  LogWriter writer(pipe.ends[1]);
  for (int i = 0; i < 100; ++i) writer.Write("line " + std::to_string(i) + "\n");
  EXPECT_TRUE(writer.Flush(std::chrono::seconds(20)));
  const std::string seen = pipe.ReadUntil("line 99\n");
  EXPECT_EQ(0U, seen.find("line 0\nline 1\n"));
  EXPECT_EQ(0U, writer.dropped());
}

TEST(LogWriter, APipeThatNobodyDrainsStallsNothing) {
  Pipe pipe;
  LogWriter writer(pipe.ends[1], 1'000'000);
  const std::string line = std::string(999, 'x') + "\n";
  for (int i = 0; i < 10'000; ++i) writer.Write(line);  // ten times what queue and pipe hold
  EXPECT_GT(writer.dropped(), 0U);
  EXPECT_FALSE(writer.Flush(std::chrono::milliseconds(1)));
  std::thread reader(
      [&pipe] { EXPECT_NE(std::string::npos, pipe.ReadUntil("log lines were dropped").find(std::string(999, 'x') + "\n")); });
  reader.join();
  writer.Write("after\n");
  EXPECT_THAT(pipe.ReadUntil("after\n"), testing::EndsWith("after\n"));
  EXPECT_TRUE(writer.Flush(std::chrono::seconds(20)));
}

TEST(LogWriter, EndsWithLinesThatNobodyReads) {
  Pipe pipe;
  {
    LogWriter writer(pipe.ends[1], 1'000'000);
    for (int i = 0; i < 1'000; ++i) writer.Write(std::string(999, 'x') + "\n");
  }  // does not hang
  pipe.ReadUntil(std::string(1, 'x'));
}

TEST(LogWriter, AReaderThatIsGoneIsNoMatter) {
  std::signal(SIGPIPE, SIG_IGN);
  int ends[2];
  ASSERT_EQ(0, pipe(ends));
  close(ends[0]);
  LogWriter writer(ends[1]);
  writer.Write("x\n");
  EXPECT_TRUE(writer.Flush(std::chrono::seconds(20)));
  close(ends[1]);
}

}  // namespace
}  // namespace writ::server
