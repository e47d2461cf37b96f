// Where a byte of a file is, as people count: built once a file, then asked for every node and
// rule.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "rules/base/source.h"

namespace writ::dsl {

// Borrows the text. Immutable after construction; thread-safe.
class LineIndex {
 public:
  LineIndex(FileId file, std::string_view text);
  // The same as LocateOffset (rules/base/source.h). O(log lines), also in a file that is one long line.
  SourceLocation Locate(std::uint32_t offset) const;

 private:
  static constexpr std::uint32_t kStride = 256;
  std::uint32_t CodePointsBefore(std::uint32_t offset) const;

  FileId file_;
  std::string_view text_;
  std::vector<std::uint32_t> line_starts_;
  std::vector<std::uint32_t> code_points_;  // [i]: code points before byte i * kStride
};

}  // namespace writ::dsl
