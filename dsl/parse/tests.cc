// Test blocks: scene lines and cases with their expectations.
#include <algorithm>
#include <limits>

#include "dsl/parse/parser_impl.h"
#include "rules/base/nearest_name.h"
#include "rules/model/time.h"

namespace writ::dsl {
namespace {

using Kind = TestStep::Kind;
using Effect = Expectation::Effect;

constexpr std::uint64_t kMaxTimes = 100'000;  // repetitions of a case: a test must not take for ever

struct StepWord {
  std::string_view word;
  Kind kind;
};

constexpr StepWord kSteps[] = {{"principal", Kind::kPrincipal},
                               {"context", Kind::kContext},
                               {"at", Kind::kAt},
                               {"after", Kind::kAfter},
                               {"data", Kind::kData},
                               {"image", Kind::kImage},
                               {"namespace", Kind::kNamespace},
                               {"unknown", Kind::kUnknown},
                               {"call", Kind::kCall},
                               {"list", Kind::kList},
                               {"read", Kind::kRead},
                               {"prompt", Kind::kPrompt},
                               {"ask", Kind::kAsk},
                               {"row", Kind::kRow},
                               {"filter", Kind::kFilter},
                               {"admit", Kind::kAdmit},
                               {"schema", Kind::kSchema}};

const StepWord* TryFindStep(std::string_view word) {
  const auto* found = std::find_if(std::begin(kSteps), std::end(kSteps), [word](const StepWord& step) { return step.word == word; });
  return found == std::end(kSteps) ? nullptr : found;
}

// What `filter … as` may name. SQL comes later, but tests may be written for it.
constexpr std::string_view kDialects[] = {"cel", "postgres", "sqlite", "mysql"};

struct EffectWord {
  std::string_view word;
  Effect effect;
};

// The words that may follow `->` of a case.
std::span<const EffectWord> EffectsOf(Kind kind) {
  static constexpr EffectWord kConditional = {"conditional", Effect::kConditional};
  static constexpr EffectWord kDecisions[] = {{"allow", Effect::kAllow}, {"deny", Effect::kDeny}, {"warn", Effect::kWarn}, kConditional};
  static constexpr EffectWord kReviews[] = {{"allow", Effect::kAllow}, {"deny", Effect::kDeny}, {"warn", Effect::kWarn}, kConditional};
  static constexpr EffectWord kRows[] = {{"visible", Effect::kVisible}, {"hidden", Effect::kHidden}, kConditional};
  static constexpr EffectWord kFilters[] = {{"all", Effect::kFilterAll}, {"none", Effect::kFilterNone}};
  if (kind == Kind::kRow) return kRows;
  if (kind == Kind::kFilter) return kFilters;
  if (kind == Kind::kAdmit || kind == Kind::kSchema) return kReviews;
  return kDecisions;
}

}  // namespace

bool Parser::AtStepStart() const { return current_.starts_line && At(TokenKind::kIdent) && TryFindStep(Text(current_)) != nullptr; }

bool Parser::ParseTest() {
  TestDecl test;
  const std::uint32_t begin = Take(kStarts).begin;
  if (At(TokenKind::kIdent)) return Fail("the test's name, a string", "write test \"" + std::string(Text(current_)) + "\" { … }");
  const std::optional<StringLiteral> name = ParseString("the test's name, a string");
  if (!name || !ExpectBlock()) return false;
  test.name = *name;
  while (!At(TokenKind::kRightBrace) && !At(TokenKind::kEnd) && !(current_.starts_line && AtDeclarationStart())) {
    const std::uint32_t step = statement_begin_ = current_.begin;
    if (ParseStep(test)) continue;
    if (current_.begin == step) Skip();
    SkipUntil([this](const SkipPlace& place) {
      return AtStepStart() || place.closes_block || (current_.starts_line && AtDeclarationStart()) || AtNextStatement(place);
    });
  }
  const bool closed = ExpectBlockEnd();
  test.span = SpanFrom(begin);
  const auto [first, is_new] = test_names_.emplace(name->value, name->span);
  if (!is_new) {
    sink_.Emit(DiagnosticKind::kRepeatedDeclaration, name->span, {"test \"" + std::string(name->value) + "\"", "written"})
        .related.push_back({first->second, "first written here"});
  }
  tree_.tests.push_back(std::move(test));
  return closed;
}

bool Parser::ParseStep(TestDecl& test) {
  const StepWord* found = At(TokenKind::kIdent) ? TryFindStep(Text(current_)) : nullptr;
  if (found == nullptr) {
    std::vector<std::string_view> words;
    for (const StepWord& step : kSteps) words.push_back(step.word);
    const bool is_text = At(TokenKind::kString) && !current_.starts_line;
    if (is_text)
      return FailAtToken("a test line (principal, call, list, row, admit, …) or `}`", "a part of the message stands behind `because`");
    return FailAtWord("a test line (principal, call, list, row, admit, …) or `}`", words, {ForeignPlace::kStep});
  }
  TestStep step;
  step.kind = found->kind;
  const std::uint32_t faults = fault_count_;
  const std::uint32_t begin = Take(kStarts).begin;
  const bool is_case = step.kind >= Kind::kCall;
  if (At(TokenKind::kColon)) return Fail(is_case ? "what is asked" : "its value", "no `:` stands here");
  if (!(is_case ? ParseCase(step) : ParseScene(step))) return false;
  step.span = SpanFrom(begin);
  return Keep(test.steps, std::move(step), faults);
}

bool Parser::ParseScene(TestStep& step) {
  switch (step.kind) {
    case Kind::kPrincipal:
    case Kind::kContext:
    case Kind::kNamespace: step.value = ParseExpr(); return step.value.valid();
    case Kind::kUnknown: return ParsePaths(step.paths);
    case Kind::kAt: {
      const std::optional<StringLiteral> time = ParseString("a time, as \"2026-11-20T10:00:00Z\"");
      if (!time) return false;
      if (!ParseTimestamp(time->value)) Report(DiagnosticKind::kBadTimestamp, time->span, {time->value});
      step.uri = *time;
      return true;
    }
    case Kind::kAfter: {
      const std::optional<std::int64_t> nanos = ParseDurationToken();
      if (nanos) step.after_nanos = *nanos;
      return nanos.has_value();
    }
    case Kind::kData: {
      const std::optional<Name> name = ParseName("the name of the data", NameUse::kMember);
      if (!name) return false;
      step.word = *name;
      return ParseData(step.value, step.file);
    }
    default: return ParseImageStep(step);
  }
}

// path { "," path }: what nobody knows yet, such as `args.n`.
bool Parser::ParsePaths(std::vector<ExprId>& paths) {
  do {
    if (!At(TokenKind::kIdent)) return Fail("a path, as `args.n`");
    const ExprId path = ParseExpr();
    if (!path.valid()) return false;
    paths.push_back(path);
  } while (TryTake(TokenKind::kComma, kGlueBefore));
  return true;
}

// "REF" ( "signed" "by" names | "not" "signed" "by" names | "unknown" [ names ] | "attested" "TYPE" "by" names {predicate} )
bool Parser::ParseImageStep(TestStep& step) {
  const std::optional<StringLiteral> reference = ParseString("an image reference, a string");
  if (!reference) return false;
  step.uri = *reference;
  if (TryTakeWord("unknown")) {
    step.image_state = TestStep::ImageState::kUnknown;
    if (!At(TokenKind::kIdent) || AtStepStart()) return true;  // of all signers
  } else if (TryTakeWord("attested")) {
    step.image_state = TestStep::ImageState::kAttested;
    const std::optional<StringLiteral> type = ParseString("the type of a predicate");
    if (!type || !ExpectWord("by")) return false;
    step.predicate_type = *type;
  } else {
    if (!AtWord("not") && !AtWord("signed")) return Fail("`signed by`, `not signed by`, `attested` or `unknown`");
    if (TryTakeWord("not")) step.image_state = TestStep::ImageState::kNotSignedBy;
    if (!ExpectWord("signed") || !ExpectWord("by")) return false;
  }
  do {
    const std::optional<Name> signer = ParseName("a signer", NameUse::kMember);
    if (!signer) return false;
    step.signers.push_back(*signer);
  } while (TryTake(TokenKind::kComma, kGlueBefore));
  if (step.image_state != TestStep::ImageState::kAttested) return true;
  step.value = ParseExpr();
  return step.value.valid();
}

// What is asked, [ count "times" ], "->", what is expected.
bool Parser::ParseCase(TestStep& step) {
  if (!ParseQuestion(step)) return false;
  if (At(TokenKind::kInt)) {
    const std::optional<std::uint64_t> times = ParseCount(1, kMaxTimes);
    if (!times || !ExpectWord("times")) return false;
    step.times = *times;
  }
  if (!ExpectArrow(kClause)) return false;
  const std::uint32_t begin = current_.begin;
  if (!ParseExpectation(step)) return false;
  step.expect.span = SpanFrom(begin);
  return true;
}

bool Parser::ParseQuestion(TestStep& step) {
  switch (step.kind) {
    case Kind::kList: return ParseServer(step) && ParseListed(step);
    case Kind::kCall:
    case Kind::kPrompt: {
      if (!ParseServer(step) || !ParseNameOrObject(step)) return false;
      const bool has_let = At(TokenKind::kIdent) && !current_.starts_line;
      if (At(TokenKind::kLeftBrace) || has_let) step.value = ParseExpr();
      if (At(TokenKind::kLeftParen)) return Fail("the arguments, `{…}`, or `->`", "arguments are a map: {\"name\": \"value\"}");
      return step.value.valid() || At(TokenKind::kInt) || AtArrow() || Fail("the arguments, `{…}`, or `->`");
    }
    case Kind::kRead: {
      if (!ParseServer(step)) return false;
      if (At(TokenKind::kLeftBrace)) return (step.name_object = ParseMap()).valid();
      const std::optional<StringLiteral> uri = ParseString("a URI, a string");
      if (uri) step.uri = *uri;
      return uri.has_value();
    }
    case Kind::kAsk: {
      step.value = ParsePrimary();
      if (!step.value.valid() || !ParseNameOrObject(step)) return false;
      step.previous = ParseExpr();
      return step.previous.valid();
    }
    case Kind::kRow:
    case Kind::kFilter: {
      const std::optional<Name> table = ParseName("a table", NameUse::kMember);
      if (!table) return false;
      step.word = *table;
      if (step.kind == Kind::kRow) return ParseData(step.value, step.file);
      if (!ExpectWord("as")) return false;
      return ParseDialect(step);
    }
    default: return ParseAdmitOrSchema(step);
  }
}

bool Parser::ParseDialect(TestStep& step) {
  const std::optional<Name> dialect = ParseName("a dialect", NameUse::kMember);
  if (!dialect) return false;
  step.dialect = *dialect;
  if (std::find(std::begin(kDialects), std::end(kDialects), dialect->text) != std::end(kDialects)) return true;
  const std::string_view closest = NearestName(dialect->text, kDialects);
  Diagnostic* diagnostic = Report(DiagnosticKind::kUnknownDialect, dialect->span, {dialect->text});
  if (diagnostic != nullptr)
    diagnostic->help = closest.empty() ? "dialects are cel, postgres, sqlite and mysql" : "did you mean `" + std::string(closest) + "`?";
  return true;
}

// A name, or the whole object: {"name": "pg", "url": …}. Objects that something follows are read without the operators of
// expressions: `{…} [a]` is an object and a list, not a selection.
bool Parser::ParseServer(TestStep& step) {
  if (At(TokenKind::kLeftBrace)) return (step.server_object = ParseMap()).valid();
  if (At(TokenKind::kIdent)) return Fail("a server's name, a string", "a server stands in quotes: \"" + std::string(Text(current_)) + "\"");
  const std::optional<StringLiteral> server = ParseString("a server's name, a string");
  if (server) step.server = *server;
  return server.has_value();
}

bool Parser::ParseNameOrObject(TestStep& step) {
  if (At(TokenKind::kLeftBrace)) return (step.name_object = ParseMap()).valid();
  return ParseOneName(step.name);
}

// "[" { name | object } "]"
bool Parser::ParseListed(TestStep& step) {
  if (!Expect(TokenKind::kLeftBracket, kOpens | kGlueAfter)) return false;
  while (!At(TokenKind::kRightBracket)) {
    Pattern name;
    ExprId object;
    if (At(TokenKind::kLeftBrace)) {
      object = ParseMap();
      if (!object.valid()) return false;
    } else if (!ParseOneName(name)) {
      return false;
    }
    step.names.push_back(name);
    step.objects.push_back(object);
    if (!TryTake(TokenKind::kComma, kGlueBefore)) break;
  }
  return Expect(TokenKind::kRightBracket, kCloses | kGlueBefore);
}

bool Parser::ParseOneName(Pattern& name) {
  if (At(TokenKind::kLeftBrace)) return Fail("a name", "server and name are two: call \"server\" tool {…}");
  const std::optional<Pattern> parsed = ParsePattern(PatternUse::kOneName);
  if (parsed) name = *parsed;
  return parsed.has_value();
}

// file "…" | a value
bool Parser::ParseData(ExprId& value, StringLiteral& file) {
  if (AtWord("file") && Peek().kind == TokenKind::kString) {
    Take();
    file = *ParseString("a file");
    return true;
  }
  value = ParseExpr();
  return value.valid();
}

// Whether what follows is a kind, as `Pod/exec` or `Deployment.apps`, and not a `let` that stands for the object: a lone name is a kind
// when it has a capital and an object comes after it.
bool Parser::AtKind() const {
  if (!At(TokenKind::kIdent)) return false;
  const Token next = Peek();
  if (next.kind == TokenKind::kSlash || next.kind == TokenKind::kDot) return true;
  const bool has_capital = Text(current_).front() >= 'A' && Text(current_).front() <= 'Z';
  return has_capital && (next.kind == TokenKind::kLeftBrace || (next.kind == TokenKind::kIdent && !next.starts_line));
}

// admit OP [ KIND/SUBRESOURCE ] [ [ object ] DATA ] [ was DATA ], schema "server" tool DATA [ was DATA ]
bool Parser::ParseAdmitOrSchema(TestStep& step) {
  if (step.kind == Kind::kSchema) {
    if (!ParseServer(step) || !ParseNameOrObject(step)) return false;
  } else {
    const std::optional<Name> operation = ParseOperation();
    if (!operation) return false;
    step.word = *operation;
    const bool names_kind = AtKind();
    if (names_kind && !ParseOneName(step.name)) return false;
    if (AtWord("object")) Take();
    if (names_kind && At(TokenKind::kArrow)) return true;  // CONNECT often has no object
  }
  if (!AtWord("was") && !ParseData(step.value, step.file)) return false;
  return !TryTakeWord("was") || ParseData(step.previous, step.previous_file);
}

// "[" names "]"
bool Parser::ParseNames(std::vector<Pattern>& names) {
  if (!Expect(TokenKind::kLeftBracket, kOpens | kGlueAfter)) return false;
  if (!At(TokenKind::kRightBracket) && !ParsePatterns(PatternUse::kOneName, names)) return false;
  return Expect(TokenKind::kRightBracket, kCloses | kGlueBefore);
}

bool Parser::ParseExpectation(TestStep& step) {
  Expectation& expect = step.expect;
  if (step.kind == Kind::kList) {
    expect.effect = Effect::kNames;
    return ParseNames(expect.names);
  }
  if (step.kind == Kind::kFilter && At(TokenKind::kString)) {
    expect.effect = Effect::kFilterText;
    expect.condition = *ParseString("the filter");
    return true;
  }
  if (step.kind != Kind::kFilter && (AtWord("covered") || AtWord("not"))) {
    expect.covered = !TryTakeWord("not");
    return ExpectWord("covered");
  }
  const std::span<const EffectWord> effects = EffectsOf(step.kind);
  const auto found = std::find_if(effects.begin(), effects.end(), [this](const EffectWord& effect) { return AtWord(effect.word); });
  if (found == effects.end()) return FailExpectation(step.kind);
  Take();
  expect.effect = found->effect;
  if (step.kind == Kind::kFilter) return true;
  if (expect.effect == Effect::kConditional && At(TokenKind::kString)) expect.condition = *ParseString("the condition that is left");
  return (expect.effect != Effect::kVisible || ParseExpectedColumns(expect)) && ParseExpectationTail(expect);
}

bool Parser::FailExpectation(Kind kind) {
  std::string expected = kind == Kind::kFilter ? "a filter, a string" : "";
  std::vector<std::string_view> words;
  const std::span<const EffectWord> effects = EffectsOf(kind);
  for (const EffectWord& effect : effects) {
    const std::string_view separator = expected.empty() ? "" : &effect == &effects.back() ? " or " : ", ";
    expected.append(separator).append("`").append(effect.word).append("`");
    words.push_back(effect.word);
  }
  return current_.starts_line ? Fail(expected) : FailAtWord(expected, words, {ForeignPlace::kOutcome});
}

// { "," column value }
bool Parser::ParseExpectedColumns(Expectation& expect) {
  while (TryTake(TokenKind::kComma, kGlueBefore)) {
    const std::optional<Name> column = ParseName("a column", NameUse::kMember);
    if (!column) return false;
    const ExprId value = ParseExpr();
    if (!value.valid()) return false;
    expect.columns.push_back({*column, value});
  }
  return true;
}

// What determined, as `p`, `p.r2`, `acme.p.r2`; in quotes where a rule's `@id` is not a name.
bool Parser::ParseBy(Name& by) {
  if (!by.text.empty()) Report(DiagnosticKind::kDuplicateClause, by.span, {"by"});
  if (At(TokenKind::kString)) {
    const std::optional<StringLiteral> text = ParseString("a policy");
    if (text) by = {text->value, text->span};
    return text.has_value();
  }
  const std::optional<Name> name = ParseDottedName("a policy");
  if (name) by = *name;
  return name.has_value();
}

// "shadow" ( "allow" | "deny" ) [ "by" policy ]
bool Parser::ParseExpectedShadow(Expectation& expect) {
  Expectation::Shadow shadow;
  if (TryTakeWord("allow")) {
    shadow.effect = Effect::kAllow;
  } else if (!ExpectWord("deny")) {
    return false;
  }
  if (TryTakeWord("by") && !ParseBy(shadow.by)) return false;
  expect.shadows.push_back(shadow);
  return true;
}

// "redact" pointer masking
bool Parser::ParseExpectedRedaction(Expectation& expect) {
  const std::optional<StringLiteral> pointer = ParseString("a JSON pointer, a string");
  if (!pointer) return false;
  const std::optional<MaskClause> mask = ParseMasking();
  if (mask) expect.redactions.push_back({*pointer, *mask});
  return mask.has_value();
}

// "retry" "after" duration
bool Parser::ParseExpectedRetry(Expectation& expect) {
  if (!ExpectWord("after")) return false;
  const std::optional<std::int64_t> nanos = ParseDurationToken();
  if (nanos) expect.retry_after_nanos = *nanos;
  return nanos.has_value();
}

// { "by" policy | "because" strings | "needs" "scope" strings | "error" | shadow | redaction | retry }
bool Parser::ParseExpectationTail(Expectation& expect) {
  while (true) {
    const Token word = current_;
    bool is_read = true;
    if (TryTakeWord("because")) {
      is_read = ParseStrings("a part of a message, a string", expect.because);
    } else if (TryTakeWord("needs")) {
      is_read = ExpectWord("scope") && ParseStrings("a scope, a string", expect.needs_scopes);
    } else if (TryTakeWord("by")) {
      is_read = ParseBy(expect.by);
    } else if (TryTakeWord("shadow")) {
      is_read = ParseExpectedShadow(expect);
    } else if (TryTakeWord("redact")) {
      is_read = ParseExpectedRedaction(expect);
    } else if (TryTakeWord("retry")) {
      is_read = ParseExpectedRetry(expect);
    } else if (TryTakeWord("error")) {
      if (expect.error) Report(DiagnosticKind::kDuplicateClause, SpanOf(word), {"error"});
      expect.error = true;
    } else {
      return true;
    }
    if (!is_read) return false;
  }
}

}  // namespace writ::dsl
