#include "dsl/parse/parser.h"

#include <algorithm>
#include <charconv>

#include "dsl/parse/parser_impl.h"
#include "rules/base/nearest_name.h"
#include "rules/base/utf8.h"

namespace writ::dsl {
namespace {

// Longest part of the source that a message repeats.
constexpr std::size_t kMaxQuotedBytes = 40;

std::string Quoted(std::string_view text) {
  const std::string_view cut = CutBytes(text, kMaxQuotedBytes);
  return std::string(cut) + (cut.size() < text.size() ? "…" : "");
}

std::string InBackticks(std::string_view text) { return "`" + Quoted(text) + "`"; }

// The unit that `text` starts with, in nanoseconds; moves `text` past it. 0 when there is none.
std::int64_t TakeUnit(std::string_view& text) {
  struct Unit {
    std::string_view name;
    std::int64_t nanos;
  };
  static constexpr Unit kUnits[] = {{"ns", 1},
                                    {"us", 1'000},
                                    {"ms", 1'000'000},
                                    {"s", 1'000'000'000},
                                    {"m", 60'000'000'000},
                                    {"h", 3'600'000'000'000},
                                    {"d", 86'400'000'000'000}};
  for (const Unit& unit : kUnits) {
    if (!text.starts_with(unit.name)) continue;
    text.remove_prefix(unit.name.size());
    return unit.nanos;
  }
  return 0;
}

// Nanoseconds of "1h30m", "1.5s"; nothing when malformed, not positive or beyond int64.
std::optional<std::int64_t> NanosOf(std::string_view text) {
  double total = 0;
  std::int64_t exact = 0;
  while (!text.empty()) {
    if (text[0] < '0' || text[0] > '9') return std::nullopt;  // from_chars would read "inf", too
    double amount = 0;
    const auto [end, fault] = std::from_chars(text.data(), text.data() + text.size(), amount, std::chars_format::fixed);
    if (fault != std::errc() || end == text.data()) return std::nullopt;
    text.remove_prefix(static_cast<std::size_t>(end - text.data()));
    const std::int64_t unit = TakeUnit(text);
    if (unit == 0) return std::nullopt;
    const double nanos = amount * static_cast<double>(unit);
    total += nanos;
    if (total >= 9.2e18) return std::nullopt;
    exact += static_cast<std::int64_t>(nanos);
  }
  if (exact <= 0) return std::nullopt;
  return exact;
}

// Whether an unescaped star stands in a pattern of Selector syntax.
bool HasWildcard(std::string_view pattern) {
  for (std::size_t i = 0; i < pattern.size(); ++i) {
    if (pattern[i] == '\\') {
      ++i;
    } else if (pattern[i] == '*') {
      return true;
    }
  }
  return false;
}

// Why quoted text is no pattern, or "".
std::string_view PatternFault(std::string_view text) {
  if (text.empty()) return "it is empty";
  int stars = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    stars = text[i] == '*' ? stars + 1 : 0;
    if (stars > 2) return "more than two stars stand together";
    if (text[i] == '\\' && ++i >= text.size()) return "it ends in a backslash";
  }
  return {};
}

}  // namespace

Parser::Parser(const SourceFile& file, FileId id, FileTree& tree, DiagnosticSink& sink, const SourceLimits& limits,
               std::vector<LayoutToken>* layout)
    : text_(file.text), file_(id), tree_(tree), sink_(sink), limits_(limits), layout_(layout), lexer_(text_), depths_(tree.exprs.size()) {
  if (text_.size() > limits.max_file_bytes) {
    Report(DiagnosticKind::kFileTooLarge, {file_, 0, 0}, {std::to_string(limits.max_file_bytes)});
    Stop();
  } else if (const auto offset = FindInvalidUtf8(text_)) {
    Report(DiagnosticKind::kInvalidUtf8, {file_, *offset, *offset + 1}, {std::to_string(*offset)});
    Stop();
  } else {
    current_ = lexer_.Next();
  }
}

// Nothing more is read: what follows sees the end of the file and stays silent.
void Parser::Stop() {
  const auto end = static_cast<std::uint32_t>(text_.size());
  stopped_ = true;
  tree_.complete = false;
  lexer_ = Lexer(text_, end);
  current_ = {TokenKind::kEnd, LexFault::kNone, false, end, end};
}

bool Parser::AtAnyWord(std::span<const std::string_view> words) const {
  return At(TokenKind::kIdent) && std::find(words.begin(), words.end(), Text(current_)) != words.end();
}

Token Parser::Peek() const {
  Lexer ahead = lexer_;
  return ahead.Next();
}

Token Parser::Take(int layout) {
  const Token taken = current_;
  if (taken.kind == TokenKind::kInvalid) ReportLexFault(taken);
  if (stopped_) return taken;
  if (layout_ != nullptr && taken.kind != TokenKind::kEnd) layout_->push_back({taken.begin, taken.end, static_cast<std::uint16_t>(layout)});
  if ((layout & kStarts) != 0) open_braces_ = 0;
  if ((layout & kStarts) != 0) brackets_.clear();
  if ((layout & kOpens) != 0) brackets_.push_back(SpanOf(taken));
  if ((layout & kCloses) != 0 && !brackets_.empty()) brackets_.pop_back();
  if (taken.kind == TokenKind::kLeftBrace && (layout & kOpens) != 0) ++open_braces_;
  if (taken.kind == TokenKind::kRightBrace && (layout & kCloses) != 0) --open_braces_;
  last_end_ = taken.end;
  current_ = lexer_.Next();
  return taken;
}

// Drops a token while looking for where to go on. A string that is not closed is a fault of its own; other tokens may be invalid
// only because nobody asked for them as patterns or durations.
void Parser::Skip() {
  if (current_.fault == LexFault::kUnterminatedString) ReportLexFault(current_);
  if (stopped_) return;
  last_end_ = current_.end;
  current_ = lexer_.Next();
}

bool Parser::TryTake(TokenKind kind, int layout) {
  if (!At(kind)) return false;
  Take(layout);
  return true;
}

bool Parser::TryTakeWord(std::string_view word, int layout) {
  if (!AtWord(word)) return false;
  Take(layout);
  return true;
}

bool Parser::Expect(TokenKind kind, int layout) { return TryTake(kind, layout) || Fail(InBackticks(TokenKindText(kind))); }
bool Parser::ExpectWord(std::string_view word, int layout) { return TryTakeWord(word, layout) || Fail(InBackticks(word)); }

// Returns the diagnostic for adding help, or nullptr when this place has had its report.
Diagnostic* Parser::Report(DiagnosticKind kind, SourceSpan span, std::initializer_list<std::string_view> arguments) {
  if (stopped_ || span.begin == last_fault_) return nullptr;
  last_fault_ = span.begin;
  Diagnostic& diagnostic = sink_.Emit(kind, span, arguments);
  if (SeverityOf(kind) != Severity::kError) return &diagnostic;
  tree_.has_faults = true;
  ++fault_count_;
  return &diagnostic;
}

bool Parser::Fail(std::string_view expected, std::string_view help) {
  if (!current_.starts_line || last_end_ == 0 || At(TokenKind::kInvalid)) return FailAtToken(expected, help);
  fault_token_ = current_.begin;
  std::string found = Describe(current_);
  const bool is_shown = !sink_.is_full();  // finding a line walks over the file
  if (is_shown && !At(TokenKind::kEnd)) found += " on line " + std::to_string(LocateOffset(file_, text_, current_.begin).line);
  Diagnostic* diagnostic = Report(DiagnosticKind::kUnexpectedToken, {file_, last_end_, last_end_}, {found, expected});
  if (diagnostic == nullptr) return false;
  diagnostic->help = help;
  const bool closes = expected == "`)`" || expected == "`]`" || expected == "`}`";
  if (closes && !brackets_.empty()) diagnostic->related.push_back({brackets_.back(), "this bracket is not closed"});
  return false;
}

bool Parser::FailAtToken(std::string_view expected, std::string_view help) {
  fault_token_ = current_.begin;
  if (At(TokenKind::kInvalid)) {
    ReportLexFault(current_);
    return false;
  }
  SourceSpan span = SpanOf(current_);
  if (AtFatArrow()) span.end = Peek().end;
  const std::string found = AtFatArrow() ? "`=>`" : Describe(current_);
  Diagnostic* diagnostic = Report(DiagnosticKind::kUnexpectedToken, span, {found, expected});
  if (diagnostic == nullptr) return false;
  diagnostic->help = help.empty() ? HelpForToken(expected) : std::string(help);
  const bool lacks_end = At(TokenKind::kEnd) || (current_.starts_line && AtDeclarationStart());
  if (block_ && lacks_end) diagnostic->related.push_back({*block_, "this `{` is not closed"});
  return false;
}

bool Parser::FailAtWord(std::string_view expected, std::span<const std::string_view> words, std::initializer_list<ForeignPlace> places) {
  for (const ForeignPlace place : places) {
    if (const ForeignWord* word = TryForeign(place)) return FailAtToken(expected, ForeignHelp(*word));
  }
  const std::string_view closest = At(TokenKind::kIdent) ? NearestName(Text(current_), words) : std::string_view{};
  return FailAtToken(expected, closest.empty() ? std::string{} : "did you mean `" + std::string(closest) + "`?");
}

bool Parser::ExpectBlock(std::string_view help) {
  const SourceSpan brace = SpanOf(current_);
  if (!TryTake(TokenKind::kLeftBrace, kBlockOpens)) return Fail("`{`", help);
  block_ = brace;
  return true;
}

bool Parser::ExpectBlockEnd() {
  const bool closed = TryTake(TokenKind::kRightBrace, kBlockCloses) || FailAtToken("`}`");
  block_.reset();
  return closed;
}

namespace {

// What to write instead of a character that the language does not have; "" when nothing is known.
std::string_view HelpForCharacter(std::string_view character) {
  struct Row {
    std::string_view character, help;
  };
  static constexpr Row kRows[] = {
      {"&", "write `&&`"},
      {"|", "write `||`"},
      {"~", "write `x.matches(\"…\")`, a regular expression"},
      {"$", "names have no `$`; a value in a message is written `{value}`"},
      {"\uFEFF", "save the file as UTF-8 without a byte order mark"},
      {"→", "write `->`"},
      {"⇒", "write `->`"},
      {"≠", "write `!=`"},
      {"≤", "write `<=`"},
      {"≥", "write `>=`"},
      {"–", "write a plain `-`"},
      {"—", "write a plain `-`"},
      {"−", "write a plain `-`"},
      {"#", "comments start with `//`"},
      {";", "lines need no `;`"},
      {"\u00A0", "write a plain space"},
      {"\u3000", "write a plain space"},
      {"\u201C", "write a plain \""},
      {"\u201D", "write a plain \""},
      {"\u2018", "write a plain '"},
      {"\u2019", "write a plain '"},
      {"\\", "inside `{…}` of a message use the other kind of quotes; a brace of its own is written `{{`"},
  };
  const auto* const found = std::find_if(std::begin(kRows), std::end(kRows), [&](const Row& row) { return row.character == character; });
  return found == std::end(kRows) ? std::string_view() : found->help;
}

}  // namespace

void Parser::ReportLexFault(const Token& token) {
  const std::string_view text = Text(token);
  switch (token.fault) {
    case LexFault::kNone: break;
    case LexFault::kUnexpectedCharacter: {
      Diagnostic* diagnostic = Report(DiagnosticKind::kUnexpectedCharacter, SpanOf(token), {InBackticks(text)});
      if (diagnostic == nullptr) break;
      diagnostic->help = text == "|" && AtMacroBar() ? std::string(kMacroComma) : std::string(HelpForCharacter(text));
      break;
    }
    case LexFault::kUnterminatedString: Report(DiagnosticKind::kUnterminatedString, SpanOf(token), {}); break;
    case LexFault::kUnterminatedName: Report(DiagnosticKind::kUnterminatedName, SpanOf(token), {}); break;
    case LexFault::kBadNumber: Report(DiagnosticKind::kBadNumber, SpanOf(token), {Quoted(text), "a number"}); break;
    case LexFault::kBadPattern:
      Report(DiagnosticKind::kBadPattern, SpanOf(token),
             {Quoted(text), text.ends_with("//") ? "`//` starts a comment, quote the name" : "more than two stars stand together"});
      break;
  }
}

std::string Parser::Describe(const Token& token) const {
  switch (token.kind) {
    case TokenKind::kEnd: return std::string(TokenKindText(token.kind));
    case TokenKind::kInt:
    case TokenKind::kUint:
    case TokenKind::kDouble:
    case TokenKind::kString:
    case TokenKind::kBytes:
    case TokenKind::kPattern: return std::string(TokenKindText(token.kind)) + " " + Quoted(Text(token));
    default: return InBackticks(Text(token));
  }
}

std::optional<Name> Parser::ParseName(std::string_view what, NameUse use, int layout) {
  if (!At(TokenKind::kIdent) || IsCelKeyword(Text(current_)) || AtStructure()) {
    Fail(what);
    return std::nullopt;
  }
  if (use == NameUse::kVariable && IsReservedWord(Text(current_)))
    Report(DiagnosticKind::kReservedWord, SpanOf(current_), {Text(current_)});
  const Token token = Take(layout);
  return Name{Text(token), SpanOf(token)};
}

// a.b.c as one name.
std::optional<Name> Parser::ParseDottedName(std::string_view what) {
  const std::uint32_t begin = current_.begin;
  std::optional<Name> part = ParseName(what, NameUse::kMember);
  if (!part) return std::nullopt;
  std::string joined(part->text);
  while (TryTake(TokenKind::kDot, kGlueBefore | kGlueAfter)) {
    part = ParseName(what, NameUse::kMember);
    if (!part) return std::nullopt;
    joined.append(".").append(part->text);
  }
  return Name{tree_.arena->CopyString(joined), SpanFrom(begin)};
}

// Requires: a kString or kBytes token. Reports a bad escape and then returns "".
std::string_view Parser::Decode(const Token& token) {
  const LiteralForm form = FormOfLiteral(text_, token);
  const DecodedLiteral decoded = DecodeContent(text_, form.content_begin, form.content_end, form, *tree_.arena);
  if (decoded.ok()) return decoded.value;
  const SourceSpan span{file_, decoded.fault_begin, decoded.fault_end};
  Diagnostic* diagnostic = Report(DiagnosticKind::kBadEscape, span, {text_.substr(span.begin, span.end - span.begin)});
  if (diagnostic != nullptr) diagnostic->help = "write `\\\\` for a backslash, or a raw string r\"…\"";
  return {};
}

std::optional<StringLiteral> Parser::ParseString(std::string_view what) {
  if (!At(TokenKind::kString)) {
    Fail(what);
    return std::nullopt;
  }
  const Token token = Take();
  return StringLiteral{Decode(token), SpanOf(token)};
}

// One or more strings, by comma.
bool Parser::ParseStrings(std::string_view what, std::vector<StringLiteral>& strings) {
  do {
    const std::optional<StringLiteral> string = ParseString(what);
    if (!string) return false;
    strings.push_back(*string);
  } while (TryTake(TokenKind::kComma, kGlueBefore));
  return true;
}

// A decimal number in [min, max]. A number outside is reported and replaced by `min`.
std::optional<std::uint64_t> Parser::ParseCount(std::uint64_t min, std::uint64_t max) {
  if (!At(TokenKind::kInt)) {
    Fail("a number");
    return std::nullopt;
  }
  const Token token = Take();
  const std::string_view text = Text(token);
  std::uint64_t value = 0;
  const auto [end, fault] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (fault == std::errc() && end == text.data() + text.size() && value >= min && value <= max) return value;
  Report(DiagnosticKind::kBadNumber, SpanOf(token), {Quoted(text), "a number from " + std::to_string(min) + " to " + std::to_string(max)});
  return min;
}

std::optional<std::int64_t> Parser::ParseDurationToken() {
  current_ = lexer_.RelexDuration(current_);
  if (!At(TokenKind::kDuration)) {
    Fail("a duration such as 1m or 30s");
    return std::nullopt;
  }
  const Token token = Take();
  const std::optional<std::int64_t> nanos = NanosOf(Text(token));
  if (nanos) return nanos;
  Diagnostic* diagnostic = Report(DiagnosticKind::kBadDuration, SpanOf(token), {Quoted(Text(token))});
  if (diagnostic != nullptr) diagnostic->help = "units are d, h, m, s, ms, us and ns: 1h30m";
  return 1;
}

std::optional<Pattern> Parser::ParsePattern(PatternUse use) {
  current_ = lexer_.RelexPattern(current_);
  if (At(TokenKind::kString)) return ParseQuotedPattern(use);
  if (!At(TokenKind::kPattern)) {
    Fail(use == PatternUse::kOneName ? "a name" : "a name or pattern");
    return std::nullopt;
  }
  const Token token = Take();
  const bool wild = Text(token).find('*') != std::string_view::npos;
  if (wild && use == PatternUse::kOneName)
    Report(DiagnosticKind::kBadPattern, SpanOf(token), {Quoted(Text(token)), "a test names one thing"});
  return Pattern{Text(token), SpanOf(token), wild};
}

// Quoted patterns are in Selector syntax already: `*` is a wildcard and `\*` a star. Quoted names stand for themselves.
std::optional<Pattern> Parser::ParseQuotedPattern(PatternUse use) {
  const Token token = Take();
  const std::uint32_t faults = fault_count_;
  const std::string_view value = Decode(token);
  if (use == PatternUse::kWildcards || value.empty()) {
    const std::string_view fault = PatternFault(value);
    if (faults == fault_count_ && !fault.empty()) Report(DiagnosticKind::kBadPattern, SpanOf(token), {Quoted(value), fault});
    return Pattern{value, SpanOf(token), HasWildcard(value)};
  }
  if (value.find_first_of("*\\") == std::string_view::npos) return Pattern{value, SpanOf(token), false};
  std::string escaped;
  for (const char c : value) {
    if (c == '*' || c == '\\') escaped.push_back('\\');
    escaped.push_back(c);
  }
  return Pattern{tree_.arena->CopyString(escaped), SpanOf(token), false};
}

bool Parser::ParsePatterns(PatternUse use, std::vector<Pattern>& patterns) {
  do {
    const std::optional<Pattern> pattern = ParsePattern(use);
    if (!pattern) return false;
    patterns.push_back(*pattern);
  } while (TryTake(TokenKind::kComma, kGlueBefore));
  return true;
}

// A word that begins a declaration, followed by what a declaration goes on with: where a file that lost a brace is picked up again.
bool Parser::AtDeclarationStart() const {
  static constexpr std::string_view kWords[] = {"package", "import", "let", "fn", "table", "signer", "policy"};
  if (AtWord("test")) return Peek().kind == TokenKind::kString;
  if (!AtAnyWord(kWords)) return false;
  const Token next = Peek();
  return next.fault == LexFault::kBadNumber || (next.kind == TokenKind::kIdent && !IsCelKeyword(Text(next)));
}

bool Parser::WantsMore(const Token& token) const {
  // After these comes an operand, a name or a number.
  static constexpr std::string_view kWords[] = {"when", "unless", "because", "needs", "scope", "to",     "per", "by",
                                                "in",   "keep",   "last",    "first", "with",  "signed", "and", "or",
                                                "on",   "of",     "server",  "for",   "was",   "as"};
  if (token.kind == TokenKind::kEnd) return false;
  if (token.kind == TokenKind::kIdent) return std::find(std::begin(kWords), std::end(kWords), Text(token)) != std::end(kWords);
  if (token.kind < TokenKind::kLeftParen || token.kind == TokenKind::kAt) return false;
  if (token.kind == TokenKind::kRightParen || token.kind == TokenKind::kRightBracket || token.kind == TokenKind::kRightBrace) return false;
  // `delete_*`: the end of a pattern, no product.
  const bool glued = token.begin > 0 && text_[token.begin - 1] != ' ' && text_[token.begin - 1] != '\t';
  return !(token.kind == TokenKind::kStar && glued);
}

bool Parser::AtNextStatement(const SkipPlace& place) const {
  // With these a statement goes on in a new line.
  static constexpr std::string_view kWords[] = {"when", "unless", "because", "needs", "scope", "to", "per", "by",  "in",    "keep",  "hash",
                                                "null", "with",   "signed",  "and",   "or",    "on", "of",  "for", "error", "times", "was"};
  if (!current_.starts_line || !At(TokenKind::kIdent) || !place.outside || place.continues) return false;
  if (current_.begin == fault_token_ || AtAnyWord(kWords) || IsCelKeyword(Text(current_))) return false;
  return IndentationOf(current_.begin) <= IndentationOf(statement_begin_);
}

std::uint32_t Parser::IndentationOf(std::uint32_t offset) const {
  std::uint32_t begin = offset;
  while (begin > 0 && (text_[begin - 1] == ' ' || text_[begin - 1] == '\t')) --begin;
  return begin == 0 || text_[begin - 1] == '\n' ? offset - begin : ~0U;
}

void Parser::PoisonDeclaration() {
  static constexpr std::string_view kWords[] = {"import", "let", "fn", "table", "signer", "policy"};
  if (!AtAnyWord(kWords)) return;
  if (const std::string_view name = DeclaredName(); !name.empty()) tree_.broken_names.push_back(name);
}

// The start of a rule or declaration at a line's start, where an expression was left unfinished.
bool Parser::AtStructure() const {
  if (!current_.starts_line || !At(TokenKind::kIdent)) return false;
  if (AtDeclarationStart()) return true;
  if (!AtRuleStart()) return false;
  const Token next = Peek();
  return next.kind == TokenKind::kString || (next.kind == TokenKind::kIdent && !IsCelKeyword(Text(next)));
}

void Parser::ParseWholeFile() {
  while (!At(TokenKind::kEnd)) ParseDeclaration();
  if (layout_ != nullptr && !stopped_) layout_->push_back({current_.begin, current_.end, kStarts});
}

std::optional<ExprId> Parser::ParseLoneExpression() {
  const std::uint32_t faults = sink_.error_count();
  const ExprId id = ParseExpr();
  if (id.valid() && !At(TokenKind::kEnd)) Fail("an operator or the end of the expression");
  if (!id.valid() || sink_.error_count() != faults || stopped_) return std::nullopt;
  return id;
}

std::optional<SignerExpr> Parser::ParseLoneSigners() {
  const std::uint32_t faults = sink_.error_count();
  std::optional<SignerExpr> signers = ParseSigners();
  if (signers && !At(TokenKind::kEnd)) Fail("`and`, `or` or the end");
  if (!signers || sink_.error_count() != faults || stopped_) return std::nullopt;
  return signers;
}

FileTree ParseFile(const SourceFile& file, FileId id, DiagnosticSink& sink, const SourceLimits& limits, std::vector<LayoutToken>* layout) {
  FileTree tree;
  tree.file = id;
  Parser(file, id, tree, sink, limits, layout).ParseWholeFile();
  return tree;
}

std::optional<ExprId> ParseExpressionOnly(const SourceFile& file, FileId id, FileTree& tree, DiagnosticSink& sink,
                                          const SourceLimits& limits) {
  tree.file = id;
  return Parser(file, id, tree, sink, limits, nullptr).ParseLoneExpression();
}

std::optional<SignerExpr> ParseSignersOnly(const SourceFile& file, FileId id, DiagnosticSink& sink, const SourceLimits& limits) {
  FileTree tree;
  tree.file = id;
  return Parser(file, id, tree, sink, limits, nullptr).ParseLoneSigners();
}

}  // namespace writ::dsl
