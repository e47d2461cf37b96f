// A verified program made ready to run: constants as Values, lists of keys hashed, regexes compiled, stack sizes known.
#pragma once

#include <re2/re2.h>

#include <memory>
#include <string>
#include <vector>

#include "engine/eval/evaluator.h"
#include "rules/base/arena.h"
#include "rules/model/value.h"

namespace writ {

struct CompiledRegex {
  std::unique_ptr<RE2> regex;
  std::uint32_t program_size = 0;
};

// INVARIANT: every vector that is indexed by an id has the size of the program's.
struct RuntimeProgram::Impl {
  explicit Impl(const Program& program);

  Arena arena;                                // of aggregates and sets; texts stay in the program
  std::vector<Value> constants;               // by ConstantId
  std::vector<const MapData*> constant_sets;  // by ConstantId: the items of a list of strings, ints, uints and bools as keys, else nullptr
  std::vector<CompiledRegex> regexes;         // by RegexId
  std::vector<std::uint32_t> stack_needs;     // by BlockId: registers of the block and of the cells it loads, nested
  std::uint32_t max_stack_need = 0;

 private:
  void BuildConstants(const Program& program);
  void BuildSets(const Program& program);
  void CompileRegexes(const Program& program);
  void MeasureStacks(const Program& program);
};

}  // namespace writ
