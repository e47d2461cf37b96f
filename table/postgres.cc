// PostgreSQL's catalogue, by libpq; see database.h.
#include <libpq-fe.h>

#include <memory>

#include "table/database.h"

namespace writ::table {
namespace {

struct Finish {
  void operator()(PGconn* connection) const { PQfinish(connection); }
  void operator()(PGresult* result) const { PQclear(result); }
};
using Connection = std::unique_ptr<PGconn, Finish>;
using Answer = std::unique_ptr<PGresult, Finish>;

// Only C, POSIX and ucs_basic order by code points. char(n) is compared without the blanks at its
// end whatever its collation.
constexpr const char* kColumns = R"(
  select case n.nspname when 'public' then '' else n.nspname || '.' end || c.relname, a.attname, t.typname, not (a.attnotnull or t.typnotnull),
         coalesce(co.collname in ('C', 'POSIX', 'ucs_basic') or (co.collname = 'default' and d.datlocprovider = 'c' and d.datcollate in ('C', 'POSIX')), false)
  from pg_catalog.pg_attribute a
  join pg_catalog.pg_class c on c.oid = a.attrelid
  join pg_catalog.pg_namespace n on n.oid = c.relnamespace
  join pg_catalog.pg_type t on t.oid = a.atttypid
  join pg_catalog.pg_database d on d.datname = current_database()
  left join pg_catalog.pg_collation co on co.oid = a.attcollation
  where c.relkind in ('r', 'p', 'v', 'm', 'f') and a.attnum > 0 and not a.attisdropped
    and n.nspname <> 'information_schema' and n.nspname not like 'pg\_%' escape '\'
  order by 1, a.attnum)";

constexpr const char* kKeys = R"(
  select case n.nspname when 'public' then '' else n.nspname || '.' end || c.relname, k.conname,
         case rn.nspname when 'public' then '' else rn.nspname || '.' end || r.relname, their.attname, our.attname
  from pg_catalog.pg_constraint k
  join pg_catalog.pg_class c on c.oid = k.conrelid
  join pg_catalog.pg_namespace n on n.oid = c.relnamespace
  join pg_catalog.pg_class r on r.oid = k.confrelid
  join pg_catalog.pg_namespace rn on rn.oid = r.relnamespace
  cross join lateral unnest(k.conkey, k.confkey) with ordinality as pair(ours, theirs, position)
  join pg_catalog.pg_attribute our on our.attrelid = k.conrelid and our.attnum = pair.ours
  join pg_catalog.pg_attribute their on their.attrelid = k.confrelid and their.attnum = pair.theirs
  where k.contype = 'f' and k.conparentid = 0
  order by 1, 2, pair.position)";

Error Away(const char* message) {
  std::string text = message;
  while (!text.empty() && text.back() == '\n') text.pop_back();
  return {ErrorCode::kUnreadable, "PostgreSQL: " + text};
}

Result<std::vector<Row>> Ask(PGconn* connection, const char* sql) {
  const Answer answer(PQexec(connection, sql));
  if (PQresultStatus(answer.get()) != PGRES_TUPLES_OK && PQresultStatus(answer.get()) != PGRES_COMMAND_OK)
    return Away(PQerrorMessage(connection));
  std::vector<Row> rows;
  for (int i = 0; i < PQntuples(answer.get()); ++i) {
    Row row;
    for (int j = 0; j < PQnfields(answer.get()); ++j) {
      const bool is_null = PQgetisnull(answer.get(), i, j) == 1;
      row.push_back(is_null ? std::nullopt : std::optional<std::string>(PQgetvalue(answer.get(), i, j)));
    }
    rows.push_back(std::move(row));
  }
  return rows;
}

}  // namespace

Result<Catalogue> ReadPostgres(const std::string& where) {
  // `where`, which may be a URI, and a time limit that it may override.
  const char* const names[] = {"connect_timeout", "dbname", nullptr};
  const char* const values[] = {"10", where.c_str(), nullptr};
  const Connection connection(PQconnectdbParams(names, values, 1));
  if (PQstatus(connection.get()) != CONNECTION_OK) return Away(PQerrorMessage(connection.get()));
  PQsetClientEncoding(connection.get(), "UTF8");
  // One snapshot of both, and nothing is written by accident.
  if (Result<std::vector<Row>> begun = Ask(connection.get(), "begin isolation level repeatable read, read only"); !begun)
    return begun.error();
  if (Result<std::vector<Row>> set = Ask(connection.get(), "set local standard_conforming_strings = on"); !set) return set.error();
  Result<std::vector<Row>> columns = Ask(connection.get(), kColumns);
  if (!columns) return columns.error();
  Result<std::vector<Row>> keys = Ask(connection.get(), kKeys);
  if (!keys) return keys.error();
  return Catalogue{*std::move(columns), *std::move(keys)};
}

}  // namespace writ::table
