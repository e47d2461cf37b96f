#include "webhook/reload/pull_secret_folder.h"

#include <filesystem>
#include <utility>

#include "rules/base/digest.h"
#include "webhook/reload/read_file.h"

namespace writ::server {
namespace {

constexpr std::size_t kMaxSecretBytes = std::size_t{1024} * 1024;  // Kubernetes' own limit

}  // namespace

image::PullCredentials ReadPullSecretFolder(const std::string& folder, const PullSecretNames& secrets) {
  image::PullCredentials out;
  std::string identity = secrets.secret_namespace;
  for (const std::string& name : secrets.names) {
    const std::string shown = secrets.secret_namespace + "/" + name;
    // SAFETY: FindPullSecrets has checked both names, so that the path stays in the folder.
    const std::filesystem::path path = std::filesystem::path(folder) / secrets.secret_namespace / name / ".dockerconfigjson";
    const Result<std::string> text = ReadWholeFile(path.string(), kMaxSecretBytes);
    identity.append("\n").append(name).append(" ").append(text ? DigestOf(*text) : "missing");
    if (!text) {
      const bool is_missing = text.error().code == ErrorCode::kNotFound;
      out.note += "; pull secret " + shown + (is_missing ? " is not mounted" : " cannot be read");
      continue;
    }
    Result<image::DockerConfig> config = image::ReadDockerConfig(*text, "pull secret " + shown);
    if (config)
      out.configs.push_back(std::move(*config));
    else
      out.note += "; " + config.error().message;
  }
  for (const std::string& name : secrets.unread) {
    identity.append("\n").append(DigestOf(name)).append(" unread");  // a text of anybody's: it must not look like parts
    out.note += "; `" + name + "` is no name of a pull secret";
  }
  out.identity = DigestOf(identity);
  return out;
}

}  // namespace writ::server
