// Declarations other than policies and tests: package, import, let, fn, table, signer; types and attributes.
#include <algorithm>
#include <array>

#include "dsl/parse/parser_impl.h"
#include "rules/base/nearest_name.h"

namespace writ::dsl {

// One declaration of the file; on a fault skips to the next.
void Parser::ParseDeclaration() {
  const std::uint32_t begin = statement_begin_ = current_.begin;
  std::vector<Attribute> attributes;
  bool parsed = ParseAttributes(attributes);
  if (!attributes.empty() && parsed && !AtWord("policy")) parsed = FailAtToken("`policy` after its attributes");
  if (parsed) parsed = ParseDeclarationAfter(std::move(attributes), begin);
  if (parsed) return;
  statement_begin_ = begin;
  if (current_.begin == begin) Skip();
  SkipUntil([this](const SkipPlace& place) {
    return (At(TokenKind::kAt) && current_.starts_line) || AtDeclarationStart() || AtNextStatement(place);
  });
}

bool Parser::ParseDeclarationAfter(std::vector<Attribute> attributes, std::uint32_t begin) {
  const std::uint32_t faults = fault_count_;
  const std::string_view name = DeclaredName();
  const bool is_package = AtWord("package");
  bool parsed = false;
  if (AtWord("policy")) {
    parsed = ParsePolicy(std::move(attributes), begin);
  } else if (AtWord("test")) {
    parsed = ParseTest();
  } else if (AtWord("package")) {
    parsed = ParsePackage();
  } else if (AtWord("import")) {
    parsed = ParseImport();
  } else if (AtWord("let")) {
    parsed = ParseLet();
  } else if (AtWord("fn")) {
    parsed = ParseFn();
  } else if (AtWord("table")) {
    parsed = ParseTable();
  } else if (AtWord("signer")) {
    parsed = ParseSigner();
  } else {
    static constexpr std::string_view kWords[] = {"policy", "test", "package", "import", "let", "fn", "table", "signer"};
    parsed = FailAtWord("a declaration (policy, test, let, fn, table, signer, import)", kWords, {ForeignPlace::kDeclaration});
  }
  if (parsed && faults == fault_count_) return true;
  if (!name.empty()) tree_.broken_names.push_back(name);
  if (is_package) tree_.complete = false;  // whose names are visible here is not known
  return parsed;
}

// The name that the declaration at the current token declares, or "".
std::string_view Parser::DeclaredName() const {
  if (!At(TokenKind::kIdent)) return {};
  Lexer ahead = lexer_;
  Token name = ahead.Next();
  if (name.kind == TokenKind::kIdent && ahead.Text(name) == "data") name = ahead.Next();  // import data NAME
  return name.kind == TokenKind::kIdent ? ahead.Text(name) : std::string_view();
}

bool Parser::ParsePackage() {
  const Token word = Take(kStarts);
  if (At(TokenKind::kString)) return Fail("a package name", "a name stands without quotes: package acme.fleet");
  const std::optional<Name> name = ParseDottedName("a package name");
  if (!name) return false;
  const bool first = tree_.imports.empty() && tree_.lets.empty() && tree_.fns.empty() && tree_.tables.empty() && tree_.signers.empty() &&
                     tree_.policies.empty() && tree_.tests.empty();
  if (!tree_.package.text.empty()) {
    Report(DiagnosticKind::kDuplicateClause, SpanOf(word), {"package"});
  } else if (!first) {
    Diagnostic* diagnostic = Report(DiagnosticKind::kUnexpectedToken, SpanOf(word), {"`package`", "a declaration"});
    if (diagnostic != nullptr) diagnostic->help = "`package` comes first in a file";
  } else {
    tree_.package = *name;
  }
  return true;
}

bool Parser::ParseImport() {
  const std::uint32_t begin = Take(kStarts).begin;
  if (!TryTakeWord("data")) return FailAtPackageImport();
  if (At(TokenKind::kDot)) return Fail("the name of the data", "write import data NAME, without a `.`");
  if (At(TokenKind::kString)) return Fail("the name of the data", "name it here, and give its file by --data NAME=FILE");
  const std::optional<Name> name = ParseName("the name of the data", NameUse::kMember);
  if (!name) return false;
  for (const ImportDecl& import : tree_.imports) {
    if (import.name.text != name->text) continue;
    sink_.Emit(DiagnosticKind::kRepeatedDeclaration, name->span, {"data `" + std::string(name->text) + "`", "imported"})
        .related.push_back({import.name.span, "first imported here"});
    break;
  }
  tree_.imports.push_back({*name, SpanFrom(begin)});
  return true;
}

// `import acme.common`: read to its end, so that it is one fault.
bool Parser::FailAtPackageImport() {
  const bool is_rego = AtWord("rego") || AtWord("future");
  const bool is_name = At(TokenKind::kIdent);
  Fail("`data`", is_rego                                     ? "Rego's imports are not needed"
                 : is_name && Peek().kind != TokenKind::kDot ? "write import data " + std::string(Text(current_))
                                                             : "packages cannot be imported yet; `import data NAME` imports data");
  while (!current_.starts_line && !At(TokenKind::kEnd)) Skip();
  return false;
}

bool Parser::ParseLet() {
  const std::uint32_t faults = fault_count_;
  const std::uint32_t begin = Take(kStarts).begin;
  const std::optional<Name> name = ParseName("a name", NameUse::kVariable);
  if (!name) return false;
  if (At(TokenKind::kColon)) {
    const bool is_walrus = Peek().kind == TokenKind::kAssign && IsGlued(Peek());
    if (!is_walrus) return Fail("`=`", "a `let` has the type of its value: let " + std::string(name->text) + " = …");
    ReportInstead({file_, current_.begin, Peek().end}, "=");
    Take();
  }
  if (!Expect(TokenKind::kAssign)) return false;
  const ExprId value = ParseExpr();
  if (!value.valid()) return false;
  return Keep(tree_.lets, {*name, value, SpanFrom(begin)}, faults);
}

bool Parser::ParseFn() {
  FnDecl fn;
  const std::uint32_t faults = fault_count_;
  const std::uint32_t begin = Take(kStarts).begin;
  const std::optional<Name> name = ParseName("a name", NameUse::kVariable);
  if (!name || !Expect(TokenKind::kLeftParen, kOpens | kGlueBefore | kGlueAfter)) return false;
  fn.name = *name;
  while (!At(TokenKind::kRightParen)) {
    const std::optional<Name> parameter = ParseName("a parameter", NameUse::kVariable);
    if (!parameter) return false;
    if (!At(TokenKind::kColon)) return Fail("`:`", "a parameter has a type: fn " + std::string(name->text) + "(x: int) -> int = …");
    Take(kGlueBefore);
    std::optional<TypeExpr> type = ParseType();
    if (!type) return false;
    fn.parameters.push_back({*parameter, std::move(*type)});
    if (!TryTake(TokenKind::kComma, kGlueBefore)) break;
  }
  if (!Expect(TokenKind::kRightParen, kCloses | kGlueBefore)) return false;
  const std::string form = "write fn " + std::string(name->text) + "(…) -> TYPE = …";
  if (At(TokenKind::kAssign) && !AtFatArrow()) return Fail("`->`", form);
  if (At(TokenKind::kLeftBrace)) return Fail("`->`", form);
  if (!ExpectArrow(0)) return false;
  std::optional<TypeExpr> result = ParseType();
  if (!result) return false;
  if (!At(TokenKind::kAssign) || AtFatArrow()) return Fail("`=`", form);
  Take();
  fn.result = std::move(*result);
  fn.body = ParseExpr();
  if (!fn.body.valid()) return false;
  fn.span = SpanFrom(begin);
  return Keep(tree_.fns, std::move(fn), faults);
}

// name [ "(" types ")" ] [ "?" ]
std::optional<TypeExpr> Parser::ParseType() {  // NOLINT(misc-no-recursion): depth <= max_expression_depth
  const Nesting nesting(*this);
  if (IsTooDeep()) return std::nullopt;
  const std::uint32_t begin = current_.begin;
  if (At(TokenKind::kLeftBracket)) return Fail("a type", "write `list(string)` or `list(dyn)`"), std::nullopt;
  if (At(TokenKind::kLeftBrace)) return Fail("a type", "write `map(string, dyn)`"), std::nullopt;
  const std::optional<Name> name = ParseName("a type", NameUse::kMember);
  if (!name) return std::nullopt;
  TypeExpr type;
  type.name = name->text;
  if (!ParseTypeParameters(type)) return std::nullopt;
  RefuseBrackets(type);
  type.optional = TryTake(TokenKind::kQuestion, kGlueBefore);
  type.span = SpanFrom(begin);
  return type;
}

// [ "(" types ")" ]; `<…>` is reported and read as if it were.
bool Parser::ParseTypeParameters(TypeExpr& type) {  // NOLINT(misc-no-recursion): see ParseType
  const bool angled = At(TokenKind::kLess) && current_.begin == last_end_;
  if (angled) ReportInstead(SpanOf(current_), "(", "write `list(string)`, `map(string, int)`");
  if (!At(TokenKind::kLeftParen) && !angled) return true;
  Take(kOpens | kGlueBefore | kGlueAfter);
  do {
    if (At(TokenKind::kInt)) {
      const ForeignWord* word = TryFindForeignWord(ForeignPlace::kType, type.name);
      return FailAtToken("a type", "a type has no length: " + (word != nullptr ? ForeignHelp(*word) : "leave `(…)` out"));
    }
    std::optional<TypeExpr> parameter = ParseType();
    if (!parameter) return false;
    type.parameters.push_back(std::move(*parameter));
  } while (TryTake(TokenKind::kComma, kGlueBefore));
  return Expect(angled ? TokenKind::kGreater : TokenKind::kRightParen, kCloses | kGlueBefore);
}

// `string[]`: reported and read as list(string).
void Parser::RefuseBrackets(TypeExpr& type) {
  if (!At(TokenKind::kLeftBracket) || Peek().kind != TokenKind::kRightBracket) return;
  const std::string meant = "list(" + std::string(type.name) + ")";
  ReportInstead({file_, current_.begin, Peek().end}, meant);
  Take();
  Take();
  type.parameters = {type};
  type.name = "list";
}

bool Parser::ParseTable() {
  TableDecl table;
  const std::uint32_t faults = fault_count_;
  const std::uint32_t begin = Take(kStarts).begin;
  const std::optional<Name> name = ParseName("a table name", NameUse::kMember);
  if (!name) return false;
  table.name = *name;
  while (AtWord("stored")) {
    if (!ParseStoredAs(table.storage, HasPointer::kNo)) return false;
  }
  if (!ExpectBlock("write table " + std::string(name->text) + " { column: type }")) return false;
  comma_reported_ = false;
  const auto at_column = [this] { return At(TokenKind::kIdent) && Peek().kind == TokenKind::kColon; };
  while (!At(TokenKind::kRightBrace) && !At(TokenKind::kEnd) && !(current_.starts_line && AtDeclarationStart())) {
    const std::uint32_t column = statement_begin_ = current_.begin;
    if (ParseColumn(table)) continue;
    if (current_.begin == column) Skip();
    SkipUntil([&](const SkipPlace& place) {
      return at_column() || place.closes_block || (current_.starts_line && AtDeclarationStart()) || AtNextStatement(place);
    });
  }
  if (!ExpectBlockEnd()) return false;
  table.span = SpanFrom(begin);
  return Keep(tree_.tables, std::move(table), faults);
}

// name ":" type, or a relation
bool Parser::ParseColumn(TableDecl& table) {
  const std::optional<Name> name = ParseName("a column", NameUse::kMember, kStartsSoftly);
  if (!name) return false;
  if (!At(TokenKind::kColon)) {
    const std::string dashed = At(TokenKind::kMinus) ? HelpForToken("`:`") : "";
    const Token type = At(TokenKind::kIdent) ? current_ : Peek();
    const std::string_view shown = type.kind == TokenKind::kIdent && !type.starts_line ? Text(type) : "string";
    return Fail("`:`", dashed.empty() ? "write " + std::string(name->text) + ": " + std::string(shown) : dashed);
  }
  Take(kGlueBefore);
  if (AtRelation()) return ParseRelation(*name, table);
  if (AtWordsOfRelation() && Text(Peek()) != "exact") {  // `string exact on postgres`
    static constexpr std::string_view kWords[] = {"many", "one"};
    return FailAtWord("`many` or `one`", kWords);
  }
  const std::uint32_t type_begin = current_.begin;
  std::optional<TypeExpr> type = ParseType();
  if (!type) return false;
  ColumnDecl column{*name, std::move(*type), {}};
  const std::uint32_t type_end = last_end_;
  while (AtStorage()) {
    if (!ParseStorage(column)) return false;
  }
  table.columns.push_back(std::move(column));
  return ParseColumnEnd(*name, text_.substr(type_begin, type_end - type_begin));
}

// Nothing stands between columns. What SQL and other languages write there is reported; commas once in a table.
bool Parser::ParseColumnEnd(const Name& column, std::string_view type) {
  while (At(TokenKind::kComma) || (At(TokenKind::kInvalid) && Text(current_) == ";")) {
    if (!comma_reported_) {
      const std::string found = "`" + std::string(Text(current_)) + "`";
      Diagnostic* diagnostic = Report(DiagnosticKind::kUnexpectedToken, SpanOf(current_), {found, "a column or `}`"});
      if (diagnostic != nullptr) diagnostic->help = "nothing separates columns: table NAME { a: int  b: string }";
    }
    comma_reported_ = true;
    last_end_ = current_.end;
    current_ = lexer_.Next();
  }
  const ForeignWord* word = Peek().kind == TokenKind::kColon ? nullptr : TryForeign(ForeignPlace::kColumn);
  if (word != nullptr) {
    const bool is_nullable = Text(current_) == "null" || Text(current_) == "nullable";
    return FailAtToken("a column or `}`",
                       is_nullable ? "write `" + std::string(column.text) + ": " + std::string(type) + "?`" : ForeignHelp(*word));
  }
  if (!At(TokenKind::kInvalid) || Text(current_) != "|") return true;
  Diagnostic* diagnostic = Report(DiagnosticKind::kUnexpectedToken, SpanOf(current_), {"`|`", "a column or `}`"});
  if (diagnostic != nullptr) diagnostic->help = "a column that may be null has a `?` behind its type: `" + std::string(type) + "?`";
  return false;
}

// `many` and `one` are types unless `TABLE on` follows.
bool Parser::AtRelation() const { return (AtWord("many") || AtWord("one")) && AtWordsOfRelation(); }

// name TABLE "on"
bool Parser::AtWordsOfRelation() const {
  Lexer ahead = lexer_;
  return At(TokenKind::kIdent) && ahead.Next().kind == TokenKind::kIdent && ahead.Text(ahead.Next()) == "on";
}

// ("many" | "one") table "on" table "." column "=" column { "and" … }
bool Parser::ParseRelation(Name name, TableDecl& table) {
  RelationDecl relation;
  relation.name = name;
  relation.many = Text(Take()) == "many";
  const std::optional<Name> other = ParseName("a table", NameUse::kMember);
  if (!other || !ExpectWord("on")) return false;
  const std::optional<Name> their_table = ParseName("a table", NameUse::kMember);
  if (!their_table || !Expect(TokenKind::kDot, kGlueBefore | kGlueAfter)) return false;
  const std::optional<Name> their_column = ParseName("a column", NameUse::kMember);
  if (!their_column || !Expect(TokenKind::kAssign)) return false;
  const std::optional<Name> our_column = ParseName("a column", NameUse::kMember);
  if (!our_column) return false;
  relation.table = *other;
  relation.their_table = *their_table;
  relation.their_column = *their_column;
  relation.our_column = *our_column;
  while (AtWord("and") && Peek().kind != TokenKind::kColon) {
    if (!ParseRelationTerm(relation)) return false;
  }
  table.relations.push_back(std::move(relation));
  return true;
}

// signer NAME key "file" [ { … } ] | signer NAME keyless { … } | signer NAME certificate { … }
bool Parser::ParseSigner() {
  SignerDecl signer;
  const std::uint32_t faults = fault_count_;
  const std::uint32_t begin = Take(kStarts).begin;
  const std::optional<Name> name = ParseName("a signer's name", NameUse::kMember);
  if (!name) return false;
  signer.name = *name;
  if (TryTakeWord("key")) {
    const std::optional<StringLiteral> key = ParseString("the file of the public key");
    if (!key) return false;
    signer.key = *key;
    const SignerField fields[] = {{"trust", &signer.trust, false}};
    if (At(TokenKind::kLeftBrace) && !ParseSignerBody(signer, fields)) return false;
  } else if (TryTakeWord("keyless")) {
    signer.kind = Signer::Kind::kKeyless;
    const SignerField fields[] = {{"issuer", &signer.issuer}, {"subject", &signer.subject}, {"trust", &signer.trust}};
    if (!ParseSignerBody(signer, fields)) return false;
  } else if (TryTakeWord("certificate")) {
    signer.kind = Signer::Kind::kOwnPki;
    const SignerField fields[] = {{"roots", &signer.trust}, {"subject", &signer.subject}, {"issuer", &signer.issuer, false}};
    if (!ParseSignerBody(signer, fields)) return false;
  } else {
    return Fail("`keyless`, `key` or `certificate`");
  }
  signer.span = SpanFrom(begin);
  return Keep(tree_.signers, std::move(signer), faults);
}

// "{" members "}", in any order
bool Parser::ParseSignerBody(SignerDecl& signer, std::span<const SignerField> fields) {
  if (!ExpectBlock()) return false;
  const std::uint32_t faults = fault_count_;
  while (!At(TokenKind::kRightBrace) && !At(TokenKind::kEnd) && !(current_.starts_line && AtDeclarationStart())) {
    const std::uint32_t begin = statement_begin_ = current_.begin;
    if (ParseSignerField(signer, fields)) continue;
    if (current_.begin == begin) Skip();
    SkipUntil([&](const SkipPlace& place) {
      return AtSignerField(fields) || place.closes_block || (current_.starts_line && AtDeclarationStart()) || AtNextStatement(place);
    });
  }
  for (const SignerField& field : fields) {
    if (faults == fault_count_ && field.is_needed && field.literal->span.begin == field.literal->span.end)
      FailAtToken("`" + std::string(field.word) + " \"…\"`: the signer needs it");
  }
  return ExpectBlockEnd();
}

bool Parser::AtSignerField(std::span<const SignerField> fields) const {
  const bool is_field = std::any_of(fields.begin(), fields.end(), [this](const SignerField& field) { return AtWord(field.word); });
  return is_field || (At(TokenKind::kIdent) && TryFindSignerOption(Text(current_)).has_value());
}

bool Parser::ParseSignerField(SignerDecl& signer, std::span<const SignerField> fields) {
  const auto field = std::find_if(fields.begin(), fields.end(), [this](const SignerField& each) { return AtWord(each.word); });
  if (field == fields.end()) {
    const std::optional<SignerOptionKind> option = At(TokenKind::kIdent) ? TryFindSignerOption(Text(current_)) : std::nullopt;
    if (option) return ParseSignerOption(*option, signer);
    std::vector<std::string_view> words;
    for (const SignerField& each : fields) words.push_back(each.word);
    std::string expected;
    for (const std::string_view word : words) expected += (expected.empty() ? "`" : ", `") + std::string(word) + "`";
    for (std::size_t i = 0; i < kSignerOptionCount; ++i) words.push_back(InfoOf(static_cast<SignerOptionKind>(i)).word);
    return FailAtWord(expected + ", an option or `}`", words);
  }
  const Token word = Take(kStartsSoftly);
  if (field->literal->span.begin != field->literal->span.end) Report(DiagnosticKind::kDuplicateClause, SpanOf(word), {field->word});
  const std::optional<StringLiteral> literal = ParseString("a string");
  if (literal) *field->literal = *literal;
  return literal.has_value();
}

// WORD value | WORD "name" "value", as the list of options says
bool Parser::ParseSignerOption(SignerOptionKind kind, SignerDecl& signer) {
  const SignerOptionInfo& info = InfoOf(kind);
  const Token word = Take(kStartsSoftly);
  SignerOptionClause clause{kind, SpanOf(word), {}, {}};
  if (info.is_pair()) {
    const std::optional<StringLiteral> name = ParseString("a name as a string");
    if (!name) return false;
    clause.name = *name;
  }
  if (info.is_pair() || info.is_text()) {
    const std::optional<StringLiteral> value = ParseString("a string");
    if (!value) return false;
    clause.value = *value;
  } else {
    if (!At(TokenKind::kIdent) || !TakesValue(info, Text(current_))) return FailAtToken("one of " + std::string(info.values));
    const Token value = Take();
    clause.value = {Text(value), SpanOf(value)};
  }
  const bool is_twice = std::any_of(signer.options.begin(), signer.options.end(), [&](const SignerOptionClause& other) {
    return other.kind == kind && other.name.value == clause.name.value;
  });
  if (is_twice) Report(DiagnosticKind::kDuplicateClause, SpanOf(word), {info.word});
  signer.options.push_back(clause);
  return true;
}

// Any number of @name(value).
bool Parser::ParseAttributes(std::vector<Attribute>& attributes) {
  while (At(TokenKind::kAt)) {
    if (!ParseAttribute(attributes, attributes.empty() ? kStarts : current_.starts_line ? kStartsSoftly : 0)) return false;
  }
  return true;
}

bool Parser::ParseAttribute(std::vector<Attribute>& attributes, int layout) {
  static constexpr std::string_view kNames[] = {"id", "severity", "title", "see"};
  static constexpr std::string_view kSeverities[] = {"info", "low", "medium", "high", "critical"};
  Take(layout | kGlueAfter);
  const std::optional<Name> name = ParseName("an attribute's name", NameUse::kMember);
  if (!name) return false;
  if (!At(TokenKind::kLeftParen)) {
    Diagnostic* diagnostic = Report(DiagnosticKind::kBadAttribute, name->span, {name->text, "a value in parentheses"});
    if (diagnostic != nullptr)
      diagnostic->help = "write `@" + std::string(name->text) + (name->text == "severity" ? "(high)`" : "(\"…\")`");
    return false;
  }
  Take(kOpens | kGlueBefore | kGlueAfter);
  if (!At(TokenKind::kString) && !At(TokenKind::kIdent)) return Fail("a string or a word");
  const Token token = Take();
  const Attribute attribute{*name, token.kind == TokenKind::kString ? Decode(token) : Text(token), SpanOf(token)};
  const bool known = std::find(std::begin(kNames), std::end(kNames), name->text) != std::end(kNames);
  if (!known) {
    const std::string_view closest = NearestName(name->text, kNames);
    Diagnostic* diagnostic = Report(DiagnosticKind::kUnknownAttribute, name->span, {name->text});
    if (diagnostic != nullptr)
      diagnostic->help =
          closest.empty() ? "attributes are @id, @severity, @title and @see" : "did you mean `@" + std::string(closest) + "`?";
  } else if (name->text == "severity" &&
             std::find(std::begin(kSeverities), std::end(kSeverities), attribute.value) == std::end(kSeverities)) {
    Report(DiagnosticKind::kBadAttribute, attribute.value_span, {name->text, "info, low, medium, high or critical"});
  } else if (attribute.value.empty()) {
    Report(DiagnosticKind::kBadAttribute, attribute.value_span, {name->text, "text that is not empty"});
  }
  const bool twice =
      std::any_of(attributes.begin(), attributes.end(), [&](const Attribute& other) { return other.name.text == name->text; });
  if (twice && known) Report(DiagnosticKind::kDuplicateClause, name->span, {"@" + std::string(name->text)});
  attributes.push_back(attribute);
  return Expect(TokenKind::kRightParen, kCloses | kGlueBefore);
}

}  // namespace writ::dsl
