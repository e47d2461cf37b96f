// Opcodes and instructions of register code; the instruction set itself is opcode_list.h.
#pragma once

#include <cstdint>
#include <string_view>

#include "engine/emit/opcode_list.h"

namespace writ {

enum class Opcode : std::uint16_t {
#define WRIT_ENUM(name, dst, a, b, c, effect) k##name,
  WRIT_OPCODES(WRIT_ENUM)
#undef WRIT_ENUM
};

#define WRIT_COUNT(name, dst, a, b, c, effect) +1
inline constexpr std::uint16_t kOpcodeCount = 0 WRIT_OPCODES(WRIT_COUNT);
#undef WRIT_COUNT

// The meaning of one operand; the letters of opcode_list.h.
enum class Operand : char {
  _ = '-',
  W = 'W',
  R = 'R',
  I = 'I',
  P = 'P',
  Q = 'Q',
  K = 'K',
  S = 'S',
  G = 'G',
  C = 'C',
  J = 'J',
  F = 'F',
  N = 'N',
  O = 'O',
  V = 'V',
  A = 'A',
};

struct OpcodeInfo {
  std::string_view name;
  Operand dst, a, b, c;
  std::string_view effect;
};

inline constexpr OpcodeInfo kOpcodeInfo[] = {
#define WRIT_INFO(name, dst, a, b, c, effect) {#name, Operand::dst, Operand::a, Operand::b, Operand::c, effect},
    WRIT_OPCODES(WRIT_INFO)
#undef WRIT_INFO
};

inline constexpr std::uint16_t kNoRegister = 0xFFFF;

struct Instruction {
  Opcode op = Opcode::kReturn;
  std::uint16_t dst = 0;
  std::uint16_t a = 0;
  std::uint16_t b = 0;
  std::uint32_t c = 0;
  friend bool operator==(const Instruction&, const Instruction&) = default;
};
static_assert(sizeof(Instruction) == 12);

// Returns the row of opcode_list.h. O(1).
constexpr const OpcodeInfo& InfoOf(Opcode op) { return kOpcodeInfo[static_cast<std::uint16_t>(op)]; }

}  // namespace writ
