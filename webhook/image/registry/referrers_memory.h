// Which registries have no referrers API: asked once in five minutes, not for each image.
#pragma once

#include <chrono>
#include <map>

#include "rules/base/mutex.h"
#include "webhook/image/registry/registry_settings.h"

namespace writ::image {

// Thread-safe. As large as the list of registries at most.
class ReferrersMemory {
 public:
  using Time = std::chrono::steady_clock::time_point;
  static constexpr std::chrono::minutes kLifetime{5};

  // Whether the registry, or mirror, has answered `now` or within the lifetime before that it has no such API.
  bool IsKnownAbsent(const RegistryPlace& place, Time now) const {
    const MutexLock lock(mutex_);
    const auto found = absent_.find(&place);
    return found != absent_.end() && now - found->second < kLifetime;
  }
  void NoteAbsent(const RegistryPlace& place, Time now) {
    const MutexLock lock(mutex_);
    absent_[&place] = now;
  }

 private:
  mutable Mutex mutex_;
  std::map<const RegistryPlace*, Time> absent_ WRIT_GUARDED_BY(mutex_);
};

}  // namespace writ::image
