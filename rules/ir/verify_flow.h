// The flow inside one block: what each register is on every path, proven by one walk from front to back. Private to rules/ir.
//
// The only backward jump is Loop, so when the walk reaches an instruction it knows the registers of every path to it but the
// loops' own; the state at a jump target is what all those paths agree on. A loop is then checked where it jumps back: the
// registers there must be what they were at its start. Two rules make that enough:
//   - a register that is written anywhere inside a loop counts as unwritten at the loop's start (unless the write also leaves
//     the loop), so no plain value travels from one turn to the next;
//   - reading a list or map that is being built finishes it: nothing can be appended any more. So no value contains itself,
//     and what is built is nested no deeper than the program text says. (A loop that did `y = [x]; x = y` would nest values
//     without bound, and everything that walks values would run out of stack.)
// In: all a: FoldAnd, `[[x]]`, `r.map(x, [x])`. Out: append after reading, an accumulator appended to itself, swapping two
// registers around a loop.
// Cost: instructions + registers * jumps, bounded by a budget in proportion to the program.
#pragma once

#include <cstdint>
#include <map>
#include <vector>

#include "rules/base/result.h"
#include "rules/ir/program.h"

namespace writ::verify {

class FlowChecker {
 public:
  // All are borrowed. `cell_depths` may grow between calls; it must hold the cells that a checked block may load.
  FlowChecker(const Program& program, const std::vector<std::uint32_t>& constant_depths, const std::vector<std::uint32_t>& cell_depths);

  // Checks a block, which may load only cells before `end_cell`, and returns how deeply its value can be nested.
  // Requires: the block is a range of the code that ends in Return.
  Result<std::uint32_t> CheckBlock(BlockId id, CellId end_cell);

 private:
  enum class Role : std::uint8_t {
    kUnset,
    kValue,
    kCounter,    // an int, or the fault that CountTrue made of it
    kCursor,     // first register of a pair written by IterateBegin
    kCursorEnd,  // second
    kList,       // being built
    kMap,
  };
  struct Register {
    Role role = Role::kUnset;
    std::uint16_t depth = 0;  // kValue, kCursor: nesting of the value, of the thing iterated over
    std::uint32_t site = 0;   // kCursor…, kList, kMap: the instruction that made it
    friend bool operator==(const Register&, const Register&) = default;
  };
  using State = std::vector<Register>;

  // Range checks of operands, which hold whether or not the instruction can be reached.
  Status CheckOperands(std::uint32_t pc, CellId end_cell);
  Status CheckOperand(std::uint32_t pc, Operand operand, std::uint32_t value, CellId end_cell);
  Status CheckUse(std::uint32_t pc);
  Status CheckConstantUse(std::uint32_t pc);
  Status CheckCall(std::uint32_t pc);
  Status CheckSlotUse(std::uint32_t pc);

  Status FindLoops();
  Status Walk();
  Status Enter(std::uint32_t pc);
  Status Step(std::uint32_t pc);
  Status StepBuild(std::uint32_t pc, std::uint32_t depth);
  Status StepIterate(std::uint32_t pc, std::uint32_t depth);
  Status StepAccumulate(std::uint32_t pc);
  Status StepLoop(std::uint32_t pc);
  Result<std::uint32_t> ReadOperands(std::uint32_t pc);
  Result<std::uint32_t> Read(std::uint32_t pc, std::uint32_t number);

  void Write(std::uint32_t number, Register value);
  Status WriteValue(std::uint32_t pc, std::uint32_t number, std::uint32_t depth);
  // The registers as they are now reach `target`; with `written` set, register `number` holds a value of `depth` there.
  Status JumpTo(std::uint32_t target);
  Status JumpWriting(std::uint32_t pc, std::uint32_t target, std::uint32_t number, std::uint32_t depth);
  void Merge(State& into, const State& from) const;
  Register Agree(const Register& left, const Register& right) const;
  std::uint32_t DepthOf(const Register& value) const;
  Status Charge(std::uint64_t cost);
  Status Hold();
  Error Fault(std::uint32_t pc, const std::string& fault) const;

  const Program& program_;
  const std::vector<std::uint32_t>& constant_depths_;
  const std::vector<std::uint32_t>& cell_depths_;
  std::uint64_t budget_;

  // Of the block being checked.
  BlockId id_;
  const Block* block_ = nullptr;
  bool reachable_ = false;
  State state_;
  std::map<std::uint32_t, State> arriving_;                         // at jump targets ahead
  std::map<std::uint32_t, State> loop_starts_;                      // the registers at the start of a loop
  std::map<std::uint32_t, std::vector<std::uint16_t>> written_in_;  // by the loop's start: registers written inside
  std::vector<std::uint16_t> built_depth_;                          // by site: nesting of the list or map made there
  bool built_deeper_ = false;                                       // built_depth_ grew during this walk
  std::uint32_t return_depth_ = 0;
};

}  // namespace writ::verify
