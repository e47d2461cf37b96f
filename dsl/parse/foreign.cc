// What is said about text that is right in another language: the help for tokens that do not fit, and the reading of what is plainly
// meant, so that one foreign word is one report. The words themselves are data: dsl/diagnostics/foreign_words.cc.
#include <algorithm>
#include <utility>

#include "dsl/parse/parser_impl.h"

namespace writ::dsl {
namespace {

bool IsNameByte(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_'; }

}  // namespace

// What to write instead of the current token, or "".
std::string Parser::HelpForToken(std::string_view expected) const {
  const Token next = Peek();
  switch (current_.kind) {
    case TokenKind::kMinus: {
      const std::string name = DashedName();
      return name.empty() ? name : "names are made of letters, digits and `_`: write `" + name + "`";
    }
    case TokenKind::kColon: return HelpForColon(next, expected);
    case TokenKind::kArrow: return expected == "`)`" ? std::string(kMacroComma) : "";
    case TokenKind::kAssign:
      if (next.kind == TokenKind::kGreater && IsGlued(next)) return std::string(expected == "`)`" ? kMacroComma : "write `->`");
      return HelpForOperator();
    case TokenKind::kNot: return HelpForOperator();
    case TokenKind::kQuestion: return IsGlued(next) && next.kind == TokenKind::kQuestion ? "write `x.?member.orValue(…)`" : "";
    case TokenKind::kEqualEqual:
    case TokenKind::kNotEqual: return text_.substr(0, last_end_).ends_with('?') ? "write `x.?member` for a member that may be missing" : "";
    case TokenKind::kComma:
      if (expected == "`)`" || expected == "`:`") return "a list stands in brackets: [a, b]";
      return "";
    case TokenKind::kQuotedIdent:
      return expected == "an expression"
                 ? "a string stands in quotes: \"" + std::string(Text(current_).substr(1, Text(current_).size() - 2)) + "\""
                 : "";
    case TokenKind::kIdent: {
      const ForeignWord* word = current_.starts_line ? nullptr : TryForeign(ForeignPlace::kOperator);
      return word == nullptr ? "" : ForeignHelp(*word);
    }
    default: return "";
  }
}

// `=~`, `!~`: the `~` is no token.
std::string Parser::HelpForOperator() const {
  return text_.substr(current_.end).starts_with('~') ? "write `x.matches(\"…\")`, a regular expression" : "";
}

std::string Parser::HelpForColon(const Token& next, std::string_view expected) const {
  if (IsGlued(next) && next.kind == TokenKind::kColon)
    return "there are no entities: a group is a string, as in `\"admins\" in principal.groups`";
  if (IsGlued(next) && next.kind == TokenKind::kAssign)
    return "write `==` to compare; a value gets its name by let NAME = … outside of policies";
  static constexpr std::string_view kStructure[] = {"`=`", "`{`", "`for`", "a column"};
  if (std::find(std::begin(kStructure), std::end(kStructure), expected) != std::end(kStructure)) return "";
  return expected.starts_with("`") && expected != "`)`" && expected != "`->`" ? "" : "no `:` stands here";
}

// "acme_fleet" where a `-` stands inside of acme-fleet, else "".
std::string Parser::DashedName() const {
  const auto is_part = [this](std::size_t i) { return i < text_.size() && (IsNameByte(text_[i]) || text_[i] == '-'); };
  std::size_t begin = current_.begin;
  while (begin > 0 && is_part(begin - 1)) --begin;
  std::size_t end = current_.end;
  while (is_part(end)) ++end;
  if (begin == current_.begin || end == current_.end || last_end_ != current_.begin) return {};
  std::string name(text_.substr(begin, end - begin));
  std::replace(name.begin(), name.end(), '-', '_');
  return name;
}

// A word such as `if` that stands for a clause, and something behind it that no name can have behind it.
bool Parser::AtForeignClause() const {
  const ForeignWord* word = TryForeign(ForeignPlace::kClause);
  if (word == nullptr || word->meant.empty()) return false;
  const Token next = Peek();
  switch (next.kind) {
    case TokenKind::kIdent: {
      const std::string_view text = lexer_.Text(next);
      static constexpr std::string_view kWords[] = {"allow", "deny", "require", "warn",    "note",  "limit", "redact",
                                                    "mask",  "when", "unless",  "because", "needs", "to"};
      return !next.starts_line && std::find(std::begin(kWords), std::end(kWords), text) == std::end(kWords);
    }
    case TokenKind::kString:
    case TokenKind::kInt:
    case TokenKind::kNot:
    case TokenKind::kLeftParen:
    case TokenKind::kLeftBracket:
    case TokenKind::kLeftBrace: return !next.starts_line;
    default: return false;
  }
}

// At `|`: whether only a name stands between it and the `(` before it, as in Rust's and Rego's `(x | …)`.
bool Parser::AtMacroBar() const {
  std::size_t at = last_end_;
  while (at > 0 && IsNameByte(text_[at - 1])) --at;
  return at > 0 && at < last_end_ && text_[at - 1] == '(';
}

bool Parser::AtFatArrow() const {
  if (!At(TokenKind::kAssign) && !At(TokenKind::kEqualEqual)) return false;
  const Token next = Peek();
  return next.kind == TokenKind::kGreater && IsGlued(next);
}

// `->`, or what stands for it elsewhere.
bool Parser::AtArrow() const {
  const bool is_sign = At(TokenKind::kInvalid) && (Text(current_) == "→" || Text(current_) == "⇒");
  return At(TokenKind::kArrow) || At(TokenKind::kColon) || AtFatArrow() || is_sign;
}

// `->`; `=>`, `→` and `:` are reported and read as if they were.
bool Parser::ExpectArrow(int layout) {
  if (TryTake(TokenKind::kArrow, layout)) return true;
  if (!AtArrow()) return Fail("`->`");
  SourceSpan span = SpanOf(current_);
  if (AtFatArrow()) span.end = Peek().end;
  ReportInstead(span, "->");
  while (current_.begin < span.end && !At(TokenKind::kEnd)) {
    last_end_ = current_.end;
    current_ = lexer_.Next();
  }
  return true;
}

// `args?.sql`, as other languages write `args.?sql`: a `?` between a value and `.name`, and no `:` that would make it a choice.
bool Parser::AtOptionalChain() const {
  if (!At(TokenKind::kQuestion) || current_.begin != last_end_) return false;
  Lexer ahead = lexer_;
  const Token dot = ahead.Next();
  if (dot.kind != TokenKind::kDot || !IsGlued(dot)) return false;
  const Token name = ahead.Next();
  if (name.kind != TokenKind::kIdent || name.begin != dot.end) return false;
  int brackets = 0;
  int choices = 1;
  for (Token token = ahead.Next(); token.kind != TokenKind::kEnd && brackets >= 0 && choices > 0; token = ahead.Next()) {
    const bool opens = token.kind == TokenKind::kLeftParen || token.kind == TokenKind::kLeftBracket || token.kind == TokenKind::kLeftBrace;
    const bool closes =
        token.kind == TokenKind::kRightParen || token.kind == TokenKind::kRightBracket || token.kind == TokenKind::kRightBrace;
    brackets += opens ? 1 : closes ? -1 : 0;
    if (token.starts_line && token.kind == TokenKind::kIdent) break;
    if (brackets == 0 && token.kind == TokenKind::kQuestion && text_[token.begin + 1] != '.') ++choices;
    if (brackets == 0 && token.kind == TokenKind::kColon) --choices;
  }
  return choices > 0;
}

// The message string that an expression of strings, values and `+` means: tool.name + " no" is "{tool.name} no".
std::string Parser::HelpForMessage(ExprId text) const {
  std::string fallback = "values stand in a message's text in braces: because \"{tool.name} is not allowed\"";
  if (!text.valid()) return fallback;
  std::string message;
  std::vector<ExprId> pending = {text};
  while (!pending.empty()) {
    const Expr& e = tree_.expr(pending.back());
    const ExprId id = pending.back();
    pending.pop_back();
    if (e.kind == ExprKind::kBinary && e.text == "_+_") {
      pending.push_back(e.args[1]);
      pending.push_back(e.args[0]);
    } else if (e.kind == ExprKind::kLiteral && e.value.is(Kind::kString)) {
      message += e.value.string();
    } else {
      message += "{" + ExprText(tree_, id) + "}";
    }
  }
  constexpr std::size_t kMaxShownBytes = 120;
  if (message.find_first_of("\"\\\n") != std::string::npos || message.size() > kMaxShownBytes) return fallback;
  return "values stand in a message's text in braces: \"" + message + "\"";
}

// What stands behind a string that ended too early is not read at all.
void Parser::SkipRestOfLine() {
  while (!current_.starts_line && !At(TokenKind::kEnd)) {
    last_end_ = current_.end;
    current_ = lexer_.Next();
  }
}

// `let` or `fn` inside of a policy, not behind one whose `}` is missing.
bool Parser::AtNestedDeclaration(std::uint32_t policy_begin) const {
  if ((!AtWord("let") && !AtWord("fn")) || !AtDeclarationStart()) return false;
  return !current_.starts_line || IndentationOf(current_.begin) > IndentationOf(policy_begin);
}

// Reported, and read as if it stood outside.
bool Parser::ParseNestedDeclaration() {
  const std::optional<SourceSpan> block = std::exchange(block_, std::nullopt);  // nothing says that its `}` is missing
  FailAtWord("a rule", {}, {ForeignPlace::kRule});
  block_ = block;
  return AtWord("let") ? ParseLet() : ParseFn();
}

}  // namespace writ::dsl
