#include <gtest/gtest.h>

#include "rules/ir/program.h"
#include "tests/support/program_builder.h"

namespace writ {
namespace {

TEST(Dump, ShowsEveryItemOnItsLine) {
  EXPECT_EQ(R"dump(file f0 "test.writ"
constant k0 null
constant k1 bool true
constant k2 int 0
constant k3 uint 18446744073709551615
constant k4 double -0.5
constant k5 string "acme"
constant k6 bytes "\x00)dump"
            "\xff"
            R"dump("
constant k7 timestamp -62135596800s 999999999ns
constant k8 duration -90000000000ns
constant k9 type "int"
constant k10 list [k5 k2]
constant k11 map [k5 k10 k2 k0]
constant k12 error DivideByZero "x"
constant k13 string "llllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllll"
constant k14 string "^[a-z]+$"
slot s0 principal: dyn
slot s1 principal.tenant: string whole
slot s2 principal.groups: list(string) whole
slot s3 args: dyn
slot s4 args["odd key"]: dyn whole
node n0: dyn slot s1(principal.tenant)
node n1: list(string) slot s2(principal.groups)
node n2: dyn constant k5(string "acme")
node n3: dyn shared call _==_ n0 n2
node n4: dyn variable v0
node n5: dyn constant k14(string "^[a-z]+$")
node n6: dyn call matches n4 n5
node n7: dyn exists_one v0 n1 n6
node n8: dyn has_slot s4(args["odd key"])
node n9: dyn and n3 n8
node n10: dyn constant k1(bool true)
node n11: dyn conditional n7 n10 n9
node n12: dyn optional_slot s4(args["odd key"]) plain 0
node n13: dyn optional_entry n12
node n14: dyn list n4 n13
node n15: dyn map_items v0 n1 n- n14
node n16: dyn optional_slot s4(args["odd key"]) plain 0
node n17: dyn constant k5(string "acme")
node n18: dyn call orValue n16 n17
let is_acme n3
policy p0 test/tools for tools warn severity "high" at test.writ:1:1
policy p1 test/rows for rows enforce at test.writ:2:1
policy p2 test/images for admission enforce at test.writ:3:1
rule R0 tools.r1 allow at test.writ:1:3 key 59a98ab6633e
  R0 on "slack" "post_*"
  R0 when n11 "principal.groups.exists_one(x, x.matches(dyn(\"^[a-z]+$\"))) ? dyn(true) : is_acme && has(args.`odd key`)"
  R0 needs scope "slack:write"
  R0 only-if s1(principal.tenant) "acme"
  R0 only-if-contains s2(principal.groups) "sre" "ops"
rule R1 tools.r2 deny at test.writ:2:3 key 479f7f045550
  R1 on "slack" "delete_*"
  R1 on "**" "drop\\*"
  R1 because "not by " n18
rule R2 tools.r3 limit at test.writ:3:3 key 1057e8fc4862
  R2 on "**" "**"
  R2 limit 30 per 60000000000ns n18 as "* by principal.id"
rule R3 tools.r4 redact at test.writ:4:3 key 3db75e9924bb
  R3 on "**" "**"
  R3 mask "/rows/*/card" keep last 4
rule R4 rows.r1 mask at test.writ:5:3 key a19c6e7de3dd
  R4 on "orders" ""
  R4 mask "card" with "x"
rule R5 images.r1 require title "signed images" at test.writ:6:3 key 2c0098983255
  R5 on "MCPServer.toolhive.stacklok.dev" "CREATE"
  R5 image n18 signed by S0 S1 at-least(1 of 2)
  R5 image n18 attested "https://slsa.dev/provenance/v1" by S0 where n15
rule R6 images.r2 warn at test.writ:7:3 key 8d7e1a9549cd
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
)dump",
            DumpProgram(*VerifyProgram(BuildProgram(test::SampleProgram()))));
}

TEST(Dump, ShowsWhatNodesName) {
  test::ProgramBuilder b;
  b.program.files.clear();
  b.AddString("k");
  const NodeId leaf = b.AddNode({.kind = NodeKind::kSlot, .index = b.AddSlot("a.b").index});
  b.AddNode({.kind = NodeKind::kOptionalSlot, .detail = 0, .index = 1});
  b.AddNode({.kind = NodeKind::kSelect, .index = 0}, {leaf});
  b.AddNode({.kind = NodeKind::kHasMember, .index = 0}, {leaf});
  b.AddNode({.kind = NodeKind::kOptionalSelect, .index = 0}, {leaf});
  b.AddNode({.kind = NodeKind::kOr}, {leaf, leaf});
  b.AddNode({.kind = NodeKind::kMap}, {leaf, leaf});
  b.AddNode({.kind = NodeKind::kFilter, .index = 7}, {leaf, leaf});
  b.AddNode({.kind = NodeKind::kOptFlatMap, .index = 8}, {leaf, leaf});
  EXPECT_EQ(R"(constant k0 string "k"
slot s0 a: dyn
slot s1 a.b: dyn whole
node n0: dyn slot s1(a.b)
node n1: dyn optional_slot s1(a.b) plain 0
node n2: dyn select k0(string "k") n0
node n3: dyn has k0(string "k") n0
node n4: dyn optional_select k0(string "k") n0
node n5: dyn or n0 n0
node n6: dyn map n0 n0
node n7: dyn filter v7 n0 n0
node n8: dyn opt_flat_map v8 n0 n0
)",
            DumpProgram(b.Verified()));
}

TEST(Dump, SlotPaths) {
  test::ProgramBuilder b;
  const SlotId depth = b.AddSlot("context.chain.depth");
  b.program.slots.push_back({depth, "it's", SimpleType(TypeKind::kDyn), true});
  const Program program = BuildProgram(b.program);
  EXPECT_EQ("context.chain.depth", SlotPath(program, depth));
  EXPECT_EQ("context.chain.depth[\"it's\"]", SlotPath(program, SlotId(3)));
}

}  // namespace
}  // namespace writ
