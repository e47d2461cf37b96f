#include "dsl/diagnostics/diagnostic.h"

#include <gtest/gtest.h>

#include "dsl/diagnostics/foreign_words.h"
#include "rules/base/nearest_name.h"

namespace writ::dsl {
namespace {

Diagnostic At(std::uint32_t begin, std::uint32_t end) {
  return {DiagnosticKind::kTypeMismatch, Severity::kError, {FileId(0), begin, end}, "found string, expected bool", "", ""};
}

std::string Render(const Diagnostic& diagnostic, std::string text) {
  const SourceFile file{"pod.writ", std::move(text)};
  return RenderDiagnostic(diagnostic, {&file, 1}, false);
}

std::string Head(std::string_view place) {
  return "pod.writ:" + std::string(place) + ": error: found string, expected bool [TypeMismatch]\n";
}

TEST(Diagnostic, ShowsLineSpanNoteAndHelp) {
  Diagnostic diagnostic = At(22, 39);
  diagnostic.note = "one\ntwo";
  diagnostic.help = "write `x`";
  EXPECT_EQ(Render(diagnostic, "policy x\n\n  deny when object.spec.image\n"), Head("3:13") +
                                                                                   "   3 |   deny when object.spec.image\n"
                                                                                   "     |             ^^^^^^^^^^^^^^^^^\n"
                                                                                   "  note: one\n    two\n"
                                                                                   "  help: write `x`\n");
}

TEST(Diagnostic, UnderlinesWhatIsSeen) {
  const struct {
    const char* name;
    std::string text;
    std::uint32_t begin, end;
    std::string expected;
  } cases[] = {
      {"tab", "\ta\tbc", 3, 5, Head("1:4") + "   1 |     a   bc\n     |         ^^\n"},
      {"tab inside", "a\tb", 0, 3, Head("1:1") + "   1 | a   b\n     | ^^^^^\n"},
      {"wide", "日本 x", 0, 6, Head("1:1") + "   1 | 日本 x\n     | ^^^^\n"},
      {"after wide", "日本 x", 7, 8, Head("1:4") + "   1 | 日本 x\n     |      ^\n"},
      {"combining", "e\xCC\x81x", 3, 4, Head("1:3") + "   1 | e\xCC\x81x\n     |  ^\n"},
      {"control", "a\x1b[2Jb", 1, 2, Head("1:2") + "   1 | a\\u{1b}[2Jb\n     |  ^^^^^^\n"},
      {"bidirectional override",
       "a\xE2\x80\xAE"
       "b",
       4, 5, Head("1:3") + "   1 | a\\u{202e}b\n     |          ^\n"},
      {"invalid UTF-8",
       "a\xFF"
       "b",
       1, 2, Head("1:2") + "   1 | a\\xffb\n     |  ^^^^\n"},
      {"empty span", "ab", 1, 1, Head("1:2") + "   1 | ab\n     |  ^\n"},
      {"end of the file", "ab\n", 3, 3, Head("2:1") + "   2 | \n     | ^\n"},
      {"beyond the file", "ab", 90, 95, Head("1:3") + "   1 | ab\n     |   ^\n"},
      {"empty file", "", 0, 0, Head("1:1") + "   1 | \n     | ^\n"},
      {"CR LF", "ab\r\ncd\r\n", 4, 6, Head("2:1") + "   2 | cd\n     | ^^\n"},
      {"two lines", "x (a,\n   b)\n", 2, 11, Head("1:3") + "   1 | x (a,\n     |   ^^^\n   2 |    b)\n     |    ^^\n"},
      {"many lines", "(a,\nb,\nc)\n", 0, 9, Head("1:1") + "   1 | (a,\n     | ^^^\n ...\n   3 | c)\n     | ^^\n"},
      {"span ends with its line", "ab\ncd", 0, 3, Head("1:1") + "   1 | ab\n     | ^^\n"},
  };
  for (const auto& test : cases) {
    SCOPED_TRACE(test.name);
    EXPECT_EQ(Render(At(test.begin, test.end), test.text), test.expected);
  }
}

TEST(Diagnostic, CutsLongLines) {
  const std::string text = std::string(100'000, 'a') + "!" + std::string(100'000, 'b');
  const std::string rendered = Render(At(100'000, 100'001), text);
  EXPECT_LT(rendered.size(), 600U);
  EXPECT_NE(rendered.find("…" + std::string(40, 'a') + "!bbb"), std::string::npos);
  const std::string marks = Render(
      At(0, 1), "x" + [] {
        std::string combining;
        for (int i = 0; i < 100'000; ++i) combining += "\xCC\x81";
        return combining;
      }());
  EXPECT_LT(marks.size(), 5000U);
}

TEST(Diagnostic, EscapesWhatComesFromTheUser) {
  Diagnostic diagnostic = At(0, 1);
  diagnostic.message = "found `\x1b[31m\n`";
  const SourceFile file{"a\x07.writ", "x"};
  EXPECT_EQ(RenderDiagnostic(diagnostic, {&file, 1}, false),
            "a\\u{7}.writ:1:1: error: found `\\u{1b}[31m\\n` [TypeMismatch]\n   1 | x\n     | ^\n");
}

TEST(Diagnostic, Colours) {
  const SourceFile file{"f", "x"};
  EXPECT_EQ(RenderDiagnostic(At(0, 1), {&file, 1}, true),
            "\x1b[1mf:1:1:\x1b[0m \x1b[1;31merror:\x1b[0m \x1b[1mfound string, expected bool\x1b[0m [TypeMismatch]\n"
            "\x1b[34m   1 | \x1b[0mx\n\x1b[34m     | \x1b[0m\x1b[1;31m^\x1b[0m\n");
}

TEST(DiagnosticSink, FillsTemplatesCountsAndSorts) {
  DiagnosticSink sink(2);
  sink.Emit(DiagnosticKind::kUnknownMember, {FileId(0), 9, 10}, {"{1}", "b"}).help = "h";
  sink.Emit(DiagnosticKind::kEmptyPolicy, {FileId(0), 3, 4}, {"p"});
  EXPECT_EQ(sink.error_count(), 1U);
  EXPECT_EQ(sink.warning_count(), 1U);
  sink.Finish(false);
  ASSERT_EQ(sink.diagnostics().size(), 2U);
  EXPECT_EQ(sink.diagnostics()[0].message, "policy `p` has no rules");
  EXPECT_EQ(sink.diagnostics()[1].message, "`{1}` has no member `b`");
  EXPECT_EQ(sink.diagnostics()[1].help, "h");
  sink.Finish(true);
  EXPECT_EQ(sink.error_count(), 2U);
  EXPECT_EQ(sink.warning_count(), 0U);
  EXPECT_EQ(sink.diagnostics()[0].severity, Severity::kError);
}

TEST(DiagnosticSink, AFloodOfWarningsHidesNoError) {
  DiagnosticSink sink(2);
  for (std::uint32_t i = 0; i < 5; ++i) sink.Emit(DiagnosticKind::kEmptyPolicy, {FileId(0), i, i + 1}, {"p"});
  EXPECT_FALSE(sink.is_full());
  sink.Emit(DiagnosticKind::kUnterminatedString, {FileId(0), 20, 21});
  sink.Emit(DiagnosticKind::kUnterminatedName, {FileId(0), 30, 31});
  EXPECT_TRUE(sink.is_full());
  sink.Emit(DiagnosticKind::kUnterminatedString, {FileId(0), 1, 2}).help = "dropped";
  sink.Finish(false);
  EXPECT_EQ(sink.error_count(), 3U);
  EXPECT_EQ(sink.warning_count(), 5U);
  ASSERT_EQ(sink.diagnostics().size(), 2U);
  EXPECT_EQ(sink.diagnostics()[0].message, "this string is not closed");
  EXPECT_EQ(sink.diagnostics()[1].message, "this quoted name is not closed");
}

TEST(Diagnostic, ShowsRelatedPlaces) {
  const SourceFile files[] = {{"a.writ", "let x = 1\n"}, {"b.writ", "let x = 2\n"}};
  Diagnostic diagnostic{DiagnosticKind::kDuplicateName, Severity::kError, {FileId(1), 4, 5}, "twice", "help", "note"};
  diagnostic.related = {{{FileId(0), 4, 5}, "first declared here"}};
  EXPECT_EQ(RenderDiagnostic(diagnostic, files, false),
            "b.writ:1:5: error: twice [DuplicateName]\n"
            "   1 | let x = 2\n"
            "     |     ^\n"
            "  note: first declared here: a.writ:1:5\n"
            "   1 | let x = 1\n"
            "     |     ^\n"
            "  note: note\n"
            "  help: help\n");
}

// What a beginner finds in the table must stay true: every function and type that a help names exists.
TEST(ForeignWords, AreFoundByPlace) {
  EXPECT_EQ(ForeignHelp(*TryFindForeignWord(ForeignPlace::kType, "Boolean")), "write `bool`");
  EXPECT_EQ(TryFindForeignWord(ForeignPlace::kRule, "Permit"), nullptr);
  EXPECT_EQ(TryFindForeignWord(ForeignPlace::kRule, "boolean"), nullptr);
  const std::string operands[] = {"args.x", "1, 2"};
  EXPECT_EQ(ForeignHelp(*TryFindForeignWord(ForeignPlace::kFunction, "len"), operands), "write `size(args.x)`");
  EXPECT_EQ(ForeignHelp(*TryFindForeignWord(ForeignPlace::kFunction, "any"), {}), "write `….exists(…)`");
  const auto has = [](std::string_view wanted) { return [wanted](std::string_view name) { return name == wanted; }; };
  EXPECT_EQ(TryFindForeignName("user", has("subject"))->help, "write `subject.id`");
  EXPECT_EQ(TryFindForeignName("user", has("row")), nullptr);
}

TEST(Diagnostic, NearestName) {
  static constexpr std::string_view kNames[] = {"tenant", "type", "groups", "id", "scopes", "transport"};
  const struct {
    std::string_view name, expected;
  } cases[] = {{"tennant", "tenant"},
               {"tenat", "tenant"},
               {"Tenant", "tenant"},
               {"gropus", "groups"},
               {"transprot", "transport"},
               {"xyz", ""},
               {"", ""},
               {"i", ""},
               {"ids", "id"},
               {"scope", "scopes"},
               {"tenant_of_the_user", ""}};
  for (const auto& test : cases) EXPECT_EQ(NearestName(test.name, kNames), test.expected) << test.name;
  EXPECT_EQ(NearestName(std::string(100'000, 'a'), kNames), "");
}

}  // namespace
}  // namespace writ::dsl
