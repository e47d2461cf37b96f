// The lexer: hand-written, on demand, zero-copy. CEL's tokens plus Writ's `->`, `=` and `@`. Two kinds of token exist only where the
// parser asks for them (RelexPattern, RelexDuration), because `get-issue` is a subtraction everywhere else.
// Source: cel-spec langdef.md, "Syntax".
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "dsl/lex/token_list.h"
#include "rules/base/arena.h"

namespace writ::dsl {

enum class TokenKind : std::uint8_t {
#define WRIT_ENUM(name, text) k##name,
  WRIT_TOKENS(WRIT_ENUM)
#undef WRIT_ENUM
};

// Returns the token's text for operators ("&&"), what it is for the others ("string").
std::string_view TokenKindText(TokenKind kind);

// Why a token is kInvalid. Reported by the parser when it comes to the token, so that relexing it costs no false alarm.
enum class LexFault : std::uint8_t { kNone, kUnexpectedCharacter, kUnterminatedString, kUnterminatedName, kBadNumber, kBadPattern };

// Half-open range [begin, end) of the text.
struct Token {
  TokenKind kind = TokenKind::kEnd;
  LexFault fault = LexFault::kNone;
  bool starts_line = false;  // only white space and comments stand before it on its line
  std::uint32_t begin = 0;
  std::uint32_t end = 0;
};

// Reads tokens of text[begin, end). The text must be valid UTF-8 (CheckUtf8) and outlive the lexer. Copying a lexer is looking ahead.
class Lexer {
 public:
  explicit Lexer(std::string_view text, std::uint32_t begin = 0) : text_(text), position_(begin) {}

  // Returns the next token; kEnd for ever after the last. Amortised linear in the text.
  Token Next();
  // Reads again from the start of `token`, as a name pattern: letters, digits and _ - . / : *. Strings stay strings.
  Token RelexPattern(const Token& token);
  // Reads again from the start of `token`, as a duration: "1h30m".
  Token RelexDuration(const Token& token);

  std::string_view Text(const Token& token) const { return text_.substr(token.begin, token.end - token.begin); }

 private:
  char At(std::uint32_t offset) const { return offset < text_.size() ? text_[offset] : '\0'; }
  bool SkipTrivia();
  Token Make(TokenKind kind, std::uint32_t end);
  Token Fault(LexFault fault, std::uint32_t end);
  Token LexName();
  Token LexQuotedName();
  std::uint32_t LexDecimal(TokenKind& kind) const;
  Token LexNumber();
  Token LexString(std::uint32_t quote_offset, bool raw, bool bytes);
  Token LexOperator();

  std::string_view text_;
  std::uint32_t position_ = 0;
  std::uint32_t begin_ = 0;  // of the token being read
  bool starts_line_ = false;
};

// Returns the offset of the first byte that is not valid UTF-8 (overlong forms and surrogates included), or nothing.
std::optional<std::uint32_t> FindInvalidUtf8(std::string_view text);

// A string or bytes token, decoded. `fault_begin < fault_end`: the offsets of an escape that is none; `value` is then empty.
struct DecodedLiteral {
  std::string_view value;  // in the text itself when nothing had to be decoded, else in the arena
  std::uint32_t fault_begin = 0;
  std::uint32_t fault_end = 0;
  bool ok() const { return fault_begin == fault_end; }
};

// The parts of a string token: where its content lies and how it is written.
struct LiteralForm {
  std::uint32_t content_begin = 0;
  std::uint32_t content_end = 0;
  bool raw = false;
  bool bytes = false;
};
// Requires: a kString or kBytes token of `text`.
LiteralForm FormOfLiteral(std::string_view text, const Token& token);

// Decodes text[begin, end), a part of a literal's content. Line ends become "\n".
DecodedLiteral DecodeContent(std::string_view text, std::uint32_t begin, std::uint32_t end, const LiteralForm& form, Arena& arena);

// Appends the UTF-8 form of a code point. Requires: a Unicode scalar value.
void AppendUtf8(std::uint32_t code_point, std::string& out);

bool IsIdentifier(std::string_view text);    // [_a-zA-Z][_a-zA-Z0-9]*
bool IsCelKeyword(std::string_view text);    // true false null in: never names
bool IsReservedWord(std::string_view text);  // reserved for variables and functions, allowed for members

}  // namespace writ::dsl
