// UTF-8: validation and counting. Source: The Unicode Standard 15, table 3-7 (well-formed byte sequences).
#pragma once

#include <cstddef>
#include <string_view>

namespace writ {

// Returns the length (1 to 4) of the well-formed sequence that starts at `text[at]`, or 0 if there is none: overlong forms,
// surrogates, values above U+10FFFF and truncated sequences are none. Requires: at < text.size(). O(1).
std::size_t Utf8SequenceLength(std::string_view text, std::size_t at);

// Returns whether all of `text` is well-formed. O(size).
bool IsValidUtf8(std::string_view text);

// Returns the number of code points. Requires: IsValidUtf8(text). O(size).
std::size_t CountCodePoints(std::string_view text);

}  // namespace writ
