// Places in policy text. A span is a half-open byte range of one file; a location is what people read.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "rules/base/ids.h"

namespace writ {

using FileId = Id<struct File>;

// Half-open byte range [begin, end) of file `file`.
struct SourceSpan {
  FileId file;
  std::uint32_t begin = 0;
  std::uint32_t end = 0;
};

// What a span's start looks like to a person: line and column are 1-based, column counts code points.
struct SourceLocation {
  FileId file;
  std::uint32_t line = 0;
  std::uint32_t column = 0;
  friend bool operator==(const SourceLocation&, const SourceLocation&) = default;
};

// One policy file as read: its name as the user gave it, and its whole text.
struct SourceFile {
  std::string name;
  std::string text;
  std::string stored_name;  // what the program calls it; "" = as the user does
};

// Returns where byte `offset` of `text` is. Offsets past the end give the end. O(offset).
SourceLocation LocateOffset(FileId file, std::string_view text, std::uint32_t offset);

}  // namespace writ
