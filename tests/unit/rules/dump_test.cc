#include <gtest/gtest.h>

#include "rules/ir/program.h"
#include "tests/support/program_builder.h"

namespace writ {
namespace {

TEST(Dump, ShowsEveryItemOnItsLine) {
  EXPECT_EQ(R"(file f0 "test.writ"
constant k0 null
constant k1 bool true
constant k2 int 0
constant k3 uint 18446744073709551615
constant k4 double -0.5
constant k5 string "acme"
constant k6 bytes "\x00)"
            "\xff"
            R"("
constant k7 timestamp -62135596800s 999999999ns
constant k8 duration -90000000000ns
constant k9 type "int"
constant k10 list [k5 k2]
constant k11 map [k5 k10 k2 k0]
constant k12 error DivideByZero "x"
constant k13 string "llllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllll"
regex g0 "^[a-z]+$"
slot s0 principal: record
slot s1 principal.tenant: string whole
slot s2 principal.groups: list(string) whole
slot s3 args: record
slot s4 args["odd key"]: dyn whole
cell c0 b0 let is_acme
block b0 [0, 3) registers 1
  b0@0 LoadSlot r0, s1(principal.tenant)  # test.writ:1:1
  b0@1 EqualConstant r0, r0, k5(string "acme")  # test.writ:1:1
  b0@2 Return r0  # test.writ:1:1
block b1 [3, 11) registers 5
  b1@3 LoadSlot r0, s2(principal.groups)  # test.writ:2:1
  b1@4 LoadConstant r1, k2(int 0)  # test.writ:2:1
  b1@5 IterateBegin r2:r3, r0, r1, -> 10  # test.writ:2:1
  b1@6 IterateNext r4, r2:r3, r-, -> 10  # test.writ:2:1
  b1@7 MatchesRegex r4, r4, g0  # test.writ:2:1
  b1@8 CountTrue r1, r4  # test.writ:2:1
  b1@9 Loop -> 6  # test.writ:2:1
  b1@10 Return r1  # test.writ:2:1
block b2 [11, 20) registers 6
  b2@11 LoadSlot r0, s2(principal.groups)  # test.writ:3:1
  b2@12 NewList r1, 0  # test.writ:3:1
  b2@13 IterateBegin r2:r3, r0, r1, -> 19  # test.writ:3:1
  b2@14 IterateNext r4, r2:r3, r-, -> 19  # test.writ:3:1
  b2@15 NewList r5, 1  # test.writ:3:1
  b2@16 Append r5, r4  # test.writ:3:1
  b2@17 Append r1, r5  # test.writ:3:1
  b2@18 Loop -> 14  # test.writ:3:1
  b2@19 Return r1  # test.writ:3:1
block b3 [20, 25) registers 1
  b3@20 LoadCell r0, c0  # test.writ:4:1
  b3@21 JumpIfFalse r0, -> 24  # test.writ:4:1
  b3@22 LoadConstant r0, k5(string "acme")  # test.writ:4:1
  b3@23 Call r0, r0, count 1, size  # test.writ:4:1
  b3@24 Return r0  # test.writ:4:1
block b4 [25, 29) registers 1
  b4@25 OptionalSlot r0, 0, s4(args["odd key"])  # test.writ:5:1
  b4@26 OptionalOrValue r0, r0, -> 28  # test.writ:5:1
  b4@27 LoadConstant r0, k5(string "acme")  # test.writ:5:1
  b4@28 Return r0  # test.writ:5:1
policy p0 test/tools for tools warn severity "high" at test.writ:1:1
policy p1 test/rows for rows enforce at test.writ:2:1
policy p2 test/images for admission enforce at test.writ:3:1
rule R0 tools.r1 allow at test.writ:1:3
  R0 on "slack" "post_*"
  R0 when b3 "is_acme"
  R0 needs scope "slack:write"
  R0 only-if s1(principal.tenant) "acme"
  R0 only-if-contains s2(principal.groups) "sre" "ops"
rule R1 tools.r2 deny at test.writ:2:3
  R1 on "slack" "delete_*"
  R1 on "**" "drop\\*"
  R1 because "not by " b4
rule R2 tools.r3 limit at test.writ:3:3
  R2 on "**" "**"
  R2 limit 30 per 60000000000ns b4 as "* by principal.id"
rule R3 tools.r4 redact at test.writ:4:3
  R3 on "**" "**"
  R3 mask "/rows/*/card" keep last 4
rule R4 rows.r1 mask at test.writ:5:3
  R4 on "orders" ""
  R4 mask "card" with "x"
rule R5 images.r1 require title "signed images" at test.writ:6:3
  R5 on "MCPServer.toolhive.stacklok.dev" "CREATE"
  R5 image b4 signed by S0 S1 at-least(1 of 2)
  R5 image b4 attested "https://slsa.dev/provenance/v1" by S0 where b2
rule R6 images.r2 warn at test.writ:7:3
  R6 on "**" "**"
  R6 because "wwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwww"
table orders
  orders.id: int
  orders.card: string?
  orders.items: many order_item on order_item.order_id = id
signer release keyless issuer "https://i" subject "https://s/*" trust "root.json" digest "sha256:00"
signer release timestamp "required"
signer release annotation "env" "prod"
signer platform key "platform.pub"
import fleet
data fleet 20 bytes
)",
            DumpProgram(test::SampleProgram()));
}

TEST(Dump, ShowsIdsOutOfRangeAsTheyAre) {
  Program program;
  program.constants.push_back({.kind = static_cast<Constant::Kind>(99)});
  program.constants.push_back({.kind = Constant::Kind::kError, .code = 999});
  program.slots = {{SlotId(1), "a"}, {SlotId(0), "b"}, {SlotId(7), "c", static_cast<MemberType>(77)}};
  program.code = {{static_cast<Opcode>(999)}, {Opcode::kCall, 1, 2, 3, 999}, {Opcode::kLoadSlot, 0, 0, 0, 9}, {Opcode::kJump, 0, 0, 0, 77}};
  program.blocks = {{0, 9, 2}, {7, 3, 0}};
  program.cells = {{BlockId(), "two\nlines"}};
  program.policies.push_back({.name = "p", .target = static_cast<Target>(50), .mode = static_cast<PolicyMode>(9)});
  Rule rule;
  rule.verb = static_cast<Verb>(40);
  rule.mask = MaskSpec{{}, static_cast<MaskKind>(8), 0, ""};
  rule.policy = PolicyId(5);
  program.rules.push_back(rule);
  EXPECT_EQ(R"(constant k0 kind 99
constant k1 error 999 ""
slot s0 <s0>: dyn
slot s1 <s1>: dyn
slot s2 <s2>: 77
cell c0 b- let "two\nlines"
block b0 [0, 9) registers 2
  b0@0 opcode 999
  b0@1 Call r1, r2, count 3, 999
  b0@2 LoadSlot r0, s9(<s9>)
  b0@3 Jump -> 77
block b1 [7, 3) registers 0
policy p0 p for 50 9 at f-:0:0
rule R0 p5. 40 at f-:0:0
  R0 mask 8
)",
            DumpProgram(program));
}

TEST(Dump, SlotPaths) {
  test::ProgramBuilder b;
  const SlotId depth = b.AddSlot("context.chain.depth");
  b.program.slots.push_back({depth, "it's", MemberType::kDyn, true});
  EXPECT_EQ("context.chain.depth", SlotPath(b.program, depth));
  EXPECT_EQ("context.chain.depth[\"it's\"]", SlotPath(b.program, SlotId(3)));
}

}  // namespace
}  // namespace writ
