// What golden files do not show: fields, reload, data, budgets, threads, real AdmissionReviews.
#include <gtest/gtest.h>

#include <atomic>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <thread>

#include "dsl/compiler.h"
#include "engine/decide/images.h"
#include "engine/decide/mask.h"
#include "engine/decide/rule_text.h"
#include "engine/fact/image_fact.h"
#include "engine/request/convert.h"
#include "engine/request/suggest.h"
#include "rules/build/build.h"
#include "rules/bundle/bundle.h"
#include "tests/support/decide_harness.h"

namespace writ {
namespace {

using test::DecideHarness;
using test::DecisionText;

constexpr std::string_view kToolPolicy = R"(
package p
policy tools for tools on server "s" {
  allow read when principal.tenant == "acme" && "dev" in principal.groups
  allow write needs scope "w"
  deny * when args.?danger.orValue(false)
  deny deep when context.chain.depth > 1
  allow deep
  allow old when context.time < timestamp("2026-06-01T00:00:00Z")
  allow whoami when tool.name == "whoami" && server.name == "s"
}
table orders { tenant: string  total: double  at: timestamp? }
policy rows for rows of orders { allow when row.tenant == principal.tenant && row.total < 10.0 }
)";

class Fields : public ::testing::Test {
 protected:
  FieldRequest::Field Field(std::string_view path, Value value) { return {harness_.engine().FindField(path), value}; }
  std::string Text(Target target, std::string_view scope, std::string_view name, std::vector<FieldRequest::Field> fields) {
    return DecisionText(harness_.engine().DecideFields({target, scope, name, fields}, harness_.context()));
  }
  DecideHarness harness_{kToolPolicy};
};

TEST_F(Fields, DecideAsJsonDoes) {
  ASSERT_TRUE(harness_.ok());
  const Value groups[] = {Value::String("dev")};
  EXPECT_EQ(Text(Target::kTools, "s", "read",
                 {Field("principal.tenant", Value::String("acme")), Field("principal.groups", Value::List(groups, 1))}),
            DecisionText(harness_.Decide(R"({"principal": {"tenant": "acme", "groups": ["dev"]}, "server": "s", "tool": "read"})")));
  EXPECT_EQ(Text(Target::kTools, "s", "read", {}), DecisionText(harness_.Decide(R"({"server": "s", "tool": "read"})")));
  EXPECT_EQ(Text(Target::kTools, "s", "write", {}), DecisionText(harness_.Decide(R"({"server": "s", "tool": "write"})")));
  EXPECT_EQ(Text(Target::kTools, "s", "read", {Field("args.danger", Value::Bool(true))}),
            DecisionText(harness_.Decide(R"({"server": "s", "tool": "read", "args": {"danger": true}})")));
  EXPECT_EQ(Text(Target::kTools, "s", "deep", {}), DecisionText(harness_.Decide(R"({"server": "s", "tool": "deep"})")));
  EXPECT_EQ(Text(Target::kTools, "s", "old", {}), DecisionText(harness_.Decide(R"({"server": "s", "tool": "old"})")))
      << "the clock is the default time";
  EXPECT_EQ(Text(Target::kTools, "s", "whoami", {}), DecisionText(harness_.Decide(R"({"server": "s", "tool": "whoami"})")))
      << "names come from the selector key";
  EXPECT_EQ(Text(Target::kTools, "s", "read", {Field("args.danger", Value::Unknown()), Field("principal.tenant", Value::String("x"))}),
            DecisionText(harness_.Decide(R"({"server": "s", "tool": "read", "principal": {"tenant": "x"}, "unknown": ["args.danger"]})")));
  EXPECT_EQ(
      Text(Target::kRows, "orders", "",
           {Field("principal.tenant", Value::String("a")), Field("row.tenant", Value::String("a")), Field("row.total", Value::Int(9))}),
      "effect: \"allow\"\nreason: \"rule\"\nrules: "
      "{\"package\":\"p\",\"policy\":\"rows\",\"rule\":\"r1\",\"key\":\"4886ae4e40ac\",\"verb\":\"allow\",\"file\":\"test.writ\",\"line\":"
      "13,\"outcome\":\"true\"}"
      "\n");
}

TEST(FieldChains, AreOneListAsInJson) {
  DecideHarness harness(R"(policy p for tools on server "s" {
    allow *
    deny deep when context.chain.depth > 1 because "depth {context.chain.depth}"
    deny loop when principal.actors.exists(a, principal.actors.filter(b, b == a).size() > 1)
  })");
  ASSERT_TRUE(harness.ok());
  const Value actors[] = {Value::String("a"), Value::String("a")}, others[] = {Value::String("b")};
  Engine& engine = harness.engine();
  const auto decide = [&](std::string_view tool, std::vector<std::pair<const char*, Value>> given) {
    std::vector<FieldRequest::Field> fields;
    for (const auto& [path, value] : given) {
      fields.push_back({engine.FindField(path), value});
      EXPECT_TRUE(fields.back().slot.valid()) << path << ": no rule reads it, but one reads the chain";
    }
    return engine.DecideFields({Target::kTools, "s", tool, fields}, harness.context());
  };
  EXPECT_EQ(decide("deep", {}).effect, Effect::kAllow);
  EXPECT_EQ(decide("deep", {{"principal.actors", Value::List(actors, 2)}}).messages.at(0), "depth 2");
  EXPECT_EQ(decide("deep", {{"context.chain.actors", Value::List(actors, 2)}}).messages.at(0), "depth 2");
  EXPECT_EQ(decide("deep", {{"context.chain.actors", Value::List(actors, 2)}, {"context.chain.depth", Value::Int(0)}}).messages.at(0),
            "depth 2");
  EXPECT_EQ(decide("deep", {{"context.chain.depth", Value::Int(7)}}).messages.at(0), "depth 7");
  EXPECT_EQ(decide("loop", {{"context.chain.actors", Value::List(actors, 2)}}).effect, Effect::kDeny);
  EXPECT_EQ(decide("deep", {{"context.chain.depth", Value::Int(-1)}}).reason, Reason::kBadRequest);
  EXPECT_EQ(decide("deep", {{"principal.actors", Value::List(actors, 2)}, {"context.chain.actors", Value::List(others, 1)}}).reason,
            Reason::kBadRequest);
  EXPECT_EQ(decide("deep", {{"principal.actors", Value::Unknown()}}).effect, Effect::kConditional) << "nobody knows how many";
  EXPECT_EQ(decide("loop", {{"context.chain.actors", Value::Unknown()}}).effect, Effect::kConditional);
  MapEntry act[] = {{Value::String("sub"), Value::String("a")}, {Value::String("act"), Value()}},
           inner[] = {{Value::String("sub"), Value::String("b")}};
  Arena arena;
  act[1].value = Value::Map(MakeMap(arena, inner, 1));
  EXPECT_EQ(decide("deep", {{"principal.claims.act", Value::Map(MakeMap(arena, act, 2))}}).messages.at(0), "depth 2");
}

TEST(FieldIdentities, OfBlanksAreNotGiven) {
  DecideHarness harness(R"(policy p for tools on server "s" { allow x when principal.id == args.owner })");
  Engine& engine = harness.engine();
  const auto decide = [&](std::string_view name) {
    const std::vector<FieldRequest::Field> fields = {{engine.FindField("principal.id"), Value::String(name)},
                                                     {engine.FindField("args.owner"), Value::String(name)}};
    return engine.DecideFields({Target::kTools, "s", "x", fields}, harness.context()).effect;
  };
  EXPECT_EQ(decide("ann"), Effect::kAllow);
  EXPECT_EQ(decide(""), Effect::kDeny);
  EXPECT_EQ(decide(" \t"), Effect::kDeny);
}

TEST_F(Fields, OfTheWrongTypeAreRefused) {
  EXPECT_EQ(Text(Target::kTools, "s", "read", {Field("principal.tenant", Value::Int(1))}),
            "effect: \"deny\"\nreason: \"bad_request\"\nmessages: [\"`principal.tenant` must be a string, found int\"]\n");
  EXPECT_EQ(Text(Target::kRows, "nowhere", "", {}),
            "effect: \"deny\"\nreason: \"bad_request\"\nmessages: [\"unknown table \\\"nowhere\\\"\"]\n");
  EXPECT_EQ(Text(Target::kTools, "s", "read", {Field("row.tenant", Value::String("a"))}),
            "effect: \"deny\"\nreason: \"bad_request\"\nmessages: [\"unknown member \\\"row\\\" in a tools request\"]\n");
  EXPECT_FALSE(harness_.engine().FindField("principal.nobody").valid());
  EXPECT_EQ(Text(Target::kTools, "s", "read", {Field("principal.nobody", Value::Int(1))}).substr(0, 15), "effect: \"deny\"\n")
      << "an unread field is skipped";
}

TEST_F(Fields, NamesHaveOneSpelling) {
  EXPECT_EQ(Text(Target::kTools, "s", "read ", {}), DecisionText(harness_.Decide(R"({"server": "s", "tool": "read "})")));
  EXPECT_EQ(Text(Target::kTools, "s\u200b", "read", {}), DecisionText(harness_.Decide(R"({"server": "s\u200b", "tool": "read"})")));
  EXPECT_NE(Text(Target::kTools, "s", "read\xff", {}).find("not_canonical"), std::string::npos);
  EXPECT_NE(Text(Target::kAccess, "doc\t", "read", {}).find("not_canonical"), std::string::npos);
}

TEST(Resources, FieldsAreFoldedAsJsonIs) {
  DecideHarness harness(R"(policy r for resources on server "s" {
    allow "https://h/**"
    deny "https://h/admin/**"
    deny * when resource.folded.endsWith(".key") because "{resource.folded}"
  }
  policy whole for resources on server "w" { deny * when resource == {} || has(resource.folded) because "{resource}" })");
  ASSERT_TRUE(harness.ok());
  for (const std::string server : {"s", "w"}) {
    for (const std::string uri :
         {"https://h/x", "https://h//admin/x", "https://u@h/x", "HTTPS://h/x", "https://h/a%2Fb.key", "https://h/b.key/", "x"}) {
      const FieldRequest request{Target::kResources, server, uri, {}};
      EXPECT_EQ(DecisionText(harness.engine().DecideFields(request, harness.context())),
                DecisionText(harness.Decide(R"({"server": ")" + server + R"(", "resource": ")" + uri + R"("})")))
          << uri;
    }
  }
  const FieldRequest::Field folded[] = {{harness.engine().FindField("resource.folded"), Value::String("https://h/")}};
  ASSERT_TRUE(folded[0].slot.valid());
  const Decision lie = harness.engine().DecideFields({Target::kResources, "s", "https://h/x", folded}, harness.context());
  EXPECT_EQ(lie.reason, Reason::kBadRequest);
}

TEST(Records, ReadAsAWholeShowTheirDefaults) {
  DecideHarness harness(R"(policy p for tools {
    allow a when tool.annotations.size() == 4 && !("title" in tool.annotations)
    allow b when context == {"time": context.time, "chain": {"depth": 2, "actors": principal.actors}, "more": 1}
    allow c when principal.size() == 7 && "id" in principal
  })");
  ASSERT_TRUE(harness.ok());
  EXPECT_EQ(harness.Decide(R"({"tool": "a"})").effect, Effect::kAllow);
  EXPECT_EQ(harness.Decide(R"({"tool": {"name": "a", "annotations": {"readOnlyHint": true}}})").effect, Effect::kAllow);
  EXPECT_EQ(harness.Decide(R"({"tool": {"name": "a", "annotations": {"title": "A"}}})").effect, Effect::kDeny);
  EXPECT_EQ(harness.Decide(R"({"tool": "b", "principal": {"actors": ["a", "b"]}, "context": {"more": 1}})").effect, Effect::kAllow);
  EXPECT_EQ(harness.Decide(R"({"tool": "b", "principal": {"actors": ["a"]}, "context": {"more": 1}})").effect, Effect::kDeny);
  EXPECT_EQ(harness.Decide(R"({"tool": "c", "principal": {"id": "x", "tenant": null}})").effect, Effect::kAllow)
      << "id and six defaults; null is not given";
}

TEST(Reload, SuccessorTakesOverTheQuotas) {
  DecideHarness first(R"(package p
    policy q for tools { allow send  limit send to 1 per 1h })");
  ASSERT_TRUE(first.ok());
  const std::string request = R"({"tool": "send"})";
  EXPECT_EQ(first.Decide(request).effect, Effect::kAllow);
  const dsl::Compilation next = dsl::CompilePolicies(
      {{"next.writ", "package p\n policy other for tools { deny never }\n policy q for tools { allow send  limit send to 1 per 1h }"}});
  ASSERT_TRUE(next.program.has_value());
  auto policies = PolicySet::Load(WriteBundle(*next.program), {});
  ASSERT_TRUE(policies) << policies.error().message;
  const Engine successor(*policies, first.clock(), std::make_shared<MemoryLedger>(*policies, first.clock().Now(), first.ledger()));
  EXPECT_EQ(successor.DecideJson(request, first.context()).reason, Reason::kLimit);
  const Engine fresh(*policies, first.clock(), std::make_shared<MemoryLedger>(*policies, first.clock().Now()));
  EXPECT_EQ(fresh.DecideJson(request, first.context()).effect, Effect::kAllow);
}

// What a limit is found again by: its @id, or else its patterns and key.
class ReloadedLimit : public ::testing::Test {
 protected:
  // Whether the quota of `send`, used up under `before`, is still used up under `after`.
  bool Keeps(const std::string& before, const std::string& after) {
    const auto policy = [](const std::string& rules) {
      return "package p\nlet who = principal.id\npolicy q for tools {\n  allow *\n" + rules + "\n}\n";
    };
    DecideHarness first(policy(before));
    EXPECT_EQ(first.Decide(kRequest).effect, Effect::kAllow) << before;
    const dsl::Compilation next = dsl::CompilePolicies({{"next.writ", policy(after)}});
    EXPECT_TRUE(next.program.has_value()) << after;
    auto policies = PolicySet::Load(WriteBundle(*next.program), {});
    const Engine successor(*policies, first.clock(), std::make_shared<MemoryLedger>(*policies, first.clock().Now(), first.ledger()));
    return successor.DecideJson(kRequest, first.context()).reason == Reason::kLimit;
  }
  static constexpr std::string_view kRequest = R"({"tool": "send", "principal": {"id": "u", "tenant": "t"}})";
};

TEST_F(ReloadedLimit, IsNotFoundByItsPlaceCountPeriodOrCondition) {
  const std::string limit = "limit send to 1 per 1h by principal.id";
  EXPECT_TRUE(Keeps(limit, "deny nothing\n" + limit));
  EXPECT_TRUE(Keeps(limit, "limit other to 1 per 1h by principal.id\n" + limit));
  EXPECT_TRUE(Keeps(limit, "limit send to 1 per 5h by principal.id"));
  EXPECT_TRUE(Keeps("limit send to 5 per 1h by principal.id", limit)) << "one call was used";
  EXPECT_TRUE(Keeps(limit, "limit send to 1 per 1h by principal.id when principal.tenant == \"t\""));
  EXPECT_TRUE(Keeps(limit, "limit send to 1 per 1h by principal.id because \"slow down\""));
  EXPECT_TRUE(Keeps("limit send, other to 1 per 1h by principal.id, principal.tenant",
                    "limit other, send to 1 per 1h by principal.tenant,principal.id"));
  EXPECT_TRUE(Keeps("@id(\"fair\") limit send to 1 per 1h by principal.id", "@id(\"fair\") limit * to 1 per 2h by who"));
  EXPECT_FALSE(Keeps(limit, "limit send to 1 per 1h by principal.tenant")) << "another key is another limit";
  EXPECT_FALSE(Keeps(limit, "limit * to 1 per 1h by principal.id"));
  EXPECT_FALSE(Keeps(limit, "@id(\"fair\") " + limit));
}

TEST_F(ReloadedLimit, IsOneOfItsEqualsByNumber) {
  const std::string two = "limit send to 9 per 1h by principal.id\nlimit send to 1 per 1h by principal.id";
  EXPECT_TRUE(Keeps(two, two));
  EXPECT_TRUE(Keeps(two, "limit send to 9 per 1h by principal.id\nlimit other to 1 per 1h\nlimit send to 1 per 1d by principal.id"));
}

TEST(Limits, ShowWhenTheyAreFull) {
  DecideHarness harness(
      "package acme\npolicy p for tools { allow *  @id(\"searches\") limit search to 1 per 1d by args.q  limit pay to 1 per 1h by "
      "principal.id }");
  ASSERT_TRUE(harness.ok());
  const std::string pay = R"({"tool": "pay", "principal": {"id": "u"}})";
  EXPECT_EQ(harness.Decide(pay).effect, Effect::kAllow);
  const auto search = [&](int i) { return harness.Decide(R"({"tool": "search", "args": {"q": )" + std::to_string(i) + "}}"); };
  for (int i = 0; i < 75'000; ++i) search(i);
  EXPECT_EQ(harness.Decide(pay).reason, Reason::kLimit) << "the flood of one limit frees no debt of another";
  EXPECT_EQ(search(0).reason, Reason::kLimit) << "nor one of its own";
  const Decision shared = search(75'000);
  EXPECT_EQ(shared.reason, Reason::kLimit);
  ASSERT_EQ(shared.warnings.size(), 1U);
  EXPECT_EQ(shared.warnings[0], "limit p.searches has no room for another key: this call is counted together with others");
  const std::vector<LimitOverflow> overflows = harness.ledger().Overflows();
  ASSERT_EQ(overflows.size(), 1U);
  EXPECT_EQ(overflows[0].policy, "acme.p");
  EXPECT_EQ(overflows[0].rule_id, "searches");
  ASSERT_EQ(shared.rules.size(), 1U);
  EXPECT_EQ(overflows[0].key, shared.rules[0].key);
  EXPECT_EQ(overflows[0].calls, 75'001U - 65'536U);
}

TEST(Limits, OfAHugeKeyPassTheBudget) {
  DecideHarness harness("policy p for tools { allow *  limit x to 1 per 1h by args.l }", {}, {.max_steps = 20'000});
  std::string list = "[0";
  for (int i = 1; i < 50'000; ++i) list += ",0";
  EXPECT_EQ(harness.Decide(R"({"tool": "x", "args": {"l": )" + list + "]}}").reason, Reason::kBudget);
  EXPECT_EQ(harness.Decide(R"({"tool": "x", "args": {"l": [0]}})").effect, Effect::kAllow);
}

TEST(Data, IsReadOnceAndNamedInErrors) {
  constexpr std::string_view kPolicy = "import data fleet\n policy p for tools { allow * when principal.id in data.fleet.admins }";
  DecideHarness with(kPolicy, {{"fleet", R"({"admins": ["ann"]})"}});
  EXPECT_EQ(with.Decide(R"({"tool": "x", "principal": {"id": "ann"}})").effect, Effect::kAllow);
  EXPECT_EQ(with.Decide(R"({"tool": "x", "principal": {"id": "bob"}})").effect, Effect::kDeny);
  DecideHarness without(kPolicy);
  EXPECT_EQ(DecisionText(without.Decide(R"({"tool": "x", "principal": {"id": "ann"}})")).find("effect: \"deny\""), 0U);
  EXPECT_FALSE(without.Decide(R"({"tool": "x", "principal": {"id": "ann"}})").errors.empty());

  const std::string bundle = WriteBundle(*dsl::CompilePolicies({{"p.writ", std::string(kPolicy)}}).program);
  const auto load = [&](std::vector<PolicySet::Data> data) {
    const auto policies = PolicySet::Load(bundle, data);
    return policies ? std::string("loaded") : policies.error().message;
  };
  EXPECT_EQ(load({{"fleet", "{}"}}), "loaded");
  EXPECT_EQ(load({{"fleet", "{\"a\": 1, \"a\": 2}"}}), "data `fleet`: byte 9: duplicate key `a`");
  EXPECT_EQ(load({{"fleet", ""}}), "data `fleet`: byte 0: the document is empty");
  EXPECT_EQ(load({{"flet", "{}"}}), "data `flet` is not imported by any policy");
  EXPECT_EQ(load({{"fleet", "{}"}, {"fleet", "{}"}}), "data `fleet` is given twice");
}

TEST(Data, IsExchangedUnderTheSamePolicies) {
  const std::string bundle = WriteBundle(
      *dsl::CompilePolicies({{"p.writ", "import data fleet\n policy p for tools { allow * when principal.id in data.fleet.admins }"}})
           .program);
  const auto load = PolicySet::Load(bundle, std::vector<PolicySet::Data>{{"fleet", R"({"admins": ["ann"]})"}});
  ASSERT_TRUE(load.ok());
  const auto effect = [](const std::shared_ptr<const PolicySet>& policies) {
    Context context;
    return Engine(policies, SystemClock()).DecideJson(R"({"tool": "x", "principal": {"id": "ann"}})", context).effect;
  };
  std::shared_ptr<const PolicySet> first = *load;
  const auto none = first->WithData({});
  const auto others = first->WithData(std::vector<PolicySet::Data>{{"fleet", R"({"admins": ["bob"]})"}});
  const auto back = (*others)->WithData(std::vector<PolicySet::Data>{{"fleet", R"({"admins": ["ann"]})"}});
  EXPECT_EQ(first->WithData(std::vector<PolicySet::Data>{{"flet", "{}"}}).error().message, "data `flet` is not imported by any policy");
  EXPECT_EQ(effect(first), Effect::kAllow);
  EXPECT_EQ(effect(*none), Effect::kDeny) << "what is not given is absent";
  EXPECT_EQ(first->digest(), (*others)->digest());
  first.reset();
  EXPECT_EQ(effect(*others), Effect::kDeny) << "the program lives on";
  EXPECT_EQ(effect(*back), Effect::kAllow);
}

TEST(Budget, ExhaustedDenies) {
  constexpr std::string_view kPolicy = R"(
    policy p for tools { allow * when args.l.all(a, args.l.all(b, args.l.all(c, a + b + c >= 0))) }
    policy k for admission { deny when object.l.all(a, object.l.all(b, object.l.all(c, a + b + c < 0))) })";
  DecideHarness harness(kPolicy, {}, {.max_steps = 10'000});
  ASSERT_TRUE(harness.ok());
  std::string list = "[0";
  for (int i = 1; i < 200; ++i) list += ", 0";
  const std::string expected = "effect: \"deny\"\nreason: \"budget\"\nmessages: [\"the decision passed its budget of steps or memory\"]\n";
  EXPECT_EQ(DecisionText(harness.Decide(R"({"tool": "x", "args": {"l": )" + list + "]}}")), expected);
  EXPECT_EQ(DecisionText(harness.Decide(R"({"tool": "x", "args": {"l": [1, 2]}})")).substr(0, 16), "effect: \"allow\"\n");
  DecideHarness small(kPolicy, {}, {.max_list_items = 2});
  EXPECT_EQ(DecisionText(small.Decide(R"({"list": ["a", "b", "c"]})")),
            "effect: \"deny\"\nreason: \"bad_request\"\nmessages: [\"`list` has 3 tools, the limit is 2\"]\n");
}

TEST(Threads, ShareOneEngine) {
  DecideHarness harness(
      "policy p for tools { allow send  limit send to 100 per 1h  deny * when args.?x.orValue(0) == 1 because \"x is {args.x}\" }");
  ASSERT_TRUE(harness.ok());
  std::atomic<int> allowed{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      Context context;
      for (int i = 0; i < 100; ++i) {
        if (harness.engine().DecideJson(R"({"tool": "send"})", context).effect == Effect::kAllow) allowed.fetch_add(1);
        EXPECT_EQ(harness.engine().DecideJson(R"({"tool": "send", "args": {"x": 1}})", context).messages.at(0), "x is 1");
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(allowed.load(), 100);
}

TEST(Reviews, OfARealApiServerAreDecided) {
  const char* given = std::getenv("WRIT_SHARED");
  const std::filesystem::path folder =
      (given != nullptr ? std::filesystem::path(given) : std::filesystem::path(WRIT_SOURCE_DIR) / "../shared") / "vectors/reviews";
  if (!std::filesystem::exists(folder)) GTEST_SKIP() << "skipped: " << folder << " is missing";
  DecideHarness harness(R"(
    policy all for admission of "**" on create, update, delete, connect {
      note "{request.operation} {request.kind.kind}.{request.kind.group} {request.?subResource.orValue('-')} by {principal.id} {principal.verified} {request.dryRun}"
    }
    policy servers for admission of MCPServer.toolhive.stacklok.dev on create, update, delete { deny because "seen" })");
  ASSERT_TRUE(harness.ok());
  std::string seen;
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    if (entry.path().extension() == ".json") names.push_back(entry.path().filename().string());
  }
  std::sort(names.begin(), names.end());
  for (const std::string& name : names) {
    std::ostringstream text;
    text << std::ifstream(folder / name).rdbuf();
    const Decision decision = harness.Decide(text.str());
    EXPECT_NE(text.str().find("\"" + decision.admission_uid + "\""), std::string::npos);
    EXPECT_FALSE(decision.admission_uid.empty()) << name;
    seen += name + " " + std::string(EffectName(decision.effect)) + ": " +
            (decision.notes.empty() ? DecisionText(decision) : decision.notes[0].second) + "\n";
  }
  EXPECT_EQ(seen,
            "apply-dry-run.json deny: UPDATE MCPServer.toolhive.stacklok.dev - by dev true true\n"
            "create-generate-name.json deny: CREATE MCPServer.toolhive.stacklok.dev - by dev true false\n"
            "create-v1alpha1-equivalent.json deny: CREATE MCPServer.toolhive.stacklok.dev - by dev true true\n"
            "create-v1alpha1.json deny: CREATE MCPServer.toolhive.stacklok.dev - by dev true false\n"
            "create-v1beta1.json deny: CREATE MCPServer.toolhive.stacklok.dev - by dev true false\n"
            "delete-v1beta1.json deny: DELETE MCPServer.toolhive.stacklok.dev - by dev true false\n"
            "deployment-create.json allow: CREATE Deployment.apps - by dev true false\n"
            "deployment-scale.json allow: UPDATE Scale.autoscaling scale by dev true false\n"
            "namespace-create.json allow: CREATE Namespace. - by dev true false\n"
            "pod-create.json allow: CREATE Pod. - by dev true false\n"
            "pod-eviction.json allow: CREATE Eviction.policy eviction by dev true false\n"
            "pod-exec-connect.json allow: CONNECT PodExecOptions. exec by dev true false\n"
            "update-status.json allow: UPDATE MCPServer.toolhive.stacklok.dev status by dev true false\n"
            "update-v1alpha1.json deny: UPDATE MCPServer.toolhive.stacklok.dev - by dev true false\n"
            "update-v1beta1.json deny: UPDATE MCPServer.toolhive.stacklok.dev - by dev true false\n");
}

TEST(Mask, ShowsWhatItMay) {
  struct Case {
    Obligation mask;
    Value value;
    std::string shown;
  };
  const auto mask = [](MaskKind kind, std::uint32_t count = 0) { return Obligation{Verb::kMask, "c", kind, count, "x"}; };
  const Case cases[] = {
      {mask(MaskKind::kKeepLast, 4), Value::String("4111111111111111"), "************1111"},
      {mask(MaskKind::kKeepLast, 4), Value::String("411"), "***"},
      {mask(MaskKind::kKeepLast, 4), Value::String("4111"), "****"},
      {mask(MaskKind::kKeepLast, 1), Value::String("aüñ€"), "***€"},
      {mask(MaskKind::kKeepFirst, 2), Value::String("ü€cd"), "ü€**"},
      {mask(MaskKind::kKeepLast, 0), Value::String("abc"), "***"},
      {mask(MaskKind::kKeepLast, 2), Value::Int(12345), "***45"},
      {mask(MaskKind::kKeepLast, 2), Value::String(""), ""},
      {mask(MaskKind::kKeepLast, 2), Value::Null(), "null"},
      {mask(MaskKind::kHash), Value::String("abc"), "sha256:ba7816bf8f01cfea"},
      {mask(MaskKind::kHash), Value::Null(), "null"},
      {mask(MaskKind::kReplace), Value::Null(), "x"},
      {mask(MaskKind::kNull), Value::Int(1), "null"},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.shown);
    const MaskedValue masked = ApplyMask(c.mask, c.value);
    EXPECT_EQ(masked.is_null ? "null" : masked.text, c.shown);
  }
}

// {"signedBy": […], "refuted": […]} as the engine reads it.
Value ImageFactOf(const std::vector<std::string_view>& signed_by, const std::vector<std::string_view>& refuted, Arena& arena) {
  const auto list = [&arena](const std::vector<std::string_view>& names) {
    Value* items = arena.AllocateArray<Value>(names.size());
    std::transform(names.begin(), names.end(), items, [](std::string_view name) { return Value::String(name); });
    return Value::List(items, static_cast<std::uint32_t>(names.size()));
  };
  const MapEntry entries[] = {{Value::String("signedBy"), list(signed_by)}, {Value::String("refuted"), list(refuted)}};
  const Result<Value> fact = CheckImageFact(Value::Map(MakeMap(arena, entries, 2)), "fact", arena);
  EXPECT_TRUE(fact);
  return *fact;
}

TEST(Images, AreThreeValued) {
  draft::Program draft;
  for (const char* name : {"a", "b", "c"}) draft.signers.push_back({.name = name});
  const Program program = BuildProgram(draft);
  const auto signer = [](std::size_t i) { return SignerTerm{.signer = SignerId(i)}; };
  const auto at_least = [](std::uint32_t needed, std::uint32_t operands) {
    return SignerTerm{.kind = SignerTerm::Kind::kAtLeast, .needed = needed, .operands = operands};
  };
  struct Case {
    std::vector<SignerTerm> terms;
    std::string text;
    std::vector<std::string_view> signed_by, refuted;
    Outcome outcome;
  };
  const Case cases[] = {
      {{signer(0)}, "a", {"a"}, {}, Outcome::kTrue},
      {{signer(0)}, "a", {}, {"a"}, Outcome::kFalse},
      {{signer(0)}, "a", {"b"}, {}, Outcome::kUnknown},
      {{signer(0), signer(1), at_least(1, 2)}, "a or b", {"b"}, {"a"}, Outcome::kTrue},
      {{signer(0), signer(1), at_least(1, 2)}, "a or b", {}, {"a"}, Outcome::kUnknown},
      {{signer(0), signer(1), at_least(2, 2)}, "a and b", {"b"}, {"a"}, Outcome::kFalse},
      {{signer(0), signer(1), at_least(2, 2)}, "a and b", {"b"}, {}, Outcome::kUnknown},
      {{signer(0), signer(1), signer(2), at_least(1, 2), at_least(2, 2)}, "a and (b or c)", {"a", "c"}, {"b"}, Outcome::kTrue},
      {{signer(0), signer(1), signer(2), at_least(2, 3)}, "at least 2 of a, b, c", {"a"}, {"b"}, Outcome::kUnknown},
      {{signer(0), signer(1), signer(2), at_least(2, 3)}, "at least 2 of a, b, c", {"a"}, {"b", "c"}, Outcome::kFalse},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.text);
    EXPECT_EQ(SignersText(program, c.terms), c.text);
    Arena arena;
    const Value fact = ImageFactOf(c.signed_by, c.refuted, arena);
    const auto combined = [&](const Value* known) {
      return CombineSigners(program, c.terms, [&](std::string_view name) { return SignedBy(known, name); });
    };
    EXPECT_EQ(combined(&fact), c.outcome);
    EXPECT_EQ(combined(nullptr), Outcome::kUnknown);
  }
}

TEST(Texts, PeriodsAndSuggestions) {
  EXPECT_EQ(PeriodText(60'000'000'000), "1m");
  EXPECT_EQ(PeriodText(5'400'000'000'000), "1h30m");
  EXPECT_EQ(PeriodText(1'500'000'000), "1s500ms");
  const std::string_view names[] = {"tool", "server", "principal"};
  EXPECT_EQ(DidYouMean("tol", names), "; did you mean \"tool\"?");
  EXPECT_EQ(DidYouMean("sevrer", names), "; did you mean \"server\"?");
  EXPECT_EQ(DidYouMean("xyz", names), "");
  const std::string_view columns[] = {"b", "i"};
  EXPECT_EQ(DidYouMean("I", columns), "; did you mean \"i\"?");
  EXPECT_EQ(DidYouMean("x", columns), "");
  EXPECT_EQ(DidYouMean(std::string(10'000, 't'), names), "");
}

TEST(Convert, TakesDeclaredTypes) {
  struct Case {
    std::string_view type;
    Value given;
    std::string result;
  };
  const Value strings[] = {Value::String("a"), Value::Int(1)};
  const Value numbers[] = {Value::Int(1), Value::Null()};
  const Case cases[] = {
      {"double", Value::Int(3), "3.0"},
      {"uint", Value::Int(3), "3u"},
      {"uint", Value::Int(-3), "must be an unsigned int, found int"},
      {"int", Value::Double(3), "must be an int, found double"},
      {"bytes", Value::String("YWI="), "b\"ab\""},
      {"bytes", Value::String("YWI"), "must be bytes in base64"},
      {"bytes", Value::String("YQ=="), "b\"a\""},
      {"bytes", Value::String("YX=="), "must be bytes in base64"},
      {"bytes", Value::String("Y=WI"), "must be bytes in base64"},
      {"duration", Value::String("1m"), "duration(\"60s\")"},
      {"duration", Value::Int(1), "must be a duration such as \"1m30s\", found int"},
      {"list(string)", Value::List(strings, 1), "[\"a\"]"},
      {"list(string)", Value::List(strings, 2), "must be a list of strings, found int at position 1"},
      {"list(dyn)", Value::List(strings, 2), "[\"a\", 1]"},
      {"list(dyn)", Value::Int(1), "must be a list, found int"},
      {"list(double?)", Value::List(numbers, 2), "[1.0, null]"},
      {"list(uint)", Value::List(numbers, 2), "must be a list of uint: item 1 must be an unsigned int, found null"},
      {"map(string, dyn)", Value::Int(1), "must be an object, found int"},
      {"int?", Value::Null(), "null"},
      {"int?", Value::String("1"), "must be an int, found string"},
      {"opt(int)", Value::Int(1), "has a type that no value from outside can have"},
      {"enum(\"read\", \"write\")", Value::String("read"), "\"read\""},
      {"enum(\"read\", \"write\")", Value::String("rm"), "must be one of (\"read\", \"write\")"},
      {"enum(\"read\", \"write\")", Value::Int(1), "must be one of (\"read\", \"write\")"},
      {"union(int, string)", Value::Int(80), "80"},
      {"union(int, string)", Value::String("http"), "\"http\""},
      {"union(int, string)", Value::Bool(true), "must be union(int, string), found bool"},
      {"union(duration, bool)", Value::String("1m"), "duration(\"60s\")"},
      {"url", Value::String("x"), "has a type that no value from outside can have"},
      {"dyn", Value::Null(), "null"},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.result);
    Arena arena;
    Value value = c.given;
    TypeTable types;
    const TypeId type = TypeOfText(c.type, types);
    const std::string fault = ConvertTo(type, types, arena, value);
    EXPECT_EQ(fault.empty() ? LiteralText(value) : fault, c.result);
  }
}

}  // namespace
}  // namespace writ
