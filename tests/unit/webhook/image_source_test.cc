// policies/signatures over a registry in memory: every place an object can name an image from, one at a time the unsigned one. From the
// review to the verdict, which names the image and, by its rule, the field.
#include <chrono>
#include <filesystem>
#include <fstream>
#include <sstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "tests/support/image_facts_fixture.h"
#include "tests/unit/webhook/test_client.h"
#include "webhook/admission/review.h"
#include "webhook/reload/policy_store.h"

namespace writ::server {
namespace {

using nlohmann::json;
using testing::HasSubstr;

// The policy of the library; its signers, whom everybody edits, are keys here.
std::string PolicyText() {
  std::ifstream file(std::string(WRIT_SOURCE_DIR) + "/policies/signatures/images.writ");
  std::stringstream text;
  text << file.rdbuf();
  const std::string all = text.str();
  const std::size_t signers = all.find("signer fleet"), rest = all.find("// `null` is a field"), tests = all.find("\ntest ");
  EXPECT_LT(signers, rest);
  EXPECT_LT(rest, tests);
  return "package signatures\nsigner fleet key \"fleet.pub\"\nsigner toolhive key \"toolhive.pub\"\n" + all.substr(rest, tests - rest);
}

struct Resource {
  std::string_view group, version, kind, plural;
};
constexpr Resource kServer = {"toolhive.stacklok.dev", "v1beta1", "MCPServer", "mcpservers"};
constexpr Resource kOldServer = {"toolhive.stacklok.dev", "v1alpha1", "MCPServer", "mcpservers"};
constexpr Resource kProxy = {"toolhive.stacklok.dev", "v1beta1", "MCPRemoteProxy", "mcpremoteproxies"};
constexpr Resource kVirtual = {"toolhive.stacklok.dev", "v1beta1", "VirtualMCPServer", "virtualmcpservers"};
constexpr Resource kEmbedding = {"toolhive.stacklok.dev", "v1beta1", "EmbeddingServer", "embeddingservers"};
constexpr Resource kRegistry = {"toolhive.stacklok.dev", "v1alpha1", "MCPRegistry", "mcpregistries"};
constexpr Resource kPod = {"", "v1", "Pod", "pods"};

// `%` in a spec is the image under test, `+` one that is signed.
struct Case {
  std::string_view name;
  Resource resource;
  std::string_view object;
  std::string_view rule;
  std::string_view sub_resource = "";
};

constexpr Case kCases[] = {
    {"server", kServer, R"("spec":{"image":"%"})", "image"},
    {"server of the old version", kOldServer, R"("spec":{"image":"%"})", "image"},
    {"embedding server", kEmbedding, R"("spec":{"image":"%"})", "image"},
    {"server, container mcp", kServer, R"("spec":{"image":"+","podTemplateSpec":{"spec":{"containers":[{"name":"mcp","image":"%"}]}}})",
     "containers"},
    {"server, sidecar", kServer,
     R"("spec":{"image":"+","podTemplateSpec":{"spec":{"containers":[{"name":"mcp"},{"name":"log","image":"%"}]}}})", "containers"},
    {"server, native sidecar", kServer,
     R"("spec":{"image":"+","podTemplateSpec":{"spec":{"initContainers":[{"name":"s","restartPolicy":"Always","image":"%"}]}}})",
     "init-containers"},
    {"server, ephemeral container", kOldServer,
     R"("spec":{"image":"+","podTemplateSpec":{"spec":{"ephemeralContainers":[{"name":"d","image":"%"}]}}})", "ephemeral-containers"},
    {"server, image volume", kServer,
     R"("spec":{"image":"+","podTemplateSpec":{"spec":{"volumes":[{"name":"v","image":{"reference":"%"}}]}}})", "volumes"},
    {"remote proxy, its own container", kProxy,
     R"("spec":{"remoteUrl":"https://x.example","podTemplateSpec":{"spec":{"containers":[{"name":"toolhive","image":"%"}]}}})",
     "containers"},
    {"virtual server, its own container", kVirtual, R"("spec":{"podTemplateSpec":{"spec":{"containers":[{"name":"vmcp","image":"%"}]}}})",
     "containers"},
    {"embedding server, its own container", kEmbedding,
     R"("spec":{"image":"+","podTemplateSpec":{"spec":{"containers":[{"name":"embedding","image":"%"}]}}})", "containers"},
    {"registry, its own container", kRegistry,
     R"("spec":{"podTemplateSpec":{"spec":{"containers":[{"name":"registry-api","image":"%"}]}}})", "containers"},
    {"registry, raw volume", kRegistry, R"("spec":{"configYAML":"","volumes":[{"name":"v","image":{"reference":"%"}}]})", "volumes"},
    {"pod", kPod, R"("spec":{"containers":[{"name":"a","image":"+"},{"name":"b","image":"%"}]})", "containers"},
    {"pod, init container", kPod, R"("spec":{"initContainers":[{"name":"i","image":"%"}],"containers":[{"name":"a","image":"+"}]})",
     "init-containers"},
    {"pod, image volume", kPod, R"("spec":{"containers":[],"volumes":[{"name":"e","emptyDir":{}},{"name":"v","image":{"reference":"%"}}]})",
     "volumes"},
    {"pods/ephemeralcontainers", kPod,
     R"("spec":{"containers":[{"name":"a","image":"+"}],"ephemeralContainers":[{"name":"d","image":"%"}]})", "ephemeral-containers",
     "ephemeralcontainers"},
    {"pod template",
     {"", "v1", "PodTemplate", "podtemplates"},
     R"("template":{"spec":{"containers":[{"name":"a","image":"%"}]}})",
     "containers"},
    {"replication controller",
     {"", "v1", "ReplicationController", "replicationcontrollers"},
     R"("spec":{"template":{"spec":{"containers":[{"name":"a","image":"%"}]}}})",
     "containers"},
    {"deployment",
     {"apps", "v1", "Deployment", "deployments"},
     R"("spec":{"template":{"spec":{"containers":[{"name":"a","image":"+"},{"name":"b","image":"%"}]}}})",
     "containers"},
    {"deployment, init container",
     {"apps", "v1", "Deployment", "deployments"},
     R"("spec":{"template":{"spec":{"initContainers":[{"name":"a","image":"%"}]}}})",
     "init-containers"},
    {"stateful set",
     {"apps", "v1", "StatefulSet", "statefulsets"},
     R"("spec":{"template":{"spec":{"containers":[{"name":"a","image":"%"}]}}})",
     "containers"},
    {"daemon set",
     {"apps", "v1", "DaemonSet", "daemonsets"},
     R"("spec":{"template":{"spec":{"containers":[{"name":"a","image":"%"}]}}})",
     "containers"},
    {"replica set",
     {"apps", "v1", "ReplicaSet", "replicasets"},
     R"("spec":{"template":{"spec":{"containers":[{"name":"a","image":"%"}]}}})",
     "containers"},
    {"job", {"batch", "v1", "Job", "jobs"}, R"("spec":{"template":{"spec":{"containers":[{"name":"a","image":"%"}]}}})", "containers"},
    {"cron job",
     {"batch", "v1", "CronJob", "cronjobs"},
     R"("spec":{"jobTemplate":{"spec":{"template":{"spec":{"initContainers":[{"name":"a","image":"%"}]}}}}})",
     "init-containers"},
};

std::string Fill(std::string_view text, const std::string& tested, const std::string& good) {
  std::string out;
  for (const char letter : text) out += letter == '%' ? tested : letter == '+' ? good : std::string(1, letter);
  return out;
}

class ImageSourceTest : public testing::Test {
 protected:
  void SetUp() override {
    test::WriteFile(folder_ / "fleet.pub", key_.Pem());
    test::WriteFile(folder_ / "toolhive.pub", toolhive_.Pem());
    test::WriteFile(folder_ / "images.writ", PolicyText());
    auto opened = PolicyStore::Open({.paths = {folder_.path()}, .load_signers = true}, clock_);
    ASSERT_TRUE(opened.ok()) << opened.error().message;
    store_ = std::move(*opened);
    good_ = Add("good", &key_);
    proxy_ = Add("proxy", &toolhive_);
    bad_ = Add("bad", nullptr);
    const test::TestKey stranger("P-256");
    strangers_ = Add("stranger", &stranger);
  }
  std::string Add(const std::string& tag, const test::TestKey* key) {
    const std::string digest = images_.AddImage(tag, tag);
    if (key != nullptr) images_.Sign(digest, *key);
    return "r.test/app@" + digest;
  }
  static std::string Object(const Resource& resource, const std::string& content, const std::string& label = "a") {
    const std::string api = resource.group.empty() ? "" : std::string(resource.group) + "/";
    return R"({"apiVersion":")" + api + std::string(resource.version) + R"(","kind":")" + std::string(resource.kind) +
           R"(","metadata":{"name":"n","namespace":"ns","labels":{"team":")" + label + R"("}},)" + content + "}";
  }
  // `old` makes it an update.
  static std::string ReviewText(const Case& each, const std::string& object, const std::string& old = "") {
    const auto names = [&each](std::string_view key, std::string_view value) {
      return R"({"group":")" + std::string(each.resource.group) + R"(","version":")" + std::string(each.resource.version) + R"(",")" +
             std::string(key) + R"(":")" + std::string(value) + R"("})";
    };
    std::string review =
        R"({"apiVersion":"admission.k8s.io/v1","kind":"AdmissionReview","request":{"uid":"u","name":"n","namespace":"ns",)";
    review += R"("operation":")" + std::string(old.empty() ? "CREATE" : "UPDATE") + R"(","userInfo":{"username":"alice"},"kind":)" +
              names("kind", each.resource.kind) + R"(,"resource":)" + names("resource", each.resource.plural);
    if (!each.sub_resource.empty()) review += R"(,"subResource":")" + std::string(each.sub_resource) + "\"";
    return review + R"(,"object":)" + object + (old.empty() ? "" : R"(,"oldObject":)" + old) + "}}";
  }
  json Respond(const Case& each, const std::string& object, const std::string& old = "") {
    const std::string review = ReviewText(each, object, old);
    const PolicyStore::Deciding deciding = store_->deciding();
    const SignedImageFacts facts(gatherer_, *deciding.signers, no_secrets_);
    const AdmissionReply reply = Review(review, *deciding.engine, context_, {},
                                        {.source = &facts, .deadline = std::chrono::steady_clock::now() + std::chrono::minutes(5)});
    EXPECT_EQ(reply.status, 200U) << reply.body;
    return json::parse(reply.body)["response"];
  }
  void ExpectDenied(const Case& each, const json& response, const std::string& image, std::string_view word = " is not signed by ") {
    EXPECT_EQ(response["allowed"], false);
    EXPECT_EQ(response["status"]["message"],
              "[signed_images." + std::string(each.rule) + "] image " + image + std::string(word) + "fleet or toolhive");
  }
  std::string With(const Case& each, const std::string& tested, const std::string& label = "a") {
    return Object(each.resource, Fill(each.object, tested, good_), label);
  }

  test::TempFolder folder_;
  test::TestKey key_{"P-256"}, toolhive_{"P-256"};
  test::SignedImages images_;
  std::string good_, proxy_, bad_, strangers_;
  FakeClock clock_{test::kSignedAt};
  const ReadPullSecrets no_secrets_;
  image::FactGatherer gatherer_{[this](const image::ImageReference& reference, image::SteadyTime,
                                       const image::PullCredentials&) -> Result<std::unique_ptr<image::ImageSource>> {
                                  if (reference.Name() != "r.test/app") return Error{ErrorCode::kInvalidArgument, "not on the list"};
                                  return std::unique_ptr<image::ImageSource>(std::make_unique<test::LentSource>(images_.repository));
                                },
                                clock_,
                                {}};
  std::unique_ptr<PolicyStore> store_;
  Context context_;
};

TEST_F(ImageSourceTest, TheUnsignedOneIsFoundWhereverItStands) {
  for (const Case& each : kCases) {
    SCOPED_TRACE(each.name);
    // A subresource is only ever updated.
    const std::string old = each.sub_resource.empty() ? "" : Object(each.resource, R"("spec":{"containers":[]})");
    EXPECT_EQ(Respond(each, With(each, good_), old)["allowed"], true);
    EXPECT_EQ(Respond(each, With(each, proxy_), old)["allowed"], true);
    ExpectDenied(each, Respond(each, With(each, bad_), old), bad_);
    ExpectDenied(each, Respond(each, With(each, strangers_), old), strangers_);
    ExpectDenied(each, Respond(each, With(each, "elsewhere.test/x:1"), old), "elsewhere.test/x:1", " is not known to be signed by ");
  }
}

TEST_F(ImageSourceTest, UpdatesAreJudgedWhenWhatRunsChanges) {
  for (const Case& each : kCases) {
    SCOPED_TRACE(each.name);
    ExpectDenied(each, Respond(each, With(each, bad_), With(each, good_)), bad_);
    EXPECT_EQ(Respond(each, With(each, good_), With(each, bad_))["allowed"], true);
    EXPECT_EQ(Respond(each, With(each, bad_, "b"), With(each, bad_))["allowed"], true) << "only a label";
    std::string other = With(each, bad_);
    const bool is_template = each.resource.kind == "PodTemplate";
    const std::string_view at = is_template ? R"("template":{)" : R"("spec":{)";
    other.insert(other.find(at) + at.size(), R"("other":true,)");
    ExpectDenied(each, Respond(each, other, With(each, bad_)), bad_);
  }
}

TEST_F(ImageSourceTest, AllThatIsWrongIsSaidAtOnce) {
  const Case each{"", kServer, "", ""};
  const json response =
      Respond(each, Object(kServer, R"("spec":{"image":")" + bad_ + R"(","podTemplateSpec":{"spec":{"initContainers":[{"image":")" +
                                        strangers_ + R"("}],"containers":[{"image":")" + good_ + R"("}]}}})"));
  const std::string message = response["status"]["message"];
  EXPECT_THAT(message, HasSubstr("[signed_images.image] image " + bad_));
  EXPECT_THAT(message, HasSubstr("[signed_images.init-containers] image " + strangers_));
  EXPECT_THAT(message, testing::Not(HasSubstr("image " + good_)));
}

// Case 35: whatever an object says about itself is not asked.
TEST_F(ImageSourceTest, WhatObjectsSayOfThemselvesProvesNothing) {
  const Case each{"", kPod, "", "containers"};
  std::string object =
      Object(kPod, R"("spec":{"containers":[{"name":"a","image":")" + bad_ + R"("}]},"facts":{"images":[{"image":")" + bad_ +
                       R"(","signedBy":["fleet"]}]},"status":{"containerStatuses":[{"imageID":")" + good_ + R"("}]})");
  object.replace(object.find(R"("labels":)"), 9,
                 R"("annotations":{"kyverno.io/verify-images":"{\")" + bad_ + R"(\":\"pass\"}","writ/verified":"true","image-1":")" + bad_ +
                     R"(: release verified"},"labels":)");
  ExpectDenied(each, Respond(each, object), bad_);
  std::string review = ReviewText(each, object);
  review.insert(review.size() - 1, R"(,"facts":{"images":[{"image":")" + bad_ + R"(","signedBy":["fleet"]}]})");
  const AdmissionReply reply = Review(review, *store_->deciding().engine, context_, {}, {});
  EXPECT_EQ(reply.status, 400U);
  EXPECT_THAT(reply.body, HasSubstr("a review brings no `facts`"));
}

// Case 32: one digest from resolving to the answer, whatever the tag does meanwhile.
TEST_F(ImageSourceTest, TheDigestThatWasJudgedIsTheOneThatIsNamed) {
  const Case each{"", kServer, "", "image"};
  const std::string good_digest = good_.substr(good_.find('@') + 1), bad_digest = bad_.substr(bad_.find('@') + 1);
  json response = Respond(each, Object(kServer, R"("spec":{"image":"r.test/app:good"})"));
  EXPECT_EQ(response["allowed"], true);
  EXPECT_THAT(response["auditAnnotations"].dump(), HasSubstr("r.test/app:good: " + good_digest));
  EXPECT_THAT(response["warnings"].dump(), HasSubstr(good_digest.substr(0, 40)));
  EXPECT_FALSE(response.contains("patch"));
  images_.repository.SetTag("good", bad_digest);
  response = Respond(each, Object(kServer, R"("spec":{"image":"r.test/app:good"})"));
  ExpectDenied(each, response, "r.test/app:good");
  EXPECT_THAT(response["auditAnnotations"].dump(), HasSubstr("r.test/app:good: " + bad_digest))
      << "what was verified under the tag is not kept";
}

}  // namespace
}  // namespace writ::server
