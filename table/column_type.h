// Which types of policies the types of databases are.
#pragma once

#include <string>
#include <string_view>

#include "rules/model/column_option.h"

namespace writ::table {

// What a column is declared as, or why it has no equivalent.
struct ColumnType {
  std::string_view type;     // "int", "list(string)", …; "" = none
  std::string_view storage;  // what stands behind it: "kept as array", or ""
  std::string_view why;      // of one without a type
};

// `native`: as DatabaseColumn::type.
ColumnType ColumnTypeOf(SqlDialect dialect, std::string_view native);

// Can a column of this native type hold what is declared? `declared`: a type as it is written,
// without `?`; `layout`: of rules/model/column_option.h, or "".
bool MayHold(SqlDialect dialect, std::string_view native, std::string_view declared, std::string_view layout);

}  // namespace writ::table
