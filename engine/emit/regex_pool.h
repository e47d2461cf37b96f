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

  // Returns the compiled pattern; nullptr when it is none, or when the patterns are too large together: it is then for the caller to
  // find out what is wrong each time.
  const CompiledRegex* Of(ConstantId pattern, std::string_view text);

 private:
  std::int64_t memory_each_;       // what RE2 may take of one
  std::int64_t instructions_ = 0;  // of all that were compiled
  std::deque<CompiledRegex> compiled_;
  std::unordered_map<std::uint32_t, const CompiledRegex*> by_constant_;
};

}  // namespace writ
