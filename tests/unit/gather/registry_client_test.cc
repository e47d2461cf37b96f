// The registry client against a registry that misbehaves: statuses, bodies, digests, redirects, listings.
#include "webhook/image/registry/registry_client.h"

#include <atomic>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/gather/registry_fixture.h"
#include "webhook/image/gather/collector.h"

namespace writ::image {
namespace {

using test::HttpReply;
using test::ScriptedReply;
using test::ScriptedServer;
using test::SeenRequest;
using test::Then;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::StartsWith;

const std::string kType = "Content-Type: application/vnd.oci.image.manifest.v1+json\r\n";
const std::string kBody = R"({"schemaVersion":2})";
const std::string kDigest = DigestOf(kBody);

std::string GoodHead(std::size_t size) { return "HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(size) + "\r\n" + kType + "\r\n"; }

class RegistryClientTest : public OneRegistryTest {
 protected:
  std::string Manifest(const std::string& reference = "1.0") { return Said(world.Open(host)->GetManifest(reference)); }
  std::string Blob(std::size_t max_bytes = 100) { return Said(world.Open(host)->GetBlob(kDigest, max_bytes)); }
};

TEST_F(RegistryClientTest, AsksForTagsDigestsAndBlobs) {
  Serve([](const SeenRequest&) { return HttpReply(200, kBody, kType); });
  const Result<Fetched> fetched = world.Open(host)->GetManifest("1.0");
  ASSERT_TRUE(fetched.ok()) << fetched.error().message;
  EXPECT_EQ(fetched->bytes, kBody);
  EXPECT_EQ(fetched->media_type, kOciManifestType);
  EXPECT_EQ(Manifest(kDigest), kBody);
  EXPECT_EQ(Blob(), kBody);
  EXPECT_THAT(server->SeenTargets(),
              ElementsAre("/v2/acme/app/manifests/1.0", "/v2/acme/app/manifests/" + kDigest, "/v2/acme/app/blobs/" + kDigest));
  const SeenRequest request = server->Seen().front();
  EXPECT_EQ(request.Header("Host"), host);
  EXPECT_EQ(request.Header("Accept-Encoding"), "identity");
  EXPECT_EQ(request.Header("Authorization"), "");
  for (const std::string_view type : {kOciIndexType, kOciManifestType, kDockerListType, kDockerManifestType}) {
    EXPECT_THAT(request.Header("Accept"), HasSubstr(type));
  }
}

// ---- tags

// What HEAD says about a tag, and which requests follow: the digest that counts is that of the bytes.
class RegistryTagTest : public RegistryClientTest {
 protected:
  static constexpr const char* kImage = R"({"schemaVersion":2,"config":{"mediaType":"c","digest":"sha256:)"
                                        R"(aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa","size":1},"layers":[]})";
  // Answers HEAD with `head`, all else with the image. Returns the digest, or what went wrong.
  std::string Resolve(const ScriptedReply& head) {
    Serve([head](const SeenRequest& request) { return request.is_head() ? head : HttpReply(200, kImage, kType); });
    const Result<ResolvedImage> image = ResolveImage(*world.Open(host), "1.0", world.limits);
    return image ? image->digest : image.error().message;
  }
  // "HEAD 1.0" for each request.
  std::vector<std::string> Asked() const {
    std::vector<std::string> out;
    for (const SeenRequest& request : server->Seen())
      out.push_back(request.head.substr(0, request.head.find(' ')) + request.target.substr(request.target.rfind('/')));
    return out;
  }
  static ScriptedReply Claims(const std::string& digest) {
    return HttpReply(200, kImage, kType + "Docker-Content-Digest: " + digest + "\r\n");
  }
  const std::string image_digest = DigestOf(kImage);
};

TEST_F(RegistryTagTest, TheClaimedDigestIsFetchedAndChecked) {
  EXPECT_EQ(Resolve(Claims(image_digest)), image_digest);
  EXPECT_THAT(Asked(), ElementsAre("HEAD/1.0", "GET/" + image_digest));
  EXPECT_EQ(world.client->counters().connections, 1U);  // an answer without a body leaves the connection in order
  EXPECT_THAT(Resolve(Claims(DigestOf("other"))), HasSubstr("the bytes hash to " + image_digest));
}

TEST_F(RegistryTagTest, WithoutAClaimTheTagIsFetched) {
  const ScriptedReply heads[] = {
      HttpReply(200, kImage, kType), HttpReply(400),      HttpReply(404),  HttpReply(405), HttpReply(501), Claims(""),
      Claims("sha512:ab"),           Claims("sha256:AB"), Claims("latest")};
  for (const ScriptedReply& head : heads) {
    SCOPED_TRACE(head.bytes);
    EXPECT_EQ(Resolve(head), image_digest);
    EXPECT_THAT(Asked(), ElementsAre("HEAD/1.0", "GET/1.0"));
  }
}

TEST_F(RegistryTagTest, AFailureIsNoAnswer) {
  EXPECT_THAT(Resolve(HttpReply(403)), HasSubstr("403 Forbidden"));
  EXPECT_THAT(Resolve(HttpReply(429)), HasSubstr("429 Too Many Requests after 3 tries"));
  EXPECT_THAT(Resolve({.bytes = "", .then = Then::kClose}), HasSubstr("ended before an answer"));
  EXPECT_THAT(Asked(), ElementsAre("HEAD/1.0", "HEAD/1.0", "HEAD/1.0"));
}

TEST_F(RegistryTagTest, AManifestThatHasGoneMeanwhileIsAskedForByItsTag) {
  Serve([this](const SeenRequest& request) {
    if (request.is_head()) return Claims(DigestOf("gone"));
    return request.target.ends_with("/1.0") ? HttpReply(200, kImage, kType) : HttpReply(404);
  });
  const Result<ResolvedImage> image = ResolveImage(*world.Open(host), "1.0", world.limits);
  ASSERT_TRUE(image.ok()) << image.error().message;
  EXPECT_EQ(image->digest, image_digest);
}

TEST_F(RegistryClientTest, KeepsConnections) {
  Serve([](const SeenRequest&) { return HttpReply(200, kBody, kType); });
  for (int i = 0; i < 5; ++i) EXPECT_EQ(Manifest(), kBody);
  EXPECT_EQ(world.client->counters().connections, 1U);
  EXPECT_EQ(world.client->counters().requests, 5U);
}

TEST_F(RegistryClientTest, AKeptConnectionThatEndedIsReplacedWithoutATry) {
  Serve([](const SeenRequest&) {
    ScriptedReply reply = HttpReply(200, kBody, kType);
    reply.then = Then::kClose;  // without saying so
    return reply;
  });
  for (int i = 0; i < 3; ++i) EXPECT_EQ(Manifest(), kBody);
  EXPECT_EQ(world.client->counters().retries, 0U);
}

struct AnswerCase {
  const char* name;
  ScriptedReply reply;
  std::string manifest;  // what asking for the tag gives; a part of it
  std::size_t requests;
};

// Style rule 39: every way in which an answer may be bad, and that none of them is taken for "absent".
TEST_F(RegistryClientTest, BadAnswersAreErrors) {
  const std::string other = DigestOf("other");
  const AnswerCase cases[] = {
      {"absent", HttpReply(404, R"({"errors":[]})"), "absent", 1},
      {"bad request", HttpReply(400), "unreadable: http://", 1},
      {"forbidden", HttpReply(403), "403 Forbidden", 1},
      {"unauthorized, no challenge", HttpReply(401), "401 Unauthorized without a challenge", 1},
      {"method not allowed", HttpReply(405), "405 Method Not Allowed", 1},
      {"no content", {.bytes = "HTTP/1.1 204 X\r\n\r\n"}, "unreadable: http://", 1},
      {"partial content", HttpReply(206, kBody, kType), "206", 1},
      {"not modified", {.bytes = "HTTP/1.1 304 X\r\n\r\n"}, "304", 1},
      {"throttled", HttpReply(429), "429 Too Many Requests after 3 tries", 3},
      {"internal error", HttpReply(500), "500 Internal Server Error after 3 tries", 3},
      {"bad gateway", HttpReply(502), "502 Bad Gateway after 3 tries", 3},
      {"unavailable", HttpReply(503), "503 Service Unavailable after 3 tries", 3},
      {"gateway timeout", HttpReply(504), "504 Gateway Timeout after 3 tries", 3},
      {"HTML", HttpReply(200, "<html>", "Content-Type: text/html; charset=utf-8\r\n"),
       "the answer is `text/html`, expected a manifest: that is a web page", 1},
      {"gzip", HttpReply(200, kBody, kType + "Content-Encoding: gzip\r\n"), "the content coding `gzip`", 1},
      {"lying digest header", HttpReply(200, kBody, kType + "Docker-Content-Digest: " + other + "\r\n"), "corrupt: http://", 1},
      {"body shorter than its length", {.bytes = GoodHead(100) + kBody, .then = Then::kClose}, "the answer ended early", 3},
      {"nothing at all", {.bytes = "", .then = Then::kClose}, "ended before an answer", 3},
      {"half a head", {.bytes = "HTTP/1.1 200 OK\r\nContent-", .then = Then::kClose}, "ended before an answer", 3},
      {"not HTTP", {.bytes = "SSH-2.0-OpenSSH_9.2\r\n\r\n", .then = Then::kClose}, "invalid_argument: http://", 1},
      {"two lengths",
       {.bytes = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello!", .then = Then::kClose},
       "the answer is not HTTP/1.1",
       1},
      {"interim answers", {.bytes = "HTTP/1.1 103 Early Hints\r\n\r\n" + GoodHead(kBody.size()) + kBody}, "an interim answer 103", 1},
      {"length of a tebibyte", {.bytes = GoodHead(std::size_t{1} << 40), .then = Then::kHang}, "too_large: http://", 1},
      {"endless body",
       {.bytes = "HTTP/1.1 200 OK\r\n" + kType + "\r\n", .then = Then::kRepeat, .repeat = std::string(8192, ' ')},
       "too_large: http://",
       1},
      {"endless chunks",
       {.bytes = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n" + kType + "\r\n",
        .then = Then::kRepeat,
        .repeat = "800\r\n" + std::string(2048, ' ') + "\r\n"},
       "too_large: http://",
       1},
      {"endless head",
       {.bytes = "HTTP/1.1 200 OK\r\n", .then = Then::kRepeat, .repeat = "X-Filler: xxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\r\n"},
       "the header of the answer is too large",
       1},
      {"endless error body",
       {.bytes = "HTTP/1.1 403 X\r\n\r\n", .then = Then::kRepeat, .repeat = std::string(8192, ' ')},
       "403 Forbidden",
       1},
      {"redirect to nowhere", HttpReply(307), "307 without a Location", 1},
  };
  for (const AnswerCase& c : cases) {
    SCOPED_TRACE(c.name);
    Serve([&c](const SeenRequest&) { return c.reply; });
    EXPECT_THAT(Manifest(), HasSubstr(c.manifest));
    EXPECT_EQ(server->Seen().size(), c.requests);
  }
}

TEST_F(RegistryClientTest, BytesThatDoNotHashToTheirDigestAreCorrupt) {
  Serve([](const SeenRequest&) { return HttpReply(200, "other", kType); });
  EXPECT_THAT(Blob(), StartsWith("corrupt: "));
  EXPECT_THAT(Manifest(kDigest), StartsWith("corrupt: "));
  EXPECT_THAT(Blob(), HasSubstr("the bytes hash to " + DigestOf("other") + ", expected sha256:"));
  Serve([](const SeenRequest&) { return HttpReply(200, "<html>", "Content-Type: text/html\r\n"); });
  EXPECT_THAT(Manifest(kDigest), HasSubstr("the answer is `text/html`, expected a manifest"));
}

TEST_F(RegistryClientTest, ABlobIsNotReadBeyondItsSize) {
  Serve([](const SeenRequest&) { return HttpReply(200, kBody); });
  EXPECT_EQ(Blob(kBody.size()), kBody);
  EXPECT_THAT(Blob(kBody.size() - 1), StartsWith("too_large: "));
}

TEST_F(RegistryClientTest, SilentAndSlowServersAreGivenUp) {
  struct Case {
    const char* name;
    ScriptedReply reply;
    const char* message;
  };
  const Case cases[] = {
      {"silent", {.bytes = "", .then = Then::kHang}, "no answer in time"},
      {"silent in the head", {.bytes = "HTTP/1.1 200 OK\r\n", .then = Then::kHang}, "no answer in time"},
      {"silent in the body", {.bytes = GoodHead(100) + "x", .then = Then::kHang}, "the answer did not end in time"},
  };
  world.limits.try_timeout = std::chrono::milliseconds(250);  // real time: enough for a busy machine to send a head
  world.limits.max_tries = 2;
  for (const Case& c : cases) {
    SCOPED_TRACE(c.name);
    Serve([&c](const SeenRequest&) { return c.reply; });
    EXPECT_THAT(Manifest(), HasSubstr(std::string(c.message) + " after 2 tries"));
  }
}

TEST_F(RegistryClientTest, TriesAgainAfterThrottling) {
  std::atomic<int> count{0};
  Serve([&count](const SeenRequest&) { return ++count < 3 ? HttpReply(429) : HttpReply(200, kBody, kType); });
  EXPECT_EQ(Manifest(), kBody);
  EXPECT_THAT(world.time.sleeps(), ElementsAre(75, 150));  // 100 and 200, less half of the half
  EXPECT_EQ(world.client->counters().retries, 2U);
}

TEST_F(RegistryClientTest, WaitsAsLongAsRetryAfterSays) {
  std::atomic<int> count{0};
  Serve([&count](const SeenRequest&) { return ++count < 2 ? HttpReply(503, "", "Retry-After: 2\r\n") : HttpReply(200, kBody, kType); });
  EXPECT_EQ(Manifest(), kBody);
  EXPECT_THAT(world.time.sleeps(), ElementsAre(2000));
}

TEST_F(RegistryClientTest, WaitsUntilTheDateThatRetryAfterNames) {
  std::atomic<int> count{0};
  const std::string date = "Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n";
  std::string until = "Retry-After: Sun, 06 Nov 1994 08:49:40 GMT\r\n";
  Serve([&](const SeenRequest&) { return ++count % 2 == 1 ? HttpReply(429, "", date + until) : HttpReply(200, kBody, kType); });
  EXPECT_EQ(Manifest(), kBody);
  EXPECT_THAT(world.time.sleeps(), ElementsAre(3000));
  until = "Retry-After: Sun, 06 Nov 1994 08:50:38 GMT\r\n";  // after the deadline
  EXPECT_THAT(Manifest(), HasSubstr("429 Too Many Requests"));
  EXPECT_EQ(world.time.sleeps().size(), 1U);
}

TEST_F(RegistryClientTest, DoesNotWaitBeyondTheDeadline) {
  Serve([](const SeenRequest&) { return HttpReply(429, "", "Retry-After: 61\r\n"); });
  EXPECT_THAT(Manifest(), HasSubstr("429 Too Many Requests"));
  EXPECT_THAT(world.time.sleeps(), IsEmpty());
}

TEST_F(RegistryClientTest, TheDeadlineIsOneForTheWholeImage) {
  Serve([](const SeenRequest&) { return HttpReply(200, kBody, kType); });
  const auto source = world.Open(host);
  EXPECT_EQ(Said(source->GetManifest("1.0")), kBody);
  world.time.Sleep(std::chrono::seconds(61));
  EXPECT_THAT(Said(source->GetManifest("1.0")), HasSubstr("the time for this image is over"));
  EXPECT_EQ(server->Seen().size(), 1U);
}

TEST_F(RegistryClientTest, NothingListens) {
  {
    Serve([](const SeenRequest&) { return HttpReply(200); });
    server.reset();
  }
  EXPECT_THAT(Manifest(), HasSubstr("no connection: "));
  EXPECT_EQ(world.client->counters().requests, 3U);
}

TEST_F(RegistryClientTest, RefusesWhatIsNoTagOrDigest) {
  Serve([](const SeenRequest&) { return HttpReply(200); });
  for (const char* reference : {"", "a/b", "../x", "a b", "a?b", "sha512:abc", "a\r\nb", ".."})
    EXPECT_THAT(Manifest(reference), StartsWith("invalid_argument: "));
  EXPECT_THAT(server->Seen(), IsEmpty());
}

// ---- redirects

TEST_F(RegistryClientTest, FollowsRedirectsOnTheSameHost) {
  Serve([](const SeenRequest& request) {
    if (request.target.starts_with("/v2/")) return HttpReply(307, "", "Location: /elsewhere?sig=secret\r\n");
    return HttpReply(200, kBody, kType);
  });
  EXPECT_EQ(Blob(), kBody);
  EXPECT_THAT(server->SeenTargets(), ElementsAre("/v2/acme/app/blobs/" + kDigest, "/elsewhere?sig=secret"));
}

TEST_F(RegistryClientTest, FollowsFiveRedirectsAndNoMore) {
  std::atomic<int> count{0};
  std::atomic<int> ends_after{5};
  Serve([&](const SeenRequest&) {
    const int now = ++count;
    return now > ends_after ? HttpReply(200, kBody, kType) : HttpReply(302, "", "Location: /loop" + std::to_string(now) + "\r\n");
  });
  EXPECT_EQ(Blob(), kBody);
  count = 0;
  ends_after = 1000;
  EXPECT_THAT(Blob(), HasSubstr("more than 5 redirects"));
  EXPECT_EQ(count, 6);
}

TEST_F(RegistryClientTest, RedirectsToOtherPlacesAreRefused) {
  struct Case {
    const char *location, *message;
  };
  ScriptedServer victim([](const SeenRequest&) { return HttpReply(200, kBody, kType); });
  const std::string elsewhere = "http://" + victim.At("evil.test") + "/x";
  const std::string metadata = "http://169.254.169.254/latest/meta-data/";
  const std::string with_user = "http://u:p@" + victim.At("registry.test") + "/x";
  const Case cases[] = {
      {elsewhere.c_str(), "which is not among the hosts of registry"},
      {"//evil.test/x", "which is not among the hosts of registry"},
      {metadata.c_str(), "which is not among the hosts of registry"},
      {"file:///etc/passwd", "expected https"},
      {"gopher://x/", "expected https"},
      {"ftp://x/", "expected https"},
      {"relative/path", "expected https"},
      {with_user.c_str(), "user information"},
      {"http://127.1/x", "no registry host"},
      {"/a b", "found a blank"},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.location);
    Serve([&c](const SeenRequest&) { return HttpReply(307, "", "Location: " + std::string(c.location) + "\r\n"); });
    EXPECT_THAT(Blob(), HasSubstr(c.message));
    EXPECT_EQ(server->Seen().size(), 1U);
  }
  EXPECT_THAT(victim.Seen(), IsEmpty());
}

TEST_F(RegistryClientTest, ARedirectToAnAllowedHostCarriesNoAuthorization) {
  ScriptedServer store([](const SeenRequest&) { return HttpReply(200, kBody); });
  server = std::make_unique<ScriptedServer>([&store](const SeenRequest& request) {
    if (request.Header("Authorization").empty()) return HttpReply(401, "", "WWW-Authenticate: Basic realm=r\r\n");
    return HttpReply(307, "", "Location: http://" + store.At("store.test") + "/blob\r\n");
  });
  host = server->At("registry.test");
  RegistrySettings settings = World::Plain(host);
  settings.extra_hosts = {store.At("store.test")};
  world.Start({settings});
  EXPECT_EQ(Said(world.Open(host, DockerConfigFor(host))->GetBlob(kDigest, 100)), kBody);
  ASSERT_EQ(store.Seen().size(), 1U);
  EXPECT_EQ(store.Seen()[0].Header("Authorization"), "");
  EXPECT_EQ(store.Seen()[0].Header("Host"), store.At("store.test"));
}

TEST_F(RegistryClientTest, NoAuthorizationAfterAWayThroughAnotherHost) {
  std::string back;
  ScriptedServer store([&back](const SeenRequest&) { return HttpReply(307, "", "Location: " + back + "\r\n"); });
  server = std::make_unique<ScriptedServer>([&store](const SeenRequest& request) {
    if (request.target == "/back") return HttpReply(200, kBody);
    if (request.Header("Authorization").empty()) return HttpReply(401, "", "WWW-Authenticate: Basic realm=r\r\n");
    return HttpReply(307, "", "Location: http://" + store.At("store.test") + "/blob\r\n");
  });
  host = server->At("registry.test");
  back = "http://" + host + "/back";
  RegistrySettings settings = World::Plain(host);
  settings.extra_hosts = {store.At("*.test"), store.At("store.test")};
  world.Start({settings});
  EXPECT_EQ(Said(world.Open(host, DockerConfigFor(host))->GetBlob(kDigest, 100)), kBody);
  EXPECT_EQ(server->Seen().back().Header("Authorization"), "");
}

TEST_F(RegistryClientTest, A401OfAnotherHostIsNoChallengeForUs) {
  ScriptedServer store([](const SeenRequest&) { return HttpReply(401, "", "WWW-Authenticate: Basic realm=r\r\n"); });
  server = std::make_unique<ScriptedServer>(
      [&store](const SeenRequest&) { return HttpReply(307, "", "Location: http://" + store.At("store.test") + "/blob\r\n"); });
  host = server->At("registry.test");
  RegistrySettings settings = World::Plain(host);
  settings.extra_hosts = {store.At("store.test")};
  world.Start({settings});
  EXPECT_THAT(Said(world.Open(host, DockerConfigFor(host))->GetBlob(kDigest, 100)), HasSubstr("401 Unauthorized"));
  EXPECT_EQ(store.Seen().size(), 1U);
  EXPECT_EQ(store.Seen()[0].Header("Authorization"), "");
}

// ---- the allow list and addresses

TEST_F(RegistryClientTest, RegistriesOffTheListAreNotAsked) {
  Serve([](const SeenRequest&) { return HttpReply(200); });
  for (const std::string& name :
       {std::string("evil.test/acme/app"), std::string("registry.test/acme/app"), std::string("nginx"), server->At("127.0.0.1") + "/x"}) {
    SCOPED_TRACE(name);
    const auto source = world.client->Open(*ParseImageReference(name), {});
    ASSERT_FALSE(source.ok());
    EXPECT_THAT(source.error().message, HasSubstr("is not on the list of registries"));
  }
  EXPECT_THAT(server->Seen(), IsEmpty());
}

TEST_F(RegistryClientTest, NamesThatLeadToInternalAddressesAreRefused) {
  Serve([](const SeenRequest&) { return HttpReply(200, kBody, kType); });
  world.Start({{.host = host, .scheme = Scheme::kHttp}});
  EXPECT_THAT(Manifest(), HasSubstr("leads to the internal address 127.0.0.1, which is refused"));
  world.addresses["registry.test"] = "169.254.169.254";
  EXPECT_THAT(Manifest(), HasSubstr("leads to the internal address 169.254.169.254"));
  EXPECT_THAT(server->Seen(), IsEmpty());
}

TEST_F(RegistryClientTest, AddressesThatTheListNamesAreMeantSo) {
  Serve([](const SeenRequest&) { return HttpReply(200, kBody, kType); });
  for (const std::string name : {"127.0.0.1", "localhost"}) {
    host = server->At(name);
    world.Start({{.host = host, .scheme = Scheme::kHttp}});
    EXPECT_EQ(Manifest(), kBody);
  }
}

TEST(RegistryTable, SaysWhatIsWrong) {
  struct Case {
    std::vector<RegistrySettings> settings;
    const char* message;
  };
  const Case cases[] = {
      {{{.host = "a b"}}, "registry `a b`: "},
      {{{.host = "https://a.io"}}, "registry `https://a.io`: "},
      {{{.host = "a.io"}, {.host = "A.io:443"}}, "is listed twice"},
      {{{.host = "a.io", .mirrors = {"b.io"}}}, "the mirror `b.io` is no registry of the list"},
      {{{.host = "a.io", .mirrors = {"a.io"}}}, "is its own mirror"},
      {{{.host = "a.io", .extra_hosts = {"*"}}}, "no registry host"},
      {{{.host = "a.io", .extra_hosts = {"*.*.io"}}}, "no registry host"},
      {{{.host = "a.io", .ca_pem = "hello"}}, "the authorities of registry `a.io` are not PEM certificates"},
  };
  for (const Case& c : cases) {
    const Result<RegistryTable> table = RegistryTable::Create(c.settings);
    ASSERT_FALSE(table.ok()) << c.message;
    EXPECT_THAT(table.error().message, HasSubstr(c.message));
  }
}

TEST(RegistryTable, AllowsWhatItNames) {
  const Result<RegistryTable> table = RegistryTable::Create({{.host = "a.io", .extra_hosts = {"auth.a.io", "cdn.a.io:8443", "*.blob.a.io"}},
                                                             {.host = "plain:5000", .extra_hosts = {"auth.plain"}, .scheme = Scheme::kHttp},
                                                             KnownRegistry("docker.io")});
  ASSERT_TRUE(table.ok()) << table.error().message;
  const auto allows = [&table](const char* registry, const std::string& url) {
    return table->TryFind(*ParseHostPort(registry))->Allows(ParseUrl(url)->endpoint);
  };
  EXPECT_TRUE(allows("a.io", "https://a.io/"));
  EXPECT_TRUE(allows("a.io", "https://auth.a.io/"));
  EXPECT_TRUE(allows("a.io", "https://cdn.a.io:8443/"));
  EXPECT_TRUE(allows("a.io", "https://x.blob.a.io/"));
  EXPECT_FALSE(allows("a.io", "https://x.y.blob.a.io/"));
  EXPECT_FALSE(allows("a.io", "https://blob.a.io/"));
  EXPECT_FALSE(allows("a.io", "https://cdn.a.io/"));
  EXPECT_FALSE(allows("a.io", "https://a.io:8443/"));
  EXPECT_FALSE(allows("a.io", "http://a.io/"));
  EXPECT_FALSE(allows("a.io", "http://auth.a.io/"));
  EXPECT_FALSE(allows("a.io", "https://plain:5000/"));
  EXPECT_FALSE(allows("a.io", "https://a.io.evil.test/"));
  EXPECT_TRUE(allows("plain:5000", "http://plain:5000/"));
  EXPECT_TRUE(allows("plain:5000", "https://plain:5000/"));
  EXPECT_TRUE(allows("plain:5000", "http://auth.plain/"));
  EXPECT_TRUE(allows("plain:5000", "https://auth.plain/"));
  EXPECT_FALSE(allows("plain:5000", "http://plain/"));
  EXPECT_TRUE(allows("docker.io", "https://registry-1.docker.io/"));
  EXPECT_TRUE(allows("docker.io", "https://auth.docker.io/"));
  EXPECT_FALSE(allows("docker.io", "https://docker.io/"));
}

}  // namespace
}  // namespace writ::image
