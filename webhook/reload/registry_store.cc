// Registries from a file.
#include "webhook/reload/registry_store.h"

#include <algorithm>
#include <filesystem>
#include <string_view>
#include <utility>

#include "engine/json/json_document.h"
#include "rules/base/limits.h"
#include "rules/base/utf8.h"
#include "webhook/image/registry/registry_client.h"
#include "webhook/reload/pull_secret_folder.h"
#include "webhook/reload/read_file.h"

namespace writ::server {
namespace {

namespace fs = std::filesystem;
constexpr std::size_t kMaxConfigBytes = std::size_t{1024} * 1024;  // of the configuration, and of each file it names
constexpr std::string_view kMembers = "host, extraHosts, mirrors, plainHttp, ca, dockerConfig";

// Reads one entry after the other. `place` names file and entry in messages.
class ConfigReader {
 public:
  explicit ConfigReader(const RegistrySource& source) : source_(source) {}

  Result<RegistryConfig> Read() {
    const Result<std::string> text = ReadJson();
    if (!text) return text.error();
    JsonDocument document({.max_bytes = kMaxConfigBytes});
    const Result<JsonNode> root = document.Parse(*text);
    if (!root) return Error{root.error().code, source_.file + ": " + root.error().message};
    WRIT_RETURN_IF_ERROR(root->is(JsonKind::kObject) ? ReadWhole(*root) : ReadList(*root));
    return std::move(config_);
  }

 private:
  static Error Bad(const std::string& place, const std::string& message) {
    return Error{ErrorCode::kInvalidArgument, place + ": " + message};
  }

  Result<std::string> ReadJson() {
    config_.files.push_back(source_.file);
    const std::string extension = fs::path(source_.file).extension().string();
    if (extension != ".yaml" && extension != ".yml") return ReadWholeFile(source_.file, kMaxConfigBytes);
    if (!source_.read_yaml) return Error{ErrorCode::kInvalidArgument, source_.file + ": YAML cannot be read here; convert it to JSON"};
    const Result<std::string> text = ReadWholeFile(source_.file, kMaxConfigBytes);
    return text ? source_.read_yaml(source_.file, *text) : text.error();
  }

  Status ReadList(JsonNode list) {
    if (!list.valid() || !list.is(JsonKind::kArray)) {
      return Bad(source_.file, "expected a list of registries, such as [{\"host\": \"ghcr.io\"}], alone or as `registries` of an object");
    }
    std::size_t number = 0;
    for (const JsonNode entry : list.items())
      WRIT_RETURN_IF_ERROR(ReadEntry(entry, source_.file + ": registry " + std::to_string(++number)));
    return OkStatus();
  }

  Status ReadWhole(JsonNode root) {
    for (const JsonMember& member : root.members()) {
      if (member.key == "registries") continue;
      if (member.key != "pullSecrets")
        return Bad(source_.file, "there is no member `" + Shorten(member.key, kMaxShownNameBytes) + "`, expected registries, pullSecrets");
      if (!member.value.is(JsonKind::kString) || member.value.string().empty())
        return Bad(source_.file, "`pullSecrets` must be the path of a folder");
      config_.pull_secrets = (fs::path(source_.file).parent_path() / member.value.string()).lexically_normal().string();
      std::error_code ignored;
      if (!fs::is_directory(config_.pull_secrets, ignored)) return Bad(source_.file, config_.pull_secrets + ": is no folder");
    }
    return ReadList(root.Find("registries"));
  }

  Status ReadEntry(JsonNode entry, const std::string& place) {
    if (!entry.is(JsonKind::kObject)) return Bad(place, "expected an object with " + std::string(kMembers));
    const JsonNode host = entry.Find("host");
    if (!host.valid() || !host.is(JsonKind::kString)) return Bad(place, "`host` must be a text, such as \"ghcr.io\"");
    image::RegistrySettings settings = image::KnownRegistry(host.string());
    const std::string named = place + " (" + Shorten(host.string(), kMaxShownNameBytes) + ")";
    for (const JsonMember& member : entry.members()) WRIT_RETURN_IF_ERROR(ReadMember(member, named, settings));
    config_.registries.push_back(std::move(settings));
    return OkStatus();
  }

  Status ReadMember(const JsonMember& member, const std::string& place, image::RegistrySettings& to) {
    const JsonNode value = member.value;
    if (member.key == "host") return OkStatus();
    if (member.key == "extraHosts") return ReadTexts(member, place, to.extra_hosts);
    if (member.key == "mirrors") return ReadTexts(member, place, to.mirrors);
    if (member.key == "plainHttp") {
      if (!value.is(JsonKind::kTrue) && !value.is(JsonKind::kFalse)) return Bad(place, "`plainHttp` must be a bool");
      to.scheme = value.is(JsonKind::kTrue) ? image::Scheme::kHttp : image::Scheme::kHttps;
      return OkStatus();
    }
    if (member.key == "ca") return ReadFileOf(member, place, to.ca_pem);
    if (member.key == "dockerConfig") return ReadCredentials(member, place);
    return Bad(place, "there is no member `" + Shorten(member.key, kMaxShownNameBytes) + "`, expected one of " + std::string(kMembers));
  }

  static Status ReadTexts(const JsonMember& member, const std::string& place, std::vector<std::string>& to) {
    const Error wrong = Bad(place, "`" + std::string(member.key) + "` must be a list of hosts");
    if (!member.value.is(JsonKind::kArray)) return wrong;
    for (const JsonNode item : member.value.items()) {
      if (!item.is(JsonKind::kString)) return wrong;
      to.emplace_back(item.string());
    }
    return OkStatus();
  }

  Status ReadFileOf(const JsonMember& member, const std::string& place, std::string& to) {
    if (!member.value.is(JsonKind::kString)) return Bad(place, "`" + std::string(member.key) + "` must be the path of a file");
    const std::string path = (fs::path(source_.file).parent_path() / member.value.string()).lexically_normal().string();
    Result<std::string> text = ReadWholeFile(path, kMaxConfigBytes);
    if (!text) return Error{text.error().code, place + ": " + text.error().message};
    if (text->empty()) return Bad(place, path + ": is empty");  // no authorities would mean those of the system
    config_.files.push_back(path);
    to = std::move(*text);
    return OkStatus();
  }

  Status ReadCredentials(const JsonMember& member, const std::string& place) {
    std::string text;
    WRIT_RETURN_IF_ERROR(ReadFileOf(member, place, text));
    const Result<image::DockerConfig> config = image::ReadDockerConfig(text, config_.files.back());
    if (!config) return Error{config.error().code, place + ": " + config.error().message};
    config_.credentials.Merge(*config);
    return OkStatus();
  }

  const RegistrySource& source_;
  RegistryConfig config_;
};

}  // namespace

Result<RegistryConfig> ReadRegistryConfig(const RegistrySource& source) { return ConfigReader(source).Read(); }

// One configuration in use. Immutable but for what the client keeps.
struct RegistryStore::Loaded {
  RegistryConfig config;
  std::unique_ptr<image::RegistryClient> client;
  std::shared_ptr<std::atomic<std::uint64_t>> retired_requests;

  Loaded() = default;
  Loaded(const Loaded&) = delete;
  Loaded& operator=(const Loaded&) = delete;
  ~Loaded() {
    if (client) *retired_requests += client->counters().requests;
  }
};

namespace {

// Keeps the client alive that opened the source.
class HeldSource final : public image::ImageSource {
 public:
  HeldSource(std::shared_ptr<const void> client, std::unique_ptr<image::ImageSource> source)
      : client_(std::move(client)), source_(std::move(source)) {}
  Result<std::string> FindDigest(std::string_view tag) const override { return source_->FindDigest(tag); }
  Result<image::Fetched> GetManifest(std::string_view reference) const override { return source_->GetManifest(reference); }
  Result<image::Fetched> GetBlob(std::string_view digest, std::size_t max_bytes) const override {
    return source_->GetBlob(digest, max_bytes);
  }
  Result<image::Referrers> GetReferrers(std::string_view digest) const override { return source_->GetReferrers(digest); }

 private:
  // INVARIANT: dies after source_.
  std::shared_ptr<const void> client_;
  std::unique_ptr<image::ImageSource> source_;
};

}  // namespace

Result<std::unique_ptr<RegistryStore>> RegistryStore::Open(RegistrySource source, const Clock& clock) {
  std::unique_ptr<RegistryStore> store(new RegistryStore(std::move(source), clock));
  WRIT_RETURN_IF_ERROR(store->Reload());
  return store;
}

image::OpenImageSource RegistryStore::opener() const {
  return [this](const image::ImageReference& reference, image::SteadyTime deadline,
                const image::PullCredentials& brought) -> Result<std::unique_ptr<image::ImageSource>> {
    std::shared_ptr<const Loaded> now = loaded();
    Result<std::unique_ptr<image::ImageSource>> source = now->client->Open(reference, now->config.credentials, deadline, brought);
    if (!source) return source.error();
    return std::unique_ptr<image::ImageSource>(std::make_unique<HeldSource>(std::move(now), std::move(*source)));
  };
}

ReadPullSecrets RegistryStore::pull_secret_reader() const {
  return [this](const PullSecretNames& secrets) {
    const std::shared_ptr<const Loaded> now = loaded();
    if (now->config.pull_secrets.empty()) return image::PullCredentials();
    Result<image::PullCredentials> read = secret_threads_.Run<image::PullCredentials>(
        "reading pull secrets",
        [folder = now->config.pull_secrets, secrets]() -> Result<image::PullCredentials> { return ReadPullSecretFolder(folder, secrets); });
    if (read) return std::move(*read);
    return image::PullCredentials{.identity = "unread " + secrets.secret_namespace, .configs = {}, .note = "; " + read.error().message};
  };
}

std::uint64_t RegistryStore::requests() const { return *retired_requests_ + loaded()->client->counters().requests; }

std::optional<ReloadFault> RegistryStore::fault() const {
  const std::lock_guard lock(mutex_);
  return fault_;
}

std::size_t RegistryStore::size() const { return loaded()->config.registries.size(); }

std::shared_ptr<const RegistryStore::Loaded> RegistryStore::loaded() const {
  const std::lock_guard lock(mutex_);
  return loaded_;
}

Result<std::shared_ptr<const RegistryStore::Loaded>> RegistryStore::Load() const {
  Result<RegistryConfig> config =
      threads_.Run<RegistryConfig>("loading registries", [source = source_] { return ReadRegistryConfig(source); });
  if (!config) return config.error();
  Result<std::unique_ptr<image::RegistryClient>> client = image::RegistryClient::Create(config->registries, {}, image::SystemSeams());
  if (!client) return Error{client.error().code, source_.file + ": " + client.error().message};
  auto loaded = std::make_shared<Loaded>();
  loaded->config = std::move(*config);
  loaded->client = std::move(*client);
  loaded->retired_requests = retired_requests_;
  return std::shared_ptr<const Loaded>(std::move(loaded));
}

Status RegistryStore::Reload() {
  Result<std::shared_ptr<const Loaded>> next = Load();
  std::shared_ptr<const Loaded> former;  // dies outside the lock
  const std::lock_guard lock(mutex_);
  if (!next) {
    fault_ = ReloadFault{clock_->Now(), next.error().message};
    return next.error();
  }
  former = std::exchange(loaded_, std::move(*next));
  fault_.reset();
  return OkStatus();
}

std::vector<WatchRoot> RegistryStore::roots() const {
  std::vector<WatchRoot> roots;
  for (const std::string& file : loaded()->config.files) roots.push_back({file, WatchRoot::Kind::kFile});
  const fs::path folder = fs::path(source_.file).parent_path();
  roots.push_back({folder.empty() ? "." : folder.string(), WatchRoot::Kind::kFolder});
  return roots;
}

}  // namespace writ::server
