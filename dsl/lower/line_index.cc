// Line starts, and the number of code points before every 256th byte.
#include "dsl/lower/line_index.h"

#include <algorithm>

#include "rules/base/utf8.h"

namespace writ::dsl {
LineIndex::LineIndex(FileId file, std::string_view text) : file_(file), text_(text), line_starts_{0} {
  std::uint32_t count = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (i % kStride == 0) code_points_.push_back(count);
    if (!IsTailByte(text[i])) ++count;
    if (text[i] == '\n') line_starts_.push_back(static_cast<std::uint32_t>(i + 1));
  }
  code_points_.push_back(count);
}

std::uint32_t LineIndex::CodePointsBefore(std::uint32_t offset) const {
  const std::uint32_t block = std::min(offset / kStride, static_cast<std::uint32_t>(code_points_.size() - 1));
  if (offset >= text_.size()) return code_points_.back();
  std::uint32_t count = code_points_[block];
  for (std::uint32_t i = block * kStride; i < offset; ++i) count += IsTailByte(text_[i]) ? 0 : 1;
  return count;
}

SourceLocation LineIndex::Locate(std::uint32_t offset) const {
  offset = std::min(offset, static_cast<std::uint32_t>(text_.size()));
  const auto line = std::upper_bound(line_starts_.begin(), line_starts_.end(), offset) - 1;
  return {file_, static_cast<std::uint32_t>(line - line_starts_.begin()) + 1, CodePointsBefore(offset) - CodePointsBefore(*line) + 1};
}

}  // namespace writ::dsl
