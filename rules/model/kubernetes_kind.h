// The kinds of objects that Kubernetes itself and ToolHive have, with what can be done to them: a table, generated from a real API
// server (`./dev kinds`). The checker holds `for admission of …` against it, and manifests on disk get their plural resource from it.
//
//   const KubernetesKind* kind = TryFindKind("apps", "Deployment");  // kind->resource == "deployments"
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "rules/model/kubernetes_kind_list.h"

namespace writ {

enum class KindScope : std::uint8_t { kNamespaced, kCluster };

// One row. Lists are by spaces: `TryFindSubresource` and `ListWords` take them apart.
struct KubernetesKind {
  std::string_view group;        // "apps"; "" = the core group
  std::string_view kind;         // "Deployment"
  std::string_view resource;     // "deployments"
  std::string_view short_names;  // "deploy"
  std::string_view versions;     // "v1", the preferred one first
  KindScope scope;
  std::string_view operations;    // letters: c create, u update, d delete, n connect
  std::string_view subresources;  // "scale=Scale.autoscaling:u status:u"
};

// A subresource of a kind.
struct Subresource {
  std::string_view name;        // "scale"
  std::string_view object;      // "Scale.autoscaling": the kind of what is sent; "" = the kind that has the subresource
  std::string_view operations;  // letters, as above
};

// Returns all rows, by group, then kind.
std::span<const KubernetesKind> KubernetesKinds();
// Returns the kind, or nullptr. Names are compared as they are written. O(log kinds).
const KubernetesKind* TryFindKind(std::string_view group, std::string_view kind);
// Returns the kind whose resource is `resource` ("deployments"), or nullptr. O(kinds).
const KubernetesKind* TryFindResource(std::string_view group, std::string_view resource);
// Whether a row has that group. O(log kinds).
bool IsKnownGroup(std::string_view group);
// Whether the group is ToolHive's, which new versions add kinds to, and not one of Kubernetes itself.
bool IsToolHiveGroup(std::string_view group);

std::optional<Subresource> TryFindSubresource(const KubernetesKind& kind, std::string_view name);
std::vector<Subresource> SubresourcesOf(const KubernetesKind& kind);
// Returns "Deployment.apps"; "Pod" in the core group: as policies name it.
std::string KindName(const KubernetesKind& kind);
// Returns the words of a list by spaces.
std::vector<std::string_view> ListWords(std::string_view list);

}  // namespace writ
