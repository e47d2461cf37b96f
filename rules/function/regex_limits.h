// What the regular expressions of a policy set may take. RE2's compiler needs up to a microsecond
// an instruction, and a few characters can name a hundred thousand of them (`\pL{1,100}`). The
// checker compiles every pattern once, and engine/emit those that requests need.
#pragma once

#include <cstdint>

namespace writ {

// Of one pattern; RE2 refuses larger ones.
inline constexpr std::int64_t kRegexMaxMemory = std::int64_t{8} * 1024 * 1024;
// Of all patterns of a set together.
inline constexpr std::int64_t kMaxRegexInstructions = 1'000'000;
// What a pattern that is too large has cost.
inline constexpr std::int64_t kRefusedRegexInstructions = 131'072;

}  // namespace writ
