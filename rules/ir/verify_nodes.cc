// The verifier's part about nodes: one pass over the pool, arguments before users. What it proves
// bounds every later recursion over nodes and values.
#include <algorithm>
#include <unordered_map>

#include "rules/function/function.h"
#include "rules/ir/verify_parts.h"

namespace writ::verify {
namespace {

constexpr std::uint32_t kMaxBinders = 128;  // depths that macros may bind

// Which variables a node mentions without binding them.
__extension__ using DepthSet = unsigned __int128;

DepthSet DepthBit(std::uint32_t depth) { return DepthSet{1} << depth; }

class NodeChecker {
 public:
  NodeChecker(const Program& program, const std::vector<std::uint32_t>& constant_depths, const BundleLimits& limits)
      : program_(program), constant_depths_(constant_depths), limits_(limits), facts_(program.nodes.size()) {}

  std::string_view FaultOf(std::size_t id) {
    const Node& node = program_.nodes[id];
    const NodeKindInfo& info = InfoOf(node.kind);
    const bool is_odd = node.kind == NodeKind::kMap && node.arg_count % 2 != 0;
    if (node.arg_count < info.least_args || node.arg_count > info.most_args || is_odd) return "has a wrong number of arguments";
    if (std::size_t{node.first_arg} + node.arg_count > program_.node_args.size()) return "has arguments that do not exist";
    if (const std::string_view fault = IndexFault(node, info.index); !fault.empty()) return fault;
    if (node.kind == NodeKind::kCall && node.detail >= kFunctionCount) return "calls a function that does not exist";
    if (node.kind == NodeKind::kCall && !kFunctionInfo[node.detail].takes(node.arg_count))
      return "calls a function with a wrong number of arguments";
    if (node.kind == NodeKind::kCall && !kFunctionInfo[node.detail].gives(program_.types[node.type.index].kind))
      return "calls a function that does not give its type";
    const std::string_view fault = ArgumentsFault(node, id);
    return fault.empty() ? Measure(node, id) : fault;
  }

  // True if the node can be evaluated by itself.
  bool IsRoot(NodeId id) const { return !open_.contains(id.index) && program_[id].kind != NodeKind::kOptionalEntry; }

 private:
  // What users of a node have to know of it.
  struct Facts {
    std::uint32_t code = 1;         // nodes when written out, shared ones once
    std::uint16_t depth = 1;        // levels of nodes
    std::uint16_t value_depth = 0;  // nesting of its value
    std::uint8_t shared_depth = 0;  // shared nodes inside each other
  };

  std::string_view IndexFault(const Node& node, NodeIndex index) const {
    switch (index) {
      case NodeIndex::kNothing: return "";
      case NodeIndex::kConstant: return node.index < program_.constants.size() ? "" : "has a constant that does not exist";
      case NodeIndex::kMember:
        return node.index < program_.constants.size() && program_.constants[node.index].kind == Kind::kString
                   ? ""
                   : "has a member that is not named by a string";
      case NodeIndex::kSlot: return node.index < program_.slots.size() ? SlotFault(node) : "has a slot that does not exist";
      case NodeIndex::kDepth: return node.index < kMaxBinders ? "" : "has a variable of too deep a macro";
    }
    return "";
  }

  std::string_view SlotFault(const Node& node) const {
    const Slot& slot = program_.slots[node.index];
    // SAFETY: a map in a slot that is not whole has no members (MapData is missing), so it must
    // never become a value.
    if (node.kind != NodeKind::kHasSlot && !slot.whole) return "reads a slot that is not whole";
    if (node.kind == NodeKind::kSlot) return "";
    std::uint32_t steps = 0;
    for (SlotId at = slot.parent; at.valid(); at = program_[at].parent) ++steps;
    if (steps == 0) return "asks for a root, which has no parent to look into";
    return node.kind == NodeKind::kHasSlot || node.detail < steps ? "" : "has a path of which no step is optional";
  }

  std::string_view ArgumentsFault(const Node& node, std::size_t id) const {
    const std::span<const NodeId> args = program_.args(node);
    for (std::size_t i = 0; i < args.size(); ++i) {
      const bool may_be_missing = node.kind == NodeKind::kMapItems && i == 1;
      if (!args[i].valid() && may_be_missing) continue;
      if (args[i].index >= id) return "has an argument that does not stand before it";
      const bool is_place = node.kind == NodeKind::kList || (node.kind == NodeKind::kMap && i % 2 == 1);
      if (program_[args[i]].kind == NodeKind::kOptionalEntry && !is_place) return "has an optional entry as an argument";
    }
    return "";
  }

  std::string_view Measure(const Node& node, std::size_t id) {
    DepthSet open = node.kind == NodeKind::kVariable ? DepthBit(node.index) : 0;
    std::uint64_t code = 1;
    std::uint32_t depth = 0, value_depth = OwnValueDepth(node), shared_depth = 0;
    const std::span<const NodeId> args = program_.args(node);
    for (std::size_t i = 0; i < args.size(); ++i) {
      if (!args[i].valid()) continue;
      const Facts& arg = facts_[args[i].index];
      code += program_[args[i]].shared ? 1 : arg.code;
      depth = std::max<std::uint32_t>(depth, arg.depth);
      value_depth = std::max<std::uint32_t>(value_depth, arg.value_depth);
      shared_depth = std::max<std::uint32_t>(shared_depth, arg.shared_depth);
      const auto found = open_.find(args[i].index);
      if (found != open_.end()) open |= found->second & (BindsVariable(node.kind) && i > 0 ? ~DepthBit(node.index) : ~DepthSet{0});
    }
    if (InfoOf(node.kind).nests || MakesOptional(node)) ++value_depth;
    if (node.shared) ++shared_depth;
    if (depth >= limits_.max_node_depth) return "is nested too deeply";
    if (value_depth > kMaxValueDepth) return "has a value that may be nested too deeply";
    if (shared_depth > limits_.max_shared_depth) return "has too many shared nodes inside each other";
    if (code > limits_.max_code_nodes) return "is too large when written out";
    if (node.shared && open != 0) return "is shared, yet mentions a variable of a macro around it";
    if (open != 0) open_.emplace(id, open);
    facts_[id] = {static_cast<std::uint32_t>(code), static_cast<std::uint16_t>(depth + 1), static_cast<std::uint16_t>(value_depth),
                  static_cast<std::uint8_t>(shared_depth)};
    return "";
  }

  std::uint32_t OwnValueDepth(const Node& node) const {
    if (node.kind == NodeKind::kConstant) return constant_depths_[node.index];
    const bool reads = node.kind == NodeKind::kSlot || node.kind == NodeKind::kOptionalSlot;
    return reads ? kRequestValueDepth : 0;
  }

  // The only functions that put a value into another; the others give scalars, parts of an
  // argument, or lists joined.
  static bool MakesOptional(const Node& node) {
    const auto function = static_cast<Function>(node.detail);
    return node.kind == NodeKind::kCall &&
           (function == Function::kOptionalOf || function == Function::kOptionalOfNonZero || function == Function::kOptionalIndex);
  }

  const Program& program_;
  const std::vector<std::uint32_t>& constant_depths_;
  const BundleLimits& limits_;
  std::vector<Facts> facts_;                        // by node
  std::unordered_map<std::size_t, DepthSet> open_;  // by node: the variables that it does not bind, where there are any
};

}  // namespace

Status CheckNodes(const Program& program, const std::vector<std::uint32_t>& constant_depths, const BundleLimits& limits,
                  std::vector<bool>& is_root) {
  NodeChecker checker(program, constant_depths, limits);
  WRIT_RETURN_IF_ERROR(CheckEach("node", program.nodes.size(), [&](std::size_t i) { return checker.FaultOf(i); }));
  is_root.resize(program.nodes.size());
  for (std::size_t i = 0; i < is_root.size(); ++i) is_root[i] = checker.IsRoot(NodeId(i));
  return OkStatus();
}

}  // namespace writ::verify
