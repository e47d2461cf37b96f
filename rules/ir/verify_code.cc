// The verifier's part about blocks and cells: which code exists, who may load which cell, and how values nest across cells.
// The flow inside one block is verify_flow.cc.
#include <algorithm>

#include "rules/ir/verify_flow.h"
#include "rules/ir/verify_parts.h"

namespace writ::verify {
namespace {

class CodeChecker {
 public:
  CodeChecker(const Program& program, const std::vector<std::uint32_t>& constant_depths, const BundleLimits& limits)
      : program_(program), limits_(limits), flow_(program, constant_depths, cell_depths_) {}

  Status Check() {
    if (program_.code_locations.size() != program_.code.size()) return Corrupt("there is not one location for each instruction");
    for (std::size_t i = 0; i < program_.code_locations.size(); ++i) {
      if (!IsGoodLocation(program_, program_.code_locations[i], FileUse::kOptional))
        return Corrupt(Place("instruction", i) + " is in no known file");
    }
    WRIT_RETURN_IF_ERROR(CheckPartition());
    WRIT_RETURN_IF_ERROR(CheckCells());
    for (std::size_t i = 0; i < program_.blocks.size(); ++i) {
      if (owner_[i].valid()) continue;  // a cell's, checked already
      const Result<std::uint32_t> depth = flow_.CheckBlock(BlockId(i), CellId(program_.cells.size()));
      if (!depth) return depth.error();
    }
    return OkStatus();
  }

 private:
  // Every instruction belongs to exactly one block, so that no hostile program can have the same code checked many times.
  Status CheckPartition() {
    std::vector<bool> taken(program_.code.size(), false);
    std::size_t taken_count = 0;
    for (std::size_t i = 0; i < program_.blocks.size(); ++i) {
      const Block& block = program_.blocks[i];
      if (block.begin >= block.end || block.end > program_.code.size())
        return Corrupt(Place("block", i) + " is not a range of instructions");
      for (std::size_t pc = block.begin; pc < block.end; ++pc) {
        if (taken[pc]) return Corrupt(Place("block", i) + " shares instruction " + std::to_string(pc) + " with another block");
        taken[pc] = true;
      }
      taken_count += block.end - block.begin;
      // An instruction writes three registers at most. The slack is for small blocks built by hand.
      const std::size_t most_registers = std::min<std::size_t>(kNoRegister, 16 + 4 * std::size_t{block.end - block.begin});
      if (block.register_count > most_registers) return Corrupt(Place("block", i) + " has more registers than its instructions could use");
      if (program_.code[block.end - 1].op != Opcode::kReturn) return Corrupt(Place("block", i) + " does not end in Return");
    }
    if (taken_count == program_.code.size()) return OkStatus();
    const auto stray = std::find(taken.begin(), taken.end(), false) - taken.begin();
    return Corrupt(Place("instruction", static_cast<std::size_t>(stray)) + " belongs to no block");
  }

  Status CheckCells() {
    owner_.assign(program_.blocks.size(), CellId());
    std::vector<std::uint32_t> nesting(program_.cells.size(), 1);
    for (std::size_t i = 0; i < program_.cells.size(); ++i) {
      const BlockId id = program_.cells[i].block;
      if (id.index >= program_.blocks.size()) return Corrupt(Place("cell", i) + " has a block that does not exist");
      if (owner_[id.index].valid()) return Corrupt(Place("cell", i) + " has the block of another cell");
      owner_[id.index] = CellId(i);
      const Result<std::uint32_t> depth = flow_.CheckBlock(id, CellId(i));
      if (!depth) return depth.error();
      cell_depths_.push_back(*depth);
      const Block& block = program_.blocks[id.index];
      for (std::size_t pc = block.begin; pc < block.end; ++pc) {
        const Instruction& instruction = program_.code[pc];
        if (instruction.op == Opcode::kLoadCell) nesting[i] = std::max(nesting[i], nesting[instruction.c] + 1);
      }
      if (nesting[i] > limits_.max_cell_depth) {
        return Corrupt(Place("cell", i) + " needs more than " + std::to_string(limits_.max_cell_depth) + " cells inside each other");
      }
    }
    return OkStatus();
  }

  const Program& program_;
  const BundleLimits& limits_;
  std::vector<std::uint32_t> cell_depths_;  // nesting of the values of the cells checked so far
  std::vector<CellId> owner_;               // of each block: the cell it computes, if any
  FlowChecker flow_;
};

}  // namespace

Status CheckCode(const Program& program, const std::vector<std::uint32_t>& constant_depths, const BundleLimits& limits) {
  return CodeChecker(program, constant_depths, limits).Check();
}

}  // namespace writ::verify
