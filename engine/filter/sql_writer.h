// The state of writing one condition, and what the parts of the writer share; see sql.h.
#pragma once

#include <string>
#include <unordered_map>
#include <vector>

#include "engine/filter/sql.h"

namespace writ {

// Which outcomes have to be told apart.
enum class Reading : std::uint8_t { kExact, kUnknownIsFalse, kUnknownIsTrue };

struct SqlWriter {
  const TermGraph& terms;
  const SqlOptions& options;
  SomeRows out;
  std::unordered_map<std::uint32_t, std::size_t> numbers;  // $n of constants that stand already
  // Of the subqueries that are being written, the scope of each, and whether it reads text of rows
  // outside of it.
  struct Subquery {
    ScopeId scope;
    bool reads_outer_text = false;
  };
  std::vector<Subquery> subqueries;
  std::string refusal;  // "" = none
  std::uint32_t depth = 0;

  bool is(SqlDialect dialect) const { return options.dialect == dialect; }
  bool is_done() const { return !refusal.empty() || out.sql.size() > kMaxSqlBytes || out.parameters.size() > kMaxSqlParameters; }
  SqlWriter& operator<<(std::string_view text) {
    if (!is_done()) out.sql += text;
    return *this;
  }
  void Refuse(std::string_view why) {
    if (refusal.empty()) refusal = why;
  }
};

// Writes the name as an identifier.
void WriteName(SqlWriter& writer, std::string_view name);
// Writes the name by which the rows of a scope go.
void WriteAlias(SqlWriter& writer, ScopeId scope);
// Writes a placeholder for the constant.
void WriteConstant(SqlWriter& writer, TermId constant);
// Writes one for all of them, of one type: an array. PostgreSQL only.
void WriteArray(SqlWriter& writer, const std::vector<TermId>& constants);

// Writes a value whose NULL is what the term says. Never fails a query.
void WriteScalar(SqlWriter& writer, TermId scalar);
// Writes `a op b`, texts by code points, NaN outside of every order. `is_exact`: a null operand
// makes it NULL; else it may be false.
void WriteComparison(SqlWriter& writer, TermId a, std::string_view op, TermId b, bool is_exact);
// Writes that the scalar is one of the constants; NULL for a null.
void WriteIn(SqlWriter& writer, TermId scalar, const std::vector<TermId>& constants);
// Writes kContains, kStartsWith or kEndsWith.
void WriteSubstring(SqlWriter& writer, const Term& term);
// Writes kHasItem.
void WriteHasItem(SqlWriter& writer, const Term& term);
// Writes a text so that it is compared by code points.
void WriteExactText(SqlWriter& writer, TermId scalar);

// Writes a predicate, in brackets where it needs them.
void WritePredicate(SqlWriter& writer, TermId predicate, Reading reading);
// Writes ` from ROWS where JOIN`; what stands until EndRows is about the rows.
void BeginRows(SqlWriter& writer, ScopeId scope);
// Returns whether the subquery must not be kept by a cache.
bool EndRows(SqlWriter& writer);

}  // namespace writ
