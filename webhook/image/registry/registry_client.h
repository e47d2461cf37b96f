// The registry client: images and signatures from OCI registries, over HTTP.
//
//   auto client = RegistryClient::Create({KnownRegistry("ghcr.io")}, limits, SystemSeams());
//   auto source = (*client)->Open(*ParseImageReference("ghcr.io/acme/app:1.0"), credentials);
//   ResolveImage(**source, "1.0", limits);
//
// A registry is hostile: every byte is checked against its digest, everything has a limit, and no request leaves for a host that the
// settings do not name. Credentials appear in no message.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "rules/base/result.h"
#include "webhook/image/gather/image_source.h"
#include "webhook/image/gather/limits.h"
#include "webhook/image/reference/image_reference.h"
#include "webhook/image/registry/docker_config.h"
#include "webhook/image/registry/registry_settings.h"
#include "webhook/image/registry/resolver.h"

namespace writ::image {

// What the client takes from its surroundings. All thread-safe.
struct RegistrySeams {
  std::function<std::chrono::steady_clock::time_point()> now;
  std::function<void(std::chrono::milliseconds)> sleep;
  std::function<double()> random;  // in [0, 1)
  Resolver resolver;
};

// The real ones.
RegistrySeams SystemSeams();

// What has happened since the start, for metrics.
struct RegistryCounters {
  std::uint64_t requests = 0;  // sent, of every kind
  std::uint64_t retries = 0;
  std::uint64_t connections = 0;
};

// Thread-safe. Shared by all repositories: connections, tokens, and work that several want at the same time.
class RegistryClient {
 public:
  // Errors (kInvalidArgument): those of RegistryTable::Create.
  static Result<std::unique_ptr<RegistryClient>> Create(const std::vector<RegistrySettings>& registries, const GatherLimits& limits,
                                                        RegistrySeams seams);
  ~RegistryClient();
  RegistryClient(const RegistryClient&) = delete;
  RegistryClient& operator=(const RegistryClient&) = delete;

  // The repository of `reference` (its tag and digest do not matter), asked with the credentials that `brought`, then `credentials`
  // have for it: one that is refused gives way to the next. The time for everything about one image, `image_deadline`, begins now, and ends
  // at `not_after` at the latest. The source must not outlive the client.
  // Errors: kInvalidArgument when no registry of that name is listed.
  //
  // Beyond what ImageSource says: mirrors are asked first, and what they fail to deliver or do not have the registry itself is asked for.
  // Equal questions at the same time are asked once. 429, 500, 502, 503, 504 and connections that fail are tried again.
  Result<std::unique_ptr<ImageSource>> Open(const ImageReference& reference, const DockerConfig& credentials,
                                            std::chrono::steady_clock::time_point not_after = std::chrono::steady_clock::time_point::max(),
                                            const PullCredentials& brought = {}) const;

  RegistryCounters counters() const;

  struct Shared;

 private:
  explicit RegistryClient(std::unique_ptr<Shared> shared);
  std::unique_ptr<Shared> shared_;
};

}  // namespace writ::image
