#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <random>
#include <regex>

#include "dsl/compiler.h"
#include "dsl/parse/parser.h"
#include "tests/unit/dsl/golden.h"

namespace writ::dsl {
namespace {

std::string Format(const std::string& text) {
  const SourceFile file{"f.writ", text};
  const Formatted formatted = FormatPolicy(file);
  if (formatted.text) return *formatted.text;
  std::string out = "does not parse\n";
  for (const Diagnostic& diagnostic : formatted.diagnostics) out += RenderDiagnostic(diagnostic, {&file, 1}, false);
  return out;
}

std::vector<std::string> Tokens(const std::string& text) {
  const SourceFile file{"f", text};
  DiagnosticSink sink;
  std::vector<LayoutToken> layout;
  ParseFile(file, FileId(0), sink, {}, &layout);
  std::vector<std::string> tokens;
  for (const LayoutToken& token : layout) tokens.push_back(text.substr(token.begin, token.end - token.begin));
  return tokens;
}

void ExpectStable(const std::string& text) {
  const std::string formatted = Format(text);
  EXPECT_EQ(Format(formatted), formatted);
  EXPECT_EQ(Tokens(formatted), Tokens(text));
}

TEST(Format, Layout) {
  const struct {
    const char* name;
    std::string text, expected;
  } cases[] = {
      {"empty", "", ""},
      {"blank", " \n\r\n\t", ""},
      {"comment only", "\n\n  // a  \r\n\n\n// b", "// a\n\n// b\n"},
      {"spaces", "let  x=a+b*-c.d [ 1 ]? f ( x , y ) :{ 'k':1 , ?'l' : 2 }", "let x = a + b * -c.d[1] ? f(x, y) : {'k': 1, ?'l': 2}\n"},
      {"optionals", "let x = a . ? b [ ? c ] + [ ? d ]", "let x = a.?b[?c] + [?d]\n"},
      {"prefix operators", "let x = ! ! a && - b == - 1", "let x = !!a && -b == -1\n"},
      {"grouping", "let x = ( a ) in ( b )", "let x = (a) in (b)\n"},
      {"types", "fn f( a :list ( map(string,int) ) ? )->bool=true", "fn f(a: list(map(string, int))?) -> bool = true\n"},
      {"one line for each rule", "policy p for tools{allow a deny b // c\n}", "policy p for tools {\n  allow a\n  deny b  // c\n}\n"},
      {"brace moves up", "policy p for tools\n{\n\n\n  allow a\n\n\n\n  deny b\n\n}", "policy p for tools {\n  allow a\n\n  deny b\n}\n"},
      {"empty block", "test 'a' {\n\n}", "test 'a' {}\n"},
      {"clauses", "policy p for tools {\nallow a\nwhen x\n&& y\nneeds scope 's'\n}",
       "policy p for tools {\n  allow a\n    when x\n      && y\n    needs scope 's'\n}\n"},
      {"lists", "let x = [\n1,\n[2,\n3]\n]\nlet y = f(a,\nb)", "let x = [\n  1,\n  [2,\n    3]\n]\nlet y = f(a,\n    b)\n"},
      {"attributes", "@severity(high)@title('t')\npolicy p for tools { @id('a') deny x\n@id('b')\n@see('u')\ndeny y }",
       "@severity(high) @title('t')\npolicy p for tools {\n  @id('a') deny x\n  @id('b')\n  @see('u')\n  deny y\n}\n"},
      {"table on one line", "table t{a:int b:string? }", "table t { a: int  b: string? }\n"},
      {"CR LF", "let a = 1\r\n\r\nlet b = 2\r\n", "let a = 1\n\nlet b = 2\n"},
      {"triple string is left alone", "let a = '''x  \n   y'''", "let a = '''x  \n   y'''\n"},
      {"member on the next line", "let a = b\n.c", "let a = b\n    .c\n"},
      {"select on a number", "let a = 1 . e5", "let a = 1.e5\n"},
      {"comment before a brace", "policy p for tools // c\n{ allow a }", "policy p for tools  // c\n    {\n  allow a\n}\n"},
  };
  for (const auto& test : cases) {
    SCOPED_TRACE(test.name);
    EXPECT_EQ(Format(test.text), test.expected);
    ExpectStable(test.text);
  }
}

TEST(Format, RefusesWhatDoesNotParse) {
  const Formatted formatted = FormatPolicy({"f", "let = 1"});
  EXPECT_FALSE(formatted.text.has_value());
  EXPECT_FALSE(formatted.diagnostics.empty());
}

// Files of tests/golden/format: NAME.in.writ becomes NAME.out.writ.
TEST(Format, Golden) {
  const auto files = GoldenFiles("format", ".in.writ");
  ASSERT_FALSE(files.empty());
  for (const std::filesystem::path& path : files) {
    SCOPED_TRACE(path.filename());
    const std::string input = ReadWholeFile(path);
    std::string expected_path = path.string();
    expected_path.replace(expected_path.size() - std::string("in.writ").size(), std::string::npos, "out.writ");
    if (UpdatesGolden()) std::ofstream(expected_path, std::ios::binary) << Format(input);
    EXPECT_EQ(Format(input), ReadWholeFile(expected_path));
    ExpectStable(input);
  }
}

// However the author breaks lines and comments, the tokens stay and a second run changes nothing.
TEST(Format, AnyGaps) {
  static constexpr const char* kGaps[] = {
      " ", "  ", "\n", "\n\n", "\n\n\n\t", " // c\n", "\n// own\n", " // a\r\n\n  // b  \n\n\n", "\n\n// x\n// y\n\n"};
  const unsigned seed = 20261121;
  std::mt19937 random(seed);
  for (const char* name : {"tour.writ", "reference_0.writ", "reference_1.writ", "signers.writ", "comments.writ"}) {
    const std::vector<std::string> tokens = Tokens(ReadWholeFile(std::filesystem::path(WRIT_SOURCE_DIR "/tests/fuzz/corpus/parse") / name));
    ASSERT_GT(tokens.size(), 10U) << name;
    for (int round = 0; round < 20; ++round) {
      SCOPED_TRACE(std::string(name) + " round " + std::to_string(round) + " seed " + std::to_string(seed));
      std::string text;
      for (const std::string& token : tokens) text += token + kGaps[random() % (round % 2 == 0 ? 3 : std::size(kGaps))];
      EXPECT_EQ(Tokens(Format(text)), tokens);
      ExpectStable(text);
      if (HasFailure()) return;
    }
  }
}

// Every policy of the repository and of the language reference is stable.
TEST(Format, Policies) {
  int count = 0;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(WRIT_SOURCE_DIR "/policies")) {
    if (entry.path().extension() != ".writ") continue;
    SCOPED_TRACE(entry.path());
    ExpectStable(ReadWholeFile(entry.path()));
    ++count;
  }
  const std::string reference = ReadWholeFile(WRIT_SOURCE_DIR "/docs/language.md");
  const std::regex fence("```writ\n([^`]*)```");
  for (std::sregex_iterator it(reference.begin(), reference.end(), fence); it != std::sregex_iterator(); ++it) {
    EXPECT_EQ(Format((*it)[1]), (*it)[1]);
    ++count;
  }
  EXPECT_GT(count, 2);
}

}  // namespace
}  // namespace writ::dsl
