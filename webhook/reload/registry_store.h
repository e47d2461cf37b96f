// The registries that may be asked for signatures, from a configuration file, and how they are replaced: as policies are, a broken file
// changes nothing and is remembered for /readyz.
//
//   auto registries = RegistryStore::Open({.file = "registries.json"}, clock);
//   FactGatherer gatherer((*registries)->opener(), clock, {});
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "rules/base/clock.h"
#include "rules/base/result.h"
#include "webhook/decide/image_facts.h"
#include "webhook/image/facts/image_judge.h"
#include "webhook/image/registry/docker_config.h"
#include "webhook/image/registry/registry_settings.h"
#include "webhook/reload/bounded_threads.h"
#include "webhook/reload/file_watcher.h"
#include "webhook/reload/policy_store.h"

namespace writ::server {

struct RegistrySource {
  std::string file;    // .json, .yaml or .yml
  ReadYaml read_yaml;  // empty: YAML is refused
};

// What the file says.
struct RegistryConfig {
  std::vector<image::RegistrySettings> registries;  // well-known ones with their usual extra hosts
  image::DockerConfig credentials;                  // of all `dockerConfig` files
  std::string pull_secrets;                         // folder of mounted pull secrets; "" = there is none
  std::vector<std::string> files;                   // every file that was read
};

// Reads a list of {host, extraHosts, mirrors, plainHttp, ca, dockerConfig}; all but `host` may be left out, other members are refused. Or
// an object {registries, pullSecrets} of such a list and a folder. Paths are relative to the folder of the file. Errors: those of reading;
// kInvalidArgument, saying which file and which entry. No message shows a credential.
Result<RegistryConfig> ReadRegistryConfig(const RegistrySource& source);

// Thread-safe.
class RegistryStore {
 public:
  // Loads for the first time. `clock` is borrowed. Errors: those of ReadRegistryConfig and of image::RegistryClient::Create.
  static Result<std::unique_ptr<RegistryStore>> Open(RegistrySource source, const Clock& clock);

  // Opens repositories of the registries that are loaded at the time of the call, and no others. Must not outlive the store; sources it
  // has opened may outlive a reload.
  image::OpenImageSource opener() const;
  // Reads pull secrets from the folder that the configuration names at the time of the call; none without a folder. Must not outlive the
  // store.
  ReadPullSecrets pull_secret_reader() const;
  // Requests that were sent to registries since the start, of every kind. Those of replaced clients are counted when the last source of
  // theirs is gone.
  std::uint64_t requests() const;
  std::optional<ReloadFault> fault() const;  // of the last load, when it failed
  std::size_t size() const;                  // how many registries

  // Loads again and swaps. Errors (the old ones stay): as Open.
  Status Reload();
  // What a watcher has to look at: the files that are read now, and others beside the configuration.
  std::vector<WatchRoot> roots() const;

 private:
  struct Loaded;
  RegistryStore(RegistrySource source, const Clock& clock) : source_(std::move(source)), clock_(&clock) {}
  std::shared_ptr<const Loaded> loaded() const;
  Result<std::shared_ptr<const Loaded>> Load() const;

  const RegistrySource source_;
  const Clock* clock_;
  BoundedThreads threads_{{.limit = std::chrono::seconds(60), .max_left = 8}};        // that load
  BoundedThreads secret_threads_{{.limit = std::chrono::seconds(2), .max_left = 8}};  // that read pull secrets, while a request waits
  mutable std::mutex mutex_;                                                          // guards loaded_ and fault_
  std::shared_ptr<const Loaded> loaded_;
  std::optional<ReloadFault> fault_;
  // Of clients that are gone; each adds its own when it dies, which may be after the store.
  std::shared_ptr<std::atomic<std::uint64_t>> retired_requests_ = std::make_shared<std::atomic<std::uint64_t>>(0);
};

}  // namespace writ::server
