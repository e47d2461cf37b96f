// Constant patterns of `matches`, compiled when code first names them. Private to engine/emit.
#pragma once

#include <deque>
#include <string_view>
#include <unordered_map>

#include "engine/emit/code.h"
#include "rules/ir/program.h"

namespace writ {

// Not thread-safe.
class RegexPool {
 public:
  // O(nodes).
  explicit RegexPool(const Program& program);

  // Returns the compiled pattern. nullptr when it is not a regular expression, or when the patterns
  // that were compiled are too large together: `matches` is then called as a function, which says
  // what is wrong in each evaluation.
  const CompiledRegex* Of(ConstantId pattern, std::string_view text);

 private:
  std::int64_t memory_each_;       // what RE2 may take of one
  std::int64_t instructions_ = 0;  // of all that were compiled
  std::deque<CompiledRegex> compiled_;
  std::unordered_map<std::uint32_t, const CompiledRegex*> by_constant_;
};

}  // namespace writ
