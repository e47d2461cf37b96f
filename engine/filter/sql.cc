// Predicates as SQL; see sql.h and sql_writer.h.
// NOLINTBEGIN(misc-no-recursion): depth <= kMaxSqlDepth
#include "engine/filter/sql.h"

#include "engine/filter/sql_writer.h"
#include "rules/base/check.h"
#include "rules/ir/table_storage.h"

namespace writ {
namespace {

constexpr std::size_t kMaxChain = 10;  // `a or b or …` nests in a parser; SQLite's stops at 1000

Reading Below(Reading reading) {
  if (reading == Reading::kExact) return reading;
  return reading == Reading::kUnknownIsFalse ? Reading::kUnknownIsTrue : Reading::kUnknownIsFalse;
}

std::string_view UnknownText(const SqlWriter& writer) { return writer.is(SqlDialect::kPostgres) ? "null::boolean" : "null"; }

void WriteChain(SqlWriter& writer, std::string_view op, std::span<const TermId> operands, Reading reading) {
  if (operands.size() > kMaxChain) {
    const std::size_t half = operands.size() / 2;
    writer << "(";
    WriteChain(writer, op, operands.first(half), reading);
    writer << op;
    WriteChain(writer, op, operands.subspan(half), reading);
    writer << ")";
    return;
  }
  writer << "(";
  for (std::size_t i = 0; i < operands.size() && !writer.is_done(); ++i) {
    if (i > 0) writer << op;
    WritePredicate(writer, operands[i], reading);
  }
  writer << ")";
}

void WriteNot(SqlWriter& writer, TermId operand, Reading reading) {
  writer << "not (";
  WritePredicate(writer, operand, Below(reading));
  writer << ")";
}

// Where unknown and false are one, `c and a or not c and b` says the same without a CASE, which
// would keep a database from its indexes.
void WriteChoose(SqlWriter& writer, const Term& term, Reading reading) {
  const TermId condition = term.args[0], held = term.args[1], otherwise = term.args[2];
  const bool is_guard = writer.terms.Is(otherwise, TermKind::kUnknown);
  const auto write_more = [&](TermId predicate) {
    if (writer.terms.Is(predicate, TermKind::kTrue)) return;
    writer << " and ";
    WritePredicate(writer, predicate, reading);
  };
  if (reading == Reading::kUnknownIsFalse) {
    writer << "(";
    WritePredicate(writer, condition, reading);
    write_more(held);
    if (!is_guard) {
      writer << " or ";
      WriteNot(writer, condition, reading);
      write_more(otherwise);
    }
    writer << ")";
    return;
  }
  writer << "case when ";
  WritePredicate(writer, condition, Reading::kUnknownIsFalse);
  writer << " then ";
  WritePredicate(writer, held, reading);
  if (!is_guard && writer.terms.MayBeUnknown(condition)) {
    writer << " when ";
    WriteNot(writer, condition, Reading::kUnknownIsFalse);
    writer << " then ";
    WritePredicate(writer, otherwise, reading);
  } else if (!is_guard) {
    writer << " else ";
    WritePredicate(writer, otherwise, reading);
  }
  writer << " end";
}

void WriteIs(SqlWriter& writer, TermId scalar, std::string_view what) {
  WriteScalar(writer, scalar);
  writer << what;
}

void WriteEqual(SqlWriter& writer, const Term& term, Reading reading) {
  const TermId a = term.args[0], b = term.args[1];
  const NullMeaning first = writer.terms[a].null, second = writer.terms[b].null;
  const bool is_value = first == NullMeaning::kValue || second == NullMeaning::kValue;
  const bool are_values = first == NullMeaning::kValue && second == NullMeaning::kValue;
  const bool has_error = first == NullMeaning::kError || second == NullMeaning::kError;
  if (!is_value || (reading == Reading::kUnknownIsFalse && !are_values)) {
    writer << "(";
    WriteComparison(writer, a, " = ", b, reading != Reading::kUnknownIsFalse);
    writer << ")";
    return;
  }
  const TermId nullable = first == NullMeaning::kValue ? a : b, failing = nullable == a ? b : a;
  if (has_error) {
    writer << "case when ";
    WriteIs(writer, failing, " is not null then (");
  } else {
    writer << "(";
  }
  WriteIs(writer, nullable, " is not null and ");
  if (are_values) WriteIs(writer, b, " is not null and ");
  WriteComparison(writer, a, " = ", b, false);
  if (are_values) {
    writer << " or ";
    WriteIs(writer, a, " is null and ");
    WriteIs(writer, b, " is null");
  }
  writer << (has_error ? ") end" : ")");
}

void WriteMember(SqlWriter& writer, const Term& term, Reading reading) {
  const TermId scalar = term.args[0];
  const std::vector<TermId> constants(term.args.begin() + 1, term.args.end());
  const bool asks_null = writer.terms[scalar].null == NullMeaning::kValue && reading != Reading::kUnknownIsFalse;
  writer << "(";
  if (asks_null) WriteIs(writer, scalar, " is not null and ");
  WriteIn(writer, scalar, constants);
  writer << ")";
}

// A bool of MariaDB and SQLite is a number.
void WriteHolds(SqlWriter& writer, TermId scalar) {
  WriteScalar(writer, scalar);
  if (!writer.is(SqlDialect::kPostgres)) writer << " = 1";
}

// MariaDB makes `x in (…)` of an `exists` with an equality, and keeps the answer of that by x under
// x's collation, rand() or not (see EndRows). It does not of a value.
template <typename WriteMore>
void WriteExists(SqlWriter& writer, ScopeId scope, WriteMore write_more) {
  constexpr std::string_view kExists = "exists (select 1", kValue = "((select 1";
  const std::size_t begin = writer.out.sql.size();
  writer << kExists;
  BeginRows(writer, scope);
  write_more();
  const bool is_value = EndRows(writer);
  if (is_value && !writer.is_done()) writer.out.sql.replace(begin, kExists.size(), kValue);
  writer << (is_value ? " limit 1) is not null)" : ")");
}

void WriteToOne(SqlWriter& writer, const Term& term, Reading reading) {
  const TermId body = term.args[0];
  if (reading == Reading::kUnknownIsFalse) {
    return WriteExists(writer, term.scope, [&] {
      if (writer.terms.Is(body, TermKind::kTrue)) return;
      writer << " and ";
      WritePredicate(writer, body, reading);
    });
  }
  // The row's own outcome, and NULL without one.
  writer << "(select ";
  writer.subqueries.push_back({term.scope});
  WritePredicate(writer, body, reading);
  const bool reads_outer_text = writer.subqueries.back().reads_outer_text;
  writer.subqueries.pop_back();
  BeginRows(writer, term.scope);
  writer.subqueries.back().reads_outer_text |= reads_outer_text;
  EndRows(writer);
  writer << ")";
}

void WriteAny(SqlWriter& writer, const Term& term, Reading reading) {
  const TermId body = term.args[0];
  const auto write = [&](Reading inner, std::string_view end) {
    WriteExists(writer, term.scope, [&] {
      writer << " and (";
      WritePredicate(writer, body, inner);
      writer << ")" << end;
    });
  };
  if (reading == Reading::kUnknownIsFalse || !writer.terms.MayBeUnknown(body)) return write(Reading::kUnknownIsFalse, "");
  if (reading == Reading::kUnknownIsTrue) return write(Reading::kUnknownIsTrue, " is not false");
  writer << "case when ";
  write(Reading::kUnknownIsFalse, "");
  writer << " then true when ";
  write(Reading::kExact, " is null");
  writer << " then " << UnknownText(writer) << " else false end";
}

// By code points. In PostgreSQL equality is, unless the collation is not deterministic.
void WriteJoin(SqlWriter& writer, ScopeId id, const StoredColumn& theirs, const StoredColumn& ours) {
  const ScopeId parent = writer.terms[id].parent;
  const auto write = [&](std::string_view collation) {
    WriteAlias(writer, id);
    writer << ".";
    WriteName(writer, theirs.name);
    writer << collation << " = ";
    WriteAlias(writer, parent);
    writer << ".";
    WriteName(writer, ours.name);
  };
  write("");
  if (ours.type != TypeKind::kString) return;
  for (auto around = writer.subqueries.rbegin(); around != writer.subqueries.rend() && around->scope != parent; ++around)
    around->reads_outer_text = true;
  if (writer.is(SqlDialect::kPostgres) || (theirs.is_exact_text && ours.is_exact_text && writer.is(SqlDialect::kSqlite))) return;
  writer << " and ";
  write(writer.is(SqlDialect::kMysql) ? " collate utf8mb4_nopad_bin" : " collate binary");
}

// A dot stands behind the schema.
void WriteTable(SqlWriter& writer, const Table& table) {
  const std::string_view name = StoredNameOf(writer.terms.program(), table, writer.options.dialect);
  const std::size_t dot = name.find('.');
  if (dot != std::string_view::npos) {
    WriteName(writer, name.substr(0, dot));
    writer << ".";
  }
  WriteName(writer, dot == std::string_view::npos ? name : name.substr(dot + 1));
}

void WriteItems(SqlWriter& writer, const Scope& scope, ScopeId id) {
  if (writer.is(SqlDialect::kPostgres)) {
    writer << "jsonb_array_elements_text(";
    WriteScalar(writer, scope.list);
    writer << ") as ";
    WriteAlias(writer, id);
    writer << "(\"value\")";
  } else if (writer.is(SqlDialect::kMysql)) {
    writer << "json_table(";
    WriteScalar(writer, scope.list);
    writer << ", '$[*]' columns (`value` longtext character set utf8mb4 path '$')) as ";
    WriteAlias(writer, id);
  } else {
    writer << "json_each(";
    WriteScalar(writer, scope.list);
    writer << ") as ";
    WriteAlias(writer, id);
  }
}

}  // namespace

void WriteAlias(SqlWriter& writer, ScopeId id) {
  const Scope& scope = writer.terms[id];
  if (scope.parent.valid()) return WriteName(writer, "writ_" + std::to_string(id.index));
  if (!writer.options.alias.empty()) return WriteName(writer, writer.options.alias);
  const std::string_view name = StoredNameOf(writer.terms.program(), *scope.table, writer.options.dialect);
  WriteName(writer, name.substr(name.find('.') + 1));
}

void BeginRows(SqlWriter& writer, ScopeId id) {
  const Scope& scope = writer.terms[id];
  writer << " from ";
  writer.subqueries.push_back({id});
  if (scope.table == nullptr) {
    WriteItems(writer, scope, id);
    writer << " where true";
    return;
  }
  WriteTable(writer, *scope.table);
  writer << " as ";
  WriteAlias(writer, id);
  writer << " where ";
  for (const auto& [theirs, ours] : scope.joins) {
    if (&theirs != &scope.joins[0].first) writer << " and ";
    WriteJoin(writer, id, theirs, ours);
  }
  if (writer.terms.Is(scope.condition, TermKind::kTrue)) return;
  writer << " and ";
  WritePredicate(writer, scope.condition, Reading::kUnknownIsFalse);
}

// MariaDB keeps a subquery's answer by the outer columns that it reads, compared by their
// collation: rows 'x' and 'X' would share one, whatever the subquery compares with. It does not
// keep the answer of one that calls rand().
bool EndRows(SqlWriter& writer) {
  const bool is_fresh = writer.subqueries.back().reads_outer_text && writer.is(SqlDialect::kMysql);
  writer.subqueries.pop_back();
  if (is_fresh) writer << " and rand() >= 0";
  return is_fresh;
}

void WritePredicate(SqlWriter& writer, TermId id, Reading reading) {
  if (writer.is_done()) return;
  if (++writer.depth > kMaxSqlDepth) return writer.Refuse("the filter nests too deep");
  const Term& term = writer.terms[id];
  const bool is_exact = reading != Reading::kUnknownIsFalse;
  switch (term.kind) {
    case TermKind::kTrue: writer << "true"; break;
    case TermKind::kFalse: writer << "false"; break;
    case TermKind::kUnknown: writer << UnknownText(writer); break;
    case TermKind::kAnd: WriteChain(writer, " and ", term.args, reading); break;
    case TermKind::kOr: WriteChain(writer, " or ", term.args, reading); break;
    case TermKind::kNot: WriteNot(writer, term.args[0], reading); break;
    case TermKind::kChoose: WriteChoose(writer, term, reading); break;
    case TermKind::kLess: WriteComparison(writer, term.args[0], " < ", term.args[1], is_exact); break;
    case TermKind::kLessOrEqual: WriteComparison(writer, term.args[0], " <= ", term.args[1], is_exact); break;
    case TermKind::kEqual: WriteEqual(writer, term, reading); break;
    case TermKind::kMember: WriteMember(writer, term, reading); break;
    case TermKind::kIsNull: WriteIs(writer, term.args[0], " is null"); break;
    case TermKind::kIsUnknown:
      writer << "(";
      WritePredicate(writer, term.args[0], Reading::kExact);
      writer << ") is null";
      break;
    case TermKind::kHolds: WriteHolds(writer, term.args[0]); break;
    case TermKind::kContains:
    case TermKind::kStartsWith:
    case TermKind::kEndsWith: WriteSubstring(writer, term); break;
    case TermKind::kHasItem: WriteHasItem(writer, term); break;
    case TermKind::kToOne: WriteToOne(writer, term, reading); break;
    case TermKind::kAny: WriteAny(writer, term, reading); break;
    case TermKind::kPresent: WriteExists(writer, term.scope, [] {}); break;
    default: WRIT_CHECK(false);  // NOLINT: scalars
  }
  --writer.depth;
}

Result<SomeRows> WriteSql(const TermGraph& terms, TermId root, const SqlOptions& options) {
  SqlWriter writer{.terms = terms, .options = options};
  WritePredicate(writer, root, Reading::kUnknownIsFalse);
  if (!writer.refusal.empty()) return Error{ErrorCode::kInvalidArgument, writer.refusal};
  if (writer.is_done())
    return Error{ErrorCode::kTooLarge, "the filter passes " + std::to_string(kMaxSqlBytes / 1024) + " KiB or " +
                                           std::to_string(kMaxSqlParameters) + " parameters"};
  return std::move(writer.out);
}
// NOLINTEND(misc-no-recursion)

}  // namespace writ
