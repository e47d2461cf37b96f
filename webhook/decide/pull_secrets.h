// Which pull secrets the object of a review names: what a kubelet would use to pull its images.
//
//   PullSecretNames secrets = FindPullSecrets(request.document());     // "team-a": "pull", "extra"
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "engine/json/json_node.h"

namespace writ::server {

// The most that are looked at; an object with more has those of the first.
inline constexpr std::size_t kMaxPullSecrets = 16;

// Secrets of one namespace. Names are checked: they can stand in a path.
struct PullSecretNames {
  std::string secret_namespace;     // the object's own; "" = there are none
  std::vector<std::string> names;   // each once, in the object's order
  std::vector<std::string> unread;  // what stands where a name should, shortened
};

// Returns the `imagePullSecrets` of a pod, of the pod template of a workload, and of a ToolHive resource (`podTemplateSpec`,
// `resourceOverrides.proxyDeployment`). Nothing for what is no AdmissionReview of a namespaced object. Those of a ServiceAccount stand in
// another object and are not seen.
PullSecretNames FindPullSecrets(JsonNode review);

}  // namespace writ::server
