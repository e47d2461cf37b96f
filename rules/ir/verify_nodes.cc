// The verifier's part about types and nodes: one pass over each pool, arguments before users. What
// it proves bounds every later recursion over nodes, types and values.
#include <algorithm>
#include <unordered_map>

#include "rules/base/utf8.h"
#include "rules/function/function.h"
#include "rules/ir/verify_parts.h"

namespace writ::verify {
namespace {

constexpr std::uint32_t kMaxTypeDepth = 250;
constexpr std::uint64_t kMaxTypeParts = 1'000;  // of one type written out: parameters may be shared, texts of types are not
constexpr std::uint32_t kMaxBinders = 128;      // depths that macros may bind

// Which variables a node mentions without binding them.
__extension__ using DepthSet = unsigned __int128;

DepthSet DepthBit(std::uint32_t depth) { return DepthSet{1} << depth; }

// How many arguments a node of the kind has: at least, at most (0 = any number), and whether they
// come in pairs.
struct Arity {
  std::uint32_t least, most;
  bool pairs = false;
};

Arity ArityOf(NodeKind kind) {
  constexpr std::uint32_t kAny = 0xFFFFFFFF;
  switch (kind) {
    case NodeKind::kConstant:
    case NodeKind::kSlot:
    case NodeKind::kHasSlot:
    case NodeKind::kOptionalSlot:
    case NodeKind::kVariable: return {0, 0};
    case NodeKind::kSelect:
    case NodeKind::kHasMember:
    case NodeKind::kOptionalSelect:
    case NodeKind::kOptionalEntry: return {1, 1};
    case NodeKind::kCall: return {0, 31};
    case NodeKind::kAnd:
    case NodeKind::kOr: return {2, kAny};
    case NodeKind::kConditional:
    case NodeKind::kMapItems: return {3, 3};
    case NodeKind::kList: return {0, kAny};
    case NodeKind::kMap: return {0, kAny, true};
    case NodeKind::kAll:
    case NodeKind::kExists:
    case NodeKind::kExistsOne:
    case NodeKind::kFilter:
    case NodeKind::kOptMap:
    case NodeKind::kOptFlatMap: return {2, 2};
  }
  return {1, 0};  // no count fits
}

class NodeChecker {
 public:
  NodeChecker(const Program& program, const std::vector<std::uint32_t>& constant_depths, const BundleLimits& limits)
      : program_(program), constant_depths_(constant_depths), limits_(limits), facts_(program.nodes.size()) {}

  Status Check() {
    for (id_ = 0; id_ < program_.nodes.size(); ++id_) {
      node_ = &program_.nodes[id_];
      WRIT_RETURN_IF_ERROR(CheckShape());
      WRIT_RETURN_IF_ERROR(CheckIndex());
      WRIT_RETURN_IF_ERROR(CheckArguments());
      WRIT_RETURN_IF_ERROR(Measure());
    }
    return OkStatus();
  }

  // True if the node can be evaluated by itself.
  bool IsRoot(NodeId id) const { return !open_.contains(id.index) && program_.nodes[id.index].kind != NodeKind::kOptionalEntry; }

 private:
  // What users of a node have to know of it.
  struct Facts {
    std::uint32_t code = 1;         // nodes when written out, shared ones once
    std::uint16_t depth = 1;        // levels of nodes
    std::uint16_t value_depth = 0;  // nesting of its value
    std::uint8_t shared_depth = 0;  // shared nodes inside each other
  };

  Error Fault(const std::string& fault) const { return Corrupt(Place("node", id_) + ": " + fault); }

  Status CheckShape() const {
    if (static_cast<std::size_t>(node_->kind) >= kNodeKindCount) return Fault("is of no known kind");
    if (node_->type.index >= program_.types.size()) return Fault("has a type that does not exist");
    const Arity arity = ArityOf(node_->kind);
    const std::uint32_t count = node_->arg_count;
    if (count < arity.least || count > arity.most || (arity.pairs && count % 2 != 0)) return Fault("has a wrong number of arguments");
    if (std::size_t{node_->first_arg} + count > program_.node_args.size()) return Fault("has arguments that do not exist");
    return OkStatus();
  }

  // What `index` and `detail` name.
  Status CheckIndex() const {
    switch (node_->kind) {
      case NodeKind::kConstant: return node_->index < program_.constants.size() ? OkStatus() : Fault("has a constant that does not exist");
      case NodeKind::kSelect:
      case NodeKind::kHasMember:
      case NodeKind::kOptionalSelect:
        if (node_->index < program_.constants.size() && program_.constants[node_->index].kind == Constant::Kind::kString) return OkStatus();
        return Fault("has a member that is not named by a string");
      case NodeKind::kSlot:
      case NodeKind::kHasSlot:
      case NodeKind::kOptionalSlot: return CheckSlot();
      case NodeKind::kCall: return CheckCall();
      default:  // NOLINT: the others bind a variable, are one, or name nothing
        if (node_->kind != NodeKind::kVariable && !BindsVariable(node_->kind)) return OkStatus();
        return node_->index < kMaxBinders ? OkStatus() : Fault("has a variable of too deep a macro");
    }
  }

  Status CheckSlot() const {
    if (node_->index >= program_.slots.size()) return Fault("has a slot that does not exist");
    const Slot& slot = program_.slots[node_->index];
    // SAFETY: a map in a slot that is not whole has no members (MapData is missing), so it must
    // never become a value.
    if (node_->kind != NodeKind::kHasSlot && !slot.whole) return Fault("reads a slot that is not whole");
    if (node_->kind == NodeKind::kSlot) return OkStatus();
    std::uint32_t steps = 0;
    for (SlotId at = slot.parent; at.valid(); at = program_.slots[at.index].parent) ++steps;
    if (steps == 0) return Fault("asks for a root, which has no parent to look into");
    return node_->kind == NodeKind::kHasSlot || node_->detail < steps ? OkStatus() : Fault("has a path of which no step is optional");
  }

  Status CheckCall() const {
    if (node_->detail >= kFunctionCount) return Fault("calls a function that does not exist");
    const FunctionInfo& function = kFunctionInfo[node_->detail];
    if (!function.takes(node_->arg_count))
      return Fault(std::string(function.name) + " does not take " + std::to_string(node_->arg_count) + " arguments");
    return function.gives(program_.types[node_->type.index].kind) ? OkStatus()
                                                                  : Fault(std::string(function.name) + " does not give its type");
  }

  Status CheckArguments() const {
    const std::span<const NodeId> args = program_.args(*node_);
    for (std::size_t i = 0; i < args.size(); ++i) {
      const bool may_be_missing = node_->kind == NodeKind::kMapItems && i == 1;
      if (!args[i].valid() && may_be_missing) continue;
      if (args[i].index >= id_) return Fault("has an argument that does not stand before it");
      const bool is_place = node_->kind == NodeKind::kList || (node_->kind == NodeKind::kMap && i % 2 == 1);
      if (program_.nodes[args[i].index].kind == NodeKind::kOptionalEntry && !is_place) return Fault("has an optional entry as an argument");
    }
    return OkStatus();
  }

  Status Measure() {
    Facts& facts = facts_[id_];
    DepthSet open = node_->kind == NodeKind::kVariable ? DepthBit(node_->index) : 0;
    std::uint64_t code = 1;
    std::uint32_t depth = 0, value_depth = OwnValueDepth(), shared_depth = 0;
    const std::span<const NodeId> args = program_.args(*node_);
    for (std::size_t i = 0; i < args.size(); ++i) {
      if (!args[i].valid()) continue;
      const Facts& arg = facts_[args[i].index];
      code += program_.nodes[args[i].index].shared ? 1 : arg.code;
      depth = std::max<std::uint32_t>(depth, arg.depth);
      value_depth = std::max<std::uint32_t>(value_depth, arg.value_depth);
      shared_depth = std::max<std::uint32_t>(shared_depth, arg.shared_depth);
      const DepthSet inside = BindsVariable(node_->kind) && i > 0 ? ~DepthBit(node_->index) : ~DepthSet{0};
      open |= OpenOf(args[i]) & inside;
    }
    if (MakesValue()) ++value_depth;
    if (node_->shared) ++shared_depth;
    if (depth >= limits_.max_node_depth) return Fault("is nested too deeply");
    if (value_depth > kMaxValueDepth) return Fault("has a value that may be nested too deeply");
    if (shared_depth > limits_.max_shared_depth) return Fault("has too many shared nodes inside each other");
    if (code > limits_.max_code_nodes) return Fault("is too large when written out");
    if (node_->shared && open != 0) return Fault("is shared, yet mentions a variable of a macro around it");
    if (open != 0) open_.emplace(id_, open);
    facts = {static_cast<std::uint32_t>(code), static_cast<std::uint16_t>(depth + 1), static_cast<std::uint16_t>(value_depth),
             static_cast<std::uint8_t>(shared_depth)};
    return OkStatus();
  }

  std::uint32_t OwnValueDepth() const {
    if (node_->kind == NodeKind::kConstant) return constant_depths_[node_->index];
    const bool reads = node_->kind == NodeKind::kSlot || node_->kind == NodeKind::kOptionalSlot;
    return reads ? kRequestValueDepth : 0;
  }

  // Can the node put values into a list, map or optional that its arguments have not?
  bool MakesValue() const {
    switch (node_->kind) {
      case NodeKind::kList:
      case NodeKind::kMap:
      case NodeKind::kMapItems:
      case NodeKind::kFilter:
      case NodeKind::kOptMap:
      case NodeKind::kOptionalSlot:
      case NodeKind::kOptionalSelect: return true;
      case NodeKind::kCall: return MakesOptional(static_cast<Function>(node_->detail));
      default: return false;  // NOLINT: the others pass values on, or make bools
    }
  }

  // The only functions that put a value into another; the others give scalars, parts of an
  // argument, or lists joined.
  static bool MakesOptional(Function function) {
    return function == Function::kOptionalOf || function == Function::kOptionalOfNonZero || function == Function::kOptionalIndex;
  }

  DepthSet OpenOf(NodeId id) const {
    const auto found = open_.find(id.index);
    return found == open_.end() ? DepthSet{0} : found->second;
  }

  const Program& program_;
  const std::vector<std::uint32_t>& constant_depths_;
  const BundleLimits& limits_;
  std::vector<Facts> facts_;                        // by node
  std::unordered_map<std::size_t, DepthSet> open_;  // by node: the variables that it does not bind, where there are any
  std::size_t id_ = 0;
  const Node* node_ = nullptr;
};

bool HasLegalParameterCount(const Type& type) {
  const std::size_t count = type.parameters.size();
  switch (type.kind) {
    case TypeKind::kMap: return count == 2;
    case TypeKind::kList:
    case TypeKind::kOptional:
    case TypeKind::kNullable: return count == 1;
    case TypeKind::kType: return count <= 1;
    case TypeKind::kUnion: return count >= 2;
    case TypeKind::kOpaque: return true;
    default: return count == 0;  // NOLINT: simple ones and records
  }
}

}  // namespace

Status CheckTypes(const Program& program) {
  std::vector<std::uint32_t> depths(program.types.size(), 0);
  std::vector<std::uint64_t> sizes(program.types.size(), 1);
  for (std::size_t i = 0; i < program.types.size(); ++i) {
    const Type& type = program.types[i];
    const bool is_simple = type.kind <= TypeKind::kDuration;
    // Parameters stand in signatures only: no expression has one for a type.
    if (type.kind >= TypeKind::kParameter || is_simple != (i < kSimpleTypeCount) || (is_simple && static_cast<std::size_t>(type.kind) != i))
      return Corrupt(Place("type", i) + " is of no known kind");
    if (!HasLegalParameterCount(type)) return Corrupt(Place("type", i) + " has a wrong number of parameters");
    std::vector<TypeId> parts = type.parameters;
    bool is_text = IsValidUtf8(type.name);
    for (const RecordField& field : type.fields) {
      parts.push_back(field.type);
      is_text = is_text && IsValidUtf8(field.name);
    }
    if (!is_text) return Corrupt(Place("type", i) + " has a name that is not valid UTF-8");
    for (const TypeId part : parts) {
      if (part.index >= i) return Corrupt(Place("type", i) + " refers to a type that does not stand before it");
      depths[i] = std::max(depths[i], depths[part.index] + 1);
    }
    for (const TypeId parameter : type.parameters) sizes[i] += sizes[parameter.index];
    if (depths[i] > kMaxTypeDepth) return Corrupt(Place("type", i) + " is nested too deeply");
    if (sizes[i] > kMaxTypeParts) return Corrupt(Place("type", i) + " is too large");
  }
  const bool is_whole = program.types.empty() || program.types.size() >= kSimpleTypeCount;
  return is_whole ? OkStatus() : Corrupt("the simple types are missing");
}

Status CheckNodes(const Program& program, const std::vector<std::uint32_t>& constant_depths, const BundleLimits& limits,
                  std::vector<bool>& is_root) {
  NodeChecker checker(program, constant_depths, limits);
  WRIT_RETURN_IF_ERROR(checker.Check());
  is_root.resize(program.nodes.size());
  for (std::size_t i = 0; i < is_root.size(); ++i) is_root[i] = checker.IsRoot(NodeId(i));
  return OkStatus();
}

}  // namespace writ::verify
