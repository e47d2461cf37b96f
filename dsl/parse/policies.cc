// Policies and their rules.
#include <algorithm>
#include <limits>

#include "dsl/parse/parser_impl.h"
#include "rules/base/nearest_name.h"
#include "rules/model/json_pointer.h"

namespace writ::dsl {
namespace {

constexpr Verb kVerbs[] = {Verb::kAllow, Verb::kDeny, Verb::kRequire, Verb::kWarn, Verb::kNote, Verb::kLimit, Verb::kRedact, Verb::kMask};
constexpr std::string_view kOperations[] = {"create", "update", "delete", "connect"};
constexpr std::string_view kVerbWords[] = {"allow", "deny", "require", "warn", "note", "limit", "redact", "mask"};
constexpr std::string_view kClauseWords[] = {"when", "unless", "because", "needs"};
constexpr std::string_view kRuleWords[] = {"allow",  "deny", "require", "warn",   "note",    "limit",
                                           "redact", "mask", "when",    "unless", "because", "needs"};  // what a misspelt word may be

template <typename Range, typename Item>
bool Holds(const Range& range, const Item& item) {
  return std::find(std::begin(range), std::end(range), item) != std::end(range);
}

std::optional<Verb> TryFindVerb(std::string_view word) {
  for (const Verb verb : kVerbs) {
    if (VerbName(verb) == word) return verb;
  }
  return std::nullopt;
}

// Of a policy whose target is not known nothing can be said that depends on it.
bool HasTarget(const PolicyDecl& policy) { return !policy.target_name.text.empty(); }

std::span<const Verb> VerbsOf(const PolicyDecl& policy) { return HasTarget(policy) ? InfoOf(policy.target).verbs : std::span(kVerbs); }

std::string VerbsText(const PolicyDecl& policy) {
  std::string text;
  for (const Verb verb : VerbsOf(policy)) text.append(text.empty() ? "" : ", ").append(VerbName(verb));
  return text;
}

// Whether rules of the policy may name tools, prompts, URIs or actions.
bool TakesPatterns(const PolicyDecl& policy) {
  return !HasTarget(policy) || (policy.target != Target::kRows && policy.target != Target::kAdmission);
}

}  // namespace

bool Parser::AtRuleStart() const { return AtAnyWord(kVerbWords); }

bool Parser::ParsePolicy(std::vector<Attribute> attributes, std::uint32_t begin) {
  PolicyDecl policy;
  policy.attributes = std::move(attributes);
  Take(policy.attributes.empty() ? kStarts : current_.starts_line ? kStartsSoftly : 0);
  if (!ParsePolicyHeader(policy)) {
    SkipUntil([this](const SkipPlace&) { return At(TokenKind::kLeftBrace) || (current_.starts_line && AtDeclarationStart()); });
    if (!At(TokenKind::kLeftBrace)) return false;
  }
  if (!ExpectBlock()) return false;
  const std::uint32_t faults = fault_count_;
  ParseRules(policy, begin);
  const bool closed = ExpectBlockEnd();
  policy.span = SpanFrom(begin);
  if (!HasTarget(policy)) return closed;  // its rules were read for their own faults only
  if (policy.rules.empty() && faults == fault_count_) sink_.Emit(DiagnosticKind::kEmptyPolicy, policy.name.span, {policy.name.text});
  tree_.policies.push_back(std::move(policy));
  return closed;
}

// NAME for TARGET selectors [ in MODE mode ]; the target's name stays empty when it is not known.
bool Parser::ParsePolicyHeader(PolicyDecl& policy) {
  if (At(TokenKind::kString)) return Fail("a policy's name", "a name stands without quotes: policy NAME for tools { … }");
  const std::optional<Name> name = ParseName("a policy's name", NameUse::kMember);
  if (!name) return false;
  policy.name = *name;
  if (!AtWord("for")) {
    const std::string dashed = At(TokenKind::kMinus) ? HelpForToken("`for`") : "";
    return Fail("`for`", dashed.empty() ? "what it is about comes first: policy " + std::string(name->text) + " for tools { … }" : dashed);
  }
  Take();
  const std::optional<Name> target = ParseName("a target", NameUse::kMember);
  if (!target) return false;
  const std::optional<Target> found = TryFindTarget(target->text);
  if (!found) {
    std::vector<std::string_view> names;
    for (std::size_t i = 0; i < kTargetCount; ++i) names.push_back(InfoOf(static_cast<Target>(i)).name);
    const std::string_view closest = NearestName(target->text, names);
    Diagnostic* diagnostic = Report(DiagnosticKind::kUnknownTarget, target->span, {target->text});
    if (diagnostic != nullptr) {
      diagnostic->help = closest.empty() ? "targets are tools, resources, prompts, access, rows, admission and schemas"
                                         : "did you mean `" + std::string(closest) + "`?";
    }
    return false;
  }
  policy.target = *found;
  policy.target_name = *target;
  if (!ParseSelectors(policy) || !ParseMode(policy)) return false;
  if (At(TokenKind::kLeftBrace)) return true;
  const bool has_servers = policy.target != Target::kAccess && policy.target != Target::kRows && policy.target != Target::kAdmission;
  return Fail("`{`", has_servers && policy.scopes.empty() ? "a server is named so: policy " + std::string(policy.name.text) + " for " +
                                                                std::string(target->text) + " on server NAME { … }"
                                                          : std::string());
}

bool Parser::ParseSelectors(PolicyDecl& policy) {
  switch (policy.target) {
    case Target::kTools:
    case Target::kResources:
    case Target::kPrompts:
    case Target::kSchemas:
      if (!TryTakeWord("on")) return true;
      if (!TryTakeWord("server")) return Fail("`server`", "write `on server NAME`");
      return ParsePatterns(PatternUse::kWildcards, policy.scopes);
    case Target::kAccess: return !TryTakeWord("to") || ParsePatterns(PatternUse::kWildcards, policy.scopes);
    case Target::kRows: {
      if (!ExpectWord("of")) return false;
      const std::optional<Name> table = ParseName("a table", NameUse::kMember);
      if (table) policy.scopes.push_back({table->text, table->span, false});
      return table.has_value();
    }
    case Target::kAdmission:
      if (TryTakeWord("of") && !ParsePatterns(PatternUse::kWildcards, policy.scopes)) return false;
      return !TryTakeWord("on") || ParseOperations(policy);
  }
  return false;
}

bool Parser::ParseOperations(PolicyDecl& policy) {
  do {
    const std::optional<Name> operation = ParseOperation();
    if (!operation) return false;
    const bool twice =
        std::any_of(policy.operations.begin(), policy.operations.end(), [&](const Name& other) { return other.text == operation->text; });
    if (twice) Report(DiagnosticKind::kDuplicateClause, operation->span, {operation->text});
    policy.operations.push_back(*operation);
  } while (TryTake(TokenKind::kComma, kGlueBefore));
  return true;
}

// An operation of admission; one that there is not is reported and returned.
std::optional<Name> Parser::ParseOperation() {
  const std::optional<Name> operation = ParseName("an operation (create, update, delete, connect)", NameUse::kMember);
  if (!operation || Holds(kOperations, operation->text)) return operation;
  const std::string_view closest = NearestName(operation->text, kOperations);
  Diagnostic* diagnostic = Report(DiagnosticKind::kUnknownOperation, operation->span, {operation->text});
  if (diagnostic != nullptr)
    diagnostic->help =
        closest.empty() ? "operations are create, update, delete and connect" : "did you mean `" + std::string(closest) + "`?";
  return operation;
}

bool Parser::ParseMode(PolicyDecl& policy) {
  if (!TryTakeWord("in")) return true;
  if (AtWord("shadow")) {
    policy.mode = PolicyMode::kShadow;
  } else if (AtWord("warn")) {
    policy.mode = PolicyMode::kWarn;
  } else {
    return Fail("`shadow` or `warn`");
  }
  Take();
  return ExpectWord("mode");
}

// Rules up to the closing brace, or to where a declaration starts without it.
void Parser::ParseRules(PolicyDecl& policy, std::uint32_t policy_begin) {
  while (!At(TokenKind::kRightBrace) && !At(TokenKind::kEnd)) {
    const std::uint32_t begin = statement_begin_ = current_.begin;
    const bool is_nested = AtNestedDeclaration(policy_begin);
    if (!is_nested && current_.starts_line && AtDeclarationStart()) return;
    if (is_nested ? ParseNestedDeclaration() : ParseRule(policy)) continue;
    if (current_.begin == begin) Skip();
    SkipUntil([this](const SkipPlace& place) { return AtRuleBoundary(place); });
  }
}

// Where rules are picked up again after a fault.
bool Parser::AtRuleBoundary(const SkipPlace& place) const {
  if (place.closes_block) return true;
  return (current_.starts_line && (At(TokenKind::kAt) || AtRuleStart() || AtDeclarationStart())) || AtNextStatement(place);
}

bool Parser::ParseRule(PolicyDecl& policy) {
  RuleDecl rule;
  const std::uint32_t begin = current_.begin;
  const std::uint32_t faults = fault_count_;
  bool verb_allowed = false;
  if (!ParseAttributes(rule.attributes) || !ParseRuleVerb(policy, rule, verb_allowed)) return false;
  bool parsed = ParseRuleHead(policy, rule);
  if (!parsed) {  // the clauses may have faults of their own
    SkipUntil([this](const SkipPlace& place) { return AtAnyWord(kClauseWords) || AtRuleBoundary(place); });
  }
  parsed = ParseClauses(policy, rule) && parsed;
  rule.span = SpanFrom(begin);
  const bool is_whole = parsed && faults == fault_count_ && verb_allowed;
  parsed = parsed && ParseRuleEnd(rule);
  if (is_whole) policy.rules.push_back(std::move(rule));
  return parsed || AtRuleStart() || At(TokenKind::kAt) || At(TokenKind::kRightBrace);
}

bool Parser::ParseRuleVerb(const PolicyDecl& policy, RuleDecl& rule, bool& verb_allowed) {
  const std::optional<Verb> verb = At(TokenKind::kIdent) ? TryFindVerb(Text(current_)) : std::nullopt;
  if (!verb) {
    if (At(TokenKind::kRightBrace) || AtDeclarationStart())
      return FailAtToken(rule.attributes.empty() ? "`}`" : "a rule after its attributes");
    FailAtWord("a rule (" + VerbsText(policy) + ")", kRuleWords, {ForeignPlace::kRule});
    const ForeignWord* word = TryForeign(ForeignPlace::kRule);
    const std::optional<Verb> meant = word == nullptr ? std::nullopt : TryFindVerb(word->meant);
    if (!meant) return false;
    rule.verb = *meant;
    rule.verb_span = SpanOf(Take(kStarts));
    verb_allowed = Holds(VerbsOf(policy), *meant);
    return true;
  }
  rule.verb = *verb;
  rule.verb_span = SpanOf(Take(rule.attributes.empty() ? kStarts : current_.starts_line ? kStartsSoftly : 0));
  const std::span<const Verb> verbs = VerbsOf(policy);
  verb_allowed = Holds(verbs, *verb);
  if (verb_allowed) return true;
  const std::string owner = std::string(policy.target_name.text) + " policies";
  Diagnostic* diagnostic = Report(DiagnosticKind::kVerbNotAllowed, rule.verb_span, {VerbName(*verb), owner});
  if (diagnostic != nullptr) diagnostic->help = "rules of " + owner + ": " + VerbsText(policy);
  return true;
}

// After a whole rule comes another, or the end of the policy.
bool Parser::ParseRuleEnd(const RuleDecl& rule) {
  if (At(TokenKind::kRightBrace) || At(TokenKind::kAt) || AtRuleStart() || AtDeclarationStart()) return true;
  constexpr std::string_view kExpected = "a clause (when, unless, because), the next rule or `}`";
  if (current_.starts_line) {
    statement_begin_ = current_.begin;
    // Verbs of other languages are read as rules of their own.
    if (const ForeignWord* word = TryForeign(ForeignPlace::kRule); word != nullptr && TryFindVerb(word->meant)) return true;
    return FailAtWord(kExpected, kRuleWords, {ForeignPlace::kRule, ForeignPlace::kClause});
  }
  const bool has_clause = rule.when.valid() || rule.unless.valid() || rule.message.span.begin != rule.message.span.end;
  if (!has_clause && (rule.verb == Verb::kAllow || rule.verb == Verb::kDeny || rule.verb == Verb::kWarn)) {
    if (const std::string help = HelpForNames(rule); !help.empty()) return FailAtToken(kExpected, help);
  }
  const ForeignWord* word = TryForeign(ForeignPlace::kOperator);
  if (word != nullptr && has_clause) return FailAtToken(kExpected, ForeignHelp(*word));
  return FailAtWord(kExpected, kRuleWords, {ForeignPlace::kClause, ForeignPlace::kRule});
}

// What to write where names of a rule do not go on as names do, or "".
std::string Parser::HelpForNames(const RuleDecl& rule) const {
  const std::string verb(VerbName(rule.verb));
  if (rule.patterns.empty()) {
    if (At(TokenKind::kLeftBracket) || At(TokenKind::kLeftParen)) return "names stand without brackets: " + verb + " a, b";
    if (At(TokenKind::kLeftBrace)) return "a rule has no braces: " + verb + " NAME when …";
    return At(TokenKind::kColon) ? "no `:` stands here: " + verb + " NAME when …" : "";
  }
  if (At(TokenKind::kLeftBrace)) return "a rule has no braces: " + verb + " NAME when …";
  if (!At(TokenKind::kString) && (!At(TokenKind::kIdent) || TryForeign(ForeignPlace::kClause) != nullptr)) return {};
  static constexpr std::string_view kKinds[] = {"tool", "tools", "prompt", "prompts", "resource", "resources", "action", "actions"};
  const std::string_view first = rule.patterns.back().text;
  if (rule.patterns.size() == 1 && Holds(kKinds, first))
    return "the name stands behind the verb: " + verb + " " + std::string(Text(current_));
  return "names are separated by commas: " + verb + " " +
         std::string(text_.substr(rule.patterns.back().span.begin, rule.patterns.back().span.end - rule.patterns.back().span.begin)) +
         ", " + std::string(Text(current_));
}

bool Parser::ParseRuleHead(const PolicyDecl& policy, RuleDecl& rule) {
  switch (rule.verb) {
    case Verb::kAllow:
    case Verb::kDeny: return ParseRulePatterns(policy, rule);
    case Verb::kRequire: return ParseRequire(rule);
    case Verb::kWarn: return At(TokenKind::kString) ? ParseMessage(rule.message) : ParseRulePatterns(policy, rule);
    case Verb::kNote: return AtAnyWord(kClauseWords) || ParseMessage(rule.message);
    case Verb::kLimit: return ParseRulePatterns(policy, rule) && ParseLimit(rule);
    case Verb::kRedact: return ParseRedact(policy, rule);
    case Verb::kMask: return ParseMask(rule);
  }
  return false;
}

// Whether a name pattern comes, rather than a clause, a rule or the end. Names that are words of rules must be quoted.
bool Parser::AtRulePattern(Verb verb) {
  Lexer ahead = lexer_;
  const Token token = ahead.RelexPattern(current_);
  if (token.kind == TokenKind::kString) return true;
  if (token.kind == TokenKind::kInvalid) return token.fault == LexFault::kBadPattern;
  if (token.kind != TokenKind::kPattern) return false;
  const std::string_view text = ahead.Text(token);
  return !Holds(kVerbWords, text) && !Holds(kClauseWords, text) && !(verb == Verb::kLimit && text == "to");
}

bool Parser::ParseRulePatterns(const PolicyDecl& policy, RuleDecl& rule) {
  if (!AtRulePattern(rule.verb) || AtForeignClause()) return true;
  if (!TakesPatterns(policy) && Holds(InfoOf(policy.target).verbs, rule.verb)) {
    current_ = lexer_.RelexPattern(current_);
    return Fail("`when`, `unless`, `because` or the next rule",
                "rules of " + std::string(policy.target_name.text) + " policies name nothing: the condition says what they are about");
  }
  while (true) {
    const std::optional<Pattern> pattern = ParsePattern(PatternUse::kWildcards);
    if (!pattern) return false;
    rule.patterns.push_back(*pattern);
    const Token comma = current_;
    if (!TryTake(TokenKind::kComma, kGlueBefore)) return true;
    if (!At(TokenKind::kInvalid) && !AtRulePattern(rule.verb) && !AtWordAsName()) {
      ReportTrailingComma(comma);
      return true;
    }
  }
}

// After a comma: whether a word that rules are made of is a name all the same, because nothing follows it that it could begin:
// `allow note, deny` names two tools. In a later line it begins a rule.
bool Parser::AtWordAsName() const {
  if (!At(TokenKind::kIdent) || current_.starts_line) return false;
  const Token next = Peek();
  if (next.starts_line || next.kind == TokenKind::kEnd || next.kind == TokenKind::kRightBrace || next.kind == TokenKind::kComma)
    return true;
  return AtRuleStart() && next.kind == TokenKind::kIdent && Holds(kClauseWords, Text(next));
}

// A comma before a word that rules are made of, which is no name.
void Parser::ReportTrailingComma(const Token& comma) {
  Diagnostic* diagnostic =
      Report(DiagnosticKind::kUnexpectedToken, SpanOf(comma), {"a `,` before " + Describe(current_), "a name or pattern after it"});
  if (diagnostic == nullptr) return;
  diagnostic->help = "take the comma away";
  if (At(TokenKind::kIdent)) diagnostic->help += ", or quote the name: \"" + std::string(Text(current_)) + "\"";
}

bool Parser::ParseRequire(RuleDecl& rule) {
  if (!AtWord("image") || !IsImageRequirement()) {
    rule.requirement = ParseExpr();
    return rule.requirement.valid();
  }
  Take();
  rule.image = ParseExpr();
  if (!rule.image.valid()) return false;
  if (!AtWord("signed") && !AtWord("attested")) return Fail("`signed by` or `attested`");
  if (TryTakeWord("signed")) {
    if (!ExpectWord("by")) return false;
    std::optional<SignerExpr> signers = ParseSigners();
    if (!signers) return false;
    rule.demands.push_back({std::move(*signers), {}, {}});
  }
  while (AtWord("attested")) {
    if (!ParseAttested(rule)) return false;
  }
  return true;
}

// "attested" type [ "by" signers ] [ "where" expr ]; without signers those of `signed by` are meant
bool Parser::ParseAttested(RuleDecl& rule) {
  Take(kClause);
  const std::optional<StringLiteral> type = ParseString("the type of a predicate");
  if (!type) return false;
  DemandClause demand;
  demand.predicate_type = *type;
  if (TryTakeWord("by")) {
    std::optional<SignerExpr> signers = ParseSigners();
    if (!signers) return false;
    demand.signers = std::move(*signers);
  } else if (rule.demands.empty() || rule.demands[0].predicate_type.span.begin != rule.demands[0].predicate_type.span.end) {
    return Fail("`by` and who attests it");
  }
  if (TryTakeWord("where")) {
    demand.condition = ParseExpr();
    if (!demand.condition.valid()) return false;
  }
  rule.demands.push_back(std::move(demand));
  return true;
}

// At `image`: whether `image EXPR signed by …` stands here rather than an expression that begins with a variable of that name. Most
// tokens after it tell; for those that fit both, looks for `signed by` or `attested "…"` before the rule ends.
bool Parser::IsImageRequirement() const {
  Lexer ahead = lexer_;
  Token token = ahead.Next();
  switch (token.kind) {
    case TokenKind::kIdent:
      return ahead.Text(token) != "in" && !Holds(kClauseWords, ahead.Text(token)) && !Holds(kVerbWords, ahead.Text(token));
    case TokenKind::kString:
    case TokenKind::kBytes:
    case TokenKind::kInt:
    case TokenKind::kUint:
    case TokenKind::kDouble: return true;
    case TokenKind::kDot:
    case TokenKind::kLeftParen:
    case TokenKind::kLeftBracket:
    case TokenKind::kLeftBrace:
    case TokenKind::kMinus: break;
    default: return false;
  }
  int brackets = 0;
  TokenKind before = TokenKind::kEnd;
  for (; token.kind != TokenKind::kEnd; before = token.kind, token = ahead.Next()) {
    const std::string_view text = ahead.Text(token);
    if (token.kind == TokenKind::kLeftParen || token.kind == TokenKind::kLeftBracket || token.kind == TokenKind::kLeftBrace) ++brackets;
    if (token.kind == TokenKind::kRightParen || token.kind == TokenKind::kRightBracket || token.kind == TokenKind::kRightBrace) --brackets;
    if (brackets < 0 || token.kind == TokenKind::kAt) return false;
    const bool is_word = token.kind == TokenKind::kIdent && before != TokenKind::kDot;
    if (is_word && brackets == 0 && (text == "signed" || text == "attested")) {
      Lexer further = ahead;
      const Token next = further.Next();
      return text == "signed" ? further.Text(next) == "by" : next.kind == TokenKind::kString;
    }
    if (is_word && (brackets == 0 || token.starts_line) && (Holds(kClauseWords, text) || Holds(kVerbWords, text))) return false;
  }
  return false;
}

// "to" count "per" duration [ "by" keys ]
bool Parser::ParseLimit(RuleDecl& rule) {
  LimitClause limit;
  const std::uint32_t begin = current_.begin;
  if (!ExpectWord("to")) return false;
  const std::optional<std::uint64_t> count = ParseCount(1, 1'000'000'000);
  if (!count || !ExpectWord("per")) return false;
  const std::optional<std::int64_t> period = ParseDurationToken();
  if (!period) return false;
  limit.count = *count;
  limit.period_nanos = *period;
  if (TryTakeWord("by")) {
    do {
      const ExprId key = ParseExpr();
      if (!key.valid()) return false;
      limit.keys.push_back(key);
    } while (TryTake(TokenKind::kComma, kGlueBefore));
  }
  limit.span = SpanFrom(begin);
  rule.limit = std::move(limit);
  return true;
}

// [ patterns ] pointers masking. A string that is empty or starts with `/` is a pointer.
bool Parser::ParseRedact(const PolicyDecl& policy, RuleDecl& rule) {
  const auto at_pointer = [this] {
    if (!At(TokenKind::kString)) return false;
    const LiteralForm form = FormOfLiteral(text_, current_);
    return form.content_begin == form.content_end || text_[form.content_begin] == '/';
  };
  if (!at_pointer() && !ParseRulePatterns(policy, rule)) return false;
  if (!at_pointer()) return Fail("a JSON pointer such as \"/rows/*/card\"");
  if (!ParseStrings("a JSON pointer", rule.pointers)) return false;
  for (const StringLiteral& pointer : rule.pointers) {
    const std::string_view fault = JsonPointerFault(pointer.value);
    if (!fault.empty()) Report(DiagnosticKind::kBadPattern, pointer.span, {pointer.value, fault});
  }
  rule.mask = ParseMasking();
  return rule.mask.has_value();
}

bool Parser::ParseMask(RuleDecl& rule) {
  do {
    const std::optional<Name> column = ParseName("a column", NameUse::kMember);
    if (!column) return false;
    const bool twice = std::any_of(rule.columns.begin(), rule.columns.end(), [&](const Name& other) { return other.text == column->text; });
    if (twice) Report(DiagnosticKind::kDuplicateClause, column->span, {column->text});
    rule.columns.push_back(*column);
  } while (TryTake(TokenKind::kComma, kGlueBefore));
  rule.mask = ParseMasking();
  return rule.mask.has_value();
}

std::optional<MaskClause> Parser::ParseMasking() {
  MaskClause mask;
  const std::uint32_t begin = current_.begin;
  if (TryTakeWord("keep")) {
    if (!AtWord("last") && !AtWord("first")) return Fail("`last` or `first`"), std::nullopt;
    mask.kind = Text(Take()) == "last" ? MaskKind::kKeepLast : MaskKind::kKeepFirst;
    const std::optional<std::uint64_t> count = ParseCount(0, 1'000'000);
    if (!count) return std::nullopt;
    mask.count = static_cast<std::uint32_t>(*count);
  } else if (TryTakeWord("hash")) {
    mask.kind = MaskKind::kHash;
  } else if (TryTakeWord("null")) {
    mask.kind = MaskKind::kNull;
  } else if (TryTakeWord("with")) {
    mask.kind = MaskKind::kReplace;
    const std::optional<StringLiteral> replacement = ParseString("the replacement, a string");
    if (!replacement) return std::nullopt;
    mask.replacement = *replacement;
  } else {
    return Fail("`keep last N`, `keep first N`, `hash`, `null` or `with \"…\"`"), std::nullopt;
  }
  mask.span = SpanFrom(begin);
  return mask;
}

// The clauses of a rule, each reported on its own.
bool Parser::ParseClauses(const PolicyDecl& policy, RuleDecl& rule) {
  bool parsed = true;
  while (AtAnyWord(kClauseWords) || AtForeignClause()) {
    if (ParseClause(policy, rule)) continue;
    parsed = false;
    SkipUntil([this](const SkipPlace& place) { return AtAnyWord(kClauseWords) || AtRuleBoundary(place); });
  }
  if (parsed && rule.verb == Verb::kNote && rule.message.span.begin == rule.message.span.end) return Fail("the text of the note, a string");
  return parsed;
}

void Parser::CheckClauseAllowed(std::string_view clause, const Token& word, const RuleDecl& rule, bool given_before) {
  const bool fits =
      clause == "needs" ? rule.verb == Verb::kAllow : clause != "because" || (rule.verb != Verb::kMask && rule.verb != Verb::kRedact);
  if (given_before) {
    Diagnostic* diagnostic = Report(DiagnosticKind::kDuplicateClause, SpanOf(word), {clause});
    if (diagnostic != nullptr && clause == "when") diagnostic->help = "join the conditions by `&&`, or write another rule";
    if (diagnostic != nullptr && clause == "unless") diagnostic->help = "join the conditions by `||`";
  } else if (!fits) {
    Report(DiagnosticKind::kClauseNotAllowed, SpanOf(word), {clause, "`" + std::string(VerbName(rule.verb)) + "` rules"});
  }
}

bool Parser::ParseClause(const PolicyDecl& policy, RuleDecl& rule) {
  const ForeignWord* foreign = AtAnyWord(kClauseWords) ? nullptr : TryForeign(ForeignPlace::kClause);
  if (foreign != nullptr) ReportInstead(SpanOf(current_), foreign->meant);
  const Token word = Take(kClause);
  const std::string_view clause = foreign != nullptr ? foreign->meant : Text(word);
  if (At(TokenKind::kColon)) {
    FailAtToken("what `" + std::string(clause) + "` says", "no `:` stands here");
    Take();
  }
  if (clause == "because") {
    CheckClauseAllowed(clause, word, rule, rule.message.span.begin != rule.message.span.end);
    return ParseMessage(rule.message);
  }
  if (clause == "needs") {
    CheckClauseAllowed(clause, word, rule, !rule.needs_scopes.empty());
    if (HasTarget(policy) && policy.target == Target::kAccess)
      Report(DiagnosticKind::kClauseNotAllowed, SpanOf(word), {clause, "access policies: they have no principal"});
    return ExpectWord("scope") && ParseStrings("a scope, a string", rule.needs_scopes);
  }
  ExprId& condition = clause == "when" ? rule.when : rule.unless;
  CheckClauseAllowed(clause, word, rule, condition.valid());
  condition = ParseExpr();
  return condition.valid();
}

// or: { and "or" and }
std::optional<SignerExpr> Parser::ParseSigners() {  // NOLINT(misc-no-recursion): depth <= max_expression_depth
  const Nesting nesting(*this);
  if (IsTooDeep()) return std::nullopt;
  const std::uint32_t begin = current_.begin;
  std::optional<SignerExpr> first = ParseSignersAnd();
  if (!first || !AtWord("or")) return first;
  SignerExpr any;
  any.kind = SignerExpr::Kind::kAtLeast;
  any.needed = 1;
  any.operands.push_back(std::move(*first));
  while (TryTakeWord("or")) {
    std::optional<SignerExpr> next = ParseSignersAnd();
    if (!next) return std::nullopt;
    any.operands.push_back(std::move(*next));
  }
  any.span = SpanFrom(begin);
  return any;
}

std::optional<SignerExpr> Parser::ParseSignersAnd() {  // NOLINT(misc-no-recursion): see ParseSigners
  const std::uint32_t begin = current_.begin;
  std::optional<SignerExpr> first = ParseSignersOne();
  if (!first || !AtWord("and")) return first;
  SignerExpr all;
  all.kind = SignerExpr::Kind::kAtLeast;
  all.operands.push_back(std::move(*first));
  while (TryTakeWord("and")) {
    std::optional<SignerExpr> next = ParseSignersOne();
    if (!next) return std::nullopt;
    all.operands.push_back(std::move(*next));
  }
  all.needed = static_cast<std::uint32_t>(all.operands.size());
  all.span = SpanFrom(begin);
  return all;
}

// name | "(" signers ")" | count "of" "(" signers { "," signers } ")"
std::optional<SignerExpr> Parser::ParseSignersOne() {  // NOLINT(misc-no-recursion): see ParseSigners
  const Token start = current_;
  SignerExpr one;
  if (TryTake(TokenKind::kLeftParen, kOpens | kGlueAfter)) {
    std::optional<SignerExpr> inner = ParseSigners();
    if (!inner || !Expect(TokenKind::kRightParen, kCloses | kGlueBefore)) return std::nullopt;
    return inner;
  }
  if (!At(TokenKind::kInt)) {
    const std::optional<Name> name = ParseName("a signer", NameUse::kMember);
    if (!name) return std::nullopt;
    one.signer = *name;
    one.span = name->span;
    return one;
  }
  const std::optional<std::uint64_t> needed = ParseCount(1, std::numeric_limits<std::uint32_t>::max());
  if (!needed || !ExpectWord("of") || !Expect(TokenKind::kLeftParen, kOpens | kGlueAfter)) return std::nullopt;
  one.kind = SignerExpr::Kind::kAtLeast;
  one.needed = static_cast<std::uint32_t>(*needed);
  do {
    std::optional<SignerExpr> operand = ParseSigners();
    if (!operand) return std::nullopt;
    one.operands.push_back(std::move(*operand));
  } while (TryTake(TokenKind::kComma, kGlueBefore));
  if (!Expect(TokenKind::kRightParen, kCloses | kGlueBefore)) return std::nullopt;
  if (one.needed > one.operands.size()) {
    Report(DiagnosticKind::kBadNumber, SpanOf(start), {Text(start), "met by " + std::to_string(one.operands.size()) + " signers"});
  }
  one.span = SpanFrom(start.begin);
  return one;
}

}  // namespace writ::dsl
