#include "dsl/lex/lexer.h"

#include <algorithm>
#include <array>

#include "rules/base/utf8.h"

namespace writ::dsl {
namespace {

bool IsLetter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }
bool IsDigit(char c) { return c >= '0' && c <= '9'; }
bool IsHexDigit(char c) { return IsDigit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'); }
bool IsSpace(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\f' || c == '\n'; }
bool IsPatternCharacter(char c) { return IsLetter(c) || IsDigit(c) || c == '-' || c == '.' || c == '/' || c == ':' || c == '*'; }

std::uint32_t HexValue(char c) {
  if (IsDigit(c)) return static_cast<std::uint32_t>(c - '0');
  return static_cast<std::uint32_t>((c | 0x20) - 'a') + 10;
}

}  // namespace

std::string_view TokenKindText(TokenKind kind) {
  static constexpr std::string_view kTexts[] = {
#define WRIT_TEXT(name, text) text,
      WRIT_TOKENS(WRIT_TEXT)
#undef WRIT_TEXT
  };
  return kTexts[static_cast<std::size_t>(kind)];
}

// Returns whether a line ended in what was skipped.
bool Lexer::SkipTrivia() {
  bool line_ended = position_ == 0;
  while (position_ < text_.size()) {
    const char c = text_[position_];
    if (c == '/' && At(position_ + 1) == '/') {
      const std::size_t end = text_.find('\n', position_);
      position_ = static_cast<std::uint32_t>(end == std::string_view::npos ? text_.size() : end);
    } else if (IsSpace(c)) {
      line_ended |= c == '\n';
      ++position_;
    } else if (position_ == 0 && text_.starts_with("\xEF\xBB\xBF")) {  // a byte order mark says nothing in UTF-8
      position_ = 3;
    } else {
      break;
    }
  }
  return line_ended;
}

Token Lexer::Make(TokenKind kind, std::uint32_t end) {
  position_ = end;
  return {kind, LexFault::kNone, starts_line_, begin_, end};
}

Token Lexer::Fault(LexFault fault, std::uint32_t end) {
  position_ = end;
  return {TokenKind::kInvalid, fault, starts_line_, begin_, end};
}

Token Lexer::Next() {
  starts_line_ = SkipTrivia();
  begin_ = position_;
  if (begin_ >= text_.size()) return Make(TokenKind::kEnd, begin_);
  const char c = text_[begin_];
  if (IsLetter(c)) return LexName();
  if (IsDigit(c) || (c == '.' && IsDigit(At(begin_ + 1)))) return LexNumber();
  if (c == '"' || c == '\'') return LexString(begin_, false, false);
  if (c == '`') return LexQuotedName();
  return LexOperator();
}

// A name, or a string with a prefix: r, b, br in any case.
Token Lexer::LexName() {
  std::uint32_t end = begin_;
  while (IsLetter(At(end)) || IsDigit(At(end))) ++end;
  if (At(end) == '"' || At(end) == '\'') {
    const std::string_view prefix = text_.substr(begin_, end - begin_);
    const bool bytes = prefix[0] == 'b' || prefix[0] == 'B';
    const bool raw = prefix.back() == 'r' || prefix.back() == 'R';
    if ((prefix.size() == 1 && (bytes || raw)) || (prefix.size() == 2 && bytes && raw)) return LexString(end, raw, bytes);
  }
  return Make(TokenKind::kIdent, end);
}

// `a-b/c d`: letters, digits and _ . - / and space between backquotes.
Token Lexer::LexQuotedName() {
  std::uint32_t end = begin_ + 1;
  while (IsLetter(At(end)) || IsDigit(At(end)) || At(end) == '.' || At(end) == '-' || At(end) == '/' || At(end) == ' ') ++end;
  if (At(end) != '`' || end == begin_ + 1) return Fault(LexFault::kUnterminatedName, end);
  return Make(TokenKind::kQuotedIdent, end + 1);
}

// Digits [. digits] [e [sign] digits]; `kind` becomes kDouble when there is more than digits. Returns the end.
std::uint32_t Lexer::LexDecimal(TokenKind& kind) const {
  std::uint32_t end = begin_;
  while (IsDigit(At(end))) ++end;
  if (At(end) == '.' && IsDigit(At(end + 1))) {
    kind = TokenKind::kDouble;
    ++end;
    while (IsDigit(At(end))) ++end;
  }
  const std::uint32_t digits = end + (At(end + 1) == '+' || At(end + 1) == '-' ? 2 : 1);
  if ((At(end) == 'e' || At(end) == 'E') && IsDigit(At(digits))) {
    kind = TokenKind::kDouble;
    end = digits;
    while (IsDigit(At(end))) ++end;
  }
  return end;
}

Token Lexer::LexNumber() {
  std::uint32_t end = begin_;
  TokenKind kind = TokenKind::kInt;
  if (At(end) == '0' && (At(end + 1) == 'x' || At(end + 1) == 'X') && IsHexDigit(At(end + 2))) {
    end += 2;
    while (IsHexDigit(At(end))) ++end;
  } else {
    end = LexDecimal(kind);
  }
  if (kind == TokenKind::kInt && (At(end) == 'u' || At(end) == 'U')) {
    kind = TokenKind::kUint;
    ++end;
  }
  if (!IsLetter(At(end)) && !IsDigit(At(end))) return Make(kind, end);
  while (IsLetter(At(end)) || IsDigit(At(end))) ++end;  // 12abc: one fault, not a number and a name
  return Fault(LexFault::kBadNumber, end);
}

Token Lexer::LexString(std::uint32_t quote_offset, bool raw, bool bytes) {
  const char quote = text_[quote_offset];
  const TokenKind kind = bytes ? TokenKind::kBytes : TokenKind::kString;
  const bool triple = At(quote_offset + 1) == quote && At(quote_offset + 2) == quote;
  std::uint32_t end = quote_offset + (triple ? 3 : 1);
  while (end < text_.size()) {
    const char c = text_[end];
    if (c == quote && (!triple || (At(end + 1) == quote && At(end + 2) == quote))) return Make(kind, end + (triple ? 3 : 1));
    if (!triple && (c == '\n' || c == '\r')) break;
    const bool skips_next = c == '\\' && !raw && end + 1 < text_.size() && (triple || (text_[end + 1] != '\n' && text_[end + 1] != '\r'));
    end += skips_next ? 2 : 1;
  }
  return Fault(LexFault::kUnterminatedString, end);
}

Token Lexer::LexOperator() {
  // Two-character operators come first: the longest match wins.
  static constexpr TokenKind kFirstOperator = TokenKind::kLeftParen;
  static constexpr TokenKind kPairs[] = {TokenKind::kEqualEqual, TokenKind::kNotEqual, TokenKind::kLessOrEqual, TokenKind::kGreaterOrEqual,
                                         TokenKind::kAndAnd,     TokenKind::kOrOr,     TokenKind::kArrow};
  const std::string_view rest = text_.substr(begin_);
  for (const TokenKind kind : kPairs) {
    if (rest.starts_with(TokenKindText(kind))) return Make(kind, begin_ + 2);
  }
  for (auto i = static_cast<std::size_t>(kFirstOperator); i <= static_cast<std::size_t>(TokenKind::kAt); ++i) {
    const std::string_view text = TokenKindText(static_cast<TokenKind>(i));
    if (text.size() == 1 && rest[0] == text[0]) return Make(static_cast<TokenKind>(i), begin_ + 1);
  }
  return Fault(LexFault::kUnexpectedCharacter, begin_ + static_cast<std::uint32_t>(Utf8SequenceLength(text_, begin_)));
}

Token Lexer::RelexPattern(const Token& token) {
  if (token.kind == TokenKind::kString || token.kind == TokenKind::kEnd) return token;
  begin_ = token.begin;
  starts_line_ = token.starts_line;
  std::uint32_t end = begin_;
  while (IsPatternCharacter(At(end))) {
    if (At(end) == '-' && At(end + 1) == '>') break;  // `tool->`: the arrow of a test case
    if (At(end) == '/' && At(end + 1) == '/') return Fault(LexFault::kBadPattern, end + 2);
    ++end;
  }
  if (end == begin_) return token;
  const char first = text_[begin_];
  if (!IsLetter(first) && !IsDigit(first) && first != '*' && first != '/') return token;
  if (text_.substr(begin_, end - begin_).find("***") != std::string_view::npos) return Fault(LexFault::kBadPattern, end);
  return Make(TokenKind::kPattern, end);
}

Token Lexer::RelexDuration(const Token& token) {
  begin_ = token.begin;
  starts_line_ = token.starts_line;
  std::uint32_t end = begin_;
  if (!IsDigit(At(end))) return token;
  while (IsDigit(At(end)) || IsLetter(At(end)) || (At(end) == '.' && IsDigit(At(end + 1)))) ++end;
  return Make(TokenKind::kDuration, end);
}

std::optional<std::uint32_t> FindInvalidUtf8(std::string_view text) {
  for (std::size_t i = 0; i < text.size();) {
    const std::size_t length = Utf8SequenceLength(text, i);
    if (length == 0) return static_cast<std::uint32_t>(i);
    i += length;
  }
  return std::nullopt;
}

LiteralForm FormOfLiteral(std::string_view text, const Token& token) {
  LiteralForm form;
  std::uint32_t quote = token.begin;
  for (; text[quote] != '"' && text[quote] != '\''; ++quote) {
    form.raw |= (text[quote] | 0x20) == 'r';
    form.bytes |= (text[quote] | 0x20) == 'b';
  }
  const std::uint32_t rest = token.end - quote;
  const bool triple = rest >= 6 && text[quote + 1] == text[quote] && text[quote + 2] == text[quote];
  form.content_begin = quote + (triple ? 3 : 1);
  form.content_end = token.end - (triple ? 3 : 1);
  return form;
}

namespace {

// Reads `count` digits of base 8 or 16; nothing when there are fewer before `end`.
std::optional<std::uint32_t> ReadDigits(std::string_view text, std::uint32_t begin, std::uint32_t end, std::uint32_t count,
                                        std::uint32_t base) {
  if (end - begin < count) return std::nullopt;
  std::uint32_t value = 0;
  for (std::uint32_t i = begin; i < begin + count; ++i) {
    if (!IsHexDigit(text[i]) || HexValue(text[i]) >= base) return std::nullopt;
    value = value * base + HexValue(text[i]);
  }
  return value;
}

// One escape sequence: how many bytes of source it takes and the code point (or octet) it stands for.
struct Escape {
  std::uint32_t length = 0;  // 0: not an escape
  std::uint32_t value = 0;
  bool octet = false;  // \x and octal inside bytes
};

Escape SimpleEscape(char c) {
  static constexpr std::string_view kLetters = "abfnrtv\\'\"`?";
  static constexpr std::string_view kValues = "\a\b\f\n\r\t\v\\'\"`?";
  const std::size_t at = kLetters.find(c);
  if (at == std::string_view::npos) return {};
  return {2, static_cast<unsigned char>(kValues[at]), false};
}

// `begin` is the offset of the backslash.
Escape ReadEscape(std::string_view text, std::uint32_t begin, std::uint32_t end, bool bytes) {
  if (begin + 1 >= end) return {};
  const char c = text[begin + 1];
  if (c >= '0' && c <= '3') {
    const auto value = ReadDigits(text, begin + 1, end, 3, 8);
    return value ? Escape{4, *value, bytes} : Escape{};
  }
  if (c == 'x' || c == 'X') {
    const auto value = ReadDigits(text, begin + 2, end, 2, 16);
    return value ? Escape{4, *value, bytes} : Escape{};
  }
  if (c == 'u' || c == 'U') {
    const std::uint32_t count = c == 'u' ? 4 : 8;
    const auto value = ReadDigits(text, begin + 2, end, count, 16);
    if (!value || bytes || *value > 0x10FFFF || (*value >= 0xD800 && *value <= 0xDFFF)) return {};
    return {2 + count, *value, false};
  }
  return SimpleEscape(c);
}

}  // namespace

DecodedLiteral DecodeContent(std::string_view text, std::uint32_t begin, std::uint32_t end, const LiteralForm& form, Arena& arena) {
  const std::string_view content = text.substr(begin, end - begin);
  const bool plain = content.find('\r') == std::string_view::npos && (form.raw || content.find('\\') == std::string_view::npos);
  if (plain) return {content};
  std::string decoded;
  decoded.reserve(content.size());
  for (std::uint32_t i = begin; i < end;) {
    if (text[i] == '\r') {  // CR LF and CR alone are line ends
      if (i + 1 >= end || text[i + 1] != '\n') decoded.push_back('\n');
      ++i;
    } else if (text[i] == '\\' && !form.raw) {
      const Escape escape = ReadEscape(text, i, end, form.bytes);
      if (escape.length == 0) return {{}, i, i + 1 < end ? i + 1 + static_cast<std::uint32_t>(Utf8SequenceLength(text, i + 1)) : end};
      if (escape.octet) {
        decoded.push_back(static_cast<char>(escape.value));
      } else {
        AppendCodePoint(escape.value, decoded);
      }
      i += escape.length;
    } else {
      decoded.push_back(text[i++]);
    }
  }
  return {arena.CopyString(decoded)};
}

bool IsIdentifier(std::string_view text) {
  if (text.empty() || !IsLetter(text[0])) return false;
  return std::all_of(text.begin(), text.end(), [](char c) { return IsLetter(c) || IsDigit(c); });
}

bool IsCelKeyword(std::string_view text) { return text == "true" || text == "false" || text == "null" || text == "in"; }

bool IsReservedWord(std::string_view text) {
  static constexpr std::array<std::string_view, 17> kWords = {"as",        "break",  "const",  "continue", "else", "for",
                                                              "function",  "if",     "import", "let",      "loop", "package",
                                                              "namespace", "return", "var",    "void",     "while"};
  return std::find(kWords.begin(), kWords.end(), text) != kWords.end();
}

}  // namespace writ::dsl
