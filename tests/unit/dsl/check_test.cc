// The checker: golden diagnostics (one file a kind), and what well-typed programs mean.
#include "dsl/check/checker.h"

#include <gtest/gtest.h>

#include <set>
#include <sstream>

#include "dsl/check/overloads.h"
#include "dsl/check/unify.h"
#include "dsl/compiler.h"
#include "dsl/parse/parser.h"
#include "tests/unit/dsl/golden.h"

namespace writ::dsl {
namespace {

// A golden case may begin with `// limits: name=value`, to reach a limit with a small file.
CompileOptions OptionsOf(const std::string& input) {
  CompileOptions options;
  options.check_files = true;
  options.has_data = [](std::string_view import) { return import != "nowhere"; };
  const std::string prefix = "// limits: ";
  if (!input.starts_with(prefix)) return options;
  const std::size_t equals = input.find('=');
  const std::string name = input.substr(prefix.size(), equals - prefix.size());
  const auto value = static_cast<std::uint32_t>(std::stoul(input.substr(equals + 1)));
  if (name == "max_file_bytes") options.limits.max_file_bytes = value;
  if (name == "max_expression_depth") options.limits.max_expression_depth = value;
  if (name == "max_chain_length") options.limits.max_chain_length = value;
  if (name == "max_expression_nodes") options.limits.max_expression_nodes = value;
  if (name == "max_inline_nodes") options.limits.max_inline_nodes = value;
  return options;
}

std::string Diagnostics(const Compilation& compilation) {
  std::string out;
  for (const Diagnostic& diagnostic : compilation.diagnostics) out += RenderDiagnostic(diagnostic, compilation.files, false);
  return out;
}

Compilation Compile(const std::string& text) { return CompilePolicies({{"p.writ", text}}); }

TEST(Check, GoldenDiagnostics) {
  for (const auto& path : GoldenFiles("check", ".writ")) {
    SCOPED_TRACE(path.filename().string());
    const GoldenFile golden = ReadGolden(path);
    const std::string found = Diagnostics(CompilePolicies({{path.filename().string(), golden.input}}, OptionsOf(golden.input)));
    if (UpdatesGolden()) {
      WriteGolden(path, golden.input, found);
    } else {
      EXPECT_EQ(found, golden.expected);
    }
    EXPECT_NE(found, "") << "a file named fail_… must fail";
  }
}

// A few characters name a large program: all of a set together are bounded, and each pattern counts once.
TEST(Check, RegularExpressionsTogetherAreBounded) {
  const auto compile = [](int count, const auto& pattern) {
    std::string text = "policy p for tools on server \"s\" {\n";
    for (int i = 0; i < count; ++i) text += "  allow t" + std::to_string(i) + " when args.x.matches(r\"" + pattern(i) + "\")\n";
    return Diagnostics(Compile(text + "}\n"));
  };
  const std::string refused = compile(100, [](int i) { return "\\pL{1,90}" + std::to_string(i); });
  EXPECT_NE(refused.find("too large together"), std::string::npos) << refused;
  const std::string too_large = compile(100, [](int i) { return "\\pL{1,900}" + std::to_string(i); });
  EXPECT_NE(too_large.find("too large together"), std::string::npos) << "those that RE2 refuses count, too: " << too_large;
  EXPECT_EQ(compile(100, [](int) { return std::string("\\pL{1,90}"); }), "") << "one pattern, used often";
  EXPECT_EQ(compile(500, [](int i) { return "^[a-z0-9-]{1,63}$|" + std::to_string(i); }), "");
}

// Facts name signers without their package, and paths are relative to each policy's folder: one name must be one signer, files included.
TEST(Check, SignersOfTwoPackagesAreOneOnlyWithTheSameFiles) {
  const auto compile = [](const std::string& second_file, const std::string& first, const std::string& second) {
    return Diagnostics(
        CompilePolicies({{"a/p.writ", "package a\nsigner s " + first + "\n"}, {second_file, "package b\nsigner s " + second + "\n"}}));
  };
  const std::string key = "key \"s.pub\"", keyless = R"(keyless { issuer "i" subject "s" trust "root.json" })";
  EXPECT_EQ(compile("a/q.writ", key, key), "");
  EXPECT_EQ(compile("b/q.writ", "key \"/keys/s.pub\"", "key \"/keys/s.pub\""), "");
  EXPECT_EQ(compile("a/b/q.writ", "key \"./s.pub\"", "key \"./s.pub\""),
            "a/b/q.writ:2:8: error: signer `s` is declared twice [DuplicateName]\n"
            "   2 | signer s key \"./s.pub\"\n"
            "     |        ^\n"
            "  note: the signer of this name at a/p.writ:2, in another package, has other files: they are relative to the policy's folder; "
            "facts name signers without their package\n");
  EXPECT_NE(compile("b/q.writ", keyless, keyless), "");
  EXPECT_EQ(compile("a/q.writ", keyless, keyless), "");
  EXPECT_EQ(
      compile("a/q.writ", key, keyless),
      "a/q.writ:2:8: error: signer `s` is declared twice [DuplicateName]\n"
      "   2 | signer s keyless { issuer \"i\" subject \"s\" trust \"root.json\" }\n"
      "     |        ^\n"
      "  note: the signer of this name at a/p.writ:2, in another package, is not the same; facts name signers without their package\n");
}

TEST(Check, EveryDiagnosticHasAGoldenCase) {
  std::set<DiagnosticKind> seen;
  for (const auto& path : GoldenFiles("check", ".writ")) {
    const GoldenFile golden = ReadGolden(path);
    for (const Diagnostic& diagnostic : CompilePolicies({{"x", golden.input}}, OptionsOf(golden.input)).diagnostics)
      seen.insert(diagnostic.kind);
  }
  for (std::size_t i = 0; i < kDiagnosticKindCount; ++i) {
    EXPECT_TRUE(seen.contains(static_cast<DiagnosticKind>(i)))
        << DiagnosticKindName(static_cast<DiagnosticKind>(i)) << " has no case in tests/golden/check";
  }
}

// The static type of an expression over a few variables, or the first diagnostic.
std::string TypeOf(const std::string& text) {
  ExpressionEnvironment environment;
  TypeTable& types = environment.types;
  const TypeId integer = types.Simple(TypeKind::kInt);
  const TypeId string = types.Simple(TypeKind::kString);
  environment.variables = {{"n", integer},
                           {"s", string},
                           {"d", types.Simple(TypeKind::kDyn)},
                           {"l", types.List(integer)},
                           {"m", types.Map(string, integer)},
                           {"o", types.Optional(integer)},
                           {"w", types.Nullable(string)},
                           {"nl", TypeOfText("list(string)?", types)},
                           {"nm", TypeOfText("map(string, int)?", types)},
                           {"e", TypeOfText("enum(\"read\", \"write\")", types)},
                           {"e2", TypeOfText("enum(\"x\")", types)},
                           {"u", TypeOfText("union(int, string)", types)},
                           {"um", TypeOfText("union(int, map(string, int))", types)},
                           {"url", TypeOfText("url", types)},
                           {"x.y", types.Simple(TypeKind::kBool)}};
  const CompiledExpression compiled = CompileExpression({"e", text}, environment);
  if (compiled.ok) return types.Text(compiled.type);
  return compiled.diagnostics[0].message + " [" + std::string(DiagnosticKindName(compiled.diagnostics[0].kind)) + "]";
}

TEST(Check, TypesOfExpressions) {
  struct Case {
    const char* text;
    const char* expected;
  };
  const Case cases[] = {
      {"1 + n", "int"},
      {"[1, n]", "list(int)"},
      {"[1, 's']", "list(dyn)"},
      {"{'a': [n], 'b': []}", "map(string, list(int))"},
      {"l.map(v, string(v))", "list(string)"},
      {"l.filter(v, v > 1)[0]", "int"},
      {"m.map(k, m[k])", "list(int)"},
      {"m.?a", "optional_type(int)"},
      {"m.?a.orValue(0)", "int"},
      {"o.optMap(v, v == 1)", "optional_type(bool)"},
      {"l[?0].or(optional.none())", "optional_type(int)"},
      {"d.a.b[0] + 1", "int"},
      {"d + d", "dyn"},
      {"n < 1.5", "bool"},
      {"n == 1.5", "`==` does not take (int, double) [NoMatchingOverload]"},
      {"w == null || w.startsWith('a')", "bool"},
      {"n == null", "`==` does not take (int, null_type) [NoMatchingOverload]"},
      {"'a' in nl && nl.exists(v, v == 'b')", "bool"},
      {"nm.a + nm['b']", "int"},
      {"n > 1 ? nl : []", "list(string)?"},
      {"e == 'read' && e.startsWith('r')", "bool"},
      {"[e, s]", "list(string)"},
      {"[[e], [e2]]", "list(dyn)"},
      {"e == e2", "`==` does not take (enum(\"read\", \"write\"), enum(\"x\")) [NoMatchingOverload]"},
      {"e + 1", "`+` does not take (enum(\"read\", \"write\"), int) [NoMatchingOverload]"},
      {"u == 80 || u == 'http'", "bool"},
      {"u + 1", "int"},
      {"[u, n]", "list(union(int, string))"},
      {"u == true", "`==` does not take (union(int, string), bool) [NoMatchingOverload]"},
      {"u.a", "`u` has no members: it is union(int, string) [NotSelectable]"},
      {"um.a", "dyn"},
      {"um.exists(k, k == 'a')", "bool"},
      {"url == url", "bool"},
      {"url == s", "`==` does not take (url, string) [NoMatchingOverload]"},
      {"x.y", "bool"},
      {"x.z", "`x` is not declared [UnknownName]"},
      {"l.exists(x, x == 1 && n == 2)", "bool"},
      {"type(n) == int", "bool"},
      {"google.protobuf.Timestamp", "type(timestamp)"},
      {"type(l) == list", "bool"},
      {"timestamp('2026-01-01T00:00:00Z') - timestamp('2025-01-01T00:00:00Z')", "duration"},
      {"s.a", "`s` has no members: it is string [NotSelectable]"},
      {"l.size(1)", "`size` takes 0 arguments, found 1 [WrongArgumentCount]"},
      {"sizes(l)", "`sizes` is not a function [UnknownFunction]"},
      {"matches(s, '(')", "bool"},  // a run-time error, which || may absorb
  };
  for (const Case& each : cases) {
    SCOPED_TRACE(each.text);
    EXPECT_EQ(TypeOf(each.text), each.expected);
  }
}

TEST(Check, SignaturesOfTheFunctionTableAreReadable) {
  TypeTable types;
  const OverloadTable table(types);
  for (const FunctionInfo& info : kFunctionInfo) {
    ASSERT_NE(table.TryFind(info.name), nullptr) << info.name;
    EXPECT_FALSE(table.TryFind(info.name)->all.empty()) << info.name;
  }
  const Overload overload = ParseOverload("opt(map(A,B)).(A)->opt(B)", types);
  EXPECT_TRUE(overload.is_method);
  EXPECT_EQ(types.Text(overload.parameters[0]), "optional_type(map(A, B))");
  EXPECT_EQ(types.Text(overload.result), "optional_type(B)");
}

TEST(Check, PackagesDoNotSeeEachOther) {
  const Compilation apart = CompilePolicies(
      {{"a.writ", "package a\nlet x = principal.verified\n"}, {"b.writ", "package b\npolicy p for tools { allow when x }\n"}});
  EXPECT_EQ(Diagnostics(apart),
            "b.writ:2:33: error: `x` is not declared [UnknownName]\n"
            "   2 | policy p for tools { allow when x }\n"
            "     |                                 ^\n");
  const Compilation together = CompilePolicies(
      {{"a.writ", "package a\nlet x = principal.verified\n"}, {"b.writ", "package a\npolicy p for tools { allow when x }\n"}});
  EXPECT_EQ(Diagnostics(together), "");
}

TEST(Check, LetsHaveTheTypeOfEachTarget) {
  const Compilation compilation = Compile(R"(
table a { v: int }
table b { v: string }
let big = row.v > 3
policy pa for rows of a { allow when big }
policy pb for rows of b { allow when big }
)");
  EXPECT_EQ(Diagnostics(compilation),
            "p.writ:4:17: error: `>` does not take (string, int) [NoMatchingOverload]\n"
            "   4 | let big = row.v > 3\n"
            "     |                 ^\n"
            "  help: write `int(row.v) > 3`\n");
}

TEST(Check, LongChainsOfLetsDoNotOverflowTheStack) {
  std::string text = "let a0 = principal.verified\n";
  for (int i = 1; i < 5000; ++i) text += "let a" + std::to_string(i) + " = a" + std::to_string(i - 1) + "\n";
  text += "policy p for tools { allow when a4999 }\n";
  EXPECT_NE(Diagnostics(Compile(text)).find("stands on more than 90 lets"), std::string::npos);
}

}  // namespace
}  // namespace writ::dsl
