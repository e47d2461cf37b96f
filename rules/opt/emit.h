// Writes the expression graph as register code of a decision program. Only what the written roots reach is written: constants,
// slots, regexes, cells and branches that nothing needs never get into the program (dead code elimination).
//
// Fused instructions: `slot == constant`, `x in [constants]`, `constant in x`, `x.matches("literal")`.
#pragma once

#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "rules/function/regex_checker.h"
#include "rules/ir/program.h"
#include "rules/opt/graph.h"

namespace writ {

struct EmitOptions {
  bool fuse = true;   // use fused instructions
  bool share = true;  // make cells of common sub-expressions (lets are cells anyway)
};

// One program is written by one Emitter. `graph` and `program` are borrowed. Deterministic.
class Emitter {
 public:
  // `roots`: every node that will be written, for finding what they share.
  Emitter(const Graph& graph, Program& program, std::span<const NodeId> roots, EmitOptions options);

  // Writes a block that returns the root's value; equal roots share their block. First writes the cells that it needs.
  // Requires: the root is closed.
  BlockId Write(NodeId root);
  // Returns the program's slot for the graph's, adding it and its parents when needed.
  SlotId UseSlot(SlotId slot, bool whole);
  ConstantId UseConstant(std::uint32_t index);

  // False when a block needed more registers than instructions can name; the program is then not to be used.
  bool ok() const { return ok_; }

 private:
  // The checker has refused sets beyond the limit, up to the pattern that passes it, which may come earlier here.
  RegexChecker regex_checker_{2 * kMaxRegexInstructions};
  using Register = std::uint16_t;

  // Gives a variable its register; the one that it hides comes back at the end. (An inlined argument may bind a depth that the
  // body around it binds too.)
  class Binding {
   public:
    Binding(Emitter& emitter, std::uint32_t depth, Register item);
    ~Binding();
    Binding(const Binding&) = delete;
    Binding& operator=(const Binding&) = delete;

   private:
    Emitter& emitter_;
    std::uint32_t depth_;
    Register hidden_;
  };

  void WriteCells(NodeId root);
  void FinishNode(NodeId id);
  CellId WriteCell(NodeId body, std::string name);
  BlockId WriteBlock(NodeId root, bool is_cell_body);

  Register Allocate(std::uint32_t count = 1);
  std::uint32_t Append(Opcode op, Register dst, Register a, Register b, std::uint32_t c, SourceLocation place);
  std::uint32_t Here() const;
  void Patch(std::uint32_t instruction);

  Register Operand(NodeId id);
  void Write(NodeId id, Register dst);
  void WriteBody(NodeId id, Register dst);
  void WriteCall(const Node& node, std::span<const NodeId> args, Register dst);
  bool WriteFused(const Node& node, std::span<const NodeId> args, Register dst);
  void WriteOperator(const Node& node, Opcode op, std::span<const NodeId> args, Register dst);
  void WriteLazyOptional(const Node& node, std::span<const NodeId> args, Register dst);
  void WriteLogic(const Node& node, std::span<const NodeId> args, Register dst);
  void WriteConditional(const Node& node, std::span<const NodeId> args, Register dst);
  void WriteAggregate(const Node& node, std::span<const NodeId> args, Register dst);
  void WriteFold(const Node& node, std::span<const NodeId> args, Register dst);
  void WriteItems(const Node& node, std::span<const NodeId> args, Register dst);
  void WriteOptionalMap(const Node& node, std::span<const NodeId> args, Register dst);
  ConstantId AddConstant(const Value& value);
  ConstantId UseValue(const Value& value);
  RegexId UseRegex(std::string_view pattern);

  const Graph& graph_;
  Program& program_;
  EmitOptions options_;
  std::vector<bool> shared_;
  std::vector<bool> finished_;          // by node: its cells are written
  std::vector<std::uint32_t> nesting_;  // by node: cells inside each other below it
  std::vector<CellId> node_cells_;      // by node
  std::vector<CellId> let_cells_;       // by let
  std::vector<std::uint32_t> let_nesting_;
  std::vector<ConstantId> constants_;  // by the graph's constant, grown as needed
  std::unordered_map<std::uint32_t, SlotId> slots_;
  std::unordered_map<std::string, RegexId> regexes_;
  std::unordered_map<std::string, ConstantId> constant_index_;
  std::unordered_map<NodeId, BlockId> blocks_;
  // Of the block being written:
  std::uint32_t next_register_ = 0;
  std::uint32_t most_registers_ = 0;
  std::unordered_map<std::uint32_t, Register> variables_;  // depth → register
  NodeId open_cell_;                                       // the cell's own body, which must not load itself
  bool ok_ = true;
};

}  // namespace writ
