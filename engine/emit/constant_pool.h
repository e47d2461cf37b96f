// Constants of a program as values, made when code first names them. Private to engine/emit.
#pragma once

#include <unordered_map>

#include "engine/emit/code.h"
#include "rules/base/arena.h"
#include "rules/ir/program.h"

namespace writ {

// Returns a list or map as the right side of `in`; keys live in `arena`, which must have room.
// O(items).
ConstantRange MakeRange(const Value& range, Arena& arena);

// Not thread-safe. Texts stay in the program, aggregates in the arena; both are borrowed.
class ConstantPool {
 public:
  ConstantPool(const Program& program, Arena& arena) : program_(program), arena_(arena) {}

  // Returns the constant's value: a list or map with its items. O(1); the first time O(items).
  Value Of(ConstantId id);
  // Returns a list or map as the right side of `in`.
  ConstantRange RangeOf(ConstantId id);

 private:
  Value MakeAggregate(const Constant& constant);

  const Program& program_;
  Arena& arena_;
  std::unordered_map<std::uint32_t, Value> aggregates_;      // by ConstantId
  std::unordered_map<std::uint32_t, ConstantRange> ranges_;  // by ConstantId
};

}  // namespace writ
