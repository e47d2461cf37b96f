// Variables of targets; see targets.h.
#include "dsl/check/targets.h"

#include <algorithm>

namespace writ::dsl {
namespace {

bool SameFields(const Type& type, const std::vector<RecordField>& fields, bool open) {
  if (type.open != open || type.fields.size() != fields.size()) return false;
  for (std::size_t i = 0; i < fields.size(); ++i) {
    if (type.fields[i].name != fields[i].name || type.fields[i].type != fields[i].type) return false;
  }
  return true;
}

// A column that may be null: CEL's wrapper for primitives; times agree with null anyway; of the rest nothing is known.
TypeId NullableType(TypeTable& types, TypeId type) {
  const TypeKind kind = types[type].kind;
  if (kind >= TypeKind::kBool && kind <= TypeKind::kBytes) return types.Wrapper(type);
  return kind == TypeKind::kTimestamp || kind == TypeKind::kDuration ? type : types.Simple(TypeKind::kDyn);
}

}  // namespace

TypeId DeclareRecord(TypeTable& types, std::string_view name, std::string_view qualifier, std::vector<RecordField> fields, bool open,
                     std::unordered_map<std::string, TypeId>& declared) {
  std::string chosen(name);
  for (int attempt = 0;; ++attempt) {
    const auto found = declared.find(chosen);
    if (found == declared.end()) {
      const TypeId id = types.Record(chosen, std::move(fields), open);
      declared.emplace(std::move(chosen), id);
      return id;
    }
    if (SameFields(types[found->second], fields, open)) return found->second;
    chosen = std::string(name) + " of " + std::string(qualifier);
    if (attempt > 0) chosen += " (" + std::to_string(attempt + 1) + ")";
  }
}

// NOLINTNEXTLINE(misc-no-recursion): depth of the table of targets, 3
TypeId TargetTypes::MemberRecord(const TargetInfo& info, const Member& record, std::span<const std::string> imports) {
  std::vector<RecordField> fields;
  const std::string prefix = std::string(record.path) + '.';
  for (const Member& member : info.members) {
    if (!member.path.starts_with(prefix) || member.path.find('.', prefix.size()) != std::string_view::npos) continue;
    TypeId type = types_.OfMember(member.type);
    if (member.type == MemberType::kRecord) type = MemberRecord(info, member, imports);
    if (!member.fields.empty()) type = FieldRecord(info, member);
    fields.push_back({std::string(member.path.substr(prefix.size())), type, member.if_absent == MemberDefault::kAbsent});
  }
  if (record.path == "data") {
    for (const std::string& name : imports) fields.push_back({name, types_.Simple(TypeKind::kDyn), true});
  }
  return DeclareRecord(types_, record.path, info.name, std::move(fields), record.open, declared_);
}

// The record of Member::fields. What they hold is dyn: the reader does not check it.
TypeId TargetTypes::FieldRecord(const TargetInfo& info, const Member& member) {
  std::vector<RecordField> fields;
  for (std::string_view rest = member.fields; !rest.empty();) {
    const std::size_t space = std::min(rest.find(' '), rest.size());
    fields.push_back({std::string(rest.substr(0, space)), types_.Simple(TypeKind::kDyn), true});
    rest.remove_prefix(std::min(space + 1, rest.size()));
  }
  return DeclareRecord(types_, member.path, info.name, std::move(fields), false, declared_);
}

VariableTypes TargetTypes::Variables(Target target, std::span<const std::string> imports, TypeId row) {
  VariableTypes variables;
  const TargetInfo& info = InfoOf(target);
  for (const Member& member : info.members) {
    if (member.path.find('.') != std::string_view::npos) continue;
    TypeId type = member.type == MemberType::kRecord ? MemberRecord(info, member, imports) : types_.OfMember(member.type);
    if (member.path == "row" && row.valid()) type = row;
    variables.emplace(member.path, type);
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
  for (const Column& column : table.columns) {
    const TypeId type = types_.OfMember(column.type);
    fields.push_back({column.name, column.nullable ? NullableType(types_, type) : type, true});
  }
  for (std::size_t i = 0; i < related.size(); ++i) {
    const RelationDecl& relation = table.decl->relations[i];
    TypeId row = types_.Simple(TypeKind::kDyn);
    if (related[i] != nullptr) row = RelatedRow(*related[i], table.decl->name.text);
    fields.push_back({std::string(relation.name.text), relation.many ? types_.List(row) : row, true});
  }
  return DeclareRecord(types_, "row of " + std::string(table.decl->name.text), package, std::move(fields), false, declared_);
}

// A row that another one brings along: its columns and relations by name. What they hold is dyn: the reader does not check it.
TypeId TargetTypes::RelatedRow(const TypedTable& table, std::string_view owner) {
  const TypeId dyn = types_.Simple(TypeKind::kDyn);
  std::vector<RecordField> fields;
  for (const Column& column : table.columns) fields.push_back({column.name, dyn, true});
  for (const RelationDecl& relation : table.decl->relations) fields.push_back({std::string(relation.name.text), dyn, true});
  return DeclareRecord(types_, "related " + std::string(table.decl->name.text), owner, std::move(fields), false, declared_);
}

}  // namespace writ::dsl
