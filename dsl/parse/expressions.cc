// CEL expressions. Source: cel-spec langdef.md and CEL.g4 for the grammar, cel-go parser/macro.go for what counts as a macro call.
// Recursion: every cycle of these functions passes ParseExpr, which enforces max_expression_depth; chains (`a.b.c`, `a + b + c`,
// `a ? b : c ? d : e`) are loops whose length Add enforces.
#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdlib>

#include "dsl/parse/parser_impl.h"

namespace writ::dsl {
namespace {

struct BinaryOperator {
  TokenKind kind;
  int precedence;
  std::string_view function;  // name in function_list.h
};

constexpr BinaryOperator kOperators[] = {
    {TokenKind::kEqualEqual, 1, "_==_"},  {TokenKind::kNotEqual, 1, "_!=_"}, {TokenKind::kLess, 1, "_<_"},
    {TokenKind::kLessOrEqual, 1, "_<=_"}, {TokenKind::kGreater, 1, "_>_"},   {TokenKind::kGreaterOrEqual, 1, "_>=_"},
    {TokenKind::kPlus, 2, "_+_"},         {TokenKind::kMinus, 2, "_-_"},     {TokenKind::kStar, 3, "_*_"},
    {TokenKind::kSlash, 3, "_/_"},        {TokenKind::kPercent, 3, "_%_"}};
constexpr BinaryOperator kInOperator = {TokenKind::kIdent, 1, "@in"};
constexpr int kRelation = 1;
constexpr int kHighestPrecedence = 3;

struct MacroInfo {
  std::string_view name;
  std::size_t argument_count;  // besides the receiver
  Macro macro;
};

constexpr MacroInfo kMacros[] = {{"all", 2, Macro::kAll},
                                 {"exists", 2, Macro::kExists},
                                 {"exists_one", 2, Macro::kExistsOne},
                                 {"existsOne", 2, Macro::kExistsOne},
                                 {"map", 2, Macro::kMap},
                                 {"map", 3, Macro::kMap},
                                 {"filter", 2, Macro::kFilter},
                                 {"optMap", 2, Macro::kOptMap},
                                 {"optFlatMap", 2, Macro::kOptFlatMap}};

const MacroInfo* TryFindMacro(std::string_view name, std::size_t argument_count) {
  for (const MacroInfo& info : kMacros) {
    if (info.name == name && info.argument_count == argument_count) return &info;
  }
  return nullptr;
}

}  // namespace

bool Parser::IsTooDeep() {
  if (depth_ <= limits_.max_expression_depth) return false;
  Report(DiagnosticKind::kExpressionTooDeep, SpanOf(current_), {std::to_string(limits_.max_expression_depth)});
  return true;
}

// Adds a node whose arguments are valid. Fails when the tree gets too deep or too large. A node that goes on with a chain is no
// deeper nested than the chain, but one level higher.
ExprId Parser::Add(Expr expr) {
  const std::size_t chain = ChainOperand(expr);
  Depth depth;
  for (std::size_t i = 0; i < expr.args.size(); ++i) {
    const Depth below = depths_[expr.args[i].index];
    depth.nesting = std::max(depth.nesting, below.nesting + (i == chain ? 0 : 1));
    depth.levels = std::max(depth.levels, below.levels + 1);
  }
  if (depth.nesting > limits_.max_expression_depth) {
    Report(DiagnosticKind::kExpressionTooDeep, expr.span, {std::to_string(limits_.max_expression_depth)});
    return {};
  }
  if (depth.levels > limits_.max_chain_length) {
    Report(DiagnosticKind::kChainTooLong, expr.name_span, {std::to_string(limits_.max_chain_length)});
    return {};
  }
  if (tree_.exprs.size() >= limits_.max_expression_nodes) {
    Report(DiagnosticKind::kExpressionTooLarge, expr.span, {std::to_string(limits_.max_expression_nodes)});
    Stop();
    return {};
  }
  tree_.exprs.push_back(std::move(expr));
  depths_.push_back(depth);
  return ExprId(tree_.exprs.size() - 1);
}

ExprId Parser::AddLiteral(Value value, SourceSpan span) {
  Expr expr;
  expr.kind = ExprKind::kLiteral;
  expr.span = expr.name_span = span;
  expr.value = value;
  return Add(std::move(expr));
}

// { ConditionalOr "?" ConditionalOr ":" } ConditionalOr: the arms from the first to the last, built from the last to the first.
ExprId Parser::ParseExpr() {  // NOLINT(misc-no-recursion): depth <= max_expression_depth
  struct Arm {
    ExprId condition, then;
    SourceSpan question;
  };
  const Nesting nesting(*this);
  if (IsTooDeep()) return {};
  std::vector<Arm> arms;
  ExprId result = ParseOr();
  while (result.valid() && At(TokenKind::kQuestion)) {
    const Token next = Peek();
    if (next.kind == TokenKind::kQuestion && IsGlued(next)) return FailAtToken("an operator"), ExprId{};
    Arm arm{result, {}, SpanOf(Take())};
    arm.then = ParseOr();
    if (!arm.then.valid() || !Expect(TokenKind::kColon)) return {};
    arms.push_back(arm);
    result = ParseOr();
  }
  for (auto arm = arms.rbegin(); arm != arms.rend() && result.valid(); ++arm) {
    Expr expr;
    expr.kind = ExprKind::kConditional;
    expr.span = SpanFrom(SpanOfExpr(arm->condition).begin);
    expr.name_span = arm->question;
    expr.text = "_?_:_";
    expr.args = {arm->condition, arm->then, result};
    result = Add(std::move(expr));
  }
  return result;
}

// `&&`, `||`; the words that stand for them elsewhere are reported and read as if they were.
bool Parser::TakeLogical(TokenKind kind, std::string_view word) {
  if (TryTake(kind)) return true;
  if (!AtWord(word)) return false;
  ReportInstead(SpanOf(current_), TokenKindText(kind));
  Take();
  return true;
}

void Parser::ReportInstead(SourceSpan span, std::string_view meant, std::string_view help) {
  const std::string_view found = text_.substr(span.begin, span.end - span.begin);
  const std::string written = "`" + std::string(meant) + "`";
  Diagnostic* diagnostic = Report(DiagnosticKind::kUnexpectedToken, span, {"`" + std::string(found) + "`", written});
  if (diagnostic != nullptr) diagnostic->help = help.empty() ? "write " + written : std::string(help);
}

ExprId Parser::ParseOr() {  // NOLINT(misc-no-recursion): see ParseExpr
  const ExprId first = ParseAnd();
  if (!first.valid() || (!At(TokenKind::kOrOr) && !AtWord("or"))) return first;
  Expr expr;
  expr.kind = ExprKind::kOr;
  expr.name_span = SpanOf(current_);
  expr.text = "_||_";
  expr.args = {first};
  while (TakeLogical(TokenKind::kOrOr, "or")) {
    const ExprId next = ParseAnd();
    if (!next.valid()) return {};
    expr.args.push_back(next);
  }
  expr.span = SpanFrom(SpanOfExpr(first).begin);
  return Add(std::move(expr));
}

ExprId Parser::ParseAnd() {  // NOLINT(misc-no-recursion): see ParseExpr
  const ExprId first = ParseBinary(1);
  if (!first.valid() || (!At(TokenKind::kAndAnd) && !AtWord("and"))) return first;
  Expr expr;
  expr.kind = ExprKind::kAnd;
  expr.name_span = SpanOf(current_);
  expr.text = "_&&_";
  expr.args = {first};
  while (TakeLogical(TokenKind::kAndAnd, "and")) {
    const ExprId next = ParseBinary(1);
    if (!next.valid()) return {};
    expr.args.push_back(next);
  }
  expr.span = SpanFrom(SpanOfExpr(first).begin);
  return Add(std::move(expr));
}

// Takes an operator of this precedence: its place and the name of its function, or "". `=`, `===` and `!==` are reported and read
// as what they mean.
std::string_view Parser::TakeBinaryOperator(int precedence, SourceSpan& span) {
  const BinaryOperator* found = AtWord("in") ? &kInOperator : nullptr;
  for (const BinaryOperator& candidate : kOperators) {
    if (At(candidate.kind)) found = &candidate;
  }
  if (precedence == kRelation && At(TokenKind::kAssign) && !AtFatArrow() && HelpForOperator().empty()) {
    span = SpanOf(current_);
    ReportInstead(span, "==");
    Take();
    return "_==_";
  }
  if (found == nullptr || found->precedence != precedence) return {};
  const Token token = Take();
  span = SpanOf(token);
  const bool is_equality = token.kind == TokenKind::kEqualEqual || token.kind == TokenKind::kNotEqual;
  if (is_equality && At(TokenKind::kAssign) && current_.begin == token.end) {
    span.end = current_.end;
    ReportInstead(span, TokenKindText(token.kind));
    Take();
  }
  return found->function;
}

// Relations, sums and products: left-associative levels 1, 2, 3.
ExprId Parser::ParseBinary(int min_precedence) {  // NOLINT(misc-no-recursion): at most three levels, then see ParseExpr
  if (min_precedence > kHighestPrecedence) return ParseUnary();
  ExprId left = ParseBinary(min_precedence + 1);
  while (left.valid()) {
    Expr expr;
    expr.kind = ExprKind::kBinary;
    expr.text = TakeBinaryOperator(min_precedence, expr.name_span);
    if (expr.text.empty() && min_precedence == kRelation && AtNotIn()) {
      left = ParseNotIn(left);
      continue;
    }
    if (expr.text.empty()) break;
    const ExprId right = ParseBinary(min_precedence + 1);
    if (!right.valid()) return {};
    expr.span = SpanFrom(SpanOfExpr(left).begin);
    expr.args = {left, right};
    left = Add(std::move(expr));
  }
  return left;
}

bool Parser::AtNotIn() const {
  if (!AtWord("not")) return false;
  Lexer ahead = lexer_;
  return ahead.Text(ahead.Next()) == "in";
}

// `"a" not in x`: reported with what it means, and read so.
ExprId Parser::ParseNotIn(ExprId left) {  // NOLINT(misc-no-recursion): see ParseBinary
  Expr inside;
  inside.kind = ExprKind::kBinary;
  inside.text = kInOperator.function;
  inside.name_span = SpanOf(Take());
  inside.name_span.end = Take().end;
  const ExprId right = ParseBinary(kRelation + 1);
  if (!right.valid()) return {};
  const std::string meant = "!(" + ExprText(tree_, left) + " in " + ExprText(tree_, right) + ")";
  ReportInstead(inside.name_span, "in", "write `" + meant + "`");
  inside.span = SpanFrom(SpanOfExpr(left).begin);
  inside.args = {left, right};
  Expr outside;
  outside.kind = ExprKind::kUnary;
  outside.text = "!_";
  outside.span = inside.span;
  outside.name_span = inside.name_span;
  const ExprId operand = Add(std::move(inside));
  if (!operand.valid()) return {};
  outside.args = {operand};
  return Add(std::move(outside));
}

// `not x`: no name, because an operand follows it on its line.
bool Parser::AtWrittenNot() const {
  static constexpr std::string_view kWords[] = {"in", "and", "or", "when", "unless", "because", "needs", "signed", "as", "by", "per"};
  if (!AtWord("not")) return false;
  Lexer ahead = lexer_;
  const Token next = ahead.Next();
  if (next.starts_line) return false;
  if (next.kind == TokenKind::kString || next.kind == TokenKind::kInt || next.kind == TokenKind::kNot) return true;
  return next.kind == TokenKind::kIdent && std::find(std::begin(kWords), std::end(kWords), ahead.Text(next)) == std::end(kWords);
}

// A run of one kind of prefix operator. `-` before digits belongs to the literal.
ExprId Parser::ParseUnary() {  // NOLINT(misc-no-recursion): see ParseExpr
  while (AtWrittenNot()) {
    ReportInstead(SpanOf(current_), "!");
    Take();
  }
  const TokenKind kind = current_.kind;
  std::vector<Token> operators;
  while ((kind == TokenKind::kNot || kind == TokenKind::kMinus) && At(kind)) {
    const TokenKind next = Peek().kind;
    if (kind == TokenKind::kMinus && (next == TokenKind::kInt || next == TokenKind::kDouble)) break;
    operators.push_back(Take(kGlueAfter));
  }
  ExprId operand = ParseMember();
  for (auto it = operators.rbegin(); it != operators.rend() && operand.valid(); ++it) {
    Expr expr;
    expr.kind = ExprKind::kUnary;
    expr.span = SpanFrom(it->begin);
    expr.name_span = SpanOf(*it);
    expr.text = kind == TokenKind::kNot ? "!_" : "-_";
    expr.args = {operand};
    operand = Add(std::move(expr));
  }
  return operand;
}

// Primary { "." name [ "(" args ")" ] | ".?" name | "[" index "]" | "{" fields "}" }
ExprId Parser::ParseMember() {                                      // NOLINT(misc-no-recursion): see ParseExpr
  bool may_be_name = At(TokenKind::kIdent) || At(TokenKind::kDot);  // a dotted name before `{` is a message's type
  ExprId result = ParsePrimary();
  while (result.valid()) {
    if (At(TokenKind::kDot) || AtOptionalChain()) {
      result = ParseSelection(result);
    } else if (At(TokenKind::kLeftBracket)) {
      result = ParseIndex(result);
    } else if (At(TokenKind::kLeftBrace) && may_be_name) {
      bool rooted = false;
      const std::optional<std::string_view> name = TryStructName(result, rooted);
      if (!name) break;
      result = ParseStruct(result, *name, rooted);
      may_be_name = false;
    } else {
      break;
    }
  }
  return result;
}

// `.name`, `.?name`, `.`quoted name``, `.name(args)`.
ExprId Parser::ParseSelection(ExprId operand) {  // NOLINT(misc-no-recursion): see ParseExpr
  const bool turned = At(TokenKind::kQuestion);  // `?.`
  if (turned) {
    ReportInstead({file_, current_.begin, Peek().end}, ".?");
    Take();
  }
  Take(kGlueBefore | kGlueAfter);
  const bool optional = TryTake(TokenKind::kQuestion, kGlueBefore | kGlueAfter) || turned;
  const bool quoted = At(TokenKind::kQuotedIdent);
  if (!quoted && (!At(TokenKind::kIdent) || IsCelKeyword(Text(current_)))) {
    Fail("a member's name", At(TokenKind::kDouble) ? "there are no ranges: write `x >= 1 && x <= 10`" : "");
    return {};
  }
  const Token name = Take();
  if (At(TokenKind::kLeftParen) && !optional && !quoted) {
    std::vector<ExprId> arguments;
    if (!ParseArguments(arguments)) return {};
    return MakeCall(name, operand, std::move(arguments), false);
  }
  Expr expr;
  expr.kind = optional ? ExprKind::kOptionalSelect : ExprKind::kSelect;
  expr.span = SpanFrom(SpanOfExpr(operand).begin);
  expr.name_span = SpanOf(name);
  expr.text = quoted ? Text(name).substr(1, Text(name).size() - 2) : Text(name);
  expr.args = {operand};
  return Add(std::move(expr));
}

ExprId Parser::ParseIndex(ExprId operand) {  // NOLINT(misc-no-recursion): see ParseExpr
  Expr expr;
  expr.kind = ExprKind::kBinary;
  const std::uint32_t bracket = Take(kOpens | kGlueBefore | kGlueAfter).begin;
  expr.text = TryTake(TokenKind::kQuestion, kGlueBefore | kGlueAfter) ? "_[?_]" : "_[_]";
  const ExprId index = ParseExpr();
  if (!index.valid() || !Expect(TokenKind::kRightBracket, kCloses | kGlueBefore)) return {};
  expr.span = SpanFrom(SpanOfExpr(operand).begin);
  expr.name_span = SpanFrom(bracket);
  expr.args = {operand, index};
  return Add(std::move(expr));
}

// Returns the dotted name that `operand` spells, when it is nothing else.
std::optional<std::string_view> Parser::TryStructName(ExprId operand, bool& rooted) {
  std::vector<std::string_view> parts;
  const Expr* expr = &tree_.expr(operand);
  for (; expr->kind == ExprKind::kSelect; expr = &tree_.expr(expr->args[0])) {
    if (!IsIdentifier(expr->text)) return std::nullopt;
    parts.push_back(expr->text);
  }
  if (expr->kind != ExprKind::kIdent) return std::nullopt;
  rooted = expr->rooted;
  std::string name(expr->text);
  for (auto it = parts.rbegin(); it != parts.rend(); ++it) name.append(".").append(*it);
  return tree_.arena->CopyString(name);
}

ExprId Parser::ParseStruct(ExprId operand, std::string_view name, bool rooted) {  // NOLINT(misc-no-recursion): see ParseExpr
  Expr expr;
  expr.kind = ExprKind::kStruct;
  expr.name_span = SpanOfExpr(operand);
  expr.text = name;
  expr.rooted = rooted;
  bool any_optional = false;
  Take(kOpens | kGlueBefore | kGlueAfter);
  SkipLoneComma(TokenKind::kRightBrace);
  while (!At(TokenKind::kRightBrace)) {
    const bool optional = TryTake(TokenKind::kQuestion, kGlueAfter);
    any_optional |= optional;
    const bool quoted = At(TokenKind::kQuotedIdent);
    if (!quoted && (!At(TokenKind::kIdent) || IsCelKeyword(Text(current_)))) return Fail("a field name"), ExprId{};
    const Token field = Take();
    if (!Expect(TokenKind::kColon, kGlueBefore)) return {};
    const ExprId value = ParseExpr();
    if (!value.valid()) return {};
    expr.names.push_back(quoted ? Text(field).substr(1, Text(field).size() - 2) : Text(field));
    expr.name_spans.push_back(SpanOf(field));
    expr.args.push_back(value);
    expr.optional.push_back(optional);
    if (!TryTake(TokenKind::kComma, kGlueBefore)) break;
  }
  if (!Expect(TokenKind::kRightBrace, kCloses | kGlueBefore)) return {};
  if (!any_optional) expr.optional.clear();
  expr.span = SpanFrom(SpanOfExpr(operand).begin);
  return Add(std::move(expr));
}

ExprId Parser::ParsePrimary() {  // NOLINT(misc-no-recursion): see ParseExpr
  switch (current_.kind) {
    case TokenKind::kInt:
    case TokenKind::kUint:
    case TokenKind::kDouble: return ParseNumber();
    case TokenKind::kMinus: {
      const TokenKind next = Peek().kind;
      if (next == TokenKind::kInt || next == TokenKind::kDouble) return ParseNumber();
      return Fail("an operand", "put the inner operator in parentheses"), ExprId{};
    }
    case TokenKind::kString: {
      const Token token = Take();
      return AddLiteral(Value::String(Decode(token)), SpanOf(token));
    }
    case TokenKind::kBytes: {
      const Token token = Take();
      return AddLiteral(Value::Bytes(Decode(token)), SpanOf(token));
    }
    case TokenKind::kLeftParen: {
      Take(kOpens | kGlueAfter);
      const ExprId inner = ParseExpr();
      return inner.valid() && Expect(TokenKind::kRightParen, kCloses | kGlueBefore) ? inner : ExprId{};
    }
    case TokenKind::kLeftBracket: return ParseList();
    case TokenKind::kLeftBrace: return ParseMap();
    case TokenKind::kIdent:
    case TokenKind::kDot: return ParseIdentOrCall();
    default: return Fail("an expression"), ExprId{};
  }
}

// name, .name, name(args), true, false, null
ExprId Parser::ParseIdentOrCall() {  // NOLINT(misc-no-recursion): see ParseExpr
  if (AtStructure()) return Fail("an expression"), ExprId{};
  const std::uint32_t begin = current_.begin;
  const bool rooted = TryTake(TokenKind::kDot, kGlueAfter);
  if (!At(TokenKind::kIdent)) return Fail("a name"), ExprId{};
  if (IsCelKeyword(Text(current_))) {
    if (rooted || AtWord("in")) return Fail("an expression"), ExprId{};
    const Token token = Take();
    return AddLiteral(Text(token) == "null" ? Value::Null() : Value::Bool(Text(token) == "true"), SpanOf(token));
  }
  const Token name = Take();
  if (IsReservedWord(Text(name))) Report(DiagnosticKind::kReservedWord, SpanOf(name), {Text(name)});
  if (At(TokenKind::kLeftParen)) {
    std::vector<ExprId> arguments;
    if (!ParseArguments(arguments)) return {};
    return MakeCall(name, {}, std::move(arguments), rooted);
  }
  if (At(TokenKind::kColon) && Peek().kind == TokenKind::kColon && IsGlued(Peek())) return FailAtToken("an operator"), ExprId{};
  Expr expr;
  expr.kind = ExprKind::kIdent;
  expr.span = SpanFrom(begin);
  expr.name_span = SpanOf(name);
  expr.text = Text(name);
  expr.rooted = rooted;
  return Add(std::move(expr));
}

// A number with its sign. A number out of range is reported and becomes 0.
ExprId Parser::ParseNumber() {
  const std::uint32_t begin = current_.begin;
  const bool negative = TryTake(TokenKind::kMinus, kGlueAfter);
  const Token token = Take();
  const SourceSpan span = SpanFrom(begin);
  std::string_view text = Text(token);
  if (token.kind == TokenKind::kDouble) {
    const double value = std::strtod(std::string(text).c_str(), nullptr);  // underflow gives 0, as in cel-go
    if (std::isinf(value)) Report(DiagnosticKind::kBadNumber, span, {text, "a double: it is too large"});
    return AddLiteral(Value::Double(negative ? -value : value), span);
  }
  if (token.kind == TokenKind::kUint) text.remove_suffix(1);
  const bool hex = text.size() > 2 && (text[1] == 'x' || text[1] == 'X');
  std::uint64_t value = 0;
  const auto [end, fault] = std::from_chars(text.data() + (hex ? 2 : 0), text.data() + text.size(), value, hex ? 16 : 10);
  bool fits = fault == std::errc();
  if (token.kind == TokenKind::kInt) fits = fits && value <= std::uint64_t{INT64_MAX} + (negative ? 1 : 0);
  if (!fits) {
    Report(DiagnosticKind::kBadNumber, span,
           {text_.substr(span.begin, span.end - span.begin),
            token.kind == TokenKind::kInt ? "an int: it needs more than 64 bits" : "a uint: it needs more than 64 bits"});
    value = 0;
  }
  if (token.kind == TokenKind::kUint) return AddLiteral(Value::Uint(value), span);
  return AddLiteral(Value::Int(static_cast<std::int64_t>(negative ? ~value + 1 : value)), span);
}

// CEL's grammar lets a comma stand before the end of a list, map or message, of an empty one too:
// `[,]`, `{,}`.
void Parser::SkipLoneComma(TokenKind end) {
  if (At(TokenKind::kComma) && Peek().kind == end) Take(kGlueBefore | kGlueAfter);
}

ExprId Parser::ParseList() {  // NOLINT(misc-no-recursion): see ParseExpr
  Expr expr;
  expr.kind = ExprKind::kList;
  bool any_optional = false;
  const std::uint32_t begin = Take(kOpens | kGlueAfter).begin;
  SkipLoneComma(TokenKind::kRightBracket);
  while (!At(TokenKind::kRightBracket)) {
    const bool optional = TryTake(TokenKind::kQuestion, kGlueAfter);
    any_optional |= optional;
    const ExprId item = ParseExpr();
    if (!item.valid()) return {};
    expr.args.push_back(item);
    expr.optional.push_back(optional);
    if (!TryTake(TokenKind::kComma, kGlueBefore)) break;
  }
  if (!Expect(TokenKind::kRightBracket, kCloses | kGlueBefore)) return {};
  if (!any_optional) expr.optional.clear();
  expr.span = expr.name_span = SpanFrom(begin);
  return Add(std::move(expr));
}

ExprId Parser::ParseMap() {  // NOLINT(misc-no-recursion): see ParseExpr
  Expr expr;
  expr.kind = ExprKind::kMap;
  bool any_optional = false;
  const std::uint32_t begin = Take(kOpens | kGlueAfter).begin;
  SkipLoneComma(TokenKind::kRightBrace);
  while (!At(TokenKind::kRightBrace)) {
    const bool optional = TryTake(TokenKind::kQuestion, kGlueAfter);
    any_optional |= optional;
    const ExprId key = ParseExpr();
    if (!key.valid() || !Expect(TokenKind::kColon, kGlueBefore)) return {};
    const ExprId value = ParseExpr();
    if (!value.valid()) return {};
    expr.args.push_back(key);
    expr.args.push_back(value);
    expr.optional.push_back(optional);
    if (!TryTake(TokenKind::kComma, kGlueBefore)) break;
  }
  if (!Expect(TokenKind::kRightBrace, kCloses | kGlueBefore)) return {};
  if (!any_optional) expr.optional.clear();
  expr.span = expr.name_span = SpanFrom(begin);
  return Add(std::move(expr));
}

// "(" [ expr { "," expr } ] ")": no trailing comma.
bool Parser::ParseArguments(std::vector<ExprId>& arguments) {  // NOLINT(misc-no-recursion): see ParseExpr
  Take(kOpens | kGlueBefore | kGlueAfter);
  if (TryTake(TokenKind::kRightParen, kCloses | kGlueBefore)) return true;
  do {
    if (!arguments.empty() && At(TokenKind::kRightParen)) return Fail("an expression", "take the comma away");
    const ExprId argument = ParseExpr();
    if (!argument.valid()) return false;
    arguments.push_back(argument);
  } while (TryTake(TokenKind::kComma, kGlueBefore));
  return Expect(TokenKind::kRightParen, kCloses | kGlueBefore);
}

// Requires: the call's `)` was the last token.
ExprId Parser::MakeCall(const Token& name, ExprId receiver, std::vector<ExprId> arguments, bool rooted) {
  const SourceSpan span = SpanFrom(receiver.valid() ? SpanOfExpr(receiver).begin : name.begin);
  if (!receiver.valid() && !rooted && Text(name) == "has" && arguments.size() == 1) return MakeHas(name, std::move(arguments), span);
  Expr expr;
  expr.kind = ExprKind::kCall;
  expr.span = span;
  expr.name_span = SpanOf(name);
  expr.text = Text(name);
  expr.is_method = receiver.valid();
  expr.rooted = rooted;
  if (receiver.valid()) expr.args.push_back(receiver);
  const MacroInfo* macro = receiver.valid() ? TryFindMacro(Text(name), arguments.size()) : nullptr;
  auto first = arguments.begin();
  if (macro != nullptr) {
    const Expr& variable = tree_.expr(*first);
    if (variable.kind != ExprKind::kIdent || variable.rooted) {
      Report(DiagnosticKind::kBadMacroCall, variable.span, {Text(name), "takes a plain name as its first argument"});
      return {};
    }
    expr.kind = ExprKind::kMacro;
    expr.macro = macro->macro;
    expr.is_method = false;
    expr.names.push_back(variable.text);
    expr.name_spans.push_back(variable.span);
    ++first;
  }
  expr.args.insert(expr.args.end(), first, arguments.end());
  return Add(std::move(expr));
}

// What asks for the thing that `has` was asked for: has(x["k"]) is `"k" in x`.
std::string Parser::HelpForHas(ExprId argument) const {
  const Expr& e = tree_.expr(argument);
  if (e.kind == ExprKind::kBinary && (e.text == "_[_]" || e.text == "_[?_]"))
    return "write `" + ExprText(tree_, e.args[1]) + " in " + ExprText(tree_, e.args[0]) + "`";
  if (e.kind == ExprKind::kOptionalSelect) return "write `has(" + ExprText(tree_, e.args[0]) + "." + std::string(e.text) + ")`";
  if (e.kind == ExprKind::kIdent)
    return "`" + std::string(e.text) + "` is always there; ask for one of its members, or `size(" + std::string(e.text) + ") > 0`";
  return {};
}

// has(e.member)
ExprId Parser::MakeHas(const Token& name, std::vector<ExprId> arguments, SourceSpan span) {
  const Expr& argument = tree_.expr(arguments[0]);
  if (argument.kind != ExprKind::kSelect) {
    Diagnostic* diagnostic =
        Report(DiagnosticKind::kBadMacroCall, argument.span, {Text(name), "takes the selection of a member: has(a.b)"});
    if (diagnostic != nullptr) diagnostic->help = HelpForHas(arguments[0]);
    // A value of its type, so that what surrounds the call is checked as if it were right.
    return AddLiteral(Value::Bool(true), span);
  }
  Expr expr;
  expr.kind = ExprKind::kHas;
  expr.span = span;
  expr.name_span = argument.name_span;
  expr.text = argument.text;
  expr.args = {argument.args[0]};
  return Add(std::move(expr));
}

}  // namespace writ::dsl
