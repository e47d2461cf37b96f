// Register code of list and map literals and of macros.
// NOLINTBEGIN(misc-no-recursion): depth <= BundleLimits::max_node_depth
#include "engine/emit/emitter.h"

namespace writ {
namespace {

constexpr std::uint32_t kMaxRoom = 1000;  // a hint

}  // namespace

void Emitter::WriteAggregate(const Node& node, std::span<const NodeId> args, Register dst) {
  const bool is_list = node.kind == NodeKind::kList;
  const auto room = static_cast<std::uint32_t>(is_list ? args.size() : args.size() / 2);
  Append(is_list ? Opcode::kNewList : Opcode::kNewMap, dst, 0, 0, std::min(room, kMaxRoom));
  for (std::size_t i = 0; i < args.size(); i += is_list ? 1 : 2) {
    const std::uint32_t mark = next_register_;
    const NodeId value = args[is_list ? i : i + 1];
    const bool optional = NodeOf(value).kind == NodeKind::kOptionalEntry;
    if (is_list) {
      const Register item = Operand(value);
      Append(optional ? Opcode::kAppendOptional : Opcode::kAppend, dst, item, 0, 0);
    } else {
      const Register key = Operand(args[i]);
      const Register item = Operand(value);
      Append(optional ? Opcode::kPutOptional : Opcode::kPut, dst, key, item, 0);
    }
    next_register_ = mark;
  }
}

// all, exists, exists_one: an accumulator in dst, a loop, an early end when it is decided.
void Emitter::WriteFold(const Node& node, std::span<const NodeId> args, Register dst) {
  const bool counts = node.kind == NodeKind::kExistsOne;
  const Register range = Operand(args[0]);
  Append(Opcode::kLoadConstant, dst, 0, 0, UseValue(counts ? Value::Int(0) : Value::Bool(node.kind == NodeKind::kAll)));
  const Register cursor = Allocate(2);
  const Register item = Allocate();
  const std::uint32_t begin = Append(Opcode::kIterateBegin, cursor, range, dst, 0);
  const std::uint32_t loop = Append(Opcode::kIterateNext, item, cursor, kNoRegister, 0);
  const Binding bound(*this, node.index, item);
  const Register holds = counts ? Operand(args[1]) : LogicOperand(args[1]);
  if (counts) {
    Append(Opcode::kCountTrue, dst, holds, 0, 0);
    Append(Opcode::kLoop, 0, 0, 0, loop);
  } else {
    const std::uint32_t decided = Append(node.kind == NodeKind::kAll ? Opcode::kFoldAnd : Opcode::kFoldOr, dst, holds, 0, 0);
    Append(Opcode::kLoop, 0, 0, 0, loop);
    Patch(decided);
  }
  Patch(begin);
  Patch(loop);
  if (counts) Append(Opcode::kEqualConstant, dst, dst, 0, UseValue(Value::Int(1)));
}

// map and filter: a list builder; an item that the predicate refuses is skipped.
void Emitter::WriteItems(const Node& node, std::span<const NodeId> args, Register dst) {
  if (!is_careful_) return WriteItemsQuickly(node, args, dst);
  const bool is_filter = node.kind == NodeKind::kFilter;
  const Register range = Operand(args[0]);
  Append(Opcode::kNewList, dst, 0, 0, 0);
  const Register cursor = Allocate(2);
  const Register item = Allocate();
  const std::uint32_t begin = Append(Opcode::kIterateBegin, cursor, range, dst, 0);
  const std::uint32_t loop = Append(Opcode::kIterateNext, item, cursor, kNoRegister, 0);
  const Binding bound(*this, node.index, item);
  const bool has_predicate = args[1].valid();
  std::uint32_t skip = 0;
  if (has_predicate) skip = Append(Opcode::kFilterTest, dst, Operand(args[1]), 0, 0);
  Append(Opcode::kAppend, dst, is_filter ? item : Operand(args[2]), 0, 0);
  if (has_predicate) Patch(skip);
  Append(Opcode::kLoop, 0, 0, 0, loop);
  Patch(begin);
  Patch(loop);
}

void Emitter::WriteOptionalMap(const Node& node, std::span<const NodeId> args, Register dst) {
  const Register optional = Operand(args[0]);
  const Register item = Allocate();
  const std::uint32_t none = Append(Opcode::kOptionalUnwrap, dst, optional, item, 0);
  const Binding bound(*this, node.index, item);
  if (node.kind == NodeKind::kOptMap) {
    const Register inside = Allocate();
    WriteWide(args[1], inside);
    Append(Opcode::kCall, dst, inside, 1, static_cast<std::uint32_t>(Function::kOptionalOf));
  } else {
    WriteWide(args[1], dst);
    Append(Opcode::kCheckOptional, dst, dst, 0, 0);
  }
  Patch(none);
}
// NOLINTEND(misc-no-recursion)

}  // namespace writ
