// Which task a worker takes next.
#include "webhook/http/worker_pool.h"

#include <condition_variable>
#include <future>
#include <mutex>
#include <string>

#include <gtest/gtest.h>

namespace writ::server::http {
namespace {

// What ran, in order.
class Record {
 public:
  WorkerPool::Job Job(std::string name) {
    return [this, name = std::move(name)](std::size_t) { Add(name); };
  }
  void Add(const std::string& name) {
    const std::lock_guard lock(mutex_);
    text_ += name + " ";
    ++count_;
    changed_.notify_all();
  }
  std::string Await(int count) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return count_ >= count; });
    return text_;
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::string text_;
  int count_ = 0;
};

// Keeps a worker busy until it is told to end.
class Blocker {
 public:
  WorkerPool::Job Job() {
    return [this](std::size_t) {
      begun_.set_value();
      end_.get_future().wait();
    };
  }
  void AwaitBegin() { begun_.get_future().wait(); }
  void End() { end_.set_value(); }

 private:
  std::promise<void> begun_, end_;
};

TEST(WorkerPool, NewRequestsGoBeforeTheRestOfOldOnesButDoNotStarveThem) {
  Record record;
  Blocker blocker;
  WorkerPool pool(1, 1);  // ends, and joins, before what its jobs touch
  pool.Submit(blocker.Job());
  blocker.AwaitBegin();  // the first turn
  for (const char* name : {"l1", "l2", "l3"}) pool.Submit(record.Job(name), Turn::kLater);
  for (const char* name : {"f1", "f2", "f3", "f4", "f5"}) pool.Submit(record.Job(name));
  blocker.End();
  EXPECT_EQ(record.Await(8), "f1 f2 l1 f3 f4 f5 l2 l3 ");
}

TEST(WorkerPool, HeavyTasksWaitForEachOtherAndHoldUpNobody) {
  Record record;
  Blocker heavy;
  WorkerPool pool(2, 1);  // ends, and joins, before what its jobs touch
  pool.Submit(heavy.Job(), Turn::kFirst, Weight::kHeavy);
  heavy.AwaitBegin();
  pool.Submit(record.Job("heavy"), Turn::kFirst, Weight::kHeavy);
  pool.Submit(record.Job("light1"));
  pool.Submit(record.Job("light2"), Turn::kLater);
  EXPECT_EQ(record.Await(2), "light1 light2 ");
  heavy.End();
  EXPECT_EQ(record.Await(3), "light1 light2 heavy ");
}

TEST(WorkerPool, AsManyHeavyTasksAsAllowedRunAtOnce) {
  Blocker first, second;
  WorkerPool pool(3, 2);  // ends, and joins, before what its jobs touch
  pool.Submit(first.Job(), Turn::kFirst, Weight::kHeavy);
  pool.Submit(second.Job(), Turn::kFirst, Weight::kHeavy);
  first.AwaitBegin();
  second.AwaitBegin();
  first.End();
  second.End();
}

TEST(WorkerPool, TakesNothingAfterStop) {
  Record record;
  WorkerPool pool(1, 1);
  pool.Submit(record.Job("ran"));
  record.Await(1);
  pool.Stop();
  pool.Submit(record.Job("never"));
  pool.Submit(record.Job("never"), Turn::kLater, Weight::kHeavy);
  EXPECT_EQ(record.Await(1), "ran ");
}

}  // namespace
}  // namespace writ::server::http
