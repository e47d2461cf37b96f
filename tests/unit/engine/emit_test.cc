// From nodes to register code: what conditions are written as, what is shared, and code asked for
// by many threads at once.
#include <gtest/gtest.h>

#include <thread>

#include "dsl/compiler.h"
#include "engine/eval/evaluator.h"

namespace writ {
namespace {

VerifiedProgram Compiled(const std::string& text) {
  const dsl::Compilation compilation = dsl::CompilePolicies({{"p.writ", text}}, {});
  EXPECT_TRUE(compilation.program) << text;
  return *VerifyProgram(compilation.program.value_or(Program{}));
}

// What an operand names by its position in the code.
std::string Named(const Code& code, Operand operand, std::uint32_t position) {
  if (operand == Operand::N) return " " + std::to_string(position);
  if (operand == Operand::K) return " " + LiteralText(code.constants[position]);
  if (operand == Operand::A) return " " + LiteralText(code.ranges[position].value);
  if (operand == Operand::G) return " " + code.regexes[position]->regex->pattern();
  if (operand == Operand::C) return " shared " + std::to_string(code.shared[position].number);
  return "";
}

// The instructions, one a line: "LoadSlot r0 principal.tenant".
std::string Text(const Program& program, const Code& code) {
  std::string text;
  for (std::uint32_t i = 0; i < code.size; ++i) {
    const Instruction& instruction = code.instructions[i];
    const OpcodeInfo& info = InfoOf(instruction.op);
    text += info.name;
    if (info.dst == Operand::N) text += " " + std::to_string(instruction.dst);
    if (info.dst != Operand::_ && info.dst != Operand::N) text += " r" + std::to_string(instruction.dst);
    if (info.a == Operand::R || info.a == Operand::P) text += " r" + std::to_string(instruction.a);
    if (info.b == Operand::R) text += " r" + std::to_string(instruction.b);
    text += Named(code, info.b, instruction.b) + Named(code, info.c, instruction.c);
    if (info.c == Operand::S) text += " " + SlotPath(program, SlotId(instruction.c));
    if (info.c == Operand::J)
      text += (instruction.c > i ? " +" : " ") + std::to_string(static_cast<int>(instruction.c) - static_cast<int>(i));
    text += '\n';
  }
  return text;
}

std::string GuardCode(const RuntimeProgram& runtime, std::size_t rule) {
  return Text(runtime.program(), runtime.code().Of(runtime.program().rules[rule].guard));
}

TEST(Emit, Guards) {
  struct Case {
    const char* condition;
    const char* expected;
  };
  const Case cases[] = {
      {"principal.tenant == 'acme'", "LoadSlot r1 principal.tenant\nEqualConstant r0 r1 \"acme\"\nReturn r0\n"},
      {"'acme' == principal['tenant']", "LoadSlot r1 principal.tenant\nEqualConstant r0 r1 \"acme\"\nReturn r0\n"},
      {"'sre' in principal.groups", "LoadSlot r1 principal.groups\nConstantIn r0 r1 \"sre\"\nReturn r0\n"},
      {"principal.tenant in ['a', 'b']", "LoadSlot r1 principal.tenant\nInConstant r0 r1 [\"a\", \"b\"]\nReturn r0\n"},
      {"has(principal.tenant)", "HasSlot r0 principal.tenant\nReturn r0\n"},
      {"dyn(principal.verified)", "LoadSlot r0 principal.verified\nReturn r0\n"},
      {"args.a.b.matches('^x' + 'y')", "LoadSlot r1 args.a.b\nMatchesRegex r0 r1 ^xy\nReturn r0\n"},
      {"args.?a.b.orValue(false)", "OptionalSlot r1 args.a.b\nOptionalOrValue r0 r1 +2\nLoadConstant r0 false\nReturn r0\n"},
      {"principal.verified && !args.x",
       "LoadSlot r0 principal.verified\nTestTrue 0 r0 +4\nLoadSlot r0 args.x\nTestTrue 1 r0 +2\nReturnBool 1\nReturnBool 0\n"
       "Careful 7\nLoadSlot r0 principal.verified\nJumpIfFalse r0 +4\nLoadSlot r2 args.x\nNot r1 r2\nAnd r0 r0 r1\nReturn r0\n"},
      {"principal.groups.exists(g, g == args.g)",
       "LoadSlot r0 principal.groups\nIterateFirst r1 r0 +7\nLoadSlot r5 args.g\nEqual r4 r3 r5\nTestTrue 1 r4 +3\nIterateAgain r1 "
       "-3\nJump +2\nReturnBool 1\nReturnBool 0\nCareful 10\nLoadSlot r1 principal.groups\nLoadConstant r0 false\nIterateBegin r2 r1 "
       "+6\nIterateNext r4 r2 +5\nLoadSlot r6 args.g\nEqual r5 r4 r6\nFoldOr r0 r5 +2\nLoop -4\nReturn r0\n"},
      {"data.fleet.team[principal.tenant].open",
       "LoadSlot r2 data.fleet.team\nLoadSlot r3 principal.tenant\nIndex r1 r2 r3\nSelect r0 r1 \"open\"\nReturn r0\n"},
  };
  for (const Case& each : cases) {
    SCOPED_TRACE(each.condition);
    const std::string text = "import data fleet\npolicy p for tools { allow when " + std::string(each.condition) + " }\n";
    const RuntimeProgram runtime(Compiled(text));
    EXPECT_EQ(GuardCode(runtime, 0), each.expected);
  }
}

// Nodes that are one instruction. Shown is the quick code.
TEST(Emit, NodesThatStandTogether) {
  struct Case {
    const char* condition;
    const char* expected;
  };
  const Case cases[] = {
      {"args.l.all(a, a.?y.orValue(null) != null && type(a.y) == string)",
       "LoadSlot r0 args.l\nIterateFirst r1 r0 +4\nTestPresent 0 r3 \"y\" +4\nTestMemberKind 12 r3 \"y\" +3\nIterateAgain r1 "
       "-2\nReturnBool 1\nReturnBool 0\n"},
      {"args.l.exists(a, !(a.matches('^x')) || a in ['y'] || a != 'z')",
       "LoadSlot r0 args.l\nIterateFirst r1 r0 +7\nTestMatches 0 r3 ^x +5\nTestIn 1 r3 [\"y\"] +4\nTestEqual 0 r3 \"z\" +3\nIterateAgain "
       "r1 -3\nJump +2\nReturnBool 1\nReturnBool 0\n"},
      {"optional.ofNonZeroValue(args.l[0].?y.orValue(null)).orValue('') == 'z'",
       "LoadSlot r3 args.l\nLoadConstant r4 0\nIndex r2 r3 r4\nSelectNonZeroOr r1 r2 \"y\"\nEqualConstant r0 r1 \"z\"\nReturn r0\n"},
      {"optional.ofNonZeroValue(args.x).orValue('') == args.l[0].?y.orValue(1)",
       "LoadSlot r2 args.x\nNonZeroOr r1 r2 \"\"\nLoadSlot r4 args.l\nLoadConstant r5 0\nIndex r3 r4 r5\nSelectOr r2 r3 \"y\"\nEqual r0 r1 "
       "r2\nReturn r0\n"},
      {"args.x + ' ' + args.y == 'a b'",
       "LoadSlot r2 args.x\nLoadConstant r3 \" \"\nLoadSlot r4 args.y\nAddAll r1 r2 3\nEqualConstant r0 r1 \"a b\"\nReturn r0\n"},
  };
  for (const Case& each : cases) {
    SCOPED_TRACE(each.condition);
    const RuntimeProgram runtime(Compiled("policy p for tools { allow when " + std::string(each.condition) + " }\n"));
    const std::string code = GuardCode(runtime, 0);
    EXPECT_EQ(code.substr(0, code.find("Careful")), each.expected);
  }
}

TEST(Emit, WhatConditionsShareHasOneNumber) {
  const RuntimeProgram runtime(Compiled(R"(
let busy = context.chain.depth > 3 && principal.verified
policy p for tools {
  deny b when busy
  deny c when args.x && busy
  deny d when busy || principal.groups.exists(g, g.startsWith("x"))
  deny e when principal.groups.exists(g, g.startsWith("x"))
}
)"));
  EXPECT_EQ(GuardCode(runtime, 3), "LoadShared r0 shared 0\nReturn r0\n");
  EXPECT_EQ(GuardCode(runtime, 0), "LoadShared r0 shared 1\nReturn r0\n");
  EXPECT_EQ(GuardCode(runtime, 1),
            "LoadSlot r0 args.x\nTestTrue 0 r0 +3\nTestShared 0 shared 1 +2\nReturnBool 1\nReturnBool 0\n"
            "Careful 6\nLoadSlot r0 args.x\nJumpIfFalse r0 +3\nLoadShared r1 shared 1\nAnd r0 r0 r1\nReturn r0\n");
  EXPECT_EQ(GuardCode(runtime, 2),
            "TestShared 1 shared 1 +2\nTestShared 0 shared 0 +2\nReturnBool 1\nReturnBool 0\n"
            "Careful 6\nLoadShared r0 shared 1\nJumpIfTrue r0 +3\nLoadShared r1 shared 0\nOr r0 r0 r1\nReturn r0\n");
  EXPECT_EQ(runtime.code().Of(runtime.program().rules[2].guard).shared_end, 2U);
}

TEST(Emit, ThreadsThatAskForTheSameCodeGetIt) {
  std::string text = "policy p for tools {\n";
  for (int i = 0; i < 600; ++i)
    text += "  deny when args.n > " + std::to_string(i) + " || args.list.exists(x, x > " + std::to_string(i / 2) + ")\n";
  const RuntimeProgram runtime(Compiled(text + "}\n"));
  const std::span<const Rule> rules = runtime.program().rules;
  constexpr std::size_t kThreads = 4;
  std::vector<std::vector<const Code*>> found(kThreads);
  std::vector<std::thread> threads;
  for (std::size_t i = 0; i < kThreads; ++i) {
    threads.emplace_back([&, i] {
      for (const Rule& rule : rules) found[i].push_back(&runtime.code().Of(rule.guard));
    });
  }
  for (std::thread& thread : threads) thread.join();
  for (std::size_t i = 1; i < kThreads; ++i) EXPECT_EQ(found[i], found[0]);
  for (const Code* code : found[0]) ASSERT_EQ(code->instructions[code->size - 1].op, Opcode::kReturn);
}

}  // namespace
}  // namespace writ
