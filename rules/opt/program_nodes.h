// Writes the expression graph into the draft of a program. Only what the written roots reach is
// written: constants, slots, types and branches that nothing needs never get into it (dead code
// elimination). Nodes come out behind their arguments.
#pragma once

#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "rules/build/draft.h"
#include "rules/opt/graph.h"

namespace writ {

enum class Sharing : bool { kNo, kYes };

// One program is written by one ProgramNodes. Everything is borrowed. Deterministic.
class ProgramNodes {
 public:
  // `types`: the table of the graph's types. `roots`: every node that will be written, for finding
  // what they share.
  ProgramNodes(const Graph& graph, const TypeTable& types, draft::Program& program, std::span<const NodeId> roots, Sharing sharing);

  // Returns the program's node for the graph's, adding it and what it needs. Requires: the root is
  // closed.
  NodeId Write(NodeId root);
  // True if the graph's node has been written.
  bool has(NodeId node) const { return nodes_[node.index].valid(); }
  // Returns the program's node of one that has been written.
  NodeId of(NodeId node) const { return nodes_[node.index]; }
  // Returns the program's slot for the graph's, adding it and its parents when needed.
  SlotId UseSlot(SlotId slot, bool whole);
  // Returns the program's constant of that value, adding it when needed.
  ConstantId UseValue(const Value& value) { return AddConstant(value); }
  // Returns the program's type for one of the table, adding it and its parts when needed.
  TypeId UseType(TypeId id);

 private:
  NodeId Add(NodeId id);
  std::uint32_t IndexOf(const Node& node);
  ConstantId UseConstant(std::uint32_t index);
  ConstantId AddConstant(const Value& value);
  bool MayKeep(NodeId id, std::uint32_t nesting) const;

  const Graph& graph_;
  const TypeTable& types_;
  draft::Program& program_;
  std::vector<bool> shared_;            // by the graph's node
  std::vector<NodeId> nodes_;           // by the graph's node
  std::vector<std::uint32_t> nesting_;  // by the graph's node: shared nodes inside each other below it
  std::vector<ConstantId> constants_;   // by the graph's constant, grown as needed
  std::vector<TypeId> type_ids_;        // by the graph's type, grown as needed
  std::unordered_map<std::uint32_t, SlotId> slots_;
  std::unordered_map<std::string, ConstantId> constant_index_;
};

}  // namespace writ
