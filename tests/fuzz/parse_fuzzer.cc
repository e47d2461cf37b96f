// Lexer, parser, formatter and printer on arbitrary bytes. Invariants: no crash; every span lies inside the source; a file that parses
// formats to a file with the same tokens and the same tree, and formatting again changes nothing; ExprText parses back to the same tree.
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "dsl/compiler.h"
#include "dsl/diagnostics/diagnostic.h"
#include "dsl/parse/parser.h"
#include "dsl/syntax/dump.h"
#include "rules/base/check.h"

namespace {

using writ::FileId;
using writ::SourceFile;
using writ::SourceSpan;
using writ::dsl::DiagnosticSink;
using writ::dsl::ExprId;
using writ::dsl::FileTree;
using writ::dsl::LayoutToken;

constexpr std::size_t kMaxBytes = 1 << 16;  // longer inputs find nothing new and run slowly

void CheckSpan(SourceSpan span, const SourceFile& file) { WRIT_CHECK(span.begin <= span.end && span.end <= file.text.size()); }

void CheckSpans(const FileTree& tree, const DiagnosticSink& sink, const SourceFile& file) {
  for (const writ::dsl::Expr& expr : tree.exprs) {
    CheckSpan(expr.span, file);
    CheckSpan(expr.name_span, file);
  }
  for (const writ::dsl::Diagnostic& diagnostic : sink.diagnostics()) {
    CheckSpan(diagnostic.span, file);
    WRIT_CHECK(!RenderDiagnostic(diagnostic, {&file, 1}, false).empty());
  }
}

void CheckExprText(const FileTree& tree, ExprId id) {
  const SourceFile text{"text", ExprText(tree, id)};
  DiagnosticSink sink;
  FileTree again;
  const auto parsed = ParseExpressionOnly(text, FileId(0), again, sink);
  WRIT_CHECK(parsed.has_value());
  WRIT_CHECK(DumpExpr(tree, id) == DumpExpr(again, *parsed));
}

std::vector<std::string> TokenTexts(const SourceFile& file, const std::vector<LayoutToken>& tokens) {
  std::vector<std::string> texts;
  for (const LayoutToken& token : tokens) texts.push_back(file.text.substr(token.begin, token.end - token.begin));
  return texts;
}

void CheckFormat(const SourceFile& file, const FileTree& tree, const std::vector<LayoutToken>& tokens) {
  const writ::dsl::Formatted formatted = writ::dsl::FormatPolicy(file);
  WRIT_CHECK(formatted.text.has_value());
  const SourceFile second{"formatted", *formatted.text};
  DiagnosticSink sink;
  std::vector<LayoutToken> second_tokens;
  const FileTree second_tree = ParseFile(second, FileId(0), sink, {}, &second_tokens);
  WRIT_CHECK(!sink.has_errors());
  WRIT_CHECK(TokenTexts(file, tokens) == TokenTexts(second, second_tokens));
  WRIT_CHECK(DumpTree(tree) == DumpTree(second_tree));
  WRIT_CHECK(writ::dsl::FormatPolicy(second).text == formatted.text);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size > kMaxBytes) return 0;
  const SourceFile file{"input", std::string(data, data + size)};

  DiagnosticSink sink;
  std::vector<LayoutToken> tokens;
  const FileTree tree = ParseFile(file, FileId(0), sink, {}, &tokens);
  CheckSpans(tree, sink, file);
  if (!sink.has_errors()) {
    CheckFormat(file, tree, tokens);
    for (const writ::dsl::LetDecl& let : tree.lets) CheckExprText(tree, let.value);
    for (const writ::dsl::PolicyDecl& policy : tree.policies) {
      for (const writ::dsl::RuleDecl& rule : policy.rules) {
        if (rule.when.valid()) CheckExprText(tree, rule.when);
      }
    }
  }

  DiagnosticSink expression_sink;
  FileTree expression_tree;
  const auto expression = ParseExpressionOnly(file, FileId(0), expression_tree, expression_sink);
  CheckSpans(expression_tree, expression_sink, file);
  WRIT_CHECK(expression.has_value() == !expression_sink.has_errors());
  if (expression) CheckExprText(expression_tree, *expression);
  return 0;
}
