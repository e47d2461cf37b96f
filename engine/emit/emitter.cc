// Expressions to register code. Instructions of lists and macros are in emitter_loops.cc, those of
// several nodes at once in emitter_fused.cc.
//
// Idea: registers are a stack. A node writes its value into the register that its reader chose, and
// may use all registers above. So nobody has to find out which registers are free, and code comes
// out in one walk over the nodes.
//
//   principal.verified && args.n > 5     LoadSlot r0 principal.verified
//                                        JumpIfFalse r0 -> the end
//                                        LoadSlot r2 args.n
//                                        LoadConstant r3 5
//                                        Greater r1 r2 r3
//                                        And r0 r0 r1
//                                        Return r0
//
//   in:  a closed node. A shared node below it becomes one LoadShared and gets code of its own
//   out: an optimiser: folding is done when nodes are made (rules/opt/graph.h), and here only pairs
//        that are frequent become one instruction (emitter_fused.cc)
//
// Cost: one instruction or a few for each node, and each node once, but a node that is not shared
// is written again at each place that it stands in. VerifyProgram bounds that sum
// (BundleLimits::max_code_nodes) and the depth of nodes (max_node_depth), which bounds the
// recursion and the number of registers.
// NOLINTBEGIN(misc-no-recursion): depth <= BundleLimits::max_node_depth
#include "engine/emit/emitter.h"

#include <algorithm>

#include "rules/base/check.h"

namespace writ {
namespace {

constexpr Opcode kNoOpcode = Opcode::kReturn;

// The instruction of an operator, or kNoOpcode when it is called as a function.
Opcode OpcodeOf(Function function) {
  switch (function) {
    case Function::kIndex: return Opcode::kIndex;
    case Function::kOptionalIndex: return Opcode::kOptionalIndex;
    case Function::kAdd: return Opcode::kAdd;
    case Function::kSubtract: return Opcode::kSubtract;
    case Function::kMultiply: return Opcode::kMultiply;
    case Function::kDivide: return Opcode::kDivide;
    case Function::kModulo: return Opcode::kModulo;
    case Function::kNegate: return Opcode::kNegate;
    case Function::kNot: return Opcode::kNot;
    case Function::kEqual: return Opcode::kEqual;
    case Function::kNotEqual: return Opcode::kNotEqual;
    case Function::kLess: return Opcode::kLess;
    case Function::kLessOrEqual: return Opcode::kLessOrEqual;
    case Function::kGreater: return Opcode::kGreater;
    case Function::kGreaterOrEqual: return Opcode::kGreaterOrEqual;
    case Function::kIn: return Opcode::kIn;
    default: return kNoOpcode;  // NOLINT: the table of functions is open-ended
  }
}

template <typename T>
const T* Keep(Arena& arena, const std::vector<T>& items) {
  T* kept = arena.AllocateArray<T>(items.size());
  std::copy(items.begin(), items.end(), kept);
  return kept;
}

}  // namespace

Code EmitCode(Emission& emission, NodeId root, std::uint32_t variables) { return Emitter(emission, root, true).Write(variables); }

Emitter::Emitter(Emission& emission, NodeId root, bool may_share_root)
    : emission_(emission), root_(root), may_share_root_(may_share_root) {}

Code Emitter::Write(std::uint32_t variables) {
  for (std::uint32_t depth = 0; depth < variables; ++depth) variables_.emplace(depth, Allocate());
  Code code;
  WriteQuickly(code);
  code.size = Here();
  code.variable_count = variables;
  code.register_count = code.stack_need = most_registers_;
  for (const SharedValue& shared : shared_) {
    code.stack_need = std::max(code.stack_need, most_registers_ + shared.code->stack_need);
    code.shared_end = std::max({code.shared_end, shared.code->shared_end, shared.number + 1});
  }
  code.instructions = Keep(emission_.arena, instructions_);
  code.constants = Keep(emission_.arena, constants_);
  code.ranges = Keep(emission_.arena, ranges_);
  code.regexes = Keep(emission_.arena, regexes_);
  code.shared = Keep(emission_.arena, shared_);
  return code;
}

Emitter::Binding::Binding(Emitter& emitter, std::uint32_t depth, Register item) : emitter_(emitter), depth_(depth) {
  const auto [found, is_new] = emitter.variables_.emplace(depth, item);
  hidden_ = is_new ? kNoRegister : found->second;
  found->second = item;
}

Emitter::Binding::~Binding() {
  if (hidden_ == kNoRegister) {
    emitter_.variables_.erase(depth_);
  } else {
    emitter_.variables_[depth_] = hidden_;
  }
}

// ---- what instructions name ---------------------------------------------------------------------

const Constant* Emitter::TryConstant(NodeId id) const {
  const Node& node = NodeOf(id);
  return node.kind == NodeKind::kConstant ? &emission_.program.constants[node.index] : nullptr;
}

std::uint32_t Emitter::UseValue(const Value& value) {
  constants_.push_back(value);
  return static_cast<std::uint32_t>(constants_.size() - 1);
}

SharedValue Emitter::SharedOf(NodeId id) {
  const auto found = emission_.shared_of_node.find(id.index);
  if (found != emission_.shared_of_node.end()) return found->second;
  const Code code = Emitter(emission_, id, false).Write();  // first those that it needs: their numbers are smaller
  const SharedValue shared{static_cast<std::uint32_t>(emission_.shared_of_node.size()),
                           new (emission_.arena.Allocate(sizeof(Code))) Code(code)};
  emission_.shared_of_node.emplace(id.index, shared);
  return shared;
}

std::uint32_t Emitter::UseShared(NodeId id) {
  const SharedValue shared = SharedOf(id);
  const auto is_it = [&shared](const SharedValue& other) { return other.number == shared.number; };
  const auto found = std::find_if(shared_.begin(), shared_.end(), is_it);
  const auto position = static_cast<std::uint32_t>(found - shared_.begin());
  if (found == shared_.end()) shared_.push_back(shared);
  return position;
}

// ---- registers and instructions -----------------------------------------------------------------

Emitter::Register Emitter::Allocate(std::uint32_t count) {
  const std::uint32_t first = next_register_;
  WRIT_CHECK(first + count < kNoRegister);  // levels of nodes times arguments of a call
  next_register_ += count;
  most_registers_ = std::max(most_registers_, next_register_);
  return static_cast<Register>(first);
}

std::uint32_t Emitter::Append(Opcode op, Register dst, Register a, Register b, std::uint32_t c) {
  instructions_.push_back(Instruction{op, dst, a, b, c});
  return Here() - 1;
}

// Lets the jump go to the next instruction to be written.
void Emitter::Patch(std::uint32_t instruction) { instructions_[instruction].c = Here(); }

// ---- nodes --------------------------------------------------------------------------------------

// The register that holds the node's value: the variable's own, or a new one.
Emitter::Register Emitter::Operand(NodeId id) {
  if (NodeOf(id).kind == NodeKind::kVariable) return variables_.at(NodeOf(id).index);
  const Register dst = Allocate();
  WriteWide(id, dst);
  return dst;
}

// The same for `&&`, `||`, `!` and macros over conditions, which know what to do with a part of the
// outcomes.
Emitter::Register Emitter::LogicOperand(NodeId id) {
  if (NodeOf(id).kind == NodeKind::kVariable) return variables_.at(NodeOf(id).index);
  const Register dst = Allocate();
  Write(id, dst);
  return dst;
}

void Emitter::WriteWide(NodeId id, Register dst) {
  Write(id, dst);
  if (MayBeNarrow(id, is_careful_)) Append(Opcode::kForgetOutcomes, dst, 0, 0, 0);
}

// Can the node's value be an unknown that has only a part of the outcomes? Quick code of a
// condition gives true or false, but the value of a shared one can come from careful code.
bool Emitter::MayBeNarrow(NodeId id, bool is_careful) const {
  const Node& node = NodeOf(id);
  const std::span<const NodeId> args = emission_.program.args(node);
  is_careful = is_careful || IsShared(id);
  switch (node.kind) {
    case NodeKind::kAnd:
    case NodeKind::kOr:
    case NodeKind::kAll:
    case NodeKind::kExists: return is_careful;
    case NodeKind::kConditional: return MayBeNarrow(args[1], is_careful) || MayBeNarrow(args[2], is_careful);
    case NodeKind::kCall: {
      const auto function = static_cast<Function>(node.detail);
      return (function == Function::kNot || function == Function::kToDyn) && MayBeNarrow(args[0], is_careful);
    }
    default: return false;  // NOLINT: all others forget it
  }
}

void Emitter::Write(NodeId id, Register dst) {
  const std::uint32_t mark = next_register_;
  if (IsShared(id)) {
    Append(Opcode::kLoadShared, dst, 0, 0, UseShared(id));
  } else if (!is_careful_ && IsCondition(id)) {
    WriteCondition(id, dst);
  } else {
    WriteBody(id, dst);
  }
  next_register_ = mark;
}

void Emitter::WriteBody(NodeId id, Register dst) {
  const Node& node = NodeOf(id);
  const std::span<const NodeId> args = emission_.program.args(node);
  switch (node.kind) {
    case NodeKind::kConstant: Append(Opcode::kLoadConstant, dst, 0, 0, UseConstant(node.index)); return;
    case NodeKind::kSlot: Append(Opcode::kLoadSlot, dst, 0, 0, node.index); return;
    case NodeKind::kHasSlot: Append(Opcode::kHasSlot, dst, 0, 0, node.index); return;
    case NodeKind::kOptionalSlot: Append(Opcode::kOptionalSlot, dst, node.detail, 0, node.index); return;
    case NodeKind::kVariable: Append(Opcode::kMove, dst, variables_.at(node.index), 0, 0); return;
    case NodeKind::kSelect: Append(Opcode::kSelect, dst, Operand(args[0]), 0, UseConstant(node.index)); return;
    case NodeKind::kHasMember: Append(Opcode::kHasMember, dst, Operand(args[0]), 0, UseConstant(node.index)); return;
    case NodeKind::kOptionalSelect: Append(Opcode::kOptionalSelect, dst, Operand(args[0]), 0, UseConstant(node.index)); return;
    case NodeKind::kCall: WriteCall(node, args, dst); return;
    case NodeKind::kAnd:
    case NodeKind::kOr: WriteLogic(node, args, dst); return;
    case NodeKind::kConditional: WriteConditional(args, dst); return;
    case NodeKind::kList:
    case NodeKind::kMap: WriteAggregate(node, args, dst); return;
    case NodeKind::kOptionalEntry: Write(args[0], dst); return;
    case NodeKind::kAll:
    case NodeKind::kExists:
    case NodeKind::kExistsOne: WriteFold(node, args, dst); return;
    case NodeKind::kMapItems:
    case NodeKind::kFilter: WriteItems(node, args, dst); return;
    case NodeKind::kOptMap:
    case NodeKind::kOptFlatMap: WriteOptionalMap(node, args, dst); return;
  }
}

void Emitter::WriteOperator(Opcode op, std::span<const NodeId> args, Register dst) {
  const Register a = op == Opcode::kNot ? LogicOperand(args[0]) : Operand(args[0]);
  const Register b = args.size() > 1 ? Operand(args[1]) : Register{0};
  Append(op, dst, a, b, 0);
}

void Emitter::WriteCall(const Node& node, std::span<const NodeId> args, Register dst) {
  const Function function = static_cast<Function>(node.detail);
  if (function == Function::kToDyn) return Write(args[0], dst);  // says something about types alone
  if (function == Function::kOptionalOr || function == Function::kOptionalOrValue) return WriteLazyOptional(function, args, dst);
  if (WriteFused(function, args, dst)) return;
  if (const Opcode op = OpcodeOf(function); op != kNoOpcode) return WriteOperator(op, args, dst);
  const Register first = args.empty() ? dst : Allocate(static_cast<std::uint32_t>(args.size()));
  for (std::size_t i = 0; i < args.size(); ++i) WriteWide(args[i], static_cast<Register>(first + i));
  Append(Opcode::kCall, dst, first, static_cast<Register>(args.size()), node.detail);
}

// a.or(b), a.orValue(b): b is evaluated only when a is none.
void Emitter::WriteLazyOptional(Function function, std::span<const NodeId> args, Register dst) {
  const bool is_or = function == Function::kOptionalOr;
  if (!is_or && WriteFusedOrValue(args, dst)) return;
  const Register first = Operand(args[0]);
  const std::uint32_t jump = Append(is_or ? Opcode::kOptionalOr : Opcode::kOptionalOrValue, dst, first, 0, 0);
  WriteWide(args[1], dst);
  if (is_or) Append(Opcode::kCheckOptional, dst, dst, 0, 0);
  Patch(jump);
}

void Emitter::WriteLogic(const Node& node, std::span<const NodeId> args, Register dst) {
  const bool is_and = node.kind == NodeKind::kAnd;
  std::vector<std::uint32_t> exits;
  Write(args[0], dst);
  exits.push_back(Append(is_and ? Opcode::kJumpIfFalse : Opcode::kJumpIfTrue, 0, dst, 0, 0));
  for (std::size_t i = 1; i < args.size(); ++i) {
    const std::uint32_t mark = next_register_;
    const Register operand = LogicOperand(args[i]);
    if (i + 1 == args.size()) {
      Append(is_and ? Opcode::kAnd : Opcode::kOr, dst, dst, operand, 0);
    } else {
      exits.push_back(Append(is_and ? Opcode::kFoldAnd : Opcode::kFoldOr, dst, operand, 0, 0));
    }
    next_register_ = mark;
  }
  for (const std::uint32_t jump : exits) Patch(jump);
}

void Emitter::WriteConditional(std::span<const NodeId> args, Register dst) {
  if (!is_careful_) return WriteConditionalQuickly(args, dst);
  const Register condition = Operand(args[0]);
  const std::uint32_t fault = Append(Opcode::kJumpUnlessBool, dst, condition, 0, 0);
  const std::uint32_t otherwise = Append(Opcode::kJumpIfFalse, 0, condition, 0, 0);
  Write(args[1], dst);
  const std::uint32_t end = Append(Opcode::kJump, 0, 0, 0, 0);
  Patch(otherwise);
  Write(args[2], dst);
  Patch(fault);
  Patch(end);
}
// NOLINTEND(misc-no-recursion)

}  // namespace writ
