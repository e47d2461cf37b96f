// The way from graph to program: cells from the inside out, blocks, and register code. Instructions of lists and macros are in
// emit_loops.cc.
//
// Registers are a stack: a node writes its value into the register that its reader gives it and may use all registers above.
// Recursion is over nodes; the front end bounds their depth (kMaxNodeDepth).
// NOLINTBEGIN(misc-no-recursion): depth <= kMaxNodeDepth
#include "rules/opt/emit.h"

#include <algorithm>

#include "rules/base/check.h"
#include "rules/opt/share.h"

namespace writ {
namespace {

// Half of BundleLimits::max_cell_depth: lets may then add their own nesting on top (the front end allows 90 of them in a row).
constexpr std::uint32_t kMaxSharedNesting = 100;

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

Constant::Kind ConstantKindOf(Kind kind) {
  switch (kind) {
    case Kind::kNull: return Constant::Kind::kNull;
    case Kind::kBool: return Constant::Kind::kBool;
    case Kind::kInt: return Constant::Kind::kInt;
    case Kind::kUint: return Constant::Kind::kUint;
    case Kind::kDouble: return Constant::Kind::kDouble;
    case Kind::kString: return Constant::Kind::kString;
    case Kind::kBytes: return Constant::Kind::kBytes;
    case Kind::kTimestamp: return Constant::Kind::kTimestamp;
    case Kind::kDuration: return Constant::Kind::kDuration;
    case Kind::kType: return Constant::Kind::kType;
    case Kind::kList: return Constant::Kind::kList;
    case Kind::kMap: return Constant::Kind::kMap;
    case Kind::kError: return Constant::Kind::kError;
    case Kind::kAbsent:
    case Kind::kOptional:
    case Kind::kUnknown: break;  // the graph holds none
  }
  WRIT_CHECK(false);
}

// The literal without its items, as a key as well: equal text means equal constant.
std::string ConstantKey(const Constant& constant) {
  std::string key = std::to_string(static_cast<int>(constant.kind)) + ',' + std::to_string(constant.code) + ',' +
                    std::to_string(constant.integer) + ',' + std::to_string(constant.nanos) + ',';
  key.append(reinterpret_cast<const char*>(&constant.real), sizeof(constant.real));
  for (const ConstantId item : constant.items) key += std::to_string(item.index) + ',';
  return key + constant.text;
}

}  // namespace

Emitter::Emitter(const Graph& graph, Program& program, std::span<const NodeId> roots, EmitOptions options)
    : graph_(graph), program_(program), options_(options) {
  shared_ = options.share ? FindShared(graph, roots) : std::vector<bool>(graph.node_count(), false);
  finished_.resize(graph.node_count());
  nesting_.resize(graph.node_count());
  node_cells_.resize(graph.node_count());
  let_cells_.resize(graph.lets.size());
  let_nesting_.resize(graph.lets.size());
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

// ---- constants, slots, regexes --------------------------------------------------------------------------------------------

ConstantId Emitter::UseConstant(std::uint32_t index) {
  if (index >= constants_.size()) constants_.resize(index + 1);
  if (!constants_[index].valid()) constants_[index] = AddConstant(graph_.constant(index));
  return constants_[index];
}

ConstantId Emitter::UseValue(const Value& value) { return AddConstant(value); }

ConstantId Emitter::AddConstant(const Value& value) {
  Constant constant;
  constant.kind = ConstantKindOf(value.kind);
  switch (value.kind) {
    case Kind::kBool: constant.integer = value.boolean ? 1 : 0; break;
    case Kind::kTimestamp: constant.nanos = value.size; [[fallthrough]];
    case Kind::kInt:
    case Kind::kUint:
    case Kind::kDuration: constant.integer = value.integer; break;
    case Kind::kDouble: constant.real = value.real; break;
    case Kind::kError: constant.code = value.code; [[fallthrough]];
    case Kind::kString:
    case Kind::kBytes:
    case Kind::kType: constant.text = value.string(); break;
    case Kind::kList:
      for (std::uint32_t i = 0; i < value.size; ++i) constant.items.push_back(AddConstant(value.items[i]));
      break;
    case Kind::kMap:
      for (std::uint32_t i = 0; i < value.map->size; ++i) {
        constant.items.push_back(AddConstant(value.map->entries[i].key));
        constant.items.push_back(AddConstant(value.map->entries[i].value));
      }
      break;
    case Kind::kAbsent:
    case Kind::kNull:
    case Kind::kOptional:
    case Kind::kUnknown: break;
  }
  const auto [found, is_new] = constant_index_.emplace(ConstantKey(constant), ConstantId(program_.constants.size()));
  if (is_new) program_.constants.push_back(std::move(constant));
  return found->second;
}

SlotId Emitter::UseSlot(SlotId slot, bool whole) {
  std::vector<SlotId> path;  // from the slot up to the first one that the program has
  for (SlotId at = slot; at.valid() && !slots_.contains(at.index); at = graph_.slots[at.index].parent) path.push_back(at);
  for (auto at = path.rbegin(); at != path.rend(); ++at) {
    Slot copy = graph_.slots[at->index];
    if (copy.parent.valid()) copy.parent = slots_.at(copy.parent.index);
    copy.whole = false;
    slots_.emplace(at->index, SlotId(program_.slots.size()));
    program_.slots.push_back(std::move(copy));
  }
  const SlotId found = slots_.at(slot.index);
  if (whole) program_.slots[found.index].whole = true;
  return found;
}

RegexId Emitter::UseRegex(std::string_view pattern) {
  const auto [found, is_new] = regexes_.emplace(std::string(pattern), RegexId(program_.regexes.size()));
  if (is_new) program_.regexes.emplace_back(pattern);
  return found->second;
}

// ---- cells and blocks -----------------------------------------------------------------------------------------------------

// Visits everything below `root` from the inside out, through lets, with its own stack: chains of lets may be long.
void Emitter::WriteCells(NodeId root) {
  struct Frame {
    NodeId id;
    std::size_t next = 0;
  };
  std::vector<Frame> stack;
  const auto enter = [&](NodeId id) {
    if (!id.valid() || finished_[id.index]) return;
    stack.push_back({id});
  };
  enter(root);
  while (!stack.empty()) {
    Frame& top = stack.back();
    if (finished_[top.id.index]) {
      stack.pop_back();
      continue;
    }
    const std::span<const NodeId> args = graph_.args(top.id);
    const bool is_let = graph_[top.id].kind == NodeKind::kLet;
    if (top.next < args.size()) {
      enter(args[top.next++]);
    } else if (is_let && top.next == 0) {
      ++top.next;
      enter(graph_.lets[graph_[top.id].index]);
    } else {
      const NodeId done = top.id;
      stack.pop_back();
      FinishNode(done);
    }
  }
}

void Emitter::FinishNode(NodeId id) {
  finished_[id.index] = true;
  const Node& node = graph_[id];
  if (node.kind == NodeKind::kLet) {
    CellId& cell = let_cells_[node.index];
    const NodeId body = graph_.lets[node.index];
    if (!cell.valid()) {
      if (node_cells_[body.index].valid()) {  // found as a common sub-expression already: one cell is enough
        cell = node_cells_[body.index];
        if (program_.cells[cell.index].name.empty()) program_.cells[cell.index].name = graph_.let_names[node.index];
        let_nesting_[node.index] = nesting_[body.index];
      } else {
        cell = WriteCell(body, graph_.let_names[node.index]);
        let_nesting_[node.index] = nesting_[body.index] + 1;
      }
    }
    nesting_[id.index] = let_nesting_[node.index];
    return;
  }
  std::uint32_t nesting = 0;
  for (const NodeId arg : graph_.args(id)) {
    if (arg.valid()) nesting = std::max(nesting, nesting_[arg.index]);
  }
  if (shared_[id.index] && nesting < kMaxSharedNesting) {
    node_cells_[id.index] = WriteCell(id, "");
    ++nesting;
  }
  nesting_[id.index] = nesting;
}

CellId Emitter::WriteCell(NodeId body, std::string name) {
  const BlockId block = WriteBlock(body, true);
  program_.cells.push_back(Cell{block, std::move(name)});
  return CellId(program_.cells.size() - 1);
}

BlockId Emitter::Write(NodeId root) {
  if (const auto found = blocks_.find(root); found != blocks_.end()) return found->second;
  WriteCells(root);
  const BlockId block = WriteBlock(root, false);
  blocks_.emplace(root, block);
  return block;
}

BlockId Emitter::WriteBlock(NodeId root, bool is_cell_body) {
  next_register_ = 0;
  most_registers_ = 0;
  variables_.clear();
  open_cell_ = is_cell_body ? root : NodeId();
  Block block;
  block.begin = Here();
  const Register result = Operand(root);
  Append(Opcode::kReturn, 0, result, 0, 0, graph_[root].place);
  block.end = Here();
  block.register_count = static_cast<std::uint16_t>(most_registers_);
  program_.blocks.push_back(block);
  return BlockId(program_.blocks.size() - 1);
}

Emitter::Register Emitter::Allocate(std::uint32_t count) {
  const std::uint32_t first = next_register_;
  if (first + count >= kNoRegister) {
    ok_ = false;
    return 0;
  }
  next_register_ += count;
  most_registers_ = std::max(most_registers_, next_register_);
  return static_cast<Register>(first);
}

std::uint32_t Emitter::Here() const { return static_cast<std::uint32_t>(program_.code.size()); }

std::uint32_t Emitter::Append(Opcode op, Register dst, Register a, Register b, std::uint32_t c, SourceLocation place) {
  program_.code.push_back(Instruction{op, dst, a, b, c});
  program_.code_locations.push_back(place);
  return Here() - 1;
}

// Lets the jump go to the next instruction to be written.
void Emitter::Patch(std::uint32_t instruction) { program_.code[instruction].c = Here(); }

// ---- nodes ----------------------------------------------------------------------------------------------------------------

// The register that holds the node's value: the variable's own, or a new one.
Emitter::Register Emitter::Operand(NodeId id) {
  if (graph_[id].kind == NodeKind::kVariable) return variables_.at(graph_[id].index);
  const Register dst = Allocate();
  Write(id, dst);
  return dst;
}

void Emitter::Write(NodeId id, Register dst) {
  const std::uint32_t mark = next_register_;
  const Node& node = graph_[id];
  if (node_cells_[id.index].valid() && id != open_cell_) {
    Append(Opcode::kLoadCell, dst, 0, 0, node_cells_[id.index].index, node.place);
  } else {
    WriteBody(id, dst);
  }
  next_register_ = mark;
}

void Emitter::WriteBody(NodeId id, Register dst) {
  const Node& node = graph_[id];
  const std::span<const NodeId> args = graph_.args(id);
  switch (node.kind) {
    case NodeKind::kConstant: Append(Opcode::kLoadConstant, dst, 0, 0, UseConstant(node.index).index, node.place); return;
    case NodeKind::kSlot: Append(Opcode::kLoadSlot, dst, 0, 0, UseSlot(SlotId(node.index), true).index, node.place); return;
    case NodeKind::kHasSlot: Append(Opcode::kHasSlot, dst, 0, 0, UseSlot(SlotId(node.index), false).index, node.place); return;
    case NodeKind::kOptionalSlot:
      Append(Opcode::kOptionalSlot, dst, node.detail, 0, UseSlot(SlotId(node.index), true).index, node.place);
      return;
    case NodeKind::kLet: Append(Opcode::kLoadCell, dst, 0, 0, let_cells_[node.index].index, node.place); return;
    case NodeKind::kVariable: Append(Opcode::kMove, dst, variables_.at(node.index), 0, 0, node.place); return;
    case NodeKind::kSelect: Append(Opcode::kSelect, dst, Operand(args[0]), 0, UseConstant(node.index).index, node.place); return;
    case NodeKind::kHasMember: Append(Opcode::kHasMember, dst, Operand(args[0]), 0, UseConstant(node.index).index, node.place); return;
    case NodeKind::kOptionalSelect:
      Append(Opcode::kOptionalSelect, dst, Operand(args[0]), 0, UseConstant(node.index).index, node.place);
      return;
    case NodeKind::kCall: WriteCall(node, args, dst); return;
    case NodeKind::kAnd:
    case NodeKind::kOr: WriteLogic(node, args, dst); return;
    case NodeKind::kConditional: WriteConditional(node, args, dst); return;
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

void Emitter::WriteOperator(const Node& node, Opcode op, std::span<const NodeId> args, Register dst) {
  const Register a = Operand(args[0]);
  const Register b = args.size() > 1 ? Operand(args[1]) : Register{0};
  Append(op, dst, a, b, 0, node.place);
}

bool Emitter::WriteFused(const Node& node, std::span<const NodeId> args, Register dst) {
  if (!options_.fuse || args.size() != 2) return false;
  const Function function = static_cast<Function>(node.detail);
  const Value* left = graph_.TryValue(args[0]);
  const Value* right = graph_.TryValue(args[1]);
  if ((left != nullptr && left->is_fault()) || (right != nullptr && right->is_fault())) return false;
  if ((function == Function::kEqual || function == Function::kNotEqual) && (left != nullptr || right != nullptr)) {
    const Opcode op = function == Function::kEqual ? Opcode::kEqualConstant : Opcode::kNotEqualConstant;
    const NodeId constant = right != nullptr ? args[1] : args[0];
    Append(op, dst, Operand(right != nullptr ? args[0] : args[1]), 0, UseConstant(graph_[constant].index).index, node.place);
    return true;
  }
  if (function == Function::kIn && right != nullptr && (right->is(Kind::kList) || right->is(Kind::kMap))) {
    Append(Opcode::kInConstant, dst, Operand(args[0]), 0, UseConstant(graph_[args[1]].index).index, node.place);
    return true;
  }
  if (function == Function::kIn && left != nullptr) {
    Append(Opcode::kConstantIn, dst, Operand(args[1]), 0, UseConstant(graph_[args[0]].index).index, node.place);
    return true;
  }
  if (function == Function::kMatches && right != nullptr && right->is(Kind::kString) && regex_checker_.ErrorOf(right->string()).empty()) {
    Append(Opcode::kMatchesRegex, dst, Operand(args[0]), 0, UseRegex(right->string()).index, node.place);
    return true;
  }
  return false;
}

void Emitter::WriteCall(const Node& node, std::span<const NodeId> args, Register dst) {
  const Function function = static_cast<Function>(node.detail);
  if (function == Function::kOptionalOr || function == Function::kOptionalOrValue) {
    WriteLazyOptional(node, args, dst);
    return;
  }
  if (WriteFused(node, args, dst)) return;
  if (const Opcode op = OpcodeOf(function); op != kNoOpcode) {
    WriteOperator(node, op, args, dst);
    return;
  }
  const Register first = args.empty() ? dst : Allocate(static_cast<std::uint32_t>(args.size()));
  for (std::size_t i = 0; i < args.size(); ++i) Write(args[i], static_cast<Register>(first + i));
  Append(Opcode::kCall, dst, first, static_cast<Register>(args.size()), node.detail, node.place);
}

// a.or(b), a.orValue(b): b is evaluated only when a is none.
void Emitter::WriteLazyOptional(const Node& node, std::span<const NodeId> args, Register dst) {
  const bool is_or = static_cast<Function>(node.detail) == Function::kOptionalOr;
  const Register first = Operand(args[0]);
  const std::uint32_t jump = Append(is_or ? Opcode::kOptionalOr : Opcode::kOptionalOrValue, dst, first, 0, 0, node.place);
  Write(args[1], dst);
  if (is_or) Append(Opcode::kCheckOptional, dst, dst, 0, 0, node.place);
  Patch(jump);
}

void Emitter::WriteLogic(const Node& node, std::span<const NodeId> args, Register dst) {
  const bool is_and = node.kind == NodeKind::kAnd;
  std::vector<std::uint32_t> exits;
  Write(args[0], dst);
  for (std::size_t i = 1; i < args.size(); ++i) {
    exits.push_back(Append(is_and ? Opcode::kJumpIfFalse : Opcode::kJumpIfTrue, 0, dst, 0, 0, node.place));
    const std::uint32_t mark = next_register_;
    const Register operand = Operand(args[i]);
    Append(is_and ? Opcode::kAnd : Opcode::kOr, dst, dst, operand, 0, node.place);
    next_register_ = mark;
  }
  for (const std::uint32_t jump : exits) Patch(jump);
}

void Emitter::WriteConditional(const Node& node, std::span<const NodeId> args, Register dst) {
  const Register condition = Operand(args[0]);
  const std::uint32_t fault = Append(Opcode::kJumpUnlessBool, dst, condition, 0, 0, node.place);
  const std::uint32_t otherwise = Append(Opcode::kJumpIfFalse, 0, condition, 0, 0, node.place);
  Write(args[1], dst);
  const std::uint32_t end = Append(Opcode::kJump, 0, 0, 0, 0, node.place);
  Patch(otherwise);
  Write(args[2], dst);
  Patch(fault);
  Patch(end);
}
// NOLINTEND(misc-no-recursion)

}  // namespace writ
