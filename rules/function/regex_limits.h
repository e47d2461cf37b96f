// What the regular expressions of a policy set may take. RE2's compiler needs up to a microsecond an instruction, and a few characters can
// name a hundred thousand of them (`\pL{1,100}`); the checker, the writer of programs and the verifier each compile every pattern once.
#pragma once

#include <cstdint>

namespace writ {

inline constexpr std::int64_t kRegexMaxMemory = std::int64_t{8} * 1024 * 1024;  // of one pattern; RE2 refuses larger ones
inline constexpr std::int64_t kMaxRegexInstructions = 1'000'000;                // of all patterns of a set together
inline constexpr std::int64_t kRefusedRegexInstructions = 131'072;              // what a pattern that is too large has cost

}  // namespace writ
