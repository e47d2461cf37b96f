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

  // An engine, and the signers of its policies. `signers` is nullptr when the source does not load them.
  struct Deciding {
    std::shared_ptr<const Engine> engine;
    std::shared_ptr<const image::SignerSet> signers;
  };
  // What decides; hold it during one request. Cost: a lock held for two pointer copies.
  Deciding deciding() const;
  std::shared_ptr<const Engine> engine() const { return deciding().engine; }
  State state() const;

  // Loads again and swaps; quotas go on counting. Errors (the old set stays): as LoadPolicies, a lost data file included.
  Status Reload();

 private:
  PolicyStore(PolicySource source, const Clock& clock) : source_(std::move(source)), clock_(&clock) {}

  const PolicySource source_;
  const Clock* clock_;
  std::mutex reload_mutex_;            // one load at a time; guards data_
  mutable std::mutex mutex_;           // guards deciding_ and state_
  std::vector<PolicySet::Data> data_;  // of the set that decides, without the texts
  Deciding deciding_;
  State state_;
};

// What a watcher of `source` has to look at.
std::vector<WatchRoot> WatchRoots(const PolicySource& source);

}  // namespace writ
