// What a live database says of its tables.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "rules/base/result.h"
#include "rules/model/column_option.h"

namespace writ::table {

struct DatabaseColumn {
  std::string name;
  std::string type;  // as the database calls it, in lower case: "int8", "bigint unsigned", "text"
  bool is_nullable = true;
  bool is_exact = false;  // its collation compares and orders by code points
};

// Columns of ours that name a row of another table, or of the same.
struct ForeignKey {
  std::string table;                                         // the full name of the other
  std::vector<std::pair<std::string, std::string>> columns;  // theirs, ours
};

struct DatabaseTable {
  std::string name;  // with the schema and a dot before it, unless that is the default one
  std::vector<DatabaseColumn> columns;
  std::vector<ForeignKey> keys;
};

// Where a database is. One of the dialects kPostgres (a conninfo of libpq), kMysql (`key=value`
// words: host, port, socket, user, dbname; the password is taken from MYSQL_PWD) and kSqlite (a
// file).
struct DatabasePlace {
  SqlDialect dialect = SqlDialect::kPostgres;
  std::string where;
};

// Reads all tables and views that the connection may see, system tables excepted, sorted by name.
// Changes nothing in the database. Errors: kInvalidArgument (`where` is malformed), kUnreadable
// (the database is away, or refuses; names it without its password).
Result<std::vector<DatabaseTable>> ReadDatabase(const DatabasePlace& place);

// ---- for its three implementations ----

using Row = std::vector<std::optional<std::string>>;

// What catalogues say, a row a column or a column of a key, ordered by table and position. columns:
// table, column, type, nullable ("t"), exact ("t"). keys: table, name of the key, other table,
// their column, our column.
struct Catalogue {
  std::vector<Row> columns, keys;
};
Result<Catalogue> ReadPostgres(const std::string& where);
Result<Catalogue> ReadMysql(const std::string& where);
Result<Catalogue> ReadSqlite(const std::string& file);

}  // namespace writ::table
