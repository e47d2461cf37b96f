#include "tests/support/program_builder.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>

#include "rules/function/function.h"

namespace writ::test {
namespace {

// Raises `count` to hold every register that the instruction names.
void CountRegisters(const Instruction& instruction, std::uint16_t& count) {
  const OpcodeInfo& info = InfoOf(instruction.op);
  const auto add = [&count](Operand operand, std::uint16_t number) {
    const bool is_pair = operand == Operand::P || operand == Operand::Q;
    const bool is_register = is_pair || operand == Operand::W || operand == Operand::R || operand == Operand::I ||
                             ((operand == Operand::O || operand == Operand::V) && number != kNoRegister);
    if (is_register) count = std::max<std::uint16_t>(count, static_cast<std::uint16_t>(number + (is_pair ? 2 : 1)));
  };
  add(info.dst, instruction.dst);
  add(info.a, instruction.a);
  add(info.b, instruction.b);
  if (instruction.op == Opcode::kCall) count = std::max<std::uint16_t>(count, static_cast<std::uint16_t>(instruction.a + instruction.b));
}

}  // namespace

ProgramBuilder::ProgramBuilder() { program.files = {"test.writ"}; }

ConstantId ProgramBuilder::AddConstant(Constant constant) {
  program.constants.push_back(std::move(constant));
  return ConstantId(program.constants.size() - 1);
}

ConstantId ProgramBuilder::AddBool(bool value) { return AddConstant({.kind = Constant::Kind::kBool, .integer = value ? 1 : 0}); }
ConstantId ProgramBuilder::AddInt(std::int64_t value) { return AddConstant({.kind = Constant::Kind::kInt, .integer = value}); }
ConstantId ProgramBuilder::AddString(std::string_view text) {
  return AddConstant({.kind = Constant::Kind::kString, .text = std::string(text)});
}
ConstantId ProgramBuilder::AddList(std::vector<ConstantId> items) {
  return AddConstant({.kind = Constant::Kind::kList, .items = std::move(items)});
}

RegexId ProgramBuilder::AddRegex(std::string_view pattern) {
  program.regexes.emplace_back(pattern);
  return RegexId(program.regexes.size() - 1);
}

SlotId ProgramBuilder::AddSlot(std::string_view path, MemberType type) {
  SlotId at;
  while (!path.empty()) {
    const std::size_t end = std::min(path.find('.'), path.size());
    const std::string key(path.substr(0, end));
    path.remove_prefix(std::min(end + 1, path.size()));
    const auto found =
        std::find_if(program.slots.begin(), program.slots.end(), [&](const Slot& slot) { return slot.parent == at && slot.key == key; });
    const auto index = static_cast<std::size_t>(found - program.slots.begin());
    if (found == program.slots.end())
      program.slots.push_back({.parent = at, .key = key, .type = path.empty() ? type : MemberType::kRecord});
    at = SlotId(index);
  }
  program.slots[at.index].whole = true;
  return at;
}

BlockId ProgramBuilder::AddBlock(std::vector<Instruction> code) {
  Block block{.begin = static_cast<std::uint32_t>(program.code.size())};
  for (Instruction& instruction : code) {
    CountRegisters(instruction, block.register_count);
    if (InfoOf(instruction.op).c == Operand::J) instruction.c += block.begin;
    program.code.push_back(instruction);
    program.code_locations.push_back({FileId(0), static_cast<std::uint32_t>(program.blocks.size()) + 1, 1});
  }
  block.end = static_cast<std::uint32_t>(program.code.size());
  program.blocks.push_back(block);
  return BlockId(program.blocks.size() - 1);
}

BlockId ProgramBuilder::AddConstantBlock(ConstantId constant) {
  return AddBlock({{Opcode::kLoadConstant, 0, 0, 0, constant.index}, {Opcode::kReturn, 0, 0}});
}

BlockId ProgramBuilder::AddEqualsBlock(SlotId slot, std::string_view text) {
  const ConstantId constant = AddString(text);
  return AddBlock({{Opcode::kLoadSlot, 0, 0, 0, slot.index}, {Opcode::kEqualConstant, 0, 0, 0, constant.index}, {Opcode::kReturn, 0, 0}});
}

CellId ProgramBuilder::AddCell(BlockId block, std::string_view name) {
  program.cells.push_back({block, std::string(name)});
  return CellId(program.cells.size() - 1);
}

PolicyId ProgramBuilder::AddPolicy(std::string_view name, Target target) {
  program.policies.push_back({.name = std::string(name), .package = "test", .target = target});
  program.policies.back().location = {FileId(0), static_cast<std::uint32_t>(program.policies.size()), 1};
  return PolicyId(program.policies.size() - 1);
}

Rule& ProgramBuilder::AddRule(Verb verb, Selector selector) {
  const PolicyId policy(program.policies.size() - 1);
  const auto number =
      1 + std::count_if(program.rules.begin(), program.rules.end(), [&](const Rule& rule) { return rule.policy == policy; });
  Rule& rule = program.rules.emplace_back();
  rule.policy = policy;
  rule.verb = verb;
  rule.id = "r" + std::to_string(number);
  rule.location = {FileId(0), static_cast<std::uint32_t>(program.rules.size()), 3};
  rule.selectors = {std::move(selector)};
  return rule;
}

SignerId ProgramBuilder::AddSigner(std::string_view name) {
  program.signers.push_back({.name = std::string(name), .key = std::string(name) + ".pub"});
  return SignerId(program.signers.size() - 1);
}

VerifiedProgram ProgramBuilder::Verified() const {
  Result<VerifiedProgram> verified = VerifyProgram(program);
  if (!verified) {
    std::fprintf(stderr, "ProgramBuilder: %s\n", verified.error().message.c_str());
    std::abort();
  }
  return *std::move(verified);
}

std::uint64_t Random::Next() {  // splitmix64
  state_ += 0x9E3779B97F4A7C15U;
  std::uint64_t z = state_;
  z = (z ^ (z >> 30U)) * 0xBF58476D1CE4E5B9U;
  z = (z ^ (z >> 27U)) * 0x94D049BB133111EBU;
  return z ^ (z >> 31U);
}

namespace {

using Op = Opcode;
using ConstantKind = Constant::Kind;

// Constants 0 … 13: one of each kind, and what the code below uses.
void AddSampleConstants(ProgramBuilder& b) {
  b.AddConstant({.kind = ConstantKind::kNull});                                                                         // 0
  b.AddBool(true);                                                                                                      // 1
  b.AddInt(0);                                                                                                          // 2
  b.AddConstant({.kind = ConstantKind::kUint, .integer = -1});                                                          // 3: 2^64 - 1
  b.AddConstant({.kind = ConstantKind::kDouble, .real = -0.5});                                                         // 4
  b.AddString("acme");                                                                                                  // 5
  b.AddConstant({.kind = ConstantKind::kBytes, .text = std::string("\x00\xff", 2)});                                    // 6
  b.AddConstant({.kind = ConstantKind::kTimestamp, .integer = -62135596800, .nanos = 999'999'999});                     // 7
  b.AddConstant({.kind = ConstantKind::kDuration, .integer = -90'000'000'000});                                         // 8
  b.AddConstant({.kind = ConstantKind::kType, .text = "int"});                                                          // 9
  b.AddList({ConstantId(5), ConstantId(2)});                                                                            // 10
  b.AddConstant({.kind = ConstantKind::kMap, .items = {ConstantId(5), ConstantId(10), ConstantId(2), ConstantId(0)}});  // 11
  b.AddConstant({.kind = ConstantKind::kError, .code = 3, .text = "x"});                                                // 12
  b.AddString(std::string(100, 'l'));  // 13: too long to be shared
}

// Blocks 0 … 4: a cell, a loop that counts, a loop that builds, a call with a jump around it, an optional.
void AddSampleBlocks(ProgramBuilder& b) {
  const std::uint32_t tenant = b.AddSlot("principal.tenant", MemberType::kString).index;
  const std::uint32_t groups = b.AddSlot("principal.groups", MemberType::kStringList).index;
  const std::uint32_t odd = b.AddSlot("args.odd key").index;
  const std::uint32_t regex = b.AddRegex("^[a-z]+$").index;
  const BlockId cell = b.AddBlock({{Op::kLoadSlot, 0, 0, 0, tenant}, {Op::kEqualConstant, 0, 0, 0, 5}, {Op::kReturn, 0, 0}});
  b.AddCell(cell, "is_acme");
  b.AddBlock({{Op::kLoadSlot, 0, 0, 0, groups},          // 0  groups.exists_one(g, g.matches(regex))
              {Op::kLoadConstant, 1, 0, 0, 2},           // 1
              {Op::kIterateBegin, 2, 0, 1, 7},           // 2
              {Op::kIterateNext, 4, 2, kNoRegister, 7},  // 3
              {Op::kMatchesRegex, 4, 4, 0, regex},       // 4
              {Op::kCountTrue, 1, 4, 0, 0},              // 5
              {Op::kLoop, 0, 0, 0, 3},                   // 6
              {Op::kReturn, 0, 1}});                     // 7
  b.AddBlock({{Op::kLoadSlot, 0, 0, 0, groups},          // 0  groups.map(g, [g])
              {Op::kNewList, 1, 0, 0, 0},                // 1
              {Op::kIterateBegin, 2, 0, 1, 8},           // 2
              {Op::kIterateNext, 4, 2, kNoRegister, 8},  // 3
              {Op::kNewList, 5, 0, 0, 1},                // 4
              {Op::kAppend, 5, 4, 0, 0},                 // 5
              {Op::kAppend, 1, 5, 0, 0},                 // 6
              {Op::kLoop, 0, 0, 0, 3},                   // 7
              {Op::kReturn, 0, 1}});                     // 8
  b.AddBlock({{Op::kLoadCell, 0, 0, 0, 0},
              {Op::kJumpIfFalse, 0, 0, 0, 4},
              {Op::kLoadConstant, 0, 0, 0, 5},
              {Op::kCall, 0, 0, 1, static_cast<std::uint32_t>(Function::kSize)},
              {Op::kReturn, 0, 0}});
  b.AddBlock({{Op::kOptionalSlot, 0, 0, 0, odd}, {Op::kOptionalOrValue, 0, 0, 0, 3}, {Op::kLoadConstant, 0, 0, 0, 5}, {Op::kReturn, 0, 0}});
}

void AddSampleToolRules(ProgramBuilder& b) {
  b.AddPolicy("tools", Target::kTools);
  b.program.policies.back().severity = "high";
  b.program.policies.back().mode = PolicyMode::kWarn;
  Rule& allow = b.AddRule(Verb::kAllow, {"slack", "post_*"});
  allow.guard = BlockId(3);
  allow.guard_text = "is_acme";
  allow.needs_scopes = {"slack:write"};
  allow.discriminators = {{Discriminator::Kind::kEquals, SlotId(1), {"acme"}}, {Discriminator::Kind::kContains, SlotId(2), {"sre", "ops"}}};
  Rule& deny = b.AddRule(Verb::kDeny, {"slack", "delete_*"});
  deny.selectors.push_back({"**", "drop\\*"});
  deny.message = {{"not by ", {}}, {"", BlockId(4)}};
  b.AddRule(Verb::kLimit).limit = {.count = 30, .period_nanos = 60'000'000'000, .keys = {BlockId(4)}, .identity = "* by principal.id"};
  b.AddRule(Verb::kRedact).mask = {.targets = {"/rows/*/card"}, .kind = MaskKind::kKeepLast, .count = 4};
}

void AddSampleOtherRules(ProgramBuilder& b) {
  b.AddPolicy("rows", Target::kRows);
  b.AddRule(Verb::kMask, {"orders", ""}).mask = {.targets = {"card"}, .kind = MaskKind::kReplace, .text = "x"};
  b.AddPolicy("images", Target::kAdmission);
  const SignerId release = b.AddSigner("release"), platform = b.AddSigner("platform");
  b.program.signers[0] = {.name = "release",
                          .kind = Signer::Kind::kKeyless,
                          .issuer = "https://i",
                          .subject = "https://s/*",
                          .trust = "root.json",
                          .trust_digest = "sha256:00",
                          .options = {{SignerOptionKind::kTimestamp, "", "required"}, {SignerOptionKind::kAnnotation, "env", "prod"}}};
  Rule& require = b.AddRule(Verb::kRequire, {"MCPServer.toolhive.stacklok.dev", "CREATE"});
  require.title = "signed images";
  require.image = ImageSpec{
      BlockId(4),
      "object.spec.image",
      {{{{SignerTerm::Kind::kSigner, release, 0, 0}, {SignerTerm::Kind::kSigner, platform, 0, 0}, {SignerTerm::Kind::kAtLeast, {}, 1, 2}},
        "",
        {},
        ""},
       {{{SignerTerm::Kind::kSigner, release, 0, 0}}, "https://slsa.dev/provenance/v1", BlockId(2), "predicate.ok"}}};
  b.AddRule(Verb::kWarn).message = {{std::string(80, 'w'), {}}};
}

}  // namespace

Program SampleProgram() {
  ProgramBuilder b;
  AddSampleConstants(b);
  AddSampleBlocks(b);
  AddSampleToolRules(b);
  AddSampleOtherRules(b);
  b.program.tables = {{"orders",
                       {{"id", MemberType::kInt, false}, {"card", MemberType::kString, true}},
                       {{"items", true, "order_item", "order_id", "id"}}}};
  b.program.imports = {"fleet"};
  b.program.data = {{"fleet", R"({"allowed":["read"]})"}};
  return std::move(b.program);
}

}  // namespace writ::test
