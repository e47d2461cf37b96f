// What decisions tell: rules that failed say so, lists and texts are bounded, names are told apart.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "dsl/compiler.h"
#include "rules/bundle/bundle.h"
#include "tests/support/decide_harness.h"

namespace writ {
namespace {

using nlohmann::json;
using test::DecideHarness;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

std::size_t TextBytes(const Decision& decision) {
  std::size_t bytes = 0;
  for (const std::string& text : decision.messages) bytes += text.size();
  for (const std::string& text : decision.warnings) bytes += text.size();
  for (const DecisionError& error : decision.errors) bytes += error.text.size();
  for (const auto& [name, text] : decision.notes) bytes += text.size();
  return bytes;
}

std::string Repeated(std::size_t count, const std::function<std::string(std::size_t)>& line) {
  std::string text;
  for (std::size_t i = 0; i < count; ++i) text += line(i);
  return text;
}

// A set of several files, each a package of its own.
std::shared_ptr<const PolicySet> Compile(std::vector<SourceFile> files) {
  dsl::Compilation compiled = dsl::CompilePolicies(std::move(files));
  EXPECT_TRUE(compiled.program.has_value());
  return *PolicySet::Load(WriteBundle(*compiled.program), {});
}

// ---- rules that failed ----------------------------------------------------------------------------------------------

TEST(FailedRules, SayThatTheyFailedAndNotTheirMessage) {
  DecideHarness harness(R"(package p
policy pay for tools on server "s" {
  allow *
  deny refund when args.amount > 500 because "{args.amount} is more than 500"
  deny echo when principal.claims.agent == "a1" because "no echo for a1"
  deny level when args.level > 3
  limit lim to 5 per 1h by args.acct
  limit lim2 to 5 per 1h by args.acct because "too many for {args.acct}"
})");
  struct Case {
    const char* request;
    const char* message;
  };
  constexpr Case kCases[] = {
      {R"({"server": "s", "tool": "refund", "args": {"amount": "5"}})",
       "could not be decided: no matching overload: string > int: convert with int(…) (pay.r2)"},
      {R"({"server": "s", "tool": "refund", "args": {}})", "could not be decided: no such key: amount (pay.r2)"},
      {R"({"server": "s", "tool": "refund", "args": {"amount": 501}})", "501 is more than 500"},
      {R"({"server": "s", "tool": "echo"})", "could not be decided: no such key: agent (pay.r3)"},
      {R"({"server": "s", "tool": "level"})", "could not be decided: no such key: level (pay.r4)"},
      {R"({"server": "s", "tool": "lim", "args": {}})", "could not be decided: no such key: acct (pay.r5)"},
      {R"({"server": "s", "tool": "lim2", "args": {}})", "could not be decided: no such key: acct (pay.r6)"},
  };
  for (const Case& c : kCases) {
    SCOPED_TRACE(c.request);
    const Decision decision = harness.Decide(c.request);
    EXPECT_EQ(decision.effect, Effect::kDeny);
    EXPECT_EQ(decision.reason, Reason::kRule);
    EXPECT_THAT(decision.messages, ElementsAre(c.message));
    ASSERT_EQ(decision.message_sources.size(), 1U);
    EXPECT_EQ(decision.message_sources[0].failed(), std::string_view(c.message).starts_with("could not"));
  }
}

TEST(FailedRules, OfOneCauseAreOneMessageBehindThoseThatHeld) {
  DecideHarness harness(R"(package p
policy q for tools on server "s" {
  allow *
  deny * when args.a > 1 because "a"
  deny * when args.b > 1 because "b"
  deny * when args.a > 2 because "a2"
  deny * when args.x == 1 because "x is 1"
}
policy w for tools on server "s" in warn mode {
  deny * when args.b > 7 because "warned"
  deny * when args.x == 1 because "x warned"
  deny * when args.b > 8 because "warned"
})");
  const Decision decision = harness.Decide(R"({"server": "s", "tool": "t", "args": {"x": 1}})");
  EXPECT_THAT(decision.messages, ElementsAre("x is 1", "2 rules could not be decided: no such key: a (q.r2, q.r4)",
                                             "could not be decided: no such key: b (q.r3)"));
  EXPECT_THAT(decision.warnings, ElementsAre("x warned", "2 rules could not be decided: no such key: b (w.r1, w.r3)"));
  std::vector<std::string> rules;
  for (const RuleOutcome& rule : decision.rules) rules.push_back(RuleName(rule));
  EXPECT_THAT(rules, ElementsAre("q.r5", "q.r2", "q.r3", "q.r4"));
  std::vector<std::string> errors;
  for (const DecisionError& error : decision.errors) errors.push_back(RuleName(error.rule));
  EXPECT_THAT(errors, ElementsAre("q.r2", "q.r3", "q.r4", "w.r1", "w.r3"));
  EXPECT_EQ(decision.message_sources[1].rules, 2U);
  EXPECT_TRUE(decision.warning_sources[1].failed());
}

TEST(FailedRules, OfARowDoNotTellItsValues) {
  DecideHarness harness(R"(package p
table t { card: string  m: map(string, dyn) }
policy rows for rows of t {
  allow
  mask card null
  deny when row.m[row.card] == 1 because "the card is in the map"
})");
  const Decision decision = harness.Decide(R"({"table": "t", "row": {"card": "4111", "m": {}}})");
  EXPECT_THAT(decision.messages, ElementsAre("could not be decided: no such key: (a value of the row) (rows.r3)"));
}

TEST(FailedRules, OfWarnRulesAndImagesSaySo) {
  DecideHarness harness(R"(package p
signer release key "release.pub"
policy a for admission of Pod {
  warn when object.metadata.labels.x == "1" because "x is 1"
  require image object.spec.image signed by release because "sign {object.spec.image}"
})");
  if (!harness.ok()) GTEST_FAIL();
  const Decision decision = harness.Decide(
      R"({"target": "admission", "object": {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p"}, "spec": {"image": 7}}})");
  EXPECT_THAT(decision.warnings, ElementsAre("could not be decided: no such key: labels (a.r1)"));
  ASSERT_EQ(decision.messages.size(), 1U);
  EXPECT_THAT(decision.messages[0], testing::StartsWith("could not be decided: "));
}

// ---- bounds ---------------------------------------------------------------------------------------------------------

TEST(Bounds, ManyFailuresAreOneMessageAndAHundredRules) {
  DecideHarness harness("package p\npolicy q for tools on server \"s\" {\n  allow *\n" +
                        Repeated(5'000, [](std::size_t i) { return "  deny * when args.k == " + std::to_string(i) + "\n"; }) +
                        "  deny * when args.other == 1 because \"held\"\n}\n");
  const Decision decision = harness.Decide(R"({"server": "s", "tool": "t", "args": {"other": 1}})");
  EXPECT_EQ(decision.effect, Effect::kDeny);
  EXPECT_THAT(decision.messages, ElementsAre("held", "5,000 rules could not be decided: no such key: k"));
  ASSERT_EQ(decision.rules.size(), kMaxListed);
  EXPECT_EQ(decision.rules[0].rule_id, "r5002");
  EXPECT_EQ(decision.errors.size(), kMaxListed);
  EXPECT_EQ(decision.more.rules, 4'901U);
  EXPECT_EQ(decision.more.errors, 4'900U);
  const json reply = json::parse(DecisionJson(decision));
  EXPECT_EQ(reply["more"], json({{"rules", 4901}, {"errors", 4900}}));
  EXPECT_LT(DecisionJson(decision).size(), 64U * 1024);
}

TEST(Bounds, ManyCausesAreAHundredMessages) {
  DecideHarness harness("package p\npolicy q for tools on server \"s\" {\n  allow *\n" +
                        Repeated(300, [](std::size_t i) { return "  deny * when args.k" + std::to_string(i) + " == 1\n"; }) + "}\n");
  const Decision decision = harness.Decide(R"({"server": "s", "tool": "t", "args": {}})");
  ASSERT_EQ(decision.messages.size(), kMaxListed);
  EXPECT_EQ(decision.messages[0], "could not be decided: no such key: k0 (q.r2)");
  EXPECT_EQ(decision.message_sources[99].rules, 1U);
  EXPECT_EQ(decision.more.messages, 200U);
}

TEST(Bounds, TextsOfADecisionTogether) {
  const std::string value(7'000'000, 'x');
  struct Case {
    const char* name;
    std::string rules;
  };
  const Case cases[] = {
      {"messages", Repeated(10, [](std::size_t) { return std::string("  deny * when true || args.a == 1 because \"a {args.sql} b\"\n"); })},
      {"one message of many holes",
       "  deny * when args.sql != \"\" because \"" + Repeated(200, [](std::size_t) { return std::string("{args.sql}"); }) + "\"\n"},
      {"a list in a message", "  deny * when args.sql != \"\" because \"{[args.sql, args.sql]} {args}\"\n"},
      {"many messages", Repeated(400, [](std::size_t) { return std::string("  deny * when args.sql != \"\" because \"{args.sql}\"\n"); })},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.name);
    for (const char* mode : {"", " in warn mode"}) {
      DecideHarness harness("package p\npolicy a for tools on server \"s\" { allow * }\npolicy q for tools on server \"s\"" +
                            std::string(mode) + " {\n" + c.rules + "}\n");
      ASSERT_TRUE(harness.ok());
      const Decision decision = harness.Decide(R"({"server": "s", "tool": "t", "args": {"sql": ")" + value + R"("}})");
      EXPECT_EQ(decision.effect, *mode == '\0' ? Effect::kDeny : Effect::kAllow);
      EXPECT_LE(TextBytes(decision), kMaxTextBytes);
      EXPECT_GE(TextBytes(decision), kMaxOneTextBytes - 3);  // something is told
      EXPECT_LT(DecisionJson(decision).size(), 128U * 1024);
    }
  }
}

TEST(Bounds, ShortTextsStayWholeBesideLongOnes) {
  Decision decision;
  decision.messages = {"short", std::string(100'000, 'x'), "also short"};
  decision.warnings = {std::string(100'000, 'y')};
  FitTexts(decision);
  EXPECT_EQ(decision.messages[0], "short");
  EXPECT_EQ(decision.messages[2], "also short");
  EXPECT_EQ(decision.messages[1].size(), decision.warnings[0].size());
  EXPECT_LE(TextBytes(decision), kMaxTextBytes);
  EXPECT_GT(TextBytes(decision), kMaxTextBytes - 16);
  decision.messages.assign(1'000, "m");
  FitTexts(decision);
  EXPECT_EQ(decision.messages.size(), kMaxListed);
  EXPECT_EQ(decision.more.messages, 900U);
}

TEST(Bounds, WhatExplainingShows) {
  DecideHarness harness(
      "package p\npolicy q for tools on server \"s\" {\n  allow *\n" +
      Repeated(2'000, [](std::size_t i) { return "  deny * when args.a == \"" + std::to_string(i) + "\" || args.l == [1]\n"; }) + "}\n");
  std::string list = "[0";
  for (int i = 0; i < 100'000; ++i) list += ",\"element\"";
  const Decision decision = harness.Decide(
      R"({"server": "s", "tool": "t", "args": {"a": ")" + std::string(1'000'000, 'x') + R"(", "l": )" + list + "]}}", {.explain = true});
  EXPECT_EQ(decision.effect, Effect::kAllow);
  ASSERT_FALSE(decision.explained.empty());
  std::size_t bytes = 0;
  for (const ExplainedRule& rule : decision.explained) {
    for (const auto& [path, value] : rule.reads) {
      EXPECT_LE(value.size(), kMaxOneTextBytes);
      bytes += value.size();
    }
  }
  EXPECT_LE(bytes, kMaxExplainedBytes + 4 * kMaxOneTextBytes);
  EXPECT_EQ(decision.more.explained + decision.explained.size(), 2'001U);
}

TEST(Bounds, ABadRequestIsToldShortly) {
  DecideHarness harness("package p\npolicy q for tools on server \"s\" { allow * }\n");
  const Decision decision = harness.Decide(R"({"server": "s", "tool": "t", ")" + std::string(1'000'000, 'k') + R"(": 1})");
  EXPECT_EQ(decision.reason, Reason::kBadRequest);
  EXPECT_LE(TextBytes(decision), kMaxOneTextBytes);
}

// ---- names ----------------------------------------------------------------------------------------------------------

constexpr const char* kPackage = R"(
policy slack for tools on server "s" {
  allow read
  deny t when args.x == 1
  deny f when args.y == 1
}
)";

TEST(Names, TwoPoliciesOfOneNameAreToldApart) {
  const auto policies =
      Compile({{"a.writ", std::string("package acme.fleet") + kPackage}, {"b.writ", std::string("package other") + kPackage}});
  const Engine engine(policies, SystemClock());
  Context context;
  const Decision decision = engine.DecideJson(R"({"server": "s", "tool": "t", "args": {"x": 1}})", context);
  EXPECT_THAT(decision.messages, ElementsAre("denied by acme.fleet.slack.r2", "denied by other.slack.r2"));
  const json reply = json::parse(DecisionJson(decision));
  EXPECT_EQ(reply["rules"][0]["package"], "acme.fleet");
  EXPECT_EQ(reply["rules"][0]["policy"], "slack");
  EXPECT_EQ(reply["rules"][1]["package"], "other");
  const Decision failed = engine.DecideJson(R"({"server": "s", "tool": "f"})", context);
  EXPECT_THAT(failed.messages, ElementsAre("2 rules could not be decided: no such key: y (acme.fleet.slack.r3, other.slack.r3)"));
  EXPECT_EQ(json::parse(DecisionJson(failed))["errors"][1]["package"], "other");
}

TEST(Names, AreShortWhereNobodyConfusesThem) {
  const auto policies = Compile({{"a.writ", "package acme\npolicy a for tools on server \"s\" { deny t }\n"},
                                 {"b.writ", "package acme.x\npolicy b for tools on server \"s\" { deny t }\n"}});
  Context context;
  const Decision decision = Engine(policies, SystemClock()).DecideJson(R"({"server": "s", "tool": "t"})", context);
  EXPECT_THAT(decision.messages, ElementsAre("denied by a.r1", "denied by b.r1"));
}

TEST(Shadow, ErrorsAreReported) {
  DecideHarness harness(R"(package p
policy a for tools on server "s" { allow t }
policy b for tools on server "s" in shadow mode { deny t when args.q == 1 because "shadow" }
)");
  const Decision decision = harness.Decide(R"({"server": "s", "tool": "t", "args": {}})");
  EXPECT_EQ(decision.effect, Effect::kAllow);
  EXPECT_THAT(decision.messages, IsEmpty());
  EXPECT_THAT(decision.warnings, IsEmpty());
  ASSERT_EQ(decision.errors.size(), 1U);
  EXPECT_TRUE(decision.errors[0].in_shadow);
  const json reply = json::parse(DecisionJson(decision));
  EXPECT_EQ(reply["errors"][0]["shadow"], true);
  EXPECT_EQ(reply["errors"][0]["error"], "no such key: q");
}

}  // namespace
}  // namespace writ
