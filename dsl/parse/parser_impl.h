// The parser's class, shared by the files of this folder. Nobody outside includes it.
#pragma once

#include <initializer_list>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "dsl/diagnostics/diagnostic.h"
#include "dsl/diagnostics/foreign_words.h"
#include "dsl/lex/lexer.h"
#include "dsl/parse/parser.h"
#include "dsl/syntax/tree.h"

namespace writ::dsl {

// Said where something else stands behind the variable of a macro.
inline constexpr std::string_view kMacroComma = "the variable of a macro is followed by a comma: list.exists(x, x > 0)";

// Parse… functions report their own faults. Those that can fail return an invalid ExprId, an empty optional or false, and then the
// caller passes that on without a further report; the loops over rules, clauses, test lines and declarations resynchronise.
class Parser {
 public:
  Parser(const SourceFile& file, FileId id, FileTree& tree, DiagnosticSink& sink, const SourceLimits& limits,
         std::vector<LayoutToken>* layout);

  void ParseWholeFile();
  std::optional<ExprId> ParseLoneExpression();
  std::optional<SignerExpr> ParseLoneSigners();

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
  // Reports that the current token is not `expected` (or what is wrong with the token itself). Returns false. A token that starts a
  // later line is not to blame for what the line before it lacks: then the place just behind the last token is.
  bool Fail(std::string_view expected, std::string_view help = {});
  // The same at the token wherever it stands: for starts and ends of statements.
  bool FailAtToken(std::string_view expected, std::string_view help = {});
  // The same, with help when the token is a word that other languages have in one of `places`, or nearly one of `words`.
  bool FailAtWord(std::string_view expected, std::span<const std::string_view> words, std::initializer_list<ForeignPlace> places = {});
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

  // What SkipUntil knows of the place of the current token.
  struct SkipPlace {
    bool closes_block = false;  // a `}` that ends the block
    bool outside = false;       // of the brackets opened on the way
    bool continues = false;     // the token before wants more: an operator, a comma, a word such as `when`
  };
  void Skip();
  // Skips to something that `stop` recognises; what it sees is at a line's start, or outside of brackets.
  template <typename Predicate>
  void SkipUntil(Predicate stop);
  // Whether the token wants something after it, so that a name in the next line goes on with its statement.
  bool WantsMore(const Token& token) const;
  // Whether a statement begins here, if with an unknown word: a name that starts a line no deeper than the broken statement's, and
  // that goes on with nothing. The token that was blamed is none, or it would be blamed twice.
  bool AtNextStatement(const SkipPlace& place) const;
  // Bytes of white space before `offset` on its line; the most there can be when something else stands before it.
  std::uint32_t IndentationOf(std::uint32_t offset) const;
  bool AtDeclarationStart() const;
  bool AtStructure() const;
  // The name declared at the current token is declared although it is skipped: uses of it are no faults.
  void PoisonDeclaration();
  std::string_view DeclaredName() const;
  // `}` of a block; blames the token itself, which is often a declaration.
  bool ExpectBlockEnd();
  // `{` of a block; remembers where, for the report of a `}` that is missing.
  bool ExpectBlock(std::string_view help = {});
  // Adds a declaration that was parsed, unless it had faults. Returns true: what comes after it can be read.
  template <typename Decl>
  bool Keep(std::vector<Decl>& declarations, Decl declaration, std::uint32_t faults_before) {
    if (faults_before == fault_count_) declarations.push_back(std::move(declaration));
    return true;
  }

  // ---- foreign.cc
  std::string HelpForToken(std::string_view expected) const;
  std::string HelpForOperator() const;
  std::string HelpForColon(const Token& next, std::string_view expected) const;
  bool IsGlued(const Token& next) const { return next.begin == current_.end; }
  const ForeignWord* TryForeign(ForeignPlace place) const {
    return At(TokenKind::kIdent) ? TryFindForeignWord(place, Text(current_)) : nullptr;
  }
  std::string DashedName() const;
  bool AtForeignClause() const;
  bool AtMacroBar() const;
  bool AtFatArrow() const;
  bool AtArrow() const;
  bool ExpectArrow(int layout);
  bool AtOptionalChain() const;
  std::string HelpForMessage(ExprId text) const;
  void SkipRestOfLine();
  bool AtNestedDeclaration(std::uint32_t policy_begin) const;
  bool ParseNestedDeclaration();

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
  std::string_view TakeBinaryOperator(int precedence, SourceSpan& span);
  bool TakeLogical(TokenKind kind, std::string_view word);
  void ReportInstead(SourceSpan span, std::string_view meant, std::string_view help = {});
  bool AtNotIn() const;
  ExprId ParseNotIn(ExprId left);
  bool AtWrittenNot() const;
  ExprId ParseUnary();
  ExprId ParseMember();
  ExprId ParseSelection(ExprId operand);
  ExprId ParseIndex(ExprId operand);
  std::optional<std::string_view> TryStructName(ExprId operand, bool& rooted);
  ExprId ParseStruct(ExprId operand, std::string_view name, bool rooted);
  ExprId ParsePrimary();
  ExprId ParseIdentOrCall();
  ExprId ParseNumber();
  void SkipLoneComma(TokenKind end);
  ExprId ParseList();
  ExprId ParseMap();
  bool ParseArguments(std::vector<ExprId>& arguments);
  ExprId MakeCall(const Token& name, ExprId receiver, std::vector<ExprId> arguments, bool rooted);
  std::string HelpForHas(ExprId argument) const;
  ExprId MakeHas(const Token& name, std::vector<ExprId> arguments, SourceSpan span);
  SourceSpan SpanOfExpr(ExprId id) const { return tree_.exprs[id.index].span; }

  // ---- messages.cc
  bool ParseMessage(MessageText& message);
  bool AtSum() const;
  bool FailAtSum();
  bool ParseHole(std::uint32_t brace, std::uint32_t content_end, MessageText& message, std::uint32_t& next);
  bool FailAtHoleEnd(std::uint32_t brace, const Token& message);
  void AddMessageText(std::uint32_t begin, std::uint32_t end, const LiteralForm& form, MessageText& message);

  // ---- declarations.cc
  struct SignerField {
    std::string_view word;
    StringLiteral* literal;
    bool is_needed = true;
  };
  void ParseDeclaration();
  bool ParseDeclarationAfter(std::vector<Attribute> attributes, std::uint32_t begin);
  bool ParsePackage();
  bool ParseImport();
  bool FailAtPackageImport();
  bool ParseLet();
  bool ParseFn();
  bool ParseTable();
  bool ParseColumn(TableDecl& table);
  bool ParseColumnEnd(const Name& column, std::string_view type);
  enum class HasPointer : bool { kNo, kYes };
  bool AtStorage();
  bool ParseStorage(ColumnDecl& column);
  bool ParseStoredAs(std::vector<StorageClause>& storage, HasPointer has_pointer);
  bool ParseDialect(SqlDialect& dialect);
  void AddStorage(StorageClause clause, std::vector<StorageClause>& storage);
  bool ParseRelationTerm(RelationDecl& relation);
  bool AtRelation() const;
  bool AtWordsOfRelation() const;
  bool ParseRelation(Name name, TableDecl& table);
  bool ParseSigner();
  bool ParseSignerBody(SignerDecl& signer, std::span<const SignerField> fields);
  bool ParseSignerField(SignerDecl& signer, std::span<const SignerField> fields);
  bool ParseSignerOption(SignerOptionKind kind, SignerDecl& signer);
  bool AtSignerField(std::span<const SignerField> fields) const;
  std::optional<TypeExpr> ParseType();
  bool ParseTypeParameters(TypeExpr& type);
  void RefuseBrackets(TypeExpr& type);
  bool ParseAttributes(std::vector<Attribute>& attributes);
  bool ParseAttribute(std::vector<Attribute>& attributes, int layout);

  // ---- policies.cc
  bool ParsePolicy(std::vector<Attribute> attributes, std::uint32_t begin);
  bool ParsePolicyHeader(PolicyDecl& policy);
  bool ParseSelectors(PolicyDecl& policy);
  bool ParseOperations(PolicyDecl& policy);
  std::optional<Name> ParseOperation();
  bool ParseMode(PolicyDecl& policy);
  void ParseRules(PolicyDecl& policy, std::uint32_t policy_begin);
  bool ParseRule(PolicyDecl& policy);
  bool ParseRuleVerb(const PolicyDecl& policy, RuleDecl& rule, bool& verb_allowed);
  bool ParseRuleEnd(const RuleDecl& rule);
  std::string HelpForNames(const RuleDecl& rule) const;
  bool AtRuleBoundary(const SkipPlace& place) const;
  bool ParseRuleHead(const PolicyDecl& policy, RuleDecl& rule);
  bool ParseRulePatterns(const PolicyDecl& policy, RuleDecl& rule);
  bool AtRulePattern(Verb verb);
  bool AtWordAsName() const;
  void ReportTrailingComma(const Token& comma);
  bool ParseRequire(RuleDecl& rule);
  bool IsImageRequirement() const;
  bool ParseLimit(RuleDecl& rule);
  bool ParseRedact(const PolicyDecl& policy, RuleDecl& rule);
  bool ParseMask(RuleDecl& rule);
  std::optional<MaskClause> ParseMasking();
  bool ParseClauses(const PolicyDecl& policy, RuleDecl& rule);
  bool ParseClause(const PolicyDecl& policy, RuleDecl& rule);
  void CheckClauseAllowed(std::string_view clause, const Token& word, const RuleDecl& rule, bool given_before);
  bool ParseAttested(RuleDecl& rule);
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
  bool ParseDialect(TestStep& step);
  bool ParseServer(TestStep& step);
  bool ParseNameOrObject(TestStep& step);
  bool ParseListed(TestStep& step);
  bool AtKind() const;
  bool ParsePaths(std::vector<ExprId>& paths);
  bool ParseOneName(Pattern& name);
  bool ParseData(ExprId& value, StringLiteral& file);
  bool ParseAdmitOrSchema(TestStep& step);
  bool ParseNames(std::vector<Pattern>& names);
  bool ParseExpectation(TestStep& step);
  bool FailExpectation(TestStep::Kind kind);
  bool ParseExpectedColumns(Expectation& expect);
  bool ParseExpectationTail(Expectation& expect);
  bool ParseBy(Name& by);
  bool ParseExpectedShadow(Expectation& expect);
  bool ParseExpectedRedaction(Expectation& expect);
  bool ParseExpectedRetry(Expectation& expect);
  bool AtStepStart() const;

  std::string_view text_;
  FileId file_;
  FileTree& tree_;
  DiagnosticSink& sink_;
  const SourceLimits& limits_;
  std::vector<LayoutToken>* layout_;
  Lexer lexer_;
  Token current_;
  std::uint32_t last_end_ = 0;         // end of the last token taken
  std::uint32_t last_fault_ = ~0U;     // offset of the last fault reported: one report a place
  std::uint32_t fault_token_ = ~0U;    // offset of the token that Fail found last
  std::uint32_t statement_begin_ = 0;  // of the statement being read, for its indentation
  std::uint32_t fault_count_ = 0;
  std::unordered_map<std::string_view, SourceSpan> test_names_;
  std::vector<SourceSpan> brackets_;  // that are open in the statement being read
  std::optional<SourceSpan> block_;   // the `{` of the block being read
  bool comma_reported_ = false;       // between columns of the table being read
  std::uint32_t depth_ = 0;
  int open_braces_ = 0;  // of map and message literals in the statement being read
  bool stopped_ = false;
  struct Depth {
    std::uint32_t nesting = 1;  // levels, those along chains not counted: SourceLimits::max_expression_depth
    std::uint32_t levels = 1;   // all of them: SourceLimits::max_chain_length
  };
  std::vector<Depth> depths_;  // of each node of the tree
};

template <typename Predicate>
void Parser::SkipUntil(Predicate stop) {
  int braces = open_braces_;  // of map literals, so that their `}` does not end the block
  brackets_.clear();
  int brackets = 0;  // opened on the way; what was open before may be what is missing
  Token before;
  open_braces_ = 0;
  while (!At(TokenKind::kEnd)) {
    SkipPlace place{At(TokenKind::kRightBrace) && braces == 0, braces == 0 && brackets == 0, false};
    const bool asks = place.outside || current_.starts_line || place.closes_block;
    if (asks && before.kind != TokenKind::kDot) {
      place.continues = WantsMore(before);
      if (stop(place)) return;
    }
    PoisonDeclaration();
    if (At(TokenKind::kLeftBrace)) ++braces;
    if (At(TokenKind::kRightBrace) && braces > 0) --braces;
    if (At(TokenKind::kLeftParen) || At(TokenKind::kLeftBracket)) ++brackets;
    if ((At(TokenKind::kRightParen) || At(TokenKind::kRightBracket)) && brackets > 0) --brackets;
    before = current_;
    Skip();
  }
}

}  // namespace writ::dsl
