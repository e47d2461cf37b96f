// The host's clock as a seam: the engine never reads the wall clock itself.
#pragma once

#include <cstdint>

namespace writ {

// Nanoseconds since 1970-01-01T00:00:00Z.
using UnixNanos = std::int64_t;

// Implementations must be thread-safe.
class Clock {
 public:
  virtual ~Clock() = default;
  // The current time. Expected to be cheap (tens of nanoseconds) and not to go backwards by more than a clock adjustment.
  virtual UnixNanos Now() const = 0;
};

// The system's real-time clock. Valid for the whole program; thread-safe.
const Clock& SystemClock();

// A clock that stands still until told otherwise; for tests and for `writ test`. Not thread-safe while being set.
class FakeClock final : public Clock {
 public:
  explicit FakeClock(UnixNanos now = 0) : now_(now) {}
  UnixNanos Now() const override { return now_; }
  void Set(UnixNanos now) { now_ = now; }
  void Advance(std::int64_t nanos) { now_ += nanos; }

 private:
  UnixNanos now_;
};

}  // namespace writ
