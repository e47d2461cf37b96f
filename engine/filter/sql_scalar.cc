// Values and comparisons of values as SQL; see sql_writer.h and sql.h.
//
// What was learned of the databases stands at each function. In short: text is compared by code
// points, with the collation on the side that leaves the column to its index; arithmetic stands in
// a CASE that looks first whether it would overflow, since PostgreSQL and MariaDB fail the whole
// query and SQLite goes on with a double; PostgreSQL takes NaN for the greatest number.
// NOLINTBEGIN(misc-no-recursion): depth <= kMaxResidualDepth
#include <algorithm>
#include <cmath>
#include <limits>

#include "engine/filter/sql_writer.h"
#include "rules/base/check.h"
#include "rules/model/time.h"

namespace writ {
namespace {

constexpr std::string_view kSmallest = "(-9223372036854775807 - 1)";
constexpr std::size_t kDateEnd = 10, kTimeEnd = 19, kFractionDigits = 6;

// "2026-01-01T00:00:00.5Z" as "2026-01-01 00:00:00.500000", as MariaDB and SQLite store it.
std::string NaiveTime(const Value& timestamp) {
  const std::string text = FormatTimestamp(timestamp);
  std::string fraction = text.size() > kTimeEnd && text[kTimeEnd] == '.' ? text.substr(kTimeEnd + 1) : "";
  while (!fraction.empty() && fraction.back() == 'Z') fraction.pop_back();
  fraction.resize(kFractionDigits, '0');
  return text.substr(0, kDateEnd) + " " + text.substr(kDateEnd + 1, kTimeEnd - kDateEnd - 1) + "." + fraction;
}

std::string_view TypeNameOf(TypeKind type) {
  switch (type) {
    case TypeKind::kBool: return "bool";
    case TypeKind::kInt: return "int";
    case TypeKind::kDouble: return "double";
    case TypeKind::kTimestamp: return "timestamp";
    default: return "string";  // NOLINT
  }
}

std::string_view PostgresType(TypeKind type) {
  switch (type) {
    case TypeKind::kBool: return "boolean";
    case TypeKind::kInt: return "bigint";
    case TypeKind::kDouble: return "double precision";
    case TypeKind::kTimestamp: return "timestamptz";
    default: return "text";  // NOLINT
  }
}

std::string JsonOf(const SqlWriter& writer, const Value& value) {
  std::string json;
  if (value.is(Kind::kTimestamp) && !writer.is(SqlDialect::kPostgres))
    AppendJsonString(NaiveTime(value), json);
  else
    AppendJson(value, json);
  return json;
}

// MariaDB has no infinity: what is beyond the largest double stands for it.
bool IsInfinite(const SqlWriter& writer, TermId id) {
  return writer.terms.Is(id, TermKind::kConstant) && writer.terms.constant(id).is(Kind::kDouble) &&
         std::isinf(writer.terms.constant(id).real);
}

bool IsText(const SqlWriter& writer, TermId id) { return writer.terms[id].type == TypeKind::kString; }
bool IsNullable(const SqlWriter& writer, TermId id) { return writer.terms[id].null != NullMeaning::kNever; }
bool IsConstant(const SqlWriter& writer, TermId id) { return writer.terms.Is(id, TermKind::kConstant); }

void WriteBinary(SqlWriter& writer, TermId a, std::string_view op, TermId b) {
  WriteScalar(writer, a);
  writer << op;
  WriteScalar(writer, b);
}

// Whether the whole number fits, asked without computing it as one.
void WriteFits(SqlWriter& writer, TermId a, std::string_view op, TermId b) {
  if (writer.is(SqlDialect::kSqlite)) {  // beyond its ints, SQLite goes on with a double
    writer << "typeof(";
    WriteBinary(writer, a, op, b);
    writer << ") = 'integer'";
    return;
  }
  const bool is_postgres = writer.is(SqlDialect::kPostgres);
  const std::string_view open = is_postgres ? "(" : "cast(", close = is_postgres ? ")::numeric" : " as decimal(65,0))";
  writer << "(" << open;
  WriteScalar(writer, a);
  writer << close << op << open;
  WriteScalar(writer, b);
  writer << close << ") between -9223372036854775808 and 9223372036854775807";
}

void WriteWholeArithmetic(SqlWriter& writer, const Term& term) {
  const TermId a = term.args[0], b = term.args[term.args.size() - 1];
  writer << "(case when ";
  if (term.kind == TermKind::kNegate) {
    WriteScalar(writer, a);
    writer << " <> " << kSmallest << " then -";
    WriteScalar(writer, a);
  } else if (term.kind == TermKind::kDivide || term.kind == TermKind::kModulo) {
    WriteScalar(writer, b);
    writer << " <> 0 and (";
    WriteScalar(writer, b);
    writer << " <> -1 or ";
    WriteScalar(writer, a);
    writer << " <> " << kSmallest << ") then ";
    WriteBinary(writer, a, term.kind == TermKind::kModulo ? " % " : writer.is(SqlDialect::kMysql) ? " div " : " / ", b);
  } else {
    const std::string_view op = term.kind == TermKind::kAdd ? " + " : term.kind == TermKind::kSubtract ? " - " : " * ";
    WriteFits(writer, a, op, b);
    writer << " then ";
    WriteBinary(writer, a, op, b);
  }
  writer << " end)";
}

void WriteArithmetic(SqlWriter& writer, const Term& term) {
  if (term.type == TypeKind::kInt) return WriteWholeArithmetic(writer, term);
  if (term.type == TypeKind::kDouble)
    return writer.Refuse("arithmetic of stored doubles that is not a column and constants: it can overflow, which fails a whole query");
  writer.Refuse("arithmetic of stored timestamps that is not a column and constants");
}

// All exact: PostgreSQL's extract() is numeric, and SQLite's strftime() is asked for whole seconds.
void WriteMicroseconds(SqlWriter& writer, TermId from, TermId to) {
  if (writer.is(SqlDialect::kMysql)) {
    writer << "timestampdiff(microsecond, ";
    WriteBinary(writer, from, ", ", to);
    writer << ")";
  } else if (writer.is(SqlDialect::kPostgres)) {
    writer << "((extract(epoch from ";
    WriteScalar(writer, to);
    writer << ") - extract(epoch from ";
    WriteScalar(writer, from);
    writer << ")) * 1000000)";
  } else {
    const auto write = [&](TermId time) {
      writer << "(strftime('%s', substr(";
      WriteScalar(writer, time);
      writer << ", 1, 19)) * 1000000 + substr(";
      WriteScalar(writer, time);
      writer << ", 21, 6))";
    };
    writer << "(";
    write(to);
    writer << " - ";
    write(from);
    writer << ")";
  }
}

void WriteCall(SqlWriter& writer, std::string_view function, TermId arg) {
  writer << function << "(";
  WriteScalar(writer, arg);
  writer << ")";
}

// SQLite's length() ends at a NUL. The text behind the first one is measured apart, by way of its
// bytes; behind a second one the length is unknown.
void WriteLength(SqlWriter& writer, TermId text) {
  if (!writer.is(SqlDialect::kSqlite)) return WriteCall(writer, writer.is(SqlDialect::kMysql) ? "char_length" : "length", text);
  const auto write_rest = [&] {
    writer << "cast(substr(cast(";
    WriteScalar(writer, text);
    writer << " as blob), length(cast(substr(";
    WriteScalar(writer, text);
    writer << ", 1, instr(";
    WriteScalar(writer, text);
    writer << ", char(0)) - 1) as blob)) + 2) as text)";
  };
  writer << "(case when instr(";
  WriteScalar(writer, text);
  writer << ", char(0)) = 0 then length(";
  WriteScalar(writer, text);
  writer << ") when instr(";
  write_rest();
  writer << ", char(0)) = 0 then length(";
  WriteScalar(writer, text);
  writer << ") + 1 + length(";
  write_rest();
  writer << ") end)";
}

void WriteDouble(SqlWriter& writer, TermId arg) {
  const bool is_postgres = writer.is(SqlDialect::kPostgres);
  writer << (is_postgres ? "(" : "cast(");
  WriteScalar(writer, arg);
  writer << (is_postgres ? ")::double precision" : writer.is(SqlDialect::kMysql) ? " as double)" : " as real)");
}

void WriteColumn(SqlWriter& writer, const Term& term) {
  if (term.type == TypeKind::kString) {
    for (auto around = writer.subqueries.rbegin(); around != writer.subqueries.rend() && around->scope != term.scope; ++around)
      around->reads_outer_text = true;
  }
  WriteAlias(writer, term.scope);
  writer << ".";
  WriteName(writer, term.kind == TermKind::kItem ? "value" : term.column);
}

// A constant, or a value that a function made, has no collation of its own; a column has one.
std::string_view BinaryCollation(const SqlWriter& writer) {
  switch (writer.options.dialect) {
    case SqlDialect::kPostgres: return " collate \"C\"";
    case SqlDialect::kMysql: return " collate utf8mb4_nopad_bin";
    case SqlDialect::kSqlite: return " collate binary";
    case SqlDialect::kAny:
    case SqlDialect::kSqlServer: break;
  }
  WRIT_CHECK(false);
}

}  // namespace

void WriteName(SqlWriter& writer, std::string_view name) {
  const char quote = writer.is(SqlDialect::kMysql) ? '`' : '"';
  std::string quoted(1, quote);
  for (const char c : name) quoted.append(c == quote ? 2 : 1, c);
  writer << quoted << std::string(1, quote);
}

void WriteConstant(SqlWriter& writer, TermId id) {
  if (writer.is_done()) return;
  const Value& value = writer.terms.constant(id);
  const TypeKind type = writer.terms[id].type;
  const auto add = [&] {
    const bool is_naive = type == TypeKind::kTimestamp && !writer.is(SqlDialect::kPostgres);
    writer.out.parameters.push_back({std::string(is_naive ? "string" : TypeNameOf(type)), JsonOf(writer, value)});
  };
  if (writer.is(SqlDialect::kPostgres)) {
    const auto [found, is_new] = writer.numbers.try_emplace(id.index, writer.out.parameters.size() + 1);
    if (is_new) add();
    writer << "$" << std::to_string(found->second + writer.options.offset) << "::" << PostgresType(type);
    return;
  }
  add();
  const bool is_time = type == TypeKind::kTimestamp && writer.is(SqlDialect::kMysql);
  writer << (is_time ? "cast(? as datetime(6))" : "?");
}

void WriteArray(SqlWriter& writer, const std::vector<TermId>& constants) {
  const TypeKind type = writer.terms[constants[0]].type;
  std::string json = "[";
  for (const TermId constant : constants) json += (json.size() > 1 ? "," : "") + JsonOf(writer, writer.terms.constant(constant));
  json += "]";
  const std::string name = "list(" + std::string(TypeNameOf(type)) + ")";
  const auto found = std::find_if(writer.out.parameters.begin(), writer.out.parameters.end(),
                                  [&](const SqlParameter& each) { return each.type == name && each.json == json; });
  const auto number = static_cast<std::size_t>(found - writer.out.parameters.begin()) + 1;
  if (found == writer.out.parameters.end()) writer.out.parameters.push_back({name, json});
  writer << "$" << std::to_string(number + writer.options.offset) << "::" << PostgresType(type) << "[]";
}

void WriteScalar(SqlWriter& writer, TermId scalar) {
  if (writer.is_done()) return;
  const Term& term = writer.terms[scalar];
  switch (term.kind) {
    case TermKind::kConstant: return WriteConstant(writer, scalar);
    case TermKind::kColumn:
    case TermKind::kItem: return WriteColumn(writer, term);
    case TermKind::kLength: return WriteLength(writer, term.args[0]);
    case TermKind::kListLength:
      return WriteCall(writer,
                       writer.is(SqlDialect::kPostgres) ? "jsonb_array_length"
                       : writer.is(SqlDialect::kMysql)  ? "json_length"
                                                        : "json_array_length",
                       term.args[0]);
    case TermKind::kToDouble: return WriteDouble(writer, term.args[0]);
    case TermKind::kMicrosecondsTo: return WriteMicroseconds(writer, term.args[0], term.args[1]);
    case TermKind::kConcat:
      writer << (writer.is(SqlDialect::kMysql) ? "concat(" : "(");
      WriteBinary(writer, term.args[0], writer.is(SqlDialect::kMysql) ? ", " : " || ", term.args[1]);
      writer << ")";
      return;
    case TermKind::kCount:
      writer << "(select count(*)";
      BeginRows(writer, term.scope);
      if (!term.args.empty()) {
        writer << " and ";
        WritePredicate(writer, term.args[0], Reading::kUnknownIsFalse);
      }
      EndRows(writer);
      writer << ")";
      return;
    default: return WriteArithmetic(writer, term);  // NOLINT: no other scalar
  }
}

void WriteExactText(SqlWriter& writer, TermId scalar) {
  if (writer.is(SqlDialect::kMysql) && IsConstant(writer, scalar)) {
    writer << "cast(";
    WriteScalar(writer, scalar);
    writer << " as char character set utf8mb4)";
  } else {
    WriteScalar(writer, scalar);
  }
  writer << BinaryCollation(writer);
}

namespace {

// With the collation on the constant MariaDB uses the column's index and compares exactly. The
// others need the comparison under the column's own collation for its index, beside the exact one;
// under any collation, equal by code points is equal.
void WriteTextComparison(SqlWriter& writer, TermId a, std::string_view op, TermId b) {
  const bool is_equality = op == " = ";
  const bool is_with_constant = IsConstant(writer, a) || IsConstant(writer, b);
  const auto is_exact = [&](TermId id) { return IsConstant(writer, id) || writer.terms[id].is_exact_text; };
  if (is_exact(a) && is_exact(b) && !writer.is(SqlDialect::kMysql)) return WriteBinary(writer, a, op, b);
  if (is_equality && is_with_constant && !writer.is(SqlDialect::kMysql)) {
    writer << "(";
    WriteBinary(writer, a, op, b);
    writer << " and ";
    WriteExactText(writer, a);
    writer << op;
    WriteScalar(writer, b);
    writer << ")";
    return;
  }
  const bool is_first = IsConstant(writer, a) || !IsConstant(writer, b);
  is_first ? WriteExactText(writer, a) : WriteScalar(writer, a);
  writer << op;
  is_first ? WriteScalar(writer, b) : WriteExactText(writer, b);
}

// `a < b` is false in PostgreSQL for a NaN on the left alone; on the right it is taken away here.
// A null on the other side must stay NULL where that is told apart from false.
void WriteDoubleComparison(SqlWriter& writer, TermId a, std::string_view op, TermId b, bool is_exact) {
  const TermId greatest = op == " = " && IsConstant(writer, b) ? a : b, other = greatest == a ? b : a;
  const bool has_nan = !IsConstant(writer, greatest) && writer.terms[greatest].kind != TermKind::kToDouble;
  if (!has_nan || (op == " = " && IsConstant(writer, other))) return WriteBinary(writer, a, op, b);
  writer << "(";
  WriteBinary(writer, a, op, b);
  writer << " and ";
  if (is_exact && IsNullable(writer, other)) {
    writer << "(";
    WriteScalar(writer, other);
    writer << " is null or ";
  }
  WriteScalar(writer, greatest);
  writer << " < 'NaN'::double precision";
  writer << (is_exact && IsNullable(writer, other) ? "))" : ")");
}

void WriteBeyondInfinity(SqlWriter& writer, TermId a, std::string_view op, TermId b) {
  const bool is_first = IsInfinite(writer, a);
  const bool is_above = writer.terms.constant(is_first ? a : b).real > 0;
  // x < inf, x <= inf, -inf < x, -inf <= x hold for every number; the others for none.
  const bool holds = is_above != is_first && (op == " < " || op == " <= ");
  WriteScalar(writer, is_first ? b : a);
  writer << (holds ? " <= " : " > ") << "1.7976931348623157e308";
}

}  // namespace

void WriteComparison(SqlWriter& writer, TermId a, std::string_view op, TermId b, bool is_exact) {
  if (writer.is_done()) return;
  const bool is_double = writer.terms[a].type == TypeKind::kDouble;
  if (IsText(writer, a)) return WriteTextComparison(writer, a, op, b);
  if (is_double && writer.is(SqlDialect::kMysql) && (IsInfinite(writer, a) || IsInfinite(writer, b)))
    return WriteBeyondInfinity(writer, a, op, b);
  if (is_double && writer.is(SqlDialect::kPostgres)) return WriteDoubleComparison(writer, a, op, b, is_exact);
  WriteBinary(writer, a, op, b);
}

namespace {

template <typename Write>
void WriteList(SqlWriter& writer, const std::vector<TermId>& constants, Write write) {
  writer << " in (";
  for (std::size_t i = 0; i < constants.size(); ++i) {
    if (i > 0) writer << ", ";
    write(writer, constants[i]);
  }
  writer << ")";
}

void WriteInText(SqlWriter& writer, TermId scalar, const std::vector<TermId>& constants) {
  if (writer.is(SqlDialect::kMysql)) {
    WriteScalar(writer, scalar);
    return WriteList(writer, constants, WriteExactText);
  }
  const auto write_list = [&] {
    if (writer.is(SqlDialect::kSqlite)) return WriteList(writer, constants, WriteConstant);
    writer << " = any(";
    WriteArray(writer, constants);
    writer << ")";
  };
  writer << "(";
  WriteScalar(writer, scalar);
  write_list();
  if (!writer.terms[scalar].is_exact_text) {
    writer << " and ";
    WriteExactText(writer, scalar);
    write_list();
  }
  writer << ")";
}

}  // namespace

void WriteIn(SqlWriter& writer, TermId scalar, const std::vector<TermId>& constants) {
  if (writer.is_done()) return;
  std::vector<TermId> finite = constants;
  if (writer.is(SqlDialect::kMysql)) std::erase_if(finite, [&](TermId each) { return IsInfinite(writer, each); });
  if (finite.empty() || finite.size() == 1) return WriteComparison(writer, scalar, " = ", finite.empty() ? constants[0] : finite[0], true);
  if (IsText(writer, scalar)) return WriteInText(writer, scalar, constants);
  WriteScalar(writer, scalar);
  if (!writer.is(SqlDialect::kPostgres)) return WriteList(writer, finite, WriteConstant);
  writer << " = any(";
  WriteArray(writer, constants);
  writer << ")";
}

namespace {

void WritePosition(SqlWriter& writer, const Term& term, std::string_view which) {
  writer << (writer.is(SqlDialect::kPostgres) ? "strpos(" : "instr(");
  WriteExactText(writer, term.args[0]);
  writer << ", ";
  WriteScalar(writer, term.args[1]);
  writer << ")" << which;
}

// As bytes, since substr() of a text ends at a NUL; of no bytes it is NULL.
void WriteSqliteEnd(SqlWriter& writer, TermId text, TermId part) {
  const auto write_bytes = [&](TermId scalar) {
    writer << "cast(";
    WriteScalar(writer, scalar);
    writer << " as blob)";
  };
  writer << "case when ";
  WriteScalar(writer, text);
  writer << " is null or ";
  WriteScalar(writer, part);
  writer << " is null then null when ";
  write_bytes(part);
  writer << " = x'' then true else ifnull(substr(";
  write_bytes(text);
  writer << ", -length(";
  write_bytes(part);
  writer << ")), x'') = ";
  write_bytes(part);
  writer << " end";
}

}  // namespace

// LIKE has wildcards, and other ideas of case, in each of them. Positions count characters.
void WriteSubstring(SqlWriter& writer, const Term& term) {
  const TermId text = term.args[0], part = term.args[1];
  const bool is_postgres = writer.is(SqlDialect::kPostgres);
  if (term.kind == TermKind::kContains) return WritePosition(writer, term, " > 0");
  if (term.kind == TermKind::kStartsWith && is_postgres) {
    writer << "starts_with(";
    WriteExactText(writer, text);
    writer << ", ";
    WriteScalar(writer, part);
    writer << ")";
    return;
  }
  const bool is_start = term.kind == TermKind::kStartsWith;
  if (writer.is(SqlDialect::kSqlite)) return is_start ? WritePosition(writer, term, " = 1") : WriteSqliteEnd(writer, text, part);
  writer << (is_start ? "left(" : "right(");
  WriteScalar(writer, text);
  writer << ", char_length(";
  WriteScalar(writer, part);
  writer << "))" << BinaryCollation(writer) << " = ";
  WriteScalar(writer, part);
}

void WriteHasItem(SqlWriter& writer, const Term& term) {
  const TermId list = term.args[0], item = term.args[1];
  if (writer.is(SqlDialect::kPostgres)) {
    writer << "jsonb_exists(";
    WriteBinary(writer, list, ", ", item);
    writer << ")";
  } else if (writer.is(SqlDialect::kMysql)) {
    writer << "json_contains(";
    WriteScalar(writer, list);
    writer << ", json_quote(";
    WriteScalar(writer, item);
    writer << "))";
  } else {  // a NULL among its arguments has no rows
    writer << "case when ";
    WriteScalar(writer, list);
    writer << " is not null and ";
    WriteScalar(writer, item);
    writer << " is not null then exists (select 1 from json_each(";
    WriteScalar(writer, list);
    writer << ") where value = ";
    WriteExactText(writer, item);
    writer << ") end";
  }
}
// NOLINTEND(misc-no-recursion)

}  // namespace writ
