// Message strings: text with `{expr}` holes. A message is lexed as one string first; its holes are then read as source in place, so
// that their spans point into the file.
#include "dsl/parse/parser_impl.h"

namespace writ::dsl {

namespace {

constexpr std::string_view kWordsAfterMessage[] = {"when", "unless", "needs", "because", "allow", "deny", "require", "warn", "note"};
constexpr std::string_view kBraceHelp = "write `{{` and `}}` for braces that stand for themselves";

// Where a hole that begins at `brace` is not closed before `end`, else `end`: a quote in it has ended the string.
bool IsOpenAt(std::string_view text, std::uint32_t brace, std::uint32_t end) {
  int depth = 0;
  for (std::uint32_t i = brace; i < end; ++i) {
    if (text[i] == '{') ++depth;
    if (text[i] == '}' && --depth == 0) return false;
  }
  return true;
}

}  // namespace

// Whether the string ended inside of the hole at `brace`: `"{args["x"]}"`. Reports it, and what is left of the line is not read.
bool Parser::FailAtHoleEnd(std::uint32_t brace, const Token& message) {
  const LiteralForm form = FormOfLiteral(text_, message);
  const bool goes_on = current_.begin == message.end && !At(TokenKind::kEnd) && !At(TokenKind::kRightBrace);
  if (!goes_on || !IsOpenAt(text_, brace, form.content_end)) return false;
  const char quote = text_[message.end - 1];
  const std::string other(1, quote == '"' ? '\'' : '"');
  Diagnostic* diagnostic =
      Report(DiagnosticKind::kBadMessage, {file_, brace, message.end}, {"found the end of the string inside of `{…}`"});
  if (diagnostic != nullptr)
    diagnostic->help = "inside of a message's braces use the other kind of quotes: {args[" + other + "x" + other + "]}";
  SkipRestOfLine();
  return true;
}

// Requires: an open hole ends before `content_end`. `next` receives the offset after its `}`.
bool Parser::ParseHole(std::uint32_t brace, std::uint32_t content_end, MessageText& message, std::uint32_t& next) {
  const Lexer outer_lexer = lexer_;
  const Token outer_token = current_;
  const std::uint32_t outer_end = last_end_;
  const int outer_braces = open_braces_;
  std::vector<LayoutToken>* const outer_layout = layout_;
  lexer_ = Lexer(text_.substr(0, content_end), brace + 1);
  layout_ = nullptr;  // to the formatter a message is one token
  current_ = lexer_.Next();
  ExprId expr;
  if (At(TokenKind::kRightBrace)) {
    Diagnostic* diagnostic = Report(DiagnosticKind::kBadMessage, {file_, brace, current_.end}, {"found an empty `{}`"});
    if (diagnostic != nullptr) diagnostic->help = kBraceHelp;
  } else {
    expr = ParseExpr();
  }
  if (expr.valid() && !At(TokenKind::kRightBrace)) {
    if (At(TokenKind::kEnd)) {
      Report(DiagnosticKind::kBadMessage, {file_, brace, brace + 1}, {"found a `{` that is not closed"});
    } else {
      FailAtToken("`}`", kBraceHelp);
    }
    expr = {};
  }
  next = current_.end;
  layout_ = outer_layout;
  open_braces_ = outer_braces;
  if (!stopped_) {
    lexer_ = outer_lexer;
    current_ = outer_token;
    last_end_ = outer_end;
  }
  if (!expr.valid()) return false;
  message.pieces.push_back({{}, expr});
  return true;
}

void Parser::AddMessageText(std::uint32_t begin, std::uint32_t end, const LiteralForm& form, MessageText& message) {
  if (begin >= end) return;
  const DecodedLiteral decoded = DecodeContent(text_, begin, end, form, *tree_.arena);
  if (!decoded.ok()) {
    const std::string_view escape = text_.substr(decoded.fault_begin, decoded.fault_end - decoded.fault_begin);
    Report(DiagnosticKind::kBadEscape, {file_, decoded.fault_begin, decoded.fault_end}, {escape});
    return;
  }
  message.pieces.push_back({decoded.value, {}});
}

// Where a message stands: an expression such as `tool.name + " no"`.
bool Parser::AtSum() const {
  if (current_.starts_line) return false;
  if (At(TokenKind::kString)) return Peek().kind == TokenKind::kPlus && !Peek().starts_line;
  return At(TokenKind::kIdent) && !IsCelKeyword(Text(current_)) && !AtAnyWord(kWordsAfterMessage);
}

// Reported with the message that it means, and read to its end.
bool Parser::FailAtSum() {
  const SourceSpan begin = SpanOf(current_);
  const std::string found = At(TokenKind::kString) ? "a sum" : Describe(current_);
  const ExprId text = ParseExpr();
  if (!text.valid()) return false;
  Diagnostic* diagnostic = Report(DiagnosticKind::kUnexpectedToken, {file_, begin.begin, last_end_}, {found, "a message string"});
  if (diagnostic != nullptr) diagnostic->help = HelpForMessage(text);
  return true;
}

// A message that is wrong inside is reported and still read to its end: the clause after it is parsed.
bool Parser::ParseMessage(MessageText& message) {
  if (AtSum()) return FailAtSum();
  if (!At(TokenKind::kString)) return Fail("a message string");
  const Token token = Take();
  message.span = SpanOf(token);
  const LiteralForm form = FormOfLiteral(text_, token);
  if (form.content_begin == form.content_end) Report(DiagnosticKind::kBadMessage, message.span, {"found nothing"});
  std::uint32_t piece = form.content_begin;
  std::uint32_t i = piece;
  while (i < form.content_end && !stopped_) {
    const char c = text_[i];
    const bool doubled = i + 1 < form.content_end && text_[i + 1] == c;
    if (c == '\\' && !form.raw) {
      i += 2;
    } else if (c != '{' && c != '}') {
      ++i;
    } else if (doubled) {
      AddMessageText(piece, i + 1, form, message);
      piece = i += 2;
    } else if (c == '}') {
      Diagnostic* diagnostic = Report(DiagnosticKind::kBadMessage, {file_, i, i + 1}, {"found a lone `}`"});
      if (diagnostic != nullptr) diagnostic->help = "write `}}` for a brace";
      return true;
    } else {
      AddMessageText(piece, i, form, message);
      if (FailAtHoleEnd(i, token)) return true;
      if (!ParseHole(i, form.content_end, message, i)) return true;
      piece = i;
    }
  }
  AddMessageText(piece, form.content_end, form, message);
  return true;
}

}  // namespace writ::dsl
