// Where declarations and a database differ.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "rules/ir/program.h"
#include "table/database.h"

namespace writ::table {

// Returns each difference as a sentence, in the order of the declarations; empty when there is
// none. What the database has beyond the declarations is none.
std::vector<std::string> DriftOf(const Program& program, std::span<const DatabaseTable> tables, SqlDialect dialect);

}  // namespace writ::table
