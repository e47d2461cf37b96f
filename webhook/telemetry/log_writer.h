// The log's way out: a queue and a thread of its own, so that a pipe that nobody drains stalls no request, no reload and no end.
//
//   LogWriter writer(STDERR_FILENO);
//   Logger logger(LogLevel::kInfo, clock, [&writer](std::string_view line) { writer.Write(line); });
//   …
//   writer.Flush(std::chrono::seconds(1));
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>

namespace writ::server {

// Thread-safe. The thread may outlive it, when it is stuck in a write at the end.
class LogWriter {
 public:
  static constexpr std::size_t kMaxQueuedBytes = std::size_t{4} * 1024 * 1024;

  // `fd` is borrowed, and stays open as long as the process.
  explicit LogWriter(int fd, std::size_t max_queued_bytes = kMaxQueuedBytes);
  // Flushes for half a second at most.
  ~LogWriter();
  LogWriter(const LogWriter&) = delete;
  LogWriter& operator=(const LogWriter&) = delete;

  // Never waits. A line that does not fit the queue is dropped and counted; when there is room again, a line of the log says how many were.
  void Write(std::string_view line);
  // Waits until everything is written, for `limit` at most. True when it was.
  bool Flush(std::chrono::milliseconds limit);
  std::uint64_t dropped() const;  // lines since the start

 private:
  struct State;
  std::shared_ptr<State> state_;  // shared with the thread
};

}  // namespace writ::server
