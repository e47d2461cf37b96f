#include "rules/ir/verify.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <functional>
#include <iterator>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/eval/evaluator.h"
#include "rules/function/function.h"
#include "rules/ir/text.h"
#include "rules/model/value.h"
#include "tests/support/program_builder.h"

namespace writ {
namespace {

using test::ProgramBuilder;

// Returns what the verifier says: "ok" or its message.
std::string Verify(const Program& program, const BundleLimits& limits = {}) {
  const Result<VerifiedProgram> verified = VerifyProgram(program, limits);
  if (verified) return "ok";
  EXPECT_EQ(ErrorCode::kCorrupt, verified.error().code);
  return verified.error().message;
}

std::string Verify(const draft::Program& draft, const BundleLimits& limits = {}) { return Verify(BuildProgram(draft), limits); }

TEST(Verify, AcceptsTheSample) {
  EXPECT_EQ("ok", Verify(test::SampleProgram()));
  EXPECT_EQ("ok", Verify(Program{}));
}

// ---- single mutations of a valid program --------------------------------------------------------

struct Mutation {
  std::string_view message;
  std::function<void(draft::Program&)> apply;
};

void CheckMutations(const std::vector<Mutation>& mutations) {
  for (const Mutation& mutation : mutations) {
    SCOPED_TRACE(mutation.message);
    draft::Program program = test::SampleProgram();
    mutation.apply(program);
    EXPECT_EQ(mutation.message, Verify(program));
  }
}

TEST(Verify, RefusesBadConstants) {
  CheckMutations({
      {"constant 1: `bits` is a bool that is neither 0 nor 1", [](draft::Program& p) { p.constants[1].integer = 2; }},
      {"text 68 is not valid UTF-8", [](draft::Program& p) { p.constants[5].text = "\xff"; }},
      {"text 68 is not valid UTF-8", [](draft::Program& p) { p.constants[9].text = "\xC0\xAF"; }},
      {"text 68 is not valid UTF-8", [](draft::Program& p) { p.constants[12].text = "\x80"; }},
      {"constant 12: `error` is of no known kind", [](draft::Program& p) { p.constants[12].code = 999; }},
      {"constant 7: `bits` is outside the years 1 to 9999", [](draft::Program& p) { --p.constants[7].integer; }},
      {"constant 7: `nanos` is a second or more", [](draft::Program& p) { ++p.constants[7].nanos; }},
      {"constant 10 refers to one that does not stand before it", [](draft::Program& p) { p.constants[10].items[0] = ConstantId(10); }},
      {"item of a constant 0: `constant` names something that is not there",
       [](draft::Program& p) { p.constants[10].items[0] = ConstantId(); }},
      {"constant 11 is a map with a key that has no value", [](draft::Program& p) { p.constants[11].items.pop_back(); }},
      {"constant 11 is a map with a key that cannot be one", [](draft::Program& p) { p.constants[11].items[0] = ConstantId(4); }},
      {"constant 11 is a map with the same key twice", [](draft::Program& p) { p.constants[11].items[2] = ConstantId(5); }},
      {"constant 11 is a map with the same key twice",
       [](draft::Program& p) {
         p.constants[3].integer = 0;  // 0u is the key 0
         p.constants[11].items[0] = ConstantId(3);
       }},
      {"constant 13 holds an error", [](draft::Program& p) { p.constants[13] = {.kind = Kind::kList, .items = {ConstantId(12)}}; }},
      {"constant 0: `kind` is of no known kind", [](draft::Program& p) { p.constants[0].kind = static_cast<Kind>(16); }},
      {"constant 0 is of a kind that no literal has", [](draft::Program& p) { p.constants[0].kind = Kind::kAbsent; }},
      {"constant 0 is of a kind that no literal has", [](draft::Program& p) { p.constants[0].kind = Kind::kOptional; }},
      {"constant 0 is of a kind that no literal has", [](draft::Program& p) { p.constants[0].kind = Kind::kUnknown; }},
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

TEST(Verify, RefusesBadSlotsAndDeclarations) {
  CheckMutations({
      {"slot 1 refers to one that does not stand before it", [](draft::Program& p) { p.slots[1].parent = SlotId(1); }},
      {"slot 4 is there twice", [](draft::Program& p) { p.slots[4] = p.slots[1]; }},
      {"slot 0: `key` is empty", [](draft::Program& p) { p.slots[0].key.clear(); }},
      {"text 67 is not valid UTF-8", [](draft::Program& p) { p.slots[1].key = "\xff"; }},
      {"slot 1: `type` names something that is not there", [](draft::Program& p) { p.slots[1].type = TypeId(99); }},
      {"text 67 is not valid UTF-8", [](draft::Program& p) { p.files[0] = "\xff"; }},
      {"table 0: `name` is empty", [](draft::Program& p) { p.tables[0].name.clear(); }},
      {"table 0 has two columns of the same name", [](draft::Program& p) { p.tables[0].columns[1].name = "id"; }},
      {"table 0 has two columns or relations of the same name", [](draft::Program& p) { p.tables[0].relations[0].name = "id"; }},
      {"column 0: `name` is empty", [](draft::Program& p) { p.tables[0].columns[0].name.clear(); }},
      {"text 67 is not valid UTF-8", [](draft::Program& p) { p.tables[0].relations[0].table = "\xff"; }},
      {"column 0: `type` names something that is not there", [](draft::Program& p) { p.tables[0].columns[0].type = TypeId(99); }},
      {"table 1: `name` is that of another", [](draft::Program& p) { p.tables.push_back(p.tables[0]); }},
      {"name of a stored table 0: `name` is empty",
       [](draft::Program& p) {
         p.tables[0].stored = {{SqlDialect::kAny, ""}};
       }},
      {"name of a stored table 0 is no name that a database can have",
       [](draft::Program& p) {
         p.tables[0].stored = {{SqlDialect::kAny, "a\nb"}};
       }},
      {"name of a stored table 1 is not in the order of tables, or is given twice",
       [](draft::Program& p) {
         p.tables[0].stored = {{SqlDialect::kMysql, "a"}, {SqlDialect::kMysql, "b"}};
       }},
      {"option of a column 0 has a text that it does not take",
       [](draft::Program& p) {
         p.tables[0].columns[0].options = {{ColumnOptionKind::kExact, SqlDialect::kAny, "x"}};
       }},
      {"option of a column 0 has a text that it does not take",
       [](draft::Program& p) {
         p.tables[0].columns[0].options = {{ColumnOptionKind::kPointer, SqlDialect::kAny, "x"}};
       }},
      {"option of a column 0 has a text that it does not take",
       [](draft::Program& p) {
         p.tables[0].columns[0].options = {{ColumnOptionKind::kLayout, SqlDialect::kAny, "x"}};
       }},
      {"option of a column 1 is not in the order of columns, or is given twice",
       [](draft::Program& p) {
         p.tables[0].columns[0].options = {{ColumnOptionKind::kExact, SqlDialect::kAny, ""},
                                           {ColumnOptionKind::kName, SqlDialect::kAny, "x"}};
       }},
      {"term of a relation 0 has not exactly one of a column and a value",
       [](draft::Program& p) {
         p.tables[0].relations[0].terms = {{"a", "", ConstantId()}};
       }},
      {"term of a relation 0: `value` names something that is not there",
       [](draft::Program& p) {
         p.tables[0].relations[0].terms = {{"a", "", ConstantId(999)}};
       }},
      {"term of a relation 0: `their_column` is empty",
       [](draft::Program& p) {
         p.tables[0].relations[0].terms = {{"", "id", ConstantId()}};
       }},
      {"signer 1: `name` is that of another", [](draft::Program& p) { p.signers[1].name = "release"; }},
      {"text 67 is not valid UTF-8", [](draft::Program& p) { p.signers[1].key = "\xff"; }},
      {"signer 1: `kind` is of no known kind", [](draft::Program& p) { p.signers[1].kind = static_cast<Signer::Kind>(3); }},
      {"signer 1: `key` is empty", [](draft::Program& p) { p.signers[1].key.clear(); }},
      {"signer 0: `key` is there, where it has no meaning", [](draft::Program& p) { p.signers[0].key = "x.pub"; }},
      {"signer 0: `trust` is empty", [](draft::Program& p) { p.signers[0].trust.clear(); }},
      {"signer option 0: `kind` is of no known kind",
       [](draft::Program& p) { p.signers[0].options[0].kind = static_cast<SignerOptionKind>(99); }},
      {"signer option 0 has a name or value that it does not take", [](draft::Program& p) { p.signers[0].options[0].value = "perhaps"; }},
      {"signer option 1 has a name or value that it does not take", [](draft::Program& p) { p.signers[0].options[1].name.clear(); }},
      {"import 1: `name` is that of another", [](draft::Program& p) { p.imports.emplace_back("fleet"); }},
      {"import 0: `name` is empty", [](draft::Program& p) { p.imports[0].clear(); }},
      {"data 1 is not that of an import, or is there twice",
       [](draft::Program& p) {
         p.data.push_back({"fleet", "{}"});
       }},
      {"data 0 is not that of an import, or is there twice", [](draft::Program& p) { p.data[0].name = "x"; }},
      {"text 67 is not valid UTF-8", [](draft::Program& p) { p.data[0].json = "\xff"; }},
  });
}

TEST(Verify, RefusesSlotsNestedTooDeeply) {
  draft::Program program = ProgramBuilder().program;
  for (std::size_t i = 0; i < 260; ++i) program.slots.push_back({i == 0 ? SlotId() : SlotId(i - 1), "a"});
  EXPECT_EQ("slot 251 is nested too deeply", Verify(program));
}

// Lists of lists of … bool: `count` types behind the simple ones.
std::vector<Type> NestedTypes(std::size_t count) {
  const TypeTable simple;
  std::vector<Type> types(simple.types().begin(), simple.types().end());
  for (std::size_t i = 0; i < count; ++i) types.push_back({.kind = TypeKind::kList, .parameters = {TypeId(types.size() - 1)}});
  return types;
}

TEST(Verify, RefusesBadTypes) {
  CheckMutations({
      {"type 3 is of no known kind", [](draft::Program& p) { p.types[3].kind = TypeKind::kInt; }},
      {"type 3 is of no known kind", [](draft::Program& p) { p.types[3].kind = TypeKind::kList; }},
      {"type 11: `kind` is of no known kind",
       [](draft::Program& p) { p.types[11].kind = static_cast<TypeKind>(static_cast<int>(TypeKind::kParameter) + 1); }},
      {"type 11 is of no known kind", [](draft::Program& p) { p.types[11] = {.kind = TypeKind::kInt}; }},
      {"type 11: `kind` is of no known kind", [](draft::Program& p) { p.types[11] = {.kind = TypeKind::kParameter, .name = "A"}; }},
      {"type 3 has a wrong number of parameters", [](draft::Program& p) { p.types[3].parameters = {TypeId(0)}; }},
      {"type 11 has a wrong number of parameters", [](draft::Program& p) { p.types[11].parameters.clear(); }},
      {"type 11 has a wrong number of parameters", [](draft::Program& p) { p.types[11].kind = TypeKind::kMap; }},
      {"type 11 has a wrong number of parameters", [](draft::Program& p) { p.types[11] = {.kind = TypeKind::kOptional}; }},
      {"type 11 has a wrong number of parameters", [](draft::Program& p) { p.types[11] = {.kind = TypeKind::kNullable}; }},
      {"type 11 has a wrong number of parameters",
       [](draft::Program& p) {
         p.types[11] = {TypeKind::kType, "", {TypeId(1), TypeId(1)}};
       }},
      {"type 11 has a wrong number of parameters",
       [](draft::Program& p) { p.types[11] = {.kind = TypeKind::kUnion, .parameters = {SimpleType(TypeKind::kInt)}}; }},
      {"type 12 has a wrong number of parameters", [](draft::Program& p) { p.types[12].parameters = {TypeId(1)}; }},
      {"text 67 is not valid UTF-8", [](draft::Program& p) { p.types[12].name = "\xff"; }},
      {"text 67 is not valid UTF-8", [](draft::Program& p) { p.types[12].fields[0].name = "\xff"; }},
      {"type 11 refers to one that does not stand before it", [](draft::Program& p) { p.types[11].parameters[0] = TypeId(11); }},
      {"parameter of a type 0: `type` names something that is not there", [](draft::Program& p) { p.types[11].parameters[0] = TypeId(); }},
      {"type 12 refers to one that does not stand before it", [](draft::Program& p) { p.types[12].fields[0].type = TypeId(12); }},
      {"the simple types are missing", [](draft::Program& p) { p.types.resize(10); }},
      {"slot 0: `type` names something that is not there", [](draft::Program& p) { p.types.clear(); }},
      {"ok", [](draft::Program& p) { p.types[11] = {.kind = TypeKind::kType}; }},
      {"ok",
       [](draft::Program& p) {
         p.types[11] = {TypeKind::kOpaque, "pair", {TypeId(1), TypeId(2), TypeId(3)}};
       }},
  });
}

TEST(Verify, RefusesTypesThatWouldExplode) {
  draft::Program program;
  program.types = NestedTypes(250);
  EXPECT_EQ("ok", Verify(program));
  program.types.resize(10);
  EXPECT_EQ("the simple types are missing", Verify(program));
  program.types = NestedTypes(251);
  EXPECT_EQ("type 261 is nested too deeply", Verify(program));
  program.types = NestedTypes(0);
  for (std::size_t i = 0; i < 40; ++i) {
    const TypeId last(program.types.size() - 1);
    program.types.push_back({.kind = TypeKind::kMap, .parameters = {last, last}});
  }
  EXPECT_EQ("type 19 is too large", Verify(program));
}

// The sample's nodes: n0 slot principal.tenant, n1 slot principal.groups, n2 "acme", n3 == (n0 n2),
// n4 variable, n5 pattern, n6 matches (n4 n5), n7 exists_one (n1 n6), n8 has_slot, n9 and (n3 n8),
// n10 true, n11 conditional (n7 n10 n9), n12 optional_slot, n13 optional_entry (n12), n14 list (n4
// n13), n15 map_items (n1 - n14), n16 optional_slot, n17 "acme", n18 orValue (n16 n17).
TEST(Verify, RefusesBadNodes) {
  CheckMutations({
      {"node 2: `kind` is of no known kind", [](draft::Program& p) { p.nodes[2].kind = static_cast<NodeKind>(kNodeKindCount); }},
      {"node 2: `type` names something that is not there", [](draft::Program& p) { p.nodes[2].type = TypeId(14); }},
      {"node 3 calls a function that does not give its type", [](draft::Program& p) { p.nodes[3].type = SimpleType(TypeKind::kString); }},
      {"ok", [](draft::Program& p) { p.nodes[3].type = SimpleType(TypeKind::kBool); }},
      {"node 2: `type` names something that is not there", [](draft::Program& p) { p.nodes[2].type = TypeId(); }},
      {"node 3: `arguments` is a range of things that are not there", [](draft::Program& p) { p.nodes[3].first_arg = 18; }},
      {"node 3: `arguments` is a range of things that are not there", [](draft::Program& p) { p.nodes[3].first_arg = 0xFFFFFFFF; }},
      {"node 18: `arguments` is a range of things that are not there", [](draft::Program& p) { p.node_args.pop_back(); }},
      {"node 2: `constant` names something that is not there", [](draft::Program& p) { p.nodes[2].index = 15; }},
      {"node 0: `slot` names something that is not there", [](draft::Program& p) { p.nodes[0].index = 5; }},
      {"node 0: `slot` is a slot that is not read whole", [](draft::Program& p) { p.nodes[0].index = 0; }},
      {"node 12: `slot` is a slot that is not read whole", [](draft::Program& p) { p.nodes[12].index = 3; }},
      {"node 8 asks for a root, which has no parent to look into", [](draft::Program& p) { p.nodes[8].index = 3; }},
      {"node 12 asks for a root, which has no parent to look into",
       [](draft::Program& p) {
         p.slots[3].whole = true;
         p.nodes[12].index = 3;
       }},
      {"node 12 has a path of which no step is optional", [](draft::Program& p) { p.nodes[12].detail = 1; }},
      {"node 3: `function` is of no known kind", [](draft::Program& p) { p.nodes[3].detail = kFunctionCount; }},
      {"node 3 calls a function with a wrong number of arguments",
       [](draft::Program& p) { p.nodes[3].detail = static_cast<std::uint16_t>(Function::kSize); }},
      {"node 4 has a variable of too deep a macro", [](draft::Program& p) { p.nodes[4].index = 128; }},
      {"node 7 has a variable of too deep a macro", [](draft::Program& p) { p.nodes[7].index = 128; }},
      {"node 3 has an argument that does not stand before it", [](draft::Program& p) { p.node_args[0] = NodeId(3); }},
      {"node 3 has an argument that does not stand before it", [](draft::Program& p) { p.node_args[0] = NodeId(); }},
      {"node 7 has an argument that does not stand before it", [](draft::Program& p) { p.node_args[5] = NodeId(); }},
      {"node 15 has an argument that does not stand before it", [](draft::Program& p) { p.node_args[14] = NodeId(); }},
      {"node 15 has an argument that does not stand before it", [](draft::Program& p) { p.node_args[16] = NodeId(); }},
      {"node 18 has an optional entry as an argument", [](draft::Program& p) { p.node_args[17] = NodeId(13); }},
      {"node 15 has an optional entry as an argument", [](draft::Program& p) { p.node_args[16] = NodeId(13); }},
      {"node 14 has an optional entry as an argument",
       [](draft::Program& p) { p.nodes[14].kind = NodeKind::kMap, p.node_args[12] = NodeId(13); }},
      {"node 6 is shared, yet mentions a variable of a macro around it", [](draft::Program& p) { p.nodes[6].shared = true; }},
      {"ok", [](draft::Program& p) { p.nodes[7].shared = true; }},
      {"ok", [](draft::Program& p) { p.node_args[15] = NodeId(4); }},        // a predicate
      {"ok", [](draft::Program& p) { p.nodes[14].kind = NodeKind::kMap; }},  // {g: ?args.?x}
      {"ok",
       [](draft::Program& p) { p.nodes[3] = p.nodes[9], p.nodes[3].kind = NodeKind::kOr, p.nodes[3].first_arg = 0; }},  // shares arguments
  });
}

// Each kind takes its own number of arguments.
TEST(Verify, RefusesWrongNumbersOfArguments) {
  struct Case {
    NodeKind kind;
    std::vector<std::size_t> legal;  // of 0 to 4
  };
  const Case cases[] = {
      {NodeKind::kConstant, {0}},   {NodeKind::kSlot, {0}},          {NodeKind::kHasSlot, {0}},     {NodeKind::kOptionalSlot, {0}},
      {NodeKind::kVariable, {0}},   {NodeKind::kSelect, {1}},        {NodeKind::kHasMember, {1}},   {NodeKind::kOptionalSelect, {1}},
      {NodeKind::kCall, {1, 2}},  // GetHours
      {NodeKind::kAnd, {2, 3, 4}},  {NodeKind::kOr, {2, 3, 4}},      {NodeKind::kConditional, {3}}, {NodeKind::kList, {0, 1, 2, 3, 4}},
      {NodeKind::kMap, {0, 2, 4}},  {NodeKind::kOptionalEntry, {1}}, {NodeKind::kAll, {2}},         {NodeKind::kExists, {2}},
      {NodeKind::kExistsOne, {2}},  {NodeKind::kMapItems, {3}},      {NodeKind::kFilter, {2}},      {NodeKind::kOptMap, {2}},
      {NodeKind::kOptFlatMap, {2}},
  };
  ASSERT_EQ(kNodeKindCount, std::size(cases));
  for (const Case& each : cases) {
    for (std::size_t count = 0; count <= 4; ++count) {
      SCOPED_TRACE(std::string(NodeKindName(each.kind)) + " of " + std::to_string(count));
      ProgramBuilder b;
      b.AddString("s");
      const NodeId arg = b.AddConstantNode(ConstantId(0));
      const SlotId slot = b.AddSlot("a.b");
      const bool is_call = each.kind == NodeKind::kCall;
      const std::uint32_t index = each.kind >= NodeKind::kSlot && each.kind <= NodeKind::kOptionalSlot ? slot.index : 0;
      b.AddNode({.kind = each.kind, .detail = is_call ? static_cast<std::uint16_t>(Function::kGetHours) : std::uint16_t{0}, .index = index},
                std::vector<NodeId>(count, arg));
      const bool is_legal = std::find(each.legal.begin(), each.legal.end(), count) != each.legal.end();
      const std::string fault = is_call && count <= 31 ? std::string("node 1 calls a function with a wrong number of arguments")
                                                       : "node 1 has a wrong number of arguments";
      EXPECT_EQ(is_legal ? "ok" : fault, Verify(b.program));
    }
  }
}

TEST(Verify, MembersAreNamedByStrings) {
  for (const NodeKind kind : {NodeKind::kSelect, NodeKind::kHasMember, NodeKind::kOptionalSelect}) {
    ProgramBuilder b;
    const NodeId operand = b.AddConstantNode(b.AddInt(1));
    b.AddNode({.kind = kind, .index = 0}, {operand});
    EXPECT_EQ("node 1 has a member that is not named by a string", Verify(b.program));
    b.program.nodes[1].index = 1;
    EXPECT_EQ("node 1: `constant` names something that is not there", Verify(b.program));
    b.AddString("s");
    EXPECT_EQ("ok", Verify(b.program));
  }
}

// What is evaluated by itself mentions no variable that it does not bind, and is no entry of a
// list.
TEST(Verify, RootsAreClosed) {
  CheckMutations({
      {"text 67 is not valid UTF-8", [](draft::Program& p) { p.lets[0].name = "\xff"; }},
      {"let 0: `value` names something that is not there", [](draft::Program& p) { p.lets[0].value = NodeId(19); }},
      {"let 0: `value` names something that is not there", [](draft::Program& p) { p.lets[0].value = NodeId(); }},
      {"let 0: `value` is not an expression by itself", [](draft::Program& p) { p.lets[0].value = NodeId(4); }},
      {"let 0: `value` is not an expression by itself", [](draft::Program& p) { p.lets[0].value = NodeId(13); }},
      {"rule 0: `guard` is not an expression by itself", [](draft::Program& p) { p.rules[0].guard = NodeId(6); }},
      {"rule 0: `guard` is not an expression by itself", [](draft::Program& p) { p.rules[0].guard = NodeId(13); }},
      {"rule 0: `guard` is not an expression by itself", [](draft::Program& p) { p.nodes[7].index = 1; }},        // binds another variable
      {"rule 0: `guard` is not an expression by itself", [](draft::Program& p) { p.node_args[4] = NodeId(4); }},  // its own range
      {"part of a message 1: `value` is not an expression by itself", [](draft::Program& p) { p.rules[1].message[1].value = NodeId(4); }},
      {"key of a limit 0: `value` is not an expression by itself", [](draft::Program& p) { p.rules[2].limit->keys[0] = NodeId(14); }},
      {"image requirement 0: `image` is not an expression by itself", [](draft::Program& p) { p.rules[5].image->image = NodeId(4); }},
      {"demand 1: `condition` is not an expression by itself",
       [](draft::Program& p) { p.rules[5].image->demands[1].condition = NodeId(4); }},
      {"ok", [](draft::Program& p) { p.lets[0].value = NodeId(7); }},
  });
}

// ---- what bounds later recursion and growth -----------------------------------------------------

// A chain of `count` calls of one argument around a constant.
ProgramBuilder Chain(Function function, std::size_t count, bool shared = false) {
  ProgramBuilder b;
  NodeId at = b.AddConstantNode(b.AddBool(true));
  for (std::size_t i = 0; i < count; ++i) {
    at = b.AddCall(function, {at});
    b.program.nodes.back().shared = shared;
  }
  return b;
}

TEST(Verify, NodesNestOnlySoDeep) {
  EXPECT_EQ("ok", Verify(Chain(Function::kNot, 1'499).program));
  EXPECT_EQ("node 1500 is nested too deeply", Verify(Chain(Function::kNot, 1'500).program));
  BundleLimits limits;
  limits.max_node_depth = 4;
  EXPECT_EQ("ok", Verify(Chain(Function::kNot, 3).program, limits));
  EXPECT_EQ("node 4 is nested too deeply", Verify(Chain(Function::kNot, 4).program, limits));
}

TEST(Verify, SharedNodesNestOnlySoDeep) {
  BundleLimits limits;
  limits.max_shared_depth = 4;
  EXPECT_EQ("ok", Verify(Chain(Function::kNot, 4, true).program, limits));
  EXPECT_EQ("node 5 has too many shared nodes inside each other", Verify(Chain(Function::kNot, 5, true).program, limits));
  EXPECT_EQ("node 201 has too many shared nodes inside each other", Verify(Chain(Function::kNot, 300, true).program));
}

TEST(Verify, CodeGrowsOnlySoMuch) {
  const auto doubled = [](bool shared) {
    ProgramBuilder b;
    NodeId at = b.AddConstantNode(b.AddBool(true));
    for (int i = 0; i < 60; ++i) { at = b.AddNode({.kind = NodeKind::kAnd, .shared = shared}, {at, at}); }
    return b.program;
  };
  EXPECT_EQ("node 21 is too large when written out", Verify(doubled(false)));
  EXPECT_EQ("ok", Verify(doubled(true)));
  BundleLimits limits;
  limits.max_code_nodes = 3;
  EXPECT_EQ("node 2 is too large when written out", Verify(doubled(false), limits));
}

TEST(Verify, ValuesNestOnlySoDeep) {
  EXPECT_EQ("ok", Verify(Chain(Function::kOptionalOf, 1'000).program));
  EXPECT_EQ("node 1001 has a value that may be nested too deeply", Verify(Chain(Function::kOptionalOf, 1'001).program));
  const auto nested = [](NodeKind kind, std::size_t args_each) {
    ProgramBuilder b;
    b.AddString("s");
    const NodeId leaf = b.AddSlotNode(b.AddSlot("a"));
    NodeId at = leaf;
    for (int i = 0; i < 1'000; ++i) {
      std::vector<NodeId> args(args_each, at);
      if (kind == NodeKind::kMap) args[0] = leaf;
      if (kind == NodeKind::kMapItems) args = {leaf, NodeId(), at};
      if (kind == NodeKind::kFilter || kind == NodeKind::kOptMap) args = {leaf, at};
      at = b.AddNode({.kind = kind}, args);
    }
    return Verify(b.program);
  };
  // A request brings 100 levels.
  for (const NodeKind kind : {NodeKind::kList, NodeKind::kMap, NodeKind::kMapItems, NodeKind::kOptMap}) {
    SCOPED_TRACE(NodeKindName(kind));
    EXPECT_EQ("node 901 has a value that may be nested too deeply", nested(kind, kind == NodeKind::kMap ? 2 : 1));
  }
  EXPECT_EQ("node 901 has a value that may be nested too deeply", nested(NodeKind::kOptionalSelect, 1));
  EXPECT_EQ("ok", nested(NodeKind::kSelect, 1));
}

// Operators make no value that is nested deeper than their operands': a long chain of them is
// legal.
TEST(Verify, OperatorsDoNotNestValues) {
  for (const Function function : {Function::kAdd, Function::kEqual, Function::kIndex, Function::kOptionalOr}) {
    SCOPED_TRACE(InfoOf(function).name);
    ProgramBuilder b;
    const NodeId leaf = b.AddSlotNode(b.AddSlot("a"));
    NodeId at = leaf;
    for (int i = 0; i < 1'100; ++i) at = b.AddCall(function, {at, leaf});
    EXPECT_EQ("ok", Verify(b.program));
  }
}

// The nesting of a constant counts where it is used.
TEST(Verify, NestingOfConstantsCounts) {
  ProgramBuilder b;
  ConstantId constant = b.AddInt(0);
  for (int i = 0; i < 200; ++i) constant = b.AddList({constant});
  NodeId at = b.AddConstantNode(constant);
  for (int i = 0; i < 801; ++i) at = b.AddNode({.kind = NodeKind::kList}, {at});
  EXPECT_EQ("node 801 has a value that may be nested too deeply", Verify(b.program));
}

TEST(Verify, RefusesBadRules) {
  CheckMutations({
      {"policy 0: `name` is empty", [](draft::Program& p) { p.policies[0].name.clear(); }},
      {"text 68 is not valid UTF-8", [](draft::Program& p) { p.policies[0].see = "\xff"; }},
      {"policy 0: `target` is of no known kind", [](draft::Program& p) { p.policies[0].target = static_cast<Target>(7); }},
      {"policy 0: `mode` is of no known kind", [](draft::Program& p) { p.policies[0].mode = static_cast<PolicyMode>(3); }},
      {"policy 0: `file` names something that is not there", [](draft::Program& p) { p.policies[0].location.file = FileId(); }},
      {"match condition 0: `condition` names something that is not there", [](draft::Program& p) { p.policies[0].match = NodeId(19); }},
      {"rule 0 has a discriminator, yet its policy denies when its match condition fails",
       [](draft::Program& p) { p.policies[0].match = NodeId(3); }},
      {"rule 0: `policy` names something that is not there", [](draft::Program& p) { p.rules[0].policy = PolicyId(3); }},
      {"rule 2 does not stand with the other rules of its policy",
       [](draft::Program& p) { p.rules[1].policy = PolicyId(1), p.rules[1].verb = Verb::kDeny; }},
      {"details of rule 1 have the id of another rule of its policy", [](draft::Program& p) { p.rules[1].id = "r1"; }},
      {"details of rule 0: `id` is empty", [](draft::Program& p) { p.rules[0].id.clear(); }},
      {"text 68 is not valid UTF-8", [](draft::Program& p) { p.rules[0].title = "\xff"; }},
      {"text 67 is not valid UTF-8", [](draft::Program& p) { p.rules[0].needs_scopes = {"\xff"}; }},
      {"rule 1 has a verb that its target does not have", [](draft::Program& p) { p.rules[1].verb = Verb::kRequire; }},
      {"rule 0: `guard` names something that is not there", [](draft::Program& p) { p.rules[0].guard = NodeId(19); }},
      {"details of rule 0: `selectors` is empty", [](draft::Program& p) { p.rules[0].selectors.clear(); }},
      {"selector 0: `name` is not a pattern", [](draft::Program& p) { p.rules[0].selectors[0].name = "a\\"; }},
      {"text 68 is not valid UTF-8", [](draft::Program& p) { p.rules[0].selectors[0].scope = "\xff"; }},
      {"part of a message 1: `value` names something that is not there",
       [](draft::Program& p) { p.rules[1].message[1].value = NodeId(19); }},
      {"part of a message 1: `text` is there, where it has no meaning", [](draft::Program& p) { p.rules[1].message[1].text = "x"; }},
      {"text 67 is not valid UTF-8", [](draft::Program& p) { p.rules[1].message[0].text = "\xff"; }},
      {"details of rule 0 have a discriminator, yet the rule always holds", [](draft::Program& p) { p.rules[0].guard = NodeId(); }},
      {"details of rule 6 have a discriminator, yet the rule is a requirement",
       [](draft::Program& p) {
         p.rules[6].verb = Verb::kRequire;
         p.rules[6].guard = NodeId(3);
         p.rules[6].discriminators = p.rules[0].discriminators;
       }},
      {"discriminator 0: `kind` is of no known kind",
       [](draft::Program& p) { p.rules[0].discriminators[0].kind = static_cast<Discriminator::Kind>(2); }},
      {"discriminator 0: `slot` names something that is not there",
       [](draft::Program& p) { p.rules[0].discriminators[0].slot = SlotId(5); }},
      {"discriminator 0: `slot` is a slot that is not read whole",
       [](draft::Program& p) { p.rules[0].discriminators[0].slot = SlotId(0); }},
      {"discriminator 0: `strings` is empty", [](draft::Program& p) { p.rules[0].discriminators[0].strings.clear(); }},
      {"text 68 is not valid UTF-8", [](draft::Program& p) { p.rules[0].discriminators[0].strings = {"\xff"}; }},
      {"rule 0: `spec` is there, where it has no meaning", [](draft::Program& p) { p.rules[0].mask = p.rules[3].mask; }},
      {"rule 3: `mask` names something that is not there", [](draft::Program& p) { p.rules[3].mask.reset(); }},
      {"rule 0: `spec` is there, where it has no meaning", [](draft::Program& p) { p.rules[0].limit = p.rules[2].limit; }},
      {"rule 2: `limit` names something that is not there", [](draft::Program& p) { p.rules[2].limit.reset(); }},
      {"rule 6: `spec` is there, where it has no meaning", [](draft::Program& p) { p.rules[6].image = p.rules[5].image; }},
      {"rule 5 requires a signed image outside admission", [](draft::Program& p) { p.policies[2].target = Target::kSchemas; }},
      {"rule 1: `needs_scopes` is there, where it has no meaning", [](draft::Program& p) { p.rules[1].needs_scopes = {"s"}; }},
  });
}

// What no draft can say.
TEST(Verify, RefusesBadRowsMatchesAndKeys) {
  draft::Program draft = test::SampleProgram();
  draft.policies[1].combining = kSkippingCombining;
  draft.policies[1].match = draft.policies[2].match = NodeId(3);
  const Program good = BuildProgram(draft);
  ASSERT_TRUE(VerifyProgram(good));
  const auto refusal = [&](auto mutate) {
    ProgramParts parts = PartsOf(good);
    mutate(parts);
    const Result<VerifiedProgram> verified = VerifyProgram(Program(std::move(parts)));
    return verified ? "accepted" : verified.error().message;
  };
  EXPECT_EQ("policy 0 names a combining that is not there", refusal([](ProgramParts& p) { p.policies[0].combining = 2; }));
  EXPECT_EQ("policy 0: `unused` is not 0", refusal([](ProgramParts& p) { p.policies[0].unused[0] = 1; }));
  EXPECT_EQ("combining 0: `deny` is of no known kind", refusal([](ProgramParts& p) { p.combinings[0].deny = static_cast<OnError>(2); }));
  EXPECT_EQ("combining 0: `algorithm` is of no known kind",
            refusal([](ProgramParts& p) { p.combinings[0].algorithm = static_cast<CombiningAlgorithm>(1); }));
  EXPECT_EQ("match condition 1 is not in the order of policies, or its policy has two",
            refusal([](ProgramParts& p) { p.match_conditions[1].policy = p.match_conditions[0].policy; }));
  EXPECT_EQ("match condition 0: `policy` names something that is not there",
            refusal([](ProgramParts& p) { p.match_conditions[0].policy = PolicyId(9); }));
  EXPECT_EQ("there are not as many keys as rules", refusal([](ProgramParts& p) { p.rule_keys.pop_back(); }));
  EXPECT_EQ("accepted", refusal([](ProgramParts& p) { p.rule_keys.clear(); }));
}

TEST(Verify, RefusesBadMasksLimitsAndImages) {
  constexpr std::string_view kCount = "limit 0: `count` is not between 1 and 1000000000";
  constexpr std::string_view kPeriod = "limit 0: `period_nanos` is not between 1 ns and 10 years";
  CheckMutations({
      {"mask 0: `targets` is empty", [](draft::Program& p) { p.rules[3].mask->targets.clear(); }},
      {"mask 0: `kind` is of no known kind", [](draft::Program& p) { p.rules[3].mask->kind = static_cast<MaskKind>(5); }},
      {"text 68 is not valid UTF-8", [](draft::Program& p) { p.rules[3].mask->text = "\xff"; }},
      {"mask 0 redacts something that is not a JSON pointer", [](draft::Program& p) { p.rules[3].mask->targets = {"rows"}; }},
      {"mask 0 redacts something that is not a JSON pointer", [](draft::Program& p) { p.rules[3].mask->targets = {"/a~2"}; }},
      {"mask 1 masks a column without a name", [](draft::Program& p) { p.rules[4].mask->targets = {""}; }},
      {kCount, [](draft::Program& p) { p.rules[2].limit->count = 0; }},
      {kCount, [](draft::Program& p) { p.rules[2].limit->count = ~std::uint64_t{0}; }},
      {kPeriod, [](draft::Program& p) { p.rules[2].limit->period_nanos = 0; }},
      {kPeriod, [](draft::Program& p) { p.rules[2].limit->period_nanos = std::int64_t{1} << 62U; }},
      {"limit 0: `count` is more than one call a nanosecond", [](draft::Program& p) { p.rules[2].limit->period_nanos = 29; }},
      {"text 67 is not valid UTF-8", [](draft::Program& p) { p.rules[2].limit->identity = "\xff"; }},
      {"key of a limit 0: `value` names something that is not there", [](draft::Program& p) { p.rules[2].limit->keys[0] = NodeId(19); }},
      {"image requirement 0: `image` names something that is not there", [](draft::Program& p) { p.rules[5].image->image = NodeId(); }},
      {"signer term 2: `kind` is of no known kind",
       [](draft::Program& p) { p.rules[5].image->demands[0].signers[2].kind = static_cast<SignerTerm::Kind>(2); }},
      {"signer term 0: `signer` names something that is not there",
       [](draft::Program& p) { p.rules[5].image->demands[0].signers[0].signer = SignerId(2); }},
      {"demand 0 combines more signers than it names", [](draft::Program& p) { p.rules[5].image->demands[0].signers[2].operands = 3; }},
      {"signer term 2: `needed` is 0, or more than there are",
       [](draft::Program& p) { p.rules[5].image->demands[0].signers[2].needed = 3; }},
      {"signer term 2: `needed` is 0, or more than there are",
       [](draft::Program& p) { p.rules[5].image->demands[0].signers[2].needed = 0; }},
      {"demand 0 has signer terms that do not make one condition",
       [](draft::Program& p) { p.rules[5].image->demands[0].signers.pop_back(); }},
      {"demand 0 has signer terms that do not make one condition", [](draft::Program& p) { p.rules[5].image->demands[0].signers.clear(); }},
      {"image requirement 0: `demands` is empty", [](draft::Program& p) { p.rules[5].image->demands.clear(); }},
      {"demand 1: `condition` names something that is not there",
       [](draft::Program& p) { p.rules[5].image->demands[1].condition = NodeId(1000); }},
      {"demand 1: `condition` is there, where it has no meaning",
       [](draft::Program& p) { p.rules[5].image->demands[1].predicate_type.clear(); }},
      {"text 67 is not valid UTF-8", [](draft::Program& p) { p.rules[5].image->demands[1].predicate_type = "\xFF"; }},
  });
}

// ---- pools that no draft describes ---------------------------------------------------------------

struct PoolMutation {
  std::string_view message;
  std::function<void(ProgramParts&)> apply;
};

TEST(Verify, RefusesBadPools) {
  const PoolMutation mutations[] = {
      {"ok", [](ProgramParts&) {}},
      {"the texts do not lie one after the other", [](ProgramParts& p) { p.text_begins.clear(); }},
      {"the texts do not lie one after the other", [](ProgramParts& p) { p.text_begins[0] = 1; }},
      {"the texts do not lie one after the other", [](ProgramParts& p) { p.text_begins[3] = 0xFFFFFFFF; }},
      {"the texts do not lie one after the other", [](ProgramParts& p) { p.text_bytes.push_back('x'); }},
      {"text 0 is not in order", [](ProgramParts& p) { p.text_begins[1] = 1; }},
      {"text 1 is not in order", [](ProgramParts& p) { p.text_begins[2] = p.text_begins[1]; }},
      {"text 1 is not valid UTF-8", [](ProgramParts& p) { p.text_bytes[0] = '\xff'; }},
      {"there are not as many details as rules", [](ProgramParts& p) { p.rule_details.pop_back(); }},
      {"slot 1: `key` is a text that is not there", [](ProgramParts& p) { p.slots[1].key = TextId(p.text_begins.size() - 1); }},
      {"slot 1: `key` is a text that is not there", [](ProgramParts& p) { p.slots[1].key = TextId(); }},
      {"slot 1: `unused` is not 0", [](ProgramParts& p) { p.slots[1].unused[1] = 1; }},
      {"slot 1: `whole` is neither 0 nor 1", [](ProgramParts& p) { std::memset(&p.slots[1].whole, 2, 1); }},
      {"limit 0: `unused` is not 0", [](ProgramParts& p) { p.limits[0].unused = 1; }},
      {"rule 0: `policy` names something that is not there", [](ProgramParts& p) { p.rules[0].policy = PolicyId(); }},
      {"rule 0: `needs_scopes` is a range of things that are not there",
       [](ProgramParts& p) { p.rules[0].needs_scopes.first = 0xFFFFFFFF; }},
      {"rule 0: `needs_scopes` is a range of things that are not there",
       [](ProgramParts& p) { p.rules[0].needs_scopes.count = 0xFFFFFFFF; }},
      {"item of a list of texts 0: `text` is a text that is not there", [](ProgramParts& p) { p.text_lists[0] = TextId(); }},
      {"constant 5: `text` is a text that is not there", [](ProgramParts& p) { p.constants[5].bits = 1'000; }},
      {"constant 6: `bytes` is a range of things that are not there",
       [](ProgramParts& p) {
         p.constants[6].bits = 3;
         p.bytes.clear();
       }},
      {"constant 10: `items` is a range of things that are not there",
       [](ProgramParts& p) { p.constants[10].bits |= std::uint64_t{1} << 60U; }},
      {"details of rule 1: `selectors` shares more than the program has",
       [](ProgramParts& p) {
         p.selectors.resize(10'000, p.selectors[0]);
         for (RuleDetails& details : p.rule_details) details.selectors = {0, 10'000};
       }},
      {"signer 1: `file` names something that is not there", [](ProgramParts& p) { p.signers[1].location.file = FileId(1); }},
      {"rule 3: `mask` names something that is not there", [](ProgramParts& p) { p.rules[3].spec = SpecId(2); }},
      {"rule 0: `spec` is there, where it has no meaning", [](ProgramParts& p) { p.rules[0].spec = SpecId(std::size_t{0}); }},
      {"rule 5: `image` names something that is not there", [](ProgramParts& p) { p.rules[5].spec = SpecId(1); }},
  };
  for (const PoolMutation& mutation : mutations) {
    SCOPED_TRACE(mutation.message);
    ProgramParts parts = PartsOf(BuildProgram(test::SampleProgram()));
    mutation.apply(parts);
    EXPECT_EQ(mutation.message, Verify(Program(std::move(parts))));
  }
}

// ---- random mutations ---------------------------------------------------------------------------

void MutateNode(draft::Program& program, test::Random& random) {
  Node& node = program.nodes[random.Below(program.nodes.size())];
  const auto small = static_cast<std::uint32_t>(random.Below(16) == 0 ? random.Next() : random.Below(16));
  switch (random.Below(10)) {
    case 0:
    case 1: node.kind = static_cast<NodeKind>(random.Below(kNodeKindCount + 1)); break;
    case 2: node.shared ^= true; break;
    case 3: node.detail = static_cast<std::uint16_t>(random.Below(kFunctionCount + 1)); break;
    case 4: node.index = small; break;
    case 5: node.first_arg = small; break;
    case 6: node.arg_count = small % 5; break;
    case 7: node.type = TypeId(small); break;
    default: program.node_args[random.Below(program.node_args.size())] = random.Below(20) == 0 ? NodeId() : NodeId(random.Below(20)); break;
  }
}

void MutateType(draft::Program& program, test::Random& random) {
  Type& type = program.types[random.Below(program.types.size())];
  switch (random.Below(4)) {
    case 0: type.kind = static_cast<TypeKind>(random.Below(20)); break;
    case 1: type.parameters.emplace_back(random.Below(14)); break;
    case 2: type.fields.push_back({"f", TypeId(random.Below(14))}); break;
    default: type.parameters.clear(); break;
  }
}

void MutateOther(draft::Program& program, test::Random& random) {
  const auto id = [&] { return random.Below(20); };
  switch (random.Below(11)) {
    case 0: MutateType(program, random); break;
    case 1: program.lets.push_back({"x", NodeId(id())}); break;
    case 2: program.node_args.resize(random.Below(20)); break;
    case 3: program.slots[random.Below(program.slots.size())].parent = SlotId(random.Below(6)); break;
    case 4: program.slots[random.Below(program.slots.size())].whole ^= true; break;
    case 5: program.constants[random.Below(program.constants.size())].kind = static_cast<Kind>(random.Below(17)); break;
    case 6: program.constants[random.Below(program.constants.size())].items.emplace_back(random.Below(16)); break;
    case 7: program.rules[random.Below(program.rules.size())].policy = PolicyId(random.Below(4)); break;
    case 8: program.rules[random.Below(program.rules.size())].guard = NodeId(id()); break;
    case 9: program.rules[random.Below(program.rules.size())].verb = static_cast<Verb>(random.Below(9)); break;
    default: program.nodes.push_back(program.nodes[random.Below(program.nodes.size())]); break;
  }
}

// Values of any kind that a request may leave in a slot, fitting together or not.
std::vector<Value> RandomSlotValues(const Program& program, test::Random& random) {
  static const Value kItems[] = {Value::String("acme"), Value::String("b1"), Value::Int(3)};
  std::vector<Value> values;
  for (const Slot& slot : program.slots) {
    const Value choices[] = {Value(),
                             Value::Unknown(),
                             Value::String("acme"),
                             Value::List(kItems, 3),
                             Value::List(kItems, 2),
                             Value::Int(-1),
                             Value::Optional(kItems),
                             Value::Error(ValueError::kOverflow),
                             slot.whole ? Value::Null() : Value::Map(nullptr)};
    values.push_back(choices[random.Below(std::size(choices))]);
  }
  return values;
}

// Which variables each node mentions without binding them, found in the plainest way.
std::vector<std::set<std::uint32_t>> OpenVariables(const Program& program) {
  std::vector<std::set<std::uint32_t>> open(program.nodes.size());
  for (std::size_t i = 0; i < open.size(); ++i) {
    const Node& node = program.nodes[i];
    if (node.kind == NodeKind::kVariable) open[i] = {node.index};
    const std::span<const NodeId> args = program.args(node);
    for (std::size_t arg = 0; arg < args.size(); ++arg) {
      if (!args[arg].valid()) continue;
      for (const std::uint32_t depth : open[args[arg].index]) {
        if (arg == 0 || !BindsVariable(node.kind) || depth != node.index) open[i].insert(depth);
      }
    }
  }
  return open;
}

// Evaluates and prints everything in an accepted program that stands by itself.
void UseAllRoots(const RuntimeProgram& runtime, test::Random& random) {
  const Program& program = runtime.program();
  const std::vector<std::set<std::uint32_t>> open = OpenVariables(program);
  const std::vector<Value> slots = RandomSlotValues(program, random);
  Evaluator evaluator(EvalLimits{.max_steps = 20'000});
  evaluator.Begin(runtime, slots);
  for (std::size_t i = 0; i < program.nodes.size(); ++i) {
    if (!open[i].empty() || program.nodes[i].kind == NodeKind::kOptionalEntry) continue;
    const Value value = evaluator.Run(NodeId(i));
    EXPECT_FALSE(value.is(Kind::kAbsent)) << i;
    if (!evaluator.exhausted()) static_cast<void>(LiteralText(value));
    EXPECT_LE(TryNodeText(program, NodeId(i), 1'000).value_or("").size(), 1'000U);
    EXPECT_LE(ShownNodeText(program, NodeId(i), 50).size(), 50U);
  }
}

// Changes a few bytes of one pool, or cuts it.
template <typename Record>
void MutatePool(std::vector<Record>& pool, test::Random& random) {
  if (pool.empty()) return;
  if (random.Below(8) == 0) return pool.resize(random.Below(pool.size()));
  auto* bytes = reinterpret_cast<unsigned char*>(&pool[random.Below(pool.size())]);
  bytes[random.Below(sizeof(Record))] = static_cast<unsigned char>(random.Below(3) == 0 ? random.Next() : random.Below(8));
}

void MutatePools(ProgramParts& parts, test::Random& random) {
#define WRIT_ONE(number, name, Record, what) +1
  std::size_t turn = random.Below(0 WRIT_POOLS(WRIT_ONE));
#undef WRIT_ONE
#define WRIT_MUTATE(number, name, Record, what) \
  if (turn-- == 0) MutatePool(parts.name, random);
  WRIT_POOLS(WRIT_MUTATE)
#undef WRIT_MUTATE
}

TEST(VerifyRandom, MutatedProgramsAreRefusedOrCanBeEvaluated) {
  constexpr std::uint64_t kSeed = 20261121;
  test::Random random(kSeed);
  int accepted = 0;
  for (int i = 0; i < 12'000; ++i) {
    SCOPED_TRACE("seed " + std::to_string(kSeed) + " round " + std::to_string(i));
    draft::Program program = test::SampleProgram();
    for (std::size_t n = 1 + random.Below(4); n > 0; --n) {
      if (random.Below(4) == 0 || program.node_args.empty()) {
        MutateOther(program, random);
      } else {
        MutateNode(program, random);
      }
    }
    ProgramParts parts = PartsOf(BuildProgram(program));
    if (i % 2 == 0) MutatePools(parts, random);
    Result<VerifiedProgram> verified = VerifyProgram(Program(std::move(parts)));
    if (!verified) continue;
    if (i % 20 == 0) static_cast<void>(DumpProgram(*verified));
    ++accepted;
    UseAllRoots(RuntimeProgram(*std::move(verified)), random);
  }
  RecordProperty("accepted", accepted);
  EXPECT_GT(accepted, 500);
}

}  // namespace
}  // namespace writ
