// Many different signed images in the folder of Debian's docker-registry, and that server on loopback: for benchmarks.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "tests/support/test_sigstore.h"

namespace writ::bench {

// A temporary folder in the layout of Distribution's filesystem storage, one repository, "mcp/app". Removed at the end.
class RegistryFolder {
 public:
  RegistryFolder();
  ~RegistryFolder();
  RegistryFolder(const RegistryFolder&) = delete;
  RegistryFolder& operator=(const RegistryFolder&) = delete;

  const std::filesystem::path& path() const { return path_; }
  // Adds an image that differs by `content`, and returns its digest.
  std::string AddImage(std::string_view content) const;
  // Attaches `layer` to the image as cosign 2 does, by a `.sig` tag.
  void Attach(const std::string& digest, const image::Material& layer) const;

 private:
  std::string AddBlob(std::string_view bytes) const;  // returns `"digest":…,"size":…`
  std::string AddManifest(const std::string& layers, const std::string& tag) const;

  std::filesystem::path path_;
};

// `docker-registry serve` over such a folder, on a free port of 127.0.0.1; ended at the end.
class RegistryProcess {
 public:
  static bool IsInstalled();
  // Ends the process when the registry does not answer within ten seconds.
  explicit RegistryProcess(const RegistryFolder& folder);
  ~RegistryProcess();
  RegistryProcess(const RegistryProcess&) = delete;
  RegistryProcess& operator=(const RegistryProcess&) = delete;

  // "127.0.0.1:port".
  const std::string& address() const { return address_; }

 private:
  std::string address_;
  pid_t process_ = -1;
};

}  // namespace writ::bench
