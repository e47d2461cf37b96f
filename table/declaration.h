// Tables of a database as `table` declarations.
#pragma once

#include <span>
#include <string>

#include "table/database.h"

namespace writ::table {

// Returns the declarations as the text of a policy file. A column without an equivalent is a
// comment that says why; foreign keys are relations in both directions, where both tables are
// given. A name that is none in policies gets another one, and `stored as`.
std::string DeclarationsOf(std::span<const DatabaseTable> tables, SqlDialect dialect, const std::string& package);

}  // namespace writ::table
