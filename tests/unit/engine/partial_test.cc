// Residuals: what is left of a decision when a part of the request is unknown. The laws that they
// keep are tried over random policies in tests/differential/residual_test.cc; here are their forms.
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "tests/support/decide_harness.h"

namespace writ {
namespace {

using nlohmann::json;

constexpr const char* kRequest =
    R"({"server": "s", "tool": "t", "principal": {"id": "ann", "tenant": "acme", "groups": ["sre", "dev"], "claims": {"level": 5}},)"
    R"( "args": {"known": 1}, "unknown": [)";

// Decides by one allow with that condition.
Decision DecideBy(const std::string& condition, const std::string& unknown = R"("args.x", "args.y", "args.list")") {
  test::DecideHarness harness("policy p for tools {\n  allow t when " + condition + "\n}\n");
  return harness.Decide(kRequest + unknown + "]}");
}

std::string ResidualOf(const std::string& condition) {
  const Decision decision = DecideBy(condition);
  if (decision.residual) return decision.residual->cel;
  return decision.residual_too_large ? "too large" : std::string(EffectName(decision.effect));
}

TEST(Residual, KnownPartsAreValues) {
  const std::pair<const char*, const char*> cases[] = {
      {"args.x == principal.tenant", R"(args.x == "acme")"},
      {"args.x == principal.claims.level", "args.x == 5"},
      {"principal.tenant == \"acme\" && args.x", "args.x"},
      {"principal.tenant == \"other\" && args.x", "deny"},
      {"principal.tenant == \"acme\" || args.x", "allow"},
      {"!(!args.x || principal.tenant == \"acme\")", "deny"},
      {"principal.tenant == \"acme\" ? args.x : args.y", "args.x"},
      {"args.x in principal.groups", R"(args.x in ["sre", "dev"])"},
      {"args.x in [args.y, principal.tenant]", R"(args.x in [args.y, "acme"])"},
      {"has(args.x) && has(args.known)", "has(args.x)"},
      {"args.?x.orValue(principal.id) == \"ann\"", R"(args.?x.orValue("ann") == "ann")"},
      {"args.x.startsWith(principal.claims.level)", "args.x.startsWith(dyn(5))"},
      {"size(args.x) > size(principal.groups)", "size(args.x) > 2"},
      {"args.x && (args.y && args.x)", "args.x && args.y"},
      {"timestamp(args.x) < timestamp(\"2026-01-01T00:00:00Z\") + duration(\"1h\")",
       R"(timestamp(args.x) < timestamp("2026-01-01T01:00:00Z"))"},
      {"args.x == 1.0 / 0.0", R"(args.x == double("Infinity"))"},
      {"args.x == null", "args.x == null"},
  };
  for (const auto& [condition, residual] : cases) EXPECT_EQ(ResidualOf(condition), residual) << condition;
}

TEST(Residual, MacrosOverKnownRangesAreWrittenOut) {
  const std::pair<const char*, const char*> cases[] = {
      {"principal.groups.exists(g, g == args.x)", R"("sre" == args.x || "dev" == args.x)"},
      {"principal.groups.all(g, g != args.x || g == \"dev\")", R"("sre" != args.x)"},
      {"principal.groups.map(g, g + args.x) == args.y", R"(["sre" + args.x, "dev" + args.x] == args.y)"},
      {"principal.groups.filter(g, g == args.x) == []", R"(["sre", "dev"].filter(x, x == args.x) == [])"},
      {"args.list.exists(e, e == principal.tenant || principal.id == \"bob\")", R"(args.list.exists(x, x == "acme"))"},
      {"args.list.all(e, principal.groups.exists(g, g == e))", R"(args.list.all(x, "sre" == x || "dev" == x))"},
      {"args.list.all(e, args.list.exists(f, e == f && f != principal.id))",
       R"(args.list.all(x, args.list.exists(y, x == y && y != "ann")))"},
      {"optional.of(principal.id).optMap(i, i + args.x) == optional.of(args.y)", R"(optional.of("ann" + args.x) == optional.of(args.y))"},
  };
  for (const auto& [condition, residual] : cases) EXPECT_EQ(ResidualOf(condition), residual) << condition;
}

// What fails for what is known is read as "not allowed" wherever that is the same.
TEST(Residual, KnownErrorsAreNotAllowed) {
  const std::pair<const char*, const char*> cases[] = {
      {"principal.claims.gone && args.x", "deny"},
      {"principal.claims.gone || args.x", "args.x"},
      {"!(principal.claims.gone && args.x)", "!args.x"},
      {"!(principal.claims.gone || args.x)", "deny"},
      {"args.y ? principal.claims.gone : args.x", "args.y ? false : args.x"},
      {"(principal.claims.gone || args.y) ? args.x : true", "args.y && args.x"},
      {"(principal.claims.gone || args.y) == args.x", "(args.y || [args.y][1]) == args.x"},
  };
  for (const auto& [condition, residual] : cases) EXPECT_EQ(ResidualOf(condition), residual) << condition;
}

TEST(Residual, JoinsRulesAsTheyAreDecided) {
  test::DecideHarness harness(R"(
    policy p for tools {
      allow t when args.x == 1
      allow t when args.x == principal.claims.level
      allow t when args.x == 1 needs scope "w"
      deny t when args.y == principal.tenant
      deny t when principal.claims.gone && args.y == 2
      deny t when args.known == 2 && args.y == 3
    }
    policy q for tools in shadow mode { deny t when args.y == 4 }
  )");
  const Decision decision = harness.Decide(std::string(kRequest) + R"("args.x", "args.y", "principal.scopes"]})");
  ASSERT_TRUE(decision.residual.has_value());
  EXPECT_EQ(decision.residual->cel,
            R"((args.x == 1 || args.x == 5 || args.x == 1 && "w" in principal.scopes) && !(args.y == "acme" || args.y == 2))");
}

// Names of `let`s are no part of a residual: two packages may use one.
TEST(Residual, LetsOfTwoPackagesStayApart) {
  test::DecideHarness harness(std::vector<std::string>{
      "package one\nlet ok = args.x == 1\npolicy p for tools {\n  allow t when ok\n}\n",
      "package two\nlet ok = args.y == 2\npolicy p for tools {\n  deny t when ok\n}\n",
  });
  const Decision decision = harness.Decide(std::string(kRequest) + R"("args"]})");
  ASSERT_TRUE(decision.residual.has_value());
  EXPECT_EQ(decision.residual->cel, "args.x == 1 && !(args.y == 2)");
}

TEST(Residual, TheTreeSaysTheSame) {
  const Decision decision = DecideBy("args.list.exists(e, e in [principal.id, \"b\"] && args.?x.hasValue())");
  ASSERT_TRUE(decision.residual.has_value());
  const json expected = json::parse(R"json({"op": "exists", "variable": "v0", "args": [
    {"op": "path", "path": ["args", "list"]},
    {"op": "and", "args": [
      {"op": "call", "function": "@in", "args": [
        {"op": "variable", "name": "v0"},
        {"op": "list", "args": [{"op": "value", "type": "string", "value": "ann"}, {"op": "value", "type": "string", "value": "b"}]}]},
      {"op": "call", "function": "hasValue", "args": [
        {"op": "optional_path", "type": "optional_type(dyn)", "path": ["args", "x"], "plain": 0}]}]}]})json");
  EXPECT_EQ(json::parse(decision.residual->tree_json), expected) << decision.residual->tree_json;
}

// Values of credentials and masked columns stay paths.
TEST(Residual, HoldsNothingSecret) {
  EXPECT_EQ(ResidualOf("args.token == principal.claims.gone || args.x == principal.tenant"), R"(args.x == "acme")");
  test::DecideHarness tools("policy p for tools {\n  allow t when args.x == principal.claims.api_key && args.y == principal.claims\n}\n");
  const Decision call =
      tools.Decide(R"({"server": "s", "tool": "t", "principal": {"claims": {"api_key": "s3cret"}}, "unknown": ["args.x", "args.y"]})");
  ASSERT_TRUE(call.residual.has_value());
  EXPECT_EQ(call.residual->cel, "args.x == principal.claims.api_key && args.y == principal.claims");
  test::DecideHarness rows(
      "table cards {\n  card: string\n  owner: string\n}\n"
      "policy p for rows of cards {\n  allow when row.card == context.x && row.owner == context.y\n  mask card hash\n}\n");
  const Decision row =
      rows.Decide(R"({"table": "cards", "row": {"card": "4111111111111111", "owner": "ann"}, "unknown": ["context.x", "context.y"]})");
  ASSERT_TRUE(row.residual.has_value());
  EXPECT_EQ(row.residual->cel, R"(row.card == context.x && "ann" == context.y)");
}

// A part of a map that is unknown makes the map unknown as a whole, and nothing else of it.
TEST(Residual, APartCanBeUnknown) {
  test::DecideHarness harness("policy p for tools {\n  allow t when args.size() < 5 && args.known == 1 && !has(args.other) && args.x\n}\n");
  const Decision decision = harness.Decide(std::string(kRequest) + R"("args.x"]})");
  ASSERT_TRUE(decision.residual.has_value());
  EXPECT_EQ(decision.residual->cel, "size(args) < 5 && args.x");
}

TEST(Residual, IsWholeOrAbsent) {
  std::string many = "policy p for tools {\n  allow t\n";
  for (int i = 0; i < 5'000; ++i) many += "  deny t when args.x == \"value number " + std::to_string(i) + "\"\n";
  test::DecideHarness harness(many + "}\n");
  const Decision decision = harness.Decide(std::string(kRequest) + R"("args.x"]})");
  EXPECT_EQ(decision.effect, Effect::kConditional);
  EXPECT_FALSE(decision.residual.has_value());
  EXPECT_TRUE(decision.residual_too_large);
  EXPECT_LT(DecisionJson(decision).size(), 1'000U);
  EXPECT_NE(DecisionJson(decision).find(R"("residual_too_large":true)"), std::string::npos);
}

// Signatures that hang on something unknown stand beside the residual.
TEST(Residual, ImagesAreNeedsBesideIt) {
  test::DecideHarness harness(R"(
    signer release key "release.pub"
    policy p for admission of Pod {
      require image object.spec.image signed by release when object.spec.tier == "prod"
      deny when object.spec.bad
    }
  )");
  const Decision decision = harness.Decide(
      R"({"object": {"apiVersion": "v1", "kind": "Pod", "spec": {"tier": "prod"}}, "unknown": ["object.spec.image", "object.spec.bad"]})");
  ASSERT_TRUE(decision.residual.has_value());
  EXPECT_EQ(decision.residual->cel, "!object.spec.bad");
  ASSERT_EQ(decision.needs_facts.size(), 1U);
  EXPECT_EQ(decision.needs_facts[0].key, "object.spec.image");
  EXPECT_EQ(decision.needs_facts[0].kind, "images");
  EXPECT_EQ(decision.needs_facts[0].when, "true");
  EXPECT_EQ(decision.needs_facts[0].demands, std::vector<std::string>{"signed by release"});
  // Known not to be signed: then it must not be of the kind that has to be.
  const Decision known = harness.Decide(
      R"({"object": {"apiVersion": "v1", "kind": "Pod", "spec": {"image": "a", "bad": false}}, "unknown": ["object.spec.tier"]})");
  ASSERT_TRUE(known.residual.has_value());
  EXPECT_EQ(known.residual->cel, R"(!(object.spec.tier == "prod"))");
  EXPECT_TRUE(known.needs_facts.empty());
}

}  // namespace
}  // namespace writ
