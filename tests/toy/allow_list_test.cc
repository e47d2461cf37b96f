// The toy front end, and the engine on what it compiles: no policy text, no dsl.
#include "tests/toy/allow_list.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "rules/bundle/bundle.h"
#include "rules/ir/verify.h"
#include "writ/engine.h"

namespace writ::toy {
namespace {

constexpr std::string_view kList =
    "# what agents may do\n"
    "server github: list_issues, get_* unless args.repo == \"secret\" and principal.verified != true\n"
    "\n"
    "server slack: post if args.channel == \"#ops\"\n";

Program Compiled(std::string_view text) {
  Result<Program> program = CompileAllowList("lists", "list.txt", text);
  EXPECT_TRUE(program) << program.error().message;
  return program ? *std::move(program) : Program{};
}

std::string Refusal(std::string_view text) {
  const Result<Program> program = CompileAllowList("lists", "list.txt", text);
  return program ? "compiled" : program.error().message;
}

std::string Request(const std::string& server, const std::string& tool, const std::string& args, const std::string& more = "") {
  return R"({"target": "tools", "server": ")" + server + R"(", "tool": ")" + tool + R"(", "args": )" + args + more + "}";
}

class AllowList : public ::testing::Test {
 protected:
  AllowList() {
    auto policies = PolicySet::Load(WriteBundle(Compiled(kList)), {});
    EXPECT_TRUE(policies) << policies.error().message;
    engine_ = std::make_unique<Engine>(*policies, SystemClock());
  }
  Decision Decide(const std::string& request) { return engine_->DecideJson(request, context_); }

  Context context_;
  std::unique_ptr<Engine> engine_;
};

TEST_F(AllowList, AllowsWhatIsListed) {
  const Decision allowed = Decide(Request("github", "get_file", R"({"repo": "open"})"));
  EXPECT_EQ(allowed.effect, Effect::kAllow);
  ASSERT_EQ(allowed.rules.size(), 1U);
  EXPECT_EQ(RuleName(allowed.rules[0]), "lists.r1");
  EXPECT_EQ(allowed.rules[0].line, 2U);
  EXPECT_EQ(Decide(Request("slack", "post", R"({"channel": "#ops"})")).effect, Effect::kAllow);
  EXPECT_EQ(Decide(Request("github", "get_file", R"({"repo": "secret"})", R"(, "principal": {"verified": true})")).effect, Effect::kAllow);
}

TEST_F(AllowList, DeniesTheRest) {
  EXPECT_EQ(Decide(Request("github", "delete_repo", "{}")).reason, Reason::kDefault);
  EXPECT_EQ(Decide(Request("slack", "post", R"({"channel": "#all"})")).reason, Reason::kDefault);
  const Decision excepted = Decide(Request("github", "get_file", R"({"repo": "secret"})"));
  EXPECT_EQ(excepted.effect, Effect::kDeny);
  ASSERT_EQ(excepted.rules.size(), 1U);
  EXPECT_EQ(RuleName(excepted.rules[0]), "lists.r2");
}

// A native `deny when args.repo == "secret"` would deny without a repository.
TEST_F(AllowList, SkipsWhatFails) {
  const Decision skipped = Decide(Request("github", "get_file", "{}"));
  EXPECT_EQ(skipped.effect, Effect::kAllow);
  ASSERT_EQ(skipped.errors.size(), 1U);
  EXPECT_EQ(RuleName(skipped.errors[0].rule), "lists.r2");
  EXPECT_EQ(skipped.errors[0].text, "no such key: repo");
  EXPECT_EQ(Decide(Request("slack", "post", "{}")).effect, Effect::kDeny);
}

TEST_F(AllowList, LeavesAConditionOfWhatIsUnknown) {
  const Decision open = Decide(Request("slack", "post", "{}", R"(, "unknown": ["args.channel"])"));
  EXPECT_EQ(open.effect, Effect::kConditional);
  ASSERT_TRUE(open.residual);
  EXPECT_EQ(open.residual->cel, "args.channel == \"#ops\"");
}

TEST_F(AllowList, RulesHaveKeysThatLinesDoNotChange) {
  const std::string key = RuleKeyText(Decide(Request("slack", "post", R"({"channel": "#ops"})")).rules[0].key);
  EXPECT_EQ(key.size(), 12U);
  const Program moved = Compiled("server slack:  post  if args.channel  == \"#ops\"  # first now\nserver jira: get\n");
  EXPECT_EQ(RuleKeyText(moved.rule_keys[0]), key);
  EXPECT_NE(RuleKeyText(Compiled("server slack: post if args.channel == \"#all\"\n").rule_keys[0]), key);
}

TEST_F(AllowList, SharesWhatTheNativeFrontEndWouldShare) {
  const Program program = Compiled(
      "server a: x if args.n >= 5 and args.name == \"n\" and principal.tenant == \"t\"\n"
      "server b: y if args.n >= 5 and args.name == \"n\" and principal.tenant == \"t\"\n");
  EXPECT_EQ(program.rules[0].guard, program.rules[1].guard);
  ASSERT_TRUE(VerifyProgram(program));
}

TEST(AllowListText, FaultsNameTheLine) {
  EXPECT_EQ(Refusal("tool x\n"), "list.txt:1: found `tool`, expected `server`");
  EXPECT_EQ(Refusal("# one\nserver s x\n"), "list.txt:2: found `x`, expected `:`");
  EXPECT_EQ(Refusal("server s:\n"), "list.txt:1: found the end of the line, expected a tool");
  EXPECT_EQ(Refusal("server s: x if a ~ 1\n"), "list.txt:1: found `~`, expected a comparison");
  EXPECT_EQ(Refusal("server s: x if a == b\n"), "list.txt:1: found `b`, expected a text in quotes, an integer, true or false");
  EXPECT_EQ(Refusal("server s: x y\n"), "list.txt:1: found `y`, expected the end of the line");
}

}  // namespace
}  // namespace writ::toy
