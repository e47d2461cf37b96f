// Writes expressions as register code. Shared sub-expressions get code of their own; what is not
// reached costs nothing.
//
// Several nodes that are one instruction: emitter_fused.cc. Private to engine/emit.
#pragma once

#include <optional>
#include <span>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "engine/emit/code.h"
#include "engine/emit/constant_pool.h"
#include "engine/emit/regex_pool.h"
#include "rules/base/arena.h"
#include "rules/function/function.h"
#include "rules/ir/program.h"

namespace writ {

// What all code of one program has in common. Not thread-safe.
struct Emission {
  const Program& program;
  Arena& arena;  // of instructions and constants
  ConstantPool constants;
  RegexPool regexes;
  std::unordered_map<std::uint32_t, SharedValue> shared_of_node;  // by NodeId
};

// Returns the code of a node of a verified program, and makes the shared values that it needs. The
// node mentions only variables of the first `variables` depths from outside; the code finds that of
// depth d in register d. O(size of the expression).
Code EmitCode(Emission& emission, NodeId root, std::uint32_t variables);

// Writes one Code.
class Emitter {
 public:
  // `may_share_root`: false for the code of a shared value itself, which must not load itself.
  Emitter(Emission& emission, NodeId root, bool may_share_root);
  // As EmitCode.
  Code Write(std::uint32_t variables = 0);

 private:
  using Register = std::uint16_t;

  // Gives a variable its register; the one that it hides comes back at the end. (An inlined
  // argument may bind a depth that the body around it binds too.)
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

  const Node& NodeOf(NodeId id) const { return emission_.program.nodes[id.index]; }
  const Constant* TryConstant(NodeId id) const;
  std::optional<Value> TryPlainConstant(NodeId id);
  NodeId WithoutDyn(NodeId id) const;
  std::span<const NodeId> TryCall(NodeId id, Function function) const;
  const Node* TrySelect(NodeId id) const;

  Register Allocate(std::uint32_t count = 1);
  std::uint32_t Append(Opcode op, Register dst, Register a, Register b, std::uint32_t c);
  std::uint32_t Here() const { return static_cast<std::uint32_t>(instructions_.size()); }
  void Patch(std::uint32_t instruction);

  Register Operand(NodeId id);
  Register LogicOperand(NodeId id);
  bool IsShared(NodeId id) const { return NodeOf(id).shared && (may_share_root_ || id != root_); }
  bool MayBeNarrow(NodeId id, bool is_careful) const;
  void WriteWide(NodeId id, Register dst);
  void Write(NodeId id, Register dst);
  void WriteBody(NodeId id, Register dst);
  void WriteCall(const Node& node, std::span<const NodeId> args, Register dst);
  bool WriteFused(Function function, std::span<const NodeId> args, Register dst);
  bool WriteFusedKind(NodeId id, const Constant& type, Register dst);
  bool WriteFusedSum(std::span<const NodeId> args, Register dst);
  bool WriteFusedOrValue(std::span<const NodeId> args, Register dst);
  void WriteSelectOr(Opcode op, const Node& select, const Value& otherwise, Register dst);
  void WriteOperator(Opcode op, std::span<const NodeId> args, Register dst);
  void WriteLazyOptional(Function function, std::span<const NodeId> args, Register dst);
  void WriteLogic(const Node& node, std::span<const NodeId> args, Register dst);
  void WriteConditional(std::span<const NodeId> args, Register dst);
  void WriteAggregate(const Node& node, std::span<const NodeId> args, Register dst);
  void WriteFold(const Node& node, std::span<const NodeId> args, Register dst);
  void WriteItems(const Node& node, std::span<const NodeId> args, Register dst);
  // Quick code: emitter_quick.cc. `exits` gets the jumps that are taken when the condition is
  // `wanted`.
  using Jumps = std::vector<std::uint32_t>;
  bool IsCondition(NodeId id) const;
  void WriteQuickly(Code& code);
  void WriteCondition(NodeId id, Register dst);
  void WriteTest(NodeId id, bool wanted, Jumps& exits);
  void WriteTestBody(NodeId id, bool wanted, Jumps& exits);
  void WriteLeafTest(NodeId id, bool wanted, Jumps& exits);
  bool FuseTest(bool wanted);
  void WriteLogicTest(const Node& node, std::span<const NodeId> args, bool wanted, Jumps& exits);
  void WriteConditionalTest(std::span<const NodeId> args, bool wanted, Jumps& exits);
  void WriteLoopTest(const Node& node, std::span<const NodeId> args, bool wanted, Jumps& exits);
  struct QuickLoop {
    Register cursor, item;
    std::uint32_t first, body;  // the jump that is taken when there is no item; where each begins
  };
  QuickLoop BeginLoop(NodeId range);
  void WriteConditionalQuickly(std::span<const NodeId> args, Register dst);
  void WriteItemsQuickly(const Node& node, std::span<const NodeId> args, Register dst);
  std::uint32_t AppendTest(Opcode op, bool wanted, Register a, std::uint32_t b);
  void PatchAll(const Jumps& jumps);

  void WriteOptionalMap(const Node& node, std::span<const NodeId> args, Register dst);

  std::uint32_t UseValue(const Value& value);
  std::uint32_t UseConstant(std::uint32_t constant) { return UseValue(emission_.constants.Of(ConstantId(constant))); }
  std::uint32_t UseShared(NodeId id);
  SharedValue SharedOf(NodeId id);

  Emission& emission_;
  NodeId root_;
  bool may_share_root_;
  bool is_careful_ = true;
  bool can_fail_ = false;  // some quick code goes to the careful one
  std::vector<Instruction> instructions_;
  std::vector<Value> constants_;
  std::vector<ConstantRange> ranges_;
  std::vector<const CompiledRegex*> regexes_;
  std::vector<SharedValue> shared_;
  std::uint32_t next_register_ = 0;
  std::uint32_t most_registers_ = 0;
  std::unordered_map<std::uint32_t, Register> variables_;  // depth → register
};

}  // namespace writ
