// Credentials as docker and Kubernetes keep them: `config.json`, or the `.dockerconfigjson` of an image pull secret.
//
//   Result<DockerConfig> config = ReadDockerConfig(text, "secret team-a/pull");
//   std::optional<Credential> credential = config->TryFind(reference.registry, reference.repository);
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "rules/base/result.h"
#include "webhook/image/reference/host.h"

namespace writ::image {

// Something that opens a registry. Never printed: it has no Text() on purpose.
struct Credential {
  std::string user;
  std::string password;
  std::string bearer;  // `registrytoken`: sent as it is; then user and password are empty
  // Tells credentials apart in caches without keeping them there: a digest.
  std::string Key() const;
  // The value of an Authorization header: "Basic …" or "Bearer …".
  std::string Authorization() const;
};

class DockerConfig {
 public:
  // The credential whose entry fits best: the longest of those that name the registry's host (and port), alone or with a path that
  // is the repository or a folder above it. A leading `*.` stands for one label. Docker Hub's old `https://index.docker.io/v1/` fits
  // docker.io.
  std::optional<Credential> TryFind(const HostPort& registry, std::string_view repository) const;

  // Adds the entries of another file; those already here win where the keys are equal.
  void Merge(const DockerConfig& other);

  // Entries that cannot be used, for a message beside a refusal: "identity token of ghcr.io", "credential helper".
  const std::vector<std::string>& unusable() const { return unusable_; }

 private:
  friend Result<DockerConfig> ReadDockerConfig(std::string_view text, std::string_view name);
  struct Entry {
    std::string host, path;  // host with port, may begin with "*."; path without slashes at its ends
    Credential credential;
  };
  std::vector<Entry> entries_;
  std::vector<std::string> unusable_;
};

// Reads the file. `name` is what messages call it. Errors (kInvalidArgument, kTooLarge): no JSON object, `auths` is none, an `auth` that
// is not the base64 of `user:password`. No message shows a value of it.
Result<DockerConfig> ReadDockerConfig(std::string_view text, std::string_view name);

}  // namespace writ::image
