// Patterns of selectors, taken apart for the index. Private to rules/index; GlobMatches is in index.h.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace writ {

// One piece of a pattern: a byte to be found as it is, '*' or '**'.
struct GlobToken {
  enum class Kind : std::uint8_t { kByte, kStar, kDoubleStar };
  Kind kind = Kind::kByte;
  char byte = 0;           // kByte
  std::size_t length = 0;  // of the piece in the pattern; runs of more than two stars are one '**'
};

// Returns the token at the front of `pattern` (not empty). A '\' with nothing behind it stands for itself.
inline GlobToken FrontToken(std::string_view pattern) {
  if (pattern.front() == '\\' && pattern.size() > 1) return {GlobToken::Kind::kByte, pattern[1], 2};
  if (pattern.front() != '*') return {GlobToken::Kind::kByte, pattern.front(), 1};
  std::size_t stars = 1;
  while (stars < pattern.size() && pattern[stars] == '*') ++stars;
  return {stars == 1 ? GlobToken::Kind::kStar : GlobToken::Kind::kDoubleStar, 0, stars};
}

}  // namespace writ
