// The verifier's part about nodes: arguments before users. What it proves bounds every later
// recursion over nodes and values.
#include <algorithm>

#include "rules/function/function.h"
#include "rules/ir/verify_parts.h"

namespace writ::verify {
namespace {

constexpr std::uint32_t kMaxBinders = 128;  // depths that macros may bind

// How deeply lists, maps and optionals can be nested in a value. It bounds every recursion over
// values (equality, printing, copying), whoever wrote the bundle; JsonLimits bounds what requests bring.
constexpr std::uint32_t kMaxValueDepth = 1000;

DepthSet DepthBit(std::uint32_t depth) { return DepthSet{1} << depth; }

// What the node's kind says of it and of what it names.
Fault KindFault(const Node& node, const Facts& facts) {
  const NodeKindInfo& info = InfoOf(node.kind);
  const bool is_odd = node.kind == NodeKind::kMap && node.arg_count % 2 != 0;
  if (node.arg_count < info.least_args || node.arg_count > info.most_args || is_odd) return "has a wrong number of arguments";
  if (info.index == NodeIndex::kDepth && node.index >= kMaxBinders) return "has a variable of too deep a macro";
  if (info.index == NodeIndex::kMember && facts.program.constants[node.index].kind != Kind::kString)
    return "has a member that is not named by a string";
  if (node.kind == NodeKind::kHasSlot || node.kind == NodeKind::kOptionalSlot) {
    const std::uint32_t steps = facts.slots[node.index].depth;
    if (steps == 0) return "asks for a root, which has no parent to look into";
    if (node.kind == NodeKind::kOptionalSlot && node.detail >= steps) return "has a path of which no step is optional";
  }
  if (node.kind != NodeKind::kCall) return nullptr;
  const FunctionInfo& function = kFunctionInfo[node.detail];
  if (!function.takes(node.arg_count)) return "calls a function with a wrong number of arguments";
  return function.gives(facts.program.types[node.type.index].kind) ? nullptr : "calls a function that does not give its type";
}

Fault ArgumentFault(const Node& node, std::size_t i, std::size_t at, const Program& program) {
  const NodeId arg = program.args(node)[i];
  if (!arg.valid() && node.kind == NodeKind::kMapItems && i == 1) return nullptr;  // no predicate
  if (arg.index >= at) return "has an argument that does not stand before it";
  const bool is_place = node.kind == NodeKind::kList || (node.kind == NodeKind::kMap && i % 2 == 1);
  return program[arg].kind == NodeKind::kOptionalEntry && !is_place ? "has an optional entry as an argument" : nullptr;
}

// The only functions that put a value into another; the others give scalars, parts of an argument,
// or lists joined.
bool MakesOptional(const Node& node) {
  const auto function = static_cast<Function>(node.detail);
  return node.kind == NodeKind::kCall &&
         (function == Function::kOptionalOf || function == Function::kOptionalOfNonZero || function == Function::kOptionalIndex);
}

}  // namespace

Fault FaultOf(const Node& node, std::size_t at, Facts& facts) {
  if (const Fault fault = KindFault(node, facts)) return fault;
  NodeFacts own{.depth = 0};
  std::uint64_t code = 1;
  DepthSet open = node.kind == NodeKind::kVariable ? DepthBit(node.index) : 0;
  if (node.kind == NodeKind::kConstant) own.value_depth = static_cast<std::uint16_t>(facts.constants[node.index].depth);
  if (node.kind == NodeKind::kSlot || node.kind == NodeKind::kOptionalSlot) own.value_depth = JsonLimits{}.max_depth;
  const std::span<const NodeId> args = facts.program.args(node);
  for (std::size_t i = 0; i < args.size(); ++i) {
    if (const Fault fault = ArgumentFault(node, i, at, facts.program)) return fault;
    if (!args[i].valid()) continue;
    const NodeFacts& arg = facts.nodes[args[i].index];
    code += facts.program[args[i]].shared ? 1 : arg.code;
    own.depth = std::max(own.depth, arg.depth);
    own.value_depth = std::max(own.value_depth, arg.value_depth);
    own.shared_depth = std::max(own.shared_depth, arg.shared_depth);
    if (arg.is_open) open |= facts.open.at(args[i].index) & (BindsVariable(node.kind) && i > 0 ? ~DepthBit(node.index) : ~DepthSet{0});
  }
  if (own.depth >= facts.limits.max_node_depth) return "is nested too deeply";
  if (code > facts.limits.max_code_nodes) return "is too large when written out";
  if (node.shared && open != 0) return "is shared, yet mentions a variable of a macro around it";
  if (InfoOf(node.kind).nests || MakesOptional(node)) ++own.value_depth;
  if (own.value_depth > kMaxValueDepth) return "has a value that may be nested too deeply";
  if (node.shared && own.shared_depth++ >= facts.limits.max_shared_depth) return "has too many shared nodes inside each other";
  if (open != 0) facts.open.emplace(static_cast<std::uint32_t>(at), open);
  ++own.depth;
  own.code = static_cast<std::uint32_t>(code);
  own.is_open = open != 0;
  own.is_root = !own.is_open && node.kind != NodeKind::kOptionalEntry;
  facts.nodes[at] = own;
  return nullptr;
}

}  // namespace writ::verify
