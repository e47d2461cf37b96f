#include "rules/ir/verify_flow.h"

#include <algorithm>

#include "rules/function/function.h"
#include "rules/ir/verify_parts.h"

namespace writ::verify {
namespace {

constexpr std::uint64_t kBudgetBase = std::uint64_t{1} << 22U;
constexpr std::uint64_t kBudgetPerInstruction = 256;
constexpr std::size_t kMostHeldRegisters = std::size_t{1} << 20U;  // 8 MB of states held at a time, whatever the program
constexpr std::uint32_t kMostRoom = 1024;  // items that a builder may ask room for beyond what its block could append

std::string RegisterName(std::uint32_t number) { return "register " + std::to_string(number); }

// Calls `visit(register, leaves_to)` for each register that an instruction writes. `leaves_to` is the jump target when the write
// happens only on the way there, otherwise 0 (which is no jump's target: jumps go forward).
template <typename Visit>
void ForEachWrite(const Instruction& instruction, Visit visit) {
  const Opcode op = instruction.op;
  if (op == Opcode::kJumpUnlessBool || op == Opcode::kOptionalOr || op == Opcode::kOptionalOrValue) {
    visit(instruction.dst, instruction.c);
  } else if (op == Opcode::kOptionalUnwrap) {
    visit(instruction.dst, instruction.c);
    visit(instruction.b, 0U);
  } else if (op == Opcode::kIterateBegin) {
    visit(instruction.dst, 0U);
    visit(static_cast<std::uint16_t>(instruction.dst + 1), 0U);
    visit(instruction.b, instruction.c);
  } else if (op == Opcode::kIterateNext) {
    if (instruction.dst != kNoRegister) visit(instruction.dst, 0U);
    if (instruction.b != kNoRegister) visit(instruction.b, 0U);
  } else if (InfoOf(op).dst == Operand::W) {
    visit(instruction.dst, 0U);
  }
}

}  // namespace

FlowChecker::FlowChecker(const Program& program, const std::vector<std::uint32_t>& constant_depths,
                         const std::vector<std::uint32_t>& cell_depths)
    : program_(program),
      constant_depths_(constant_depths),
      cell_depths_(cell_depths),
      budget_(kBudgetBase + kBudgetPerInstruction * program.code.size()) {}

Error FlowChecker::Fault(std::uint32_t pc, const std::string& fault) const {
  return Corrupt(Place("block", id_.index) + ", " + Place("instruction", pc) + ": " + fault);
}

Status FlowChecker::Charge(std::uint64_t cost) {
  if (cost > budget_) return Corrupt(Place("block", id_.index) + " has too many jumps for its registers");
  budget_ -= cost;
  return OkStatus();
}

// One more state of the registers is kept.
Status FlowChecker::Hold() {
  if ((arriving_.size() + loop_starts_.size() + 1) * state_.size() <= kMostHeldRegisters) return OkStatus();
  return Corrupt(Place("block", id_.index) + " has too many jumps for its registers");
}

Result<std::uint32_t> FlowChecker::CheckBlock(BlockId id, CellId end_cell) {
  id_ = id;
  block_ = &program_.blocks[id.index];
  for (std::uint32_t pc = block_->begin; pc < block_->end; ++pc) WRIT_RETURN_IF_ERROR(CheckOperands(pc, end_cell));
  WRIT_RETURN_IF_ERROR(FindLoops());
  built_depth_.assign(block_->end - block_->begin, 1);
  // A walk sees what a loop appends only after it has seen who reads it; repeated until no nesting grows. Almost always once.
  do {
    WRIT_RETURN_IF_ERROR(Charge(block_->end - block_->begin));
    built_deeper_ = false;
    WRIT_RETURN_IF_ERROR(Walk());
  } while (built_deeper_);
  return return_depth_;
}

// ---- operands by themselves ------------------------------------------------------------------------------------------

Status FlowChecker::CheckOperands(std::uint32_t pc, CellId end_cell) {
  const Instruction& instruction = program_.code[pc];
  if (static_cast<std::uint16_t>(instruction.op) >= kOpcodeCount) return Fault(pc, "there is no such instruction");
  const OpcodeInfo& info = InfoOf(instruction.op);
  WRIT_RETURN_IF_ERROR(CheckOperand(pc, info.dst, instruction.dst, end_cell));
  WRIT_RETURN_IF_ERROR(CheckOperand(pc, info.a, instruction.a, end_cell));
  WRIT_RETURN_IF_ERROR(CheckOperand(pc, info.b, instruction.b, end_cell));
  WRIT_RETURN_IF_ERROR(CheckOperand(pc, info.c, instruction.c, end_cell));
  return CheckUse(pc);
}

Status FlowChecker::CheckOperand(std::uint32_t pc, Operand operand, std::uint32_t value, CellId end_cell) {
  const auto in = [&](std::size_t size, const char* what) -> Status {
    if (value < size) return OkStatus();
    return Fault(pc, std::string("there is no ") + what + " " + std::to_string(value));
  };
  switch (operand) {
    case Operand::_:
    case Operand::N: return OkStatus();
    case Operand::W:
    case Operand::R:
    case Operand::I: return in(block_->register_count, "register");
    case Operand::O:
    case Operand::V: return value == kNoRegister ? OkStatus() : in(block_->register_count, "register");
    case Operand::P:
    case Operand::Q: ++value; return in(block_->register_count, "register");
    case Operand::K: return in(program_.constants.size(), "constant");
    case Operand::S: return in(program_.slots.size(), "slot");
    case Operand::G: return in(program_.regexes.size(), "regex");
    case Operand::F: return in(kFunctionCount, "function");
    case Operand::C:
      if (value < end_cell.index) return OkStatus();
      return Fault(pc, "cell " + std::to_string(value) + " cannot be loaded here");
    case Operand::J:
      if (value < block_->begin || value >= block_->end) return Fault(pc, "the jump leaves its block");
      if (program_.code[pc].op == Opcode::kLoop) return value < pc ? OkStatus() : Fault(pc, "the loop does not jump backwards");
      return value > pc ? OkStatus() : Fault(pc, "the jump does not go forwards");
  }
  return Fault(pc, "the operand is of no known kind");
}

// What the kind of an operand does not say: which constants, slots and counts an instruction takes.
Status FlowChecker::CheckUse(std::uint32_t pc) {
  const Instruction& instruction = program_.code[pc];
  const Operand operand = InfoOf(instruction.op).c;
  if (operand == Operand::S) return CheckSlotUse(pc);
  if (operand == Operand::K) return CheckConstantUse(pc);
  if (operand == Operand::F) return CheckCall(pc);
  if (operand == Operand::N && instruction.c > std::max(kMostRoom, block_->end - block_->begin)) {
    return Fault(pc, "room is wanted for more items than the block could append");
  }
  if (instruction.op != Opcode::kIterateNext) return OkStatus();
  const auto hits_cursor = [&](std::uint16_t number) { return number == instruction.a || number == instruction.a + 1; };
  if (hits_cursor(instruction.dst) || hits_cursor(instruction.b)) return Fault(pc, "the item would overwrite its cursor");
  const bool same = instruction.dst == instruction.b && instruction.dst != kNoRegister;
  return same ? Fault(pc, "key and value are the same register") : OkStatus();
}

Status FlowChecker::CheckConstantUse(std::uint32_t pc) {
  const Instruction& instruction = program_.code[pc];
  const Constant::Kind kind = program_.constants[instruction.c].kind;
  const bool is_member =
      instruction.op == Opcode::kSelect || instruction.op == Opcode::kHasMember || instruction.op == Opcode::kOptionalSelect;
  if (is_member && kind != Constant::Kind::kString) return Fault(pc, "a member is not named by a string");
  const bool is_set = instruction.op == Opcode::kInConstant;
  if (is_set && kind != Constant::Kind::kList && kind != Constant::Kind::kMap) return Fault(pc, "the constant is neither a list nor a map");
  const bool is_error = kind == Constant::Kind::kError;
  return is_error && instruction.op != Opcode::kLoadConstant ? Fault(pc, "the constant is an error") : OkStatus();
}

Status FlowChecker::CheckCall(std::uint32_t pc) {
  const Instruction& instruction = program_.code[pc];
  if (!kFunctionInfo[instruction.c].takes(instruction.b)) {
    return Fault(pc, std::string(kFunctionInfo[instruction.c].name) + " does not take " + std::to_string(instruction.b) + " arguments");
  }
  const std::size_t end = std::size_t{instruction.a} + instruction.b;
  return end <= block_->register_count ? OkStatus() : Fault(pc, "there is no register " + std::to_string(end - 1));
}

Status FlowChecker::CheckSlotUse(std::uint32_t pc) {
  const Instruction& instruction = program_.code[pc];
  const Slot& slot = program_.slots[instruction.c];
  // SAFETY: a map in a slot that is not whole has no members (MapData is missing), so it must never become a value.
  if (instruction.op != Opcode::kHasSlot && !slot.whole) return Fault(pc, Place("slot", instruction.c) + " is not read whole");
  if (instruction.op == Opcode::kLoadSlot) return OkStatus();
  if (!slot.parent.valid()) return Fault(pc, Place("slot", instruction.c) + " is a root, which has no parent to look into");
  if (instruction.op != Opcode::kOptionalSlot) return OkStatus();
  std::uint32_t steps = 0;
  for (SlotId at = slot.parent; at.valid(); at = program_.slots[at.index].parent) ++steps;
  return instruction.a < steps ? OkStatus() : Fault(pc, "no step of the path is optional");
}

// ---- the walk --------------------------------------------------------------------------------------------------------

Status FlowChecker::FindLoops() {
  written_in_.clear();
  for (std::uint32_t pc = block_->begin; pc < block_->end; ++pc) {
    if (program_.code[pc].op != Opcode::kLoop) continue;
    const std::uint32_t start = program_.code[pc].c;
    WRIT_RETURN_IF_ERROR(Charge(pc - start));
    std::vector<std::uint16_t>& written = written_in_[start];
    for (std::uint32_t at = start; at < pc; ++at) {
      ForEachWrite(program_.code[at], [&](std::uint16_t number, std::uint32_t leaves_to) {
        if (leaves_to <= pc) written.push_back(number);
      });
    }
    std::sort(written.begin(), written.end());
    written.erase(std::unique(written.begin(), written.end()), written.end());
  }
  return OkStatus();
}

Status FlowChecker::Walk() {
  WRIT_RETURN_IF_ERROR(Charge(block_->register_count));
  state_.assign(block_->register_count, Register{});
  arriving_.clear();
  loop_starts_.clear();
  reachable_ = true;
  return_depth_ = 0;
  for (std::uint32_t pc = block_->begin; pc < block_->end; ++pc) {
    WRIT_RETURN_IF_ERROR(Enter(pc));
    if (reachable_) WRIT_RETURN_IF_ERROR(Step(pc));
  }
  return OkStatus();
}

// Joins the paths that jump to `pc`, and remembers the registers when a loop starts here.
Status FlowChecker::Enter(std::uint32_t pc) {
  if (const auto arrived = arriving_.find(pc); arrived != arriving_.end()) {
    if (reachable_) {
      Merge(state_, arrived->second);
    } else {
      state_ = std::move(arrived->second);
      reachable_ = true;
    }
    arriving_.erase(arrived);
  }
  const auto loop = written_in_.find(pc);
  if (loop == written_in_.end() || !reachable_) return OkStatus();
  for (const std::uint16_t number : loop->second) Write(number, Register{});
  WRIT_RETURN_IF_ERROR(Charge(state_.size()));
  WRIT_RETURN_IF_ERROR(Hold());
  loop_starts_[pc] = state_;
  return OkStatus();
}

std::uint32_t FlowChecker::DepthOf(const Register& value) const {
  const bool is_built = value.role == Role::kList || value.role == Role::kMap;
  return is_built ? built_depth_[value.site - block_->begin] : value.depth;
}

FlowChecker::Register FlowChecker::Agree(const Register& left, const Register& right) const {
  if (left == right) return left;
  const auto is_value = [](Role role) {
    return role == Role::kValue || role == Role::kCounter || role == Role::kList || role == Role::kMap;
  };
  if (is_value(left.role) && is_value(right.role)) {
    return {Role::kValue, static_cast<std::uint16_t>(std::max(DepthOf(left), DepthOf(right))), 0};
  }
  return {};
}

void FlowChecker::Merge(State& into, const State& from) const {
  for (std::size_t i = 0; i < into.size(); ++i) into[i] = Agree(into[i], from[i]);
}

Status FlowChecker::JumpTo(std::uint32_t target) {
  WRIT_RETURN_IF_ERROR(Charge(state_.size() + 1));
  if (const auto place = arriving_.find(target); place != arriving_.end()) {
    Merge(place->second, state_);
    return OkStatus();
  }
  WRIT_RETURN_IF_ERROR(Hold());
  arriving_.emplace(target, state_);
  return OkStatus();
}

Status FlowChecker::JumpWriting(std::uint32_t pc, std::uint32_t target, std::uint32_t number, std::uint32_t depth) {
  const State before = state_;
  WRIT_RETURN_IF_ERROR(WriteValue(pc, number, depth));
  WRIT_RETURN_IF_ERROR(JumpTo(target));
  state_ = before;
  return OkStatus();
}

void FlowChecker::Write(std::uint32_t number, Register value) {
  // Half a cursor is none.
  const Role old = state_[number].role;
  if (old == Role::kCursor) state_[number + 1] = Register{};
  if (old == Role::kCursorEnd) state_[number - 1] = Register{};
  state_[number] = value;
}

Status FlowChecker::WriteValue(std::uint32_t pc, std::uint32_t number, std::uint32_t depth) {
  if (depth > kMaxValueDepth) return Fault(pc, "values would be nested more than " + std::to_string(kMaxValueDepth) + " levels deep");
  Write(number, {Role::kValue, static_cast<std::uint16_t>(depth), 0});
  return OkStatus();
}

Result<std::uint32_t> FlowChecker::Read(std::uint32_t pc, std::uint32_t number) {
  Register& value = state_[number];
  switch (value.role) {
    case Role::kUnset: return Fault(pc, RegisterName(number) + " is read before it is written");
    case Role::kCursor:
    case Role::kCursorEnd: return Fault(pc, RegisterName(number) + " is a cursor and has no value");
    case Role::kValue:
    case Role::kCounter: break;
    case Role::kList:
    case Role::kMap: value = {Role::kValue, static_cast<std::uint16_t>(DepthOf(value)), 0}; break;
  }
  return std::uint32_t{value.depth};
}

// Returns the greatest nesting of the values that the instruction reads.
Result<std::uint32_t> FlowChecker::ReadOperands(std::uint32_t pc) {
  const Instruction& instruction = program_.code[pc];
  const OpcodeInfo& info = InfoOf(instruction.op);
  std::uint32_t depth = 0;
  std::uint32_t first[2] = {instruction.a, instruction.b};
  std::uint32_t count[2] = {info.a == Operand::R, info.b == Operand::R};
  if (instruction.op == Opcode::kCall) count[0] = instruction.b;
  for (int side = 0; side < 2; ++side) {
    for (std::uint32_t i = 0; i < count[side]; ++i) {
      const Result<std::uint32_t> read = Read(pc, first[side] + i);
      if (!read) return read.error();
      depth = std::max(depth, *read);
    }
  }
  return depth;
}

// One case an instruction: what it writes where. `depth` is the nesting of what it has read.
Status FlowChecker::Step(std::uint32_t pc) {
  const Instruction& instruction = program_.code[pc];
  const Result<std::uint32_t> read = ReadOperands(pc);
  if (!read) return read.error();
  const std::uint32_t depth = *read;
  const std::uint32_t dst = instruction.dst;
  switch (instruction.op) {
    case Opcode::kLoadConstant:
      WRIT_RETURN_IF_ERROR(WriteValue(pc, dst, constant_depths_[instruction.c]));
      if (program_.constants[instruction.c].kind == Constant::Kind::kInt) state_[dst].role = Role::kCounter;
      return OkStatus();
    case Opcode::kLoadSlot: return WriteValue(pc, dst, kRequestValueDepth);
    case Opcode::kOptionalSlot: return WriteValue(pc, dst, kRequestValueDepth + 1);
    case Opcode::kLoadCell: return WriteValue(pc, dst, cell_depths_[instruction.c]);
    case Opcode::kMove:
    case Opcode::kSelect:
    case Opcode::kIndex:
    case Opcode::kAdd:
    case Opcode::kCheckOptional: return WriteValue(pc, dst, depth);
    case Opcode::kOptionalSelect:
    case Opcode::kOptionalIndex:
    case Opcode::kCall: return WriteValue(pc, dst, depth + 1);
    case Opcode::kHasSlot:
    case Opcode::kHasMember:
    case Opcode::kSubtract:
    case Opcode::kMultiply:
    case Opcode::kDivide:
    case Opcode::kModulo:
    case Opcode::kNegate:
    case Opcode::kNot:
    case Opcode::kEqual:
    case Opcode::kNotEqual:
    case Opcode::kLess:
    case Opcode::kLessOrEqual:
    case Opcode::kGreater:
    case Opcode::kGreaterOrEqual:
    case Opcode::kIn:
    case Opcode::kEqualConstant:
    case Opcode::kNotEqualConstant:
    case Opcode::kInConstant:
    case Opcode::kConstantIn:
    case Opcode::kMatchesRegex:
    case Opcode::kAnd:
    case Opcode::kOr: return WriteValue(pc, dst, 0);
    case Opcode::kJump: reachable_ = false; return JumpTo(instruction.c);
    case Opcode::kJumpIfTrue:
    case Opcode::kJumpIfFalse: return JumpTo(instruction.c);
    case Opcode::kJumpUnlessBool: return JumpWriting(pc, instruction.c, dst, 0);
    case Opcode::kOptionalOr:
    case Opcode::kOptionalOrValue: return JumpWriting(pc, instruction.c, dst, depth);
    case Opcode::kOptionalUnwrap:
      WRIT_RETURN_IF_ERROR(JumpWriting(pc, instruction.c, dst, depth));
      return WriteValue(pc, instruction.b, depth);
    case Opcode::kNewList:
    case Opcode::kNewMap:
    case Opcode::kAppend:
    case Opcode::kAppendOptional:
    case Opcode::kPut:
    case Opcode::kPutOptional: return StepBuild(pc, depth);
    case Opcode::kIterateBegin:
    case Opcode::kIterateNext: return StepIterate(pc, depth);
    case Opcode::kFoldAnd:
    case Opcode::kFoldOr:
    case Opcode::kCountTrue:
    case Opcode::kFilterTest: return StepAccumulate(pc);
    case Opcode::kLoop: reachable_ = false; return StepLoop(pc);
    case Opcode::kReturn:
      reachable_ = false;
      return_depth_ = std::max(return_depth_, depth);
      return OkStatus();
  }
  return Fault(pc, "there is no such instruction");
}

Status FlowChecker::StepBuild(std::uint32_t pc, std::uint32_t depth) {
  const Instruction& instruction = program_.code[pc];
  const bool is_map = instruction.op == Opcode::kNewMap || instruction.op == Opcode::kPut || instruction.op == Opcode::kPutOptional;
  const Role role = is_map ? Role::kMap : Role::kList;
  if (instruction.op == Opcode::kNewList || instruction.op == Opcode::kNewMap) {
    Write(instruction.dst, {role, 0, pc});
    return OkStatus();
  }
  const Register& builder = state_[instruction.dst];
  if (builder.role != role) return Fault(pc, RegisterName(instruction.dst) + " is not a " + (is_map ? "map" : "list") + " being built");
  if (depth + 1 > kMaxValueDepth) return Fault(pc, "values would be nested more than " + std::to_string(kMaxValueDepth) + " levels deep");
  std::uint16_t& built = built_depth_[builder.site - block_->begin];
  if (depth + 1 > built) {
    built = static_cast<std::uint16_t>(depth + 1);
    built_deeper_ = true;
  }
  return OkStatus();
}

Status FlowChecker::StepIterate(std::uint32_t pc, std::uint32_t depth) {
  const Instruction& instruction = program_.code[pc];
  if (instruction.op == Opcode::kIterateBegin) {
    WRIT_RETURN_IF_ERROR(JumpWriting(pc, instruction.c, instruction.b, 0));
    Write(instruction.dst, Register{});
    Write(instruction.dst + 1U, {Role::kCursorEnd, 0, pc});
    state_[instruction.dst] = {Role::kCursor, static_cast<std::uint16_t>(depth), pc};
    return OkStatus();
  }
  const Register cursor = state_[instruction.a];
  const Register end = state_[instruction.a + 1U];
  if (cursor.role != Role::kCursor || end.role != Role::kCursorEnd || cursor.site != end.site) {
    return Fault(pc, RegisterName(instruction.a) + " is not a cursor");
  }
  WRIT_RETURN_IF_ERROR(JumpTo(instruction.c));
  if (instruction.dst != kNoRegister) WRIT_RETURN_IF_ERROR(WriteValue(pc, instruction.dst, cursor.depth));
  if (instruction.b != kNoRegister) WRIT_RETURN_IF_ERROR(WriteValue(pc, instruction.b, cursor.depth));
  return OkStatus();
}

// The instructions that change a register in place without building: the accumulators of the macros.
Status FlowChecker::StepAccumulate(std::uint32_t pc) {
  const Instruction& instruction = program_.code[pc];
  const Role role = state_[instruction.dst].role;
  const std::string name = RegisterName(instruction.dst);
  if (role == Role::kUnset) return Fault(pc, name + " is read before it is written");
  if (role == Role::kCursor || role == Role::kCursorEnd) return Fault(pc, name + " is a cursor and has no value");
  if (instruction.op == Opcode::kCountTrue) {
    return role == Role::kCounter ? OkStatus() : Fault(pc, name + " does not count: it was not set to an int constant");
  }
  if (instruction.op == Opcode::kFilterTest) return JumpTo(instruction.c);
  if (role == Role::kList || role == Role::kMap) return Fault(pc, name + " is being built and cannot be folded");
  WRIT_RETURN_IF_ERROR(WriteValue(pc, instruction.dst, 0));
  return JumpTo(instruction.c);
}

// The registers must be what they were when the loop started, so that everything proven for one turn holds for the next.
Status FlowChecker::StepLoop(std::uint32_t pc) {
  const auto start = loop_starts_.find(program_.code[pc].c);
  if (start == loop_starts_.end()) return Fault(pc, "the loop's start cannot be reached");
  WRIT_RETURN_IF_ERROR(Charge(state_.size() + 1));
  for (std::size_t i = 0; i < state_.size(); ++i) {
    const Register& then = start->second[i];
    if (then.role == Role::kUnset) continue;
    Register now = state_[i];
    if (then.role == Role::kValue && now.role == Role::kCounter) now.role = Role::kValue;
    if (now.role != then.role || now.site != then.site || now.depth > then.depth) {
      return Fault(pc, RegisterName(static_cast<std::uint32_t>(i)) + " is not what it was when the loop started");
    }
  }
  return OkStatus();
}

}  // namespace writ::verify
