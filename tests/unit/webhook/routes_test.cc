// The endpoints as functions.
#include "webhook/routes.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "tests/unit/webhook/test_client.h"
#include "webhook/decide/decide.h"
#include "webhook/telemetry/metric_list.h"

namespace writ::server {
namespace {

using http::HttpReply;
using http::HttpRequest;
using nlohmann::json;
using testing::HasSubstr;

class RoutesTest : public testing::Test {
 protected:
  void SetUp() override {
    test::WriteFile(folder_ / "a.writ",
                    "package test\npolicy p for tools on server \"s\" {\n  allow ping\n  deny boom because \"no booms\"\n}\n");
    auto opened = PolicyStore::Open({.paths = {folder_.path()}}, clock_);
    ASSERT_TRUE(opened.ok()) << opened.error().message;
    store_ = std::move(*opened);
    RouteSources sources{.store = store_.get(), .metrics = &metrics_, .logger = &logger_, .clock = &clock_};
    sources.draining = [this] { return draining_; };
    sources.certificate = [this] { return certificate_; };
    sources.certificate_fault = [this] { return certificate_fault_; };
    routes_ = std::make_unique<Routes>(sources, RouteOptions{.max_decide_list = 3});
  }
  // As the server would: the head first, then the rest.
  HttpReply Call(std::string_view method, std::string_view path, std::string_view body = "", std::string_view type = "application/json") {
    HttpRequest request{.method = method, .path = path};
    request.headers = {{"Host", "t"}, {"Content-Type", type}};
    request.deadline = std::chrono::steady_clock::now() + std::chrono::hours(1);
    if (auto reply = routes_->AnswerHead(request, listener_)) return *reply;
    request.body = body;
    HttpReply reply = routes_->Handle(request);
    while (reply.resume) reply = std::exchange(reply.resume, nullptr)(request);
    return reply;
  }

  Listener listener_{Surface::kAll, Privacy::kTls};
  test::TempFolder folder_;
  FakeClock clock_{1'790'000'000'000'000'000};
  std::string log_;
  Logger logger_{LogLevel::kInfo, clock_, [this](std::string_view line) { log_ += line; }};
  Metrics metrics_;
  bool draining_ = false;
  std::shared_ptr<const http::TlsContext> certificate_;
  std::optional<ReloadFault> certificate_fault_;
  std::unique_ptr<PolicyStore> store_;
  std::unique_ptr<Routes> routes_;
};

constexpr std::string_view kPing = R"({"server":"s","tool":"ping","principal":{"id":"a"}})";
constexpr std::string_view kBoom = R"({"server":"s","tool":"boom","principal":{"id":"a"}})";

TEST_F(RoutesTest, DecidesOne) {
  const HttpReply allowed = Call("POST", "/v1/decide", kPing);
  EXPECT_EQ(200U, allowed.status);
  EXPECT_EQ("allow", json::parse(allowed.body)["effect"]);
  const HttpReply denied = Call("POST", "/v1/decide", kBoom);
  EXPECT_EQ(200U, denied.status);
  EXPECT_EQ("deny", json::parse(denied.body)["effect"]);
  EXPECT_EQ(json::parse(R"(["no booms"])"), json::parse(denied.body)["messages"]);
  EXPECT_EQ(store_->state().digest, json::parse(denied.body)["bundle"]);
}

TEST_F(RoutesTest, IgnoresAByteOrderMark) {
  const std::string mark = "\xEF\xBB\xBF";
  EXPECT_EQ(200U, Call("POST", "/v1/decide", mark + std::string(kPing)).status);
  EXPECT_EQ(200U, Call("POST", "/v1/decide", mark + "[" + std::string(kPing) + "]").status);
  EXPECT_EQ(400U, Call("POST", "/v1/decide", mark + mark + std::string(kPing)).status);
  EXPECT_EQ(400U, Call("POST", "/v1/decide", mark).status);
}

TEST_F(RoutesTest, DecidesListsEntryByEntry) {
  const HttpReply reply =
      Call("POST", "/v1/decide", "[" + std::string(kBoom) + R"(,{"server":"s","toool":"ping"},)" + std::string(kPing) + "]");
  EXPECT_EQ(200U, reply.status);
  const json decisions = json::parse(reply.body);
  ASSERT_EQ(3U, decisions.size());
  EXPECT_EQ("deny", decisions[0]["effect"]);
  EXPECT_EQ("deny", decisions[1]["effect"]);
  EXPECT_THAT(decisions[1]["messages"].dump(), HasSubstr("toool"));
  EXPECT_EQ("allow", decisions[2]["effect"]);
  EXPECT_EQ("[]\n", Call("POST", "/v1/decide", "[]").body);
}

TEST_F(RoutesTest, EntriesBehindTheDeadlineAreDenied) {
  HttpRequest request{.method = "POST", .path = "/v1/decide"};
  const std::string body = "[" + std::string(kPing) + "," + std::string(kBoom) + "]";
  request.body = body;
  request.deadline = std::chrono::steady_clock::now() - std::chrono::hours(1);
  HttpReply reply = routes_->Handle(request);
  while (reply.resume) reply = std::exchange(reply.resume, nullptr)(request);
  EXPECT_EQ(200U, reply.status);
  const json decisions = json::parse(reply.body);
  ASSERT_EQ(2U, decisions.size());
  for (const json& decision : decisions) {
    EXPECT_EQ("deny", decision["effect"]);
    EXPECT_EQ("budget", decision["reason"]);
    EXPECT_THAT(decision["messages"].dump(), HasSubstr("within the time that the request allows"));
    EXPECT_EQ(store_->state().digest, decision["bundle"]);
  }
}

// One step at a time, as workers would: what one entry costs says nothing about the next.
TEST_F(RoutesTest, AListIsDecidedOverSeveralTurnsAndContexts) {
  test::WriteFile(folder_ / "a.writ",
                  "package test\npolicy p for tools on server \"s\" {\n  allow ping\n"
                  "  allow sync when args.ids.all(a, args.ids.filter(b, b == a).size() == 1)\n}\n");
  ASSERT_TRUE(store_->Reload());
  std::string ids;
  for (int i = 0; i < 5'000; ++i) ids += (i == 0 ? "" : ",") + std::to_string(i);
  const std::string dear = R"({"server":"s","tool":"sync","args":{"ids":[)" + ids + "]}}";
  const std::string body = "[" + dear + "," + std::string(kPing) + "," + dear + "]";
  const HttpRequest request{.method = "POST", .path = "/v1/decide", .body = body};
  const PolicyStore::Deciding deciding = store_->deciding();
  DecideSteps steps(request, *deciding.engine, {});
  Context contexts[2];
  std::optional<HttpReply> reply;
  int turns = 0;
  for (; !reply; ++turns) reply = steps.Run(contexts[turns % 2]);
  EXPECT_GE(turns, 2) << "an entry that spends its whole budget ends a turn";
  const json decisions = json::parse(reply->body);
  ASSERT_EQ(3U, decisions.size());
  EXPECT_EQ("budget", decisions[0]["reason"]);
  EXPECT_EQ("allow", decisions[1]["effect"]);
  EXPECT_EQ("budget", decisions[2]["reason"]);
  Context context;
  EXPECT_EQ(reply->body, Decide(request, *deciding.engine, context).body);
}

TEST_F(RoutesTest, OneBadEntryLeavesTheOthersAlone) {
  const std::string bad[] = {
      R"({"server":"s","tool":"ping","args":{"n":1)" + std::string(400, '0') + "}}",
      R"({"server":"s","tool":"ping","args":{"n":1e400}})",
      R"({"server":"s","tool":"ping","args":{"n":"\ud800"}})",
      "{\"server\":\"s\",\"tool\":\"ping\",\"args\":{\"n\":\"\xFF\"}}",
      R"({"server":"s","tool":"ping","args":{"n":)" + std::string(2'000, '[') + std::string(2'000, ']') + "}}",
      R"({"server":"s",})",
      "nul",
  };
  for (const std::string& entry : bad) {
    SCOPED_TRACE(entry.substr(0, 100));
    const HttpReply reply = Call("POST", "/v1/decide", "[" + entry + "," + std::string(kPing) + "]");
    EXPECT_EQ(200U, reply.status);
    const json decisions = json::parse(reply.body);
    ASSERT_EQ(2U, decisions.size());
    EXPECT_EQ("deny", decisions[0]["effect"]);
    EXPECT_EQ("bad_request", decisions[0]["reason"]);
    EXPECT_THAT(decisions[0]["messages"].dump(), HasSubstr("byte "));
    EXPECT_EQ("allow", decisions[1]["effect"]);
  }
}

TEST_F(RoutesTest, WhatIsNoRequestIsDenied) {
  struct Case {
    std::string_view name;
    std::string body;
    unsigned status;
  };
  const Case cases[] = {
      {"empty", "", 400},
      {"not JSON", "{", 400},
      {"cut list", "[" + std::string(kPing), 400},
      {"list with a comma too many", "[" + std::string(kPing) + ",]", 400},
      {"unknown member", R"({"server":"s","toool":"ping"})", 400},
      {"unknown target", R"({"target":"tea","server":"s"})", 400},
      {"duplicate key", R"({"server":"s","tool":"boom","tool":"ping","principal":{"id":"a"}})", 400},
      {"invalid UTF-8", "{\"server\":\"\xFF\",\"tool\":\"ping\"}", 400},
      {"a scalar", "7", 400},
      {"too long a list", "[{},{},{},{}]", 413},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.name);
    const HttpReply reply = Call("POST", "/v1/decide", c.body);
    EXPECT_EQ(c.status, reply.status) << reply.body;
    const json decision = json::parse(reply.body);
    EXPECT_EQ("deny", decision["effect"]);
    EXPECT_FALSE(decision["messages"].empty());
  }
}

TEST_F(RoutesTest, RefusesOtherPathsMethodsAndTypes) {
  struct Case {
    std::string_view method, path, type;
    unsigned status;
  };
  constexpr Case kCases[] = {
      {"POST", "/v1/decide/", "application/json", 404},
      {"GET", "/", "application/json", 404},
      {"GET", "/v1/decide", "application/json", 405},
      {"PUT", "/admission", "application/json", 405},
      {"POST", "/healthz", "application/json", 405},
      {"POST", "/v1/decide", "text/plain", 415},
      {"POST", "/v1/decide", "text/html", 415},
      {"POST", "/v1/decide", "application/json; charset=latin1", 415},
      {"POST", "/v1/decide", "application/json;v=1; charset=utf-16", 415},
      {"POST", "/v1/decide", "application/json; charset=utf-8; charset=utf-16", 415},
      {"POST", "/v1/decide", "application/json;charset = utf-16", 415},
      {"POST", "/v1/decide", "application/x-www-form-urlencoded; charset=latin1", 415},
      {"POST", "/v1/decide", "application/json; v=\";\\\"\"; charset=\"UTF-8\";", 200},
      {"POST", "/v1/decide", "application/json; v=\"a;charset=utf-16\"", 200},
      {"POST", "/v1/decide", "Application/JSON; charset=UTF-8", 200},
      {"POST", "/v1/decide", "application/vnd.x+json", 200},
      {"HEAD", "/healthz", "", 200},
      {"HEAD", "/readyz", "", 200},
  };
  for (const Case& c : kCases) {
    SCOPED_TRACE(c.method);
    SCOPED_TRACE(c.path);
    SCOPED_TRACE(c.type);
    EXPECT_EQ(c.status, Call(c.method, c.path, kPing, c.type).status);
  }
  EXPECT_EQ((std::pair<std::string, std::string>("Allow", "POST")), Call("GET", "/v1/decide").headers.at(0));
  HttpRequest zipped{.method = "POST", .path = "/admission"};
  zipped.headers = {{"Content-Encoding", "gzip"}};
  EXPECT_EQ(415U, routes_->AnswerHead(zipped, {Surface::kAll})->status);
  HttpRequest decide{.method = "POST", .path = "/v1/decide"};
  EXPECT_EQ(404U, routes_->AnswerHead(decide, {Surface::kHealthOnly})->status);
}

TEST_F(RoutesTest, ReadinessTellsTheState) {
  HttpReply reply = Call("GET", "/readyz");
  EXPECT_EQ(200U, reply.status);
  json state = json::parse(reply.body);
  EXPECT_EQ(store_->state().digest, state["policies"]["bundle"]);
  EXPECT_EQ(1, state["policies"]["count"]);
  EXPECT_EQ("2026-09-21T14:13:20Z", state["policies"]["loadedAt"]);
  EXPECT_EQ(false, state["policies"]["stale"]);
  test::WriteFile(folder_ / "a.writ", "package test\npolicy p for nothing { }\n");
  EXPECT_FALSE(store_->Reload());
  reply = Call("GET", "/readyz");
  EXPECT_EQ(200U, reply.status);  // the old ones decide
  state = json::parse(reply.body);
  EXPECT_EQ(true, state["policies"]["stale"]);
  EXPECT_THAT(state["policies"]["lastError"]["text"].get<std::string>(), HasSubstr("a.writ:2:"));
  draining_ = true;
  EXPECT_EQ(503U, Call("GET", "/readyz").status);
  EXPECT_EQ(200U, Call("GET", "/healthz").status);
}

TEST_F(RoutesTest, ReadinessTellsNoPolicyTextOverPlainHttp) {
  listener_ = {Surface::kHealthOnly, Privacy::kPlain};
  test::WriteFile(folder_ / "a.writ", "package test\npolicy hush for nothing { }\n");
  EXPECT_FALSE(store_->Reload());
  const std::string body = Call("GET", "/readyz").body;
  EXPECT_EQ(true, json::parse(body)["policies"]["stale"]);
  EXPECT_THAT(body, HasSubstr("the log says why"));
  EXPECT_THAT(body, testing::Not(HasSubstr("hush")));
  EXPECT_THAT(body, testing::Not(HasSubstr("a.writ")));
  test::WriteFile(
      folder_ / "a.writ",
      "package test\npolicy hush for tools on server \"s\" { allow ping when principal.groups == [\"x\"] || principal.id > principal.id }\n"
      "import data nothing\n");
  static_cast<void>(store_->Reload());
  EXPECT_THAT(Call("GET", "/readyz").body, testing::Not(HasSubstr("hush")));
}

TEST_F(RoutesTest, EachListenerServesItsOwn) {
  struct Case {
    Surface surface;
    unsigned decide, admission, health;
  };
  const Case cases[] = {{Surface::kAll, 200, 400, 200},
                        {Surface::kHealthOnly, 404, 404, 200},
                        {Surface::kAdmissionOnly, 404, 400, 404},
                        {Surface::kAllButAdmission, 200, 404, 200},
                        {Surface::kNoAdmissionAtAll, 200, 404, 200}};
  for (const Case& c : cases) {
    SCOPED_TRACE(static_cast<int>(c.surface));
    listener_.surface = c.surface;
    EXPECT_EQ(c.decide, Call("POST", "/v1/decide", kPing).status);
    EXPECT_EQ(c.admission, Call("POST", "/admission", "{}").status);
    for (const std::string_view path : {"/healthz", "/readyz", "/metrics"}) EXPECT_EQ(c.health, Call("GET", path).status) << path;
  }
  listener_.surface = Surface::kAllButAdmission;
  EXPECT_THAT(Call("POST", "/admission", "{}").body, HasSubstr("--admission-listen alone; there are POST /v1/decide, GET /healthz"));
}

TEST_F(RoutesTest, ReadinessNeedsAValidCertificate) {
  test::MakeCertificate(folder_.path(), {.name = "ca"});
  auto loaded = http::TlsContext::Load({.cert_file = folder_ / "ca.crt", .key_file = folder_ / "ca.key"});
  ASSERT_TRUE(loaded.ok());
  certificate_ = *loaded;
  clock_.Set(certificate_->not_after());
  EXPECT_EQ(200U, Call("GET", "/readyz").status);
  clock_.Advance(1);
  const HttpReply reply = Call("GET", "/readyz");
  EXPECT_EQ(503U, reply.status);
  EXPECT_EQ(false, json::parse(reply.body)["certificate"]["valid"]);
  EXPECT_FALSE(json::parse(reply.body)["certificate"].contains("lastError"));
  certificate_fault_ = ReloadFault{clock_.Now(), "tls.crt: no such file"};
  EXPECT_EQ("tls.crt: no such file", json::parse(Call("GET", "/readyz").body)["certificate"]["lastError"]["text"]);
}

TEST_F(RoutesTest, CountsAndLogsWithoutContents) {
  Call("POST", "/v1/decide", kPing);
  Call("POST", "/admission",
       R"({"apiVersion":"admission.k8s.io/v1","kind":"AdmissionReview","request":{"uid":"u","operation":"STEAL",)"
       R"("kind":{"kind":"Pod","version":"v1","group":""},"object":{"secret":"hunter2"}}})");
  metrics_.CountHttp(RouteOf("/x"), 404, std::chrono::milliseconds(1));
  const std::string text = metrics_.Text();
  EXPECT_THAT(text, HasSubstr("writ_decisions_total{effect=\"allow\",target=\"tools\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("writ_http_requests_total{code=\"404\",route=\"other\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("operation=\"other\""));
  EXPECT_THAT(text + log_, testing::Not(HasSubstr("hunter2")));
  EXPECT_THAT(text, testing::Not(HasSubstr("STEAL")));
}

TEST_F(RoutesTest, CountsCallsBeyondAFullLimit) {
  EXPECT_THAT(Call("GET", "/metrics").body, testing::Not(HasSubstr("writ_limit_overflow_total{")));
  metrics_.SetLimitOverflows({{.policy = "acme.p", .rule_id = "searches", .key = {{1, 2, 3, 4, 5, 0xff}}, .calls = 5}});
  metrics_.SetLimitOverflows({{.policy = "acme.p", .rule_id = "searches", .key = {{1, 2, 3, 4, 5, 0xff}}, .calls = 9},
                              {.policy = "acme.q", .rule_id = "r2", .key = {}, .calls = 1}});
  const std::string text = Call("GET", "/metrics").body;
  EXPECT_THAT(text, HasSubstr("writ_limit_overflow_total{key=\"0102030405ff\",policy=\"acme.p\",rule=\"searches\"} 9\n"));
  EXPECT_THAT(text, HasSubstr("writ_limit_overflow_total{key=\"\",policy=\"acme.q\",rule=\"r2\"} 1\n"));
}

TEST_F(RoutesTest, ClientsDoNotSetTheSizeOfLogLinesAndMessages) {
  const std::string long_name(1'000'000, 'n');
  struct Case {
    std::string_view name, path;
    std::string body;
    bool logged;
  };
  const std::string head = R"({"apiVersion":"admission.k8s.io/v1","kind":"AdmissionReview","request":{"uid":")" + long_name +
                           R"(","name":")" + long_name + R"(","namespace":")" + long_name + R"(",)";
  const Case cases[] = {
      {"operation", "/admission", head + R"("operation":")" + long_name + R"(","kind":{"kind":"Pod","version":"v1","group":""}}})", true},
      {"kind", "/admission", R"({"apiVersion":"v1","kind":")" + long_name + R"("})", true},
      {"version", "/admission", R"({"apiVersion":")" + long_name + R"(","kind":"AdmissionReview"})", true},
      {"member", "/v1/decide", R"({"server":"s","tool":"ping","principal":{")" + long_name + R"(":1}})", false},
      {"top member", "/v1/decide", "{\"" + long_name + "\":1}", false},
      {"target", "/v1/decide", R"({"target":")" + long_name + R"("})", false},
      {"unknown path", "/v1/decide", R"({"server":"s","tool":"ping","unknown":[")" + long_name + R"("]})", false},
      {"duplicate key", "/v1/decide", "{\"" + long_name + "\":1,\"" + long_name + "\":1}", false},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.name);
    log_.clear();
    const HttpReply reply = Call("POST", c.path, c.body);
    EXPECT_EQ(c.logged, !log_.empty());
    EXPECT_LT(log_.size(), 4'000U) << log_.substr(0, 500);
    EXPECT_TRUE(reply.status == 200 || reply.body.size() < 4'000) << reply.body.substr(0, 500);  // a review's answer has its uid
  }
  EXPECT_LT(Call("POST", "/" + long_name).body.size(), 1'000U);
  EXPECT_LT(Call("POST", "/v1/decide", "{}", long_name).body.size(), 1'000U);
}

TEST_F(RoutesTest, OnlyTheDecidingBundleIsShownInMetrics) {
  metrics_.SetPolicies("sha256:aa", 3, 0);
  metrics_.SetPolicies("sha256:bb", 4, 0);
  const std::string text = metrics_.Text();
  EXPECT_THAT(text, HasSubstr("writ_policy_info{digest=\"sha256:bb\"} 1\n"));
  EXPECT_THAT(text, testing::Not(HasSubstr("sha256:aa")));
}

// docs/server.md has a row for every metric, and no other.
TEST(MetricsDocument, ListsEveryMetric) {
  const std::string document = test::ReadFile(WRIT_SOURCE_DIR "/docs/server.md");
  for (const MetricInfo& metric : kMetrics) {
    const char* type = metric.type == MetricType::kCounter ? "counter" : metric.type == MetricType::kGauge ? "gauge" : "histogram";
    EXPECT_THAT(document,
                HasSubstr(std::string("| `") + metric.name + "` | " + type + " | " + metric.labels + " | " + metric.help + " |\n"));
  }
}

}  // namespace
}  // namespace writ::server
