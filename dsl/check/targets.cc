// Variables of targets; see targets.h.
#include "dsl/check/targets.h"

#include "rules/model/target_types.h"

namespace writ::dsl {
VariableTypes TargetTypes::Variables(Target target, std::span<const std::string> imports, TypeId row) {
  VariableTypes variables;
  const TargetInfo& info = InfoOf(target);
  for (const Member& member : info.members) {
    if (!member.is_root()) continue;
    const bool is_row = member.path == "row" && row.valid();
    variables.emplace(member.path, is_row ? row : TypeOfMember(types_, info, member, imports));
  }
  return variables;
}

VariableTypes TargetTypes::AllVariables(std::span<const std::string> imports) {
  VariableTypes all;
  for (std::size_t i = 0; i < kTargetCount; ++i) {
    for (const auto& [name, type] : Variables(static_cast<Target>(i), imports, types_.Simple(TypeKind::kDyn))) {
      const auto [entry, is_new] = all.emplace(name, type);
      if (!is_new && entry->second != type) entry->second = types_.Simple(TypeKind::kDyn);
    }
  }
  return all;
}

TypeId TargetTypes::Row(const TypedTable& table, std::string_view package, std::span<const TypedTable* const> related) {
  std::vector<RecordField> fields;
  for (const draft::Column& column : table.columns) fields.push_back({column.name, column.type, true});
  for (std::size_t i = 0; i < related.size(); ++i) {
    const RelationDecl& relation = table.decl->relations[i];
    TypeId row = types_.Simple(TypeKind::kDyn);
    if (related[i] != nullptr) row = RelatedRow(*related[i], table.decl->name.text);
    fields.push_back({std::string(relation.name.text), relation.many ? types_.List(row) : row, true});
  }
  return types_.Record("row of " + std::string(table.decl->name.text), package, std::move(fields), false);
}

// A row that another one brings along: its columns and relations by name. What they hold is dyn: the reader does not check it.
TypeId TargetTypes::RelatedRow(const TypedTable& table, std::string_view owner) {
  const TypeId dyn = types_.Simple(TypeKind::kDyn);
  std::vector<RecordField> fields;
  for (const draft::Column& column : table.columns) fields.push_back({column.name, dyn, true});
  for (const RelationDecl& relation : table.decl->relations) fields.push_back({std::string(relation.name.text), dyn, true});
  return types_.Record("related " + std::string(table.decl->name.text), owner, std::move(fields), false);
}

}  // namespace writ::dsl
