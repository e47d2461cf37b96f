// How tables are stored; see table_storage.h.
#include "rules/ir/table_storage.h"

#include <algorithm>

namespace writ {
namespace {

// The records about `owner`, which the verifier has found in its order.
template <typename Record, typename Owner>
std::span<const Record> About(std::span<const Record> records, Id<Owner> Record::*of, Id<Owner> owner) {
  const auto found = std::ranges::equal_range(records, owner, {}, of);
  return {found.begin(), found.end()};
}

template <typename Record>
Id<Record> IdOf(std::span<const Record> pool, const Record& record) {
  return Id<Record>(static_cast<std::size_t>(&record - pool.data()));
}

}  // namespace

std::span<const StoredName> StoredNamesOf(const Program& program, const Table& table) {
  return About(program.stored_names, &StoredName::table, IdOf(program.tables, table));
}

std::span<const ColumnOption> OptionsOf(const Program& program, const Column& column) {
  return About(program.column_options, &ColumnOption::column, IdOf(program.columns, column));
}

std::span<const RelationTerm> TermsOf(const Program& program, const Relation& relation) {
  return About(program.relation_terms, &RelationTerm::relation, IdOf(program.relations, relation));
}

std::string_view StoredNameOf(const Program& program, const Table& table, SqlDialect dialect) {
  std::string_view name = program[table.name];
  for (const StoredName& stored : StoredNamesOf(program, table)) {
    if (stored.dialect == SqlDialect::kAny || stored.dialect == dialect) name = program[stored.name];
  }
  return name;
}

// What is said for all dialects stands before what is said for one.
ColumnStorage StorageOf(const Program& program, const Column& column, SqlDialect dialect) {
  ColumnStorage storage{.name = program[column.name]};
  for (const ColumnOption& option : OptionsOf(program, column)) {
    if (option.dialect != SqlDialect::kAny && option.dialect != dialect) continue;
    switch (option.kind) {
      case ColumnOptionKind::kName: storage.name = program[option.text]; break;
      case ColumnOptionKind::kPointer: storage.pointer = program[option.text]; break;
      case ColumnOptionKind::kLayout: storage.layout = program[option.text]; break;
      case ColumnOptionKind::kExact: storage.is_exact = true; break;
      case ColumnOptionKind::kNullIsAbsent: storage.null_is_absent = true; break;
    }
  }
  return storage;
}

}  // namespace writ
