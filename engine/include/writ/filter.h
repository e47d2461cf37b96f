// Row filters: the condition under which rows of a table are visible, for a database to select by.
// It selects exactly the rows that would be allowed one by one. docs/rows.md is about it.
//
//   writ::Engine engine(policies, writ::SystemClock());
//   const writ::RowFilterRequest request{.table = "orders", .principal_json = who};
//   auto filter = writ::MakeRowFilter(engine, request, {}, context);
//   if (!filter) Refuse(filter.error().message);            // never select without a filter
//   const auto* some = std::get_if<writ::SomeRows>(&filter->rows);
//   if (some != nullptr) Select(some->sql, some->parameters);
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "rules/base/result.h"
#include "rules/model/column_option.h"
#include "writ/context.h"
#include "writ/decision.h"
#include "writ/engine.h"

namespace writ {

// Of one filter; a larger one is refused.
inline constexpr std::size_t kMaxSqlBytes = std::size_t{512} * 1024;
inline constexpr std::size_t kMaxSqlParameters = 32'000;
inline constexpr std::uint32_t kMaxSqlOffset = 65'535;

// Whose rows.
struct RowFilterRequest {
  std::string_view table;           // as policies declare it
  std::string_view principal_json;  // as `principal` of a request; "" = none
  std::string_view context_json;    // as `context` of a request; "" = none
};

struct SqlOptions {
  SqlDialect dialect = SqlDialect::kPostgres;  // or kSqlite, or kMysql, which is MariaDB's, too
  std::string alias;                           // of the table in the query; "" = its own name. No name of ours: `writ_…`
  std::uint32_t offset = 0;                    // PostgreSQL: placeholders that the query has already; at most kMaxSqlOffset
};

// `type`: bool, int, double, string, timestamp, or, for PostgreSQL, a list of one: "list(int)".
// `json` is the value; doubles that are no numbers are "NaN", "Infinity" and "-Infinity" in quotes,
// timestamps RFC 3339 in UTC with at most microseconds.
struct SqlParameter {
  std::string type;
  std::string json;
};

// The three outcomes are types of their own, so that nobody takes "no condition" for "all rows".
struct AllRows {};
struct NoRows {};
struct SomeRows {
  std::string sql;                       // stands in brackets, or needs none
  std::vector<SqlParameter> parameters;  // in the order of their placeholders: `$1`, … or `?`
};

// A mask on a column of the selected rows.
struct ColumnMask {
  Obligation mask;  // views point into the policies
  // False: it depends on the row, or on what cannot be computed before the row is there, whether it
  // applies. Who cannot ask per row applies it to all.
  bool applies_to_all = true;
};

struct RowFilter {
  std::variant<AllRows, NoRows, SomeRows> rows = NoRows{};
  std::vector<ColumnMask> masks;  // empty with NoRows
};

// Makes the filter of one principal, at the time of the engine's clock. Thread-safe, one context a
// thread. Ends what the context held. Errors: kNotFound for a table that no policy declares, with
// the one that was probably meant; kInvalidArgument for a principal, context or option that is
// none, and for what the dialect cannot say, with the expression; kTooLarge for a filter beyond the
// bounds or a decision beyond its budget. An error means that no rows may be shown.
// Costs one decision, and that of what is left of it.
Result<RowFilter> MakeRowFilter(const Engine& engine, const RowFilterRequest& request, const SqlOptions& options, Context& context);

// Returns the filter as JSON: {"outcome": "all" | "none" | "some", "sql": …, "params": […],
// "masks": […]}. "sql" is a condition for every outcome: `true` for all, `false` for none.
std::string RowFilterJson(const RowFilter& filter);

}  // namespace writ
