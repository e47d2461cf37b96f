// Partial evaluation; see reducer.h.
// NOLINTBEGIN(misc-no-recursion): depth <= BundleLimits::max_node_depth
#include "engine/partial/reducer.h"

#include <algorithm>

#include "rules/function/function.h"

namespace writ {
namespace {

constexpr std::uint64_t kStepsPerPart = 20;
constexpr std::uint32_t kBytesPerStep = 32;  // of known values, which are copied and compared

ErrorReading Opposite(ErrorReading reading) {
  if (reading == ErrorReading::kKept) return reading;
  return reading == ErrorReading::kFalse ? ErrorReading::kTrue : ErrorReading::kFalse;
}

// Returns what copying the value costs, at most a little more than `most`.
std::uint64_t StepsOf(const Value& value, std::uint64_t most) {
  const bool has_text = value.is(Kind::kString) || value.is(Kind::kBytes) || value.is(Kind::kType) || value.is(Kind::kError);
  std::uint64_t steps = 1 + (has_text ? value.size / kBytesPerStep : 0);
  if (value.is(Kind::kList)) {
    for (std::uint32_t i = 0; i < value.size && steps <= most; ++i) steps += StepsOf(value.items[i], most - steps);
  }
  if (value.is(Kind::kMap) && value.map != nullptr) {
    for (std::uint32_t i = 0; i < value.map->size && steps <= most; ++i) {
      steps += StepsOf(value.map->entries[i].key, most - steps);
      if (steps <= most) steps += StepsOf(value.map->entries[i].value, most - steps);
    }
  }
  return steps;
}

bool IsRange(const Value& value) { return value.is(Kind::kList) || (value.is(Kind::kMap) && value.map != nullptr); }

std::uint32_t SizeOf(const Value& range) { return range.is(Kind::kList) ? range.size : range.map->size; }

// What a macro's variable stands for in turn: items of a list, keys of a map.
const Value& ItemOf(const Value& range, std::uint32_t i) { return range.is(Kind::kList) ? range.items[i] : range.map->entries[i].key; }

}  // namespace

class Reducer::Binding {
 public:
  Binding(std::vector<Value>& variables, std::uint32_t depth, const Value& value) : variables_(variables), depth_(depth) {
    size_ = variables.size();
    if (depth >= size_) variables.resize(depth + 1, Value::Unknown());
    hidden_ = variables[depth];
    variables[depth] = value;
  }
  ~Binding() {
    variables_[depth_] = hidden_;
    variables_.resize(size_);
  }
  Binding(const Binding&) = delete;
  Binding& operator=(const Binding&) = delete;

 private:
  std::vector<Value>& variables_;
  std::uint32_t depth_;
  std::size_t size_ = 0;
  Value hidden_;
};

// A node outside of macros has one meaning in this decision; inside it hangs on the variables.
NodeId Reducer::Reduce(NodeId id, ErrorReading reading) {
  if (is_done() || !evaluator_.Spend(kStepsPerPart)) return graph_.OfBool(false);
  const std::uint64_t key = std::uint64_t{id.index} << 2U | static_cast<std::uint64_t>(reading);
  if (variables_.empty()) {
    if (const auto found = reduced_.find(key); found != reduced_.end()) return found->second;
  }
  const Value value = Run(id);
  if (evaluator_.exhausted()) return graph_.OfBool(false);
  const NodeId part = value.is(Kind::kUnknown) ? Unknown(id, reading) : Known(value, program_.nodes[id.index].type, reading);
  if (variables_.empty()) reduced_.emplace(key, part);
  return part;
}

// Where errors are read as a bool, so is what is no bool.
NodeId Reducer::Known(const Value& value, TypeId type, ErrorReading reading) {
  if (reading != ErrorReading::kKept && !value.is(Kind::kBool)) return graph_.OfBool(reading == ErrorReading::kTrue);
  const std::uint64_t most = evaluator_.steps_left();
  if (!evaluator_.Spend(StepsOf(value, most))) return graph_.OfBool(false);
  return graph_.OfValue(value, type);
}

NodeId Reducer::Unknown(NodeId id, ErrorReading reading) {
  const Node& node = program_.nodes[id.index];
  switch (node.kind) {
    case NodeKind::kSlot:
    case NodeKind::kHasSlot:
    case NodeKind::kOptionalSlot: return graph_.OfSlot(node);
    case NodeKind::kVariable: return graph_.OfVariable(node.index, node.type);
    case NodeKind::kAnd:
    case NodeKind::kOr: return Logic(node, reading);
    case NodeKind::kConditional: return Conditional(node, reading);
    case NodeKind::kCall: return Call(node, reading);
    case NodeKind::kConstant:
    case NodeKind::kSelect:
    case NodeKind::kHasMember:
    case NodeKind::kOptionalSelect:
    case NodeKind::kList:
    case NodeKind::kMap:
    case NodeKind::kOptionalEntry: return graph_.Like(node, Parts(program_.args(node)));
    case NodeKind::kAll:
    case NodeKind::kExists:
    case NodeKind::kExistsOne:
    case NodeKind::kMapItems:
    case NodeKind::kFilter:
    case NodeKind::kOptMap:
    case NodeKind::kOptFlatMap: return Macro(node, reading);
  }
  WRIT_CHECK(false);
}

// An entry that is there only when its optional holds something stays one, whatever is known.
std::vector<NodeId> Reducer::Parts(std::span<const NodeId> ids) {
  std::vector<NodeId> parts;
  for (const NodeId id : ids) {
    const bool is_entry = program_.nodes[id.index].kind == NodeKind::kOptionalEntry;
    parts.push_back(is_entry ? Unknown(id, ErrorReading::kKept) : Reduce(id, ErrorReading::kKept));
  }
  return parts;
}

// Operands that fail come last: what they become mentions a slot of the others.
NodeId Reducer::Logic(const Node& node, ErrorReading reading) {
  std::vector<NodeId> operands, failed;
  for (const NodeId operand : program_.args(node)) {
    if (reading == ErrorReading::kKept && Run(operand).is(Kind::kError))
      failed.push_back(operand);
    else
      operands.push_back(Reduce(operand, reading));
  }
  for (const NodeId operand : failed) operands.push_back(Reduce(operand, reading));
  return graph_.Join(node.kind, operands, reading);
}

NodeId Reducer::Conditional(const Node& node, ErrorReading reading) {
  const std::span<const NodeId> args = program_.args(node);
  const Value known = Run(args[0]);
  if (known.is(Kind::kBool)) return Reduce(args[known.boolean ? 1 : 2], reading);
  const NodeId condition = Reduce(args[0], ErrorReading::kKept);
  const NodeId parts[] = {condition, Reduce(args[1], reading), Reduce(args[2], reading)};
  if (is_done() || reading == ErrorReading::kKept || !graph_.HoldsFailure(condition)) return graph_.Like(node, parts);
  return Alternatives(args[0], parts[1], parts[2], reading);
}

// `c ? a : b` whose `c` may fail for what is known, without an expression that fails. Where the
// whole is then false: `c && a || !c && b`. Where it is then true: `(!c || a) && (c || b)`.
NodeId Reducer::Alternatives(NodeId condition, NodeId held, NodeId otherwise, ErrorReading reading) {
  const bool is_false = reading == ErrorReading::kFalse;
  const NodeKind inner = is_false ? NodeKind::kAnd : NodeKind::kOr, outer = is_false ? NodeKind::kOr : NodeKind::kAnd;
  const NodeId if_false = Reduce(condition, ErrorReading::kFalse), if_true = Reduce(condition, ErrorReading::kTrue);
  const NodeId first[] = {is_false ? if_false : graph_.Not(if_false), held};
  const NodeId second[] = {is_false ? graph_.Not(if_true) : if_true, otherwise};
  const NodeId both[] = {graph_.Join(inner, first, reading), graph_.Join(inner, second, reading)};
  return graph_.Join(outer, both, reading);
}

NodeId Reducer::Call(const Node& node, ErrorReading reading) {
  const std::span<const NodeId> args = program_.args(node);
  switch (static_cast<Function>(node.detail)) {
    case Function::kNot: return graph_.Not(Reduce(args[0], Opposite(reading)));
    case Function::kIsTrue: return graph_.IsTrue(Reduce(args[0], ErrorReading::kFalse));
    case Function::kToDyn: {  // says something about types alone
      const NodeId inner[] = {Reduce(args[0], reading)};
      return graph_.Like(node, inner);
    }
    case Function::kOptionalOr:
    case Function::kOptionalOrValue: {
      const Value first = Run(args[0]);
      if (first.is(Kind::kOptional) && first.inner == nullptr) return Reduce(args[1], ErrorReading::kKept);
      break;
    }
    default: break;  // NOLINT: the table of functions is open-ended
  }
  return graph_.Like(node, Parts(args));
}

NodeId Reducer::Macro(const Node& node, ErrorReading reading) {
  const std::span<const NodeId> args = program_.args(node);
  const Value range = Run(args[0]);
  const bool is_optional = node.kind == NodeKind::kOptMap || node.kind == NodeKind::kOptFlatMap;
  if (is_optional && range.is(Kind::kOptional)) return OptionalMap(node, *range.inner);
  const bool is_fold = node.kind == NodeKind::kAll || node.kind == NodeKind::kExists;
  const bool is_plain_map = node.kind == NodeKind::kMapItems && !args[1].valid();
  if ((is_fold || is_plain_map) && IsRange(range) && SizeOf(range) <= kMaxWrittenOut) return WrittenOut(node, range, reading);
  std::vector<NodeId> parts = {Reduce(args[0], ErrorReading::kKept)};
  const Binding bound(variables_, node.index, Value::Unknown());
  for (const NodeId arg : args.subspan(1)) parts.push_back(!arg.valid() ? NodeId() : Reduce(arg, is_fold ? reading : ErrorReading::kKept));
  return graph_.Like(node, parts);
}

NodeId Reducer::WrittenOut(const Node& node, const Value& range, ErrorReading reading) {
  const NodeId body = program_.args(node).back();
  const bool is_map = node.kind == NodeKind::kMapItems;
  std::vector<NodeId> items;
  for (std::uint32_t i = 0; i < SizeOf(range); ++i) {
    const Binding bound(variables_, node.index, ItemOf(range, i));
    items.push_back(Reduce(body, is_map ? ErrorReading::kKept : reading));
  }
  if (is_map) { return graph_.Like({.kind = NodeKind::kList, .type = node.type}, items); }
  return graph_.Join(node.kind == NodeKind::kAll ? NodeKind::kAnd : NodeKind::kOr, items, reading);
}

// The optional is known and holds something.
NodeId Reducer::OptionalMap(const Node& node, const Value& inner) {
  const Binding bound(variables_, node.index, inner);
  const NodeId body[] = {Reduce(program_.args(node)[1], ErrorReading::kKept)};
  return node.kind == NodeKind::kOptFlatMap ? body[0] : graph_.Call(Function::kOptionalOf, body, node.type);
}
// NOLINTEND(misc-no-recursion)

}  // namespace writ
