// Rows of catalogues as tables; see database.h.
#include "table/database.h"

#include <algorithm>
#include <map>

namespace writ::table {
namespace {

std::string TextOf(const Row& row, std::size_t at) { return row[at].value_or(""); }

Result<Catalogue> ReadCatalogue(const DatabasePlace& place) {
  if (place.dialect == SqlDialect::kPostgres) return ReadPostgres(place.where);
  return place.dialect == SqlDialect::kMysql ? ReadMysql(place.where) : ReadSqlite(place.where);
}

}  // namespace

Result<std::vector<DatabaseTable>> ReadDatabase(const DatabasePlace& place) {
  Result<Catalogue> catalogue = ReadCatalogue(place);
  if (!catalogue) return catalogue.error();
  std::map<std::string, DatabaseTable> tables;
  for (const Row& row : catalogue->columns) {
    DatabaseTable& table = tables[TextOf(row, 0)];
    table.name = TextOf(row, 0);
    table.columns.push_back({TextOf(row, 1), TextOf(row, 2), TextOf(row, 3) == "t", TextOf(row, 4) == "t"});
  }
  std::string last;  // table and key of the row before
  for (const Row& row : catalogue->keys) {
    const auto table = tables.find(TextOf(row, 0));
    if (table == tables.end()) continue;
    const std::string key = TextOf(row, 0) + '\n' + TextOf(row, 1);
    if (std::exchange(last, key) != key) table->second.keys.push_back({TextOf(row, 2), {}});
    table->second.keys.back().columns.emplace_back(TextOf(row, 3), TextOf(row, 4));
  }
  std::vector<DatabaseTable> sorted;
  sorted.reserve(tables.size());
  for (auto& [name, table] : tables) sorted.push_back(std::move(table));
  return sorted;
}

}  // namespace writ::table
