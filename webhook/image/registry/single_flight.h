// Work that several callers want at the same time is done once. A thousand admissions of one image cost one look at the registry.
#pragma once

#include <chrono>
#include <condition_variable>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "rules/base/result.h"

namespace writ::image {

// Thread-safe. Keeps nothing once the work is done: this is no cache.
template <typename T>
class SingleFlight {
 public:
  using TimePoint = std::chrono::steady_clock::time_point;

  // Returns what `work()` returns, or what it returned to another caller with an equal key who had begun and not ended. Waits for that
  // at most `time_left`. `deadline` is the caller's own: when the other one failed because it had less time, the work is done again.
  // Errors: those of `work`; kUnreadable when the wait was too long. Requires: `work` does not throw.
  template <typename Work>
  Result<T> Run(const std::string& key, TimePoint deadline, std::chrono::milliseconds time_left, const Work& work) {
    for (;;) {
      std::shared_ptr<Flight> flight;
      if (Board(key, deadline, flight)) {
        Result<T> result = work();
        Land(key, *flight, result);
        return result;
      }
      std::unique_lock lock(mutex_);
      if (!landed_.wait_for(lock, time_left, [&] { return flight->result.has_value(); })) {
        return Error{ErrorCode::kUnreadable, "another request for the same did not end in time"};
      }
      const Result<T>& result = *flight->result;
      if (result || result.error().code != ErrorCode::kUnreadable || flight->deadline >= deadline) return result;
    }
  }

 private:
  struct Flight {
    TimePoint deadline;
    std::optional<Result<T>> result;  // guarded by mutex_
  };

  // True when the caller has to do the work.
  bool Board(const std::string& key, TimePoint deadline, std::shared_ptr<Flight>& to) {
    const std::lock_guard lock(mutex_);
    std::shared_ptr<Flight>& flight = flights_[key];
    const bool is_first = flight == nullptr;
    if (is_first) flight = std::make_shared<Flight>(Flight{deadline, std::nullopt});
    to = flight;
    return is_first;
  }

  void Land(const std::string& key, Flight& flight, const Result<T>& result) {
    {
      const std::lock_guard lock(mutex_);
      flight.result.emplace(result);
      flights_.erase(key);
    }
    landed_.notify_all();
  }

  std::mutex mutex_;  // a std::mutex because of the condition variable
  std::condition_variable landed_;
  std::map<std::string, std::shared_ptr<Flight>> flights_;  // guarded by mutex_
};

}  // namespace writ::image
