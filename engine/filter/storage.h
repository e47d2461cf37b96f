// How the columns and relations of a table are stored, as a filter has to know it.
//
// The one place that reads the `table` declaration for filters. What a declaration does not say has
// the safe answer: a NULL is an explicit null, and nothing is known of a text column's collation.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "rules/ir/program.h"
#include "rules/model/column_option.h"
#include "rules/model/type.h"

namespace writ {

// What NULL in a database stands for.
enum class NullMeaning : std::uint8_t {
  kNever,  // there is no NULL
  kValue,  // the value `null`: it equals itself and nothing else
  kError,  // a value that is missing, or could not be computed: using it is an error
};

// Views point into the program.
struct StoredColumn {
  std::string_view name;              // in the database
  std::string_view fault;             // why no filter can read it, "" = it can
  TypeKind type = TypeKind::kDyn;     // of values that are not null
  TypeKind element = TypeKind::kDyn;  // kList: of its items
  NullMeaning null = NullMeaning::kValue;
  bool is_exact_text = false;  // equality and order of the column go by code points
};

// Returns the table's declaration, or nullptr. O(tables).
const Table* FindTable(const Program& program, std::string_view name);
// Returns the column, or nothing. O(columns).
std::optional<StoredColumn> FindColumn(const Program& program, const Table& table, std::string_view name, SqlDialect dialect);
// Returns the relation, or nullptr. O(relations).
const Relation* FindRelation(const Program& program, const Table& table, std::string_view name);

}  // namespace writ
