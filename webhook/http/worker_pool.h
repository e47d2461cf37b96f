// Threads that run handlers, each with its number, so that a handler can keep one writ::Context a thread without thread-locals.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

namespace writ::server::http {

// When a task comes to its turn. Later ones are the rest of what has begun: new requests go before them, but every fourth turn is theirs,
// so that neither kind can starve the other.
enum class Turn : std::uint8_t { kFirst, kLater };
// Heavy tasks need much memory while they run: only so many run at the same time, and those that wait hold up nobody else.
enum class Weight : std::uint8_t { kLight, kHeavy };

// Thread-safe. The queues are bounded by the callers: a connection has at most one task.
class WorkerPool {
 public:
  using Job = std::function<void(std::size_t worker)>;  // must not throw

  // Both positive.
  WorkerPool(std::size_t workers, std::size_t max_heavy);
  // Stops: see Stop().
  ~WorkerPool();
  WorkerPool(const WorkerPool&) = delete;
  WorkerPool& operator=(const WorkerPool&) = delete;

  // Runs `job` on a worker: those of equal turn and weight in the order of submission. Does nothing after Stop().
  void Submit(Job job, Turn turn = Turn::kFirst, Weight weight = Weight::kLight);
  // Forgets what has not begun, waits for what has. Idempotent.
  void Stop();

 private:
  struct Task {
    Job job;
    Weight weight = Weight::kLight;
  };

  void Run(std::size_t worker);
  std::optional<Task> TryTake();                             // requires mutex_
  std::optional<Task> TryTakeFrom(std::deque<Task>& queue);  // requires mutex_

  const std::size_t max_heavy_;
  std::mutex mutex_;  // guards what follows, but for the threads
  std::condition_variable changed_;
  std::deque<Task> first_, later_;
  std::size_t running_heavy_ = 0;
  std::uint64_t turns_ = 0;
  bool stopping_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace writ::server::http
