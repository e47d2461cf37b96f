// Threads that run handlers.
#include "webhook/http/worker_pool.h"

#include <algorithm>
#include <utility>

namespace writ::server::http {
namespace {

constexpr std::uint64_t kTurnsOfLater = 4;  // every fourth

}  // namespace

WorkerPool::WorkerPool(std::size_t workers, std::size_t max_heavy) : max_heavy_(max_heavy) {
  threads_.reserve(workers);
  for (std::size_t i = 0; i < workers; ++i) threads_.emplace_back([this, i] { Run(i); });
}

WorkerPool::~WorkerPool() { Stop(); }

void WorkerPool::Submit(Job job, Turn turn, Weight weight) {
  {
    const std::lock_guard lock(mutex_);
    if (stopping_) return;
    (turn == Turn::kFirst ? first_ : later_).push_back({std::move(job), weight});
  }
  changed_.notify_one();
}

void WorkerPool::Stop() {
  std::deque<Task> forgotten_first, forgotten_later;  // destroyed outside the lock: a job may own the last reference to a connection
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
    forgotten_first.swap(first_);
    forgotten_later.swap(later_);
  }
  changed_.notify_all();
  for (std::thread& thread : threads_) {
    if (thread.joinable()) thread.join();
  }
}

std::optional<WorkerPool::Task> WorkerPool::TryTakeFrom(std::deque<Task>& queue) {
  const auto may_run = [this](const Task& task) { return task.weight == Weight::kLight || running_heavy_ < max_heavy_; };
  const auto found = std::find_if(queue.begin(), queue.end(), may_run);
  if (found == queue.end()) return std::nullopt;
  std::optional<Task> task(std::move(*found));
  queue.erase(found);
  return task;
}

std::optional<WorkerPool::Task> WorkerPool::TryTake() {
  const bool is_turn_of_later = (turns_ + 1) % kTurnsOfLater == 0;
  std::optional<Task> task = TryTakeFrom(is_turn_of_later ? later_ : first_);
  if (!task) task = TryTakeFrom(is_turn_of_later ? first_ : later_);
  if (task) ++turns_;
  return task;
}

void WorkerPool::Run(std::size_t worker) {
  std::unique_lock lock(mutex_);
  for (;;) {
    std::optional<Task> task;
    changed_.wait(lock, [&] { return stopping_ || (task = TryTake()).has_value(); });
    if (stopping_) return;
    const bool is_heavy = task->weight == Weight::kHeavy;
    if (is_heavy) ++running_heavy_;
    lock.unlock();
    task->job(worker);
    task.reset();  // what it owns is destroyed outside the lock
    lock.lock();
    if (!is_heavy) continue;
    --running_heavy_;
    changed_.notify_one();  // one that waits may run now
  }
}

}  // namespace writ::server::http
