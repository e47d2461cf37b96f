// Runs a handful of independent tasks, some at the same time. For waiting on the network, not for computing.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>

namespace writ::image {

// Calls `task(0)` … `task(count - 1)`, at most `width` at a time, the calling thread among them, and returns when all have ended.
// Tasks start in order and write to slots of their own, so that the outcome has an order too. When no thread can be had, the calling
// thread does all of it. Requires: tasks do not throw.
void RunParallel(std::size_t count, std::uint32_t width, const std::function<void(std::size_t)>& task);

}  // namespace writ::image
