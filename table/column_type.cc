// Types of databases; see column_type.h.
#include "table/column_type.h"

#include <algorithm>
#include <span>

namespace writ::table {
namespace {

struct Known {
  std::string_view native;
  ColumnType type;
};

constexpr std::string_view kDecimal = "exact decimals are no doubles";
constexpr std::string_view kNoTime = "a date or time without a zone is no timestamp";
constexpr std::string_view kPads = "blanks at its end do not count when it is compared";
constexpr std::string_view kNone = "policies have no such type";

constexpr Known kPostgres[] = {
    {"bool", {"bool", "", ""}},
    {"int2", {"int", "", ""}},
    {"int4", {"int", "", ""}},
    {"int8", {"int", "", ""}},
    {"float4", {"double", "", ""}},
    {"float8", {"double", "", ""}},
    {"text", {"string", "", ""}},
    {"varchar", {"string", "", ""}},
    {"bytea", {"bytes", "", ""}},
    {"jsonb", {"dyn", "", ""}},
    {"json", {"dyn", "", ""}},
    {"timestamptz", {"timestamp", "", ""}},
    {"timestamp", {"", "", kNoTime}},
    {"date", {"", "", kNoTime}},
    {"time", {"", "", kNoTime}},
    {"timetz", {"", "", kNoTime}},
    {"numeric", {"", "", kDecimal}},
    {"money", {"", "", kDecimal}},
    {"bpchar", {"", "", kPads}},
    {"_text", {"list(string)", "kept as array", ""}},
    {"_varchar", {"list(string)", "kept as array", ""}},
};
constexpr Known kMysql[] = {
    {"bool", {"bool", "", ""}},
    {"tinyint", {"int", "", ""}},
    {"smallint", {"int", "", ""}},
    {"mediumint", {"int", "", ""}},
    {"int", {"int", "", ""}},
    {"bigint", {"int", "", ""}},
    {"tinyint unsigned", {"int", "", ""}},
    {"smallint unsigned", {"int", "", ""}},
    {"mediumint unsigned", {"int", "", ""}},
    {"int unsigned", {"int", "", ""}},
    {"bigint unsigned", {"uint", "", ""}},
    {"float", {"double", "", ""}},
    {"double", {"double", "", ""}},
    {"varchar", {"string", "", ""}},
    {"tinytext", {"string", "", ""}},
    {"text", {"string", "", ""}},
    {"mediumtext", {"string", "", ""}},
    {"longtext", {"string", "", ""}},
    {"varbinary", {"bytes", "", ""}},
    {"tinyblob", {"bytes", "", ""}},
    {"blob", {"bytes", "", ""}},
    {"mediumblob", {"bytes", "", ""}},
    {"longblob", {"bytes", "", ""}},
    {"json", {"dyn", "", ""}},
    {"datetime", {"timestamp", "", ""}},
    {"timestamp", {"", "", "it follows the session's zone"}},
    {"date", {"", "", kNoTime}},
    {"time", {"", "", kNoTime}},
    {"decimal", {"", "", kDecimal}},
    {"char", {"", "", kPads}},
};
constexpr Known kSqlite[] = {
    {"integer", {"int", "", ""}},
    {"int", {"int", "", ""}},
    {"bigint", {"int", "", ""}},
    {"smallint", {"int", "", ""}},
    {"real", {"double", "", ""}},
    {"double", {"double", "", ""}},
    {"float", {"double", "", ""}},
    {"double precision", {"double", "", ""}},
    {"text", {"string", "", ""}},
    {"varchar", {"string", "", ""}},
    {"clob", {"string", "", ""}},
    {"boolean", {"bool", "", ""}},
    {"bool", {"bool", "", ""}},
    {"blob", {"bytes", "", ""}},
    {"json", {"dyn", "", ""}},
    {"numeric", {"", "", kDecimal}},
    {"datetime", {"", "", "how it is written is not known"}},
    {"timestamp", {"", "", "how it is written is not known"}},
    {"date", {"", "", kNoTime}},
    {"", {"", "", "it has no type"}},
};

std::span<const Known> KnownTypes(SqlDialect dialect) {
  if (dialect == SqlDialect::kPostgres) return kPostgres;
  return dialect == SqlDialect::kMysql ? std::span<const Known>(kMysql) : std::span<const Known>(kSqlite);
}

bool IsJson(SqlDialect dialect, std::string_view native) {
  return native == "json" || native == "jsonb" || (dialect == SqlDialect::kSqlite && native == "text");
}

}  // namespace

ColumnType ColumnTypeOf(SqlDialect dialect, std::string_view native) {
  if (dialect == SqlDialect::kSqlite) native = native.substr(0, native.find('('));  // varchar(20)
  for (const Known& known : KnownTypes(dialect)) {
    if (known.native == native) return known.type;
  }
  return {"", "", kNone};
}

bool MayHold(SqlDialect dialect, std::string_view native, std::string_view declared, std::string_view layout) {
  const ColumnType type = ColumnTypeOf(dialect, native);
  if (declared == "dyn") return true;
  if (declared.starts_with("list(") || declared.starts_with("map(")) {
    const bool is_array = dialect == SqlDialect::kPostgres && native.starts_with('_');
    return layout == "array" ? is_array : IsJson(dialect, native);
  }
  if (declared == "timestamp") {
    if (layout == "text" || (layout.empty() && dialect == SqlDialect::kSqlite)) return type.type == "string";
    if (!layout.empty()) return type.type == "int";
  }
  if (declared == "uint" && type.type == "int") return true;
  return type.type == declared;
}

}  // namespace writ::table
