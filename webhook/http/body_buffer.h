// Where a request's body is gathered while it arrives, and what all bodies of a server may take together.
//
//   BodyBudget budget(256 << 20);
//   BodyBuffer body;
//   body.Open(budget, 8 << 20);
//   if (!body.TryAppend(bytes)) …   // the budget would be passed: 503
//
// Charged is what is allocated for bytes that have arrived, never what a client has announced: a body holds at most 4 KiB or twice
// what was sent of it. 1,024 clients that announce 8 MiB and send one byte hold 4 MiB together.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <string>
#include <string_view>

namespace writ::server::http {

// Thread-safe. Never passes its limit.
class BodyBudget {
 public:
  explicit BodyBudget(std::size_t max_bytes) : max_bytes_(max_bytes) {}
  // False, and nothing taken, when the limit would be passed.
  bool TryTake(std::size_t bytes);
  void Return(std::size_t bytes) { used_.fetch_sub(bytes); }
  std::size_t used() const { return used_.load(); }

 private:
  const std::size_t max_bytes_;
  std::atomic<std::size_t> used_{0};
};

// One body. Gives back what it took when it dies. Not thread-safe.
class BodyBuffer {
 public:
  BodyBuffer() = default;
  BodyBuffer(const BodyBuffer&) = delete;
  BodyBuffer& operator=(const BodyBuffer&) = delete;
  ~BodyBuffer() { Release(); }

  // `budget` must outlive the buffer. `max_bytes`: the longest body; whoever appends keeps to it.
  void Open(BodyBudget& budget, std::size_t max_bytes);
  // The body will have at most so many bytes: growing stops there.
  void LimitTo(std::size_t max_bytes) { max_bytes_ = std::min(max_bytes_, max_bytes); }
  // False when the budget would be passed; what was appended before stays. Room doubles, so that n bytes cost O(n) to copy. While it
  // grows, the smaller half exists beside it, uncharged: on at most as many bodies at once as there are threads that append.
  bool TryAppend(std::string_view bytes);
  std::string_view view() const { return bytes_; }
  // Frees the bytes; views of them end.
  void Release();

 private:
  // INVARIANT: room_bytes_ is taken from budget_, and bytes_ has no more capacity than that (or that of an empty string).
  BodyBudget* budget_ = nullptr;
  std::size_t max_bytes_ = 0;
  std::size_t room_bytes_ = 0;
  std::string bytes_;
};

}  // namespace writ::server::http
