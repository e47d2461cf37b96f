// Lowering: the program of a policy, as its dump says it.
#include <gtest/gtest.h>
#include <pthread.h>

#include <algorithm>

#include "dsl/compiler.h"
#include "dsl/lower/line_index.h"
#include "dsl/lower/selectors.h"
#include "rules/base/source.h"
#include "rules/ir/program.h"
#include "rules/ir/text.h"
#include "rules/ir/verify.h"

namespace writ::dsl {
namespace {

Program MustCompile(const std::string& text, bool optimize = true) {
  CompileOptions options;
  options.optimize = optimize;
  Compilation compilation = CompilePolicies({{"p.writ", text}}, options);
  for (const Diagnostic& diagnostic : compilation.diagnostics) {
    if (diagnostic.severity == Severity::kError) ADD_FAILURE() << RenderDiagnostic(diagnostic, compilation.files, false);
  }
  return compilation.program.value_or(Program{});
}

std::string Text(const Program& program, NodeId node) { return node.valid() ? TryNodeText(program, node).value_or("too long") : "always"; }

std::string Guard(const std::string& rule) {
  const Program program = MustCompile("import data fleet\npolicy p for tools {\n" + rule + "\n}\n");
  return program.rules.empty() ? "" : Text(program, program.rules[0].guard);
}

TEST(Lower, Guards) {
  struct Case {
    const char* rule;
    const char* expected;
  };
  const Case cases[] = {
      {"allow x", "always"},
      {"allow when principal.tenant == 'acme'", "principal.tenant == \"acme\""},
      {"allow when 'acme' == principal['tenant']", "\"acme\" == principal.tenant"},
      {"allow when has(principal.tenant)", "has(principal.tenant)"},
      {"allow when args.a.b.matches('^x' + 'y')", "args.a.b.matches(\"^xy\")"},
      {"allow when args.?a.b.orValue(false)", "args.?a.?b.orValue(false)"},
      {"allow when principal.verified unless args.x", "principal.verified && !args.x"},
      {"allow when principal.groups.exists(g, g == args.g)", "principal.groups.exists(x, x == args.g)"},
      {"allow when data.fleet.team[principal.tenant].open", "data.fleet.team[principal.tenant].open"},
      {"allow when args.x || false && args.y", "args.x || false"},
  };
  for (const Case& each : cases) {
    SCOPED_TRACE(each.rule);
    EXPECT_EQ(Guard(each.rule), each.expected);
  }
}

TEST(Lower, GuardsOfRequirementsSayWhatMustHold) {
  const Program program = MustCompile("policy p for schemas { require schema.a when tool.name == 'x' unless server.b }\n", false);
  EXPECT_EQ(Text(program, program.rules[0].guard), "!(tool.name == \"x\") || server.b || schema.a");
  EXPECT_TRUE(program.rule_details[0].discriminators.empty());
}

std::size_t CountShared(const Program& program) {
  return static_cast<std::size_t>(std::count_if(program.nodes.begin(), program.nodes.end(), [](const Node& node) { return node.shared; }));
}

TEST(Lower, FnsAreInlinedAndLetsAreShared) {
  const Program program = MustCompile(R"(
let busy = context.chain.depth > 3 && principal.verified
fn member(who: dyn, group: string) -> bool = group in who.groups
policy p for tools {
  allow a when member(principal, "sre")
  deny b when busy
  deny c when busy && args.x
}
)");
  EXPECT_EQ(Text(program, program.rules[0].guard), "\"sre\" in principal.groups");
  EXPECT_EQ(Text(program, program.rules[2].guard), "(context.chain.depth > 3 && principal.verified) && args.x");
  EXPECT_EQ(ShownNodeText(program, program.rules[2].guard), "busy && args.x");
  NodeTexts texts(program);
  EXPECT_EQ(texts.LetName(program.rules[1].guard), "busy");
  EXPECT_EQ(texts.LetName(program.rules[2].guard), "");
  EXPECT_EQ(texts.ShownBody(program.rules[1].guard), "context.chain.depth > 3 && principal.verified");
  ASSERT_EQ(program.lets.size(), 1U);
  EXPECT_EQ(program.lets[0].value, program.rules[1].guard);
  EXPECT_EQ(program[program.lets[0].name], "busy");
  EXPECT_EQ(CountShared(program), 1U);
}

TEST(Lower, EqualExpressionsOfPoliciesAreOneNode) {
  const std::string text = R"(
policy p for tools { allow a when principal.groups.exists(g, g.startsWith("x")) && args.a }
policy q for tools { deny b when principal.groups.exists(h, h.startsWith("x")) }
)";
  const Program program = MustCompile(text);
  EXPECT_EQ(program.args(program.rules[0].guard)[0], program.rules[1].guard);
  EXPECT_EQ(CountShared(program), 1U);
  EXPECT_EQ(CountShared(MustCompile(text, false)), 0U);
}

TEST(Lower, NodesHaveTheTypesThatTheCheckerFound) {
  const Program program = MustCompile("policy p for tools { allow when principal.groups.map(g, size(g)) == [1] && args.x }\n");
  std::string types;
  for (const Node& node : program.nodes) types += TypeText(TypesOf(program), node.type) + "; ";
  EXPECT_EQ(types, "list(string); string; int; list(int); list(int); bool; dyn; bool; ");
}

TEST(Lower, WhatNothingNeedsIsNotWritten) {
  const Program program = MustCompile(
      "let unused = principal.claims.x\nfn f() -> int = 3\npolicy p for tools { allow when false && args.never || principal.verified }\n");
  EXPECT_EQ(program.lets.size(), 0U);
  for (std::size_t i = 0; i < program.slots.size(); ++i) EXPECT_NE(SlotPath(program, SlotId(i)), "args.never");
}

TEST(Lower, Discriminators) {
  struct Case {
    const char* condition;
    const char* expected;
  };
  const Case cases[] = {
      {"principal.tenant == 'a'", "principal.tenant==a "},
      {"args.x && principal.tenant in ['a', 'b']", "principal.tenant==a,b "},
      {"'sre' in principal.groups && principal.type == 'agent'", "principal.groups~sre principal.type==agent "},
      {"principal.groups.exists(g, g in ['a', 'b'])", "principal.groups~a,b "},
      {"on_call", "principal.groups~sre "},
      {"principal.tenant == 'a' || args.x", ""},
      {"!(principal.tenant == 'a')", ""},
      {"'x' in principal.claims", ""},
      {"'x' in args.list", ""},
      {"args.n == 3", ""},
  };
  for (const Case& each : cases) {
    SCOPED_TRACE(each.condition);
    const Program program = MustCompile("let on_call = principal.groups.exists(g, g == 'sre')\npolicy p for tools { allow when " +
                                        std::string(each.condition) + " }\n");
    std::string found;
    ASSERT_FALSE(program.rules.empty());
    for (const Discriminator& discriminator : program[program.rule_details[0].discriminators]) {
      found += SlotPath(program, discriminator.slot) + (discriminator.kind == Discriminator::Kind::kEquals ? "==" : "~");
      std::string strings;
      for (const TextId text : program[discriminator.strings]) strings.append(strings.empty() ? "" : ",").append(program[text]);
      found += strings;
      found += ' ';
    }
    EXPECT_EQ(found, each.expected);
  }
}

TEST(Lower, Selectors) {
  struct Case {
    const char* policy;
    const char* expected;
  };
  const Case cases[] = {
      {"for tools on server \"a\", \"b-*\" { deny x, y_* }", "a|x a|y_* b-*|x b-*|y_* "},
      {"for tools on server \"*\" { deny *, a/* }", "**|** **|a/* "},
      {"for tools { deny when args.x }", "**|** "},
      {"for access to doc { deny read }", "doc|read "},
      {"for rows of t { deny when row.a == 1 }", "t|** "},
      {"for admission of MCPServer.toolhive.stacklok.dev { deny when object.x }",
       "MCPServer.toolhive.stacklok.dev|CREATE MCPServer.toolhive.stacklok.dev|UPDATE "},
      {"for admission of Pod.*/exec, */attach on connect { deny when object.x }", "Pod.*/exec|CONNECT Pod/exec|CONNECT */attach|CONNECT "},
      {"for admission { deny when object.x }", "*|CREATE *|UPDATE "},
      {"for admission on update, connect { deny when object.x }", "*|UPDATE **|CONNECT "},
      {"for resources on server \"f\" { deny \"**/.git/**\" }", "f|**/.git/** "},
  };
  for (const Case& each : cases) {
    SCOPED_TRACE(each.policy);
    const Program program = MustCompile("table t { a: int }\npolicy p " + std::string(each.policy) + "\n");
    std::string found;
    ASSERT_FALSE(program.rules.empty());
    for (const Selector& selector : program[program.rule_details[0].selectors])
      found.append(program[selector.scope]).append("|").append(program[selector.name]).append(" ");
    EXPECT_EQ(found, each.expected);
  }
}

TEST(Lower, SlotsHaveTheTypesOfTargetsAndTables) {
  const Program program = MustCompile(R"(
table a { v: int  w: double }
table b { v: string }
policy p for rows of a { allow when row.v == 1 && row.w > 1.0 && principal.verified && principal.claims.x == 1 }
policy q for rows of b { allow when row.v == "x" }
)");
  std::string found;
  for (std::size_t i = 0; i < program.slots.size(); ++i)
    found += SlotPath(program, SlotId(i)) + ":" + TypeText(TypesOf(program), program.slots[i].type) + " ";
  EXPECT_EQ(found,
            "row:map(string, dyn) row.v:dyn row.w:double principal:principal principal.verified:bool principal.claims:map(string, dyn) "
            "principal.claims.x:dyn ");
}

TEST(Lower, EqualTextGivesEqualPrograms) {
  const std::string text =
      "policy p for tools { allow a when 'x' in principal.groups || args.a.b > 3  deny b because \"{args.a} {args.b}\" }\n";
  EXPECT_EQ(MustCompile(text), MustCompile(text));
}

TEST(Lower, LineIndexAgreesWithLocateOffset) {
  std::string text = "a\n";
  for (int i = 0; i < 300; ++i) text += "é";
  text += "\n\nx→y";
  const LineIndex index(FileId(0), text);
  for (std::uint32_t offset = 0; offset <= text.size() + 1; ++offset) {
    if (offset < text.size() && (static_cast<unsigned char>(text[offset]) & 0xC0U) == 0x80U) continue;  // inside a code point
    const SourceLocation expected = LocateOffset(FileId(0), text, offset);
    const SourceLocation found = index.Locate(offset);
    ASSERT_EQ(found.line, expected.line) << offset;
    ASSERT_EQ(found.column, expected.column) << offset;
  }
}

std::string Repeat(std::string_view text, std::size_t count) {
  std::string out;
  for (std::size_t i = 0; i < count; ++i) out += text;
  return out;
}

// Runs `body` in a thread whose stack is this large.
template <typename Body>
void RunOnStack(std::size_t bytes, Body body) {
  pthread_attr_t attributes;
  ASSERT_EQ(0, pthread_attr_init(&attributes));
  ASSERT_EQ(0, pthread_attr_setstacksize(&attributes, bytes));
  pthread_t thread{};
  const auto run = [](void* argument) -> void* {
    (*static_cast<Body*>(argument))();
    return nullptr;
  };
  ASSERT_EQ(0, pthread_create(&thread, &attributes, run, &body));
  ASSERT_EQ(0, pthread_join(thread, nullptr));
  pthread_attr_destroy(&attributes);
}

// Chains as long as they may be, nested and not, go all the way on a stack of 1 MiB (6 MiB with a sanitizer's frames; the default is 8).
TEST(Lower, LongChainsNeedLittleStack) {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  constexpr std::size_t kStackBytes = std::size_t{6} << 20;
#else
  constexpr std::size_t kStackBytes = std::size_t{1} << 20;
#endif
  std::string nested = "args.x";
  for (int i = 0; i < 9; ++i) nested = "(args.y" + Repeat(" + args.y", 100) + " + " + nested + ") * 2";
  const std::string chains[] = {
      "args.x" + Repeat(" + args.x", 1'000),
      "size(args)" + Repeat(" - 1", 1'000),
      "args.x" + Repeat(" - args.y * 3", 1'000),
      "args" + Repeat(".x", 1'000),
      "args" + Repeat(".?x", 1'000) + ".orValue(1)",
      "args" + Repeat("[args.i]", 1'000),
      "(" + Repeat("args.x == args.y ? 1 : ", 1'000) + "2)",
      Repeat("(", 100) + "args.x" + Repeat(" + 1)", 100),
      nested,
  };
  for (const std::string& chain : chains) {
    SCOPED_TRACE(chain.substr(0, 30));
    for (const bool optimize : {true, false}) {
      RunOnStack(kStackBytes, [&] {
        const Program program = MustCompile("policy p for tools { allow a when " + chain + " == -1 }", optimize);
        EXPECT_TRUE(VerifyProgram(program));
        EXPECT_EQ(program.rules.size(), 1U);
      });
    }
  }
}

}  // namespace
}  // namespace writ::dsl
