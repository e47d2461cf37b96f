// Message strings: text with `{expr}` holes. A message is lexed as one string first; its holes are then read as source in place, so
// that their spans point into the file.
#include "dsl/parse/parser_impl.h"

namespace writ::dsl {

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
    Report(DiagnosticKind::kBadMessage, {file_, brace, current_.end}, {"found an empty `{}`"});
  } else {
    expr = ParseExpr();
  }
  if (expr.valid() && !At(TokenKind::kRightBrace)) {
    if (At(TokenKind::kEnd)) {
      Report(DiagnosticKind::kBadMessage, {file_, brace, brace + 1}, {"found a `{` that is not closed"});
    } else {
      Fail("`}`");
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

// A message that is wrong inside is reported and still read to its end: the clause after it is parsed.
bool Parser::ParseMessage(MessageText& message) {
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
      if (!ParseHole(i, form.content_end, message, i)) return true;
      piece = i;
    }
  }
  AddMessageText(piece, form.content_end, form, message);
  return true;
}

}  // namespace writ::dsl
