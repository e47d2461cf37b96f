// The variables of targets as types: rules/model/target.h's table turned into records.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "dsl/check/expression_checker.h"

namespace writ::dsl {

// Declares `name` with these fields, or returns the record that has both already. When the name is taken by another record the
// new one is called "name of `qualifier`".
TypeId DeclareRecord(TypeTable& types, std::string_view name, std::string_view qualifier, std::vector<RecordField> fields, bool open,
                     std::unordered_map<std::string, TypeId>& declared);

// Makes scopes of names for targets. Keeps the records it has declared. Not thread-safe.
class TargetTypes {
 public:
  explicit TargetTypes(TypeTable& types) : types_(types) {}

  // Returns the variables of a target. `imports` are the members of `data`; `row` is the type of `row`, invalid = as the table says.
  VariableTypes Variables(Target target, std::span<const std::string> imports, TypeId row);
  // Returns the variables of all targets together: dyn where targets differ.
  VariableTypes AllVariables(std::span<const std::string> imports);
  // Returns the record of a table's columns and relations. `related`: the other table of each relation, nullptr where it is not known;
  // empty leaves relations out.
  TypeId Row(const TypedTable& table, std::string_view package, std::span<const TypedTable* const> related);

 private:
  TypeId MemberRecord(const TargetInfo& info, const Member& record, std::span<const std::string> imports);
  TypeId RelatedRow(const TypedTable& table, std::string_view owner);
  TypeId FieldRecord(const TargetInfo& info, const Member& member);
  TypeTable& types_;
  std::unordered_map<std::string, TypeId> declared_;
};

}  // namespace writ::dsl
