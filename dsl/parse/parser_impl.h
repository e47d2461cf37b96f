// The parser's class, shared by the files of this folder. Nobody outside includes it.
#pragma once

#include <initializer_list>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "dsl/diagnostics/diagnostic.h"
#include "dsl/lex/lexer.h"
#include "dsl/parse/parser.h"
#include "dsl/syntax/tree.h"

namespace writ::dsl {

// Parse… functions report their own faults. Those that can fail return an invalid ExprId, an empty optional or false, and then the
// caller passes that on without a further report; the loops over rules, clauses, test lines and declarations resynchronise.
class Parser {
 public:
  Parser(const SourceFile& file, FileId id, FileTree& tree, DiagnosticSink& sink, const SourceLimits& limits,
         std::vector<LayoutToken>* layout);

  void ParseWholeFile();
  std::optional<ExprId> ParseLoneExpression();

 private:
  // ---- tokens and faults: parser.cc
  enum class NameUse : std::uint8_t { kVariable, kMember };  // variables may not be reserved words
  enum class PatternUse : std::uint8_t { kWildcards, kOneName };

  bool At(TokenKind kind) const { return current_.kind == kind; }
  bool AtWord(std::string_view word) const { return At(TokenKind::kIdent) && lexer_.Text(current_) == word; }
  bool AtAnyWord(std::span<const std::string_view> words) const;
  std::string_view Text(const Token& token) const { return lexer_.Text(token); }
  Token Peek() const;
  Token Take(int layout = 0);
  bool TryTake(TokenKind kind, int layout = 0);
  bool TryTakeWord(std::string_view word, int layout = 0);
  bool Expect(TokenKind kind, int layout = 0);
  bool ExpectWord(std::string_view word, int layout = 0);

  SourceSpan SpanOf(const Token& token) const { return {file_, token.begin, token.end}; }
  SourceSpan SpanFrom(std::uint32_t begin) const { return {file_, begin, std::max(begin, last_end_)}; }
  Diagnostic* Report(DiagnosticKind kind, SourceSpan span, std::initializer_list<std::string_view> arguments);
  // Reports that the current token is not `expected` (or what is wrong with the token itself). Returns false.
  bool Fail(std::string_view expected, std::string_view help = {});
  void ReportLexFault(const Token& token);
  std::string Describe(const Token& token) const;
  void Stop();

  std::optional<Name> ParseName(std::string_view what, NameUse use, int layout = 0);
  std::optional<StringLiteral> ParseString(std::string_view what);
  bool ParseStrings(std::string_view what, std::vector<StringLiteral>& strings);
  std::string_view Decode(const Token& token);
  std::optional<std::uint64_t> ParseCount(std::uint64_t min, std::uint64_t max);
  std::optional<std::int64_t> ParseDurationToken();
  std::optional<Pattern> ParsePattern(PatternUse use);
  bool ParsePatterns(PatternUse use, std::vector<Pattern>& patterns);
  std::optional<Pattern> ParseQuotedPattern(PatternUse use);
  std::optional<Name> ParseDottedName(std::string_view what);

  void Skip();
  // Skips to something that `stop` recognises; what it sees is at a line's start, or outside of brackets. Its argument tells that
  // the current token is a `}` that ends the block.
  template <typename Predicate>
  void SkipUntil(Predicate stop);
  bool AtDeclarationStart() const;
  bool AtStructure() const;

  // ---- expressions.cc
  class Nesting {
   public:
    explicit Nesting(Parser& parser) : parser_(parser) { ++parser_.depth_; }
    ~Nesting() { --parser_.depth_; }
    Nesting(const Nesting&) = delete;
    Nesting& operator=(const Nesting&) = delete;

   private:
    Parser& parser_;
  };
  bool IsTooDeep();
  ExprId Add(Expr expr);
  ExprId AddLiteral(Value value, SourceSpan span);
  ExprId ParseExpr();
  ExprId ParseOr();
  ExprId ParseAnd();
  ExprId ParseBinary(int min_precedence);
  ExprId ParseUnary();
  ExprId ParseMember();
  ExprId ParseSelection(ExprId operand);
  ExprId ParseIndex(ExprId operand);
  std::optional<std::string_view> TryStructName(ExprId operand, bool& rooted);
  ExprId ParseStruct(ExprId operand, std::string_view name, bool rooted);
  ExprId ParsePrimary();
  ExprId ParseIdentOrCall();
  ExprId ParseNumber();
  ExprId ParseList();
  ExprId ParseMap();
  bool ParseArguments(std::vector<ExprId>& arguments);
  ExprId MakeCall(const Token& name, ExprId receiver, std::vector<ExprId> arguments, bool rooted);
  ExprId MakeHas(const Token& name, std::vector<ExprId> arguments, SourceSpan span);
  SourceSpan SpanOfExpr(ExprId id) const { return tree_.exprs[id.index].span; }

  // ---- messages.cc
  bool ParseMessage(MessageText& message);
  bool ParseHole(std::uint32_t brace, std::uint32_t content_end, MessageText& message, std::uint32_t& next);
  void AddMessageText(std::uint32_t begin, std::uint32_t end, const LiteralForm& form, MessageText& message);

  // ---- declarations.cc
  void ParseDeclaration();
  bool ParsePackage();
  bool ParseImport();
  bool ParseLet();
  bool ParseFn();
  bool ParseTable();
  bool ParseColumn(TableDecl& table);
  bool AtRelation() const;
  bool ParseRelation(Name name, TableDecl& table);
  bool ParseSigner();
  bool ParseSignerBody(SignerDecl& signer);
  std::optional<TypeExpr> ParseType();
  bool ParseAttributes(std::vector<Attribute>& attributes);
  bool ParseAttribute(std::vector<Attribute>& attributes, int layout);

  // ---- policies.cc
  bool ParsePolicy(std::vector<Attribute> attributes, std::uint32_t begin);
  bool ParsePolicyHeader(PolicyDecl& policy);
  bool ParseSelectors(PolicyDecl& policy);
  bool ParseOperations(PolicyDecl& policy);
  bool ParseMode(PolicyDecl& policy);
  void ParseRules(PolicyDecl& policy);
  bool ParseRule(PolicyDecl& policy);
  bool ParseRuleEnd();
  bool ParseRuleHead(const PolicyDecl& policy, RuleDecl& rule);
  bool ParseRulePatterns(const PolicyDecl& policy, RuleDecl& rule);
  bool AtRulePattern(Verb verb);
  bool ParseRequire(RuleDecl& rule);
  bool IsImageRequirement() const;
  bool ParseLimit(RuleDecl& rule);
  bool ParseRedact(const PolicyDecl& policy, RuleDecl& rule);
  bool ParseMask(RuleDecl& rule);
  std::optional<MaskClause> ParseMasking();
  bool ParseClauses(const PolicyDecl& policy, RuleDecl& rule);
  bool ParseClause(const PolicyDecl& policy, RuleDecl& rule);
  void CheckClauseAllowed(std::string_view clause, const Token& word, const RuleDecl& rule, bool given_before);
  std::optional<SignerExpr> ParseSigners();
  std::optional<SignerExpr> ParseSignersAnd();
  std::optional<SignerExpr> ParseSignersOne();
  bool AtRuleStart() const;

  // ---- tests.cc
  bool ParseTest();
  bool ParseStep(TestDecl& test);
  bool ParseScene(TestStep& step);
  bool ParseImageStep(TestStep& step);
  bool ParseCase(TestStep& step);
  bool ParseQuestion(TestStep& step);
  bool ParseServer(TestStep& step);
  bool ParseOneName(Pattern& name);
  bool ParseData(ExprId& value, StringLiteral& file);
  bool ParseAdmitOrSchema(TestStep& step);
  bool ParseNames(std::vector<Pattern>& names);
  bool ParseExpectation(TestStep& step);
  bool ParseExpectedColumns(Expectation& expect);
  bool ParseExpectationTail(Expectation& expect);
  bool AtStepStart() const;

  std::string_view text_;
  FileId file_;
  FileTree& tree_;
  DiagnosticSink& sink_;
  const SourceLimits& limits_;
  std::vector<LayoutToken>* layout_;
  Lexer lexer_;
  Token current_;
  std::uint32_t last_end_ = 0;      // end of the last token taken
  std::uint32_t last_fault_ = ~0U;  // offset of the last fault reported: one report a place
  std::uint32_t fault_count_ = 0;
  std::uint32_t depth_ = 0;
  int open_braces_ = 0;  // of map and message literals in the statement being read
  bool stopped_ = false;
  std::vector<std::uint32_t> depths_;  // nesting of each node of the tree
};

template <typename Predicate>
void Parser::SkipUntil(Predicate stop) {
  int braces = open_braces_;  // of map literals, so that their `}` does not end the block
  int brackets = 0;           // opened on the way; what was open before may be what is missing
  TokenKind before = TokenKind::kEnd;
  open_braces_ = 0;
  while (!At(TokenKind::kEnd)) {
    const bool closes_block = At(TokenKind::kRightBrace) && braces == 0;
    const bool outside = (braces == 0 && brackets == 0) || current_.starts_line || closes_block;
    if (outside && before != TokenKind::kDot && stop(closes_block)) return;
    if (At(TokenKind::kLeftBrace)) ++braces;
    if (At(TokenKind::kRightBrace) && braces > 0) --braces;
    if (At(TokenKind::kLeftParen) || At(TokenKind::kLeftBracket)) ++brackets;
    if ((At(TokenKind::kRightParen) || At(TokenKind::kRightBracket)) && brackets > 0) --brackets;
    before = current_.kind;
    Skip();
  }
}

}  // namespace writ::dsl
