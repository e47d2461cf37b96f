// When to stop a computation that somebody waits for only so long.
#pragma once

#include <atomic>
#include <chrono>

namespace writ {

// Steady time, and a flag that others may set: whichever comes first. Asking costs some tens of nanoseconds and no system call, so long
// loops ask every few thousand steps.
struct Deadline {
  std::chrono::steady_clock::time_point at = std::chrono::steady_clock::time_point::max();
  const std::atomic<bool>* cancelled = nullptr;  // borrowed; nullptr = never

  bool has_passed() const {
    if (cancelled != nullptr && cancelled->load(std::memory_order_relaxed)) return true;
    return at != std::chrono::steady_clock::time_point::max() && std::chrono::steady_clock::now() >= at;
  }
};

}  // namespace writ
