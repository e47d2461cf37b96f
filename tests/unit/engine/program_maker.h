// Hand-made programs of one block (and its cells) for tests of the evaluator: registers are handed out, constants pooled.
//
// The slots are fixed: x = {"map": {"key": 1}, "text": "t"}, x.part a map whose members were not read, u unknown, e an error,
// gone missing; see SlotOf.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "engine/eval/evaluator.h"
#include "rules/function/function.h"
#include "tests/unit/engine/values.h"

namespace writ::testing {

class ProgramMaker {
 public:
  using Register = std::uint16_t;

  ProgramMaker() {
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
    slot_values_.resize(program_.slots.size());
    FillSlots(program_, SlotOf("x"), M({{S("map"), M({{S("key"), I(1)}})}, {S("text"), S("t")}, {S("part"), M({{S("seen"), I(2)}})}}),
              slot_values_);
    slot_values_[SlotOf("x.part").index] = Value::Map(nullptr);
    FillSlots(program_, SlotOf("u"), Unknown(), slot_values_);
    slot_values_[SlotOf("e").index] = Fault();
  }

  SlotId SlotOf(std::string_view path) const {
    for (std::size_t i = 0; i < program_.slots.size(); ++i) {
      if (SlotPath(program_, SlotId(i)) == path) return SlotId(i);
    }
    return {};
  }

  std::uint32_t Constant(const Value& value) {
    writ::Constant constant;
    using K = writ::Constant::Kind;
    switch (value.kind) {
      case Kind::kBool:
        constant.kind = K::kBool;
        constant.integer = value.boolean;
        break;
      case Kind::kInt:
        constant.kind = K::kInt;
        constant.integer = value.integer;
        break;
      case Kind::kUint:
        constant.kind = K::kUint;
        constant.integer = static_cast<std::int64_t>(value.unsigned_integer);
        break;
      case Kind::kDouble:
        constant.kind = K::kDouble;
        constant.real = value.real;
        break;
      case Kind::kString:
        constant.kind = K::kString;
        constant.text = value.string();
        break;
      case Kind::kBytes:
        constant.kind = K::kBytes;
        constant.text = value.string();
        break;
      case Kind::kType:
        constant.kind = K::kType;
        constant.text = value.string();
        break;
      case Kind::kTimestamp:
        constant.kind = K::kTimestamp;
        constant.integer = value.integer;
        constant.nanos = value.size;
        break;
      case Kind::kDuration:
        constant.kind = K::kDuration;
        constant.integer = value.integer;
        break;
      case Kind::kError:
        constant.kind = K::kError;
        constant.code = value.code;
        constant.text = value.string();
        break;
      case Kind::kList:
        constant.kind = K::kList;
        for (std::uint32_t i = 0; i < value.size; ++i) constant.items.emplace_back(Constant(value.items[i]));
        break;
      case Kind::kMap:
        constant.kind = K::kMap;
        for (std::uint32_t i = 0; i < value.map->size; ++i) {
          constant.items.emplace_back(Constant(value.map->entries[i].key));
          constant.items.emplace_back(Constant(value.map->entries[i].value));
        }
        break;
      case Kind::kAbsent:
      case Kind::kNull:
      case Kind::kOptional:
      case Kind::kUnknown: break;
    }
    program_.constants.push_back(constant);
    return static_cast<std::uint32_t>(program_.constants.size() - 1);
  }

  Register New() { return registers_++; }
  std::uint32_t here() const { return static_cast<std::uint32_t>(program_.code.size()); }
  std::uint32_t Emit(Opcode op, Register dst = 0, Register a = 0, Register b = 0, std::uint32_t c = 0) {
    program_.code.push_back({op, dst, a, b, c});
    program_.code_locations.emplace_back();
    return here() - 1;
  }
  // Makes the jump at `at` lead here.
  void Land(std::uint32_t at) { program_.code[at].c = here(); }
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
  std::uint32_t Regex(std::string pattern) {
    program_.regexes.push_back(std::move(pattern));
    return static_cast<std::uint32_t>(program_.regexes.size() - 1);
  }

  // Ends the block that was emitted since the last end with `return value`.
  BlockId EndBlock(Register value) {
    Emit(Opcode::kReturn, 0, value);
    program_.blocks.push_back({block_begin_, here(), std::max<Register>(registers_, 1)});
    block_begin_ = here();
    registers_ = 0;
    return BlockId(program_.blocks.size() - 1);
  }
  CellId EndCell(Register value) {
    program_.cells.push_back({EndBlock(value), "cell"});
    return CellId(program_.cells.size() - 1);
  }

  Program& program() { return program_; }
  std::vector<Value>& slot_values() { return slot_values_; }

 private:
  void AddSlot(const std::string& key, SlotId parent, bool whole = true) {
    program_.slots.push_back({parent, key, MemberType::kDyn, whole});
  }

  Program program_;
  std::vector<Value> slot_values_;
  std::uint32_t block_begin_ = 0;
  Register registers_ = 0;
};

}  // namespace writ::testing
