// What explaining says of rules that did not hold.
#include "engine/decide/unmet.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "dsl/compiler.h"
#include "rules/build/build.h"
#include "rules/bundle/bundle.h"
#include "tests/support/decide_harness.h"

namespace writ {
namespace {

using test::DecideHarness;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

// "false let.condition (path = value, …)", two blanks further to the right for each `let`.
std::vector<std::string> Lines(const ExplainedRule& rule) {
  std::vector<std::string> lines;
  for (const UnmetCondition& part : rule.unmet) {
    std::string line(part.depth * std::size_t{2}, ' ');
    line.append(OutcomeName(part.outcome)).append(" ").append(part.let.empty() ? "" : part.let + ": ").append(part.condition);
    for (const auto& [path, value] : part.reads) line.append(" | ").append(path).append(" = ").append(value);
    lines.push_back(std::move(line));
  }
  return lines;
}

std::vector<std::string> UnmetOf(DecideHarness& harness, std::string_view request, std::string_view rule_id) {
  const Decision decision = harness.Decide(request, {.explain = true});
  for (const ExplainedRule& rule : decision.explained) {
    if (rule.rule.rule_id == rule_id) return Lines(rule);
  }
  return {"not explained"};
}

constexpr std::string_view kTools = R"(package p
let on_call = "sre" in principal.groups
let trusted = principal.verified && on_call
let tenant = principal.tenant
policy q for tools on server "s" {
  allow and when args.n < 3 && args.s == "x" && principal.verified
  allow or when args.n < 3 || args.s == "x" && principal.verified
  allow let when trusted && args.n < 3
  allow whole when on_call
  allow leaf when tenant == "acme"
  allow not when !on_call && args.n < 3
  allow scoped needs scope "admin" when args.n < 3
  allow same when args.n < 3 && (args.n < 3 || on_call)
  deny held when args.n > 3
}
)";

TEST(Unmet, FindsTheOperandsThatWereNotTrue) {
  DecideHarness harness(kTools);
  struct Case {
    const char* tool;
    const char* rule;
    std::vector<std::string> lines;
  };
  const Case cases[] = {
      {"and", "r1", {"false args.n < 3 | args.n = 5", "false principal.verified | principal.verified = false"}},
      {"or", "r2", {"false args.n < 3 | args.n = 5", "false principal.verified | principal.verified = false"}},
      {"let",
       "r3",
       {"false trusted", "  false trusted: principal.verified | principal.verified = false", "  false trusted: on_call",
        R"(    false on_call: "sre" in principal.groups | principal.groups = ["dev"])", "false args.n < 3 | args.n = 5"}},
      {"whole", "r4", {"false on_call", R"(  false on_call: "sre" in principal.groups | principal.groups = ["dev"])"}},
      {"leaf", "r5", {R"(false principal.tenant == "acme" | principal.tenant = "other")"}},
      {"not", "r6", {"false args.n < 3 | args.n = 5"}},
      {"scoped", "r7", {"false args.n < 3 | args.n = 5", R"(false "admin" in principal.scopes | principal.scopes = [])"}},
      {"same",
       "r8",
       {"false args.n < 3 | args.n = 5", "false on_call", R"(  false on_call: "sre" in principal.groups | principal.groups = ["dev"])"}},
      {"held", "r9", {}},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.tool);
    const std::string request = R"({"principal": {"tenant": "other", "groups": ["dev"]}, "server": "s", "tool": ")" + std::string(c.tool) +
                                R"(", "args": {"n": 5, "s": "x"}})";
    EXPECT_EQ(UnmetOf(harness, request, c.rule), c.lines);
  }
}

TEST(Unmet, OfAFailureIsWhatFailedUnlessSomethingWasFalse) {
  DecideHarness harness(kTools);
  EXPECT_THAT(UnmetOf(harness, R"({"principal": {"verified": true}, "server": "s", "tool": "and", "args": {"n": 1}})", "r1"),
              ElementsAre(R"(error args.s == "x" | args.s = absent)"));
  EXPECT_THAT(UnmetOf(harness, R"({"principal": {"verified": true}, "server": "s", "tool": "and", "args": {"n": 5}})", "r1"),
              ElementsAre("false args.n < 3 | args.n = 5"));
  EXPECT_THAT(
      UnmetOf(harness, R"({"principal": {"verified": true}, "server": "s", "tool": "or", "args": {"n": 5}, "unknown": ["args.s"]})", "r2"),
      ElementsAre("false args.n < 3 | args.n = 5", R"(unknown args.s == "x" | args.s = unknown)"));
}

TEST(Unmet, OfARequirementIsAllThatCouldHaveMetIt) {
  DecideHarness harness(R"(package p
policy q for admission of Pod {
  require object.a == 1 && object.b when object.n > 1 unless object.ok
}
)");
  EXPECT_THAT(
      UnmetOf(harness,
              R"({"target": "admission", "object": {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "x"},
                          "a": 1, "b": false, "n": 3, "ok": false}})",
              "r1"),
      ElementsAre("false !(object.n > 1) | object.n = 3", "false object.ok | object.ok = false", "false object.b | object.b = false"));
}

TEST(Unmet, NeverShowsWhatIsMaskedOrACredential) {
  DecideHarness harness(R"(package p
table orders {
  tenant: string
  card: string?
}
let stolen = row.card == "4000" && row.tenant == "x"
policy q for rows of orders {
  allow when row.tenant == "acme" && (stolen || row.card.startsWith("5"))
  mask card null
}
policy t for tools on server "s" {
  allow * when args.password == "x" && args.all == {"token": "y"}
}
)");
  const Decision row = harness.Decide(R"({"table": "orders", "row": {"tenant": "acme", "card": "4111-1111"}})", {.explain = true});
  EXPECT_THAT(DecisionJson(row), Not(HasSubstr("4111-1111")));
  EXPECT_THAT(Lines(row.explained[0]), ElementsAre("false stolen", "  false stolen: row.card == \"4000\" | row.card = (masked)",
                                                   "  false stolen: row.tenant == \"x\" | row.tenant = \"acme\"",
                                                   "false row.card.startsWith(\"5\") | row.card = (masked)"));
  const Decision call =
      harness.Decide(R"({"server": "s", "tool": "t", "args": {"password": "hush", "all": {"token": "quiet"}}})", {.explain = true});
  EXPECT_THAT(DecisionJson(call), Not(testing::AnyOf(HasSubstr("hush"), HasSubstr("quiet"))));
  EXPECT_THAT(Lines(call.explained[0]), ElementsAre("false args.password == \"x\" | args.password = (hidden)",
                                                    R"x(false args.all == {"token": "y"} | args.all = {"token":"(hidden)"})x"));
}

TEST(Unmet, ShowsAtMostSoManyPartsAndBytes) {
  std::string any = "args.x == 0";
  for (int i = 1; i < 100; ++i) any += " || args.x == " + std::to_string(i);
  std::string policy = "package p\npolicy q for tools on server \"s\" {\n  allow * when " + any + "\n";
  for (int i = 0; i < 120; ++i) policy += "  deny * when args.l == [" + std::to_string(i) + "] && args.l == [\"b\"]\n";
  DecideHarness harness(policy + "}\n");
  std::string list = "0";
  for (int i = 0; i < 2'000; ++i) list += ",\"element\"";
  const Decision decision = harness.Decide(R"({"server": "s", "tool": "t", "args": {"x": 500, "l": [)" + list + "]}}", {.explain = true});
  ASSERT_FALSE(decision.explained.empty());
  EXPECT_EQ(decision.explained[0].unmet.size(), kMaxUnmet);
  EXPECT_LT(decision.explained.back().unmet.size(), 2U) << "no room was left";
  std::size_t bytes = 0;
  for (const ExplainedRule& rule : decision.explained) {
    for (const UnmetCondition& part : rule.unmet) bytes += SizeOf(part);
    for (const auto& [path, value] : rule.reads) bytes += value.size();
  }
  EXPECT_LE(bytes, kMaxExplainedBytes + 4 * kMaxOneTextBytes);
}

TEST(Unmet, EndsWithTheBudgetAndChangesNoDecision) {
  const std::string request = R"({"server": "s", "tool": "t", "args": {"n": 5, "l": [1, 2, 3, 4, 5, 6, 7, 8]}})";
  const std::string_view policy = R"(package p
policy q for tools on server "s" {
  allow * when args.l.exists(x, args.l.exists(y, x + y == 100)) && args.l.all(x, args.l.all(y, x + y == 0))
  allow t when args.n == 4
  allow t when args.n == 5
}
)";
  bool has_ended_early = false;
  for (std::uint64_t steps = 50; steps < 3'000; steps += 100) {
    SCOPED_TRACE(steps);
    DecideHarness harness(policy, {}, {.max_steps = steps});
    const Decision plain = harness.Decide(request);
    Decision explained = harness.Decide(request, {.explain = true});
    const std::size_t parts = explained.explained.size() < 2 ? 0 : explained.explained[1].unmet.size();
    has_ended_early = has_ended_early || (explained.effect == Effect::kAllow && parts == 0);
    explained.explained.clear();
    explained.more.explained = 0;
    EXPECT_EQ(DecisionJson(explained), DecisionJson(plain));
  }
  EXPECT_TRUE(has_ended_early);
}

// ---- places -------------------------------------------------------------------------------------

std::string PlaceText(const ExpressionPlace& place) {
  return place.line == 0 ? "" : " " + place.file + ":" + std::to_string(place.line) + ":" + std::to_string(place.column);
}

// "false condition test.writ:3:16", and " | failed: expression test.writ:3:20".
std::vector<std::string> PlacedLines(const ExplainedRule& rule) {
  std::vector<std::string> lines;
  for (const UnmetCondition& part : rule.unmet) {
    lines.push_back(std::string(OutcomeName(part.outcome)) + " " + part.condition + PlaceText(part.place));
    if (!part.failed.empty()) lines.back() += " | failed: " + part.failed + PlaceText(part.failed_place);
  }
  return lines;
}

const std::vector<std::string> kTwoFiles = {R"(package p
let on_call = "sre" in principal.groups
let trusted =
  principal.verified
  && on_call
let ratio = args.m / args.n
fn small(n: dyn, most: int) -> bool = n < most && n > 0
)",
                                            R"(package p
policy q for tools on server "s" {
  allow let when trusted && args.n < 3
  allow fn when small(args.n, 5)
    unless args.path.startsWith("/etc")
      || args.open
  allow ratio when ratio + 1 > 2 || args.m / args.o > 1
  allow branch when (args.n > 3 ? args.a : args.b) == 1
  allow macro when args.l.all(x, x.n > args.n) && args.l.all(x, x > args.n)
  allow list when args.n in [args.a, ?args.?b.c, args.d.e]
  allow bools when !(args.n || args.o)
}
)"};

TEST(UnmetPlaces, AreThoseOfTheTexts) {
  DecideHarness harness(kTwoFiles);
  const auto placed = [&](std::string_view tool, std::string_view args) {
    const Decision decision =
        harness.Decide(R"({"server": "s", "tool": ")" + std::string(tool) + R"(", "args": )" + std::string(args) + "}", {.explain = true});
    return decision.explained.empty() ? std::vector<std::string>() : PlacedLines(decision.explained[0]);
  };
  EXPECT_THAT(placed("let", R"({"n": 5})"),
              ElementsAre("false trusted test2.writ:3:18", "false principal.verified test.writ:4:3", "false on_call test.writ:5:6",
                          R"(false "sre" in principal.groups test.writ:2:15)", "false args.n < 3 test2.writ:3:29"));
  EXPECT_THAT(placed("fn", R"({"n": 9, "path": "/etc/passwd"})"),
              ElementsAre("false args.n < 5 test.writ:7:39", R"(false !(args.path.startsWith("/etc") || args.open) test2.writ:5:12)"));
  EXPECT_THAT(placed("fn", R"({"n": 3, "path": "/home"})"),
              ElementsAre(R"(error !(args.path.startsWith("/etc") || args.open) test2.writ:5:12 | failed: args.open test2.writ:6:10)"));
  EXPECT_THAT(placed("fn", R"({"path": "/home", "open": false})"),
              ElementsAre("error args.n < 5 test.writ:7:39 | failed: args.n test2.writ:4:23",
                          "error args.n > 0 test.writ:7:51 | failed: args.n test2.writ:4:23"));
  EXPECT_THAT(placed("ratio", R"({"m": 1, "n": 0, "o": 0})"),
              ElementsAre("error ratio + 1 > 2 test2.writ:7:20 | failed: ratio test2.writ:7:20",
                          "error args.m / args.o > 1 test2.writ:7:37 | failed: args.m / args.o test2.writ:7:37"));
  EXPECT_THAT(placed("ratio", R"({"m": 1, "o": 1})"), ElementsAre("error ratio + 1 > 2 test2.writ:7:20 | failed: args.n test.writ:6:22",
                                                                  "false args.m / args.o > 1 test2.writ:7:37"));
  EXPECT_THAT(placed("branch", R"({"n": 5, "b": 1})"),
              ElementsAre("error (args.n > 3 ? args.a : args.b) == 1 test2.writ:8:22 | failed: args.a test2.writ:8:35"));
  EXPECT_THAT(placed("branch", R"({"n": 1, "a": 1})"),
              ElementsAre("error (args.n > 3 ? args.a : args.b) == 1 test2.writ:8:22 | failed: args.b test2.writ:8:44"));
  EXPECT_THAT(placed("macro", R"({"n": 1, "l": [{"m": 5}]})"),
              ElementsAre("error args.l.all(x, x.n > args.n) test2.writ:9:20", "error args.l.all(x, x > args.n) test2.writ:9:51"))
      << "what a macro repeats fails as a whole";
  EXPECT_THAT(placed("list", R"({"n": 1, "a": 2, "b": 3})"),
              ElementsAre("error args.n in [args.a, ?args.?b.?c, args.d.e] test2.writ:10:19 | failed: args.?b.?c test2.writ:10:39"));
  EXPECT_THAT(placed("bools", R"({"n": 1, "o": false})"),
              ElementsAre("error !(args.n || args.o) test2.writ:11:20 | failed: args.n test2.writ:11:22"));
}

TEST(UnmetPlaces, OfWhatFailedDeepInsideAreThoseOfAPartAbove) {
  std::string chain = "args.a";
  for (int i = 0; i < 40; ++i) chain += " + " + std::to_string(i);
  DecideHarness harness("policy q for tools on server \"s\" {\n  allow a when " + chain + " > 3\n  allow a when args.a + 1 > 3\n}\n");
  const Decision decision = harness.Decide(R"({"server": "s", "tool": "a", "args": {}})", {.explain = true});
  EXPECT_EQ(decision.explained.at(0).unmet.at(0).failed, "args.a + 0 + 1 + 2 + 3 + 4 + 5 + 6 + 7 + 8");
  EXPECT_EQ(decision.explained.at(1).unmet.at(0).failed, "args.a");
}

TEST(UnmetPlaces, StandInTheDecision) {
  DecideHarness harness(kTwoFiles);
  const std::string json = DecisionJson(harness.Decide(R"({"server": "s", "tool": "ratio", "args": {"m": 1, "o": 0}})", {.explain = true}));
  EXPECT_THAT(
      json,
      HasSubstr(R"("outcome":"error","line":7,"column":20,"failed":{"expression":"args.n","file":"test.writ","line":6,"column":22},)"));
  EXPECT_THAT(json, HasSubstr(R"("outcome":"error","line":7,"column":37,"failed":{"expression":"args.m / args.o","line":7,"column":37},)"));
}

// What a policy set of these places explains.
std::string ExplainedWith(const std::vector<PlaceByte>& places) {
  dsl::Compilation compilation = dsl::CompilePolicies({{"a", kTwoFiles[0], ""}, {"b", kTwoFiles[1], ""}});
  ProgramParts parts = PartsOf(*compilation.program);
  parts.places = places;
  const auto policies = PolicySet::Load(WriteBundle(Program(std::move(parts))), {});
  if (!policies) return policies.error().message;
  FakeClock clock(0);
  Context context;
  return DecisionJson(
      Engine(*policies, clock).DecideJson(R"({"server": "s", "tool": "ratio", "args": {"m": 1, "o": 0}})", context, {.explain = true}));
}

TEST(UnmetPlaces, AreNotToldWithoutThemOrWithBytesOfNoMeaning) {
  const std::string without = ExplainedWith({});
  EXPECT_THAT(without, HasSubstr(R"("outcome":"error","failed":{"expression":"args.n"},"reads")"));
  for (const int byte : {0x00, 0x01, 0x7F, 0x80, 0xFF}) {
    for (const std::size_t size : {1, 4, 5, 8, 60, 1'000})
      EXPECT_THAT(ExplainedWith(std::vector<PlaceByte>(size, static_cast<PlaceByte>(byte))), HasSubstr(R"("expression":"args.n")"));
  }
}

}  // namespace
}  // namespace writ
