// Expressions as CEL text. The front end makes the programs, and reads each text again: it must
// give the same nodes.
#include "rules/ir/text.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "dsl/lower/expression.h"
#include "rules/ir/verify.h"
#include "tests/support/program_builder.h"

namespace writ {
namespace {

using test::ProgramBuilder;

dsl::CompiledExpression Compile(const std::string& text, std::vector<std::string> dyn_roots = {}) {
  dsl::ExpressionEnvironment environment;
  TypeTable& types = environment.types;
  const TypeId string = types.Simple(TypeKind::kString), integer = types.Simple(TypeKind::kInt), boolean = types.Simple(TypeKind::kBool);
  environment.variables = {{"a", boolean},
                           {"b", boolean},
                           {"c", boolean},
                           {"i", integer},
                           {"j", integer},
                           {"d", types.Simple(TypeKind::kDouble)},
                           {"s", string},
                           {"m", types.Map(string, types.Simple(TypeKind::kDyn))},
                           {"l", types.List(integer)},
                           {"t", types.Simple(TypeKind::kTimestamp)},
                           {"q", types.Simple(TypeKind::kDyn)}};
  for (std::string& name : dyn_roots) environment.variables.push_back({std::move(name), types.Simple(TypeKind::kDyn)});
  const SourceFile file{"e.cel", text};
  dsl::CompiledExpression compiled = dsl::CompileExpression(file, environment);
  for (const dsl::Diagnostic& diagnostic : compiled.diagnostics) ADD_FAILURE() << dsl::RenderDiagnostic(diagnostic, {&file, 1}, false);
  return compiled;
}

std::string TextOf(const dsl::CompiledExpression& compiled, std::size_t max_bytes = kMaxNodeTextBytes) {
  if (!compiled.ok) return "not compiled";
  const Result<VerifiedProgram> verified = VerifyProgram(compiled.program);
  if (!verified) return verified.error().message;
  return TryNodeText(compiled.program, compiled.root, max_bytes).value_or("too long");
}

struct Case {
  std::string_view source, text;  // text "" = the source as it is
};

// Checks the texts, and that each of them, read again, is the same expression.
template <std::size_t count>
void CheckTexts(const Case (&cases)[count], const std::vector<std::string>& dyn_roots = {}) {
  for (const Case& each : cases) {
    SCOPED_TRACE(each.source);
    const dsl::CompiledExpression compiled = Compile(std::string(each.source), dyn_roots);
    const std::string text = TextOf(compiled);
    EXPECT_EQ(each.text.empty() ? each.source : each.text, text);
    EXPECT_TRUE(compiled.program == Compile(text, dyn_roots).program);
  }
}

TEST(NodeText, FewestParentheses) {
  CheckTexts({
      {"a && b || c", ""},
      {"(a && b) || c", "a && b || c"},
      {"a && (b || c)", ""},
      {"a && b && c", ""},
      {"(a || b) && (b || c)", ""},
      {"!(a && b)", ""},
      {"!a && !b", ""},
      {"!(!(a))", "!!a"},
      {"!(-q)", ""},
      {"i + j * 2 - i", ""},
      {"(i + j) * 2", ""},
      {"i - (j - 2)", ""},
      {"(i - j) - 2", "i - j - 2"},
      {"i * (j / 2)", ""},
      {"(i * j) / 2 % 3", "i * j / 2 % 3"},
      {"i + j < j * 2", ""},
      {"(i < j) == (j < i)", "i < j == (j < i)"},
      {"i in l && !(j in l)", ""},
      {"(i in l) == a", "i in l == a"},
      {"a ? b : c", ""},
      {"a ? b : (c ? a : b)", "a ? b : c ? a : b"},
      {"(a ? b : c) ? a : b", ""},
      {"a ? (b ? a : c) : c", ""},
      {"a || b ? i : j", ""},
      {"(a ? i : j) + 1", ""},
      {"-(i + j)", ""},
      {"-i * j", ""},
      {"-(-i)", ""},
      {"(s + \"x\").size()", "size(s + \"x\")"},
      {"(s + \"x\").contains(s)", ""},
      {"(a ? m : q).x", ""},
      {"(a ? l : [1])[i]", ""},
      {"l[i + 1]", ""},
      {"[a ? i : j, i + 1]", ""},
  });
}

TEST(NodeText, CallsAndMembers) {
  CheckTexts({
      {"s.startsWith(\"x\")", ""},
      {"matches(s, \"^x\")", "s.matches(\"^x\")"},
      {"size(s) + l.size()", "size(s) + size(l)"},
      {"t.getHours(\"UTC\") + t.getHours()", ""},
      {"string(i) + string(d)", ""},
      {"type(i) == int", ""},
      {"dyn(i) == q", ""},
      {"m.x.y", ""},
      {"m[\"x\"][\"odd key\"]", "m.x.`odd key`"},
      {"m[\"in\"] == m[\"true\"]", "m.`in` == m.`true`"},
      {"m[\"a\\\"b\\n\"]", ""},
      {"m[s]", ""},
      {"has(m.x.y)", ""},
      {"has(m.`odd key`)", ""},
      {"has(m.`in`)", ""},
      {"l.map(e, {\"k\": e})[0].k", "l.map(x, {\"k\": x})[0].k"},
      {"has({\"k\": i}.k) || has({\"k\": i}.`odd key`)", ""},
      {"optional.of(i).hasValue()", ""},
      {"optional.ofNonZeroValue(i).or(optional.none()).orValue(j)", ""},
      {"optional.of(i).value()", ""},
  });
}

TEST(NodeText, OptionalPaths) {
  CheckTexts({
      {"m.?x", ""},
      {"m.?x.?y", ""},
      {"m.?x.y", "m.?x.?y"},
      {"m.x.?y", ""},
      {"m.x.y.?z.w", "m.x.y.?z.?w"},
      {"m[?\"odd key\"]", "m.?`odd key`"},
      {"m.x[?\"odd key\"].?y", "m.x.?`odd key`.?y"},
      {"m[?\"odd\\\"key\"]", ""},
      {"l[?i]", ""},
      {"{\"k\": m}.?k.?x", ""},
      {"q.?x.orValue(1)", ""},
      {"m.?x[?\"y\"]", "m.?x.?y"},
      {"m.?x[0]", ""},
      {"has(m.?x.y)", ""},
      {"optional.of(m).x", ""},
      {"optional.of(l)[i]", ""},
  });
}

TEST(NodeText, Macros) {
  CheckTexts({
      {"l.all(e, e > 0)", "l.all(x, x > 0)"},
      {"l.exists(e, e == i)", "l.exists(x, x == i)"},
      {"l.exists_one(e, e == i)", "l.exists_one(x, x == i)"},
      {"l.existsOne(e, e == i)", "l.exists_one(x, x == i)"},
      {"l.map(e, e + 1)", "l.map(x, x + 1)"},
      {"l.map(e, e > 1, e + 1)", "l.map(x, x > 1, x + 1)"},
      {"l.filter(e, e > 1)", "l.filter(x, x > 1)"},
      {"m.?x.optMap(e, e == 1)", "m.?x.optMap(x, x == 1)"},
      {"m.?x.optFlatMap(e, e.?y)", "m.?x.optFlatMap(x, x.?y)"},
      {"l.all(e, l.exists(f, e == f))", "l.all(x, l.exists(y, x == y))"},
      {"l.all(e, e > 0) && l.all(f, f < 9)", "l.all(x, x > 0) && l.all(x, x < 9)"},
      {"(a ? l : [1]).all(e, e > 0)", "(a ? l : [1]).all(x, x > 0)"},
      {"l.all(e, e > 0 ? a : b)", "l.all(x, x > 0 ? a : b)"},
      {"l.filter(e, e > 0).map(f, f + 1)", "l.filter(x, x > 0).map(x, x + 1)"},
  });
}

TEST(NodeText, VariablesAvoidTheNamesOfRoots) {
  CheckTexts({{"l.all(e, e > x)", "l.all(y, y > x)"}, {"l.all(e, l.all(f, e > f && f > z))", "l.all(y, l.all(u, y > u && u > z))"}},
             {"x", "z"});
  // A variable `x` would have a member `y`.
  CheckTexts({{"l.all(e, e > x.y)", "l.all(y, y > x.y)"}}, {"x.y"});
  std::string source = "true", text = "true";
  const std::string names[] = {"x", "y", "z", "u", "v", "w", "x2", "y2"};
  for (std::size_t at = std::size(names); at-- > 0;) {
    const std::string other = "e" + std::to_string(at);
    source = "l.all(" + other + ", " + other + " > i && " + source + ")";
    text = "l.all(" + names[at] + ", " + names[at] + " > i" + (at + 1 == std::size(names) ? "" : " && " + text) + ")";
  }
  EXPECT_EQ(text, TextOf(Compile(source)));
}

TEST(NodeText, Literals) {
  CheckTexts({
      {"i == -5", ""},
      {"i - -5", ""},
      {"-5 + i", ""},
      {"i == -9223372036854775808", ""},
      {"q == (-5)", "q == -5"},
      {"dyn(18446744073709551615u) == q", ""},
      {"d == 1.0 || d == -0.5 || d == 1e100", "d == 1.0 || d == -0.5 || d == 1e+100"},
      {"d == double(\"NaN\") || d == double(\"-Infinity\")", ""},
      {"q == null || q == true || q == 5u", ""},
      {"s == \"a\\\"b\\\\c\\n\\u0000é\"", ""},
      {"q == b\"a\\x00\\xff\\\"\"", ""},
      {"t > timestamp(\"2024-01-31T10:00:00.5Z\")", ""},
      {"t + duration(\"90s\") > t - duration(\"-1.5s\")", ""},
      {"type(q) == string", ""},
      {"q == [1, 2, 3]", ""},
      {"q == [1, \"a\", [], {}]", ""},
      {"q == {\"k\": [1], 2: true}", ""},
  });
}

TEST(NodeText, ListsAndMapsWithOptionalEntries) {
  CheckTexts({
      {"[i, j]", ""},
      {"[?m.?x, i]", ""},
      {"[?(a ? m.?x : m.?y)]", "[?a ? m.?x : m.?y]"},
      {"{\"k\": i, s: j}", ""},
      {"{?\"k\": m.?x, \"o\": i}", ""},
      {"{a: i + 1}", ""},
      {"{(a ? b : c): i}", "{a ? b : c: i}"},
      {"[[i], [[j]]]", ""},
  });
}

// The text is checked as what it was written from: constants that were only dyn stay so.
TEST(NodeText, DynConstants) {
  CheckTexts({
      {"q == dyn(5)", ""},
      {"dyn(null) == q", ""},
      {"dyn(s).contains(\"x\")", ""},
      {"dyn(-5).x == 1", ""},
      {"-dyn(5) == q", "dyn(-5) == q"},
      {"dyn([1]) == q", ""},
      {"q == [dyn(1)]", ""},
      {"[dyn(1), dyn(2)] == q", "[dyn(1), 2] == q"},
      {"[1, dyn(2)] == q", "[dyn(1), 2] == q"},
      {"[dyn(1), \"a\"] == q", "[1, \"a\"] == q"},
      {"[null, \"a\"] == q", ""},
      {"[[1], [dyn(\"a\")]] == q", "[[dyn(1)], [dyn(\"a\")]] == q"},
      {"[[dyn(1)], [dyn(2)]] == q", "[[dyn(1)], [dyn(2)]] == q"},
      {"q == {\"a\": dyn(1), \"b\": 2}", ""},
      {"q == {dyn(\"a\"): 1}", ""},
      {"[i, dyn(2)]", ""},
      {"[dyn(1), 2, i]", ""},
      {"a ? dyn(1) : dyn(\"x\")", ""},
      {"a ? q : 1", ""},
      {"a ? [] : l", ""},
      {"a ? {} : m", ""},
      {"q.exists(e, e == dyn(1))", "q.exists(x, x == dyn(1))"},
      {"optional.of(dyn(1))", ""},
      {"[?optional.none()]", ""},
      {"i in [dyn(1)]", ""},
  });
}

// Texts of what has been added to a builder so far.
std::optional<std::string> TextIn(const ProgramBuilder& b, NodeId node) { return TryNodeText(BuildProgram(b.program), node); }
std::string ShownIn(const ProgramBuilder& b, NodeId node) { return ShownNodeText(BuildProgram(b.program), node); }
std::string ConstantIn(const ProgramBuilder& b, ConstantId constant) { return ConstantText(BuildProgram(b.program), constant); }

// Not written by hand, but made by rules that are combined: parts of one kind inside each other.
TEST(NodeText, JunctionsInsideEachOther) {
  ProgramBuilder b;
  const NodeId x = b.AddSlotNode(b.AddSlot("p")), y = b.AddSlotNode(b.AddSlot("q"));
  const NodeId both = b.AddNode({.kind = NodeKind::kAnd}, {x, y});
  const NodeId either = b.AddNode({.kind = NodeKind::kOr}, {x, both, y});
  EXPECT_EQ("p && (p && q)", TextIn(b, b.AddNode({.kind = NodeKind::kAnd}, {x, both})));
  EXPECT_EQ("(p && q) && (p || p && q || q)", TextIn(b, b.AddNode({.kind = NodeKind::kAnd}, {both, either})));
  EXPECT_EQ("-dyn(5)", TextIn(b, b.AddCall(Function::kNegate, {b.AddConstantNode(b.AddInt(5))})));
  b.program.nodes[b.program.nodes.size() - 2].type = SimpleType(TypeKind::kInt);
  EXPECT_EQ("-(5)", TextIn(b, NodeId(b.program.nodes.size() - 1)));
}

// What no policy can say is still shown.
TEST(NodeText, ErrorsAndOddMembers) {
  ProgramBuilder b;
  const NodeId error = b.AddConstantNode(b.AddConstant({.kind = Kind::kError, .code = 3, .text = "x"}));
  EXPECT_EQ(ConstantIn(b, ConstantId(0)), TextIn(b, error));
  EXPECT_EQ("<error: ", ConstantIn(b, ConstantId(0)).substr(0, 8));
  b.AddString("odd`key");
  EXPECT_EQ("has(r[\"odd`key\"])", TextIn(b, b.AddNode({.kind = NodeKind::kHasMember, .index = 1}, {b.AddSlotNode(b.AddSlot("r"))})));
  const ConstantId list = b.AddList({b.AddInt(1), b.AddString("a")});
  EXPECT_EQ("[1, \"a\"]", ConstantIn(b, list));
  EXPECT_EQ("{\"a\": [1, \"a\"]}", ConstantIn(b, b.AddConstant({.kind = Kind::kMap, .items = {ConstantId(3), list}})));
}

// 2^60 leaves when written out.
ProgramBuilder Doubled() {
  ProgramBuilder b;
  NodeId at = b.AddSlotNode(b.AddSlot("s"));
  for (int i = 0; i < 60; ++i) {
    at = b.AddCall(Function::kAdd, {at, at});
    b.program.nodes.back().shared = true;
  }
  return b;
}

TEST(NodeText, IsCutAtItsLimit) {
  const dsl::CompiledExpression compiled = Compile("s + \"x\" == s");
  EXPECT_EQ("s + \"x\" == s", TextOf(compiled, 12));
  EXPECT_EQ("too long", TextOf(compiled, 11));
  EXPECT_EQ("s + \"x\" == s", ShownNodeText(compiled.program, compiled.root, 12));
  EXPECT_EQ("s + \"x\"…", ShownNodeText(compiled.program, compiled.root, 10));
  const Program doubled = BuildProgram(Doubled().program);
  const NodeId root(doubled.nodes.size() - 1);
  EXPECT_TRUE(VerifyProgram(doubled));
  EXPECT_EQ(std::nullopt, TryNodeText(doubled, root));
  EXPECT_LE(ShownNodeText(doubled, root).size(), kMaxNodeTextBytes);
  EXPECT_TRUE(ShownNodeText(doubled, root, 100).ends_with("…"));
  ProgramBuilder wide;
  ConstantId list = wide.AddInt(7);
  for (int i = 0; i < 21; ++i) list = wide.AddList({list, list});
  EXPECT_EQ(std::nullopt, TextIn(wide, wide.AddConstantNode(list)));
  EXPECT_LE(ConstantIn(wide, list).size(), kMaxNodeTextBytes);
}

TEST(ShownNodeText, NamesLets) {
  ProgramBuilder b;
  const NodeId tenant = b.AddSlotNode(b.AddSlot("principal.tenant")), groups = b.AddSlotNode(b.AddSlot("principal.groups"));
  const NodeId acme = b.AddConstantNode(b.AddString("acme"));
  b.program.nodes.back().type = SimpleType(TypeKind::kString);
  const NodeId ours = b.AddCall(Function::kEqual, {tenant, acme});
  const NodeId guard = b.AddNode({.kind = NodeKind::kAnd}, {ours, b.AddCall(Function::kIn, {acme, groups})});
  b.program.lets = {{"ours", ours}, {"name", acme}, {"tenant", tenant}};
  EXPECT_EQ("ours && \"acme\" in principal.groups", ShownIn(b, guard));  // leaves are shown themselves
  EXPECT_EQ("principal.tenant == \"acme\" && \"acme\" in principal.groups", TextIn(b, guard));
  EXPECT_EQ("ours", ShownIn(b, ours));
  EXPECT_EQ("!ours", ShownIn(b, b.AddCall(Function::kNot, {ours})));
  // Two names of one value: the first one.
  b.program.lets.push_back({"theirs", ours});
  EXPECT_EQ("ours", ShownIn(b, ours));
}

TEST(ShownNodeText, VariablesAvoidTheNamesOfLets) {
  ProgramBuilder b;
  const NodeId list = b.AddSlotNode(b.AddSlot("l"));
  const NodeId size = b.AddCall(Function::kSize, {list});
  const NodeId below = b.AddCall(Function::kLess, {b.AddNode({.kind = NodeKind::kVariable, .index = 0}), size});
  const NodeId all = b.AddNode({.kind = NodeKind::kAll, .index = 0}, {list, below});
  b.program.lets = {{"x", size}};
  EXPECT_EQ("l.all(y, y < x)", ShownIn(b, all));
  EXPECT_EQ("l.all(x, x < size(l))", TextIn(b, all));
}

}  // namespace
}  // namespace writ
