// MariaDB's and MySQL's catalogue, by libmariadb; see database.h.
#include <mysql.h>

#include <charconv>
#include <chrono>
#include <cstdlib>
#include <map>
#include <memory>
#include <sstream>
#include <thread>

#include "table/database.h"

namespace writ::table {
namespace {

struct Close {
  void operator()(MYSQL* connection) const { mysql_close(connection); }
  void operator()(MYSQL_RES* result) const { mysql_free_result(result); }
};
using Connection = std::unique_ptr<MYSQL, Close>;
using Answer = std::unique_ptr<MYSQL_RES, Close>;

// MariaDB's JSON is longtext with a check. utf8mb4_bin pads with blanks, so that it is not exact.
constexpr const char* kColumns = R"(
  select c.table_name, c.column_name,
         case when exists (select 1 from information_schema.check_constraints k where k.constraint_schema = c.table_schema
                             and k.table_name = c.table_name and k.check_clause = concat('json_valid(`', c.column_name, '`)'))
              then 'json' when c.column_type = 'tinyint(1)' then 'bool'
              when c.column_type like '%unsigned%' then concat(c.data_type, ' unsigned') else c.data_type end,
         case c.is_nullable when 'YES' then 't' else 'f' end, case c.collation_name when 'utf8mb4_nopad_bin' then 't' else 'f' end
  from information_schema.columns c
  where c.table_schema = database() order by c.table_name, c.ordinal_position)";

constexpr const char* kKeys = R"(
  select k.table_name, k.constraint_name, k.referenced_table_name, k.referenced_column_name, k.column_name
  from information_schema.key_column_usage k
  where k.table_schema = database() and k.referenced_table_schema = database()
  order by k.table_name, k.constraint_name, k.ordinal_position)";

Error Away(MYSQL* connection) { return {ErrorCode::kUnreadable, std::string("MariaDB: ") + mysql_error(connection)}; }

// Words `key=value`, as libpq has them; no quotes.
Result<std::map<std::string, std::string>> ReadWords(const std::string& where) {
  std::map<std::string, std::string> words = {{"host", ""}, {"port", ""}, {"socket", ""}, {"user", ""}, {"dbname", ""}};
  std::istringstream stream(where);
  for (std::string word; stream >> word;) {
    const std::size_t equals = word.find('=');
    const auto found = words.find(word.substr(0, equals));
    if (equals == std::string::npos || found == words.end())
      return Error{ErrorCode::kInvalidArgument, "`--mysql` takes words such as host=…, port=…, socket=…, user=…, dbname=…"};
    found->second = word.substr(equals + 1);
  }
  if (words["dbname"].empty()) return Error{ErrorCode::kInvalidArgument, "`--mysql` needs dbname=…"};
  return words;
}

Result<std::vector<Row>> Ask(MYSQL* connection, const char* sql) {
  if (mysql_query(connection, sql) != 0) return Away(connection);
  const Answer answer(mysql_store_result(connection));
  std::vector<Row> rows;
  if (answer == nullptr) return rows;
  const unsigned count = mysql_num_fields(answer.get());
  while (MYSQL_ROW cells = mysql_fetch_row(answer.get())) {
    const unsigned long* sizes = mysql_fetch_lengths(answer.get());
    Row row;
    for (unsigned i = 0; i < count; ++i)
      row.push_back(cells[i] == nullptr ? std::nullopt : std::optional<std::string>(std::string(cells[i], sizes[i])));
    rows.push_back(std::move(row));
  }
  return rows;
}

// Asks the catalogue. Where it cannot open a table just now, because another session changes it, it
// leaves the table out and warns: asked again a few times, such an answer is refused.
Result<std::vector<Row>> AskCatalogue(MYSQL* connection, const char* sql) {
  constexpr int kAttempts = 10;
  constexpr std::chrono::milliseconds kPause(100);
  for (int attempt = 1;; ++attempt) {
    Result<std::vector<Row>> rows = Ask(connection, sql);
    if (!rows || mysql_warning_count(connection) == 0) return rows;
    if (attempt == kAttempts) break;
    std::this_thread::sleep_for(kPause);
  }
  constexpr std::size_t kMessage = 2;  // of level, code, message
  const Result<std::vector<Row>> warnings = Ask(connection, "show warnings limit 1");
  const bool is_said = warnings && !warnings->empty() && warnings->front().size() > kMessage;
  return Error{ErrorCode::kUnreadable,
               "MariaDB: the catalogue is not whole: " + (is_said ? warnings->front()[kMessage].value_or("") : std::string("it warns"))};
}

const char* OrNull(const std::string& text) { return text.empty() ? nullptr : text.c_str(); }

}  // namespace

Result<Catalogue> ReadMysql(const std::string& where) {
  Result<std::map<std::string, std::string>> words = ReadWords(where);
  if (!words) return words.error();
  unsigned port = 0;
  const std::string& digits = (*words)["port"];
  std::from_chars(digits.data(), digits.data() + digits.size(), port);
  const Connection connection(mysql_init(nullptr));
  mysql_options(connection.get(), MYSQL_SET_CHARSET_NAME, "utf8mb4");
  constexpr unsigned kConnectSeconds = 10;
  mysql_options(connection.get(), MYSQL_OPT_CONNECT_TIMEOUT, &kConnectSeconds);
  if (mysql_real_connect(connection.get(), OrNull((*words)["host"]), OrNull((*words)["user"]), std::getenv("MYSQL_PWD"),
                         (*words)["dbname"].c_str(), port, OrNull((*words)["socket"]), 0) == nullptr)
    return Away(connection.get());
  // The statements keep to what every sql_mode reads alike.
  if (Result<std::vector<Row>> set = Ask(connection.get(), "set session sql_mode = ''"); !set) return set.error();
  Result<std::vector<Row>> columns = AskCatalogue(connection.get(), kColumns);
  if (!columns) return columns.error();
  Result<std::vector<Row>> keys = AskCatalogue(connection.get(), kKeys);
  if (!keys) return keys.error();
  return Catalogue{*std::move(columns), *std::move(keys)};
}

}  // namespace writ::table
