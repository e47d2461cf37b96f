// What a request may cost: budgets, deadlines, and answers that stay right where the way to them was made cheap.
#include <atomic>

#include <gtest/gtest.h>

#include "rules/function/context.h"
#include "tests/support/decide_harness.h"

namespace writ {
namespace {

using test::DecideHarness;
using test::DecisionText;

const auto kLongAgo = std::chrono::steady_clock::time_point(std::chrono::seconds(1));

constexpr std::string_view kLate =
    "effect: \"deny\"\nreason: \"budget\"\nmessages: [\"the decision was not made within the time that the request allows\"]\n";
constexpr std::string_view kSpent =
    "effect: \"deny\"\nreason: \"budget\"\nmessages: [\"the decision passed its budget of steps or memory\"]\n";

std::string Repeated(int count, const std::function<std::string(int)>& item) {
  std::string text;
  for (int i = 0; i < count; ++i) text += (i == 0 ? "" : ",") + item(i);
  return text;
}
std::string Quoted(const std::string& text) { return "\"" + text + "\""; }

TEST(Charge, TakesFromTheReserveWhatTheSliceLacks) {
  Arena arena;
  std::uint64_t steps_left = 10;
  FunctionContext context{arena, steps_left};
  context.reserve = 3 * kStepsPerSlice;
  EXPECT_TRUE(Charge(context, 9));
  EXPECT_EQ(steps_left, 1U);
  EXPECT_TRUE(Charge(context, 2));
  EXPECT_EQ(steps_left, kStepsPerSlice);
  EXPECT_EQ(context.reserve, 2 * kStepsPerSlice - 1);
  EXPECT_TRUE(Charge(context, 2 * kStepsPerSlice)) << "more than a slice at once";
  EXPECT_EQ(steps_left + context.reserve, kStepsPerSlice - 1);
  EXPECT_FALSE(Charge(context, kStepsPerSlice - 1)) << "nothing would be left";
  EXPECT_EQ(steps_left + context.reserve, 0U);
  EXPECT_FALSE(Charge(context, 0)) << "exhausted once is exhausted for good";
  EXPECT_FALSE(context.is_late);
}

TEST(Charge, LooksAtTheDeadlineWhenASliceIsSpent) {
  Arena arena;
  std::uint64_t steps_left = 10;
  FunctionContext context{arena, steps_left};
  context.reserve = 1'000'000;
  context.deadline.at = kLongAgo;
  EXPECT_TRUE(Charge(context, 5)) << "the hot path does not ask";
  EXPECT_FALSE(Charge(context, 5));
  EXPECT_TRUE(context.is_late);
  EXPECT_EQ(steps_left + context.reserve, 0U);
}

TEST(Charge, StopsWhenCancelled) {
  Arena arena;
  std::atomic<bool> cancelled = false;
  std::uint64_t steps_left = 10;
  FunctionContext context{arena, steps_left};
  context.reserve = 1'000'000;
  context.deadline.cancelled = &cancelled;
  EXPECT_TRUE(Charge(context, 20));
  cancelled = true;
  EXPECT_FALSE(Charge(context, kStepsPerSlice));
}

TEST(Charge, ComparisonsSpendBeyondTheirSlice) {
  Arena arena;
  const std::vector<Value> zeros(200'000, Value::Int(0));
  const Value list = Value::List(zeros.data(), 200'000);
  std::uint64_t steps_left = 10;
  FunctionContext context{arena, steps_left};
  context.reserve = 1'000'000;
  EXPECT_TRUE(EqualWithinBudget(list, list, context));
  EXPECT_EQ(steps_left + context.reserve, 1'000'010U - 200'001U);
  context.reserve = 100'000 - steps_left;
  EXPECT_FALSE(EqualWithinBudget(list, list, context));
  EXPECT_EQ(steps_left, 0U);
}

TEST(Deadline, PassedBeforeTheStartDecidesNothing) {
  DecideHarness harness("policy p for tools on server \"s\" {\n  allow a\n}\n");
  ASSERT_TRUE(harness.ok());
  const DecideOptions late{.deadline = {.at = kLongAgo}};
  EXPECT_EQ(DecisionText(harness.Decide(R"({"server": "s", "tool": "a"})", late)), kLate);
  EXPECT_EQ(harness.Decide(R"({"server": "s", "tool": "a"})").effect, Effect::kAllow) << "the next decision has its own time";
  const FieldRequest fields{Target::kTools, "s", "a", {}};
  EXPECT_EQ(DecisionText(harness.engine().DecideFields(fields, harness.context(), late)), kLate);
  EXPECT_EQ(DecisionText(harness.Decide(R"({"server": "s", "list": ["a"]})", late)), std::string(kLate) + "visible: []\n");
}

TEST(Deadline, ATargetThatAllowsByDefaultDeniesToo) {
  DecideHarness harness("policy p for admission of Pod {\n  deny when object.metadata.name == \"x\"\n}\n");
  ASSERT_TRUE(harness.ok());
  const std::string pod = R"({"target": "admission", "object": {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "ok"}}})";
  EXPECT_EQ(harness.Decide(pod).effect, Effect::kAllow);
  EXPECT_EQ(DecisionText(harness.Decide(pod, {.deadline = {.at = kLongAgo}})), kLate);
}

TEST(Deadline, CancellingStopsAnEvaluation) {
  DecideHarness harness(
      "policy p for tools on server \"s\" {\n  allow a when args.ids.all(x, args.ids.filter(y, y == x).size() == 1)\n}\n");
  ASSERT_TRUE(harness.ok());
  const std::string request =
      R"({"server": "s", "tool": "a", "args": {"ids": [)" + Repeated(500, [](int i) { return std::to_string(i); }) + "]}}";
  EXPECT_EQ(harness.Decide(request).effect, Effect::kAllow);
  const std::atomic<bool> cancelled = true;
  EXPECT_EQ(DecisionText(harness.Decide(request, {.deadline = {.cancelled = &cancelled}})), kLate);
}

// ---- facts

constexpr std::string_view kImagePolicy =
    "signer release key \"k.pub\"\npolicy p for admission of Pod {\n"
    "  require image object.spec.containers.map(c, c.image) signed by release\n}\n";

std::string PodOf(const std::string& images, const std::string& facts) {
  return R"({"target": "admission", "object": {"apiVersion": "v1", "kind": "Pod", "spec": {"containers": [)" + images +
         R"(]}}, "facts": {"images": [)" + facts + "]}}";
}
std::string Fact(const std::string& image, const std::string& rest = R"("signedBy": ["release"])") {
  return R"({"image": ")" + image + "\", " + rest + "}";
}
std::string Container(const std::string& image) { return R"({"image": ")" + image + "\"}"; }

TEST(Facts, AreFoundInAnyOrder) {
  DecideHarness harness(kImagePolicy);
  ASSERT_TRUE(harness.ok());
  const std::string facts = Fact("c") + "," + Fact("a") + "," + Fact("b", R"("refuted": ["x", "release", "a"])") + "," + Fact("ab");
  EXPECT_EQ(harness.Decide(PodOf(Container("a"), facts)).effect, Effect::kAllow);
  EXPECT_EQ(harness.Decide(PodOf(Container("c") + "," + Container("ab"), facts)).effect, Effect::kAllow);
  EXPECT_EQ(harness.Decide(PodOf(Container("a") + "," + Container("b"), facts)).effect, Effect::kDeny);
  EXPECT_EQ(harness.Decide(PodOf(Container("aa"), facts)).effect, Effect::kDeny) << "between two of them, and no fact";
  const std::string unsorted = Fact("a", R"("signedBy": ["z", "release", "b"])");
  EXPECT_EQ(harness.Decide(PodOf(Container("a"), unsorted)).effect, Effect::kAllow);
}

TEST(Facts, TheSecondAboutAnImageIsRefused) {
  DecideHarness harness(kImagePolicy);
  ASSERT_TRUE(harness.ok());
  const auto message = [&](const std::string& facts) {
    const Decision decision = harness.Decide(PodOf(Container("a"), facts));
    return decision.reason == Reason::kBadRequest ? decision.messages.at(0) : "read";
  };
  EXPECT_EQ(message(Fact("a") + "," + Fact("b") + "," + Fact("a")), "`facts.images[2]` is about an image that stands there already");
  EXPECT_EQ(message(Fact("b") + "," + Fact("a") + "," + Fact("a") + "," + Fact("b")),
            "`facts.images[2]` is about an image that stands there already")
      << "the first of several";
  EXPECT_EQ(message(Fact("a") + "," + Fact("ab") + "," + Fact("b")), "read");
  EXPECT_EQ(message(Fact("a", R"("signedBy": ["z", "b"], "refuted": ["c", "b"])")), "`facts.images[0]` says two things about signer \"b\"");
  EXPECT_EQ(message(Fact("a", R"("signedBy": ["z", "b"], "unknown": ["z"])")), "`facts.images[0]` says two things about signer \"z\"");
}

TEST(Facts, HostFactsStandBesideThoseOfTheRequest) {
  DecideHarness harness(kImagePolicy);
  ASSERT_TRUE(harness.ok());
  const std::string pod = PodOf(Container("a") + "," + Container("b") + "," + Container("z"), Fact("m") + "," + Fact("a"));
  ReadRequest& request = harness.engine().Read(pod, harness.context(), {.facts = CallerFacts::kTaken});
  for (const std::string_view image : {"z", "b"})
    EXPECT_TRUE(request.Provide({.kind = kImageFacts, .key = image, .json = R"({"signedBy": ["release"]})"}));
  EXPECT_EQ(harness.engine().Decide(request).Settle().effect, Effect::kAllow);
  EXPECT_EQ(harness.Decide(pod).effect, Effect::kDeny);
}

TEST(Facts, NeedsNameEachImageOnce) {
  DecideHarness harness(kImagePolicy);
  ASSERT_TRUE(harness.ok());
  const std::string pod = PodOf(Container("b") + "," + Container("a") + "," + Container("b") + "," + Container("c"), Fact("c"));
  ReadRequest& request = harness.engine().Read(pod, harness.context(), {.facts = CallerFacts::kTaken});
  const std::span<const Need> needs = harness.engine().FindNeeds(request);
  ASSERT_EQ(needs.size(), 2U);
  EXPECT_EQ(needs[0].kind, kImageFacts);
  EXPECT_EQ(needs[0].key, "b");
  EXPECT_EQ(needs[1].key, "a");
  EXPECT_EQ(needs[0].asks, (std::vector<Need::Ask>{{"release", ""}}));
  EXPECT_TRUE(harness.engine().FindNeeds(request).empty()) << "asked once";
  ReadRequest& told = harness.engine().Read(pod, harness.context(), {.facts = CallerFacts::kTaken});
  EXPECT_TRUE(told.Provide({.kind = kImageFacts, .key = "b", .json = "{}"}));
  ASSERT_EQ(harness.engine().FindNeeds(told).size(), 1U) << "what was told unasked is not asked for";
  EXPECT_TRUE(harness.engine().FindNeeds(told).empty());
}

TEST(Facts, AttestationsOfPartsMayBeMixed) {
  DecideHarness harness(
      "signer release key \"k.pub\"\npolicy p for admission of Pod {\n"
      "  require image object.spec.containers.map(c, c.image) attested \"https://t.example/v1\" by release where predicate.ok == "
      "true\n}\n");
  ASSERT_TRUE(harness.ok());
  const auto attested = [](const std::string& about, const std::string& ok, const std::string& by = "release") {
    return R"({"type": "https://t.example/v1", "signedBy": ["x", ")" + by + R"("], "about": ")" + about + R"(", "predicate": {"ok": )" +
           ok + "}}";
  };
  const auto effect = [&](const std::string& attestations) {
    return harness.Decide(PodOf(Container("a"), Fact("a", R"("attestations": [)" + attestations + "]"))).effect;
  };
  EXPECT_EQ(effect(attested("p", "false") + "," + attested("q", "true") + "," + attested("p", "true")), Effect::kAllow);
  EXPECT_EQ(effect(attested("p", "true") + "," + attested("q", "false") + "," + attested("p", "true")), Effect::kDeny);
  EXPECT_EQ(effect(attested("p", "true") + "," + attested("q", "true", "other")), Effect::kAllow) << "not by the signer: not asked for";
  EXPECT_EQ(effect(""), Effect::kDeny);
}

// ---- what the budget is charged for

TEST(Budget, ManyScopesAreFound) {
  DecideHarness harness("policy p for tools on server \"s\" {\n  allow a needs scope \"needle\"\n  allow b needs scope \"missing\"\n}\n");
  ASSERT_TRUE(harness.ok());
  const std::string scopes = Repeated(200, [](int i) { return Quoted(i == 117 ? "needle" : "s" + std::to_string(i)); });
  const std::string principal = R"("principal": {"scopes": [)" + scopes + "]}";
  EXPECT_EQ(harness.Decide(R"({"server": "s", "tool": "a", )" + principal + "}").effect, Effect::kAllow);
  EXPECT_EQ(harness.Decide(R"({"server": "s", "tool": "b", )" + principal + "}").reason, Reason::kScopes);
  EXPECT_EQ(DecisionText(harness.Decide(R"({"server": "s", "list": ["a", "b"], )" + principal + "}")),
            "effect: \"allow\"\nreason: \"rule\"\nvisible: [\"a\"]\n");
}

// Each of the tools looks each of the groups up.
TEST(Budget, AListingOfManyToolsWithManyGroupsIsDenied) {
  DecideHarness harness(
      "policy p for tools on server \"s\" {\n  allow t* when \"dev\" in principal.groups\n  allow x* when \"ops\" in principal.groups\n}\n",
      {}, {.max_steps = 100'000});
  ASSERT_TRUE(harness.ok());
  const auto listing = [](int tools, int groups) {
    return R"({"server": "s", "principal": {"groups": [)" + Repeated(groups, [](int i) { return Quoted("g" + std::to_string(i)); }) +
           R"(]}, "list": [)" + Repeated(tools, [](int i) { return Quoted("t" + std::to_string(i)); }) + "]}";
  };
  EXPECT_EQ(harness.Decide(listing(100, 100)).effect, Effect::kAllow);
  EXPECT_EQ(DecisionText(harness.Decide(listing(400, 400))), std::string(kSpent) + "visible: []\n");
}

TEST(Budget, LongNamesAgainstManyPatternsAreCharged) {
  std::string policy = "policy p for tools on server \"s\" {\n";
  for (int i = 0; i < 50; ++i) policy += "  allow *x*" + std::to_string(i) + "*\n";
  DecideHarness harness(policy + "}\n", {}, {.max_steps = 1'000});
  ASSERT_TRUE(harness.ok());
  EXPECT_NE(harness.Decide(R"({"server": "s", "tool": "x7"})").reason, Reason::kBudget);
  std::string name;
  while (name.size() < 250) name += "x1x2x3x4x5x6x7x8x9x10";
  EXPECT_EQ(harness.Decide(R"({"server": "s", "tool": ")" + name + "\"}").reason, Reason::kBudget);
}

TEST(Budget, RegexesAreChargedByTextAndProgram) {
  DecideHarness harness(
      "policy p for tools on server \"s\" {\n  allow a when args.t.matches(\"^[a-z]{1,200}$\")\n  allow b when args.t.matches(\"z\")\n}\n",
      {}, {.max_steps = 200'000});
  ASSERT_TRUE(harness.ok());
  const auto reason = [&](const std::string& tool, std::size_t size) {
    return harness.Decide(R"({"server": "s", "tool": ")" + tool + R"(", "args": {"t": ")" + std::string(size, 'z') + "\"}}").reason;
  };
  EXPECT_EQ(reason("a", 100), Reason::kRule);
  EXPECT_EQ(reason("a", 100'000), Reason::kBudget) << "a text of this length, a program of hundreds of instructions";
  EXPECT_EQ(reason("b", 100'000), Reason::kRule) << "the same text, a program of a few";
}

TEST(Budget, TextsForRegexesAreCapped) {
  DecideHarness harness("policy p for tools on server \"s\" {\n  allow a\n  deny a when args.t.matches(\"x\")\n}\n");
  ASSERT_TRUE(harness.ok());
  const auto decide = [&](std::size_t size) {
    return harness.Decide(R"({"server": "s", "tool": "a", "args": {"t": ")" + std::string(size, 'z') + "\"}}");
  };
  EXPECT_EQ(decide(1'048'576).effect, Effect::kAllow);
  const Decision denied = decide(1'048'577);
  EXPECT_EQ(denied.effect, Effect::kDeny);
  ASSERT_EQ(denied.errors.size(), 1U);
  EXPECT_NE(denied.errors[0].text.find("too long for `matches`"), std::string::npos) << denied.errors[0].text;
}

// A few bytes of a pattern can name a large program.
TEST(Budget, PatternsOfARequestAreChargedForWhatTheyMayBecome) {
  DecideHarness harness("policy p for tools on server \"s\" {\n  allow a when args.patterns.exists(p, \"x\".matches(p))\n}\n", {},
                        {.max_steps = 1'000'000});
  ASSERT_TRUE(harness.ok());
  const auto reason = [&](int count, const std::string& pattern) {
    return harness
        .Decide(R"({"server": "s", "tool": "a", "args": {"patterns": [)" +
                Repeated(count, [&](int i) { return Quoted(pattern + std::to_string(i)); }) + "]}}")
        .reason;
  };
  EXPECT_EQ(reason(100, "y"), Reason::kDefault);
  EXPECT_EQ(reason(100, "\\\\pL{1,900}"), Reason::kBudget);
  EXPECT_EQ(reason(2, "\\\\pL{1,9}"), Reason::kDefault);
}

TEST(Budget, ConversionsOfLongTextsAreCharged) {
  for (const std::string conversion : {"int(args.t) == 1", "uint(args.t) == 1u", "double(args.t) == 1.0"}) {
    SCOPED_TRACE(conversion);
    DecideHarness harness("policy p for tools on server \"s\" {\n  allow a when args.n.exists(i, " + conversion + ")\n}\n", {},
                          {.max_steps = 100'000});
    ASSERT_TRUE(harness.ok());
    const auto reason = [&](std::size_t digits) {
      return harness
          .Decide(R"({"server": "s", "tool": "a", "args": {"n": [)" + Repeated(100, [](int) { return "0"; }) + R"(], "t": ")" +
                  std::string(digits, '0') + "\"}}")
          .reason;
    };
    EXPECT_NE(reason(10), Reason::kBudget);
    EXPECT_EQ(reason(50'000), Reason::kBudget);
  }
}

// ---- unknown paths

TEST(Unknowns, TheSameHoweverManyPathsAreNamed) {
  DecideHarness harness(
      "policy p for tools on server \"s\" {\n  allow a when args.x == 1\n  allow b when args == {\"x\": 1}\n"
      "  allow c when args.deep.y == 2\n  allow d when principal.tenant == \"t\"\n}\n");
  ASSERT_TRUE(harness.ok());
  const auto effect = [&](const std::string& tool, const std::string& unknown) {
    return harness
        .Decide(R"({"server": "s", "tool": ")" + tool + R"(", "principal": {"tenant": "t"}, "args": {"x": 1}, "unknown": [)" + unknown +
                "]}")
        .effect;
  };
  const std::string many = Repeated(50, [](int i) { return Quoted("args.n" + std::to_string(i)); });
  EXPECT_EQ(effect("a", many), Effect::kAllow) << "others are unknown";
  EXPECT_EQ(effect("b", many), Effect::kConditional) << "the whole has members that are unknown";
  EXPECT_EQ(effect("a", many + R"(,"args.x")"), Effect::kConditional);
  EXPECT_EQ(effect("a", R"("args",)" + many), Effect::kConditional);
  EXPECT_EQ(effect("c", R"("args.deep.y","args.deep.y")"), Effect::kConditional);
  EXPECT_EQ(effect("d", many), Effect::kAllow);
  EXPECT_EQ(effect("d", many + R"(,"principal")"), Effect::kConditional);
}

TEST(Unknowns, HoldForEachToolOfAListing) {
  DecideHarness harness("policy p for tools on server \"s\" {\n  allow * when tool.annotations.readOnlyHint == true\n  allow b\n}\n");
  ASSERT_TRUE(harness.ok());
  const std::string list = R"("list": [{"name": "a", "annotations": {"readOnlyHint": false}}, "b", {"name": "c"}])";
  EXPECT_EQ(DecisionText(harness.Decide(R"({"server": "s", )" + list + "}")), "effect: \"allow\"\nreason: \"rule\"\nvisible: [\"b\"]\n");
  EXPECT_EQ(DecisionText(harness.Decide(R"({"server": "s", "unknown": ["tool.annotations"], )" + list + "}")),
            "effect: \"allow\"\nreason: \"rule\"\nvisible: [\"a\",\"b\",\"c\"]\n");
}

// ---- memory

TEST(Memory, AnArenaIsTrimmed) {
  Arena arena;
  ASSERT_NE(arena.Allocate(1000), nullptr);
  ASSERT_NE(arena.Allocate(5'000'000), nullptr);
  arena.Trim(1'000'000);
  EXPECT_EQ(arena.used_bytes(), 0U);
  ASSERT_NE(arena.Allocate(2'000), nullptr);
  ASSERT_NE(arena.Allocate(3'000'000), nullptr) << "it grows again";
  arena.Trim(0);
  ASSERT_NE(arena.Allocate(16), nullptr);
}

TEST(Memory, AContextDecidesOnAfterALargeRequest) {
  DecideHarness harness("policy p for tools on server \"s\" {\n  allow a when args.t.size() > 3 && args.n.size() >= 1\n}\n");
  ASSERT_TRUE(harness.ok());
  const std::string small = R"({"server": "s", "tool": "a", "args": {"t": "four", "n": [1]}})";
  const std::string large = R"({"server": "s", "tool": "a", "args": {"t": ")" + std::string(2'000'000, 'x') + R"(", "n": [)" +
                            Repeated(300'000, [](int i) { return std::to_string(i); }) + "]}}";
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(harness.Decide(small).effect, Effect::kAllow);
    EXPECT_EQ(harness.Decide(large).effect, Effect::kAllow);
  }
}

}  // namespace
}  // namespace writ
