// The shapes of a program, and what stands in slots of facts; see shapes.h.
#include "engine/request/shapes.h"

#include <algorithm>
#include <atomic>

namespace writ {

namespace {

// Never 0, which says nothing.
std::uint32_t NextTag() {
  static std::atomic<std::uint32_t> last{0};
  const std::uint32_t tag = ++last;
  return tag != 0 ? tag : ++last;
}

}  // namespace

const Shape* RequestShapes::FindTable(std::string_view name) const {
  for (const Shape& shape : tables) {
    if ((*program)[shape.table->name] == name) return &shape;
  }
  return nullptr;
}

namespace {

// A fact that nobody has told is an error, so that `has()` does not take it for one that is not so.
void SetFactDefaults(const Program& program, Shape& shape) {
  for (const FactSpec& fact : program.facts) {
    const Slot& slot = program.slots[fact.slot.index];
    shape.defaults[slot.parent.index] = Value::Map(nullptr);
    shape.defaults[fact.slot.index] = UntoldFact(program, fact);
  }
}

}  // namespace

Value UntoldFact(const Program& program, const FactSpec& fact) {
  return Value::Error(ValueError::kNoSuchKey, program[program.slots[fact.slot.index].key]);
}

RequestShapes BuildShapes(const Program& program) {
  RequestShapes shapes;
  shapes.program = &program;
  shapes.tree = SlotTree(program);
  shapes.types = TypeTable(TypesOf(program));
  shapes.tag = NextTag();
  shapes.fields = std::make_shared<FieldPaths>();
  for (std::size_t i = 0; i < kTargetCount; ++i)
    shapes.targets.push_back(BuildShape(program, shapes.tree, shapes.types, static_cast<Target>(i), nullptr));
  for (const Table& table : program.tables) shapes.tables.push_back(BuildShape(program, shapes.tree, shapes.types, Target::kRows, &table));
  for (Shape& shape : shapes.targets) SetFactDefaults(program, shape);
  for (Shape& shape : shapes.tables) SetFactDefaults(program, shape);
  for (const Rule& rule : program.rules) {
    const std::span<const Selector> selectors = program[program.details(rule).selectors];
    const bool is_scoped =
        std::any_of(selectors.begin(), selectors.end(), [&](const Selector& selector) { return program[selector.scope] != "**"; });
    Shape& shape = shapes.targets[static_cast<std::size_t>(program.policy(rule).target)];
    shape.has_scoped_rules = shape.has_scoped_rules || is_scoped;
    shapes.needs_scopes = shapes.needs_scopes || !rule.needs_scopes.empty();
  }
  return shapes;
}

}  // namespace writ
