// How tables are stored; see storage.h.
#include "engine/filter/storage.h"

#include <algorithm>

#include "rules/ir/table_storage.h"

namespace writ {
namespace {

// A string, an enumeration included, is text.
TypeKind KindOf(const TypeRecord& type) { return type.kind == TypeKind::kEnum ? TypeKind::kString : type.kind; }

bool IsReadable(TypeKind type) {
  switch (type) {
    case TypeKind::kBool:
    case TypeKind::kInt:
    case TypeKind::kDouble:
    case TypeKind::kString:
    case TypeKind::kTimestamp:
    case TypeKind::kList: return true;
    default: return false;  // NOLINT: nothing is said of how a database keeps the others
  }
}

std::string_view DefaultLayout(TypeKind type, SqlDialect dialect) {
  if (type == TypeKind::kTimestamp) return dialect == SqlDialect::kSqlite ? "text" : "";
  return "json";
}

}  // namespace

const Table* FindTable(const Program& program, std::string_view name) {
  const auto found =
      std::find_if(program.tables.begin(), program.tables.end(), [&](const Table& each) { return program[each.name] == name; });
  return found == program.tables.end() ? nullptr : &*found;
}

std::optional<StoredColumn> FindColumn(const Program& program, const Table& table, std::string_view name, SqlDialect dialect) {
  for (const Column& column : program[table.columns]) {
    if (program[column.name] != name) continue;
    const ColumnStorage storage = StorageOf(program, column, dialect);
    StoredColumn stored{.name = storage.name, .null = NullMeaning::kNever, .is_exact_text = storage.is_exact};
    const TypeRecord* type = &program.types[column.type.index];
    if (type->kind == TypeKind::kNullable) {
      stored.null = NullMeaning::kValue;
      type = &program.types[program[type->parameters][0].index];
    }
    stored.type = KindOf(*type);
    if (storage.null_is_absent) stored.null = NullMeaning::kError;
    if (!storage.pointer.empty()) stored.fault = "a filter cannot read a value inside of a column yet";
    if (!storage.layout.empty() && storage.layout != DefaultLayout(stored.type, dialect))
      stored.fault = "a filter cannot read a column that is kept so yet";
    if (!IsReadable(stored.type)) stored.fault = "a filter cannot read columns of this type";
    if (stored.type == TypeKind::kDyn) stored.fault = "the type of the column is not declared";
    if (stored.type == TypeKind::kList) stored.element = KindOf(program.types[program[type->parameters][0].index]);
    return stored;
  }
  return std::nullopt;
}

const Relation* FindRelation(const Program& program, const Table& table, std::string_view name) {
  const std::span<const Relation> relations = program[table.relations];
  const auto found = std::find_if(relations.begin(), relations.end(), [&](const Relation& each) { return program[each.name] == name; });
  return found == relations.end() ? nullptr : &*found;
}

}  // namespace writ
