// What one thread reuses from decision to decision.
#pragma once

#include <memory>

#include "rules/base/limits.h"

namespace writ {

// Holds the last request that was read, what its evaluation needs, and the last decision: arena,
// registers, JSON parser. One per thread. About 64 KiB when warm. What a large request took is kept
// while it can be read, and given back by the next one or by Clear: at most 16 MiB are kept then.
class Context {
 public:
  explicit Context(const EvalLimits& limits = {}, const JsonLimits& json_limits = {});
  ~Context();
  Context(Context&&) noexcept;
  Context& operator=(Context&&) noexcept;

  // Ends the request and the decision, and gives back what they took beyond what ordinary ones
  // need.
  void Clear();

  struct Impl;
  Impl& impl() { return *impl_; }

 private:
  std::unique_ptr<Impl> impl_;
};

}  // namespace writ
