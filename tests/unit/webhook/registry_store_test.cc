// The file that lists registries, and the store that follows it.
#include "webhook/reload/registry_store.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/scripted_server.h"
#include "tests/unit/webhook/test_client.h"

namespace writ::server {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

class RegistryStoreTest : public testing::Test {
 protected:
  Result<RegistryConfig> Read(std::string_view text, const std::string& name = "registries.json") {
    test::WriteFile(folder_ / name, text);
    return ReadRegistryConfig({.file = folder_ / name, .read_yaml = {}});
  }
  std::unique_ptr<RegistryStore> Open(std::string_view text) {
    test::WriteFile(folder_ / "registries.json", text);
    Result<std::unique_ptr<RegistryStore>> opened = RegistryStore::Open({.file = folder_ / "registries.json", .read_yaml = {}}, clock_);
    EXPECT_TRUE(opened.ok()) << opened.error().message;
    return opened.ok() ? std::move(*opened) : nullptr;
  }

  test::TempFolder folder_;
  FakeClock clock_{1'790'000'000'000'000'000};
};

TEST_F(RegistryStoreTest, ReadsEveryMember) {
  test::WriteFile(folder_ / "pull.json", R"({"auths":{"ghcr.io":{"auth":"YTpi"}}})");
  test::WriteFile(folder_ / "ca.pem", "-----BEGIN CERTIFICATE-----\n");
  const Result<RegistryConfig> config = Read(R"([
    {"host": "ghcr.io", "extraHosts": ["*.cdn.test"], "dockerConfig": "pull.json", "mirrors": ["m.test:5000"]},
    {"host": "m.test:5000", "plainHttp": true, "ca": "ca.pem"}])");
  ASSERT_TRUE(config.ok()) << config.error().message;
  ASSERT_EQ(config->registries.size(), 2U);
  EXPECT_THAT(config->registries[0].extra_hosts, ElementsAre("pkg-containers.githubusercontent.com", "*.cdn.test"));
  EXPECT_THAT(config->registries[0].mirrors, ElementsAre("m.test:5000"));
  EXPECT_EQ(config->registries[0].scheme, image::Scheme::kHttps);
  EXPECT_EQ(config->registries[1].scheme, image::Scheme::kHttp);
  EXPECT_EQ(config->registries[1].ca_pem, "-----BEGIN CERTIFICATE-----\n");
  EXPECT_TRUE(config->credentials.TryFind({.host = "ghcr.io"}, "acme/app").has_value());
  EXPECT_THAT(config->files, ElementsAre(folder_ / "registries.json", folder_ / "pull.json", folder_ / "ca.pem"));
}

TEST_F(RegistryStoreTest, ReadsYamlThroughTheReader) {
  test::WriteFile(folder_ / "r.yaml", "- host: ghcr.io\n");
  EXPECT_THAT(ReadRegistryConfig({.file = folder_ / "r.yaml", .read_yaml = {}}).error().message, HasSubstr("YAML cannot be read here"));
  const auto read_yaml = [](const std::string&, std::string_view) -> Result<std::string> { return std::string(R"([{"host":"ghcr.io"}])"); };
  EXPECT_TRUE(ReadRegistryConfig({.file = folder_ / "r.yaml", .read_yaml = read_yaml}).ok());
}

TEST_F(RegistryStoreTest, SaysWhatIsWrong) {
  test::WriteFile(folder_ / "empty.pem", "");
  test::WriteFile(folder_ / "bad.json", R"({"auths":{"ghcr.io":{"auth":"c2VjcmV0"}}})");
  struct Case {
    std::string_view text, message;
  };
  constexpr Case kCases[] = {
      {"", "registries.json: "},
      {"{}", "registries.json: expected a list of registries"},
      {"7", "registries.json: expected a list of registries"},
      {R"({"registries":{}})", "registries.json: expected a list of registries"},
      {R"({"registries":[],"pullSecrets":""})", "`pullSecrets` must be the path of a folder"},
      {R"({"registries":[],"pullSecrets":7})", "`pullSecrets` must be the path of a folder"},
      {R"({"registries":[],"pullSecrets":"gone"})", "gone: is no folder"},
      {R"({"registries":[],"pull_secrets":"x"})", "there is no member `pull_secrets`, expected registries, pullSecrets"},
      {"[7]", "registries.json: registry 1: expected an object"},
      {"[{}]", "registry 1: `host` must be a text"},
      {R"([{"host":"ghcr.io"},{"host":"a.test","plainHTTP":true}])", "registry 2 (a.test): there is no member `plainHTTP`"},
      {R"([{"host":"ghcr.io","host":"a.test"}])", "duplicate key"},
      {R"([{"host":"a.test","plainHttp":"yes"}])", "`plainHttp` must be a bool"},
      {R"([{"host":"a.test","mirrors":"b.test"}])", "`mirrors` must be a list of hosts"},
      {R"([{"host":"a.test","ca":"gone.pem"}])", "registry 1 (a.test): "},
      {R"([{"host":"a.test","ca":"empty.pem"}])", "empty.pem: is empty"},
      {R"([{"host":"a.test","dockerConfig":"bad.json"}])", "bad.json"},
  };
  for (const Case& c : kCases) {
    SCOPED_TRACE(c.text);
    const Result<RegistryConfig> config = Read(c.text);
    ASSERT_FALSE(config.ok());
    EXPECT_THAT(config.error().message, HasSubstr(c.message));
    EXPECT_THAT(config.error().message, testing::Not(HasSubstr("c2VjcmV0")));
  }
}

TEST_F(RegistryStoreTest, AsksOnlyWhoIsListedAndFollowsTheFile) {
  const test::ScriptedServer server([](const test::SeenRequest&) { return test::HttpReply(404); });
  const std::string host = "127.0.0.1:" + std::to_string(server.port());
  const auto store = Open(R"([{"host":")" + host + R"(","plainHttp":true}])");
  ASSERT_NE(store, nullptr);
  const image::OpenImageSource open = store->opener();
  const image::SteadyTime deadline = std::chrono::steady_clock::now() + std::chrono::minutes(1);
  const image::ImageReference listed = *image::ParseImageReference(host + "/app:1"), other = *image::ParseImageReference("a.test/app:1");
  auto source = open(listed, deadline, {});
  ASSERT_TRUE(source.ok()) << source.error().message;
  ASSERT_TRUE((*source)->GetManifest("1").ok());
  EXPECT_FALSE((*(*source)->GetManifest("1")).found);
  EXPECT_EQ(open(other, deadline, {}).error().message, "registry a.test is not on the list of registries that may be asked");
  EXPECT_EQ(store->requests(), 2U);

  test::WriteFile(folder_ / "registries.json", "[");
  EXPECT_FALSE(store->Reload().ok());
  EXPECT_THAT(store->fault()->text, HasSubstr("registries.json: "));
  EXPECT_TRUE(open(listed, deadline, {}).ok()) << "the old ones stay";

  test::WriteFile(folder_ / "registries.json", R"([{"host":"a.test"}])");
  ASSERT_TRUE(store->Reload().ok());
  EXPECT_FALSE(store->fault().has_value());
  EXPECT_TRUE(open(other, deadline, {}).ok());
  EXPECT_FALSE(open(listed, deadline, {}).ok());
  EXPECT_FALSE((*(*source)->GetManifest("1")).found) << "what is open goes on";
  source = Error{ErrorCode::kInternal, "gone"};
  EXPECT_EQ(store->requests(), 3U) << "replaced clients are counted";
}

TEST_F(RegistryStoreTest, SourcesKeepTheirDeadline) {
  const test::ScriptedServer server([](const test::SeenRequest&) { return test::ScriptedReply{"", test::Then::kHang, ""}; });
  const std::string host = "127.0.0.1:" + std::to_string(server.port());
  const auto store = Open(R"([{"host":")" + host + R"(","plainHttp":true}])");
  ASSERT_NE(store, nullptr);
  const auto begin = std::chrono::steady_clock::now();
  const auto source = store->opener()(*image::ParseImageReference(host + "/app:1"), begin + std::chrono::milliseconds(100), {});
  ASSERT_TRUE(source.ok());
  EXPECT_FALSE((*source)->GetManifest("1").ok());
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::milliseconds(1'500)) << "long before the client's own limits";
}

}  // namespace
}  // namespace writ::server
