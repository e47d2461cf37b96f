// Text that others wrote, on its way to people: nothing in it may steer a terminal or make it read otherwise than it is.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace writ {

// Returns whether a code point is a control character or one that shows nothing or moves what stands beside it: bidirectional
// controls, zero-width characters, fillers, spaces that look like a blank and are not, line separators, tags. O(1).
bool IsDangerous(std::uint32_t code_point);

enum class LineFeeds : std::uint8_t { kEscaped, kKept };

// Returns `text` with dangerous code points as `\u{202e}` ("\n", "\r", "\t" by their usual names) and bytes that are not UTF-8 as
// `\xff`. One line, unless line feeds are kept. The one way of input to a terminal, a log and a message of an API server. O(size).
std::string Printable(std::string_view text, LineFeeds line_feeds = LineFeeds::kEscaped);

// Returns a JSON document (lines of it included) with dangerous code points inside strings as JSON's own `\u202e`: the same document
// to whoever parses it, and safe on a terminal. Requires: well-formed JSON. O(size).
std::string PrintableJson(std::string_view json);

}  // namespace writ
