// The registry client: listings of referrers, mirrors, TLS, questions asked at the same time; and the collector over it.
#include <atomic>
#include <condition_variable>
#include <mutex>
#include <string>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/gather/registry_fixture.h"
#include "tests/unit/webhook/test_client.h"
#include "webhook/image/gather/collector.h"
#include "webhook/image/registry/link_header.h"
#include "webhook/image/registry/single_flight.h"

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

const std::string kManifestHeader = "Content-Type: application/vnd.oci.image.manifest.v1+json\r\n";
const std::string kIndexHeader = "Content-Type: application/vnd.oci.image.index.v1+json\r\n";
const std::string kBody = R"({"schemaVersion":2})";
const std::string kImage = DigestOf("the image");

std::string Index(const std::vector<std::string>& names) {
  std::string entries;
  for (const std::string& name : names) {
    entries += (entries.empty() ? "" : ",") +
               (R"({"mediaType":"application/vnd.oci.image.manifest.v1+json","digest":")" + DigestOf(name) + R"(","size":1})");
  }
  return R"({"schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json","manifests":[)" + entries + "]}";
}

TEST(LinkHeader, FindsTheNextPage) {
  struct Case {
    const char *header, *next;
  };
  const Case cases[] = {
      {"", "-"},
      {"</a?n=1>; rel=\"next\"", "/a?n=1"},
      {"</a>;rel=next", "/a"},
      {"</a>; REL=\"NEXT\"", "/a"},
      {"</a>; rel=\"prev\", </b>; rel=\"next\"", "/b"},
      {"</a>; title=\"x, <y>; rel=next\"; rel=\"first next\"", "/a"},
      {"</a>; title=\"x, <y>; rel=next\"; rel=\"prev\"", "-"},
      {"</a>; rel=\"nextish\"", "-"},
      {"</a>", "-"},
      {" , </a>; crossorigin; rel=next , ", "/a"},
      {"/a; rel=next", "error"},
      {"</a; rel=next", "error"},
      {"</a>; rel=\"next", "error"},
      {"</a> </b>; rel=next", "error"},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.header);
    const Result<std::optional<std::string>> next = FindNextLink(c.header);
    EXPECT_EQ(!next ? "error" : next->value_or("-"), c.next);
  }
}

class RegistryListingTest : public OneRegistryTest {
 protected:
  // "2 complete", "absent", or the error.
  std::string Listing() {
    const Result<Referrers> listing = world.Open(host)->GetReferrers(kImage);
    if (!listing) return std::string(ErrorCodeName(listing.error().code)) + ": " + listing.error().message;
    if (!listing->found) return "absent";
    return std::to_string(listing->manifests.size()) + (listing->complete ? " complete" : " incomplete");
  }
};

TEST_F(RegistryListingTest, ReadsAllPages) {
  Serve([](const SeenRequest& request) {
    if (request.target.ends_with("page=2")) return HttpReply(200, Index({"c"}), kIndexHeader);
    return HttpReply(200, Index({"a", "b"}), kIndexHeader + "Link: </v2/acme/app/referrers/x?page=2>; rel=\"next\"\r\n");
  });
  EXPECT_EQ(Listing(), "3 complete");
  EXPECT_THAT(server->SeenTargets(), ElementsAre("/v2/acme/app/referrers/" + kImage, "/v2/acme/app/referrers/x?page=2"));
}

TEST_F(RegistryListingTest, EndlessPagesEnd) {
  Serve([](const SeenRequest& request) { return HttpReply(200, Index({request.target}), kIndexHeader + "Link: <?again>; rel=next\r\n"); });
  EXPECT_EQ(Listing(), "10 incomplete");
  EXPECT_EQ(server->Seen().size(), 10U);
}

TEST_F(RegistryListingTest, LongListingsEnd) {
  world.limits.max_descriptors = 3;
  Serve([](const SeenRequest& request) {
    return HttpReply(200, Index({request.target + "a", request.target + "b"}), kIndexHeader + "Link: <?again>; rel=next\r\n");
  });
  EXPECT_EQ(Listing(), "3 incomplete");
  EXPECT_EQ(server->Seen().size(), 2U);
}

// A server that knows no such path is not asked for each image; a registry that misses a repository is.
TEST_F(RegistryListingTest, AnAbsentApiIsRememberedForAWhile) {
  Serve([](const SeenRequest&) { return HttpReply(404, "404 page not found", "Content-Type: text/plain; charset=utf-8\r\n"); });
  EXPECT_EQ(Listing(), "absent");
  EXPECT_EQ(Listing(), "absent");
  EXPECT_EQ(server->Seen().size(), 1U);
  world.time.Sleep(std::chrono::minutes(6));
  EXPECT_EQ(Listing(), "absent");
  EXPECT_EQ(server->Seen().size(), 2U);
  Serve([](const SeenRequest&) { return HttpReply(404, R"({"errors":[{"code":"NAME_UNKNOWN"}]})", "Content-Type: application/json\r\n"); });
  EXPECT_EQ(Listing(), "absent");
  EXPECT_EQ(Listing(), "absent");
  EXPECT_EQ(server->Seen().size(), 2U);
}

// §8 case 33: what is no answer is neither "none" nor "allowed".
TEST_F(RegistryListingTest, OnlyA404IsNoApi) {
  struct Case {
    const char* name;
    ScriptedReply reply;
    const char* said;
  };
  const Case cases[] = {
      {"404", HttpReply(404, "404 page not found"), "absent"},
      {"400", HttpReply(400), "unreadable: "},
      {"401", HttpReply(401), "unreadable: "},
      {"403", HttpReply(403), "unreadable: "},
      {"405", HttpReply(405), "unreadable: "},
      {"429", HttpReply(429), "429 Too Many Requests after 3 tries"},
      {"500", HttpReply(500), "500 Internal Server Error after 3 tries"},
      {"HTML", HttpReply(200, "<html>", "Content-Type: text/html\r\n"), "invalid_argument: "},
      {"JSON that is none", HttpReply(200, "{", kIndexHeader), "invalid_argument: "},
      {"a manifest",
       HttpReply(200, R"({"schemaVersion":2,"config":{"mediaType":"x","digest":")" + kImage + R"(","size":1},"layers":[]})",
                 kManifestHeader),
       "found an image manifest, expected an index"},
      {"empty", HttpReply(200, Index({}), kIndexHeader), "0 complete"},
      {"next elsewhere", HttpReply(200, Index({}), kIndexHeader + "Link: <http://evil.test/x>; rel=next\r\n"),
       "the next page is at another host, evil.test"},
      {"next internal", HttpReply(200, Index({}), kIndexHeader + "Link: <http://169.254.169.254/x>; rel=next\r\n"),
       "another host, 169.254.169.254"},
      {"next of another scheme", HttpReply(200, Index({}), kIndexHeader + "Link: <file:///etc/passwd>; rel=next\r\n"), "the next page: "},
      {"link is garbage", HttpReply(200, Index({}), kIndexHeader + "Link: garbage\r\n"), "the header Link is outside its grammar"},
      {"truncated",
       {.bytes = "HTTP/1.1 200 OK\r\nContent-Length: 999\r\n" + kIndexHeader + "\r\n{", .then = Then::kClose},
       "the answer ended early after 3 tries"},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.name);
    Serve([&c](const SeenRequest&) { return c.reply; });
    if (std::string(c.name) == "truncated") {
      EXPECT_THAT(Listing(), HasSubstr("the answer ended early"));
    } else {
      EXPECT_THAT(Listing(), HasSubstr(c.said));
    }
  }
}

TEST_F(RegistryListingTest, AMissingLaterPageIsAnError) {
  Serve([](const SeenRequest& request) {
    if (request.target.ends_with("?2")) return HttpReply(404);
    return HttpReply(200, Index({"a"}), kIndexHeader + "Link: <?2>; rel=next\r\n");
  });
  EXPECT_THAT(Listing(), HasSubstr("a page of the listing is missing"));
}

TEST_F(RegistryListingTest, AListingThatHangsIsGivenUp) {
  world.limits.try_timeout = std::chrono::milliseconds(250);
  world.limits.max_tries = 1;
  Serve([](const SeenRequest&) { return ScriptedReply{.bytes = "", .then = Then::kHang}; });
  EXPECT_THAT(Listing(), HasSubstr("no answer in time"));
}

// The collector over the wire: a throttled listing must not become "unsigned".
TEST_F(RegistryListingTest, TheCollectorReportsWhatTheRegistryWithholds) {
  Serve(
      [](const SeenRequest& request) { return request.target.find("/referrers/") != std::string::npos ? HttpReply(429) : HttpReply(404); });
  const GatheredMaterial gathered = GatherMaterial(*world.Open(host), kImage, {.presence = ImagePresence::kKnown});
  ASSERT_EQ(gathered.faults.size(), 1U);
  EXPECT_THAT(gathered.faults[0].message, HasSubstr("429 Too Many Requests after 3 tries"));
}

// ---- mirrors

class RegistryMirrorTest : public testing::Test {
 protected:
  void Serve(ScriptedServer::Script mirror_script, ScriptedServer::Script script) {
    mirror = std::make_unique<ScriptedServer>(std::move(mirror_script));
    server = std::make_unique<ScriptedServer>(std::move(script));
    host = server->At("registry.test");
    RegistrySettings settings = World::Plain(host);
    settings.mirrors = {mirror->At("mirror.test")};
    world.Start({settings, World::Plain(mirror->At("mirror.test"))});
  }
  std::string Manifest() { return Said(world.Open(host, DockerConfigFor(host))->GetManifest("1.0")); }

  World world;
  std::unique_ptr<ScriptedServer> mirror, server;
  std::string host;
};

TEST_F(RegistryMirrorTest, TheMirrorIsAskedFirst) {
  Serve([](const SeenRequest&) { return HttpReply(200, kBody, kManifestHeader); }, [](const SeenRequest&) { return HttpReply(500); });
  EXPECT_EQ(Manifest(), kBody);
  EXPECT_THAT(server->Seen(), IsEmpty());
}

TEST_F(RegistryMirrorTest, WhatTheMirrorCannotDeliverTheRegistryDoes) {
  for (const ScriptedReply& reply :
       {HttpReply(404), HttpReply(429), HttpReply(500), HttpReply(403), HttpReply(200, "<html>", "Content-Type: text/html\r\n"),
        ScriptedReply{.bytes = "", .then = Then::kClose}}) {
    SCOPED_TRACE(reply.bytes);
    Serve([&reply](const SeenRequest&) { return reply; }, [](const SeenRequest&) { return HttpReply(200, kBody, kManifestHeader); });
    EXPECT_EQ(Manifest(), kBody);
    EXPECT_EQ(mirror->Seen().size(), 1U);
  }
}

TEST_F(RegistryMirrorTest, AbsentIsTheRegistrysWord) {
  Serve([](const SeenRequest&) { return HttpReply(404); }, [](const SeenRequest&) { return HttpReply(429); });
  EXPECT_THAT(Manifest(), HasSubstr("429"));
  Serve([](const SeenRequest&) { return HttpReply(429); }, [](const SeenRequest&) { return HttpReply(404); });
  EXPECT_EQ(Manifest(), "absent");
}

TEST_F(RegistryMirrorTest, TheRegistrysCredentialIsNotTheMirrors) {
  Serve([](const SeenRequest&) { return HttpReply(401, "", "WWW-Authenticate: Basic realm=r\r\n"); },
        [](const SeenRequest&) { return HttpReply(200, kBody, kManifestHeader); });
  EXPECT_EQ(Manifest(), kBody);
  EXPECT_EQ(mirror->Seen()[0].Header("Authorization"), "");
}

TEST_F(RegistryMirrorTest, AnEmptyListingOfTheMirrorIsNoAnswer) {
  Serve([](const SeenRequest&) { return HttpReply(200, Index({}), kIndexHeader); },
        [](const SeenRequest&) { return HttpReply(200, Index({"a"}), kIndexHeader); });
  EXPECT_EQ(world.Open(host)->GetReferrers(kImage)->manifests.size(), 1U);
}

// ---- TLS

class RegistryTlsTest : public testing::Test {
 protected:
  RegistryTlsTest() {
    test::MakeCertificate(folder.path(), {.name = "ca"});
    test::MakeCertificate(folder.path(), {.name = "server", .issuer = "ca"});
    test::MakeCertificate(folder.path(), {.name = "other"});
  }
  void Serve(ScriptedServer::Script script, const std::string& certificate = "server") {
    server = std::make_unique<ScriptedServer>(std::move(script),
                                              test::ServerTls{folder / (certificate + ".crt"), folder / (certificate + ".key")});
  }
  std::string Manifest(const std::string& name, const std::string& authority) {
    world.limits.max_tries = 1;
    world.Start({{.host = server->At(name),
                  .internal_addresses = InternalAddresses::kAllowed,
                  .ca_pem = authority.empty() ? "" : test::ReadFile(folder / (authority + ".crt"))}});
    return Said(world.Open(server->At(name))->GetManifest("1.0"));
  }

  World world;
  test::TempFolder folder;
  std::unique_ptr<ScriptedServer> server;
};

TEST_F(RegistryTlsTest, TrustsTheAuthorityThatIsConfigured) {
  Serve([](const SeenRequest&) { return HttpReply(200, kBody, kManifestHeader); });
  EXPECT_EQ(Manifest("localhost", "ca"), kBody);
  EXPECT_EQ(Manifest("127.0.0.1", "ca"), kBody);
}

TEST_F(RegistryTlsTest, RefusesOtherCertificates) {
  Serve([](const SeenRequest&) { return HttpReply(200, kBody, kManifestHeader); });
  EXPECT_THAT(Manifest("localhost", "other"), HasSubstr("the certificate is refused: "));
  EXPECT_THAT(Manifest("localhost", ""), HasSubstr("the certificate is refused: "));
  EXPECT_THAT(Manifest("registry.test", "ca"), HasSubstr("the certificate is refused: hostname mismatch"));
  EXPECT_THAT(server->Seen(), IsEmpty());
}

TEST_F(RegistryTlsTest, ARedirectToPlainHttpIsRefused) {
  ScriptedServer plain([](const SeenRequest&) { return HttpReply(200, kBody, kManifestHeader); });
  Serve([&plain](const SeenRequest&) { return HttpReply(307, "", "Location: http://" + plain.At("localhost") + "/x\r\n"); });
  EXPECT_THAT(Manifest("localhost", "ca"), HasSubstr("a redirect from https to http is not followed"));
  EXPECT_THAT(plain.Seen(), IsEmpty());
}

TEST_F(RegistryTlsTest, ARealmWithoutTlsIsRefused) {
  ScriptedServer plain([](const SeenRequest&) { return HttpReply(200, R"({"token":"t"})"); });
  Serve([&plain](const SeenRequest&) {
    return HttpReply(401, "", "WWW-Authenticate: Bearer realm=\"http://" + plain.At("localhost") + "/token\"\r\n");
  });
  EXPECT_THAT(Manifest("localhost", "ca"), HasSubstr("is not among the hosts of registry"));
  EXPECT_THAT(plain.Seen(), IsEmpty());
}

TEST(RegistryTls, APlainServerIsNoTlsServer) {
  ScriptedServer plain([](const SeenRequest&) { return HttpReply(200); });
  World world;
  world.limits.max_tries = 1;
  world.limits.try_timeout = std::chrono::milliseconds(250);
  world.Start({{.host = plain.At("localhost")}});
  EXPECT_THAT(Said(world.Open(plain.At("localhost"))->GetManifest("1.0")), HasSubstr("no TLS connection"));
}

// ---- at the same time

TEST(RegistryConcurrency, EqualQuestionsAreAskedOnce) {
  constexpr int kCallers = 16;
  std::mutex mutex;
  std::condition_variable changed;
  bool may_answer = false;
  ScriptedServer server([&](const SeenRequest&) {
    std::unique_lock lock(mutex);
    changed.wait(lock, [&] { return may_answer; });
    return HttpReply(200, kBody, kManifestHeader);
  });
  World world;
  const std::string host = server.At("registry.test");
  world.Start({World::Plain(host)});
  std::atomic<int> good{0};
  std::atomic<int> started{0};
  {
    std::vector<std::jthread> callers;
    for (int i = 0; i < kCallers; ++i) {
      callers.emplace_back([&] {
        const auto source = world.Open(host);
        ++started;
        if (Said(source->GetManifest("1.0")) == kBody) ++good;
      });
    }
    ASSERT_TRUE(server.WaitForRequests(1));
    while (started < kCallers) std::this_thread::yield();
    for (int i = 0; i < 1000; ++i) std::this_thread::yield();
    const std::lock_guard lock(mutex);
    may_answer = true;
    changed.notify_all();
  }
  EXPECT_EQ(good, kCallers);
  EXPECT_LT(server.Seen().size(), std::size_t{kCallers});  // a caller may come too late for the flight; not all do
}

TEST(RegistryConcurrency, AtMostEightConnectionsAHost) {
  std::atomic<int> now{0}, most{0};
  ScriptedServer server([&](const SeenRequest&) {
    const int running = ++now;
    for (int seen = most; running > seen && !most.compare_exchange_weak(seen, running);) {}
    for (int i = 0; i < 200; ++i) std::this_thread::yield();
    --now;
    return HttpReply(200, kBody, kManifestHeader);
  });
  World world;
  const std::string host = server.At("registry.test");
  world.Start({World::Plain(host)});
  {
    std::vector<std::jthread> callers;
    for (int i = 0; i < 24; ++i)
      callers.emplace_back([&, i] { EXPECT_EQ(Said(world.Open(host)->GetManifest("t" + std::to_string(i))), kBody); });
  }
  EXPECT_EQ(server.Seen().size(), 24U);
  EXPECT_LE(most, 8);
  EXPECT_LE(world.client->counters().connections, 8U);
}

TEST(SingleFlight, AFollowerWithMoreTimeDoesTheWorkItself) {
  SingleFlight<int> flights;
  const auto now = std::chrono::steady_clock::now();
  std::atomic<bool> is_flying{false}, may_land{false};
  std::jthread leader([&] {
    const Result<int> result = flights.Run("k", now + std::chrono::seconds(1), std::chrono::seconds(20), [&]() -> Result<int> {
      is_flying = true;
      while (!may_land) std::this_thread::yield();
      return Error{ErrorCode::kUnreadable, "out of time"};
    });
    EXPECT_FALSE(result.ok());
  });
  while (!is_flying) std::this_thread::yield();
  std::jthread follower([&] {
    const Result<int> result = flights.Run("k", now + std::chrono::seconds(9), std::chrono::seconds(20), []() -> Result<int> { return 7; });
    EXPECT_EQ(result.ok() ? *result : 0, 7);
  });
  may_land = true;
}

}  // namespace
}  // namespace writ::image
