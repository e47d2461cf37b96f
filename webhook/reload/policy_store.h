// The policies that decide right now, and how they are replaced: a new set is built off to the side and swapped in whole; a broken one
// changes nothing and is remembered for /readyz.
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "rules/base/clock.h"
#include "rules/base/result.h"
#include "webhook/reload/file_watcher.h"
#include "webhook/reload/policy_source.h"
#include "writ/engine.h"

namespace writ {

// Why the last reload, of policies or of a certificate, was refused.
struct ReloadFault {
  UnixNanos at = 0;
  std::string text;  // rendered diagnostics, or why a file could not be read
};

// Thread-safe.
class PolicyStore {
 public:
  struct State {
    std::string digest;
    std::size_t policy_count = 0;
    UnixNanos loaded_at = 0;
    std::string warnings;              // of the set that decides
    std::optional<ReloadFault> fault;  // of the last load, when it failed
  };

  // Loads for the first time. `clock` is borrowed. Errors: as LoadPolicies.
  static Result<std::unique_ptr<PolicyStore>> Open(PolicySource source, const Clock& clock);

  // The engine that decides; hold it during one request. Cost: a lock held for a pointer copy.
  std::shared_ptr<const Engine> engine() const;
  State state() const;

  // Loads again and swaps; quotas go on counting. Errors (the old set stays): as LoadPolicies, a lost data file included.
  Status Reload();

 private:
  PolicyStore(PolicySource source, const Clock& clock) : source_(std::move(source)), clock_(&clock) {}

  const PolicySource source_;
  const Clock* clock_;
  std::mutex reload_mutex_;            // one load at a time; guards data_
  mutable std::mutex mutex_;           // guards engine_ and state_
  std::vector<PolicySet::Data> data_;  // of the set that decides, without the texts
  std::shared_ptr<const Engine> engine_;
  State state_;
};

// What a watcher of `source` has to look at.
std::vector<WatchRoot> WatchRoots(const PolicySource& source);

}  // namespace writ
