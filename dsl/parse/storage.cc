// How tables, columns and relations are stored, behind what they are: see StorageClause
// (dsl/syntax/tree.h).
#include <algorithm>
#include <string>
#include <vector>

#include "dsl/parse/parser_impl.h"
#include "rules/model/column_option.h"

namespace writ::dsl {

// Words of their own only behind a type: `exact: bool` is a column.
bool Parser::AtStorage() {
  if (Peek().kind == TokenKind::kColon) return false;
  if (AtWord("null")) return Text(Peek()) == "as";
  return AtWord("stored") || AtWord("kept") || AtWord("exact");
}

// "stored" "as" …, "kept" "as" layout, "exact", "null" "as" "absent"; each but the last with [ "on"
// dialect ]
bool Parser::ParseStorage(ColumnDecl& column) {
  if (AtWord("stored")) return ParseStoredAs(column.storage, HasPointer::kYes);
  StorageClause clause;
  const Token first = Take();
  if (Text(first) == "exact") {
    clause.kind = ColumnOptionKind::kExact;
  } else if (!ExpectWord("as")) {
    return false;
  } else if (Text(first) == "null") {
    clause.kind = ColumnOptionKind::kNullIsAbsent;
    if (!ExpectWord("absent")) return false;
  } else {
    clause.kind = ColumnOptionKind::kLayout;
    if (!At(TokenKind::kIdent) || !IsColumnLayout(Text(current_))) {
      static constexpr std::string_view kWords[] = {"array", "json", "text", "seconds", "milliseconds"};
      return FailAtWord("`array`, `json`, `text`, `seconds` or `milliseconds`", kWords);
    }
    const Token layout = Take();
    clause.text = {Text(layout), SpanOf(layout)};
  }
  clause.span = SpanFrom(first.begin);
  if (clause.kind != ColumnOptionKind::kNullIsAbsent && !ParseDialect(clause.dialect)) return false;
  AddStorage(clause, column.storage);
  return true;
}

// "stored" "as" string [ "at" string ] [ "on" dialect ]
bool Parser::ParseStoredAs(std::vector<StorageClause>& storage, HasPointer has_pointer) {
  StorageClause name, pointer;
  const Token first = Take();
  if (!ExpectWord("as")) return false;
  const std::optional<StringLiteral> text = ParseString("the name in the database");
  if (!text) return false;
  name.text = *text;
  name.span = SpanFrom(first.begin);
  if (has_pointer == HasPointer::kYes && AtWord("at") && Peek().kind != TokenKind::kColon) {
    const Token at = Take();
    const std::optional<StringLiteral> path = ParseString("a JSON pointer");
    if (!path) return false;
    pointer = {.kind = ColumnOptionKind::kPointer, .dialect = SqlDialect::kAny, .span = SpanFrom(at.begin), .text = *path};
  }
  if (!ParseDialect(name.dialect)) return false;
  pointer.dialect = name.dialect;
  AddStorage(name, storage);
  if (pointer.kind == ColumnOptionKind::kPointer) AddStorage(pointer, storage);
  return true;
}

// [ "on" dialect ]
bool Parser::ParseDialect(SqlDialect& dialect) {
  if (!AtWord("on") || Peek().kind == TokenKind::kColon) return true;
  Take();
  const std::optional<SqlDialect> found = At(TokenKind::kIdent) ? TryFindSqlDialect(Text(current_)) : std::nullopt;
  if (!found) return FailAtWord("`postgres`, `sqlite`, `mysql` or `sqlserver`", std::span(kSqlDialectNames).subspan(1));
  Take();
  dialect = *found;
  return true;
}

void Parser::AddStorage(StorageClause clause, std::vector<StorageClause>& storage) {
  const bool is_twice = std::any_of(storage.begin(), storage.end(), [&](const StorageClause& other) {
    return other.kind == clause.kind && other.dialect == clause.dialect;
  });
  if (is_twice)
    Report(DiagnosticKind::kDuplicateClause, clause.span, {text_.substr(clause.span.begin, clause.span.end - clause.span.begin)});
  storage.push_back(clause);
}

// "and" table "." column "=" ( column | constant )
bool Parser::ParseRelationTerm(RelationDecl& relation) {
  Take();
  RelationTermDecl term;
  const std::optional<Name> their_table = ParseName("a table", NameUse::kMember);
  if (!their_table || !Expect(TokenKind::kDot, kGlueBefore | kGlueAfter)) return false;
  const std::optional<Name> their_column = ParseName("a column", NameUse::kMember);
  if (!their_column || !Expect(TokenKind::kAssign)) return false;
  term.their_table = *their_table;
  term.their_column = *their_column;
  const bool is_word = AtWord("true") || AtWord("false") || AtWord("null");
  const bool is_int = At(TokenKind::kInt) || (At(TokenKind::kMinus) && Peek().kind == TokenKind::kInt);
  if (is_word || is_int || At(TokenKind::kString)) {
    term.value = ParsePrimary();
    if (!term.value.valid()) return false;
  } else {
    const std::optional<Name> ours = ParseName("a column, a string, an int, `true`, `false` or `null`", NameUse::kMember);
    if (!ours) return false;
    term.our_column = *ours;
  }
  relation.terms.push_back(term);
  return true;
}

}  // namespace writ::dsl
