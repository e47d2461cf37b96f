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
  std::string bearer;          // `registrytoken`: sent as it is
  std::string identity_token;  // `identitytoken`: a refresh token, sent to token realms only
  // Tells credentials apart in caches without keeping them there: a digest.
  std::string Key() const;
  bool has_password() const { return !user.empty() || !password.empty(); }
  // The value of an Authorization header: "Bearer …" of a ready-made token, else "Basic …".
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

  // Why there may be no credential for the registry, for a message beside a refusal, as "; `credsStore` of config.json names a program, …".
  // "" = there is no reason.
  std::string WhyNone(const HostPort& registry) const;

 private:
  friend Result<DockerConfig> ReadDockerConfig(std::string_view text, std::string_view name);
  struct Entry {
    std::string host, path;  // host with port, may begin with "*."; path without slashes at its ends
    Credential credential;
  };
  // A program that knows credentials. None is ever run: a file that names credentials must not choose what a server, or somebody's shell,
  // executes.
  struct Helper {
    std::string host;  // "" = all
    std::string name;  // "`credsStore` of config.json"
  };
  std::vector<Entry> entries_;
  std::vector<Helper> helpers_;
};

// Credentials that come with one request, of the pull secrets that its object names: tried before those of the configuration. What was
// found out with them must not be told to requests of another identity.
struct PullCredentials {
  std::string identity;               // tells them apart in caches, holds no secret; "" = there are none
  std::vector<DockerConfig> configs;  // in the object's order
  std::string note;                   // why some of them are missing, for a message beside a refusal: "; pull secret a/b is not mounted"
};

// Reads the file. `name` is what messages call it. Errors (kInvalidArgument, kTooLarge): no JSON object, `auths` is none, an `auth` that
// is not the base64 of `user:password`. No message shows a value of it.
Result<DockerConfig> ReadDockerConfig(std::string_view text, std::string_view name);

}  // namespace writ::image
