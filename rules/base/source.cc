#include "rules/base/source.h"

#include <algorithm>

#include "rules/base/utf8.h"

namespace writ {

SourceLocation LocateOffset(FileId file, std::string_view text, std::uint32_t offset) {
  const std::string_view before = text.substr(0, std::min<std::size_t>(offset, text.size()));
  SourceLocation location{file, 1, 1};
  for (const char byte : before) {
    if (byte == '\n') {
      ++location.line;
      location.column = 1;
    } else if (!IsTailByte(byte)) {
      ++location.column;
    }
  }
  return location;
}

}  // namespace writ
