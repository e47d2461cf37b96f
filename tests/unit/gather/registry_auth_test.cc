// The registry client and who it is: Basic, tokens, realms, their ends; and that credentials stay where they belong.
#include <algorithm>
#include <atomic>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/gather/registry_fixture.h"

namespace writ::image {
namespace {

using test::HttpReply;
using test::ScriptedReply;
using test::ScriptedServer;
using test::SeenRequest;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

const std::string kType = "Content-Type: application/vnd.oci.image.manifest.v1+json\r\n";
const std::string kBody = R"({"schemaVersion":2})";
const std::string kBasic = Credential{.user = "user", .password = "hunter2"}.Authorization();

// A registry that wants a token, and a realm that hands them out: "t1", "t2" …
class RegistryAuthTest : public testing::Test {
 protected:
  RegistryAuthTest() {
    realm = std::make_unique<ScriptedServer>([this](const SeenRequest& request) { return realm_script(request); });
    server = std::make_unique<ScriptedServer>([this](const SeenRequest& request) { return Answer(request); });
    host = server->At("registry.test");
    realm_url = "http://" + realm->At("auth.test") + "/token";
    settings = World::Plain(host);
    settings.extra_hosts = {realm->At("auth.test")};
    world.Start({settings});
  }

  ScriptedReply Answer(const SeenRequest& request) {
    if (request.Header("Authorization") == "Bearer " + accepted) return HttpReply(200, kBody, kType);
    const std::string challenge = all_challenges.empty()
                                      ? "Bearer realm=\"" + realm_url + R"(",service="the registry",scope="repository:acme/app:pull,push")"
                                      : all_challenges;
    return HttpReply(401, "{}", "WWW-Authenticate: " + challenge + "\r\n");
  }
  ScriptedReply GiveToken() {
    accepted = "t" + std::to_string(++tokens);
    return HttpReply(200, R"({"token":")" + accepted + R"(","expires_in":300})");
  }
  std::string Manifest(const std::string& docker_config = "{}") { return Said(world.Open(host, docker_config)->GetManifest("1.0")); }

  World world;
  std::atomic<int> tokens{0};
  std::string accepted, all_challenges;  // touched between requests only
  ScriptedServer::Script realm_script = [this](const SeenRequest&) { return GiveToken(); };
  std::unique_ptr<ScriptedServer> realm, server;
  std::string host, realm_url;
  RegistrySettings settings;
};

TEST_F(RegistryAuthTest, FetchesATokenAndKeepsIt) {
  EXPECT_EQ(Manifest(), kBody);
  EXPECT_EQ(Manifest(), kBody);
  EXPECT_THAT(realm->SeenTargets(), ElementsAre("/token?service=the%20registry&scope=repository%3Aacme%2Fapp%3Apull"));
  EXPECT_EQ(realm->Seen()[0].Header("Authorization"), "");
  EXPECT_EQ(server->Seen().size(), 3U);  // one 401
}

TEST_F(RegistryAuthTest, CredentialsGoToTheRealmOnly) {
  EXPECT_EQ(Manifest(DockerConfigFor(host)), kBody);
  EXPECT_EQ(realm->Seen()[0].Header("Authorization"), kBasic);
  for (const SeenRequest& request : server->Seen()) EXPECT_NE(request.Header("Authorization"), kBasic);
}

TEST_F(RegistryAuthTest, CredentialsOfOtherRegistriesStayHome) {
  EXPECT_EQ(Manifest(DockerConfigFor("other.test")), kBody);
  EXPECT_EQ(realm->Seen()[0].Header("Authorization"), "");
}

TEST_F(RegistryAuthTest, TokensAreKeptApartByCredential) {
  EXPECT_EQ(Manifest(), kBody);
  EXPECT_EQ(Manifest(DockerConfigFor(host)), kBody);
  EXPECT_EQ(realm->Seen().size(), 2U);
}

TEST_F(RegistryAuthTest, ATokenThatHasExpiredIsRenewedBeforeItIsSent) {
  EXPECT_EQ(Manifest(), kBody);
  world.time.Sleep(std::chrono::seconds(294));
  EXPECT_EQ(Manifest(), kBody);
  EXPECT_EQ(tokens, 1);
  world.time.Sleep(std::chrono::seconds(2));
  EXPECT_EQ(Manifest(), kBody);
  EXPECT_EQ(tokens, 2);
  EXPECT_EQ(server->Seen().size(), 4U);  // still one 401
}

TEST_F(RegistryAuthTest, ATokenThatIsRefusedIsRenewedOnce) {
  EXPECT_EQ(Manifest(), kBody);
  accepted = "something else";  // the registry has forgotten it
  EXPECT_EQ(Manifest(), kBody);
  EXPECT_EQ(tokens, 2);
  realm_script = [this](const SeenRequest&) { return HttpReply(200, R"({"token":"never-good"})"); };
  accepted = "something else";
  EXPECT_THAT(Manifest(), HasSubstr("401 Unauthorized"));
  EXPECT_EQ(realm->Seen().size(), 3U);
}

TEST_F(RegistryAuthTest, TokensMayBeCalledAccessTokensAndHaveNoAge) {
  realm_script = [this](const SeenRequest&) {
    ++tokens;
    accepted = "a";
    return HttpReply(200, R"({"access_token":"a"})");
  };
  EXPECT_EQ(Manifest(), kBody);
  world.time.Sleep(std::chrono::seconds(54));
  EXPECT_EQ(Manifest(), kBody);
  EXPECT_EQ(tokens, 1);
  world.time.Sleep(std::chrono::seconds(2));
  EXPECT_EQ(Manifest(), kBody);
  EXPECT_EQ(tokens, 2);
}

TEST_F(RegistryAuthTest, BadRealmsAreErrors) {
  struct Case {
    const char* name;
    ScriptedReply reply;
    const char* message;
    std::size_t requests;
  };
  const Case cases[] = {
      {"refuses", HttpReply(401), "401 Unauthorized: it refuses the configured credential", 1},
      {"forbids", HttpReply(403), "403 Forbidden: it refuses the configured credential", 1},
      {"absent", HttpReply(404), "404 Not Found", 1},
      {"throttled", HttpReply(429), "429 Too Many Requests after 3 tries", 3},
      {"broken", HttpReply(500), "500 Internal Server Error after 3 tries", 3},
      {"redirects", HttpReply(307, "", "Location: http://evil.test/\r\n"), "307", 1},
      {"HTML", HttpReply(200, "<html>"), "the answer is no JSON object", 1},
      {"a list", HttpReply(200, "[]"), "the answer is no JSON object", 1},
      {"no token", HttpReply(200, "{}"), "neither `token` nor `access_token`", 1},
      {"empty token", HttpReply(200, R"({"token":""})"), "neither `token` nor `access_token`", 1},
      {"token with a line end", HttpReply(200, R"({"token":"a\r\nX-Evil: 1"})"), "cannot stand in a header", 1},
      {"token with a blank", HttpReply(200, R"({"token":"a b"})"), "cannot stand in a header", 1},
      {"huge token", HttpReply(200, R"({"token":")" + std::string(20'000, 'a') + "\"}"), "cannot stand in a header", 1},
      {"huge body", HttpReply(200, std::string(70'000, ' ')), "at most 65536 are read", 1},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.name);
    world.Start({settings});
    const std::size_t before = realm->Seen().size();
    realm_script = [&c](const SeenRequest&) { return c.reply; };
    const std::string said = Manifest(DockerConfigFor(host));
    EXPECT_THAT(said, HasSubstr(c.message));
    EXPECT_THAT(said, HasSubstr("token realm"));
    EXPECT_THAT(said, Not(HasSubstr("hunter2")));
    EXPECT_THAT(said, Not(HasSubstr(kBasic.substr(6))));
    EXPECT_EQ(realm->Seen().size() - before, c.requests);
  }
}

// §8 case 34: realms on other hosts, on internal ones, with other schemes.
TEST_F(RegistryAuthTest, RealmsElsewhereAreNotAsked) {
  ScriptedServer victim([](const SeenRequest&) { return HttpReply(200, R"({"token":"t"})"); });
  const std::string elsewhere = "http://" + victim.At("evil.test") + "/token";
  const std::string same_name = "http://" + victim.At("auth.test") + "/token";
  for (const std::string& url : {elsewhere, same_name, std::string("http://169.254.169.254/latest"), std::string("http://127.0.0.1/"),
                                 std::string("http://localhost/"), std::string("file:///etc/passwd"),
                                 std::string("http://auth.test@evil.test/"), std::string("/token"), std::string("")}) {
    SCOPED_TRACE(url);
    world.Start({settings});
    realm_url = url;
    EXPECT_THAT(Manifest(DockerConfigFor(host)), HasSubstr("the token realm"));
  }
  EXPECT_THAT(victim.Seen(), IsEmpty());
  EXPECT_THAT(realm->Seen(), IsEmpty());
}

TEST_F(RegistryAuthTest, BadChallengesAreErrors) {
  for (const std::string challenge : {"Bearer", "Digest realm=x", "Bearer realm=\"http://auth.test", "garbage\"", "Bearer service=\"x\""}) {
    SCOPED_TRACE(challenge);
    all_challenges = challenge;
    EXPECT_THAT(Manifest(), testing::AnyOf(HasSubstr("401 Unauthorized without a challenge"), HasSubstr("WWW-Authenticate")));
  }
}

TEST_F(RegistryAuthTest, TheTokenChallengeIsPreferred) {
  all_challenges = "Basic realm=\"x, y\", Bearer realm=\"" + realm_url + "\"";
  EXPECT_EQ(Manifest(), kBody);
  world.Start({settings});
  all_challenges = "Basic realm=x\r\nWWW-Authenticate: Bearer realm=\"" + realm_url + "\"";
  EXPECT_EQ(Manifest(), kBody);
}

TEST_F(RegistryAuthTest, ReadyMadeTokensAreSentAsTheyAre) {
  accepted = "made";
  EXPECT_EQ(Manifest(R"({"auths":{")" + host + R"(":{"registrytoken":"made"}}})"), kBody);
  EXPECT_EQ(server->Seen().size(), 1U);
}

// ---- identity tokens: OAuth 2 refresh tokens, as `docker login` keeps them

std::string IdentityConfigFor(const std::string& host) { return R"({"auths":{")" + host + R"(":{"identitytoken":"refresh&me"}}})"; }

TEST_F(RegistryAuthTest, IdentityTokensArePostedToTheRealm) {
  realm_script = [this](const SeenRequest&) {
    accepted = "t" + std::to_string(++tokens);
    return HttpReply(200, R"({"access_token":")" + accepted + R"(","refresh_token":"another","expires_in":300})");
  };
  EXPECT_EQ(Manifest(IdentityConfigFor(host)), kBody);
  EXPECT_EQ(Manifest(IdentityConfigFor(host)), kBody);
  ASSERT_EQ(realm->Seen().size(), 1U);
  const SeenRequest asked = realm->Seen()[0];
  EXPECT_THAT(asked.head, testing::StartsWith("POST /token HTTP/1.1\r\n"));
  EXPECT_EQ(asked.Header("Content-Type"), "application/x-www-form-urlencoded");
  EXPECT_EQ(asked.Header("Authorization"), "");
  EXPECT_EQ(
      asked.body,
      "grant_type=refresh_token&client_id=writ&service=the%20registry&scope=repository%3Aacme%2Fapp%3Apull&refresh_token=refresh%26me");
  for (const SeenRequest& request : server->Seen()) EXPECT_THAT(request.head, Not(HasSubstr("refresh")));
}

TEST_F(RegistryAuthTest, IdentityTokensGoNowhereElse) {
  ScriptedServer victim([](const SeenRequest&) { return HttpReply(200, R"({"token":"t"})"); });
  realm_url = "http://" + victim.At("evil.test") + "/token";
  EXPECT_THAT(Manifest(IdentityConfigFor(host)), HasSubstr("is not among the hosts of registry"));
  EXPECT_THAT(victim.Seen(), IsEmpty());
  all_challenges = "Basic realm=\"r\"";
  EXPECT_THAT(Manifest(IdentityConfigFor(host)), HasSubstr("it wants a user and a password, and an identity token is configured"));
  for (const SeenRequest& request : server->Seen()) EXPECT_THAT(request.head, Not(HasSubstr("refresh")));
}

TEST_F(RegistryAuthTest, ARefusedIdentityTokenIsNotShown) {
  for (const unsigned status : {400U, 401U, 403U}) {
    world.Start({settings});
    realm_script = [status](const SeenRequest& request) { return HttpReply(status, request.body); };
    const std::string said = Manifest(IdentityConfigFor(host));
    EXPECT_THAT(said, HasSubstr("it refuses the configured credential"));
    EXPECT_THAT(said, Not(HasSubstr("refresh")));
  }
}

class RegistryBasicTest : public OneRegistryTest {
 protected:
  void SetUp() override {
    Serve([](const SeenRequest& request) {
      if (request.Header("Authorization") == kBasic) return HttpReply(200, kBody, kType);
      return HttpReply(401, "", "WWW-Authenticate: Basic realm=\"r\"\r\n");
    });
  }
  std::string Manifest(const std::string& docker_config) { return Said(world.Open(host, docker_config)->GetManifest("1.0")); }
};

TEST_F(RegistryBasicTest, SendsThePasswordWhenAsked) {
  EXPECT_EQ(Manifest(DockerConfigFor(host)), kBody);
  EXPECT_EQ(Manifest(DockerConfigFor(host)), kBody);
  ASSERT_EQ(server->Seen().size(), 3U);
  EXPECT_EQ(server->Seen()[0].Header("Authorization"), "");
}

TEST_F(RegistryBasicTest, SaysWhyNot) {
  EXPECT_THAT(Manifest("{}"), HasSubstr("it wants a user and a password, and none are configured"));
  const std::string wrong = R"({"auths":{")" + host + R"(":{"username":"user","password":"swordfish"}}})";
  EXPECT_THAT(Manifest(wrong), HasSubstr("401 Unauthorized: it refuses the configured credential"));
  const std::string again = Manifest(wrong);
  EXPECT_THAT(again, HasSubstr("it refuses the configured user and password"));
  EXPECT_THAT(again, Not(HasSubstr("swordfish")));
}

TEST_F(RegistryBasicTest, SaysThatHelpersAreNotRun) {
  EXPECT_THAT(Manifest(R"({"credsStore":"desktop"})"), HasSubstr("none are configured; `credsStore` of config.json names a program"));
}

// ---- several credentials: those of a request's pull secrets first

class RegistryBroughtTest : public RegistryBasicTest {
 protected:
  std::string Manifest(const std::vector<std::string>& brought, const std::string& configured = "{}") {
    PullCredentials credentials{.identity = "x", .configs = {}, .note = "; pull secret a/b is not mounted"};
    for (const std::string& text : brought) credentials.configs.push_back(*ReadDockerConfig(text, "secret"));
    source = *world.client->Open(*ParseImageReference(host + "/acme/app"), *ReadDockerConfig(configured, "config.json"),
                                 std::chrono::steady_clock::time_point::max(), credentials);
    return Said(source->GetManifest("1.0"));
  }
  std::string Wrong() const { return R"({"auths":{")" + host + R"(":{"username":"user","password":"swordfish"}}})"; }
  // How often the wrong password was sent.
  std::size_t WrongOnes() const {
    const std::string wrong = Credential{.user = "user", .password = "swordfish"}.Authorization();
    const std::vector<SeenRequest> seen = server->Seen();
    return static_cast<std::size_t>(
        std::count_if(seen.begin(), seen.end(), [&](const SeenRequest& request) { return request.Header("Authorization") == wrong; }));
  }
  std::unique_ptr<ImageSource> source;
};

TEST_F(RegistryBroughtTest, ARefusedOneGivesWayToTheNextForGood) {
  EXPECT_EQ(Manifest({DockerConfigFor(host)}, Wrong()), kBody);
  EXPECT_EQ(WrongOnes(), 0U);
  EXPECT_EQ(Manifest({Wrong(), Wrong(), DockerConfigFor("other.test")}, DockerConfigFor(host)), kBody);
  EXPECT_EQ(Said(source->GetManifest("2.0")), kBody);
  EXPECT_EQ(WrongOnes(), 1U);
}

TEST_F(RegistryBroughtTest, TheLastRefusalNamesWhatIsMissing) {
  const std::string said = Manifest({Wrong()});
  EXPECT_THAT(said, HasSubstr("it refuses the configured credential; pull secret a/b is not mounted"));
  EXPECT_THAT(said, Not(HasSubstr("swordfish")));
  EXPECT_THAT(Manifest({}), HasSubstr("none are configured; pull secret a/b is not mounted"));
}

TEST_F(RegistryBroughtTest, OtherFailuresAreNoReasonToTryAnother) {
  Serve([](const SeenRequest&) { return HttpReply(404); });
  EXPECT_EQ(Manifest({Wrong()}, DockerConfigFor(host)), "absent");
  EXPECT_EQ(server->Seen().size(), 1U);
}

}  // namespace
}  // namespace writ::image
