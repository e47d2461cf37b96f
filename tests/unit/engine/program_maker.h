// Hand-made register code for tests of the evaluator: registers are handed out, constants pooled.
// What the evaluator relies on (opcode_list.h) is for the test to keep.
//
// The slots are fixed: x = {"map": {"key": 1}, "text": "t"}, x.part a map whose members were not read, u unknown, e an error,
// gone missing; see SlotOf.
#pragma once

#include <algorithm>
#include <deque>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "engine/emit/constant_pool.h"
#include "engine/eval/evaluator.h"
#include "rules/build/build.h"
#include "rules/function/function.h"
#include "rules/function/regex.h"
#include "tests/unit/engine/values.h"

namespace writ::testing {

class ProgramMaker {
 public:
  using Register = std::uint16_t;

  ProgramMaker() {
    const TypeTable simple;
    draft_.types.assign(simple.types().begin(), simple.types().end());
    AddSlot("x", SlotId());
    const SlotId x = SlotOf("x");
    AddSlot("map", x);
    AddSlot("key", SlotOf("x.map"));
    AddSlot("nothing", SlotOf("x.map"));
    AddSlot("deep", SlotOf("x.map.nothing"));
    AddSlot("text", x);
    AddSlot("deep", SlotOf("x.text"));
    AddSlot("part", x, false);
    AddSlot("seen", SlotOf("x.part"));
    AddSlot("unseen", SlotOf("x.part"));
    for (const char* root : {"u", "e", "gone"}) {
      AddSlot(root, SlotId());
      AddSlot("a", SlotOf(root));
      AddSlot("b", SlotOf(std::string(root) + ".a"));
    }
    program_ = BuildProgram(draft_);
    slot_values_.resize(program_.slots.size());
    FillSlots(program_, SlotOf("x"), M({{S("map"), M({{S("key"), I(1)}})}, {S("text"), S("t")}, {S("part"), M({{S("seen"), I(2)}})}}),
              slot_values_);
    slot_values_[SlotOf("x.part").index] = Value::Map(nullptr);
    FillSlots(program_, SlotOf("u"), Unknown(), slot_values_);
    slot_values_[SlotOf("e").index] = Fault();
  }

  SlotId SlotOf(std::string_view path) const {
    const Program program = BuildProgram(draft_);
    for (std::size_t i = 0; i < program.slots.size(); ++i) {
      if (SlotPath(program, SlotId(i)) == path) return SlotId(i);
    }
    return {};
  }

  std::uint32_t Constant(const Value& value) {
    constants_.push_back(value);
    return static_cast<std::uint32_t>(constants_.size() - 1);
  }
  // A constant on the right side of `in`.
  std::uint32_t Range(const Value& value) {
    ranges_.push_back(MakeRange(value, TestArena()));
    return static_cast<std::uint32_t>(ranges_.size() - 1);
  }
  std::uint32_t Shared(const SharedValue& shared) {
    shared_.push_back(shared);
    return static_cast<std::uint32_t>(shared_.size() - 1);
  }

  Register New() { return registers_++; }
  std::uint32_t here() const { return static_cast<std::uint32_t>(instructions_.size()); }
  std::uint32_t Emit(Opcode op, Register dst = 0, Register a = 0, Register b = 0, std::uint32_t c = 0) {
    instructions_.push_back({op, dst, a, b, c});
    opcodes_.insert(op);
    return here() - 1;
  }
  // Makes the jump at `at` lead here.
  void Land(std::uint32_t at) { instructions_[at].c = here(); }
  // Emits an instruction that writes a new register.
  Register Op(Opcode op, Register a = 0, Register b = 0, std::uint32_t c = 0) {
    const Register dst = New();
    Emit(op, dst, a, b, c);
    return dst;
  }
  // Loads any value: constants, and what no constant can be through functions and slots.
  Register Load(const Value& value) {
    if (value.is(Kind::kUnknown)) return LoadSlot("u");
    if (!value.is(Kind::kOptional)) return Op(Opcode::kLoadConstant, 0, 0, Constant(value));
    if (value.inner == nullptr) return CallOf(Function::kOptionalNone, 0, 0);
    return CallOf(Function::kOptionalOf, Load(*value.inner), 1);
  }
  Register LoadSlot(std::string_view path) { return Op(Opcode::kLoadSlot, 0, 0, SlotOf(path).index); }
  Register CallOf(Function function, Register first, std::uint16_t count) {
    return Op(Opcode::kCall, first, count, static_cast<std::uint32_t>(function));
  }
  std::uint32_t Regex(const std::string& pattern) {
    auto regex = std::make_unique<RE2>(pattern, RegexOptions());
    const std::uint32_t size = RegexProgramSize(*regex);
    regexes_.push_back(&compiled_.emplace_back(CompiledRegex{std::move(regex), size}));
    return static_cast<std::uint32_t>(regexes_.size() - 1);
  }

  // What was emitted so far is quick code, what comes is careful.
  void BeginCareful() { careful_ = Emit(Opcode::kCareful, 0, 0, 0, 1); }

  // Ends the code that was emitted since the last end with `return value`. It lives as long as the
  // maker.
  const Code& End(Register value) {
    Emit(Opcode::kReturn, 0, value);
    Code& code = codes_.emplace_back();
    code.size = here();
    code.careful = careful_;
    code.quick_size = careful_ != 0 ? careful_ : here();
    code.register_count = code.stack_need = std::max<Register>(registers_, 1);
    for (const SharedValue& shared : shared_) {
      code.stack_need = std::max(code.stack_need, code.register_count + shared.code->stack_need);
      code.shared_end = std::max({code.shared_end, shared.code->shared_end, shared.number + 1});
    }
    code.instructions = Keep(instructions_);
    code.constants = Keep(constants_);
    code.ranges = Keep(ranges_);
    code.regexes = Keep(regexes_);
    code.shared = Keep(shared_);
    registers_ = 0;
    careful_ = 0;
    return code;
  }
  const SharedValue& EndShared(Register value) {
    const Code& code = End(value);
    return shared_values_.emplace_back(SharedValue{static_cast<std::uint32_t>(shared_values_.size()), &code});
  }

  const std::set<Opcode>& opcodes() const { return opcodes_; }
  const Program& program() const { return program_; }
  std::vector<Value>& slot_values() { return slot_values_; }

 private:
  void AddSlot(const std::string& key, SlotId parent, bool whole = true) {
    draft_.slots.push_back({parent, key, SimpleType(TypeKind::kDyn), whole});
  }

  // Moves the items to where they stay.
  template <typename T>
  static const T* Keep(std::vector<T>& items) {
    T* kept = TestArena().AllocateArray<T>(items.size());
    std::copy(items.begin(), items.end(), kept);
    items.clear();
    return kept;
  }

  draft::Program draft_;
  Program program_;
  std::vector<Value> slot_values_;
  std::set<Opcode> opcodes_;
  std::uint32_t careful_ = 0;
  std::deque<Code> codes_;
  std::deque<SharedValue> shared_values_;
  std::deque<CompiledRegex> compiled_;
  // Of the code that is being emitted:
  std::vector<Instruction> instructions_;
  std::vector<Value> constants_;
  std::vector<ConstantRange> ranges_;
  std::vector<const CompiledRegex*> regexes_;
  std::vector<SharedValue> shared_;
  Register registers_ = 0;
};

}  // namespace writ::testing
