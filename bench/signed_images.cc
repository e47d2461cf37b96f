#include "bench/signed_images.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <fstream>
#include <thread>

#include <nlohmann/json.hpp>

#include "rules/base/check.h"
#include "rules/base/digest.h"

namespace writ::bench {
namespace {

namespace fs = std::filesystem;
constexpr char kServer[] = "/usr/bin/docker-registry";
constexpr char kManifestType[] = "application/vnd.oci.image.manifest.v1+json";

void Write(const fs::path& path, std::string_view bytes) {
  fs::create_directories(path.parent_path());
  std::ofstream(path, std::ios::binary) << bytes;
}

std::string HexOf(const std::string& digest) { return digest.substr(std::string_view("sha256:").size()); }

sockaddr_in Loopback(std::uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(port);
  return address;
}

std::uint16_t FreePort() {
  const int socket_fd = socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address = Loopback(0);
  socklen_t size = sizeof(address);
  WRIT_CHECK(bind(socket_fd, reinterpret_cast<sockaddr*>(&address), size) == 0);
  WRIT_CHECK(getsockname(socket_fd, reinterpret_cast<sockaddr*>(&address), &size) == 0);
  close(socket_fd);
  return ntohs(address.sin_port);
}

bool Answers(std::uint16_t port) {
  const int socket_fd = socket(AF_INET, SOCK_STREAM, 0);
  const sockaddr_in address = Loopback(port);
  const bool is_open = connect(socket_fd, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) == 0;
  close(socket_fd);
  return is_open;
}

}  // namespace

RegistryFolder::RegistryFolder() {
  std::string name = (fs::temp_directory_path() / "writ_bench_XXXXXX").string();
  WRIT_CHECK(mkdtemp(name.data()) != nullptr);
  path_ = name;
}

RegistryFolder::~RegistryFolder() { fs::remove_all(path_); }

std::string RegistryFolder::AddBlob(std::string_view bytes) const {
  const std::string digest = DigestOf(bytes), hex = HexOf(digest);
  Write(path_ / "docker/registry/v2/blobs/sha256" / hex.substr(0, 2) / hex / "data", bytes);
  Write(path_ / "docker/registry/v2/repositories/mcp/app/_layers/sha256" / hex / "link", digest);
  return R"("digest":")" + digest + R"(","size":)" + std::to_string(bytes.size());
}

std::string RegistryFolder::AddManifest(const std::string& layers, const std::string& tag) const {
  const std::string manifest = R"({"schemaVersion":2,"mediaType":")" + std::string(kManifestType) +
                               R"(","config":{"mediaType":"application/vnd.oci.image.config.v1+json",)" + AddBlob("{}") +
                               R"(},"layers":[)" + layers + "]}";
  AddBlob(manifest);
  const std::string digest = DigestOf(manifest);
  const fs::path manifests = path_ / "docker/registry/v2/repositories/mcp/app/_manifests";
  Write(manifests / "revisions/sha256" / HexOf(digest) / "link", digest);
  if (!tag.empty()) Write(manifests / "tags" / tag / "current/link", digest);
  return digest;
}

std::string RegistryFolder::AddImage(std::string_view content) const {
  return AddManifest(R"({"mediaType":"application/vnd.oci.image.layer.v1.tar",)" + AddBlob(content) + "}", "");
}

void RegistryFolder::Attach(const std::string& digest, const image::Material& layer) const {
  AddManifest(R"({"mediaType":")" + layer.media_type + R"(",)" + AddBlob(layer.bytes) + R"(,"annotations":)" +
                  nlohmann::json(layer.annotations).dump() + "}",
              "sha256-" + HexOf(digest) + ".sig");
}

bool RegistryProcess::IsInstalled() { return access(kServer, X_OK) == 0; }

RegistryProcess::RegistryProcess(const RegistryFolder& folder) {
  const std::uint16_t port = FreePort();
  address_ = "127.0.0.1:" + std::to_string(port);
  const std::string config = (folder.path() / "registry.yml").string();
  Write(config, "version: 0.1\nlog: {level: error, accesslog: {disabled: true}}\nstorage: {filesystem: {rootdirectory: " +
                    folder.path().string() + "}}\nhttp: {addr: \"" + address_ + "\"}\n");
  process_ = fork();
  WRIT_CHECK(process_ >= 0);
  if (process_ == 0) {
    const int nowhere = open("/dev/null", O_WRONLY);
    dup2(nowhere, STDOUT_FILENO);
    dup2(nowhere, STDERR_FILENO);
    execl(kServer, kServer, "serve", config.c_str(), nullptr);
    _exit(127);
  }
  for (int tries = 0; !Answers(port); ++tries) {
    WRIT_CHECK(tries < 1'000);
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
}

RegistryProcess::~RegistryProcess() {
  kill(process_, SIGTERM);
  waitpid(process_, nullptr, 0);
}

}  // namespace writ::bench
