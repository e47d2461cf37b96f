// Work that may never end, because a file system does not answer: each piece gets a thread of its own and is waited for a bounded time.
//
//   BoundedThreads threads({.limit = std::chrono::seconds(60)});
//   Result<LoadedPolicies> loaded = threads.Run<LoadedPolicies>("loading policies", [source] { return LoadPolicies(source); });
//
// A thread in the kernel cannot be ended. One that is late is left alone, and what it brings later is dropped: the next piece of work has
// its own thread. Threads that were left are counted; at the maximum no new ones start until one comes back.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "rules/base/result.h"

namespace writ::server {

// Thread-safe. Threads that were left may outlive it.
class BoundedThreads {
 public:
  struct Options {
    std::chrono::milliseconds limit{60'000};  // how long one piece of work is waited for
    std::uint32_t max_left = 8;               // threads that were late and have not ended yet
  };
  explicit BoundedThreads(const Options& options);

  // Runs `work` and returns its result; exceptions of it are thrown here. `work` must own all that it touches (values and shared_ptrs),
  // for it may go on after the call. `what` begins the message: "loading policies took longer than 60 s".
  // Errors: those of `work`; kUnreadable when it was late, or when too many earlier ones are still out.
  template <typename T>
  Result<T> Run(const std::string& what, std::function<Result<T>()> work) const {
    const auto result = std::make_shared<std::optional<Result<T>>>();
    WRIT_RETURN_IF_ERROR(Wait(what, [result, run = std::move(work)] { result->emplace(run()); }));
    return std::move(**result);
  }
  std::uint32_t left() const;  // threads that were late and have not ended yet

 private:
  struct State;
  Status Wait(const std::string& what, std::function<void()> work) const;

  Options options_;
  std::shared_ptr<State> state_;  // shared with the threads
};

}  // namespace writ::server
