#include "rules/ir/verify.h"

#include <gtest/gtest.h>

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "rules/function/function.h"
#include "rules/ir/verify_parts.h"
#include "tests/support/program_builder.h"

namespace writ {
namespace {

using Op = Opcode;
using test::ProgramBuilder;

// Returns what the verifier says: "ok" or its message.
std::string Verify(Program program, const BundleLimits& limits = {}) {
  const Result<VerifiedProgram> verified = VerifyProgram(std::move(program), limits);
  if (verified) return "ok";
  EXPECT_EQ(ErrorCode::kCorrupt, verified.error().code);
  return verified.error().message;
}

TEST(Verify, AcceptsTheSample) {
  EXPECT_EQ("ok", Verify(test::SampleProgram()));
  EXPECT_EQ("ok", Verify(Program{}));
}

// ---- single mutations of a valid program -----------------------------------------------------------------------------

struct Mutation {
  std::string_view message;
  std::function<void(Program&)> apply;
};

void CheckMutations(const std::vector<Mutation>& mutations) {
  for (const Mutation& mutation : mutations) {
    SCOPED_TRACE(mutation.message);
    Program program = test::SampleProgram();
    mutation.apply(program);
    EXPECT_EQ(mutation.message, Verify(std::move(program)));
  }
}

TEST(Verify, RefusesBadConstants) {
  CheckMutations({
      {"constant 1 is a bool that is neither 0 nor 1", [](Program& p) { p.constants[1].integer = 2; }},
      {"constant 5 is not valid UTF-8", [](Program& p) { p.constants[5].text = "\xff"; }},
      {"constant 9 is not valid UTF-8", [](Program& p) { p.constants[9].text = "\xC0\xAF"; }},
      {"constant 12 is not valid UTF-8", [](Program& p) { p.constants[12].text = "\x80"; }},
      {"constant 12 is an error of no known kind", [](Program& p) { p.constants[12].code = 999; }},
      {"constant 7 is a timestamp outside the years 1 to 9999", [](Program& p) { --p.constants[7].integer; }},
      {"constant 7 is a timestamp with a second or more of nanoseconds", [](Program& p) { ++p.constants[7].nanos; }},
      {"constant 10 refers to a constant that does not stand before it", [](Program& p) { p.constants[10].items[0] = ConstantId(10); }},
      {"constant 10 refers to a constant that does not stand before it", [](Program& p) { p.constants[10].items[0] = ConstantId(); }},
      {"constant 11 is a map with a key that has no value", [](Program& p) { p.constants[11].items.pop_back(); }},
      {"constant 11 is a map with a key that cannot be one", [](Program& p) { p.constants[11].items[0] = ConstantId(4); }},
      {"constant 11 is a map with the same key twice", [](Program& p) { p.constants[11].items[2] = ConstantId(5); }},
      {"constant 11 is a map with the same key twice",
       [](Program& p) {
         p.constants[3].integer = 0;  // 0u is the key 0
         p.constants[11].items[0] = ConstantId(3);
       }},
      {"constant 13 holds an error", [](Program& p) { p.constants[13] = {.kind = Constant::Kind::kList, .items = {ConstantId(12)}}; }},
      {"constant 0 is of no known kind", [](Program& p) { p.constants[0].kind = static_cast<Constant::Kind>(13); }},
  });
}

TEST(Verify, RefusesConstantsThatWouldExplode) {
  ProgramBuilder deep, wide;
  ConstantId at = deep.AddInt(1);
  for (int i = 0; i < 260; ++i) at = deep.AddList({at});
  EXPECT_EQ("constant 251 is nested too deeply", Verify(deep.program));
  at = wide.AddInt(1);
  for (int i = 0; i < 60; ++i) at = wide.AddList({at, at});
  EXPECT_EQ("constant 21 is too large", Verify(wide.program));
}

TEST(Verify, RefusesBadRegexesSlotsAndDeclarations) {
  CheckMutations({
      {"regex 0 does not compile: missing ): (", [](Program& p) { p.regexes[0] = "("; }},
      {"regex 0 is not valid UTF-8", [](Program& p) { p.regexes[0] = "\xff"; }},
      {"regex 0 is longer than 65536 bytes", [](Program& p) { p.regexes[0] = std::string(70'000, 'a'); }},
      {"slot 1 stands before its parent", [](Program& p) { p.slots[1].parent = SlotId(1); }},
      {"slot 4 is there twice", [](Program& p) { p.slots[4] = p.slots[1]; }},
      {"slot 0 is a root without a name", [](Program& p) { p.slots[0].key.clear(); }},
      {"slot 1 has a key that is not valid UTF-8", [](Program& p) { p.slots[1].key = "\xff"; }},
      {"slot 1 is of no known type", [](Program& p) { p.slots[1].type = static_cast<MemberType>(99); }},
      {"file 0 has a name that is not valid UTF-8", [](Program& p) { p.files[0] = "\xff"; }},
      {"table 0 has no name that is valid UTF-8", [](Program& p) { p.tables[0].name.clear(); }},
      {"table 0 has two columns of the same name", [](Program& p) { p.tables[0].columns[1].name = "id"; }},
      {"table 0 has two columns or relations of the same name", [](Program& p) { p.tables[0].relations[0].name = "id"; }},
      {"table 0 has a column of no known type", [](Program& p) { p.tables[0].columns[0].type = static_cast<MemberType>(99); }},
      {"table 1 has the name of another", [](Program& p) { p.tables.push_back(p.tables[0]); }},
      {"signer 1 has no name of its own", [](Program& p) { p.signers[1].name = "release"; }},
      {"signer 1 is not valid UTF-8", [](Program& p) { p.signers[1].key = "\xff"; }},
      {"signer 1 is of no known kind", [](Program& p) { p.signers[1].kind = static_cast<Signer::Kind>(3); }},
      {"signer 1 has no key", [](Program& p) { p.signers[1].key.clear(); }},
      {"signer 0 has a key beside its identity", [](Program& p) { p.signers[0].key = "x.pub"; }},
      {"signer 0 says not whom to trust", [](Program& p) { p.signers[0].trust.clear(); }},
      {"signer 0 has an option of no known kind", [](Program& p) { p.signers[0].options[0].kind = static_cast<SignerOptionKind>(99); }},
      {"signer 0 has a bad option `timestamp`", [](Program& p) { p.signers[0].options[0].value = "perhaps"; }},
      {"signer 0 has a bad option `annotation`", [](Program& p) { p.signers[0].options[1].name.clear(); }},
      {"import 1 is there twice", [](Program& p) { p.imports.emplace_back("fleet"); }},
      {"import 0 has no name that is valid UTF-8", [](Program& p) { p.imports[0].clear(); }},
      {"data 1 is not that of an import, or is there twice",
       [](Program& p) {
         p.data.push_back({"fleet", "{}"});
       }},
      {"data 0 is not that of an import, or is there twice", [](Program& p) { p.data[0].name = "x"; }},
      {"data 0 is not valid UTF-8", [](Program& p) { p.data[0].json = "\xff"; }},
  });
}

TEST(Verify, RefusesRegexesThatAreTooLargeTogether) {
  Program program;
  program.regexes.assign(2'000, std::string(4'500, 'a'));
  EXPECT_EQ("the regexes are longer than 8388608 bytes together", Verify(program));
}

TEST(Verify, RefusesSlotsNestedTooDeeply) {
  Program program;
  for (std::size_t i = 0; i < 260; ++i) program.slots.push_back({i == 0 ? SlotId() : SlotId(i - 1), "a"});
  EXPECT_EQ("slot 251 is nested too deeply", Verify(program));
}

TEST(Verify, RefusesBadBlocksAndCells) {
  CheckMutations({
      {"there is not one location for each instruction", [](Program& p) { p.code_locations.pop_back(); }},
      {"instruction 3 is in no known file", [](Program& p) { p.code_locations[3].file = FileId(1); }},
      {"block 0 is not a range of instructions", [](Program& p) { p.blocks[0].end = 0; }},
      {"block 4 is not a range of instructions", [](Program& p) { p.blocks[4].end = 30; }},
      {"block 1 shares instruction 2 with another block", [](Program& p) { p.blocks[1].begin = 2; }},
      {"block 1 has more registers than its instructions could use", [](Program& p) { p.blocks[1].register_count = 49; }},
      {"block 4 does not end in Return", [](Program& p) { p.blocks[4].end = 28; }},
      {"instruction 0 belongs to no block", [](Program& p) { p.blocks[0].begin = 1; }},
      {"cell 0 has a block that does not exist", [](Program& p) { p.cells[0].block = BlockId(5); }},
      {"cell 0 has a block that does not exist", [](Program& p) { p.cells[0].block = BlockId(); }},
      {"cell 1 has the block of another cell", [](Program& p) { p.cells.push_back(p.cells[0]); }},
      {"block 3, instruction 20: cell 0 cannot be loaded here", [](Program& p) { p.cells[0].block = BlockId(3); }},
      {"block 3, instruction 20: cell 1 cannot be loaded here", [](Program& p) { p.code[20].c = 1; }},
  });
}

TEST(Verify, RefusesCellsNestedTooDeeply) {
  ProgramBuilder b;
  b.AddCell(b.AddConstantBlock(b.AddBool(true)));
  for (std::uint32_t i = 0; i < 4; ++i) b.AddCell(b.AddBlock({{Op::kLoadCell, 0, 0, 0, i}, {Op::kReturn, 0, 0}}));
  BundleLimits limits;
  limits.max_cell_depth = 5;
  EXPECT_EQ("ok", Verify(b.program, limits));
  limits.max_cell_depth = 4;
  EXPECT_EQ("cell 4 needs more than 4 cells inside each other", Verify(b.program, limits));
}

TEST(Verify, RefusesBadOperands) {
  CheckMutations({
      {"block 0, instruction 0: there is no such instruction", [](Program& p) { p.code[0].op = static_cast<Op>(999); }},
      {"block 0, instruction 0: there is no register 1", [](Program& p) { p.code[0].dst = 1; }},
      {"block 0, instruction 0: there is no slot 5", [](Program& p) { p.code[0].c = 5; }},
      {"block 0, instruction 0: slot 0 is not read whole", [](Program& p) { p.code[0].c = 0; }},
      {"block 0, instruction 1: there is no register 65535", [](Program& p) { p.code[1].a = kNoRegister; }},
      {"block 0, instruction 1: there is no constant 14", [](Program& p) { p.code[1].c = 14; }},
      {"block 0, instruction 1: the constant is an error", [](Program& p) { p.code[1].c = 12; }},
      {"block 0, instruction 1: a member is not named by a string",
       [](Program& p) {
         p.code[1] = {Op::kSelect, 0, 0, 0, 2};
       }},
      {"block 0, instruction 1: the constant is neither a list nor a map", [](Program& p) { p.code[1].op = Op::kInConstant; }},
      {"block 0, instruction 0: slot 0 is a root, which has no parent to look into",
       [](Program& p) {
         p.code[0] = {Op::kHasSlot, 0, 0, 0, 0};
       }},
      {"block 1, instruction 5: there is no register 5", [](Program& p) { p.code[5].dst = 4; }},
      {"block 1, instruction 5: the jump leaves its block", [](Program& p) { p.code[5].c = 11; }},
      {"block 1, instruction 5: the jump does not go forwards", [](Program& p) { p.code[5].c = 5; }},
      {"block 1, instruction 9: the loop does not jump backwards", [](Program& p) { p.code[9].c = 9; }},
      {"block 1, instruction 9: the jump leaves its block", [](Program& p) { p.code[9].c = 2; }},
      {"block 1, instruction 6: the item would overwrite its cursor", [](Program& p) { p.code[6].dst = 2; }},
      {"block 1, instruction 6: the item would overwrite its cursor", [](Program& p) { p.code[6].b = 3; }},
      {"block 1, instruction 6: key and value are the same register", [](Program& p) { p.code[6].b = 4; }},
      {"block 1, instruction 7: there is no regex 1", [](Program& p) { p.code[7].c = 1; }},
      {"block 2, instruction 12: room is wanted for more items than the block could append", [](Program& p) { p.code[12].c = 1'000'000; }},
      {"block 3, instruction 23: there is no function 999", [](Program& p) { p.code[23].c = 999; }},
      {"block 3, instruction 23: size does not take 2 arguments", [](Program& p) { p.code[23].b = 2; }},
      {"block 3, instruction 23: size does not take 0 arguments", [](Program& p) { p.code[23].b = 0; }},
      {"block 3, instruction 23: size does not take 65535 arguments", [](Program& p) { p.code[23].b = 65535; }},
      {"block 3, instruction 23: there is no register 1",
       [](Program& p) {
         p.code[23] = {Op::kCall, 0, 0, 2, static_cast<std::uint32_t>(Function::kMatches)};
       }},
      {"block 4, instruction 25: no step of the path is optional", [](Program& p) { p.code[25].a = 1; }},
      {"block 4, instruction 25: slot 3 is a root, which has no parent to look into",
       [](Program& p) {
         p.slots[3].whole = true;
         p.code[25].c = 3;
       }},
  });
}

TEST(Verify, RefusesBadRules) {
  CheckMutations({
      {"policy 0 has no name", [](Program& p) { p.policies[0].name.clear(); }},
      {"policy 0 has a text that is not valid UTF-8", [](Program& p) { p.policies[0].see = "\xff"; }},
      {"policy 0 is for no known target", [](Program& p) { p.policies[0].target = static_cast<Target>(7); }},
      {"policy 0 has no known mode", [](Program& p) { p.policies[0].mode = static_cast<PolicyMode>(3); }},
      {"policy 0 is in no known file", [](Program& p) { p.policies[0].location.file = FileId(); }},
      {"rule 0 belongs to no policy", [](Program& p) { p.rules[0].policy = PolicyId(3); }},
      {"rule 2 does not stand with the other rules of its policy",
       [](Program& p) { p.rules[1].policy = PolicyId(1), p.rules[1].verb = Verb::kDeny; }},
      {"rule 1 has the id of another rule of its policy: r1", [](Program& p) { p.rules[1].id = "r1"; }},
      {"rule 0 (tools.) has no id", [](Program& p) { p.rules[0].id.clear(); }},
      {"rule 0 (tools.r1) has a text that is not valid UTF-8", [](Program& p) { p.rules[0].guard_text = "\xff"; }},
      {"rule 0 (tools.r1) has a text that is not valid UTF-8", [](Program& p) { p.rules[0].needs_scopes = {"\xff"}; }},
      {"rule 0 (tools.r1) has a verb that its target does not have", [](Program& p) { p.rules[0].verb = Verb::kRequire; }},
      {"rule 0 (tools.r1) is in no known file", [](Program& p) { p.rules[0].location.file = FileId(8); }},
      {"rule 0 (tools.r1) has a guard that does not exist", [](Program& p) { p.rules[0].guard = BlockId(5); }},
      {"rule 0 (tools.r1) has no selector, so it could never speak", [](Program& p) { p.rules[0].selectors.clear(); }},
      {"rule 0 (tools.r1) has a selector that is not a pattern", [](Program& p) { p.rules[0].selectors[0].name = "a\\"; }},
      {"rule 0 (tools.r1) has a selector that is not a pattern", [](Program& p) { p.rules[0].selectors[0].scope = "\xff"; }},
      {"rule 1 (tools.r2) has a message that shows a block that does not exist",
       [](Program& p) { p.rules[1].message[1].block = BlockId(5); }},
      {"rule 1 (tools.r2) has a message part that is both text and value", [](Program& p) { p.rules[1].message[1].text = "x"; }},
      {"rule 1 (tools.r2) has a message that is not valid UTF-8", [](Program& p) { p.rules[1].message[0].text = "\xff"; }},
      {"rule 0 (tools.r1) always holds, yet has a discriminator", [](Program& p) { p.rules[0].guard = BlockId(); }},
      {"rule 6 (images.r2) is a requirement, yet has a discriminator",
       [](Program& p) {
         p.rules[6].verb = Verb::kRequire;
         p.rules[6].guard = BlockId(3);
         p.rules[6].discriminators = p.rules[0].discriminators;
       }},
      {"rule 0 (tools.r1) has a discriminator of no known kind",
       [](Program& p) { p.rules[0].discriminators[0].kind = static_cast<Discriminator::Kind>(2); }},
      {"rule 0 (tools.r1) has a discriminator on a slot that does not exist",
       [](Program& p) { p.rules[0].discriminators[0].slot = SlotId(5); }},
      {"rule 0 (tools.r1) has a discriminator on a slot that is not read whole",
       [](Program& p) { p.rules[0].discriminators[0].slot = SlotId(0); }},
      {"rule 0 (tools.r1) has a discriminator that nothing could pass", [](Program& p) { p.rules[0].discriminators[0].strings.clear(); }},
      {"rule 0 (tools.r1) has a discriminator that is not valid UTF-8",
       [](Program& p) { p.rules[0].discriminators[0].strings = {"\xff"}; }},
      {"rule 0 (tools.r1) says what to mask, which its verb does not", [](Program& p) { p.rules[0].mask = p.rules[3].mask; }},
      {"rule 3 (tools.r4) does not say what to mask", [](Program& p) { p.rules[3].mask.reset(); }},
      {"rule 0 (tools.r1) says a limit, which its verb has not", [](Program& p) { p.rules[0].limit = p.rules[2].limit; }},
      {"rule 2 (tools.r3) does not say its limit", [](Program& p) { p.rules[2].limit.reset(); }},
      {"rule 6 (images.r2) says who signs an image, which its verb does not", [](Program& p) { p.rules[6].image = p.rules[5].image; }},
      {"rule 1 (tools.r2) needs a scope, yet does not allow", [](Program& p) { p.rules[1].needs_scopes = {"s"}; }},
  });
}

TEST(Verify, RefusesBadMasksLimitsAndImages) {
  constexpr std::string_view kCount = "rule 2 (tools.r3) has a limit whose count is not between 1 and 1000000000";
  constexpr std::string_view kPeriod = "rule 2 (tools.r3) has a limit whose period is not between 1 ns and 10 years";
  CheckMutations({
      {"rule 3 (tools.r4) masks nothing", [](Program& p) { p.rules[3].mask->targets.clear(); }},
      {"rule 3 (tools.r4) has a mask of no known kind", [](Program& p) { p.rules[3].mask->kind = static_cast<MaskKind>(5); }},
      {"rule 3 (tools.r4) has a mask that is not valid UTF-8", [](Program& p) { p.rules[3].mask->text = "\xff"; }},
      {"rule 3 (tools.r4) redacts something that is not a JSON pointer", [](Program& p) { p.rules[3].mask->targets = {"rows"}; }},
      {"rule 3 (tools.r4) redacts something that is not a JSON pointer", [](Program& p) { p.rules[3].mask->targets = {"/a~2"}; }},
      {"rule 4 (rows.r1) masks a column without a name", [](Program& p) { p.rules[4].mask->targets = {""}; }},
      {kCount, [](Program& p) { p.rules[2].limit->count = 0; }},
      {kCount, [](Program& p) { p.rules[2].limit->count = ~std::uint64_t{0}; }},
      {kPeriod, [](Program& p) { p.rules[2].limit->period_nanos = 0; }},
      {kPeriod, [](Program& p) { p.rules[2].limit->period_nanos = std::int64_t{1} << 62U; }},
      {"rule 2 (tools.r3) has a limit of more than one call a nanosecond", [](Program& p) { p.rules[2].limit->period_nanos = 29; }},
      {"rule 2 (tools.r3) has a text that is not valid UTF-8", [](Program& p) { p.rules[2].limit->identity = "\xff"; }},
      {"rule 2 (tools.r3) has a limit by a block that does not exist", [](Program& p) { p.rules[2].limit->keys[0] = BlockId(5); }},
      {"rule 5 (images.r1) requires an image by a block that does not exist", [](Program& p) { p.rules[5].image->image = BlockId(); }},
      {"rule 5 (images.r1) has a signer term of no known kind",
       [](Program& p) { p.rules[5].image->demands[0].signers[0].kind = static_cast<SignerTerm::Kind>(2); }},
      {"rule 5 (images.r1) names a signer that does not exist",
       [](Program& p) { p.rules[5].image->demands[0].signers[0].signer = SignerId(2); }},
      {"rule 5 (images.r1) combines more signers than it names", [](Program& p) { p.rules[5].image->demands[0].signers[2].operands = 3; }},
      {"rule 5 (images.r1) needs no signer, or more than there are",
       [](Program& p) { p.rules[5].image->demands[0].signers[2].needed = 3; }},
      {"rule 5 (images.r1) needs no signer, or more than there are",
       [](Program& p) { p.rules[5].image->demands[0].signers[2].needed = 0; }},
      {"rule 5 (images.r1) has signer terms that do not make one condition",
       [](Program& p) { p.rules[5].image->demands[0].signers.pop_back(); }},
      {"rule 5 (images.r1) has signer terms that do not make one condition",
       [](Program& p) { p.rules[5].image->demands[0].signers.clear(); }},
      {"rule 5 (images.r1) demands nothing of its image", [](Program& p) { p.rules[5].image->demands.clear(); }},
      {"rule 5 (images.r1) has a condition on attestations that does not exist",
       [](Program& p) { p.rules[5].image->demands[1].condition = BlockId(1000); }},
      {"rule 5 (images.r1) has a condition on attestations, yet demands none",
       [](Program& p) { p.rules[5].image->demands[1].predicate_type.clear(); }},
      {"rule 5 (images.r1) has a demand that is not valid UTF-8", [](Program& p) { p.rules[5].image->demands[1].condition_text = "\xFF"; }},
  });
}

// ---- flow ------------------------------------------------------------------------------------------------------------

struct FlowCase {
  std::string_view name;
  std::string_view message;
  std::vector<Instruction> code;
};

// Constants: 0 = true, 1 = 0, 2 = "s". Slot 0 is read whole.
std::string VerifyFlow(const std::vector<Instruction>& code) {
  ProgramBuilder b;
  b.AddBool(true);
  b.AddInt(0);
  b.AddString("s");
  b.AddSlot("x");
  b.AddBlock(code);
  return Verify(b.program);
}

void CheckFlow(const std::vector<FlowCase>& cases) {
  for (const FlowCase& c : cases) {
    SCOPED_TRACE(c.name);
    EXPECT_EQ(c.message, VerifyFlow(c.code));
  }
}

TEST(VerifyFlow, RegistersAreWrittenBeforeTheyAreRead) {
  CheckFlow({
      {"never", "block 0, instruction 0: register 0 is read before it is written", {{Op::kReturn, 0, 0}}},
      {"on one path only",
       "block 0, instruction 3: register 1 is read before it is written",
       {{Op::kLoadConstant, 0, 0, 0, 0}, {Op::kJumpIfTrue, 0, 0, 0, 3}, {Op::kLoadConstant, 1, 0, 0, 0}, {Op::kReturn, 0, 1}}},
      {"on both paths",
       "ok",
       {{Op::kLoadConstant, 0, 0, 0, 0},
        {Op::kJumpIfTrue, 0, 0, 0, 4},
        {Op::kLoadConstant, 1, 0, 0, 0},
        {Op::kJump, 0, 0, 0, 5},
        {Op::kLoadConstant, 1, 0, 0, 1},
        {Op::kReturn, 0, 1}}},
      {"only where the jump goes",
       "block 0, instruction 2: register 1 is read before it is written",
       {{Op::kLoadConstant, 0, 0, 0, 0}, {Op::kJumpUnlessBool, 1, 0, 0, 3}, {Op::kReturn, 0, 1}, {Op::kReturn, 0, 1}}},
      {"where the jump goes",
       "ok",
       {{Op::kLoadConstant, 0, 0, 0, 0}, {Op::kJumpUnlessBool, 1, 0, 0, 3}, {Op::kReturn, 0, 0}, {Op::kReturn, 0, 1}}},
      {"unwrapped only when there is a value",
       "block 0, instruction 3: register 1 is read before it is written",
       {{Op::kLoadSlot, 0, 0, 0, 0}, {Op::kOptionalUnwrap, 2, 0, 1, 3}, {Op::kReturn, 0, 1}, {Op::kReturn, 0, 1}}},
      {"call argument",
       "block 0, instruction 1: register 1 is read before it is written",
       {{Op::kLoadConstant, 0, 0, 0, 2}, {Op::kCall, 0, 0, 2, static_cast<std::uint32_t>(Function::kContains)}, {Op::kReturn, 0, 0}}},
      {"code that cannot be reached",
       "ok",
       {{Op::kLoadConstant, 0, 0, 0, 0}, {Op::kReturn, 0, 0}, {Op::kNot, 1, 1, 0, 0}, {Op::kReturn, 0, 1}}},
      {"accumulator",
       "block 0, instruction 1: register 1 is read before it is written",
       {{Op::kLoadConstant, 0, 0, 0, 0}, {Op::kFoldAnd, 1, 0, 0, 2}, {Op::kReturn, 0, 0}}},
  });
}

TEST(VerifyFlow, CursorsAndBuildersAreUsedAsSuch) {
  CheckFlow({
      {"cursor returned",
       "block 0, instruction 2: register 1 is a cursor and has no value",
       {{Op::kLoadSlot, 0, 0, 0, 0}, {Op::kIterateBegin, 1, 0, 3, 3}, {Op::kReturn, 0, 1}, {Op::kReturn, 0, 3}}},
      {"cursor folded",
       "block 0, instruction 2: register 2 is a cursor and has no value",
       {{Op::kLoadSlot, 0, 0, 0, 0}, {Op::kIterateBegin, 1, 0, 3, 3}, {Op::kFoldOr, 2, 0, 0, 3}, {Op::kReturn, 0, 0}}},
      {"values iterated",
       "block 0, instruction 2: register 0 is not a cursor",
       {{Op::kLoadSlot, 0, 0, 0, 0}, {Op::kMove, 1, 0}, {Op::kIterateNext, 2, 0, kNoRegister, 3}, {Op::kReturn, 0, 0}}},
      {"half a cursor overwritten",
       "block 0, instruction 3: register 1 is not a cursor",
       {{Op::kLoadSlot, 0, 0, 0, 0},
        {Op::kIterateBegin, 1, 0, 3, 4},
        {Op::kMove, 2, 0},
        {Op::kIterateNext, 3, 1, kNoRegister, 4},
        {Op::kReturn, 0, 0}}},
      {"halves of two cursors",
       "block 0, instruction 3: register 2 is not a cursor",
       {{Op::kLoadSlot, 0, 0, 0, 0},
        {Op::kIterateBegin, 2, 0, 5, 4},
        {Op::kIterateBegin, 1, 0, 5, 4},
        {Op::kIterateNext, 5, 2, kNoRegister, 4},
        {Op::kReturn, 0, 0}}},
      {"append to a value",
       "block 0, instruction 1: register 0 is not a list being built",
       {{Op::kLoadSlot, 0, 0, 0, 0}, {Op::kAppend, 0, 0, 0, 0}, {Op::kReturn, 0, 0}}},
      {"append to a map",
       "block 0, instruction 2: register 1 is not a list being built",
       {{Op::kLoadConstant, 0, 0, 0, 1}, {Op::kNewMap, 1, 0, 0, 0}, {Op::kAppend, 1, 0, 0, 0}, {Op::kReturn, 0, 1}}},
      {"put into a map",
       "ok",
       {{Op::kLoadConstant, 0, 0, 0, 1},
        {Op::kNewMap, 1, 0, 0, 1},
        {Op::kPut, 1, 0, 0, 0},
        {Op::kPutOptional, 1, 0, 0, 0},
        {Op::kReturn, 0, 1}}},
      {"append to itself",
       "block 0, instruction 1: register 0 is not a list being built",
       {{Op::kNewList, 0, 0, 0, 1}, {Op::kAppend, 0, 0, 0, 0}, {Op::kReturn, 0, 0}}},
      {"append after reading",
       "block 0, instruction 3: register 0 is not a list being built",
       {{Op::kNewList, 0, 0, 0, 1}, {Op::kMove, 1, 0}, {Op::kLoadConstant, 2, 0, 0, 1}, {Op::kAppend, 0, 2, 0, 0}, {Op::kReturn, 0, 0}}},
      {"read twice", "ok", {{Op::kNewList, 0, 0, 0, 1}, {Op::kMove, 1, 0}, {Op::kEqual, 2, 0, 1}, {Op::kReturn, 0, 0}}},
      {"count what does not count",
       "block 0, instruction 1: register 0 does not count: it was not set to an int constant",
       {{Op::kLoadSlot, 0, 0, 0, 0}, {Op::kCountTrue, 0, 0, 0, 0}, {Op::kReturn, 0, 0}}},
      {"fold a builder",
       "block 0, instruction 2: register 0 is being built and cannot be folded",
       {{Op::kNewList, 0, 0, 0, 1}, {Op::kLoadConstant, 1, 0, 0, 0}, {Op::kFoldAnd, 0, 1, 0, 3}, {Op::kReturn, 0, 0}}},
  });
}

TEST(VerifyFlow, LoopsKeepTheirRegisters) {
  CheckFlow({
      {"fold",
       "ok",
       {{Op::kLoadSlot, 0, 0, 0, 0},
        {Op::kLoadConstant, 1, 0, 0, 0},
        {Op::kIterateBegin, 2, 0, 1, 6},
        {Op::kIterateNext, 4, 2, 5, 6},
        {Op::kFoldAnd, 1, 4, 0, 6},
        {Op::kLoop, 0, 0, 0, 3},
        {Op::kReturn, 0, 1}}},
      {"filter",
       "ok",
       {{Op::kLoadSlot, 0, 0, 0, 0},
        {Op::kNewList, 1, 0, 0, 0},
        {Op::kIterateBegin, 2, 0, 1, 8},
        {Op::kIterateNext, 4, 2, kNoRegister, 8},
        {Op::kNot, 5, 4},
        {Op::kFilterTest, 1, 5, 0, 7},
        {Op::kAppend, 1, 4, 0, 0},
        {Op::kLoop, 0, 0, 0, 3},
        {Op::kReturn, 0, 1}}},
      {"a fault that leaves the loop",
       "ok",
       {{Op::kLoadSlot, 0, 0, 0, 0},
        {Op::kLoadConstant, 1, 0, 0, 0},
        {Op::kIterateBegin, 2, 0, 1, 7},
        {Op::kIterateNext, 4, 2, kNoRegister, 7},
        {Op::kJumpUnlessBool, 1, 4, 0, 7},
        {Op::kFoldOr, 1, 4, 0, 7},
        {Op::kLoop, 0, 0, 0, 3},
        {Op::kReturn, 0, 1}}},
      {"a value from the turn before",
       "block 0, instruction 4: register 1 is read before it is written",
       {{Op::kLoadSlot, 0, 0, 0, 0},
        {Op::kLoadConstant, 1, 0, 0, 0},
        {Op::kIterateBegin, 2, 0, 1, 8},
        {Op::kIterateNext, 4, 2, kNoRegister, 8},
        {Op::kMove, 5, 1},
        {Op::kNewList, 1, 0, 0, 1},
        {Op::kAppend, 1, 5, 0, 0},
        {Op::kLoop, 0, 0, 0, 3},
        {Op::kReturn, 0, 0}}},
      {"a builder read in the loop",
       "block 0, instruction 6: register 1 is not what it was when the loop started",
       {{Op::kLoadSlot, 0, 0, 0, 0},
        {Op::kNewList, 1, 0, 0, 0},
        {Op::kIterateBegin, 2, 0, 1, 7},
        {Op::kIterateNext, 4, 2, kNoRegister, 7},
        {Op::kAppend, 1, 4, 0, 0},
        {Op::kMove, 5, 1},
        {Op::kLoop, 0, 0, 0, 3},
        {Op::kReturn, 0, 0}}},
      {"a cursor lost in the loop",
       "block 0, instruction 3: register 2 is not a cursor",
       {{Op::kLoadSlot, 0, 0, 0, 0},
        {Op::kLoadConstant, 1, 0, 0, 0},
        {Op::kIterateBegin, 2, 0, 1, 6},
        {Op::kIterateNext, 4, 2, kNoRegister, 6},
        {Op::kMove, 2, 4},
        {Op::kLoop, 0, 0, 0, 3},
        {Op::kReturn, 0, 0}}},
      {"an endless loop is legal: it costs steps",
       "ok",
       {{Op::kLoadConstant, 0, 0, 0, 0}, {Op::kJumpIfFalse, 0, 0, 0, 3}, {Op::kLoop, 0, 0, 0, 1}, {Op::kReturn, 0, 0}}},
      {"a loop entered past its start",
       "block 0, instruction 4: the loop's start cannot be reached",
       {{Op::kLoadConstant, 0, 0, 0, 0},
        {Op::kJump, 0, 0, 0, 3},
        {Op::kMove, 1, 0},
        {Op::kJumpIfTrue, 0, 0, 0, 5},
        {Op::kLoop, 0, 0, 0, 2},
        {Op::kReturn, 0, 0}}},
  });
}

TEST(VerifyFlow, ValuesNestOnlySoDeep) {
  const auto nested = [](int levels) {
    std::vector<Instruction> code = {{Op::kLoadConstant, 0, 0, 0, 0}};
    for (int i = 0; i < levels; ++i) {
      code.push_back({Op::kNewList, 1, 0, 0, 1});
      code.push_back({Op::kAppend, 1, 0, 0, 0});
      code.push_back({Op::kMove, 0, 1});
    }
    code.push_back({Op::kReturn, 0, 0});
    return code;
  };
  EXPECT_EQ("ok", VerifyFlow(nested(1000)));
  EXPECT_EQ("block 0, instruction 3002: values would be nested more than 1000 levels deep", VerifyFlow(nested(1001)));
}

// What a loop appends is known only after the loop: nesting must be counted for reads that stand before it, too.
TEST(VerifyFlow, NestingIsCountedAcrossCells) {
  ProgramBuilder b;
  b.AddCell(b.AddConstantBlock(b.AddInt(0)));
  for (std::uint32_t cell = 0; cell < 20; ++cell) {
    std::vector<Instruction> code = {{Op::kLoadCell, 0, 0, 0, cell}};
    for (int i = 0; i < 60; ++i) {
      code.push_back({Op::kNewList, 1, 0, 0, 1});
      code.push_back({Op::kAppend, 1, 0, 0, 0});
      code.push_back({Op::kMove, 0, 1});
    }
    code.push_back({Op::kReturn, 0, 0});
    b.AddCell(b.AddBlock(code));
  }
  EXPECT_EQ("block 17, instruction 3036: values would be nested more than 1000 levels deep", Verify(b.program));
}

TEST(VerifyFlow, TooManyJumpsForTheRegistersAreRefused) {
  std::vector<Instruction> code = {{Op::kLoadConstant, 0, 0, 0, 0}, {Op::kMove, 8000, 0}};
  for (std::uint32_t i = 0; i < 3000; ++i) code.push_back({Op::kJumpIfTrue, 0, 0, 0, 3002 + i});
  code.resize(6002, {Op::kReturn, 0, 0});
  EXPECT_EQ("block 0 has too many jumps for its registers", VerifyFlow(code));
}

TEST(VerifyFlow, ArgumentCountsComeFromTheSignatures) {
  const auto counts = [](Function function) { return InfoOf(function).argument_counts; };
  EXPECT_EQ(1U << 1U, counts(Function::kSize));
  EXPECT_EQ(1U << 2U, counts(Function::kMatches));
  EXPECT_EQ(1U << 1U | 1U << 2U, counts(Function::kGetHours));
  EXPECT_EQ(1U << 0U, counts(Function::kOptionalNone));
  EXPECT_EQ(1U << 2U, counts(Function::kOptionalOrValue));
  EXPECT_EQ(1U << 2U, counts(Function::kIndex));
}

// ---- random mutations ------------------------------------------------------------------------------------------------

void MutateCode(Program& program, test::Random& random) {
  Instruction& instruction = program.code[random.Below(program.code.size())];
  const auto small = static_cast<std::uint16_t>(random.Below(8) == 0 ? random.Next() : random.Below(7));
  switch (random.Below(5)) {
    case 0: instruction.op = static_cast<Op>(random.Below(kOpcodeCount + 1)); break;
    case 1: instruction.dst = small; break;
    case 2: instruction.a = small; break;
    case 3: instruction.b = small; break;
    default: instruction.c = static_cast<std::uint32_t>(random.Below(40)); break;
  }
}

void MutateOther(Program& program, test::Random& random) {
  const auto id = [&] { return random.Below(16); };
  switch (random.Below(12)) {
    case 0: program.blocks[random.Below(program.blocks.size())].begin = static_cast<std::uint32_t>(random.Below(32)); break;
    case 1: program.blocks[random.Below(program.blocks.size())].end = static_cast<std::uint32_t>(random.Below(32)); break;
    case 2: program.blocks[random.Below(program.blocks.size())].register_count = static_cast<std::uint16_t>(random.Below(60)); break;
    case 3: program.cells.push_back({BlockId(id()), ""}); break;
    case 4: program.slots[random.Below(program.slots.size())].parent = SlotId(id()); break;
    case 5: program.slots[random.Below(program.slots.size())].whole ^= true; break;
    case 6: program.constants[random.Below(program.constants.size())].kind = static_cast<Constant::Kind>(random.Below(14)); break;
    case 7: program.constants[random.Below(program.constants.size())].items.emplace_back(id()); break;
    case 8: program.rules[random.Below(program.rules.size())].policy = PolicyId(random.Below(4)); break;
    case 9: program.rules[random.Below(program.rules.size())].guard = BlockId(id()); break;
    case 10: program.rules[random.Below(program.rules.size())].verb = static_cast<Verb>(random.Below(9)); break;
    default: program.code_locations.resize(random.Below(32)); break;
  }
}

TEST(VerifyRandom, MutatedProgramsAreRefusedOrAcceptedButNeverCrash) {
  constexpr std::uint64_t kSeed = 20261121;
  test::Random random(kSeed);
  int accepted = 0;
  for (int i = 0; i < 6'000; ++i) {
    SCOPED_TRACE("seed " + std::to_string(kSeed) + " round " + std::to_string(i));
    Program program = test::SampleProgram();
    for (std::size_t n = 1 + random.Below(4); n > 0; --n) {
      if (random.Below(4) == 0 && !program.code_locations.empty()) {
        MutateOther(program, random);
      } else {
        MutateCode(program, random);
      }
    }
    if (i % 100 == 0) static_cast<void>(DumpProgram(program));
    if (Verify(std::move(program)) == "ok") ++accepted;
  }
  EXPECT_GT(accepted, 100);
}

}  // namespace
}  // namespace writ
