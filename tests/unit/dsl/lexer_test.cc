#include "dsl/lex/lexer.h"

#include <gtest/gtest.h>

#include <string>

namespace writ::dsl {
namespace {

std::string KindName(TokenKind kind) {
  static constexpr const char* kNames[] = {
#define WRIT_NAME(name, text) #name,
      WRIT_TOKENS(WRIT_NAME)
#undef WRIT_NAME
  };
  return kNames[static_cast<std::size_t>(kind)];
}

// The tokens as "Kind:text Kind:text"; a line start is shown as "|".
std::string Tokens(std::string_view text) {
  Lexer lexer(text);
  std::string out;
  for (Token token = lexer.Next(); token.kind != TokenKind::kEnd; token = lexer.Next()) {
    if (!out.empty()) out += " ";
    if (token.starts_line) out += "|";
    out += KindName(token.kind) + ":" + std::string(lexer.Text(token));
  }
  return out;
}

struct Case {
  const char* name;
  std::string text;
  std::string expected;
};

TEST(Lexer, Tokens) {
  const Case cases[] = {
      {"empty", "", ""},
      {"names", "a _b C9", "|Ident:a Ident:_b Ident:C9"},
      {"numbers", "1 0x1F 0x1Fu 7u .5 1e5 1.5E-3", "|Int:1 Int:0x1F Uint:0x1Fu Uint:7u Double:.5 Double:1e5 Double:1.5E-3"},
      {"point without digits", "1.a", "|Int:1 Dot:. Ident:a"},
      {"point at the end", "1.", "|Int:1 Dot:."},
      {"minus is a token", "-9223372036854775808", "|Minus:- Int:9223372036854775808"},
      {"number runs into a name", "12ab", "|Invalid:12ab"},
      {"no exponent digits", "1e+", "|Invalid:1e Plus:+"},
      {"strings", R"('a' "b\"c" r"\" b'x' bR'\')", R"(|String:'a' String:"b\"c" String:r"\" Bytes:b'x' Bytes:bR'\')"},
      {"rb is no prefix", "rb'x'", "|Ident:rb String:'x'"},
      {"triple strings", "'''a'b\n''c''' \"\"\"\"x\"\"\"", "|String:'''a'b\n''c''' String:\"\"\"\"x\"\"\""},
      {"a string ends with its line", "'abc\nx", "|Invalid:'abc |Ident:x"},
      {"a backslash does not continue it", "'abc\\\nx", "|Invalid:'abc\\ |Ident:x"},
      {"unclosed triple string", "'''abc\n", "|Invalid:'''abc\n"},
      {"quoted names", "m.`a-b/c d`", "|Ident:m Dot:. QuotedIdent:`a-b/c d`"},
      {"bad quoted name", "`a$`", "|Invalid:`a Invalid:$ Invalid:`"},
      {"operators", "== != <= >= && || -> = < > ! ? : @ % a-b",
       "|EqualEqual:== NotEqual:!= LessOrEqual:<= GreaterOrEqual:>= AndAnd:&& OrOr:|| Arrow:-> Assign:= Less:< Greater:> Not:! Question:? "
       "Colon:: At:@ Percent:% Ident:a Minus:- Ident:b"},
      {"single & and |", "a & b", "|Ident:a Invalid:& Ident:b"},
      {"other characters", "é€😀", "|Invalid:é Invalid:€ Invalid:😀"},
      {"NUL", std::string("a\0b", 3), std::string("|Ident:a Invalid:") + '\0' + " Ident:b"},
      {"comments and line ends", "a // b \"c\r\n  d\f\te", "|Ident:a |Ident:d Ident:e"},
      {"byte order mark",
       "\xEF\xBB\xBF"
       "a",
       "|Ident:a"},
      {"byte order mark inside", "a \xEF\xBB\xBF", "|Ident:a Invalid:\xEF\xBB\xBF"},
  };
  for (const Case& test : cases) {
    SCOPED_TRACE(test.name);
    EXPECT_EQ(Tokens(test.text), test.expected);
  }
}

TEST(Lexer, Patterns) {
  const Case cases[] = {
      {"star", "delete_* x", "Pattern:delete_*"},
      {"dash", "get-issue", "Pattern:get-issue"},
      {"slash", "fs/read,", "Pattern:fs/read"},
      {"double star", "**", "Pattern:**"},
      {"digits first", "2fa-login", "Pattern:2fa-login"},
      {"kind and group", "MCPServer.toolhive.stacklok.dev/status {", "Pattern:MCPServer.toolhive.stacklok.dev/status"},
      {"arrow ends it", "search-> x", "Pattern:search"},
      {"quoted stays", "'a b'", "String:'a b'"},
      {"comment", "file:///x", "Invalid:file://"},
      {"three stars", "a***", "Invalid:a***"},
      {"nothing", "{", "LeftBrace:{"},
      {"dash first", "-x", "Minus:-"},
  };
  for (const Case& test : cases) {
    SCOPED_TRACE(test.name);
    Lexer lexer(test.text);
    const Token token = lexer.RelexPattern(lexer.Next());
    EXPECT_EQ(KindName(token.kind) + ":" + std::string(lexer.Text(token)), test.expected);
  }
}

TEST(Lexer, Durations) {
  Lexer lexer("1h30m by");
  const Token token = lexer.RelexDuration(lexer.Next());
  EXPECT_EQ(KindName(token.kind) + ":" + std::string(lexer.Text(token)), "Duration:1h30m");
  EXPECT_EQ(lexer.Text(lexer.Next()), "by");
}

std::string Decoded(const std::string& text) {
  Arena arena;
  Lexer lexer(text);
  const Token token = lexer.Next();
  if (token.kind != TokenKind::kString && token.kind != TokenKind::kBytes) return "<" + KindName(token.kind) + ">";
  const LiteralForm form = FormOfLiteral(text, token);
  const DecodedLiteral decoded = DecodeContent(text, form.content_begin, form.content_end, form, arena);
  if (!decoded.ok()) return "<fault " + text.substr(decoded.fault_begin, decoded.fault_end - decoded.fault_begin) + ">";
  return std::string(decoded.value);
}

TEST(Lexer, DecodesLiterals) {
  const Case cases[] = {
      {"plain", "'abc'", "abc"},
      {"empty", "''", ""},
      {"empty triple", "''''''", ""},
      {"simple escapes", R"('\a\b\f\n\r\t\v\\\'\"\`\?')", "\a\b\f\n\r\t\v\\'\"`?"},
      {"hex in a string is a code point", R"('\xff\X41')",
       "\xC3\xBF"
       "A"},
      {"hex in bytes is an octet", R"(b'\xff\377')", "\xFF\xFF"},
      {"octal", R"('\101')", "A"},
      {"unicode", R"('\u00e9\U0001F600')", "é😀"},
      {"raw", R"(r'\n\\')", R"(\n\\)"},
      {"line ends", "'''a\r\nb\rc'''", "a\nb\nc"},
      {"text that is not ASCII", "b'é'", "é"},
      {"unknown escape", R"('a\qb')", R"(<fault \q>)"},
      {"escape of a wide character", R"('\é')", R"(<fault \é>)"},
      {"surrogate", R"('\ud800')", R"(<fault \u>)"},
      {"beyond Unicode", R"('\U00110000')", R"(<fault \U>)"},
      {"octal too large", R"('\400')", R"(<fault \4>)"},
      {"octal too short", R"('\12')", R"(<fault \1>)"},
      {"hex too short", R"('\x1')", R"(<fault \x>)"},
      {"unicode in bytes", R"(b'\u0041')", R"(<fault \u>)"},
  };
  for (const Case& test : cases) {
    SCOPED_TRACE(test.name);
    EXPECT_EQ(Decoded(test.text), test.expected);
  }
}

TEST(Lexer, FindsInvalidUtf8) {
  const struct {
    std::string text;
    int offset;  // -1: valid
  } cases[] = {{"abc é€😀", -1},         {"a\xFF", 1},  {"\xC0\x80", 0}, {"\xE0\x80\x80", 0}, {"\xED\xA0\x80", 0}, {"\xF4\x90\x80\x80", 0},
               {"\xF0\x8F\xBF\xBF", 0}, {"ab\xC3", 2}, {"\xE2\x82", 0}, {"\x80", 0},         {"\xC3(", 0},        {"\xF5\x80\x80\x80", 0}};
  for (const auto& test : cases)
    EXPECT_EQ(FindInvalidUtf8(test.text).has_value() ? static_cast<int>(*FindInvalidUtf8(test.text)) : -1, test.offset);
}

}  // namespace
}  // namespace writ::dsl
