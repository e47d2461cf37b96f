// The variables of targets, with rows of tables and imported data, as types.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "dsl/check/expression_checker.h"

namespace writ::dsl {

// Makes scopes of names for targets. Not thread-safe.
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
  TypeId RelatedRow(const TypedTable& table, std::string_view owner);
  TypeTable& types_;
};

}  // namespace writ::dsl
