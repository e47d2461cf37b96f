// Building residuals; see residual_graph.h.
#include "engine/partial/residual_graph.h"

#include <algorithm>
#include <cmath>
#include <string>
#include <unordered_set>

#include "rules/base/check.h"
#include "rules/function/function.h"

namespace writ {
namespace {

// Do the signatures of these take values of one type on both sides, or dyn?
bool ComparesOneType(Function function) {
  switch (function) {
    case Function::kEqual:
    case Function::kNotEqual:
    case Function::kLess:
    case Function::kLessOrEqual:
    case Function::kGreater:
    case Function::kGreaterOrEqual: return true;
    default: return false;  // NOLINT: the table of functions is open-ended
  }
}

// Can a constant be such a value?
// NOLINTNEXTLINE(misc-no-recursion): values nest at most 1000 deep
bool IsPlain(const Value& value) {
  if (value.is(Kind::kOptional) || value.is_fault()) return false;
  if (value.is(Kind::kDouble)) return std::isfinite(value.real);
  bool is_plain = true;
  if (value.is(Kind::kList)) {
    for (std::uint32_t i = 0; i < value.size && is_plain; ++i) is_plain = IsPlain(value.items[i]);
  }
  if (value.is(Kind::kMap) && value.map != nullptr) {
    for (std::uint32_t i = 0; i < value.map->size && is_plain; ++i) is_plain = IsPlain(value.map->entries[i].value);
  }
  return is_plain;
}

std::string_view NameOfInfinite(double number) { return std::isnan(number) ? "NaN" : number > 0 ? "Infinity" : "-Infinity"; }

bool IsDyn(TypeId type) { return !type.valid() || type == SimpleType(TypeKind::kDyn); }

}  // namespace

ResidualGraph::ResidualGraph(const Program& program) : program_(program), types_(TypesOf(program)), mentioned_(program.slots.size()) {}

NodeId ResidualGraph::Checked(NodeId node) {
  is_deep_ = is_deep_ || graph_.facts(node).depth > kMaxResidualDepth;
  return node;
}

// ---- known values -------------------------------------------------------------------------------

NodeId ResidualGraph::OfBool(bool value) { return graph_.Constant(Value::Bool(value)); }

// NOLINTNEXTLINE(misc-no-recursion): values nest at most 1000 deep
NodeId ResidualGraph::OfValue(const Value& value, TypeId type) {
  const TypeId dyn = types_.Simple(TypeKind::kDyn);
  if (value.is_fault()) return Failure();
  if (value.is(Kind::kOptional)) {
    std::vector<NodeId> inner;
    if (value.inner != nullptr) inner.push_back(OfValue(*value.inner, dyn));
    return graph_.Call(inner.empty() ? Function::kOptionalNone : Function::kOptionalOf, inner, types_.Optional(dyn));
  }
  if (IsPlain(value)) return graph_.Constant(value, IsDyn(type) || value.is(Kind::kNull) ? dyn : type);
  if (!value.is(Kind::kDouble)) return OfContainer(value, type);
  const NodeId name[] = {graph_.Constant(Value::String(NameOfInfinite(value.real)))};
  return graph_.Call(Function::kToDouble, name, types_.Simple(TypeKind::kDouble));
}

// `[args.x][1]`: the second item of a list of one.
NodeId ResidualGraph::Failure() {
  WRIT_CHECK(some_slot_.valid());
  const TypeId dyn = types_.Simple(TypeKind::kDyn), item = graph_[some_slot_].type;
  const NodeId items[] = {some_slot_};
  const NodeId args[] = {graph_.Make(NodeKind::kList, items, 0, types_.List(item)), graph_.Constant(Value::Int(1))};
  NodeId failure = graph_.Call(Function::kIndex, args, item);
  if (!IsDyn(item)) failure = graph_.Call(Function::kToDyn, std::span(&failure, 1), dyn);
  failures_.push_back(failure);
  return failure;
}

bool ResidualGraph::HoldsFailure(NodeId node) const {
  std::unordered_set<std::uint32_t> seen = {node.index};
  for (std::vector<NodeId> left = {node}; !left.empty();) {
    const NodeId at = left.back();
    left.pop_back();
    if (std::find(failures_.begin(), failures_.end(), at) != failures_.end()) return true;
    for (const NodeId arg : graph_.args(at)) {
      if (arg.valid() && seen.insert(arg.index).second) left.push_back(arg);
    }
  }
  return false;
}

// NOLINTNEXTLINE(misc-no-recursion): values nest at most 1000 deep
NodeId ResidualGraph::OfContainer(const Value& value, TypeId type) {
  const TypeId dyn = types_.Simple(TypeKind::kDyn);
  std::vector<NodeId> args;
  if (value.is(Kind::kList)) {
    for (std::uint32_t i = 0; i < value.size; ++i) args.push_back(OfValue(value.items[i], dyn));
    return graph_.Make(NodeKind::kList, args, 0, type);
  }
  for (std::uint32_t i = 0; i < value.map->size; ++i) {
    args.push_back(OfValue(value.map->entries[i].key, dyn));
    args.push_back(OfValue(value.map->entries[i].value, dyn));
  }
  return graph_.Make(NodeKind::kMap, args, 0, type);
}

// The type that the value has as a literal; nothing where its items differ.
// NOLINTNEXTLINE(misc-no-recursion): values nest at most 1000 deep
std::optional<TypeId> ResidualGraph::TryNaturalType(const Value& value) {
  if (value.is(Kind::kList)) {
    std::optional<TypeId> item;
    for (std::uint32_t i = 0; i < value.size; ++i) {
      const std::optional<TypeId> type = TryNaturalType(value.items[i]);
      if (!type || (item && *item != *type)) return std::nullopt;
      item = type;
    }
    return item ? std::optional(types_.List(*item)) : std::nullopt;
  }
  const TypeId type = SimpleType(LiteralTypeOf(value.kind));
  return IsDyn(type) ? std::nullopt : std::optional(type);
}

// ---- names --------------------------------------------------------------------------------------

// NOLINTNEXTLINE(misc-no-recursion): as deep as the path
SlotId ResidualGraph::SlotOf(SlotId slot) {
  const Slot& step = program_.slots[slot.index];
  mentioned_[slot.index] = true;
  return step.parent.valid() ? graph_.Child(SlotOf(step.parent), program_[step.key]) : graph_.Root(program_[step.key]);
}

NodeId ResidualGraph::OfSlot(const Node& node) {
  some_slot_ = graph_.Leaf(node.kind, SlotOf(SlotId(node.index)).index, node.detail, node.type);
  return some_slot_;
}

NodeId ResidualGraph::OfMember(std::string_view root, std::string_view member, TypeId type) {
  return graph_.Leaf(NodeKind::kSlot, graph_.Child(graph_.Root(root), member).index, 0, type);
}

NodeId ResidualGraph::OfVariable(std::uint32_t depth, TypeId type) { return graph_.Leaf(NodeKind::kVariable, depth, 0, type); }

// ---- operations ---------------------------------------------------------------------------------

NodeId ResidualGraph::Like(const Node& node, std::span<const NodeId> args) {
  switch (node.kind) {
    case NodeKind::kSelect:
    case NodeKind::kHasMember:
    case NodeKind::kOptionalSelect:
      return Checked(graph_.Member(node.kind, args[0], program_[program_.constants[node.index].text()], node.type));
    case NodeKind::kCall: return Call(static_cast<Function>(node.detail), args, node.type);
    default: return Checked(graph_.Make(node.kind, args, node.index, node.type));  // NOLINT: the rest
  }
}

NodeId ResidualGraph::Call(Function function, std::span<const NodeId> args, TypeId type) {
  std::vector<NodeId> natural(args.begin(), args.end());
  for (std::size_t i = 0; i < args.size(); ++i) natural[i] = Naturalized(function, args, i);
  return Checked(graph_.Call(function, natural, type));
}

// A known value of no static type would be written as `dyn("acme")`, so that it may be compared
// with anything. Where the other side is of its type, or dyn itself, the plain literal means the
// same.
NodeId ResidualGraph::Naturalized(Function function, std::span<const NodeId> args, std::size_t which) {
  const Value* value = graph_.TryValue(args[which]);
  const bool is_in = function == Function::kIn;
  if (value == nullptr || args.size() != 2 || !IsDyn(graph_[args[which]].type) || (!is_in && !ComparesOneType(function)))
    return args[which];
  const std::optional<TypeId> natural = TryNaturalType(*value);
  if (!natural) return args[which];
  TypeId other = graph_[args[1 - which]].type;
  const bool is_list = other.valid() && types_[other].kind == TypeKind::kList;
  if (is_in && which == 0 && is_list) other = types_[other].parameters[0];
  const TypeId own = is_in && which == 1 && value->is(Kind::kList) ? types_[*natural].parameters[0] : *natural;
  return IsDyn(other) || other == own ? graph_.Constant(*value, *natural) : args[which];
}

NodeId ResidualGraph::Join(NodeKind kind, std::span<const NodeId> operands, ErrorReading reading) {
  const bool deciding = kind == NodeKind::kOr;
  std::vector<NodeId> kept;
  std::unordered_set<std::uint32_t> seen;
  const auto add = [&](NodeId operand) {
    if (seen.insert(operand.index).second) kept.push_back(operand);
  };
  for (const NodeId operand : operands) {
    const Value* value = graph_.TryValue(operand);
    if (value != nullptr && value->is(Kind::kBool)) {
      if (value->boolean == deciding) return operand;
    } else if (graph_[operand].kind == kind) {
      const std::vector<NodeId> inner(graph_.args(operand).begin(), graph_.args(operand).end());
      std::for_each(inner.begin(), inner.end(), add);
    } else {
      add(operand);
    }
  }
  if (kept.empty()) return OfBool(!deciding);
  if (kept.size() == 1 && (reading != ErrorReading::kKept || graph_.IsLogical(kept[0]))) return kept[0];
  if (kept.size() == 1) kept.push_back(OfBool(!deciding));
  return Checked(graph_.Make(kind, kept, 0, types_.Simple(TypeKind::kBool)));
}

NodeId ResidualGraph::Not(NodeId operand) {
  const Value* value = graph_.TryValue(operand);
  if (value != nullptr && value->is(Kind::kBool)) return OfBool(!value->boolean);
  const NodeId args[] = {operand};
  return Checked(graph_.Call(Function::kNot, args, types_.Simple(TypeKind::kBool)));
}

NodeId ResidualGraph::IsTrue(NodeId operand) {
  const Value* value = graph_.TryValue(operand);
  if (value != nullptr && value->is(Kind::kBool)) return operand;
  const NodeId args[] = {operand};
  return Checked(graph_.Call(Function::kIsTrue, args, types_.Simple(TypeKind::kBool)));
}

}  // namespace writ
