// The shapes of all targets and tables of one program.
#pragma once

#include <string_view>
#include <vector>

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

  const Shape& Of(Target target) const { return targets[static_cast<std::size_t>(target)]; }
  // Returns the shape of rows of that table, or nullptr. O(tables).
  const Shape* FindTable(std::string_view name) const;
};

// `program` is borrowed and must outlive the shapes. O(targets * slots).
RequestShapes BuildShapes(const Program& program);

}  // namespace writ
