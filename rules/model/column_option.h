// What a `table` declaration may say about how a database keeps its columns, beyond name and type:
// one list, from which the language, the bundle and filters take it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace writ {

// X(Name, "name in dumps and bundles", "what it says")
#define WRIT_COLUMN_OPTIONS(X)                                                                   \
  X(Name, "name", "the column's name in the database")                                           \
  X(Pointer, "pointer", "JSON pointer of the value inside that column")                          \
  X(Layout, "layout", "how a list, a map or a timestamp is kept: array, json, text, seconds, …") \
  X(Exact, "exact", "equality and order of the column's own collation go by code points")        \
  X(NullIsAbsent, "null_is_absent", "NULL means that a row has no such value; else it is a null")

enum class ColumnOptionKind : std::uint8_t {
#define WRIT_COLUMN_OPTION_ENUM(name, word, help) k##name,
  WRIT_COLUMN_OPTIONS(WRIT_COLUMN_OPTION_ENUM)
#undef WRIT_COLUMN_OPTION_ENUM
};

inline constexpr std::size_t kColumnOptionCount = 0
#define WRIT_COLUMN_OPTION_ONE(name, word, help) +1
    WRIT_COLUMN_OPTIONS(WRIT_COLUMN_OPTION_ONE)
#undef WRIT_COLUMN_OPTION_ONE
    ;

constexpr std::string_view ColumnOptionName(ColumnOptionKind kind) {
  constexpr std::string_view kNames[] = {
#define WRIT_COLUMN_OPTION_NAME(name, word, help) word,
      WRIT_COLUMN_OPTIONS(WRIT_COLUMN_OPTION_NAME)
#undef WRIT_COLUMN_OPTION_NAME
  };
  return kNames[static_cast<std::size_t>(kind)];
}

// What is said for one kind of database; kAny is said for all that have nothing of their own.
enum class SqlDialect : std::uint8_t { kAny, kPostgres, kSqlite, kMysql, kSqlServer };

inline constexpr std::string_view kSqlDialectNames[] = {"any", "postgres", "sqlite", "mysql", "sqlserver"};
inline constexpr std::size_t kSqlDialectCount = 5;

constexpr std::string_view SqlDialectName(SqlDialect dialect) { return kSqlDialectNames[static_cast<std::size_t>(dialect)]; }

// Returns the dialect of that name, kAny excepted, or nothing.
std::optional<SqlDialect> TryFindSqlDialect(std::string_view name);

// How a database may keep a value that has no type of its own there. Without one: a list or map as
// JSON, a timestamp as the dialect's own type (SQLite: text `YYYY-MM-DD HH:MM:SS.ffffff` in UTC).
inline constexpr std::string_view kListLayouts[] = {"array", "json"};
inline constexpr std::string_view kMapLayouts[] = {"json"};
inline constexpr std::string_view kTimestampLayouts[] = {"text", "seconds", "milliseconds"};

// Returns whether `layout` is one of the names above.
bool IsColumnLayout(std::string_view layout);

// Returns what is wrong with the name of a table or column in a database, "" for a name that every
// dialect can quote: 1 to 128 bytes, no control or invisible character, no blank at either end.
std::string StoredNameFault(std::string_view name);

}  // namespace writ
