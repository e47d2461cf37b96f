// The table of kinds: what it says of some that every cluster has, and that it is well-formed.
#include "rules/model/kubernetes_kind.h"

#include <gtest/gtest.h>

#include <set>
#include <tuple>

namespace writ {
namespace {

TEST(KubernetesKind, FindsKindsAsTheyAreWritten) {
  const KubernetesKind* deployment = TryFindKind("apps", "Deployment");
  ASSERT_NE(deployment, nullptr);
  EXPECT_EQ(deployment->resource, "deployments");
  EXPECT_EQ(deployment->versions, "v1");
  EXPECT_EQ(deployment->scope, KindScope::kNamespaced);
  EXPECT_EQ(KindName(*deployment), "Deployment.apps");
  EXPECT_EQ(TryFindResource("apps", "deployments"), deployment);
  EXPECT_EQ(TryFindKind("", "Namespace")->scope, KindScope::kCluster);
  EXPECT_EQ(TryFindKind("toolhive.stacklok.dev", "MCPServer")->resource, "mcpservers");
  EXPECT_EQ(TryFindResource("networking.k8s.io", "ingresses")->kind, "Ingress");
  for (const auto& [group, kind] :
       {std::pair("", "Deployment"), {"apps", "deployment"}, {"apps", "Deploymen"}, {"zzz", "Pod"}, {"apps", ""}})
    EXPECT_EQ(TryFindKind(group, kind), nullptr) << group << " " << kind;
  EXPECT_EQ(TryFindResource("", "deployments"), nullptr);
}

TEST(KubernetesKind, Subresources) {
  const KubernetesKind& pod = *TryFindKind("", "Pod");
  EXPECT_EQ(TryFindSubresource(pod, "exec")->object, "PodExecOptions");
  EXPECT_EQ(TryFindSubresource(pod, "exec")->operations, "n");
  EXPECT_EQ(TryFindSubresource(pod, "eviction")->object, "Eviction.policy");
  EXPECT_EQ(TryFindSubresource(pod, "status")->object, "");
  EXPECT_FALSE(TryFindSubresource(pod, "log"));  // reading asks nobody
  EXPECT_TRUE(SubresourcesOf(*TryFindKind("", "ConfigMap")).empty());
}

TEST(KubernetesKind, TheTableIsSortedAndWellFormed) {
  std::set<std::tuple<std::string_view, std::string_view>> resources;
  const KubernetesKind* previous = nullptr;
  for (const KubernetesKind& kind : KubernetesKinds()) {
    SCOPED_TRACE(KindName(kind));
    EXPECT_TRUE(previous == nullptr || std::tuple(previous->group, previous->kind) < std::tuple(kind.group, kind.kind));
    previous = &kind;
    EXPECT_TRUE(resources.emplace(kind.group, kind.resource).second);
    EXPECT_EQ(TryFindKind(kind.group, kind.kind), &kind);
    EXPECT_TRUE(IsKnownGroup(kind.group));
    EXPECT_FALSE(ListWords(kind.versions).empty());
    EXPECT_EQ(kind.operations.find_first_not_of("cud"), std::string_view::npos);
    for (const Subresource& each : SubresourcesOf(kind)) {
      EXPECT_FALSE(each.name.empty());
      EXPECT_FALSE(each.operations.empty());
      EXPECT_EQ(each.operations.find_first_not_of("cudn"), std::string_view::npos);
    }
  }
  EXPECT_FALSE(IsKnownGroup("extensions"));
  EXPECT_FALSE(IsKnownGroup("zzz"));
}

}  // namespace
}  // namespace writ
