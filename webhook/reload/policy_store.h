// The policies that decide right now, and how they are replaced: a new set is built off to the side and swapped in whole; a broken one
// changes nothing and is remembered for /readyz.
#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "rules/base/clock.h"
#include "rules/base/result.h"
#include "webhook/reload/bounded_threads.h"
#include "webhook/reload/file_watcher.h"
#include "webhook/reload/policy_source.h"
#include "writ/engine.h"

namespace writ::server {

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

  struct Options {
    // How long policies are kept whose file is gone and that stand in no other file: a set whose files are replaced one by one is not
    // taken for a smaller one.
    std::chrono::milliseconds settle_gone{30'000};
    std::chrono::milliseconds load_limit{60'000};  // a load that takes longer is left alone: a file system does not answer
  };
  // Loads for the first time. `clock` is borrowed. Errors: as LoadPolicies.
  static Result<std::unique_ptr<PolicyStore>> Open(PolicySource source, const Clock& clock, const Options& options);
  static Result<std::unique_ptr<PolicyStore>> Open(PolicySource source, const Clock& clock) { return Open(std::move(source), clock, {}); }

  // An engine, and the signers of its policies. `signers` is nullptr when the source does not load them.
  struct Deciding {
    std::shared_ptr<const Engine> engine;
    std::shared_ptr<const image::SignerSet> signers;
  };
  // What decides; hold it during one request. Cost: a lock held for two pointer copies.
  Deciding deciding() const;
  std::shared_ptr<const Engine> engine() const { return deciding().engine; }
  State state() const;

  // Loads again and swaps; quotas go on counting. Errors (the old set stays): as LoadPolicies, a lost data file included; kNotFound while a
  // policy is missed whose file is gone; kUnreadable when loading was late.
  Status Reload();
  // After what time another Reload may do better though no file changes: a missed policy counts as deleted then, or a file can be read
  // again. Nothing: it would not.
  std::optional<std::chrono::milliseconds> again_in() const;

 private:
  // A policy of the set that decides, and the file that it came from.
  struct Home {
    std::string file;
    std::string policy;  // "package.name"
  };
  PolicyStore(PolicySource source, const Clock& clock, const Options& options)
      : source_(std::move(source)), clock_(&clock), options_(options), threads_({.limit = options.load_limit, .max_left = 8}) {}
  Status CheckNoneMissed(const LoadedPolicies& loaded);
  Result<LoadedPolicies> Load();
  void Swap(LoadedPolicies loaded);

  const PolicySource source_;
  const Clock* clock_;
  const Options options_;
  BoundedThreads threads_;
  mutable std::mutex reload_mutex_;              // one load at a time; guards the next five
  std::vector<PolicySet::Data> data_;            // of the set that decides, without the texts
  std::shared_ptr<MemoryLedger> ledger_;         // of the set that decides
  std::vector<Home> homes_;                      // of the set that decides; empty when it came from a bundle
  std::map<std::string, UnixNanos> gone_since_;  // files of homes_ that are missed
  std::optional<ErrorCode> last_error_;          // of the last load
  mutable std::mutex mutex_;                     // guards deciding_ and state_
  Deciding deciding_;
  State state_;
};

// What a watcher of `source` has to look at.
std::vector<WatchRoot> WatchRoots(const PolicySource& source);

}  // namespace writ::server
