// Keys of rules: what must leave them as they are, and what must not. And identities of limits.
#include "rules/build/rule_key.h"

#include <gtest/gtest.h>

#include <set>
#include <string>
#include <vector>

#include "dsl/compiler.h"
#include "rules/base/digest.h"
#include "rules/base/encoding.h"
#include "tests/support/program_builder.h"

namespace writ {
namespace {

Program Compiled(std::vector<std::string> files) {
  std::vector<SourceFile> sources;
  for (std::string& text : files) sources.push_back({"file" + std::to_string(sources.size()) + ".writ", std::move(text)});
  const dsl::Compilation compilation = dsl::CompilePolicies(std::move(sources), {});
  for (const dsl::Diagnostic& diagnostic : compilation.diagnostics) {
    if (!compilation.program) ADD_FAILURE() << dsl::RenderDiagnostic(diagnostic, compilation.files, false);
  }
  return compilation.program.value_or(Program{});
}

std::vector<std::string> KeysOf(std::vector<std::string> files) {
  std::vector<std::string> keys;
  for (const RuleKey& key : Compiled(std::move(files)).rule_keys) keys.push_back(RuleKeyText(key));
  return keys;
}

// Of the only rule of a policy.
std::string KeyOfRule(const std::string& rule, const std::string& head = "policy p for tools on server \"s\"") {
  const std::vector<std::string> keys = KeysOf({"package acme\n" + head + " {\n" + rule + "\n}\n"});
  EXPECT_EQ(keys.size(), 1U) << rule;
  return keys.empty() ? "" : keys[0];
}

constexpr const char* kRule = R"(allow "a", "b" when args.n > 5 && principal.tenant == "x" because "m")";

TEST(RuleKey, StaysTheSame) {
  struct Case {
    const char* name;
    const char* rule;
    const char* head = "policy p for tools on server \"s\"";
  };
  const Case cases[] = {
      {"white space", R"(allow   "a" ,"b"   when (args.n>5)  &&  principal.tenant  ==  "x"  because  "m")"},
      {"another message", R"(allow "a", "b" when args.n > 5 && principal.tenant == "x" because "other {args.n}")"},
      {"no message", R"(allow "a", "b" when args.n > 5 && principal.tenant == "x")"},
      {"order of patterns", R"(allow "b", "a" when args.n > 5 && principal.tenant == "x")"},
      {"a condition that folds to it", R"(allow "a", "b" when args.n > 2 + 3 && principal.tenant == "x")"},
      {"attributes", R"(@severity(high) @title("t") allow "a", "b" when args.n > 5 && principal.tenant == "x")"},
      {"shadow mode", kRule, "policy p for tools on server \"s\" in shadow mode"},
      {"warn mode", kRule, "policy p for tools on server \"s\" in warn mode"},
      {"attributes of the policy", kRule, "@severity(low) policy p for tools on server \"s\""},
      {"lines before it", kRule, "\n\n// a comment\npolicy p for tools on server \"s\""},
  };
  for (const Case& test : cases) {
    SCOPED_TRACE(test.name);
    EXPECT_EQ(KeyOfRule(test.rule, test.head), KeyOfRule(kRule));
  }
  EXPECT_EQ(KeyOfRule("allow when args.n > 5 unless args.m"), KeyOfRule("allow when args.n > 5 && !args.m"));
}

TEST(RuleKey, ChangesWithWhatTheRuleIs) {
  std::set<std::string> keys = {KeyOfRule(kRule)};
  const auto is_new = [&](const std::string& key) { return keys.insert(key).second; };
  EXPECT_TRUE(is_new(KeyOfRule(R"(allow "a", "b" when args.n > 6 && principal.tenant == "x")")));
  EXPECT_TRUE(is_new(KeyOfRule(R"(allow "a", "b" when args.n > 5)")));
  EXPECT_TRUE(is_new(KeyOfRule(R"(allow "a", "b")")));
  EXPECT_TRUE(is_new(KeyOfRule(R"(allow "a" when args.n > 5 && principal.tenant == "x")")));
  EXPECT_TRUE(is_new(KeyOfRule(R"(deny "a", "b" when args.n > 5 && principal.tenant == "x")")));
  EXPECT_TRUE(is_new(KeyOfRule(R"(allow "a", "b" when args.n > 5 && principal.tenant == "x" needs scope "w")")));
  EXPECT_TRUE(is_new(KeyOfRule(kRule, "policy q for tools on server \"s\"")));
  EXPECT_TRUE(is_new(KeyOfRule(kRule, "policy p for tools on server \"t\"")));
  EXPECT_TRUE(is_new(KeyOfRule(R"(@id("named") allow "a")")));
  EXPECT_TRUE(is_new(KeysOf({"policy p for tools on server \"s\" {\n" + std::string(kRule) + "\n}\n"})[0]));  // no package
}

TEST(RuleKey, OfAnIdHangsOnNothingElse) {
  const std::string key = KeyOfRule(R"(@id("named") allow "a")");
  EXPECT_EQ(KeyOfRule(R"(@id("named") deny "b" when args.n > 5)"), key);
  EXPECT_EQ(KeyOfRule(R"(@id("named") allow "a")", "policy p for tools on server \"t\""), key);
  EXPECT_NE(KeyOfRule(R"(@id("other") allow "a")"), key);
  EXPECT_NE(KeyOfRule(R"(@id("named") allow "a")", "policy q for tools on server \"s\""), key);
}

TEST(RuleKey, DoesNotHangOnItsPlace) {
  const std::string one = "policy p for tools {\n  allow \"a\"\n  deny when args.n > 1\n}\n";
  const std::string moved = "policy p for tools {\n  allow \"new\"\n  deny when args.n > 1\n  allow \"a\"\n}\n";
  const std::string other = "policy q for tools { allow \"a\" }\n";
  const std::vector<std::string> before = KeysOf({one}), after = KeysOf({other, moved});
  ASSERT_EQ(before.size(), 2U);
  ASSERT_EQ(after.size(), 4U);
  EXPECT_EQ(after[3], before[0]);
  EXPECT_EQ(after[2], before[1]);
  EXPECT_EQ(std::set<std::string>(after.begin(), after.end()).size(), 4U);
}

// A let's name is not a part of the condition, and its value is.
TEST(RuleKey, WritesLetsOut) {
  const auto key = [](const std::string& let, const std::string& name) {
    return KeysOf({"let " + name + " = " + let + "\npolicy p for tools { allow when " + name + " && args.a == 1 }\n"}).back();
  };
  EXPECT_EQ(key("args.n > 5", "large"), key("args.n > 5", "big"));
  EXPECT_NE(key("args.n > 5", "large"), key("args.n > 6", "large"));
}

TEST(RuleKey, EqualRulesAreNumbered) {
  test::ProgramBuilder b;
  b.AddPolicy("p", Target::kTools);
  for (int i = 0; i < 4; ++i) b.AddRule(Verb::kAllow, {"s", i == 2 ? "other" : "t"});
  const Program program = BuildProgram(b.program);
  std::set<RuleKey> keys(program.rule_keys.begin(), program.rule_keys.end());
  EXPECT_EQ(keys.size(), 4U);
  // The first does not know of the others.
  b.program.rules.resize(1);
  EXPECT_EQ(BuildProgram(b.program).rule_keys[0], program.rule_keys[0]);
}

// The example of docs/bundle_format.md, hashed by hand.
TEST(RuleKey, IsTheHashThatTheDocumentSays) {
  const std::string text = "writ rule key 1\npackage 0\n\npolicy 5\ntools\nverb 5\nallow\nscope 2\n**\nname 6\nlist_*\n";
  EXPECT_EQ(KeysOf({"policy tools for tools { allow \"list_*\" }\n"})[0], EncodeHex(Sha256(text)).substr(0, 12));
  const std::string second = text + "number 1\n2\n";
  test::ProgramBuilder b;
  b.AddPolicy("tools", Target::kTools);
  b.program.policies[0].package.clear();
  for (int i = 0; i < 2; ++i) b.AddRule(Verb::kAllow, {"**", "list_*"});
  EXPECT_EQ(RuleKeyText(BuildProgram(b.program).rule_keys[1]), EncodeHex(Sha256(second)).substr(0, 12));
}

TEST(RuleKey, AProgramThatIsRefusedHasNone) {
  test::ProgramBuilder b;
  b.AddPolicy("p", Target::kTools);
  b.AddRule(Verb::kAllow).guard = NodeId(7);
  EXPECT_TRUE(BuildProgram(b.program).rule_keys.empty());
}

std::vector<std::string> IdentitiesOf(const std::string& rules) {
  const Program program = Compiled({"policy p for tools on server \"s\" {\n  allow\n" + rules + "}\n"});
  std::vector<std::string> identities;
  for (const LimitSpec& limit : program.limits) identities.emplace_back(program[limit.identity]);
  return identities;
}

TEST(LimitIdentity, IsIdOrPatternsAndKey) {
  using Texts = std::vector<std::string>;
  EXPECT_EQ(IdentitiesOf("  @id(\"fair\") limit \"a\" to 5 per 1m by principal.id\n"), Texts{"@fair"});
  EXPECT_EQ(IdentitiesOf("  limit \"b\", \"a\" to 5 per 1m by principal.id\n"), Texts{"s/a, s/b by principal.id"});
  EXPECT_EQ(IdentitiesOf("  limit \"b\", \"a\" to 7 per 1h by  principal . id when args.n > 1 because \"m\"\n"),
            Texts{"s/a, s/b by principal.id"});
  EXPECT_EQ(IdentitiesOf("  limit to 5 per 1m by principal.tenant, args.n\n"), Texts{"s/** by args.n, principal.tenant"});
  EXPECT_EQ(IdentitiesOf("  limit to 5 per 1m by args.n, principal.tenant\n"), Texts{"s/** by args.n, principal.tenant"});
  EXPECT_EQ(IdentitiesOf("  limit to 5 per 1m\n  limit to 9 per 1h\n"), (Texts{"s/**", "s/** #2"}));
}

}  // namespace
}  // namespace writ
