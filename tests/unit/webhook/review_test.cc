// AdmissionReviews: the answer's parts from decisions made by hand, and whole reviews against policies.
#include "webhook/admission/review.h"

#include <cstdlib>
#include <filesystem>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "tests/unit/webhook/test_client.h"
#include "webhook/reload/policy_store.h"

namespace writ::server {
namespace {

using nlohmann::json;
using testing::HasSubstr;
using testing::MatchesRegex;

RuleOutcome RuleNamed(std::string_view policy, std::string_view id) { return {.policy = policy, .shown_policy = policy, .rule_id = id}; }

struct Violation {
  std::string_view policy, rule;
  std::string message;
};

Decision DenialOf(const std::vector<Violation>& violations) {
  Decision decision;
  decision.target = Target::kAdmission;
  decision.reason = Reason::kRule;
  for (const Violation& violation : violations) {
    decision.rules.push_back(RuleNamed(violation.policy, violation.rule));
    decision.messages.push_back(violation.message);
    decision.message_sources.push_back({decision.rules.back(), 1});
  }
  return decision;
}

TEST(ReviewAnswer, TellsEveryViolationAndItsRule) {
  EXPECT_EQ("[p.r1] pin the image", DenialMessage(DenialOf({{"p", "r1", "pin the image"}})));
  EXPECT_EQ("2 violations:\n- [p.r1] pin the image\n- [q.limits] two limits",
            DenialMessage(DenialOf({{"p", "r1", "pin the image"}, {"q", "limits", "two limits"}})));
}

TEST(ReviewAnswer, NoValueForgesALine) {
  struct Case {
    std::string_view message, line;
  };
  constexpr Case kCases[] = {
      {"pin a\n- [p.r9] all is well", "pin a - [p.r9] all is well"},
      {"a\r\nb\tc\x1b[31md\x7f", "a  b c\\u{1b}[31md\\u{7f}"},
      {"exe\u202egpj\u2066x\u2069\u200b", "exe\\u{202e}gpj\\u{2066}x\\u{2069}\\u{200b}"},
      {"a\xC2\x85"
       "b\xE2\x80\xA8"
       "c\xE2\x80\xA9"
       "d",
       "a b c d"},
      {"caf\xC3\xA9 \xE2\x82\xAC", "caf\xC3\xA9 \xE2\x82\xAC"},
  };
  for (const Case& c : kCases) {
    SCOPED_TRACE(c.line);
    const std::string message(c.message);
    EXPECT_EQ("[p.r1] " + std::string(c.line), DenialMessage(DenialOf({{"p", "r1", message}})));
    EXPECT_EQ("2 violations:\n- [p.r1] " + std::string(c.line) + "\n- [p.r2] no sse",
              DenialMessage(DenialOf({{"p", "r1", message}, {"p", "r2", "no sse"}})));
  }
}

TEST(ReviewAnswer, LongMessagesAreCutBeforeRulesAreLost) {
  const Decision decision = DenialOf({{"p", "r1", std::string(1'000, 'x')}, {"p", "r2", "short"}, {"q", "r1", std::string(1'000, 'y')}});
  struct Case {
    std::size_t max_bytes;
    std::string message;
  };
  const Case cases[] = {
      {70, "3 violations:\n- [p.r1] xxxxxxxx…\n- [p.r2] short\n- [q.r1] yyyyyyyy…"},
      {58, "3 violations:\n- [p.r1] xx…\n- [p.r2] short\n- [q.r1] yy…"},
      {52, "3 violations:\n- [p.r1] …\n- [p.r2] …\n- [q.r1] …"},
      {40, "3 violations:\n- [p.r1]\n- [p.r2]\n- [q.r1]"},
      {39, "3 violations:\n- and 3 more that do not fit here"},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.max_bytes);
    EXPECT_EQ(c.message, DenialMessage(decision, {.max_message_bytes = c.max_bytes}));
  }
  for (std::size_t max_bytes = 50; max_bytes < 200; ++max_bytes) {
    EXPECT_LE(DenialMessage(decision, {.max_message_bytes = max_bytes}).size(), max_bytes);
  }
  EXPECT_EQ("[p.r1] xxxxxxxxxx…", DenialMessage(DenialOf({{"p", "r1", std::string(100, 'x')}}), {.max_message_bytes = 20}));
}

TEST(ReviewAnswer, CountsTheRulesWhoseNamesDoNotFit) {
  EXPECT_EQ("100 violations:\n- [policy.rule]\n- [policy.rule]\n- and 98 more that do not fit here",
            DenialMessage(DenialOf(std::vector<Violation>(100, {"policy", "rule", "no"})), {.max_message_bytes = 90}));
}

TEST(ReviewAnswer, WarningsAreShortSingleLines) {
  const std::string long_text(300, 'x');
  std::string wide;
  for (int i = 0; i < 270; ++i) wide += "é";
  std::string cut_wide;
  for (int i = 0; i < 255; ++i) cut_wide += "é";
  struct Case {
    std::string warning, line;
  };
  const Case cases[] = {{"short", "short"},
                        {"two\nlines\r\n\tand a tab ", "two lines and a tab"},
                        {long_text, long_text.substr(0, 255) + "…"},
                        {long_text.substr(0, 256), long_text.substr(0, 256)},
                        {wide, cut_wide + "…"}};
  for (const Case& c : cases) EXPECT_EQ(std::vector<std::string>{c.line}, WarningLines({c.warning}));
  EXPECT_EQ(std::vector<std::string>{}, WarningLines({"\n"}));
}

TEST(ReviewAnswer, WarningsStayBelowWhatTheApiServerDrops) {
  const std::vector<std::string> lines = WarningLines(std::vector<std::string>(100, std::string(120, 'x')));
  std::size_t bytes = 0;
  for (const std::string& line : lines) bytes += line.size();
  EXPECT_LE(bytes, 4096U);
  EXPECT_EQ("… and 67 more warnings", lines.back());
}

TEST(ReviewAnswer, AnnotationsHaveValidKeys) {
  struct Case {
    std::string_view note, key;
  };
  const std::string long_name(80, 'n');
  const Case cases[] = {{"p.r1", "p.r1"}, {"a b/c", "a-b-c"}, {"-x-", "x"},
                        {"", "note"},     {"...", "note"},    {long_name, std::string_view(long_name).substr(0, 63)}};
  for (const Case& c : cases) EXPECT_EQ(c.key, AnnotationKey(c.note));
  Decision decision;
  decision.effect = Effect::kAllow;
  decision.notes = {{"a b", "1"}, {"a-b", "2"}, {"a/b", "\xFF"}};
  const json answer = json::parse(ReviewAnswer("u", decision));
  EXPECT_EQ(json::parse(R"({"a-b":"1","a-b-2":"2","a-b-3":"�"})"), answer["response"]["auditAnnotations"]);
}

TEST(ReviewAnswer, AnAllowIsShort) {
  Decision decision;
  decision.effect = Effect::kAllow;
  EXPECT_EQ(R"({"apiVersion":"admission.k8s.io/v1","kind":"AdmissionReview","response":{"uid":"u-1","allowed":true}})"
            "\n",
            ReviewAnswer("u-1", decision));
}

TEST(ReviewAnswer, WhatIsNotAnAllowIsADenial) {
  Decision decision;
  decision.effect = Effect::kConditional;
  EXPECT_THAT(ReviewAnswer("u", decision), HasSubstr(R"("allowed":false,"status":{"code":403,"reason":"Forbidden")"));
}

constexpr std::string_view kPolicy = R"(package test
policy baseline for admission of MCPServer.toolhive.stacklok.dev on create, update {
  deny when object.spec.image.endsWith(":latest") because "pin {object.spec.image}"
  deny when object.spec.transport == "sse" because "no sse"
  warn when !has(object.spec.resources) because "no resource limits"
  note "image {object.spec.image}"
}
policy namespaces for admission of Namespace on create {
  deny because "no new namespaces"
}
)";

class ReviewPolicies : public testing::Test {
 protected:
  void SetUp() override {
    test::WriteFile(folder_ / "a.writ", kPolicy);
    auto opened = PolicyStore::Open({.paths = {folder_.path()}}, SystemClock());
    ASSERT_TRUE(opened.ok()) << opened.error().message;
    store_ = std::move(*opened);
  }
  AdmissionReply Ask(std::string_view body) { return Review(body, *store_->engine(), context_); }

  test::TempFolder folder_;
  std::unique_ptr<PolicyStore> store_;
  Context context_;
};

std::string ServerReview(std::string_view image, std::string_view transport = "stdio", std::string_view more = "") {
  return std::string(R"({"apiVersion":"admission.k8s.io/v1","kind":"AdmissionReview","request":{"uid":"u-7",)") +
         R"("kind":{"group":"toolhive.stacklok.dev","version":"v1beta1","kind":"MCPServer"},)" +
         R"("resource":{"group":"toolhive.stacklok.dev","version":"v1beta1","resource":"mcpservers"},)" +
         R"("name":"s","namespace":"default","operation":"CREATE","userInfo":{"username":"dev"},)" + std::string(more) +
         R"("object":{"apiVersion":"toolhive.stacklok.dev/v1beta1","kind":"MCPServer","metadata":{"name":"s"},"spec":{"image":")" +
         std::string(image) + R"(","transport":")" + std::string(transport) + R"("}}}})";
}

// Else the message of a rule that failed would state as a fact what nobody knows.
TEST_F(ReviewPolicies, ARuleThatFailedSaysSo) {
  std::string review = ServerReview("a:latest");
  review.replace(review.find("\"transport\":\"stdio\""), 19, "\"transport\":null,\"image2\":1");
  review.replace(review.find("\"image\":\"a:latest\""), 18, "\"image\":7");
  const AdmissionReply reply = Ask(review);
  EXPECT_EQ(ReviewOutcome::kDenied, reply.outcome);
  EXPECT_THAT(reply.body,
              HasSubstr("[baseline.r1] could not be decided: no matching overload: int.endsWith(string): convert with string(…)"));
}

TEST_F(ReviewPolicies, AllowsWithWarningsAndNotes) {
  const AdmissionReply reply = Ask(ServerReview("ghcr.io/a@sha256:1"));
  EXPECT_EQ(200U, reply.status);
  EXPECT_EQ(json::parse(R"({"apiVersion":"admission.k8s.io/v1","kind":"AdmissionReview","response":{"uid":"u-7","allowed":true,
                            "warnings":["no resource limits"],"auditAnnotations":{"baseline.r4":"image ghcr.io/a@sha256:1"}}})"),
            json::parse(reply.body));
  EXPECT_EQ("MCPServer.toolhive.stacklok.dev", reply.kind);
}

TEST_F(ReviewPolicies, DeniesWithEveryMessage) {
  const AdmissionReply reply = Ask(ServerReview("a:latest", "sse", R"("dryRun":true,)"));
  EXPECT_EQ(200U, reply.status);
  EXPECT_EQ(ReviewOutcome::kDenied, reply.outcome);
  EXPECT_TRUE(reply.dry_run);
  const json response = json::parse(reply.body)["response"];
  EXPECT_EQ(false, response["allowed"]);
  EXPECT_EQ(403, response["status"]["code"]);
  EXPECT_EQ("2 violations:\n- [baseline.r1] pin a:latest\n- [baseline.r2] no sse", response["status"]["message"]);
  EXPECT_EQ(json::parse(R"(["no resource limits"])"), response["warnings"]);
  EXPECT_EQ("baseline.r1, baseline.r2", reply.rules);
  EXPECT_THAT(reply.rule_keys, MatchesRegex("[0-9a-f]{12}, [0-9a-f]{12}"));
}

TEST_F(ReviewPolicies, RefusesWhatIsNoReview) {
  struct Case {
    std::string_view name;
    std::string body;
    std::string_view message;
  };
  std::string twice = ServerReview("a");
  twice.insert(twice.find("\"uid\""), "\"uid\":\"other\",");
  const Case cases[] = {
      {"empty", "", "the body is empty"},
      {"blank", " \n", "the body is empty"},
      {"not JSON", "{\"apiVersion\":", ""},
      {"cut", ServerReview("a").substr(0, 200), ""},
      {"trailing bytes", ServerReview("a") + "x", ""},
      {"invalid UTF-8", ServerReview("\xFF"), ""},
      {"two uids", twice, "`request.uid` stands twice"},
      {"a list", "[]", "an AdmissionReview is a JSON object"},
      {"a string", "\"x\"", "an AdmissionReview is a JSON object"},
      {"another kind", R"({"apiVersion":"v1","kind":"Pod"})", "found kind `Pod`, expected `AdmissionReview`"},
      {"v1beta1", R"({"apiVersion":"admission.k8s.io/v1beta1","kind":"AdmissionReview","request":{"uid":"u"}})",
       "found apiVersion `admission.k8s.io/v1beta1`, expected `admission.k8s.io/v1`; set admissionReviewVersions"},
      {"a word that is none", R"({"apiVersion":"admission.k8s.io/v1","kind":"AdmissionReview","request":{"uid":"u","dryRun":nalse}})", ""},
      {"no request", R"({"apiVersion":"admission.k8s.io/v1","kind":"AdmissionReview"})", "has a `request`"},
      {"request is no object", R"({"apiVersion":"admission.k8s.io/v1","kind":"AdmissionReview","request":[]})",
       "`request` must be an object"},
      {"no uid", R"({"apiVersion":"admission.k8s.io/v1","kind":"AdmissionReview","request":{"operation":"CREATE"}})",
       "`request.uid` is missing"},
      {"uid is a number", R"({"apiVersion":"admission.k8s.io/v1","kind":"AdmissionReview","request":{"uid":7}})",
       "`request.uid` must be a string"},
      {"dryRun is a string", R"({"apiVersion":"admission.k8s.io/v1","kind":"AdmissionReview","request":{"uid":"u","dryRun":"no"}})",
       "`request.dryRun` must be a bool"},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.name);
    const AdmissionReply reply = Ask(c.body);
    EXPECT_EQ(400U, reply.status) << reply.body;
    EXPECT_EQ(ReviewOutcome::kFailed, reply.outcome);
    EXPECT_THAT(reply.body, HasSubstr(c.message));
    EXPECT_THAT(reply.body, testing::Not(HasSubstr("\"allowed\":true")));
    EXPECT_FALSE(reply.failure.empty());
  }
}

// Integers beyond 64 bits are doubles, as for the API server: an object is not refused for one.
TEST_F(ReviewPolicies, ReadsIntegersBeyond64Bits) {
  for (const std::string number :
       {"9223372036854775808", "-9223372036854775809", "18446744073709551616", "123456789012345678901234567890"}) {
    SCOPED_TRACE(number);
    std::string review = ServerReview("a");
    review.insert(review.find("\"spec\":{") + 8, "\"x\":" + number + ",");
    EXPECT_EQ(Ask(ServerReview("a")).outcome, Ask(review).outcome);
    EXPECT_EQ(Ask(ServerReview("a")).body, Ask(review).body);
  }
}

// A review whose object is JSON that is not read is denied, so that a failurePolicy of Ignore does not let it pass.
TEST_F(ReviewPolicies, DeniesObjectsThatCannotBeRead) {
  struct Case {
    std::string_view name;
    std::string member;  // put into the object's spec
    std::string_view message;
  };
  const Case cases[] = {
      {"too deep", "\"x\":" + std::string(200, '[') + std::string(200, ']'), "nested deeper than 100"},
      {"an integer that no double holds", "\"x\":1" + std::string(400, '0'), "out of range"},
      {"a number that no double holds", "\"x\":1e400", ""},
      {"a lone surrogate", "\"x\":\"\\ud800\"", ""},
      {"a lone surrogate, the other half", "\"x\":[\"a\\udc00b\"]", ""},
      {"a lone surrogate in a key", "\"\\ud800\":1", ""},
      {"duplicate key", "\"x\":1,\"x\":2", "duplicate key"},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.name);
    std::string review = ServerReview("a");
    review.insert(review.find("\"spec\":{") + 8, c.member + ",");
    const AdmissionReply reply = Ask(review);
    EXPECT_EQ(200U, reply.status);
    EXPECT_EQ(ReviewOutcome::kDenied, reply.outcome);
    const json response = json::parse(reply.body)["response"];
    EXPECT_EQ("u-7", response["uid"]);
    EXPECT_EQ(false, response["allowed"]);
    EXPECT_EQ(400, response["status"]["code"]);
    EXPECT_THAT(response["status"]["message"].get<std::string>(), HasSubstr(c.message));
  }
}

// The same where the head is read before the object.
TEST_F(ReviewPolicies, DeniesHeadsThatCannotBeRead) {
  for (const std::string member : {R"("name":"\ud800")", R"("x\udc00":1)", R"("namespace":"a\ud800b")", R"("options":{"a":1e999})"}) {
    SCOPED_TRACE(member);
    std::string review = ServerReview("a");
    review.insert(review.find("\"request\":{") + 11, member + ",");
    const AdmissionReply reply = Ask(review);
    EXPECT_EQ(200U, reply.status) << reply.body;
    EXPECT_EQ(ReviewOutcome::kDenied, reply.outcome);
    EXPECT_EQ("u-7", json::parse(reply.body)["response"]["uid"]);
  }
  std::string no_uid = ServerReview("a");
  no_uid.replace(no_uid.find("u-7"), 3, "\\ud800");
  EXPECT_EQ(400U, Ask(no_uid).status);
  std::string no_json = ServerReview("a");
  no_json.insert(no_json.find("\"request\":{") + 11, R"("name":"\q",)");
  EXPECT_EQ(400U, Ask(no_json).status);
}

// The fifteen reviews that a real API server sent: same uid, an answer, and the one denial that the policies ask for.
TEST_F(ReviewPolicies, AnswersRecordedReviews) {
  const char* given = std::getenv("WRIT_SHARED");
  const std::string shared = given != nullptr ? given : WRIT_SOURCE_DIR "/../shared";
  const std::filesystem::path folder = std::filesystem::path(shared) / "vectors/reviews";
  if (!std::filesystem::is_directory(folder)) GTEST_SKIP() << "skipped: no recorded reviews at " << folder;
  int reviews = 0;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    if (entry.path().extension() != ".json") continue;
    SCOPED_TRACE(entry.path().filename());
    ++reviews;
    const std::string body = test::ReadFile(entry.path().string());
    const AdmissionReply reply = Ask(body);
    ASSERT_EQ(200U, reply.status) << reply.body;
    const json answer = json::parse(reply.body);
    EXPECT_EQ(json::parse(body)["request"]["uid"], answer["response"]["uid"]);
    EXPECT_EQ(entry.path().filename() != "namespace-create.json", answer["response"]["allowed"].get<bool>()) << reply.body;
    EXPECT_EQ(json::parse(body)["request"].value("dryRun", false), reply.dry_run);
  }
  EXPECT_EQ(15, reviews);
}

}  // namespace
}  // namespace writ::server
