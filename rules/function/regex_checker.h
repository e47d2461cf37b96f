// Which texts are regular expressions of the language: RE2's syntax, within the limits of
// regex_limits.h.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>

#include "rules/function/regex_limits.h"

namespace writ {

// Says of the patterns of one policy set whether they are regular expressions. Each is compiled
// once, and none any more when all together are larger than `max_instructions`: hostile patterns
// cost a second, however many they are. Not thread-safe.
class RegexChecker {
 public:
  explicit RegexChecker(std::int64_t max_instructions = kMaxRegexInstructions) : max_instructions_(max_instructions) {}
  // Returns what is wrong with `pattern`, or "".
  const std::string& ErrorOf(std::string_view pattern);

 private:
  std::unordered_map<std::string, std::string> errors_;  // by pattern
  const std::int64_t max_instructions_;
  std::int64_t instructions_ = 0;  // of all that were compiled
};

}  // namespace writ
