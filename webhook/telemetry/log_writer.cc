// A bounded queue of log lines and the thread that writes them.
#include "webhook/telemetry/log_writer.h"

#include <cerrno>
#include <condition_variable>
#include <mutex>
#include <string>
#include <thread>
#include <utility>

#include <fcntl.h>
#include <unistd.h>

namespace writ::server {

struct LogWriter::State {
  // A descriptor of its own: a write that nobody takes may outlive the writer, and meanwhile the caller's number may name another file.
  State(int descriptor, std::size_t max_bytes) : fd(fcntl(descriptor, F_DUPFD_CLOEXEC, 3)), max_queued_bytes(max_bytes) {}
  ~State() {
    if (fd >= 0) close(fd);
  }
  State(const State&) = delete;
  State& operator=(const State&) = delete;
  const int fd;
  const std::size_t max_queued_bytes;
  mutable std::mutex mutex;  // guards the rest
  std::condition_variable changed;
  std::string queue;  // whole lines
  bool writing = false;
  bool ending = false;
  std::uint64_t dropped = 0;
  std::uint64_t untold = 0;  // dropped lines of which the log does not know yet
};

namespace {

// A reader that is gone (EPIPE) loses the rest.
void WriteAll(int fd, std::string_view text) {
  while (!text.empty()) {
    const ssize_t written = write(fd, text.data(), text.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return;
    text.remove_prefix(static_cast<std::size_t>(written));
  }
}

}  // namespace

LogWriter::LogWriter(int fd, std::size_t max_queued_bytes) : state_(std::make_shared<State>(fd, max_queued_bytes)) {
  std::thread([state = state_] {
    std::unique_lock lock(state->mutex);
    for (;;) {
      state->changed.wait(lock, [&state] { return state->ending || !state->queue.empty(); });
      if (state->queue.empty()) return;
      std::string lines = std::exchange(state->queue, {});
      if (state->untold > 0) {
        lines += "{\"level\":\"warn\",\"msg\":\"log lines were dropped: nobody reads them fast enough\",\"count\":" +
                 std::to_string(std::exchange(state->untold, 0)) + "}\n";
      }
      state->writing = true;
      lock.unlock();
      WriteAll(state->fd, lines);
      lock.lock();
      state->writing = false;
      state->changed.notify_all();
    }
  }).detach();
}

LogWriter::~LogWriter() {
  Flush(std::chrono::milliseconds(500));
  const std::lock_guard lock(state_->mutex);
  state_->ending = true;
  state_->changed.notify_all();
}

void LogWriter::Write(std::string_view line) {
  const std::lock_guard lock(state_->mutex);
  if (state_->queue.size() + line.size() > state_->max_queued_bytes) {
    ++state_->dropped;
    ++state_->untold;
    return;
  }
  state_->queue.append(line);
  state_->changed.notify_all();
}

bool LogWriter::Flush(std::chrono::milliseconds limit) {
  std::unique_lock lock(state_->mutex);
  return state_->changed.wait_for(lock, limit, [this] { return state_->queue.empty() && !state_->writing; });
}

std::uint64_t LogWriter::dropped() const {
  const std::lock_guard lock(state_->mutex);
  return state_->dropped;
}

}  // namespace writ::server
