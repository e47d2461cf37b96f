// A kind of facts that is not images, made with the builder alone: teams, and who owns them. A host
// that looks up teams needs nothing of the engine but needs and facts; the engine knows no kind
// here.
//
//   allow list_* when facts.team.level >= 2 && facts.owner.active
//   facts.team: kind `teams`, key principal.tenant
//   facts.owner: kind `people`, key facts.team.owner
#include <functional>
#include <map>

#include <gtest/gtest.h>

#include "rules/build/build.h"
#include "rules/bundle/bundle.h"
#include "rules/ir/verify.h"
#include "rules/opt/graph.h"
#include "rules/opt/program_nodes.h"
#include "writ/engine.h"

namespace writ {
namespace {

class TeamPolicy {
 public:
  TeamPolicy() {
    draft_.files.emplace_back("teams.list");
    draft_.policies.push_back({.name = "teams", .location = {FileId(0), 1, 1}});
    const NodeId tenant = Path("principal.tenant");
    Path("facts");
    const NodeId level = Path("facts.team.level"), owner = Path("facts.team.owner"), active = Path("facts.owner.active");
    const NodeId at_least[] = {level, graph_.Constant(Value::Int(2))};
    const NodeId both[] = {graph_.Call(Function::kGreaterOrEqual, at_least, SimpleType(TypeKind::kBool)), active};
    AddRule(Verb::kAllow, "list_*", graph_.Make(NodeKind::kAnd, both, 0, SimpleType(TypeKind::kBool)));
    const NodeId is_blocked[] = {Path("facts.team.blocked"), graph_.Constant(Value::Bool(true))};
    AddRule(Verb::kDeny, "list_secrets", graph_.Call(Function::kEqual, is_blocked, SimpleType(TypeKind::kBool)));
    draft_.facts = {{"teams", tenant, SlotOf("facts.team")}, {"people", owner, SlotOf("facts.owner")}};
  }

  // Written once.
  Program Build() {
    std::vector<NodeId> roots;
    for (const draft::Rule& rule : draft_.rules) roots.push_back(rule.guard);
    for (const draft::FactSpec& fact : draft_.facts) roots.push_back(fact.key);
    ProgramNodes nodes(graph_, types_, draft_, roots, Sharing::kYes);
    for (draft::Rule& rule : draft_.rules) rule.guard = nodes.Write(rule.guard);
    for (draft::FactSpec& fact : draft_.facts) {
      fact.key = nodes.Write(fact.key);
      fact.slot = nodes.UseSlot(fact.slot, false);
    }
    return BuildProgram(draft_);
  }

  draft::Program& draft() { return draft_; }
  SlotId SlotOf(std::string_view path) {
    SlotId slot;
    for (std::size_t begin = 0, end = 0; begin < path.size(); begin = end + 1) {
      end = std::min(path.find('.', begin), path.size());
      const std::string_view key = path.substr(begin, end - begin);
      slot = slot.valid() ? graph_.Child(slot, key) : graph_.Root(key);
    }
    return slot;
  }

 private:
  NodeId Path(std::string_view path) { return graph_.Leaf(NodeKind::kSlot, SlotOf(path).index, 0, SimpleType(TypeKind::kDyn)); }
  void AddRule(Verb verb, std::string_view tools, NodeId guard) {
    draft::Rule& rule = draft_.rules.emplace_back();
    rule.policy = PolicyId(std::size_t{0});
    rule.verb = verb;
    rule.id = "r" + std::to_string(draft_.rules.size());
    rule.line = rule.column = 1;
    rule.selectors = {{.scope = "**", .name = std::string(tools)}};
    rule.guard = guard;
  }

  TypeTable types_;
  Graph graph_{true};
  draft::Program draft_;
};

constexpr std::string_view kRequest = R"({"server": "s", "tool": "list_issues", "principal": {"tenant": "acme"}})";

class FactKind : public ::testing::Test {
 protected:
  FactKind() {
    TeamPolicy policy;
    policies_ = *PolicySet::Load(WriteBundle(policy.Build()), {});
    engine_ = std::make_unique<Engine>(policies_, SystemClock());
  }

  // What was asked in each round: "teams acme".
  std::vector<std::string> Answer(ReadRequest& request, const std::map<std::string, std::string>& known) {
    std::vector<std::string> asked;
    for (;;) {
      const std::span<const Need> needs = engine_->FindNeeds(request);
      if (needs.empty()) return asked;
      for (const Need& need : needs) {
        EXPECT_TRUE(need.asks.empty());
        asked.push_back(need.kind + " " + need.key);
        const auto fact = known.find(asked.back());
        if (fact == known.end()) continue;
        EXPECT_TRUE(request.Provide({.kind = need.kind, .key = need.key, .json = fact->second}));
      }
    }
  }
  const Decision& Decide(std::string_view text, const std::map<std::string, std::string>& known) {
    ReadRequest& request = engine_->Read(text, context_);
    asked_ = Answer(request, known);
    return engine_->Decide(request).Settle();
  }

  std::shared_ptr<const PolicySet> policies_;
  std::unique_ptr<Engine> engine_;
  Context context_;
  std::vector<std::string> asked_;
};

TEST_F(FactKind, IsAskedForInRoundsAndDecides) {
  const Decision& decision = Decide(kRequest, {{"teams acme", R"({"level": 3, "owner": "ann"})"}, {"people ann", R"({"active": true})"}});
  EXPECT_EQ(decision.effect, Effect::kAllow) << DecisionJson(decision);
  EXPECT_EQ(asked_, (std::vector<std::string>{"teams acme", "people ann"}));
  EXPECT_EQ(Decide(kRequest, {{"teams acme", R"({"level": 1, "owner": "ann"})"}, {"people ann", R"({"active": true})"}}).effect,
            Effect::kDeny);
  EXPECT_EQ(Decide(kRequest, {{"teams acme", R"({"level": 3, "owner": "ann"})"}, {"people ann", R"({"active": false})"}}).effect,
            Effect::kDeny);
}

TEST_F(FactKind, ThatNobodyTellsIsAnError) {
  const Decision& decision = Decide(kRequest, {});
  EXPECT_EQ(decision.effect, Effect::kDeny);
  EXPECT_EQ(asked_, std::vector<std::string>{"teams acme"}) << "asked once";
  ASSERT_EQ(decision.errors.size(), 1U) << DecisionJson(decision);
  EXPECT_EQ(decision.errors[0].text, "no such key: team");
  // A denial that hangs on it denies, whether or not anybody asked.
  const Decision& denied = engine_->DecideJson(R"({"server": "s", "tool": "list_secrets", "principal": {"tenant": "acme"}})", context_);
  EXPECT_EQ(denied.reason, Reason::kRule) << DecisionJson(denied);
  ASSERT_EQ(denied.rules.size(), 1U);
  EXPECT_EQ(denied.rules[0].outcome, Outcome::kError);
}

TEST_F(FactKind, DoesNotOutliveItsRequest) {
  EXPECT_EQ(Decide(kRequest, {{"teams acme", R"({"level": 3, "owner": "ann"})"}, {"people ann", R"({"active": true})"}}).effect,
            Effect::kAllow);
  EXPECT_EQ(Decide(kRequest, {}).effect, Effect::kDeny);
  EXPECT_EQ(engine_->DecideJson(kRequest, context_).effect, Effect::kDeny);
}

TEST_F(FactKind, IsNotAskedForWhereNothingHangsOnIt) {
  Decide(R"({"server": "s", "tool": "write", "principal": {"tenant": "acme"}})", {});
  EXPECT_TRUE(asked_.empty());
  Decide(R"({"server": "s", "tool": "list_issues"})", {});
  EXPECT_TRUE(asked_.empty()) << "a key that fails asks for nothing";
  EXPECT_EQ(engine_->DecideJson(R"({"server": "s", "tool": "list_issues"})", context_).errors.at(0).text, "no such key: tenant");
}

TEST_F(FactKind, IsTakenFromTheRequestOnlyWhereThatIsAllowed) {
  const std::string told = R"({"server": "s", "tool": "list_issues", "principal": {"tenant": "acme"},
      "facts": {"teams": {"acme": {"level": 2, "owner": "ann"}}, "people": {"ann": {"active": true}}}})";
  EXPECT_EQ(engine_->DecideJson(told, context_).reason, Reason::kBadRequest);
  EXPECT_EQ(engine_->DecideJson(told, context_, {}, {.facts = CallerFacts::kTaken}).effect, Effect::kAllow);
  ReadRequest& request = engine_->Read(told, context_, {.facts = CallerFacts::kTaken});
  EXPECT_TRUE(engine_->FindNeeds(request).empty());
  EXPECT_TRUE(request.Provide({.kind = "teams", .key = "acme", .json = R"({"level": 0})"}));
  EXPECT_EQ(engine_->Decide(request).Settle().effect, Effect::kAllow) << "what the request brought stays";
  const std::string unknown = R"({"server": "s", "tool": "list_issues", "facts": {"team": {}}})";
  EXPECT_EQ(engine_->DecideJson(unknown, context_, {}, {.facts = CallerFacts::kTaken}).messages.at(0),
            "unknown member \"team\" in \"facts\"; did you mean \"teams\"?");
}

// What the residual reads of facts, it names as needs, keys of keys included.
TEST_F(FactKind, IsANeedOfWhatIsLeft) {
  const auto open = [this](const std::string& more) -> const Decision& {
    return engine_->DecideJson(R"({"server": "s", "tool": "list_issues", "principal": {"tenant": "acme"}, )" + more + "}", context_, {},
                               {.facts = CallerFacts::kTaken});
  };
  const Decision untold = open(R"("unknown": ["args"])");
  EXPECT_EQ(untold.effect, Effect::kConditional) << DecisionJson(untold);
  ASSERT_TRUE(untold.residual);
  EXPECT_EQ(untold.residual->cel, "facts.team.level >= 2 && facts.owner.active");
  ASSERT_EQ(untold.needs_facts.size(), 2U);
  EXPECT_EQ(untold.needs_facts[0].kind + " " + untold.needs_facts[0].key + " " + untold.needs_facts[0].path,
            "teams dyn(\"acme\") facts.team");
  EXPECT_EQ(untold.needs_facts[1].kind + " " + untold.needs_facts[1].key + " " + untold.needs_facts[1].path,
            "people facts.team.owner facts.owner");
  EXPECT_NE(DecisionJson(untold).find(R"text("facts":[{"kind":"teams","key":"dyn(\"acme\")","path":"facts.team"},{"kind":"people")text"),
            std::string::npos)
      << DecisionJson(untold);
  const Decision half = open(R"("unknown": ["args"], "facts": {"teams": {"acme": {"level": 3, "owner": "ann"}}})");
  ASSERT_TRUE(half.residual);
  EXPECT_EQ(half.residual->cel, "facts.owner.active");
  ASSERT_EQ(half.needs_facts.size(), 1U);
  EXPECT_EQ(half.needs_facts[0].key, "dyn(\"ann\")");
  const Decision keyless = open(R"("unknown": ["principal.tenant"])");
  EXPECT_EQ(keyless.effect, Effect::kConditional) << DecisionJson(keyless);
  ASSERT_EQ(keyless.needs_facts.size(), 2U);
  EXPECT_EQ(keyless.needs_facts[0].key, "principal.tenant");
}

TEST_F(FactKind, CannotBeSetAsAField) {
  const auto field = [this](std::string_view path, const Value& value) { return FieldRequest::Field{engine_->FindField(path), value}; };
  const FieldRequest::Field fields[] = {field("principal.tenant", Value::String("acme")), field("facts.team.level", Value::Int(3)),
                                        field("facts.owner.active", Value::Bool(true))};
  EXPECT_NE(engine_->FieldFault("facts.team.level"), "");
  const Decision& set = engine_->DecideFields({.target = Target::kTools, .scope = "s", .name = "list_issues", .fields = fields}, context_);
  EXPECT_EQ(set.effect, Effect::kDeny);
  ASSERT_EQ(set.errors.size(), 1U) << DecisionJson(set);
  EXPECT_EQ(set.errors[0].text, "no such key: team");
  EXPECT_EQ(engine_->DecideJson(R"({"server": "s", "tool": "list_issues", "unknown": ["facts.team"]})", context_).reason,
            Reason::kBadRequest);
}

TEST(FactSpecs, AreVerified) {
  const auto fault = [](const std::function<void(TeamPolicy&)>& change) {
    TeamPolicy policy;
    change(policy);
    const Result<VerifiedProgram> verified = VerifyProgram(policy.Build());
    return verified ? "verified" : verified.error().message;
  };
  EXPECT_EQ(fault([](TeamPolicy&) {}), "verified");
  EXPECT_NE(fault([](TeamPolicy& p) { p.draft().facts[0].slot = p.SlotOf("principal.tenant"); }), "verified");
  EXPECT_NE(fault([](TeamPolicy& p) { p.draft().facts[0].slot = p.SlotOf("facts.team.level"); }), "verified");
  EXPECT_NE(fault([](TeamPolicy& p) { std::swap(p.draft().facts[0], p.draft().facts[1]); }), "verified");
  EXPECT_NE(fault([](TeamPolicy& p) { p.draft().facts[0].kind = ""; }), "verified");
}

}  // namespace
}  // namespace writ
