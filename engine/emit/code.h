// Register code of one expression: what the evaluator runs. Made from the nodes of a program when
// the expression is first evaluated (code_cache.h), never read from outside.
#pragma once

#include <re2/re2.h>

#include <cstdint>
#include <memory>

#include "engine/emit/opcode.h"
#include "engine/emit/regex_filter.h"
#include "rules/model/value.h"

namespace writ {

struct CompiledRegex {
  std::unique_ptr<RE2> regex;
  std::uint32_t program_size = 0;
  std::unique_ptr<const RegexFilter> filter = nullptr;  // nullptr: any text may match
};

// A constant on the right of `in`. `keys`: the items of a list, hashed; nullptr when some item is
// none that maps compare exactly as equality does. (A double is not: it equals ints that are not
// its own value beyond 2^53.)
struct ConstantRange {
  Value value;
  const MapData* keys = nullptr;
};

struct Code;

// A sub-expression that is evaluated when first needed, at most once per decision. Its code loads
// only shared values with a smaller number.
struct SharedValue {
  std::uint32_t number = 0;
  const Code* code = nullptr;
};

// Immutable; everything that it points to lives as long as the cache that it comes from.
struct Code {
  const Instruction* instructions = nullptr;
  std::uint32_t size = 0;            // of instructions; the last one is Return or ReturnBool
  std::uint32_t quick_size = 0;      // of those that run when nothing is a fault
  std::uint32_t careful = 0;         // where those begin that take faults as values; 0: all do
  std::uint32_t register_count = 0;  // of its own
  std::uint32_t variable_count = 0;  // the first registers, which whoever runs it has filled
  std::uint32_t stack_need = 0;      // registers of it and of the shared values that it loads, nested
  std::uint32_t shared_end = 0;      // beyond the numbers of all shared values that it can load
  bool is_shared = false;            // it does nothing but load its first shared value
  // What instructions name by position.
  const Value* constants = nullptr;
  const ConstantRange* ranges = nullptr;
  const CompiledRegex* const* regexes = nullptr;
  const SharedValue* shared = nullptr;  // here, not behind pointers: most are asked whether they are known
};

}  // namespace writ
