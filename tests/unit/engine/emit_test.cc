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

// The instructions, one a line: "LoadSlot r0 principal.tenant".
std::string Text(const Program& program, const Code& code) {
  std::string text;
  for (std::uint32_t i = 0; i < code.size; ++i) {
    const Instruction& instruction = code.instructions[i];
    const OpcodeInfo& info = InfoOf(instruction.op);
    text += info.name;
    if (info.dst != Operand::_) text += " r" + std::to_string(instruction.dst);
    if (info.a == Operand::R) text += " r" + std::to_string(instruction.a);
    if (info.b == Operand::R) text += " r" + std::to_string(instruction.b);
    if (info.c == Operand::S) text += " " + SlotPath(program, SlotId(instruction.c));
    if (info.c == Operand::K) text += " " + LiteralText(code.constants[instruction.c]);
    if (info.c == Operand::A) text += " " + LiteralText(code.ranges[instruction.c].value);
    if (info.c == Operand::G) text += " " + code.regexes[instruction.c]->regex->pattern();
    if (info.c == Operand::C) text += " shared " + std::to_string(code.shared[instruction.c]->number);
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
       "LoadSlot r0 principal.verified\nJumpIfFalse r0 +4\nLoadSlot r2 args.x\nNot r1 r2\nAnd r0 r0 r1\nReturn r0\n"},
      {"principal.groups.exists(g, g == args.g)",
       "LoadSlot r1 principal.groups\nLoadConstant r0 false\nIterateBegin r2 r1 +6\nIterateNext r4 +5\nLoadSlot r6 args.g\nEqual r5 r4 "
       "r6\nFoldOr r0 r5 +2\nLoop -4\nReturn r0\n"},
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
  EXPECT_EQ(GuardCode(runtime, 1), "LoadSlot r0 args.x\nJumpIfFalse r0 +3\nLoadShared r1 shared 1\nAnd r0 r0 r1\nReturn r0\n");
  EXPECT_EQ(GuardCode(runtime, 2), "LoadShared r0 shared 1\nJumpIfTrue r0 +3\nLoadShared r1 shared 0\nOr r0 r0 r1\nReturn r0\n");
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
