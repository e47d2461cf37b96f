// SQLite's catalogue; see database.h.
#include <sqlite3.h>

#include <algorithm>
#include <cctype>
#include <memory>

#include "table/database.h"

namespace writ::table {
namespace {

struct Close {
  void operator()(sqlite3* database) const { sqlite3_close(database); }
  void operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }
};
using Database = std::unique_ptr<sqlite3, Close>;
using Statement = std::unique_ptr<sqlite3_stmt, Close>;

// INTEGER PRIMARY KEY is the row's number and never NULL; any other primary key of a table with one
// may be.
constexpr const char* kColumns = R"(
  select t.name, c.name, lower(c.type),
         case when c."notnull" or t.wr and c.pk or c.pk and lower(c.type) = 'integer' and (select max(pk) from pragma_table_info(t.name)) = 1 then 'f' else 't' end
  from pragma_table_list t join pragma_table_xinfo(t.name) c
  where t.schema = 'main' and t.name not like 'sqlite\_%' escape '\' and c.hidden in (0, 2, 3) order by t.name, c.cid)";

constexpr const char* kKeys = R"(
  select t.name, k.id, k."table",
         coalesce(k."to", (select name from pragma_table_info(k."table") where pk = k.seq + 1)), k."from"
  from pragma_table_list t join pragma_foreign_key_list(t.name) k where t.schema = 'main' order by t.name, k.id, k.seq)";

Error Away(sqlite3* database) { return {ErrorCode::kUnreadable, std::string("SQLite: ") + sqlite3_errmsg(database)}; }

Result<std::vector<Row>> Ask(sqlite3* database, const char* sql) {
  sqlite3_stmt* prepared = nullptr;
  if (sqlite3_prepare_v2(database, sql, -1, &prepared, nullptr) != SQLITE_OK) return Away(database);
  const Statement statement(prepared);
  std::vector<Row> rows;
  int state = SQLITE_ROW;
  while ((state = sqlite3_step(prepared)) == SQLITE_ROW) {
    Row row;
    for (int i = 0; i < sqlite3_column_count(prepared); ++i) {
      const void* text = sqlite3_column_text(prepared, i);
      row.push_back(text == nullptr ? std::nullopt : std::optional<std::string>(static_cast<const char*>(text)));
    }
    rows.push_back(std::move(row));
  }
  if (state != SQLITE_DONE) return Away(database);
  return rows;
}

// Views have no metadata; theirs are not known to be exact.
bool IsExact(sqlite3* database, const std::string& table, const std::string& column) {
  const char* collation = nullptr;
  const int found =
      sqlite3_table_column_metadata(database, "main", table.c_str(), column.c_str(), nullptr, &collation, nullptr, nullptr, nullptr);
  return found == SQLITE_OK && collation != nullptr && std::string_view(collation) == "BINARY";
}

}  // namespace

Result<Catalogue> ReadSqlite(const std::string& file) {
  sqlite3* opened = nullptr;
  const int state = sqlite3_open_v2(file.c_str(), &opened, SQLITE_OPEN_READONLY, nullptr);
  const Database database(opened);
  if (state != SQLITE_OK) return Away(opened);
  Result<std::vector<Row>> columns = Ask(opened, kColumns);
  if (!columns) return columns.error();
  for (Row& row : *columns) row.emplace_back(IsExact(opened, row[0].value_or(""), row[1].value_or("")) ? "t" : "f");
  Result<std::vector<Row>> keys = Ask(opened, kKeys);
  if (!keys) return keys.error();
  return Catalogue{*std::move(columns), *std::move(keys)};
}

}  // namespace writ::table
