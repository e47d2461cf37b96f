// Quick code: conditions as jumps, for requests in which nothing is an error or unknown.
//
// Idea: as long as every part of a condition is true or false, its value is where the jumps lead,
// and no part has to be kept. The first part that is neither ends that: evaluation goes to the
// careful code behind it, which computes the whole expression again with faults as values. An
// expression changes nothing, so computing a part of it twice changes only what is charged.
//
//   principal.verified && args.n == 5    LoadSlot r0 principal.verified
//                                        TestTrue 0 r0 -> false
//                                        LoadSlot r0 args.n
//                                        TestEqual 0 r0 5 -> false
//                                        ReturnBool 1
//                                 false: ReturnBool 0
//                               careful: Careful, and what stands in emitter.cc
//
//   in:  `&&`, `||`, `!`, `?:`, all and exists, and the predicates of map and filter
//   out: exists_one: it looks at each item, and counts
//
// Cost: conditions are written twice. A decision over a review of 9 KB is 15 % fewer instructions
// by it (bench/workloads.py, review-9KB).
// NOLINTBEGIN(misc-no-recursion): depth <= BundleLimits::max_node_depth
#include "engine/emit/emitter.h"

namespace writ {
namespace {

constexpr std::uint32_t kMaxOperand = 0xFFFE;

}  // namespace

bool Emitter::IsCondition(NodeId id) const {
  const Node& node = NodeOf(id);
  const bool is_not = node.kind == NodeKind::kCall && static_cast<Function>(node.detail) == Function::kNot;
  if (is_not) return !IsShared(emission_.program.args(node)[0]) && IsCondition(emission_.program.args(node)[0]);
  return node.kind == NodeKind::kAnd || node.kind == NodeKind::kOr || node.kind == NodeKind::kAll || node.kind == NodeKind::kExists;
}

// Writes the whole code: quick, and careful where the quick one goes to it.
void Emitter::WriteQuickly(Code& code) {
  const std::uint32_t mark = next_register_;
  is_careful_ = false;
  if (!IsShared(root_) && IsCondition(root_)) {
    Jumps exits;
    WriteTestBody(root_, false, exits);
    Append(Opcode::kReturnBool, 0, 0, 0, 1);
    PatchAll(exits);
    Append(Opcode::kReturnBool, 0, 0, 0, 0);
  } else {
    code.is_shared = IsShared(root_);
    Append(Opcode::kReturn, 0, LogicOperand(root_), 0, 0);
  }
  code.quick_size = Here();
  if (!can_fail_) return;
  is_careful_ = true;
  next_register_ = mark;
  code.careful = Append(Opcode::kCareful, 0, 0, 0, 0);
  Append(Opcode::kReturn, 0, LogicOperand(root_), 0, 0);
  instructions_[code.careful].c = Here() - code.careful;
}

void Emitter::PatchAll(const Jumps& jumps) {
  for (const std::uint32_t jump : jumps) Patch(jump);
}

std::uint32_t Emitter::AppendTest(Opcode op, bool wanted, Register a, std::uint32_t b) {
  can_fail_ = true;
  return Append(op, wanted ? 1 : 0, a, static_cast<Register>(b), 0);
}

// The value of a condition.
void Emitter::WriteCondition(NodeId id, Register dst) {
  Jumps exits;
  WriteTestBody(id, false, exits);
  Append(Opcode::kLoadConstant, dst, 0, 0, UseValue(Value::Bool(true)));
  const std::uint32_t end = Append(Opcode::kJump, 0, 0, 0, 0);
  PatchAll(exits);
  Append(Opcode::kLoadConstant, dst, 0, 0, UseValue(Value::Bool(false)));
  Patch(end);
}

void Emitter::WriteTest(NodeId id, bool wanted, Jumps& exits) {
  const std::uint32_t mark = next_register_;
  if (!IsShared(id)) {
    WriteTestBody(id, wanted, exits);
  } else if (const std::uint32_t shared = UseShared(id); shared <= kMaxOperand) {
    exits.push_back(AppendTest(Opcode::kTestShared, wanted, 0, shared));
  } else {
    exits.push_back(AppendTest(Opcode::kTestTrue, wanted, LogicOperand(id), 0));
  }
  next_register_ = mark;
}

void Emitter::WriteTestBody(NodeId id, bool wanted, Jumps& exits) {
  const Node& node = NodeOf(id);
  const std::span<const NodeId> args = emission_.program.args(node);
  switch (node.kind) {
    case NodeKind::kAnd:
    case NodeKind::kOr: return WriteLogicTest(node, args, wanted, exits);
    case NodeKind::kAll:
    case NodeKind::kExists: return WriteLoopTest(node, args, wanted, exits);
    case NodeKind::kConditional: return WriteConditionalTest(args, wanted, exits);
    case NodeKind::kCall:
      if (static_cast<Function>(node.detail) == Function::kNot) return WriteTest(args[0], !wanted, exits);
      if (static_cast<Function>(node.detail) == Function::kToDyn) return WriteTest(args[0], wanted, exits);
      return WriteLeafTest(id, wanted, exits);
    default: return WriteLeafTest(id, wanted, exits);  // NOLINT: all others are values
  }
}

// A condition of one instruction or a few: its value, and a test of it. Where the instruction that
// comes last has a form with a jump, that takes its place.
void Emitter::WriteLeafTest(NodeId id, bool wanted, Jumps& exits) {
  can_fail_ = true;
  if (NodeOf(id).kind == NodeKind::kVariable) {
    exits.push_back(Append(Opcode::kTestTrue, wanted ? 1 : 0, variables_.at(NodeOf(id).index), 0, 0));
    return;
  }
  const Register dst = Allocate();
  WriteBody(id, dst);
  if (!FuseTest(wanted)) Append(Opcode::kTestTrue, wanted ? 1 : 0, dst, 0, 0);
  exits.push_back(Here() - 1);
}

bool Emitter::FuseTest(bool wanted) {
  const Instruction last = instructions_.back();
  if (last.c > kMaxOperand) return false;
  const auto replace = [&](Opcode op, Register looked_for, Register a, std::uint32_t b) {
    instructions_.back() = {op, looked_for, a, static_cast<Register>(b), 0};
    return true;
  };
  const bool is_equality = last.op == Opcode::kEqualConstant || last.op == Opcode::kNotEqualConstant;
  const Register looked_for = wanted != (last.op == Opcode::kNotEqualConstant) ? 1 : 0;
  // What the operand comes from, if it is the instruction before that.
  const Instruction before = instructions_.size() > 1 ? instructions_[instructions_.size() - 2] : Instruction{};
  const bool is_of_member =
      (before.op == Opcode::kSelect || before.op == Opcode::kSelectOr) && before.dst == last.a && before.c < kMaxOperand;
  if (is_equality && is_of_member && before.op == Opcode::kSelectOr && constants_[last.c].is(Kind::kNull) &&
      constants_[before.c + 1].is(Kind::kNull)) {
    instructions_.pop_back();
    return replace(Opcode::kTestPresent, looked_for ^ 1U, before.a, before.c);
  }
  if (last.op == Opcode::kHasKind && is_of_member && before.op == Opcode::kSelect) {
    instructions_.pop_back();
    return replace(Opcode::kTestMemberKind, static_cast<Register>(looked_for | last.c << 1U), before.a, before.c);
  }
  if (is_equality) return replace(Opcode::kTestEqual, looked_for, last.a, last.c);
  if (last.op == Opcode::kHasKind) return replace(Opcode::kTestKind, looked_for, last.a, last.c);
  if (last.op == Opcode::kInConstant) return replace(Opcode::kTestIn, looked_for, last.a, last.c);
  return last.op == Opcode::kMatchesRegex && replace(Opcode::kTestMatches, looked_for, last.a, last.c);
}

void Emitter::WriteLogicTest(const Node& node, std::span<const NodeId> args, bool wanted, Jumps& exits) {
  const bool decides = node.kind == NodeKind::kOr;  // what one operand must be to be the result
  Jumps decided;
  for (const NodeId id : args.first(args.size() - 1)) WriteTest(id, decides, wanted == decides ? exits : decided);
  WriteTest(args.back(), wanted, exits);
  PatchAll(decided);
}

void Emitter::WriteConditionalTest(std::span<const NodeId> args, bool wanted, Jumps& exits) {
  Jumps otherwise;
  WriteTest(args[0], false, otherwise);
  WriteTest(args[1], wanted, exits);
  const std::uint32_t end = Append(Opcode::kJump, 0, 0, 0, 0);
  PatchAll(otherwise);
  WriteTest(args[2], wanted, exits);
  Patch(end);
}

void Emitter::WriteConditionalQuickly(std::span<const NodeId> args, Register dst) {
  Jumps otherwise;
  WriteTest(args[0], false, otherwise);
  Write(args[1], dst);
  const std::uint32_t end = Append(Opcode::kJump, 0, 0, 0, 0);
  PatchAll(otherwise);
  Write(args[2], dst);
  Patch(end);
}

void Emitter::WriteLoopTest(const Node& node, std::span<const NodeId> args, bool wanted, Jumps& exits) {
  const bool decides = node.kind == NodeKind::kExists;  // what one item must be to be the result
  const QuickLoop loop = BeginLoop(args[0]);
  const Binding bound(*this, node.index, loop.item);
  Jumps decided;
  WriteTest(args[1], decides, decided);
  Append(Opcode::kIterateAgain, 0, loop.cursor, 0, loop.body);
  if (wanted == decides) {
    exits.insert(exits.end(), decided.begin(), decided.end());
    Patch(loop.first);
  } else {
    exits.push_back(loop.first);
    exits.push_back(Append(Opcode::kJump, 0, 0, 0, 0));
    PatchAll(decided);
  }
}

Emitter::QuickLoop Emitter::BeginLoop(NodeId range) {
  can_fail_ = true;
  const Register source = Operand(range);
  const Register cursor = Allocate(2);
  const Register item = Allocate();  // behind the cursor, as the instructions want it
  const std::uint32_t first = Append(Opcode::kIterateFirst, cursor, source, 0, 0);
  return {cursor, item, first, Here()};
}

void Emitter::WriteItemsQuickly(const Node& node, std::span<const NodeId> args, Register dst) {
  const bool is_filter = node.kind == NodeKind::kFilter;
  Append(Opcode::kLoadConstant, dst, 0, 0, UseValue(Value::List(nullptr, 0)));
  QuickLoop loop = BeginLoop(args[0]);
  Append(Opcode::kNewList, dst, 0, 0, 0);
  loop.body = Here();
  const Binding bound(*this, node.index, loop.item);
  Jumps skip;
  if (args[1].valid()) WriteTest(args[1], false, skip);
  Append(Opcode::kAppend, dst, is_filter ? loop.item : Operand(args[2]), 0, 0);
  PatchAll(skip);
  Append(Opcode::kIterateAgain, 0, loop.cursor, 0, loop.body);
  Patch(loop.first);
}
// NOLINTEND(misc-no-recursion)

}  // namespace writ
