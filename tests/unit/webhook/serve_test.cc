// `writ serve` whole: policies on disk, a socket, reloads and the end.
#include "webhook/serve.h"

#include <atomic>
#include <csignal>
#include <future>
#include <mutex>
#include <sstream>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>
#include <nlohmann/json.hpp>

#include "tests/support/image_facts_fixture.h"
#include "tests/support/scripted_server.h"
#include "tests/unit/webhook/test_client.h"

namespace writ::server {
namespace {

using nlohmann::json;
using std::chrono::milliseconds;
using test::Client;
using test::Eventually;
using test::TempFolder;
using test::WriteFile;
using testing::HasSubstr;

constexpr std::string_view kPing = R"({"server":"s","tool":"ping","principal":{"id":"a"}})";

std::string Policy(std::string_view rule) { return "package test\npolicy p for tools on server \"s\" { " + std::string(rule) + " }\n"; }

class ServeTest : public testing::Test {
 protected:
  void SetUp() override { WriteFile(folder_ / "a.writ", Policy("allow ping")); }
  ServeOptions Options() {
    ServeOptions options{.policies = {.paths = {folder_.path()}}, .listen = "127.0.0.1:0", .transport = http::Transport::kPlain};
    options.watch = true;
    options.watch_debounce = milliseconds(5);
    options.settle = milliseconds(5);
    options.drain = milliseconds(2'000);
    options.drain_quiet = milliseconds(20);
    options.log_sink = [this](std::string_view line) {
      const std::lock_guard lock(mutex_);
      log_ += line;
    };
    return options;
  }
  std::unique_ptr<Service> MustStart(const ServeOptions& options) {
    Result<std::unique_ptr<Service>> service = Service::Start(options);
    if (!service) ADD_FAILURE() << service.error().message;
    return service ? std::move(*service) : nullptr;
  }
  std::string log() {
    const std::lock_guard lock(mutex_);
    return log_;
  }

  TempFolder folder_;
  std::mutex mutex_;
  std::string log_;
};

std::string EffectOf(std::uint16_t port) {
  const test::Reply reply = Client(port).Call("POST", "/v1/decide", kPing);
  return reply.status == 200 ? json::parse(reply.body)["effect"].get<std::string>() : std::to_string(reply.status);
}

TEST_F(ServeTest, ReloadsWhatChangesAndKeepsTheOldWhenItIsBroken) {
  const auto service = MustStart(Options());
  ASSERT_NE(nullptr, service);
  const std::uint16_t port = service->ready().port;
  EXPECT_EQ(1U, service->ready().policy_count);
  EXPECT_EQ("allow", EffectOf(port));
  WriteFile(folder_ / "a.writ", Policy("allow pong"));
  EXPECT_TRUE(Eventually([&] { return EffectOf(port) == "deny"; }));
  WriteFile(folder_ / "a.writ", Policy("allow when"));
  EXPECT_TRUE(Eventually([&] { return json::parse(Client(port).Call("GET", "/readyz").body)["policies"]["stale"] == true; }));
  EXPECT_EQ("deny", EffectOf(port));
  EXPECT_THAT(log(), HasSubstr("new policies refused, the old ones keep deciding"));
  EXPECT_THAT(log(), HasSubstr("a.writ:2:"));
  WriteFile(folder_ / "a.writ", Policy("allow ping"));
  EXPECT_TRUE(Eventually([&] { return EffectOf(port) == "allow"; }));
  EXPECT_EQ(false, json::parse(Client(port).Call("GET", "/readyz").body)["policies"]["stale"]);
  EXPECT_THAT(Client(port).Call("GET", "/metrics").body, HasSubstr("writ_reloads_total{kind=\"policies\",result=\"failed\"} 1\n"));
}

TEST_F(ServeTest, DecidesWhileReloading) {
  const auto service = MustStart(Options());
  ASSERT_NE(nullptr, service);
  std::atomic<bool> stop{false};
  std::atomic<int> odd{0};
  std::vector<std::thread> clients;
  for (int i = 0; i < 2; ++i) {
    clients.emplace_back([&] {
      Client client(service->ready().port);
      while (!stop) {
        const test::Reply reply = client.Call("POST", "/v1/decide", "[" + std::string(kPing) + "," + std::string(kPing) + "]");
        // A list is decided by one set: both the same.
        const json decisions = json::parse(reply.body, nullptr, false);
        if (reply.status != 200 || decisions.size() != 2 || decisions[0] != decisions[1]) ++odd;
      }
    });
  }
  for (int i = 0; i < 30; ++i) {
    WriteFile(folder_ / "a.writ", Policy(i % 2 == 0 ? "allow pong" : "allow ping"));
    EXPECT_TRUE(service->Reload());
  }
  stop = true;
  for (std::thread& client : clients) client.join();
  EXPECT_EQ(0, odd);
}

TEST_F(ServeTest, ServesHealthApart) {
  ServeOptions options = Options();
  options.health_listen = "127.0.0.1:0";
  const auto service = MustStart(options);
  ASSERT_NE(nullptr, service);
  EXPECT_EQ(200, Client(service->health_port()).Call("GET", "/readyz").status);
  EXPECT_EQ(404, Client(service->health_port()).Call("POST", "/v1/decide", kPing).status);
  service->BeginDrain();
  EXPECT_EQ(503, Client(service->health_port()).Call("GET", "/readyz").status);
  EXPECT_EQ(503, Client(service->ready().port).Call("GET", "/readyz").status);
  EXPECT_EQ("allow", EffectOf(service->ready().port));
  service->Drain();
  EXPECT_FALSE(Client(service->ready().port).connected());
}

constexpr std::string_view kReview =
    R"({"apiVersion":"admission.k8s.io/v1","kind":"AdmissionReview","request":{"uid":"u","operation":"CREATE",)"
    R"("kind":{"group":"","version":"v1","kind":"Pod"},"object":{"spec":{}}}})";

TEST_F(ServeTest, ReviewsHaveAListenerOfTheirOwn) {
  ServeOptions options = Options();
  options.admission_listen = "127.0.0.1:0";
  options.health_listen = "127.0.0.1:0";
  const auto service = MustStart(options);
  ASSERT_NE(nullptr, service);
  const std::uint16_t main = service->ready().port, reviews = service->admission_port();
  EXPECT_EQ(200, Client(reviews).Call("POST", "/admission", kReview).status);
  EXPECT_EQ(404, Client(reviews).Call("POST", "/v1/decide", kPing).status);
  EXPECT_EQ(404, Client(reviews).Call("GET", "/readyz").status);
  EXPECT_EQ(404, Client(reviews).Call("GET", "/metrics").status);
  EXPECT_EQ(404, Client(main).Call("POST", "/admission", kReview).status);
  EXPECT_EQ("allow", EffectOf(main));
  EXPECT_EQ(404, Client(service->health_port()).Call("POST", "/admission", kReview).status);
  EXPECT_THAT(log(), HasSubstr("\"msg\":\"serving reviews\",\"url\":\"http://127.0.0.1:" + std::to_string(reviews)));
  // Workers of both listeners at once: each has a context of its own.
  std::vector<std::thread> clients;
  for (int i = 0; i < 4; ++i) {
    clients.emplace_back([main, reviews, i] {
      Client client(i % 2 == 0 ? main : reviews);
      for (int n = 0; n < 50; ++n) {
        const test::Reply reply = i % 2 == 0 ? client.Call("POST", "/v1/decide", kPing) : client.Call("POST", "/admission", kReview);
        EXPECT_EQ(200, reply.status);
      }
    });
  }
  for (std::thread& client : clients) client.join();
  const json state = json::parse(Client(main).Call("GET", "/readyz").body);
  EXPECT_EQ(2048, state["connections"]["max"]);
  EXPECT_FALSE(state["connections"].contains("warning"));
  service->Drain();
  EXPECT_FALSE(Client(main).connected());
  EXPECT_FALSE(Client(reviews).connected());
}

TEST_F(ServeTest, ReviewsAreNotTakenWhereCallersGiveTheNamespace) {
  WriteFile(folder_ / "a.writ",
            Policy("allow ping") + "policy n for admission of Pod { deny when namespaceObject == null because \"none\" }\n");
  const auto refused = Service::Start(Options());
  ASSERT_FALSE(refused.ok());
  EXPECT_THAT(refused.error().message, HasSubstr("a.writ:3:"));
  ServeOptions options = Options();
  options.namespace_object_given = true;
  const auto service = MustStart(options);
  ASSERT_NE(nullptr, service);
  const test::Reply reply = Client(service->ready().port).Call("POST", "/admission", kReview);
  EXPECT_EQ(404, reply.status);
  EXPECT_THAT(reply.body, HasSubstr("namespaceObject"));
  EXPECT_EQ("allow", EffectOf(service->ready().port));
}

TEST_F(ServeTest, AReloadRefusesToReadTheNamespace) {
  const auto service = MustStart(Options());
  ASSERT_NE(nullptr, service);
  WriteFile(folder_ / "a.writ", Policy("allow pong") + "policy n for admission of Pod { deny when namespaceObject == null }\n");
  EXPECT_FALSE(service->Reload());
  EXPECT_EQ("allow", EffectOf(service->ready().port));
}

TEST_F(ServeTest, SaysThatConnectionsAreShort) {
  ServeOptions options = Options();
  options.limits.max_connections = 4;
  const auto service = MustStart(options);
  ASSERT_NE(nullptr, service);
  std::vector<std::unique_ptr<Client>> silent;
  for (int i = 0; i < 8; ++i) silent.push_back(std::make_unique<Client>(service->ready().port));
  const test::Reply reply = Client(service->ready().port).Call("GET", "/readyz");
  EXPECT_EQ(200, reply.status);
  EXPECT_EQ("connections are short; the log names the peer with the most", json::parse(reply.body)["connections"]["warning"]);
  EXPECT_THAT(log(), HasSubstr("\"busiest\":\"127.0.0.1\""));
  EXPECT_THAT(Client(service->ready().port).Call("GET", "/metrics").body, HasSubstr("\nwrit_http_connections_evicted_total "));
}

// A worker that does not come back: its first log line waits until the process would have ended.
class StuckWorker {
 public:
  explicit StuckWorker(ServeOptions& options) {
    options.log_sink = [this](std::string_view line) {
      if (line.find("admission review") == std::string_view::npos) return;
      stuck_ = true;
      freed_.wait();
    };
    options.end_process = [this] {
      ended_ = true;
      free_.set_value();
    };
  }
  // Sends a review, and returns when a worker is stuck in it.
  void Stick(std::uint16_t port, Client& client) const {
    const std::string body(kReview);
    ASSERT_TRUE(client.Send("POST /admission HTTP/1.1\r\nHost: t\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body));
    EXPECT_TRUE(Eventually([this] { return stuck_.load(); }));
    // The log is taken: a request that leaves nothing in it is still answered.
    EXPECT_EQ(200, Client(port).Call("GET", "/healthz").status);
  }
  bool ended() const { return ended_; }

 private:
  std::atomic<bool> stuck_{false}, ended_{false};
  std::promise<void> free_;
  std::shared_future<void> freed_ = free_.get_future().share();
};

// Serves with a worker that is stuck, and sends one SIGTERM, or a second one once the first has begun a drain.
void ServeStuck(ServeOptions options, const StuckWorker& stuck, int signals) {
  std::ostringstream out;
  options.output = &out;
  std::thread killer;
  options.on_ready = [&](const ServeReady& ready) {
    killer = std::thread([port = ready.port, &stuck, signals] {
      Client client(port);
      stuck.Stick(port, client);
      kill(getpid(), SIGTERM);
      if (signals < 2) return static_cast<void>(client.ReadEnd());
      EXPECT_TRUE(Eventually([port] { return Client(port).Call("GET", "/readyz").status == 503; }));
      kill(getpid(), SIGTERM);
      client.ReadEnd();
    });
  };
  EXPECT_TRUE(Serve(options));
  killer.join();
}

constexpr std::string_view kDenyPods = "policy d for admission of Pod { deny because \"no\" }\n";

TEST_F(ServeTest, EndsWhateverAWorkerDoes) {
  WriteFile(folder_ / "a.writ", Policy("allow ping") + std::string(kDenyPods));
  ServeOptions options = Options();
  StuckWorker stuck(options);
  options.drain = milliseconds(50);
  ServeStuck(options, stuck, 1);
  EXPECT_TRUE(stuck.ended());
}

TEST_F(ServeTest, ASecondSignalEndsWhateverAWorkerDoes) {
  WriteFile(folder_ / "a.writ", Policy("allow ping") + std::string(kDenyPods));
  ServeOptions options = Options();
  StuckWorker stuck(options);
  options.drain = milliseconds(3'600'000);
  options.drain_quiet = milliseconds(3'600'000);
  ServeStuck(options, stuck, 2);
  EXPECT_TRUE(stuck.ended());
}

// What a registry says for a repository "app" in memory.
test::ScriptedReply AnswerAsRegistry(const test::MemoryRepository& repository, std::string_view target) {
  const auto after = [target](std::string_view prefix) { return target.starts_with(prefix) ? target.substr(prefix.size()) : ""; };
  Result<image::Fetched> fetched = image::Fetched{};
  if (const std::string_view manifest = after("/v2/app/manifests/"); !manifest.empty()) fetched = repository.GetManifest(manifest);
  if (const std::string_view blob = after("/v2/app/blobs/"); !blob.empty()) fetched = repository.GetBlob(blob, 1'000'000);
  if (!fetched || !fetched->found) return test::HttpReply(404);
  return test::HttpReply(200, fetched->bytes, "Content-Type: " + fetched->media_type + "\r\n");
}

TEST_F(ServeTest, LooksUpWhoSignedAnImage) {
  const test::TestKey key("P-256");
  test::SignedImages images;
  const std::string signed_digest = images.AddImage("1.0", "a"), bare = images.AddImage("bare", "b");
  images.Sign(signed_digest, key);
  const test::ScriptedServer registry(
      [&images](const test::SeenRequest& request) { return AnswerAsRegistry(images.repository, request.target); });
  const std::string host = "127.0.0.1:" + std::to_string(registry.port());
  WriteFile(folder_ / "release.pub", key.Pem());
  WriteFile(folder_ / "a.writ",
            "package test\nsigner release key \"release.pub\"\npolicy p for admission of Pod on create {\n"
            "  require image object.spec.image signed by release\n}\n");
  TempFolder config;
  WriteFile(config / "registries.json", R"([{"host":")" + host + R"(","plainHttp":true}])");
  ServeOptions options = Options();
  options.registries = config / "registries.json";
  const auto service = MustStart(options);
  ASSERT_NE(nullptr, service);
  const std::uint16_t port = service->ready().port;
  const auto answer = [&](const std::string& image) {
    const std::string body = R"({"target":"admission","object":{"apiVersion":"v1","kind":"Pod","metadata":{"name":"p"},"spec":{"image":")" +
                             host + "/app" + image + R"("}}})";
    return json::parse(Client(port).Call("POST", "/v1/decide?timeout=10s", body).body);
  };
  EXPECT_EQ("allow", answer("@" + signed_digest)["effect"]) << log();
  EXPECT_THAT(answer("@" + bare)["messages"].dump(), HasSubstr("is not signed by release"));
  const json by_tag = answer(":1.0");
  EXPECT_EQ("allow", by_tag["effect"]);
  EXPECT_THAT(by_tag["warnings"].dump(), HasSubstr("is a tag, which can move: pin @" + signed_digest));
  EXPECT_THAT(Client(port).Call("GET", "/metrics").body, HasSubstr("writ_image_verifications_total{outcome=\"verified\"} 2\n"));

  WriteFile(config / "registries.json", "[{}]");
  EXPECT_TRUE(Eventually([&] { return json::parse(Client(port).Call("GET", "/readyz").body)["registries"]["stale"] == true; }));
  EXPECT_EQ("allow", answer(":1.0")["effect"]) << "the old registries stay in use";
  WriteFile(config / "registries.json", R"([{"host":"a.test"}])");
  EXPECT_TRUE(Eventually([&] { return answer(":1.0")["effect"] == "deny"; }));
  EXPECT_THAT(answer(":1.0")["messages"].dump(), HasSubstr("is not known to be signed by release"));
  WriteFile(folder_ / "release.pub", "no key");
  EXPECT_TRUE(Eventually([&] { return json::parse(Client(port).Call("GET", "/readyz").body)["policies"]["stale"] == true; }));
  EXPECT_TRUE(Eventually([&] { return log().find("release.pub: ") != std::string::npos; })) << log();
}

TEST_F(ServeTest, FollowsItsCertificateFiles) {
  test::MakeCertificate(folder_.path(), {.name = "ca"});
  test::MakeCertificate(folder_.path(), {.name = "one", .issuer = "ca"});
  test::MakeCertificate(folder_.path(), {.name = "two", .issuer = "ca"});
  const auto use = [this](const std::string& name) {
    WriteFile(folder_ / "tls.crt", test::ReadFile(folder_ / (name + ".crt")));
    WriteFile(folder_ / "tls.key", test::ReadFile(folder_ / (name + ".key")));
  };
  use("one");
  ServeOptions options = Options();
  options.transport = http::Transport::kTls;
  options.tls = {.cert_file = folder_ / "tls.crt", .key_file = folder_ / "tls.key"};
  const auto service = MustStart(options);
  ASSERT_NE(nullptr, service);
  const test::ClientTls trust{.ca_file = folder_ / "ca.crt"};
  const auto subject = [&] { return Client(service->ready().port, trust).peer_subject(); };
  EXPECT_EQ("/CN=one", subject());
  use("two");
  EXPECT_TRUE(Eventually([&] { return subject() == "/CN=two"; }));
  WriteFile(folder_ / "tls.crt", "broken");
  EXPECT_TRUE(Eventually([&] { return log().find("new certificate refused") != std::string::npos; }));
  EXPECT_EQ("/CN=two", subject());
  const auto state = [&] { return json::parse(Client(service->ready().port, trust).Call("GET", "/readyz").body); };
  EXPECT_EQ(200, Client(service->ready().port, trust).Call("GET", "/readyz").status);
  EXPECT_TRUE(Eventually([&] { return state()["certificate"].contains("lastError"); }));
  EXPECT_THAT(state()["certificate"]["lastError"]["text"].get<std::string>(), HasSubstr("tls.crt: not a PEM certificate"));
  use("one");
  EXPECT_TRUE(Eventually([&] { return subject() == "/CN=one" && !state()["certificate"].contains("lastError"); }));
}

TEST_F(ServeTest, RefusesToStartOnFaults) {
  struct Case {
    std::string_view name;
    std::function<void(ServeOptions&)> spoil;
    std::string_view message;
  };
  const Case cases[] = {
      {"broken policies", [this](ServeOptions&) { WriteFile(folder_ / "a.writ", Policy("allow when")); }, "a.writ:2:"},
      {"no TLS files", [](ServeOptions& o) { o.transport = http::Transport::kTls; }, "--tls-cert and --tls-key are needed"},
      {"both", [](ServeOptions& o) { o.tls.cert_file = "x"; }, "exclude each other"},
      {"no port", [](ServeOptions& o) { o.listen = "127.0.0.1"; }, "--listen: found `127.0.0.1`, expected HOST:PORT"},
      {"a port too large", [](ServeOptions& o) { o.listen = "127.0.0.1:65536"; }, "expected HOST:PORT"},
      {"IPv6 without brackets", [](ServeOptions& o) { o.listen = "::1:80"; }, "expected HOST:PORT"},
      {"strict tags alone", [](ServeOptions& o) { o.tags = image::TagRule::kDenied; }, "--strict-tags needs --registries"},
      {"no registries", [](ServeOptions& o) { o.registries = "gone.json"; }, "gone.json: no such file"},
      {"health port", [](ServeOptions& o) { o.health_listen = "x"; }, "--health-listen"},
      {"review port", [](ServeOptions& o) { o.admission_listen = "x"; }, "--admission-listen"},
      {"reviews and a namespace",
       [](ServeOptions& o) {
         o.admission_listen = "127.0.0.1:0";
         o.namespace_object_given = true;
       },
       "--namespace-object-given and --admission-listen exclude each other"},
      {"no time", [](ServeOptions& o) { o.settle = milliseconds(-1); }, "--settle and --settle-gone must not be negative"},
      {"no threads", [](ServeOptions& o) { o.threads = 0; }, "--threads must be positive"},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.name);
    WriteFile(folder_ / "a.writ", Policy("allow ping"));
    ServeOptions options = Options();
    c.spoil(options);
    const auto service = Service::Start(options);
    ASSERT_FALSE(service.ok());
    EXPECT_THAT(service.error().message, HasSubstr(c.message));
  }
}

TEST_F(ServeTest, SaysWhereItServesAndEndsOnSigterm) {
  ServeOptions options = Options();
  std::ostringstream out;
  options.output = &out;
  // The process-wide signal goes to this thread, where Serve has blocked it; the other one exists only while it does.
  std::thread killer;
  std::string effect;
  options.on_ready = [&](const ServeReady& ready) {
    effect = EffectOf(ready.port);
    killer = std::thread([] { kill(getpid(), SIGTERM); });
  };
  EXPECT_TRUE(Serve(options));
  killer.join();
  EXPECT_EQ("allow", effect);
  EXPECT_THAT(out.str(), testing::MatchesRegex("writ: serving on http://127.0.0.1:[0-9]+ \\(1 policy, bundle sha256:[0-9a-f]+\\)\n"));
  EXPECT_THAT(log(), HasSubstr("drained"));
}

}  // namespace
}  // namespace writ::server
