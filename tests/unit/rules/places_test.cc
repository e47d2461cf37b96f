// Places of sub-expressions: what the compiler stores of them, and what becomes of bytes that it
// never wrote.
#include "rules/ir/places.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "dsl/compiler.h"
#include "rules/build/build.h"
#include "rules/bundle/bundle.h"
#include "rules/ir/text.h"
#include "rules/ir/verify.h"
#include "tests/support/program_builder.h"

namespace writ {
namespace {

Program Compiled(const std::vector<std::string>& texts, bool optimize = true) {
  std::vector<SourceFile> files;
  for (const std::string& text : texts) files.push_back({std::string(1, static_cast<char>('a' + files.size())), text, ""});
  dsl::Compilation compilation = dsl::CompilePolicies(std::move(files), {.optimize = optimize});
  for (const dsl::Diagnostic& diagnostic : compilation.diagnostics) {
    if (diagnostic.severity == dsl::Severity::kError) ADD_FAILURE() << dsl::RenderDiagnostic(diagnostic, compilation.files, false);
  }
  return compilation.program.value_or(Program());
}

std::size_t ScopeCount(const Program& program) { return program.rules.size() + program.lets.size(); }

// "a:3:16 trusted" for a scope's places, in their order; " → let" where a let's name stands.
std::vector<std::string> Lines(const Program& program, PlaceScope scope) {
  NodeTexts texts(program);
  std::vector<std::string> lines;
  for (const PlacedNode& placed : Places(program).Read(scope)) {
    lines.push_back(std::string(program[program[placed.place.file].name]) + ":" + std::to_string(placed.place.line) + ":" +
                    std::to_string(placed.place.column) + " " + texts.ShownBody(placed.node) +
                    (placed.let.valid() ? " → " + std::string(program[program[placed.let].name]) : ""));
  }
  return lines;
}

using Texts = std::vector<std::string>;

Texts OfRule(const Program& program, std::size_t rule) { return Lines(program, ScopeOf(program, RuleId(rule))); }

Texts OfLet(const Program& program, std::string_view name) {
  for (std::size_t i = 0; i < program.lets.size(); ++i) {
    if (program[program.lets[i].name] == name) return Lines(program, ScopeOf(program, LetId(i)));
  }
  return {"no let"};
}

TEST(Places, AreThoseOfConjunctsAndOfWhatCanFailInThem) {
  const Program program = Compiled({R"(
policy p for tools {
  allow a when args.n < 3 && size(args.l) == 2 * 2
    unless args.path.startsWith("/etc")
      || principal.verified
  allow b
  deny c when "ä" in principal.groups && args.l.exists(x, x.n > args.n)
}
policy q for admission of Pod {
  require object.a == 1 && object.b when object.n > 1 unless object.ok
}
)"});
  EXPECT_EQ(OfRule(program, 0), (Texts{"a:3:16 args.n < 3", "a:3:16 args.n", "a:3:30 size(args.l) == 4", "a:3:30 size(args.l)",
                                       "a:3:35 args.l", "a:4:12 !(args.path.startsWith(\"/etc\") || principal.verified)",
                                       "a:4:12 args.path.startsWith(\"/etc\")", "a:4:12 args.path", "a:5:10 principal.verified"}));
  EXPECT_EQ(OfRule(program, 1), Texts{});
  EXPECT_EQ(OfRule(program, 2), (Texts{"a:7:15 \"ä\" in principal.groups", "a:7:22 principal.groups",
                                       "a:7:42 args.l.exists(x, x.n > args.n)", "a:7:42 args.l"}))
      << "columns count code points, and what a macro repeats has no place of its own";
  EXPECT_EQ(OfRule(program, 3), (Texts{"a:10:42 !(object.n > 1)", "a:10:42 object.n > 1", "a:10:42 object.n", "a:10:62 object.ok",
                                       "a:10:11 object.a == 1", "a:10:11 object.a", "a:10:28 object.b"}));
}

TEST(Places, OfLetsAreStoredOnceAndThoseOfFnsWithTheRule) {
  const Program program = Compiled({R"(package shop
let on_call = "sre" in principal.groups
let trusted =
  principal.verified
  && on_call
let second = trusted
fn small(n: dyn, most: int) -> bool = n < most && n > 0
fn indirect() -> bool = second
)",
                                    R"(package shop
policy p for tools {
  allow a when trusted && args.n < 3
  allow b when small(args.n, 5) && args.n > 0
  allow c when second || indirect()
  allow d when "sre" in principal.groups && args.n < 3
  allow e when !trusted
}
)"});
  EXPECT_EQ(OfRule(program, 0), (Texts{"b:3:16 principal.verified && on_call → trusted", "b:3:27 args.n < 3", "b:3:27 args.n"}));
  EXPECT_EQ(OfRule(program, 1), (Texts{"a:7:39 args.n < 5", "b:4:22 args.n", "a:7:51 args.n > 0"})) << "of equal parts the first counts";
  EXPECT_EQ(OfRule(program, 2), (Texts{"b:5:16 principal.verified && on_call → trusted"})) << "whose value is trusted's text";
  EXPECT_EQ(OfRule(program, 3),
            (Texts{"b:6:16 \"sre\" in principal.groups", "b:6:25 principal.groups", "b:6:45 args.n < 3", "b:6:45 args.n"}))
      << "what a let also names, but not here";
  EXPECT_EQ(OfRule(program, 4), (Texts{"b:7:16 !trusted", "b:7:17 principal.verified && on_call → trusted"}));
  EXPECT_EQ(OfLet(program, "trusted"), (Texts{"a:4:3 principal.verified", "a:5:6 \"sre\" in principal.groups → on_call"}));
  EXPECT_EQ(OfLet(program, "on_call"), (Texts{"a:2:15 \"sre\" in principal.groups", "a:2:24 principal.groups"}));
}

TEST(Places, OfLetsOfOneTextAreInTheFileOfTheirPackage) {
  const std::string text = "let on_call = \"sre\" in principal.groups\npolicy p for tools { allow when on_call && args.x }\n";
  const Program program = Compiled({"package one\n" + text, "package two\n\n" + text});
  ASSERT_EQ(program.lets.size(), 2U);
  EXPECT_EQ(program.lets[0].value, program.lets[1].value);
  for (std::size_t i = 0; i < 2; ++i) {
    const std::vector<PlacedNode> places = Places(program).Read(ScopeOf(program, RuleId(i)));
    ASSERT_EQ(places.size(), 2U);
    EXPECT_EQ(places[0].let, LetId(i));
    EXPECT_EQ(Places(program).Find(ScopeOf(program, LetId(i)), program.lets[i].value).place,
              (SourceLocation{FileId(i), static_cast<std::uint32_t>(2 + i), 15}));
  }
}

// One `fn` in a thousand rules must not make a bundle of a thousand times its size.
TEST(Places, OfFnsAreAtMostSoMany) {
  std::string body = "of.x == 0", rules;
  for (int i = 1; i < 3'000; ++i) body += " || of.x == " + std::to_string(i);
  for (int i = 0; i < 40; ++i) rules += "  allow t" + std::to_string(i) + " when any(args)\n";
  const Program program = Compiled({"fn any(of: dyn) -> bool =\n  " + body + "\npolicy p for tools {\n" + rules + "}\n"});
  EXPECT_LT(program.places.size(), 40 * 600U);
  const Texts lines = OfRule(program, 39);
  EXPECT_GT(lines.size(), 60U);
  EXPECT_LT(lines.size(), 256U);
  EXPECT_EQ(lines.at(0), "a:2:3 args.x == 0");
}

TEST(Places, EndWithTheFirstNodesOfALargeCondition) {
  std::string any = "args.x == 0";
  for (int i = 1; i < 3'000; ++i) any += " || args.x == " + std::to_string(i);
  const Program program = Compiled({"policy p for tools {\n  allow a when " + any + "\n}\n"});
  const Texts lines = OfRule(program, 0);
  EXPECT_EQ(lines.size(), kMaxPlacedNodes - 1) << "all but the `||`";
  EXPECT_EQ(lines[3], "a:2:46 args.x == 2");
}

TEST(Places, FindIsWhatReadGives) {
  const Program program = Compiled({"let a = args.x == 1\npolicy p for tools { allow when a || args.y == 2 }\n"});
  Places places(program);
  const PlaceScope rule = ScopeOf(program, RuleId(0));
  for (const PlacedNode& placed : places.Read(rule)) EXPECT_EQ(places.Find(rule, placed.node), placed);
  EXPECT_EQ(places.Find(rule, program.rules[0].guard).place.line, 0U);
  EXPECT_EQ(places.Find(PlaceScope(77), program.rules[0].guard).place.line, 0U);
  for (std::size_t unknown = 100; unknown < 300; ++unknown)
    EXPECT_EQ(places.Find(PlaceScope(unknown), program.rules[0].guard).place.line, 0U);
  for (const PlacedNode& placed : places.Read(rule)) EXPECT_EQ(places.Find(rule, placed.node), placed) << "read again";
}

// ---- written and read ---------------------------------------------------------------------------

// A program whose rules and lets have random conditions over the same nodes.
draft::Program RandomProgram(test::Random& random) {
  test::ProgramBuilder b;
  b.program.files = {"a", "b", "c"};
  std::vector<NodeId> nodes;
  for (int i = 0; i < 6; ++i) nodes.push_back(b.AddSlotNode(b.AddSlot("args.x" + std::to_string(i))));
  nodes.push_back(b.AddConstantNode(b.AddInt(1)));
  const auto some = [&] { return nodes[random.Below(nodes.size())]; };
  for (int i = 0; i < 25; ++i) {
    switch (random.Below(4)) {
      case 0: nodes.push_back(b.AddNode({.kind = NodeKind::kAnd}, {some(), some(), some()})); break;
      case 1: nodes.push_back(b.AddNode({.kind = NodeKind::kOr}, {some(), some()})); break;
      case 2: nodes.push_back(b.AddNode({.kind = NodeKind::kConditional}, {some(), some(), some()})); break;
      default: nodes.push_back(b.AddCall(Function::kEqual, {some(), some()})); break;
    }
  }
  b.AddPolicy("p", Target::kTools);
  for (std::size_t i = random.Below(40); i-- > 0;) b.AddRule(Verb::kAllow).guard = random.Below(5) == 0 ? NodeId() : some();
  for (std::size_t i = random.Below(5); i-- > 0;) b.program.lets.push_back({"let" + std::to_string(i), some()});
  return b.program;
}

std::vector<PlacedNode> RandomPlaces(const draft::Program& program, test::Random& random) {
  std::vector<PlacedNode> places;
  const std::uint32_t most = random.Below(2) == 0 ? 100 : 0x7FFFFFFE;
  for (std::size_t i = 0; i < program.nodes.size(); ++i) {
    if (random.Below(4) == 0) continue;
    PlacedNode placed{.node = NodeId(i), .place = {FileId(random.Below(3)), 1, 1}};
    if (random.Below(3) == 0) placed.place = {FileId(0), static_cast<std::uint32_t>(1 + random.Below(most)), 1};
    placed.place.column = static_cast<std::uint32_t>(1 + random.Below(most));
    for (std::size_t let = 0; let < program.lets.size(); ++let) {
      if (program.lets[let].value == placed.node && random.Below(2) == 0) placed.let = LetId(let);
    }
    places.push_back(placed);
  }
  return places;
}

// What must be read of `known`: the same walk, written as a recursion.
struct NaiveWalk {
  const Program& program;
  std::span<const PlacedNode> known;
  bool of_let;
  std::set<NodeId> seen = {};
  std::vector<PlacedNode> found = {};

  bool IsLet(NodeId node) const {
    const bool is_named = std::any_of(program.lets.begin(), program.lets.end(), [&](const Let& let) { return let.value == node; });
    return is_named && !program.args(node).empty() && !(of_let && found.empty() && seen.size() == 1);
  }

  // NOLINTNEXTLINE(misc-no-recursion): as deep as the program, which is small
  void Visit(NodeId node, bool is_operand) {
    const NodeKind kind = program[node].kind;
    if ((kind == NodeKind::kConstant && !is_operand) || !seen.insert(node).second) return;
    const bool is_logic = kind == NodeKind::kAnd || kind == NodeKind::kOr;
    const bool is_let = IsLet(node);
    const auto placed = std::find_if(known.begin(), known.end(), [&](const PlacedNode& each) { return each.node == node; });
    if (placed != known.end() && (!is_logic || is_let)) {
      found.push_back(*placed);
      if (!is_let) found.back().let = {};
      if (found.back().let.valid()) return;
    }
    for (const NodeId arg : program.args(node)) Visit(arg, is_logic);
  }
};

TEST(Places, ReadWhatWasWritten) {
  test::Random random(7);
  std::size_t all = 0;
  for (int round = 0; round < 500; ++round) {
    SCOPED_TRACE(round);
    draft::Program draft = RandomProgram(random);
    for (draft::Rule& rule : draft.rules) rule.places = RandomPlaces(draft, random);
    for (draft::Let& let : draft.lets) let.places = RandomPlaces(draft, random);
    const Program program = BuildProgram(draft);
    ASSERT_TRUE(VerifyProgram(program));
    for (std::size_t i = 0; i < ScopeCount(program); ++i) {
      const bool of_let = i >= draft.rules.size();
      NaiveWalk walk{program, of_let ? draft.lets[i - draft.rules.size()].places : draft.rules[i].places, of_let};
      const NodeId root = of_let ? draft.lets[i - draft.rules.size()].value : draft.rules[i].guard;
      if (root.valid()) walk.Visit(root, true);
      EXPECT_EQ(Places(program).Read(PlaceScope(i)), walk.found) << i;
      all += walk.found.size();
    }
  }
  EXPECT_GT(all, 10'000U);
}

// ---- hostile bytes ------------------------------------------------------------------------------

std::string Outcome(const Program& program) {
  const Result<Bundle> bundle = LoadBundle(WriteBundle(program));
  if (!bundle) return bundle.error().message;
  for (std::size_t i = 0; i < ScopeCount(program); ++i) {
    for (const PlacedNode& placed : Places(bundle->program.program()).Read(PlaceScope(i))) {
      if (placed.node.index >= program.nodes.size() || placed.place.file.index >= program.files.size()) return "names what is not there";
      if (placed.let.valid() && program[placed.let].value != placed.node) return "another let";
      if (placed.place.line == 0 || placed.place.column == 0) return "no place";
    }
  }
  static_cast<void>(DumpProgram(bundle->program));
  return "";
}

TEST(Places, HostileBytesAreNoFault) {
  test::Random random(11);
  const Program program = Compiled({R"(
let on_call = "sre" in principal.groups
policy p for tools {
  allow a when on_call && args.n < 3
  allow b when args.n < 5 || on_call
  deny c when args.l[args.n] > 2
}
)"});
  for (int round = 0; round < 3'000; ++round) {
    SCOPED_TRACE(round);
    ProgramParts parts = PartsOf(program);
    if (round % 3 == 0) {
      parts.places.resize(random.Below(40));
      for (PlaceByte& byte : parts.places) byte = static_cast<PlaceByte>(random.Below(256));
    } else {
      for (std::size_t i = 1 + random.Below(3); i-- > 0;)
        parts.places[random.Below(parts.places.size())] = static_cast<PlaceByte>(random.Below(256));
    }
    if (round % 7 == 0) parts.places.resize(random.Below(parts.places.size() + 1));
    ASSERT_EQ(Outcome(Program(std::move(parts))), "");
  }
}

TEST(Places, AreASectionThatNobodyHasToKnow) {
  const Program program = Compiled({"policy p for tools { allow when args.n < 3 }\n"});
  const std::string bytes = WriteBundle(program);
  const std::size_t body = 64 + 8;  // header, empty envelope
  std::uint64_t count = 0;
  std::memcpy(&count, bytes.data() + body, sizeof(count));
  std::size_t optional = 0;
  for (std::size_t i = 0; i < count; ++i) {
    std::uint32_t row[2];  // number, flags
    std::memcpy(row, bytes.data() + body + 8 + 24 * i, sizeof(row));
    const bool is_key = row[0] == 37;  // of rules
    EXPECT_EQ(row[1], row[0] == 34 || is_key ? 0U : 1U) << row[0];
    optional += row[1] == 0 ? 1 : 0;
  }
  EXPECT_EQ(optional, 2U);

  ProgramParts parts = PartsOf(program);
  parts.places.clear();
  const Result<Bundle> without = LoadBundle(WriteBundle(Program(std::move(parts))));
  ASSERT_TRUE(without);
  EXPECT_EQ(OfRule(without->program.program(), 0), Texts{});
}

TEST(Places, OfBlocksThatAreCutOffAreUnknown) {
  std::string rules;
  for (int i = 0; i < 40; ++i) rules += "  allow t" + std::to_string(i) + " when args.n < " + std::to_string(i) + "\n";
  const Program program = Compiled({"policy p for tools {\n" + rules + "}\n"});
  EXPECT_EQ(OfRule(program, 39).size(), 2U);
  ProgramParts parts = PartsOf(program);
  parts.places.resize(parts.places.size() - 1);
  const Program cut(std::move(parts));
  EXPECT_EQ(OfRule(cut, 39).size(), 0U);
  EXPECT_EQ(OfRule(cut, 38).size(), 2U);
}

}  // namespace
}  // namespace writ
