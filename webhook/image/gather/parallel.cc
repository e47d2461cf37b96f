// Runs a handful of independent tasks at the same time.
#include "webhook/image/gather/parallel.h"

#include <algorithm>
#include <atomic>
#include <system_error>
#include <thread>
#include <vector>

namespace writ::image {

void RunParallel(std::size_t count, std::uint32_t width, const std::function<void(std::size_t)>& task) {
  std::atomic<std::size_t> next{0};
  const auto work = [&] {
    for (std::size_t at = next++; at < count; at = next++) task(at);
  };
  const std::size_t helpers = std::min<std::size_t>(width, count);
  std::vector<std::jthread> threads;  // joined at the end of the scope
  threads.reserve(helpers);
  for (std::size_t made = 1; made < helpers; ++made) {
    try {
      threads.emplace_back(work);
    } catch (const std::system_error&) {  // out of threads
      break;
    }
  }
  work();
}

}  // namespace writ::image
