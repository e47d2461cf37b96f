// What outcomes count for, by row, verb and outcome; and whole decisions of policies whose rows are
// not the native one.
#include "engine/decide/roles.h"

#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "dsl/compiler.h"
#include "engine/decide/context.h"
#include "rules/build/build.h"
#include "rules/bundle/bundle.h"
#include "tests/support/decide_harness.h"

namespace writ {
namespace {

constexpr Outcome kKnown[] = {Outcome::kTrue, Outcome::kFalse, Outcome::kError};
constexpr std::uint16_t kBits[] = {kMayBeTrue, kMayBeFalse, kMayFail};
constexpr Verb kVerbs[] = {Verb::kAllow, Verb::kDeny, Verb::kRequire, Verb::kWarn, Verb::kNote, Verb::kLimit, Verb::kRedact, Verb::kMask};

std::string Text(Roles roles) {
  std::string text;
  for (const auto& [role, letter] : {std::pair(Role::kNothing, '-'), {Role::kAllow, 'a'}, {Role::kDenial, 'd'}}) {
    if (roles.MayBe(role)) text += letter;
  }
  return text;
}

// Every row that a bundle can hold.
std::vector<Combining> AllRows() {
  std::vector<Combining> rows;
  const auto error = [](unsigned bits, unsigned at) { return (bits >> at & 1U) != 0 ? OnError::kDeny : OnError::kSkip; };
  for (unsigned bits = 0; bits < 16; ++bits)
    rows.push_back({.allow = error(bits, 0), .deny = error(bits, 1), .require = error(bits, 2), .match = error(bits, 3)});
  return rows;
}

struct Row {
  std::string name;
  Combining row;
  const char* roles[3][3];  // allow, deny, require; true, false, error
};

const Row kRows[] = {
    {"native", kNativeCombining, {{"a", "-", "-"}, {"d", "-", "d"}, {"-", "d", "d"}}},
    {"skipping", kSkippingCombining, {{"a", "-", "-"}, {"d", "-", "-"}, {"-", "d", "-"}}},
    {"an allow that fails denies", {.allow = OnError::kDeny}, {{"a", "-", "d"}, {"d", "-", "d"}, {"-", "d", "d"}}},
};

TEST(Roles, OfKnownOutcomesAreTheTable) {
  for (const Row& row : kRows) {
    for (std::size_t verb = 0; verb < std::size(kVerbs); ++verb) {
      for (std::size_t i = 0; i < 3; ++i) {
        SCOPED_TRACE(row.name + " " + std::string(VerbName(kVerbs[verb])) + " " + std::to_string(i));
        EXPECT_EQ(Text(RolesOf(row.row, kVerbs[verb], kKnown[i], kAnyOutcome, true)), verb < 3 ? row.roles[verb][i] : "-");
      }
    }
  }
}

TEST(Roles, OfAnUnknownAreThoseOfWhatItCanComeTo) {
  for (const Combining& row : AllRows()) {
    for (const Verb verb : kVerbs) {
      for (std::uint16_t possible = 0; possible <= kAnyOutcome; ++possible) {
        Roles all;
        for (std::size_t i = 0; i < 3; ++i) {
          if (((possible == 0 ? kAnyOutcome : possible) & kBits[i]) != 0) all = all | RolesOf(row, verb, kKnown[i], 0, true);
        }
        EXPECT_EQ(Text(RolesOf(row, verb, Outcome::kUnknown, possible, false)), Text(all)) << VerbName(verb) << possible;
        // A fact that is missing meets no requirement.
        const Roles without_fact = verb == Verb::kRequire ? Roles(Role::kDenial) : all;
        EXPECT_EQ(Text(RolesOf(row, verb, Outcome::kUnknown, possible, true)), Text(without_fact)) << VerbName(verb) << possible;
      }
    }
  }
}

TEST(Roles, AMatchConditionComesFirst) {
  const Value unknown = Value::Unknown(), fault = Value::Error(ValueError::kDivideByZero, ""), text = Value::String("x");
  struct Case {
    const char* name;
    Combining row;
    Verb verb;
    Value match;
    Outcome rule;
    const char* roles;
    Outcome outcome;
  };
  const Case cases[] = {
      {"false", kNativeCombining, Verb::kDeny, Value::Bool(false), Outcome::kError, "-", Outcome::kFalse},
      {"false of a requirement", kNativeCombining, Verb::kRequire, Value::Bool(false), Outcome::kFalse, "-", Outcome::kTrue},
      {"false of a limit", kNativeCombining, Verb::kLimit, Value::Bool(false), Outcome::kTrue, "-", Outcome::kFalse},
      {"failed", kNativeCombining, Verb::kDeny, fault, Outcome::kFalse, "d", Outcome::kError},
      {"failed of an allow", kNativeCombining, Verb::kAllow, fault, Outcome::kTrue, "d", Outcome::kError},
      {"failed of a limit", kNativeCombining, Verb::kLimit, fault, Outcome::kFalse, "-", Outcome::kError},
      {"not a bool", kNativeCombining, Verb::kRequire, text, Outcome::kTrue, "d", Outcome::kError},
      {"failed and skipped", kSkippingCombining, Verb::kDeny, fault, Outcome::kTrue, "-", Outcome::kFalse},
      {"failed and skipped, required", kSkippingCombining, Verb::kRequire, fault, Outcome::kFalse, "-", Outcome::kTrue},
      {"unknown", kNativeCombining, Verb::kDeny, unknown, Outcome::kTrue, "-d", Outcome::kUnknown},
      {"unknown of what does not hold", kSkippingCombining, Verb::kDeny, unknown, Outcome::kFalse, "-", Outcome::kFalse},
      {"unknown that denies when it fails", kNativeCombining, Verb::kDeny, unknown, Outcome::kFalse, "-d", Outcome::kUnknown},
      {"unknown of an allow", kNativeCombining, Verb::kAllow, unknown, Outcome::kTrue, "-ad", Outcome::kUnknown},
      {"unknown, skipped", kSkippingCombining, Verb::kAllow, unknown, Outcome::kTrue, "-a", Outcome::kUnknown},
      {"true or failed", kNativeCombining, Verb::kDeny, Value::Unknown(kMayBeTrue | kMayFail), Outcome::kTrue, "d", Outcome::kUnknown},
  };
  for (const Case& test : cases) {
    SCOPED_TRACE(test.name);
    RuleResult result{.outcome = test.rule, .roles = RolesOf(test.row, test.verb, test.rule, 0, true)};
    ApplyMatch(test.row, test.verb, test.match, result);
    EXPECT_EQ(Text(result.roles), test.roles);
    EXPECT_EQ(result.outcome, test.outcome);
  }
}

// ---- whole decisions ----------------------------------------------------------------------------

// `policy`, whose first policy gets the row and, as its match condition, the condition of the
// policy in shadow mode.
std::shared_ptr<const PolicySet> WithRow(const std::string& policy, const Combining& row) {
  const dsl::Compilation compilation = dsl::CompilePolicies({{"p.writ", policy}}, {});
  EXPECT_TRUE(compilation.program) << policy;
  ProgramParts parts = PartsOf(*compilation.program);
  if (row != kNativeCombining) {
    parts.combinings = {row};
    parts.policies[0].combining = 1;
  }
  for (const Rule& rule : parts.rules) {
    if (parts.policies[rule.policy.index].mode == PolicyMode::kShadow) parts.match_conditions = {{PolicyId(std::size_t{0}), rule.guard}};
  }
  for (RuleDetails& details : parts.rule_details) details.discriminators = {};
  auto loaded = PolicySet::Load(WriteBundle(Program(std::move(parts))), {});
  EXPECT_TRUE(loaded) << loaded.error().message;
  return loaded ? *loaded : nullptr;
}

std::string Request(const std::string& args, const std::string& unknowns = "") {
  return R"({"target": "tools", "server": "s", "tool": "t", "args": {)" + args + R"(}, "unknown": [)" + unknowns + "]}";
}

class Decided {
 public:
  Decided(const std::string& policy, const Combining& row) : engine_(WithRow(policy, row), SystemClock()) {}
  Decision Decide(const std::string& request) { return engine_.DecideJson(request, context_); }
  std::string Effect(const std::string& request) { return std::string(EffectName(Decide(request).effect)); }

 private:
  Context context_;
  Engine engine_;
};

constexpr const char* kAllowUnlessDenied = "policy p for tools {\n  allow\n  deny when args.n > 5\n}\n";
constexpr const char* kMatched =
    "policy p for tools {\n  deny when args.n > 5\n}\n"
    "policy q for tools { allow }\n"
    "policy m for tools in shadow mode { deny when args.m }\n";

TEST(Combining, AnErrorDeniesOrIsSkipped) {
  Decided native(kAllowUnlessDenied, kNativeCombining), skipping(kAllowUnlessDenied, kSkippingCombining);
  EXPECT_EQ(native.Effect(Request(R"("n": 1)")), "allow");
  EXPECT_EQ(skipping.Effect(Request(R"("n": 1)")), "allow");
  EXPECT_EQ(native.Effect(Request(R"("n": 9)")), "deny");
  EXPECT_EQ(skipping.Effect(Request(R"("n": 9)")), "deny");
  EXPECT_EQ(native.Effect(Request("")), "deny");
  const Decision skipped = skipping.Decide(Request(""));
  EXPECT_EQ(skipped.effect, Effect::kAllow);
  EXPECT_TRUE(skipped.messages.empty());
  ASSERT_EQ(skipped.errors.size(), 1U);  // it is told
  EXPECT_EQ(skipped.errors[0].text, "no such key: n");
}

TEST(Combining, AMatchConditionDecidesWhetherThePolicyApplies) {
  struct Case {
    const char* args;
    const char* native;
    const char* skipping;
  };
  const Case cases[] = {{R"("m": true, "n": 9)", "deny", "deny"}, {R"("m": true, "n": 1)", "allow", "allow"},
                        {R"("m": true)", "deny", "allow"},        {R"("m": false, "n": 9)", "allow", "allow"},
                        {R"("m": false)", "allow", "allow"},      {R"("n": 1)", "deny", "allow"},
                        {R"("n": 9)", "deny", "allow"},           {R"("m": "text", "n": 1)", "deny", "allow"}};
  Decided native(kMatched, kNativeCombining), skipping(kMatched, kSkippingCombining);
  for (const Case& test : cases) {
    SCOPED_TRACE(test.args);
    EXPECT_EQ(native.Effect(Request(test.args)), test.native);
    EXPECT_EQ(skipping.Effect(Request(test.args)), test.skipping);
  }
}

TEST(Combining, AnExplanationShowsTheMatchCondition) {
  const Engine engine(WithRow(kMatched, kSkippingCombining), SystemClock());
  Context context;
  for (const auto& [args, outcome] : {std::pair(R"("m": true, "n": 1)", "true"), {R"("m": false, "n": 9)", "false"}, {"", "error"}}) {
    const std::string text = DecisionJson(engine.DecideJson(Request(args), context, {.explain = true}));
    const std::string shown = R"("match":{"condition":"args.m","outcome":")" + std::string(outcome) + "\"}";
    EXPECT_NE(text.find(shown), std::string::npos) << text;
  }
}

// A ValidatingAdmissionPolicy: a validation, a match condition, and a failurePolicy of Fail or
// Ignore.
TEST(Combining, AValidatingAdmissionPolicyIsARowToo) {
  constexpr const char* kPolicy =
      "policy p for admission of ConfigMap {\n  require object.data.x == \"y\"\n}\n"
      "policy m for admission of ConfigMap in shadow mode { deny when object.data.m == \"on\" }\n";
  struct Case {
    const char* data;
    const char* fail;
    const char* ignore;
  };
  const Case cases[] = {
      {R"("m": "on", "x": "y")", "allow", "allow"},  {R"("m": "on", "x": "z")", "deny", "deny"}, {R"("m": "on")", "deny", "allow"},
      {R"("m": "off", "x": "z")", "allow", "allow"}, {R"("m": "off")", "allow", "allow"},        {R"("x": "y")", "deny", "allow"}};
  Decided fail(kPolicy, kNativeCombining), ignore(kPolicy, kSkippingCombining);
  for (const Case& test : cases) {
    SCOPED_TRACE(test.data);
    const std::string request = std::string(R"({"target": "admission", "object": {"apiVersion": "v1",
        "kind": "ConfigMap", "metadata": {"name": "c", "namespace": "n"}, "data": {)") +
                                test.data + "}}}";
    EXPECT_EQ(fail.Effect(request), test.fail);
    EXPECT_EQ(ignore.Effect(request), test.ignore);
  }
}

// Residuals against the decisions of every completion: exact. `is_true` stands only where a row
// differs from what readers take an error for.
TEST(Combining, ResidualsFollowTheRow) {
  const std::vector<std::string> m_values = {R"("m": true)", R"("m": false)", R"("m": 3)"},
                                 n_values = {R"("n": 1)", R"("n": 9)", R"("n": "x")"};
  for (const bool is_matched : {false, true}) {
    for (const Combining& row : AllRows()) {
      Decided engine(is_matched ? kMatched : kAllowUnlessDenied, row);
      const Decision open = engine.Decide(Request("", R"("args.m", "args.n")"));
      ASSERT_EQ(open.effect, Effect::kConditional);
      ASSERT_TRUE(open.residual);
      EXPECT_TRUE(row != kNativeCombining || open.residual->cel.find("is_true") == std::string::npos) << open.residual->cel;
      test::DecideHarness residual("policy r for tools { allow when " + open.residual->cel + " }\n");
      for (const std::string& m : m_values) {
        for (const std::string& n : n_values) {
          const std::string request = Request(m + ", " + n);
          SCOPED_TRACE(open.residual->cel + " of " + request);
          const bool is_allowed = engine.Decide(request).effect == Effect::kAllow;
          EXPECT_EQ(residual.Decide(request).effect == Effect::kAllow, is_allowed);
        }
      }
    }
  }
}

}  // namespace
}  // namespace writ
