// Threads that run handlers, each with its number, so that a handler can keep one writ::Context a thread without thread-locals.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace writ::http {

// Thread-safe. The queue is bounded by the callers: a connection has at most one job.
class WorkerPool {
 public:
  using Job = std::function<void(std::size_t worker)>;  // must not throw

  explicit WorkerPool(std::size_t workers);
  // Stops: see Stop().
  ~WorkerPool();
  WorkerPool(const WorkerPool&) = delete;
  WorkerPool& operator=(const WorkerPool&) = delete;

  // Runs `job` on a worker, in order of submission. Does nothing after Stop().
  void Submit(Job job);
  // Forgets what has not begun, waits for what has. Idempotent.
  void Stop();

 private:
  void Run(std::size_t worker);

  std::mutex mutex_;  // guards queue_ and stopping_
  std::condition_variable changed_;
  std::deque<Job> queue_;
  bool stopping_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace writ::http
