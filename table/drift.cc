// Declarations beside a database; see drift.h.
#include "table/drift.h"

#include <algorithm>

#include "rules/base/printable.h"
#include "rules/ir/constant_value.h"
#include "rules/ir/table_storage.h"
#include "table/column_type.h"

namespace writ::table {
namespace {

template <typename Named>
const Named* Find(std::span<const Named> all, std::string_view name) {
  const auto found = std::find_if(all.begin(), all.end(), [&](const Named& each) { return each.name == name; });
  return found == all.end() ? nullptr : &*found;
}

struct DeclaredColumn {
  std::string name;  // `orders.note`, in backticks
  std::string type;  // without `?`
  bool is_nullable = false;
  ColumnStorage storage;
};

DeclaredColumn Declared(const Program& program, const Table& table, const Column& column, SqlDialect dialect) {
  const std::vector<Type> types = TypesOf(program);
  DeclaredColumn declared;
  declared.name = "`" + Printable(program[table.name]) + "." + Printable(program[column.name]) + "`";
  declared.type = TypeText(types, column.type);
  declared.storage = StorageOf(program, column, dialect);
  const bool may_be_null = declared.type.ends_with('?');
  if (may_be_null) declared.type.pop_back();
  declared.is_nullable = may_be_null || declared.storage.null_is_absent;
  return declared;
}

void Compare(const DeclaredColumn& declared, const DatabaseColumn& column, SqlDialect dialect, std::vector<std::string>& drift) {
  const std::string_view wanted = declared.storage.pointer.empty() ? std::string_view(declared.type) : "map(string, dyn)";
  if (!MayHold(dialect, column.type, wanted, declared.storage.layout)) {
    const std::string kept = declared.storage.layout.empty() ? "" : " kept as " + std::string(declared.storage.layout);
    const std::string what = declared.storage.pointer.empty() ? declared.type + kept : "inside JSON";
    drift.push_back(declared.name + " is " + what + ", the database has " + Printable(column.type));
    return;
  }
  const bool is_known = declared.storage.pointer.empty() && declared.type != "dyn";  // else null may be a value of its own
  if (column.is_nullable && !declared.is_nullable && is_known)
    drift.push_back(declared.name + " may be NULL in the database, and is declared without `?`");
  if (!column.is_nullable && declared.is_nullable && is_known)
    drift.push_back(declared.name + " is never NULL in the database, and is declared with `?`");
  if (declared.storage.is_exact && !column.is_exact)
    drift.push_back(declared.name + " is declared `exact`, and the database does not compare and order it by code points");
}

}  // namespace

std::vector<std::string> DriftOf(const Program& program, std::span<const DatabaseTable> tables, SqlDialect dialect) {
  std::vector<std::string> drift;
  for (const Table& table : program.tables) {
    const std::string_view stored = StoredNameOf(program, table, dialect);
    const DatabaseTable* found = Find(tables, stored);
    if (found == nullptr) {
      drift.push_back("table `" + Printable(program[table.name]) + "` is not in the database as " + Printable(stored));
      continue;
    }
    for (const Column& column : program[table.columns]) {
      const DeclaredColumn declared = Declared(program, table, column, dialect);
      const DatabaseColumn* there = Find(std::span<const DatabaseColumn>(found->columns), declared.storage.name);
      if (there == nullptr) {
        drift.push_back(declared.name + " is not in the database as " + Printable(declared.storage.name));
      } else {
        Compare(declared, *there, dialect, drift);
      }
    }
  }
  return drift;
}

}  // namespace writ::table
