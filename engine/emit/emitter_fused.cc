// Register code of nodes that stand together so often that they are one instruction. Each computes
// exactly what its nodes would, faults included.
// NOLINTBEGIN(misc-no-recursion): depth <= BundleLimits::max_node_depth
#include <optional>

#include "engine/emit/emitter.h"
#include "rules/function/optional/optional.h"

namespace writ {
namespace {

// Returns the kind whose type has that name.
std::optional<Kind> KindOfType(std::string_view name) {
#define WRIT_KIND(id, kind_name, type_name, wanted, found) \
  if (TypeName(Kind::k##id) == name) return Kind::k##id;
  WRIT_VALUE_KINDS(WRIT_KIND)
#undef WRIT_KIND
  return std::nullopt;
}

}  // namespace

// Returns the arguments of a call of `function` whose value nobody else needs; else nothing. dyn(x)
// is x.
std::span<const NodeId> Emitter::TryCall(NodeId id, Function function) const {
  const Node& node = NodeOf(WithoutDyn(id));
  const bool is_it = node.kind == NodeKind::kCall && static_cast<Function>(node.detail) == function && !node.shared;
  return is_it ? emission_.program.args(node) : std::span<const NodeId>();
}

NodeId Emitter::WithoutDyn(NodeId id) const {
  while (NodeOf(id).kind == NodeKind::kCall && static_cast<Function>(NodeOf(id).detail) == Function::kToDyn && !NodeOf(id).shared)
    id = emission_.program.args(NodeOf(id))[0];
  return id;
}

// A constant that is no error.
std::optional<Value> Emitter::TryPlainConstant(NodeId id) {
  const Node& node = NodeOf(WithoutDyn(id));
  if (node.kind != NodeKind::kConstant) return std::nullopt;
  const Value value = emission_.constants.Of(ConstantId(node.index));
  return value.is_fault() ? std::nullopt : std::optional<Value>(value);
}

bool Emitter::WriteFused(Function function, std::span<const NodeId> args, Register dst) {
  if (args.size() != 2) return false;
  if (function == Function::kAdd) return WriteFusedSum(args, dst);
  const Constant* left = TryConstant(args[0]);
  const Constant* right = TryConstant(args[1]);
  const auto is_error = [](const Constant* constant) { return constant != nullptr && constant->kind == Kind::kError; };
  if (is_error(left) || is_error(right)) return false;
  if ((function == Function::kEqual || function == Function::kNotEqual) && (left != nullptr || right != nullptr)) {
    const Opcode op = function == Function::kEqual ? Opcode::kEqualConstant : Opcode::kNotEqualConstant;
    const NodeId constant = right != nullptr ? args[1] : args[0];
    const NodeId other = right != nullptr ? args[0] : args[1];
    if (op == Opcode::kEqualConstant && WriteFusedKind(other, *TryConstant(constant), dst)) return true;
    Append(op, dst, Operand(other), 0, UseConstant(NodeOf(constant).index));
    return true;
  }
  if (function == Function::kIn && right != nullptr && (right->kind == Kind::kList || right->kind == Kind::kMap)) {
    ranges_.push_back(emission_.constants.RangeOf(ConstantId(NodeOf(args[1]).index)));
    const auto range = static_cast<std::uint32_t>(ranges_.size() - 1);
    Append(Opcode::kInConstant, dst, Operand(args[0]), 0, range);
    return true;
  }
  if (function == Function::kIn && left != nullptr) {
    Append(Opcode::kConstantIn, dst, Operand(args[1]), 0, UseConstant(NodeOf(args[0]).index));
    return true;
  }
  if (function != Function::kMatches || right == nullptr || right->kind != Kind::kString) return false;
  const CompiledRegex* regex = emission_.regexes.Of(ConstantId(NodeOf(args[1]).index), emission_.program[right->text()]);
  if (regex == nullptr) return false;
  regexes_.push_back(regex);
  const auto number = static_cast<std::uint32_t>(regexes_.size() - 1);
  Append(Opcode::kMatchesRegex, dst, Operand(args[0]), 0, number);
  return true;
}

// type(x) == map
bool Emitter::WriteFusedKind(NodeId id, const Constant& type, Register dst) {
  const std::span<const NodeId> of = TryCall(id, Function::kTypeOf);
  if (of.size() != 1 || type.kind != Kind::kType) return false;
  const std::optional<Kind> kind = KindOfType(emission_.program[type.text()]);
  if (!kind) return false;
  Append(Opcode::kHasKind, dst, Operand(of[0]), 0, static_cast<std::uint32_t>(*kind));
  return true;
}

// a + "text" + b: where one summand is a text, the others are, too, or the sum is an error.
bool Emitter::WriteFusedSum(std::span<const NodeId> args, Register dst) {
  constexpr std::size_t kMaxSummands = 16;
  std::vector<NodeId> summands = {args[1]};
  NodeId left = args[0];
  for (std::span<const NodeId> of = TryCall(left, Function::kAdd); of.size() == 2 && summands.size() + 2 <= kMaxSummands;
       of = TryCall(left, Function::kAdd)) {
    summands.push_back(of[1]);
    left = of[0];
  }
  summands.push_back(left);
  const auto is_text = [this](NodeId id) { return TryConstant(id) != nullptr && TryConstant(id)->kind == Kind::kString; };
  if (summands.size() < 3 || std::none_of(summands.begin(), summands.end(), is_text)) return false;
  const Register first = Allocate(static_cast<std::uint32_t>(summands.size()));
  Register next = first;
  for (auto summand = summands.rbegin(); summand != summands.rend(); ++summand) WriteWide(*summand, next++);
  Append(Opcode::kAddAll, dst, first, static_cast<Register>(summands.size()), 0);
  return true;
}

// x.?key.orValue(constant) and optional.ofNonZeroValue(x).orValue(constant), and the one in the
// other.
bool Emitter::WriteFusedOrValue(std::span<const NodeId> args, Register dst) {
  const std::optional<Value> otherwise = TryPlainConstant(args[1]);
  if (!otherwise) return false;
  if (TrySelect(args[0]) != nullptr) {
    WriteSelectOr(Opcode::kSelectOr, *TrySelect(args[0]), *otherwise, dst);
    return true;
  }
  const std::span<const NodeId> of = TryCall(args[0], Function::kOptionalOfNonZero);
  if (of.size() != 1) return false;
  const std::span<const NodeId> inner = TryCall(of[0], Function::kOptionalOrValue);
  const std::optional<Value> missing = inner.size() == 2 ? TryPlainConstant(inner[1]) : std::nullopt;
  if (missing && IsZeroValue(*missing) && TrySelect(inner[0]) != nullptr) {
    WriteSelectOr(Opcode::kSelectNonZeroOr, *TrySelect(inner[0]), *otherwise, dst);
  } else {
    Append(Opcode::kNonZeroOr, dst, Operand(of[0]), 0, UseValue(*otherwise));
  }
  return true;
}

// Returns x.?key whose value nobody else needs.
const Node* Emitter::TrySelect(NodeId id) const {
  const Node& node = NodeOf(WithoutDyn(id));
  return node.kind == NodeKind::kOptionalSelect && !node.shared ? &node : nullptr;
}

void Emitter::WriteSelectOr(Opcode op, const Node& select, const Value& otherwise, Register dst) {
  const Register container = Operand(emission_.program.args(select)[0]);
  const std::uint32_t key = UseConstant(select.index);
  UseValue(otherwise);  // behind it
  Append(op, dst, container, 0, key);
}
// NOLINTEND(misc-no-recursion)

}  // namespace writ
