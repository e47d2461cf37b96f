// Pull secrets: which ones an object names, what is read of them, and reviews of images that only they open: from the AdmissionReview over
// HTTP to a registry that wants a password.
#include "webhook/decide/pull_secrets.h"

#include <chrono>
#include <filesystem>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "engine/json/json_document.h"
#include "tests/support/image_facts_fixture.h"
#include "tests/support/scripted_server.h"
#include "tests/unit/webhook/test_client.h"
#include "webhook/reload/policy_store.h"
#include "webhook/reload/pull_secret_folder.h"
#include "webhook/reload/registry_store.h"
#include "webhook/routes.h"

namespace writ::server {
namespace {

using nlohmann::json;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

json ReviewOf(const json& object, const std::string& object_namespace) {
  return {{"apiVersion", "admission.k8s.io/v1"},
          {"kind", "AdmissionReview"},
          {"request",
           {{"uid", "u1"},
            {"operation", "CREATE"},
            {"name", "p"},
            {"namespace", object_namespace},
            {"kind", {{"group", ""}, {"version", "v1"}, {"kind", "Pod"}}},
            {"resource", {{"group", ""}, {"version", "v1"}, {"resource", "pods"}}},
            {"userInfo", {{"username", "alice"}}},
            {"object", object}}}};
}

json Secrets(const std::vector<std::string>& names) {
  json list = json::array();
  for (const std::string& name : names) list.push_back({{"name", name}});
  return list;
}

PullSecretNames SecretsOf(const std::string& review) {
  JsonDocument document;
  const Result<JsonNode> root = document.Parse(review);
  return root ? FindPullSecrets(*root) : PullSecretNames();
}

TEST(PullSecrets, AreFoundWhereAKubeletWouldLook) {
  const json secrets = {{"imagePullSecrets", Secrets({"pull", "a.b-c"})}};
  const json template_of = {{"template", {{"spec", secrets}}}};
  const json specs[] = {secrets,
                        template_of,
                        {{"jobTemplate", {{"spec", template_of}}}},
                        {{"podTemplateSpec", {{"spec", secrets}}}},
                        {{"resourceOverrides", {{"proxyDeployment", secrets}}}}};
  for (const json& spec : specs) {
    SCOPED_TRACE(spec.dump());
    const PullSecretNames found = SecretsOf(ReviewOf({{"spec", spec}}, "team-a").dump());
    EXPECT_EQ(found.secret_namespace, "team-a");
    EXPECT_THAT(found.names, ElementsAre("pull", "a.b-c"));
    EXPECT_THAT(found.unread, IsEmpty());
  }
}

TEST(PullSecrets, NamesThatLeaveTheFolderAreNotRead) {
  const std::vector<std::string> names = {"..",  ".", "../team-b/pull",     "/etc", "a/b", "a..b", ".a", "a.", "-a", "A",
                                          "a\n", "",  std::string(254, 'a')};
  for (const std::string& name : names) {
    SCOPED_TRACE(name);
    const PullSecretNames found = SecretsOf(ReviewOf({{"spec", {{"imagePullSecrets", Secrets({name})}}}}, "team-a").dump());
    EXPECT_THAT(found.names, IsEmpty());
    EXPECT_EQ(found.unread.size(), 1U);
  }
  for (const std::string name : {"", "..", "../x", "a/b", "a.b", "A"}) {
    SCOPED_TRACE(name);
    EXPECT_EQ(SecretsOf(ReviewOf({{"spec", {{"imagePullSecrets", Secrets({"pull"})}}}}, name).dump()).secret_namespace, "");
  }
}

TEST(PullSecrets, OddObjectsHaveNone) {
  for (const std::string text : {"", "imagePullSecrets", R"({"imagePullSecrets":[{"name":"x"}]})", R"(["imagePullSecrets"])"})
    EXPECT_EQ(SecretsOf(text).secret_namespace, "");
  for (const json& spec : {json(7), json({{"imagePullSecrets", "pull"}}), json({{"imagePullSecrets", {"pull"}}}),
                           json({{"imagePullSecrets", {{{"name", 7}}}}}), json({{"template", {{"spec", json::array()}}}})}) {
    SCOPED_TRACE(spec.dump());
    EXPECT_EQ(SecretsOf(ReviewOf({{"spec", spec}, {"x", "imagePullSecrets"}}, "team-a").dump()).secret_namespace, "");
  }
  // Another namespace in the object is not believed; more than 16 are not looked at.
  const PullSecretNames many = SecretsOf(
      ReviewOf({{"metadata", {{"namespace", "team-b"}}},
                {"spec",
                 {{"imagePullSecrets", Secrets({"a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k", "l", "m", "n", "o", "p", "q"})}}}},
               "team-a")
          .dump());
  EXPECT_EQ(many.secret_namespace, "team-a");
  EXPECT_EQ(many.names.size(), kMaxPullSecrets);
}

constexpr std::string_view kPolicy = R"(package test
signer release key "release.pub"
policy images for admission of Pod on create, update {
  require image object.spec.containers.map(c, c.image) signed by release
}
)";
constexpr std::string_view kPassword = "hunter2";

// A registry with a signed image that only `robot` with the password may see.
class PullSecretReviewTest : public testing::Test {
 protected:
  void SetUp() override {
    const std::string digest = images_.AddImage("1.0", "private");
    images_.Sign(digest, key_);
    pinned_ = server_.At("127.0.0.1") + "/app@" + digest;
    tagged_ = server_.At("127.0.0.1") + "/app:1.0";
    test::WriteFile(folder_ / "release.pub", key_.Pem());
    test::WriteFile(folder_ / "a.writ", kPolicy);
    test::WriteFile(folder_ / "registries.json",
                    R"({"registries":[{"host":")" + server_.At("127.0.0.1") + R"(","plainHttp":true}],"pullSecrets":"secrets"})");
    MountSecret("team-a", "pull", kPassword);
    MountSecret("team-b", "wrong", "swordfish");
    auto policies = PolicyStore::Open({.paths = {folder_.path()}, .load_signers = true}, clock_);
    ASSERT_TRUE(policies.ok()) << policies.error().message;
    policies_ = std::move(*policies);
    auto registries = RegistryStore::Open({.file = folder_ / "registries.json", .read_yaml = {}}, clock_);
    ASSERT_TRUE(registries.ok()) << registries.error().message;
    registries_ = std::move(*registries);
    gatherer_ = std::make_unique<image::FactGatherer>(registries_->opener(), clock_, image::FactOptions());
    RouteSources sources{.store = policies_.get(), .metrics = &metrics_, .logger = &logger_, .clock = &clock_};
    sources.images = gatherer_.get();
    sources.read_pull_secrets = registries_->pull_secret_reader();
    routes_ = std::make_unique<Routes>(sources, RouteOptions());
  }
  void MountSecret(const std::string& secret_namespace, const std::string& name, std::string_view password) {
    const std::filesystem::path folder = std::filesystem::path(folder_.path()) / "secrets" / secret_namespace / name;
    std::filesystem::create_directories(folder);
    const json config = {{"auths", {{server_.At("127.0.0.1"), {{"username", "robot"}, {"password", password}}}}}};
    test::WriteFile((folder / ".dockerconfigjson").string(), config.dump());
  }
  test::ScriptedReply Answer(const test::SeenRequest& request) const {
    const image::Credential allowed{.user = "robot", .password = std::string(kPassword)};
    if (request.Header("Authorization") != allowed.Authorization())
      return test::HttpReply(401, "", "WWW-Authenticate: Basic realm=\"r\"\r\n");
    const std::string last = request.target.substr(request.target.rfind('/') + 1);
    if (request.target.find("/manifests/") != std::string::npos) return ReplyWith(images_.repository.GetManifest(last));
    if (request.target.find("/blobs/") != std::string::npos) return ReplyWith(images_.repository.GetBlob(last, 1'000'000));
    return test::HttpReply(404);
  }
  static test::ScriptedReply ReplyWith(const Result<image::Fetched>& fetched) {
    if (!fetched || !fetched->found) return test::HttpReply(404);
    return test::HttpReply(200, fetched->bytes, fetched->media_type.empty() ? "" : "Content-Type: " + fetched->media_type + "\r\n");
  }
  static json Pod(const std::string& image, const std::vector<std::string>& secrets) {
    return {{"apiVersion", "v1"},
            {"kind", "Pod"},
            {"metadata", {{"name", "p"}}},
            {"spec", {{"containers", {{{"image", image}}}}, {"imagePullSecrets", Secrets(secrets)}}}};
  }
  // The whole response, for a request to `path`.
  std::string Post(const std::string& path, const std::string& image, const std::string& object_namespace,
                   const std::vector<std::string>& secrets) {
    const std::string review = ReviewOf(Pod(image, secrets), object_namespace).dump();
    http::HttpRequest request{.method = "POST", .path = path};
    request.body = review;
    request.deadline = std::chrono::steady_clock::now() + std::chrono::minutes(1);
    const std::string body = routes_->Handle(request).body;
    for (const std::string_view secret : {kPassword, std::string_view("swordfish"), std::string_view("Basic ")}) {
      EXPECT_THAT(body, Not(HasSubstr(secret)));
      EXPECT_THAT(log_, Not(HasSubstr(secret)));
    }
    return body;
  }
  std::string Review(const std::string& image, const std::string& object_namespace, const std::vector<std::string>& secrets) {
    return Post("/admission", image, object_namespace, secrets);
  }
  static bool IsAllowed(const std::string& response) { return json::parse(response)["response"]["allowed"].get<bool>(); }

  test::TempFolder folder_;
  test::TestKey key_{"P-256"};
  test::SignedImages images_;
  test::ScriptedServer server_{[this](const test::SeenRequest& request) { return Answer(request); }};
  std::string pinned_, tagged_;
  FakeClock clock_{test::kSignedAt};
  std::string log_;
  Logger logger_{LogLevel::kDebug, clock_, [this](std::string_view line) { log_ += line; }};
  Metrics metrics_;
  std::unique_ptr<PolicyStore> policies_;
  std::unique_ptr<RegistryStore> registries_;
  std::unique_ptr<image::FactGatherer> gatherer_;
  std::unique_ptr<Routes> routes_;
};

TEST_F(PullSecretReviewTest, ThePullSecretOfTheObjectOpensItsRegistry) {
  EXPECT_TRUE(IsAllowed(Review(pinned_, "team-a", {"pull"})));
  EXPECT_TRUE(IsAllowed(Review(tagged_, "team-a", {"pull"})));
  EXPECT_TRUE(IsAllowed(Review(pinned_, "team-a", {"none", "pull"})));
}

TEST_F(PullSecretReviewTest, NobodyElseHearsWhatItSaw) {
  ASSERT_TRUE(IsAllowed(Review(pinned_, "team-a", {"pull"})));
  for (const std::string& image : {pinned_, tagged_}) {
    SCOPED_TRACE(image);
    std::string said = Review(image, "team-a", {});
    EXPECT_FALSE(IsAllowed(said));
    EXPECT_THAT(said, HasSubstr("it wants a user and a password, and none are configured"));
    said = Review(image, "team-b", {"pull"});
    EXPECT_FALSE(IsAllowed(said));
    EXPECT_THAT(said, HasSubstr("; pull secret team-b/pull is not mounted"));
    said = Review(image, "team-b", {"wrong"});
    EXPECT_FALSE(IsAllowed(said));
    EXPECT_THAT(said, HasSubstr("it refuses the configured"));
    said = Review(image, "team-b", {"../team-a/pull"});
    EXPECT_FALSE(IsAllowed(said));
    EXPECT_THAT(said, HasSubstr("is no name of a pull secret"));
    if (image == tagged_) { EXPECT_THAT(said, Not(HasSubstr(pinned_.substr(pinned_.find('@'))))); }
  }
}

// A caller of /v1/decide could name any namespace.
TEST_F(PullSecretReviewTest, DecisionsUseNone) {
  EXPECT_THAT(Post("/v1/decide", pinned_, "team-a", {"pull"}), HasSubstr("\"deny\""));
  for (const test::SeenRequest& request : server_.Seen()) EXPECT_EQ(request.Header("Authorization"), "");
}

TEST_F(PullSecretReviewTest, AChangedSecretCountsAtOnce) {
  EXPECT_FALSE(IsAllowed(Review(pinned_, "team-b", {"wrong"})));
  MountSecret("team-b", "wrong", kPassword);
  EXPECT_TRUE(IsAllowed(Review(pinned_, "team-b", {"wrong"})));
  std::filesystem::remove_all(std::filesystem::path(folder_.path()) / "secrets/team-b/wrong");
  EXPECT_FALSE(IsAllowed(Review(pinned_, "team-b", {"wrong"})));
}

TEST_F(PullSecretReviewTest, BrokenSecretsAreNamedAndNotShown) {
  const std::string path = folder_.path() + "/secrets/team-a/pull/.dockerconfigjson";
  for (const std::string& text :
       {std::string("hunter2"), std::string(R"({"auths":{"x":{"auth":"hunter2"}}})"), std::string(1'100'000, ' ')}) {
    test::WriteFile(path, text);
    const std::string said = Review(pinned_, "team-a", {"pull"});
    EXPECT_FALSE(IsAllowed(said));
    EXPECT_THAT(said, HasSubstr("; pull secret team-a/pull"));
  }
}

}  // namespace
}  // namespace writ::server
