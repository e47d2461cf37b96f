// How the tables of a program are stored: what a declaration says beyond names and types.
#pragma once

#include <span>
#include <string_view>

#include "rules/ir/program.h"

namespace writ {

// One column in one kind of database. Views point into the program.
struct ColumnStorage {
  std::string_view name;     // of the database's column
  std::string_view pointer;  // JSON pointer of the value in it, "" = the column itself
  std::string_view layout;   // of rules/model/column_option.h, "" = as the dialect has it
  bool is_exact = false;     // its collation compares and orders by code points
  bool null_is_absent = false;
};

// Each O(log records), plus what it returns. Requires: a record of the program's own pool.
ColumnStorage StorageOf(const Program& program, const Column& column, SqlDialect dialect);
// What the database calls the table; a dot stands behind the schema.
std::string_view StoredNameOf(const Program& program, const Table& table, SqlDialect dialect);
// All that is said, for every dialect, in the order of the program's pools.
std::span<const StoredName> StoredNamesOf(const Program& program, const Table& table);
std::span<const ColumnOption> OptionsOf(const Program& program, const Column& column);
// What holds of the relation's rows beside its first pair of columns.
std::span<const RelationTerm> TermsOf(const Program& program, const Relation& relation);

}  // namespace writ
