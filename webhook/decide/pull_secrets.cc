// Pull secrets of the object of a review.
#include "webhook/decide/pull_secrets.h"

#include <algorithm>

#include "rules/base/limits.h"
#include "rules/base/utf8.h"

namespace writ::server {
namespace {

constexpr std::size_t kMaxNamespaceBytes = 63;
constexpr std::size_t kMaxNameBytes = 253;
constexpr std::string_view kMember = "imagePullSecrets";

// Where a pod's spec stands, whatever the kind: what is not there is not found.
constexpr std::string_view kPlaces[] = {
    "spec",                                    // Pod
    "spec.template.spec",                      // Deployment, StatefulSet, DaemonSet, ReplicaSet, Job
    "spec.jobTemplate.spec.template.spec",     // CronJob
    "spec.podTemplateSpec.spec",               // MCPServer, MCPRemoteProxy, VirtualMCPServer
    "spec.resourceOverrides.proxyDeployment",  // MCPServer, MCPRemoteProxy
};

JsonNode Descend(JsonNode node, std::string_view path) {
  while (!path.empty() && node.valid() && node.is(JsonKind::kObject)) {
    const std::size_t dot = path.find('.');
    node = node.Find(path.substr(0, dot));
    path = dot == std::string_view::npos ? std::string_view() : path.substr(dot + 1);
  }
  return path.empty() ? node : JsonNode();
}

bool IsAlphanumeric(char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); }

bool IsLabel(std::string_view text) {
  if (text.empty() || !IsAlphanumeric(text.front()) || !IsAlphanumeric(text.back())) return false;
  return std::all_of(text.begin(), text.end(), [](char c) { return IsAlphanumeric(c) || c == '-'; });
}

// RFC 1123 subdomains, as Kubernetes names secrets: labels between dots, so that neither `..` nor `/` can stand in one.
bool IsSecretName(std::string_view text) {
  if (text.size() > kMaxNameBytes) return false;
  for (;;) {
    const std::size_t dot = text.find('.');
    if (!IsLabel(text.substr(0, dot))) return false;
    if (dot == std::string_view::npos) return true;
    text.remove_prefix(dot + 1);
  }
}

void AddNames(JsonNode list, PullSecretNames& to) {
  if (!list.valid() || !list.is(JsonKind::kArray)) return;
  for (const JsonNode item : list.items()) {
    const JsonNode name = Descend(item, "name");
    if (!name.valid() || !name.is(JsonKind::kString)) continue;
    if (to.names.size() + to.unread.size() == kMaxPullSecrets) return;
    std::string text(name.string());
    if (!IsSecretName(text)) {
      to.unread.push_back(Shorten(text, kMaxShownNameBytes));
    } else if (std::find(to.names.begin(), to.names.end(), text) == to.names.end()) {
      to.names.push_back(std::move(text));
    }
  }
}

}  // namespace

PullSecretNames FindPullSecrets(JsonNode review) {
  PullSecretNames out;
  // The API server's word, unlike the object's metadata.
  const JsonNode name = Descend(review, "request.namespace");
  if (!name.valid() || !name.is(JsonKind::kString)) return out;
  const std::string_view text = name.string();
  if (text.size() > kMaxNamespaceBytes || !IsLabel(text)) return out;
  const JsonNode object = Descend(review, "request.object");
  for (const std::string_view place : kPlaces) {
    const JsonNode spec = Descend(object, place);
    if (spec.valid() && spec.is(JsonKind::kObject)) AddNames(spec.Find(kMember), out);
  }
  if (!out.names.empty() || !out.unread.empty()) out.secret_namespace = text;
  return out;
}

}  // namespace writ::server
