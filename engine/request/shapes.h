// The shapes of all targets and tables of one program.
#pragma once

#include <memory>
#include <string_view>
#include <vector>

#include "engine/request/field_paths.h"
#include "engine/request/shape.h"
#include "rules/model/type.h"

namespace writ {

// Immutable after BuildShapes.
struct RequestShapes {
  const Program* program = nullptr;
  SlotTree tree;
  TypeTable types;             // the program's, and those of targets
  std::vector<Shape> targets;  // by Target; kRows without a table
  std::vector<Shape> tables;   // by TableId
  bool needs_scopes = false;   // some rule is about the principal's scopes
  // Of fields: the same for all sets of one program, whatever their data.
  std::uint32_t tag = 0;
  std::shared_ptr<FieldPaths> fields;

  const Shape& Of(Target target) const { return targets[static_cast<std::size_t>(target)]; }
  // Returns the shape of rows of that table, or nullptr. O(tables).
  const Shape* FindTable(std::string_view name) const;
};

// Returns what stands in the slot of a fact that nobody has told: an error that names it.
Value UntoldFact(const Program& program, const FactSpec& fact);

// `program` is borrowed and must outlive the shapes. O(targets * slots).
RequestShapes BuildShapes(const Program& program);

}  // namespace writ
