// Credentials as docker and Kubernetes keep them. Sources: docker's config.json; Kubernetes "Images", section on config.json.
#include "webhook/image/registry/docker_config.h"

#include <algorithm>

#include "engine/json/json_document.h"
#include "rules/base/digest.h"
#include "rules/base/encoding.h"
#include "webhook/image/reference/image_reference.h"
#include "webhook/image/reference/text.h"

namespace writ::image {
namespace {

constexpr std::size_t kMaxConfigBytes = std::size_t{1} * 1024 * 1024;  // Kubernetes' limit of a secret

// "" when absent, null or of another type.
std::string TextOf(JsonNode object, std::string_view key) {
  const JsonNode member = object.Find(key);
  return member.valid() && member.is(JsonKind::kString) ? std::string(member.string()) : "";
}

// A header must not be left through a credential.
bool HasControl(const std::string& text) {
  return std::any_of(text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; });
}

// Splits a key of `auths` into host and path: "https://index.docker.io/v1/" and "ghcr.io/acme".
bool TrySplitKey(std::string_view key, std::string& host, std::string& path) {
  const std::size_t scheme = key.find("://");
  if (scheme != std::string_view::npos) key.remove_prefix(scheme + 3);
  const std::size_t slash = key.find('/');
  std::string_view name = key.substr(0, slash);
  std::string_view rest = slash == std::string_view::npos ? std::string_view() : key.substr(slash + 1);
  while (rest.ends_with('/')) rest.remove_suffix(1);
  if (rest == "v1" || rest == "v2") rest = {};
  const bool is_pattern = name.starts_with("*.");
  const Result<HostPort> address = ParseHostPort(is_pattern ? name.substr(2) : name);
  if (!address) return false;
  host = (is_pattern ? "*." : "") + address->Text();
  if (host == "index.docker.io" || host == kDockerHubApi) host = kDockerHub;
  path = rest;
  return true;
}

bool FitsHost(const std::string& pattern, const std::string& host) {
  if (!pattern.starts_with("*.")) return pattern == host;
  const std::size_t dot = host.find('.');
  return dot != std::string::npos && host.substr(dot + 1) == pattern.substr(2);
}

bool FitsPath(const std::string& path, std::string_view repository) {
  if (path.empty() || path == repository) return true;
  return repository.size() > path.size() && repository.starts_with(path) && repository[path.size()] == '/';
}

Result<Credential> ReadCredential(JsonNode node, const std::string& place) {
  Credential out{.user = TextOf(node, "username"),
                 .password = TextOf(node, "password"),
                 .bearer = TextOf(node, "registrytoken"),
                 .identity_token = TextOf(node, "identitytoken")};
  const std::string auth = TextOf(node, "auth");
  if (!auth.empty()) {
    const std::optional<std::string> pair = DecodeBase64(auth);
    const std::size_t colon = pair ? pair->find(':') : std::string::npos;
    if (colon == std::string::npos) return Error{ErrorCode::kInvalidArgument, place + ".auth is not the base64 of `user:password`"};
    out.user = pair->substr(0, colon);
    out.password = pair->substr(colon + 1);
    while (out.password.ends_with('\0')) out.password.pop_back();  // docker pads
  }
  if (HasControl(out.user) || HasControl(out.password) || HasControl(out.bearer) || HasControl(out.identity_token)) {
    return Error{ErrorCode::kInvalidArgument, place + " holds a control character"};
  }
  return out;
}

}  // namespace

std::string Credential::Key() const { return DigestOf(user + '\0' + password + '\0' + bearer + '\0' + identity_token); }

std::string Credential::Authorization() const {
  return bearer.empty() ? "Basic " + EncodeBase64(user + ":" + password) : "Bearer " + bearer;
}

std::optional<Credential> DockerConfig::TryFind(const HostPort& registry, std::string_view repository) const {
  const Entry* best = nullptr;
  const std::string host = registry.Text();
  const auto rank = [](const Entry& entry) { return std::pair(!entry.host.starts_with("*."), entry.host.size() + entry.path.size()); };
  for (const Entry& entry : entries_) {
    if (!FitsHost(entry.host, host) || !FitsPath(entry.path, repository)) continue;
    if (best == nullptr || rank(entry) > rank(*best)) best = &entry;
  }
  if (best == nullptr) return std::nullopt;
  return best->credential;
}

void DockerConfig::Merge(const DockerConfig& other) {
  for (const Entry& entry : other.entries_) {
    const auto is_same = [&entry](const Entry& mine) { return mine.host == entry.host && mine.path == entry.path; };
    if (std::none_of(entries_.begin(), entries_.end(), is_same)) entries_.push_back(entry);
  }
  helpers_.insert(helpers_.end(), other.helpers_.begin(), other.helpers_.end());
}

std::string DockerConfig::WhyNone(const HostPort& registry) const {
  const std::string host = registry.Text();
  for (const Helper& helper : helpers_) {
    if (helper.host.empty() || FitsHost(helper.host, host)) {
      return "; " + helper.name + " names a program that knows credentials, and none is ever run: put the credential of " + host +
             " into `auths`, as `docker login` does where no helper is configured";
    }
  }
  return "";
}

Result<DockerConfig> ReadDockerConfig(std::string_view text, std::string_view name) {
  const std::string place(name);
  JsonDocument document({.max_bytes = kMaxConfigBytes, .max_depth = 32});
  const Result<JsonNode> root = document.Parse(text);
  if (!root) return Error{root.error().code, place + " is not the JSON of a docker config"};  // the parser's message shows text
  if (!root->is(JsonKind::kObject)) return Error{ErrorCode::kInvalidArgument, place + " is not the JSON object of a docker config"};
  DockerConfig out;
  if (!TextOf(*root, "credsStore").empty()) out.helpers_.push_back({"", "`credsStore` of " + place});
  if (const JsonNode helpers = root->Find("credHelpers"); helpers.valid() && helpers.is(JsonKind::kObject)) {
    for (const JsonMember& member : helpers.members()) {
      DockerConfig::Helper helper{.host = {}, .name = "`credHelpers` of " + place};
      std::string path;
      if (TrySplitKey(member.key, helper.host, path)) out.helpers_.push_back(std::move(helper));
    }
  }
  const JsonNode auths = root->Find("auths");
  if (!auths.valid() || auths.is(JsonKind::kNull)) return out;
  if (!auths.is(JsonKind::kObject)) return Error{ErrorCode::kInvalidArgument, place + ": `auths` is no object"};
  for (const JsonMember& member : auths.members()) {
    const std::string where = place + ": auths[`" + Shown(member.key) + "`]";
    DockerConfig::Entry entry;
    if (!member.value.is(JsonKind::kObject)) return Error{ErrorCode::kInvalidArgument, where + " is no object"};
    if (!TrySplitKey(member.key, entry.host, entry.path)) return Error{ErrorCode::kInvalidArgument, where + " names no registry"};
    Result<Credential> credential = ReadCredential(member.value, where);
    if (!credential) return credential.error();
    if (credential->has_password() || !credential->bearer.empty() || !credential->identity_token.empty()) {
      entry.credential = *std::move(credential);
      out.entries_.push_back(std::move(entry));
    }
  }
  return out;
}

}  // namespace writ::image
