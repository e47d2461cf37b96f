#include "dsl/parse/parser.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <string>

#include <nlohmann/json.hpp>

#include "dsl/syntax/dump.h"
#include "tests/unit/dsl/golden.h"

namespace writ::dsl {
namespace {

std::string Rendered(DiagnosticSink& sink, const SourceFile& file) {
  sink.Finish(false);
  std::string out;
  for (const Diagnostic& diagnostic : sink.diagnostics()) out += RenderDiagnostic(diagnostic, {&file, 1}, false);
  return out;
}

// The expression as an S-expression, or "line:column: text [Kind]" of its faults.
std::string Parsed(const std::string& text, const SourceLimits& limits = {}) {
  const SourceFile file{"e", text};
  DiagnosticSink sink;
  FileTree tree;
  const std::optional<ExprId> id = ParseExpressionOnly(file, FileId(0), tree, sink, limits);
  if (id) return DumpExpr(tree, *id);
  std::string out;
  for (const Diagnostic& diagnostic : sink.diagnostics()) {
    const SourceLocation place = LocateOffset(FileId(0), text, diagnostic.span.begin);
    out += std::to_string(place.column) + ": " + diagnostic.message + " [" + std::string(DiagnosticKindName(diagnostic.kind)) + "]\n";
  }
  return out;
}

struct Case {
  std::string text;
  std::string expected;
};

TEST(Parser, Expressions) {
  const Case cases[] = {
      {"1 + 2 * 3 - 4", "(_-_ (_+_ 1 (_*_ 2 3)) 4)"},
      {"a == b != c", "(_!=_ (_==_ (id a) (id b)) (id c))"},
      {"a in b < c", "(_<_ (@in (id a) (id b)) (id c))"},
      {"a || b && c || d", "(|| (id a) (&& (id b) (id c)) (id d))"},
      {"(a && b) && c", "(&& (&& (id a) (id b)) (id c))"},
      {"a ? b : c ? d : e", "(?: (id a) (id b) (?: (id c) (id d) (id e)))"},
      {"a ? b || c : d", "(?: (id a) (|| (id b) (id c)) (id d))"},
      {"-x.y", "(-_ (. y (id x)))"},
      {"!!x", "(!_ (!_ (id x)))"},
      {"--x", "(-_ (-_ (id x)))"},
      {"-1", "-1"},
      {"--1", "(-_ -1)"},
      {"!-1", "(!_ -1)"},
      {"a - -1", "(_-_ (id a) -1)"},
      {"a -1", "(_-_ (id a) 1)"},
      {"-1u", "(-_ 1u)"},
      {"[,]", "(list)"},
      {"[1,]", "(list 1)"},
      {"{,}", "(map)"},
      {"-9223372036854775808", "-9223372036854775808"},
      {"-0x8000000000000000", "-9223372036854775808"},
      {"18446744073709551615u", "18446744073709551615u"},
      {"0xFFu", "255u"},
      {"-0.0", "-0.0"},
      {"1e-999", "0.0"},
      {"1.e", "(. e 1)"},
      {".a.b", "(. b (root-id a))"},
      {".f(x)", "(root-call f (id x))"},
      {"a.b.f(x)", "(method f (. b (id a)) (id x))"},
      {"a.as.for", "(. for (. as (id a)))"},
      {"a.if()", "(method if (id a))"},
      {"a.`b-c`", "(. b-c (id a))"},
      {"a.?b[?c]", "(_[?_] (.? b (id a)) (id c))"},
      {"[1, ?a, 2,]", "(list 1 ?(id a) 2)"},
      {"{'a': 1, ?b: c,}", "(map \"a\" 1 ?(id b) (id c))"},
      {"[]", "(list)"},
      {"{}", "(map)"},
      {"a.B{c: 1, ?`d-e`: f}", "(struct a.B :c :d-e 1 ?(id f))"},
      {".a.B{}", "(root-struct a.B)"},
      {"has(a.b)", "(has b (id a))"},
      {"has(a.b.c)", "(has c (. b (id a)))"},
      {"has(a, b)", "(call has (id a) (id b))"},
      {"a.has(b)", "(method has (id a) (id b))"},
      {"l.all(x, x > 0)", "(macro all :x (id l) (_>_ (id x) 0))"},
      {"l.existsOne(x, x)", "(macro exists_one :x (id l) (id x))"},
      {"l.map(x, x, x)", "(macro map :x (id l) (id x) (id x))"},
      {"l.map(x)", "(method map (id l) (id x))"},
      {"l.all(x, y, z)", "(method all (id l) (id x) (id y) (id z))"},
      {"all(x, y)", "(call all (id x) (id y))"},
      {"o.optMap(x, x).optFlatMap(y, y)", "(macro optFlatMap :y (macro optMap :x (id o) (id x)) (id y))"},
      {"true && null == false", "(&& true (_==_ null false))"},
      {"b'\\xff' + b\"a\"", "(_+_ b\"\\xff\" b\"a\")"},
      {"when + unless", "(_+_ (id when) (id unless))"},
      {"// c\na // d\n", "(id a)"},
  };
  for (const Case& test : cases) EXPECT_EQ(Parsed(test.text), test.expected) << test.text;
}

TEST(Parser, ExpressionFaults) {
  const Case cases[] = {
      {"", "1: found the end of the file, expected an expression [UnexpectedToken]\n"},
      {"1.", "3: found the end of the file, expected a member's name [UnexpectedToken]\n"},
      {"a b", "3: found `b`, expected an operator or the end of the expression [UnexpectedToken]\n"},
      {"f(a,)", "5: found `)`, expected an expression [UnexpectedToken]\n"},
      {"[,,]", "2: found `,`, expected an expression [UnexpectedToken]\n"},
      {"[, 1]", "2: found `,`, expected an expression [UnexpectedToken]\n"},
      {"{,,}", "2: found `,`, expected an expression [UnexpectedToken]\n"},
      {"(a", "3: found the end of the file, expected `)` [UnexpectedToken]\n"},
      {"a ? b", "6: found the end of the file, expected `:` [UnexpectedToken]\n"},
      {"!-x", "2: found `-`, expected an operand [UnexpectedToken]\n"},
      {"-!x", "2: found `!`, expected an expression [UnexpectedToken]\n"},
      {"a.in", "3: found `in`, expected a member's name [UnexpectedToken]\n"},
      {"a.`b`()", "6: found `(`, expected an operator or the end of the expression [UnexpectedToken]\n"},
      {".true", "2: found `true`, expected an expression [UnexpectedToken]\n"},
      {"for + while", "1: `for` is a reserved word [ReservedWord]\n7: `while` is a reserved word [ReservedWord]\n"},
      {"import()", "1: `import` is a reserved word [ReservedWord]\n"},
      {"9223372036854775808", "1: `9223372036854775808` is not an int: it needs more than 64 bits [BadNumber]\n"},
      {"-9223372036854775809", "1: `-9223372036854775809` is not an int: it needs more than 64 bits [BadNumber]\n"},
      {"18446744073709551616u", "1: `18446744073709551616u` is not a uint: it needs more than 64 bits [BadNumber]\n"},
      {"1e999", "1: `1e999` is not a double: it is too large [BadNumber]\n"},
      {"12ab", "1: `12ab` is not a number [BadNumber]\n"},
      {"'a\\q' + '\\ud800'", "3: `\\q` is not an escape sequence [BadEscape]\n10: `\\u` is not an escape sequence [BadEscape]\n"},
      {"'abc", "1: this string is not closed [UnterminatedString]\n"},
      {"a & b", "3: unexpected character `&` [UnexpectedCharacter]\n"},
      {"a.`b$`", "3: this quoted name is not closed [UnterminatedName]\n"},
      {"has(a)", "5: `has` takes the selection of a member: has(a.b) [BadMacroCall]\n"},
      {"has(a.?b)", "5: `has` takes the selection of a member: has(a.b) [BadMacroCall]\n"},
      {"l.all(x.y, true)", "7: `all` takes a plain name as its first argument [BadMacroCall]\n"},
      {"l.all(.x, true)", "7: `all` takes a plain name as its first argument [BadMacroCall]\n"},
      {"(a).b{c: 1}", "6: found `{`, expected an operator or the end of the expression [UnexpectedToken]\n"},
  };
  for (const Case& test : cases) EXPECT_EQ(Parsed(test.text), test.expected) << test.text;
}

// ---- ExprText ------------------------------------------------------------------------------------------------------------

std::string Printed(const std::string& text) {
  const SourceFile file{"e", text};
  DiagnosticSink sink;
  FileTree tree;
  const std::optional<ExprId> id = ParseExpressionOnly(file, FileId(0), tree, sink);
  return id ? ExprText(tree, *id) : Rendered(sink, file);
}

TEST(ExprText, WritesMinimalParentheses) {
  const Case cases[] = {
      {"((a + b)) * c", "(a + b) * c"},
      {"a + (b * c)", "a + b * c"},
      {"a - (b - c)", "a - (b - c)"},
      {"(a - b) - c", "a - b - c"},
      {"a && (b || c)", "a && (b || c)"},
      {"(a && b) && c", "(a && b) && c"},
      {"(a ? b : c) ? (d ? e : f) : (g ? h : i)", "(a ? b : c) ? (d ? e : f) : g ? h : i"},
      {"!(a == b)", "!(a == b)"},
      {"-(-x)", "--x"},
      {"-(1)", "-(1)"},
      {"-(1.0)", "-(1.0)"},
      {"-(1.a)", "-(1.a)"},
      {"- 1", "-1"},
      {"!(-x)", "!(-x)"},
      {"(-x).y", "(-x).y"},
      {"(a + b).size()", "(a + b).size()"},
      {"a . b {c:1,}", "a.b{c: 1}"},
      {"'a\"b\\\\\\n\\x01é'", "\"a\\\"b\\\\\\n\\x01é\""},
      {"b'\\xff\"'", "b\"\\xff\\\"\""},
      {"1e100 + 1.0 + 0.1", "1e+100 + 1.0 + 0.1"},
      {"m.`a-b`.`in`.x", "m.`a-b`.`in`.x"},
      {"l.existsOne( x , x )", "l.exists_one(x, x)"},
      {"{?'a':1,b:[?c]}", "{?\"a\": 1, b: [?c]}"},
      {"a[ ? b ] . ? c", "a[?b].?c"},
      {".a.f( .b )", ".a.f(.b)"},
      {"(a in b) in c", "a in b in c"},
      {"a in (b in c)", "a in (b in c)"},
  };
  for (const Case& test : cases) {
    EXPECT_EQ(Printed(test.text), test.expected) << test.text;
    EXPECT_EQ(Parsed(test.expected), Parsed(test.text)) << test.text;
  }
}

// Every CEL conformance expression that is standard syntax parses, and its printed form parses to the same tree.
TEST(ExprText, RoundTripsConformanceVectors) {
  const char* shared = std::getenv("WRIT_SHARED");
  const std::filesystem::path folder = std::filesystem::path(shared != nullptr ? shared : WRIT_SOURCE_DIR "/../shared") / "vectors/cel";
  if (!std::filesystem::is_directory(folder)) GTEST_SKIP() << "skipped: " << folder << " is missing";
  int parsed = 0;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    if (entry.path().extension() != ".json") continue;
    const nlohmann::json suite = nlohmann::json::parse(ReadWholeFile(entry.path()));
    if (!suite.is_object() || !suite.contains("tests") || !suite["tests"].is_array()) continue;
    for (const nlohmann::json& test : suite["tests"]) {
      if (!test.is_object() || !test.contains("expr")) continue;
      const std::string text = test["expr"];
      if (!test.value("bar", false)) continue;
      const std::string tree = Parsed(text);
      EXPECT_TRUE(tree[0] < '0' || tree.find(" [") == std::string::npos || tree.back() != '\n') << test["id"] << "\n"
                                                                                                << text << "\n"
                                                                                                << tree;
      EXPECT_EQ(Parsed(Printed(text)), tree) << test["id"] << "\n" << text;
      ++parsed;
    }
  }
  EXPECT_GT(parsed, 1000);
}

// ---- limits and hostile input --------------------------------------------------------------------------------------------

std::string Repeat(std::string_view text, std::size_t count) {
  std::string out;
  for (std::size_t i = 0; i < count; ++i) out += text;
  return out;
}

TEST(Parser, NestingIsLimited) {
  const std::string deep[] = {Repeat("(", 100'000),        Repeat("[", 100'000),         Repeat("{1:", 100'000),
                              Repeat("!", 100'000) + "a",  Repeat("-", 100'000) + "a",   Repeat("f(", 100'000),
                              Repeat("a ? (", 100'000),    Repeat("a + (b + ", 100'000), Repeat("a{b:", 100'000),
                              Repeat("a.all(x,", 100'000), Repeat("a[", 100'000)};
  for (const std::string& text : deep) {
    const std::string result = Parsed(text);
    EXPECT_NE(result.find("this expression is nested more than 128 levels deep [ExpressionTooDeep]"), std::string::npos)
        << text.substr(0, 20);
    EXPECT_EQ(std::count(result.begin(), result.end(), '\n'), 1) << result.substr(0, 1000);
  }
  EXPECT_EQ(Parsed(Repeat("(", 100) + "a" + Repeat(")", 100)), "(id a)");
  EXPECT_NE(Parsed("a" + Repeat(" && a", 10'000)).find("(&& (id a)"), std::string::npos);  // flat, not deep
}

TEST(Parser, ChainsMayBeLongerThanNestingAndAreLimited) {
  const auto chains = [](std::size_t links) {
    return std::vector<std::string>{"a" + Repeat(".b", links),       "a" + Repeat("[0]", links),        "a" + Repeat(" + a", links),
                                    "a" + Repeat(" - a * b", links), Repeat("a ? b : ", links) + "c",   "a" + Repeat(".m()", links),
                                    "a" + Repeat(".?b", links),      "a" + Repeat(".map(x, x)", links), "a" + Repeat(" == a", links)};
  };
  for (const std::string& text : chains(1'000)) EXPECT_EQ(Parsed(text)[0], '(') << text.substr(0, 20);
  for (const std::string& text : chains(100'000)) {
    const std::string result = Parsed(text);
    EXPECT_NE(result.find("has more than 1024 links [ChainTooLong]"), std::string::npos) << text.substr(0, 20);
    EXPECT_EQ(std::count(result.begin(), result.end(), '\n'), 1) << result.substr(0, 1000);
  }
  // Chains in brackets of chains have all their levels counted.
  std::string nested = "a";
  for (int i = 0; i < 20; ++i) nested = "(b" + Repeat(" + b", 100) + " + " + nested + ")" + Repeat(".c", 100);
  EXPECT_NE(Parsed(nested).find("[ChainTooLong]"), std::string::npos);
}

TEST(Parser, NestingIsLimitedEverywhere) {
  const std::string texts[] = {
      "fn f(a: " + Repeat("list(", 100'000),
      "policy p for admission { require image x signed by " + Repeat("(", 100'000),
      "policy p for admission { require image x signed by " + Repeat("2 of (", 100'000),
      "policy p for admission { require image " + Repeat("(", 100'000),
      "policy p for tools { allow a because \"{" + Repeat("[", 100'000) + "\" }",
  };
  for (const std::string& text : texts) {
    const SourceFile file{"f", text};
    DiagnosticSink sink;
    ParseFile(file, FileId(0), sink);
    EXPECT_NE(Rendered(sink, file).find("[ExpressionTooDeep]"), std::string::npos) << text.substr(0, 60);
  }
}

TEST(Parser, SizesAreLimited) {
  EXPECT_EQ(Parsed("[a, b, c]", {.max_expression_nodes = 3}), "1: the file has more than 3 expression nodes [ExpressionTooLarge]\n");
  EXPECT_EQ(Parsed("abcdef", {.max_file_bytes = 5}), "1: the file is larger than 5 bytes [FileTooLarge]\n");
}

TEST(Parser, CountsWhatItDoesNotKeep) {
  const SourceFile file{"f", "policy p for tools {\n" + Repeat("  allow a when )\n", 1000) + "}\n"};
  DiagnosticSink sink(7);
  const FileTree tree = ParseFile(file, FileId(0), sink);
  EXPECT_EQ(sink.error_count(), 1000U);
  EXPECT_EQ(sink.diagnostics().size(), 7U);
  EXPECT_TRUE(tree.complete);
}

TEST(Parser, BadBytes) {
  EXPECT_EQ(Parsed("a + \xFF + \xFE"), "5: the text is not valid UTF-8 at byte 4 [InvalidUtf8]\n");
  EXPECT_EQ(Parsed(std::string("a\0", 2)), std::string("2: unexpected character `") + '\0' + "` [UnexpectedCharacter]\n");
  EXPECT_EQ(Parsed("\xEF\xBB\xBF"
                   "a\r\n+\r\nb"),
            "(_+_ (id a) (id b))");
}

TEST(Parser, PrefixesOfTheTourAreHarmless) {
  const std::string tour = ReadWholeFile(WRIT_SOURCE_DIR "/tests/fuzz/corpus/parse/tour.writ");
  ASSERT_FALSE(tour.empty());
  for (std::size_t size = 0; size <= tour.size(); size += 3) {
    const SourceFile file{"f", tour.substr(0, size)};
    DiagnosticSink sink;
    ParseFile(file, FileId(0), sink);
    EXPECT_LE(sink.error_count(), 3U) << size;  // one cut is not a dozen faults
  }
}

// Spans of holes in messages point into the file.
TEST(Parser, MessageSpans) {
  const SourceFile file{"f", "policy p for tools {\n  deny a because \"\\t{{x}} {args.b} é {1 + 2}\"\n}\n"};
  DiagnosticSink sink;
  const FileTree tree = ParseFile(file, FileId(0), sink);
  ASSERT_FALSE(sink.has_errors()) << Rendered(sink, file);
  std::string pieces;
  for (const MessagePiece& piece : tree.policies[0].rules[0].message.pieces) {
    if (!piece.expr.valid()) {
      pieces += std::string(piece.text) + "|";
      continue;
    }
    const SourceSpan span = tree.expr(piece.expr).span;
    pieces += "<" + file.text.substr(span.begin, span.end - span.begin) + ">|";
  }
  EXPECT_EQ(pieces, "\t{|x}| |<args.b>| é |<1 + 2>|");
}

TEST(Parser, LiteralNames) { EXPECT_EQ(LiteralName({"a\\*b\\\\c", {}, false}), "a*b\\c"); }

// tests/golden/parse: the tree of a file, or its diagnostics.
TEST(Parser, Golden) {
  const auto files = GoldenFiles("parse", ".writ");
  ASSERT_FALSE(files.empty());
  for (const std::filesystem::path& path : files) {
    SCOPED_TRACE(path.filename());
    const GoldenFile golden = ReadGolden(path);
    const SourceFile file{path.filename().string(), golden.input};
    DiagnosticSink sink;
    const FileTree tree = ParseFile(file, FileId(0), sink);
    std::string output = Rendered(sink, file);
    EXPECT_EQ(sink.has_errors(), path.filename().string().starts_with("fail_"));
    if (!sink.has_errors()) output += DumpTree(tree);
    if (UpdatesGolden()) WriteGolden(path, golden.input, output);
    EXPECT_EQ(output, ReadGolden(path).expected);
  }
}

}  // namespace
}  // namespace writ::dsl
