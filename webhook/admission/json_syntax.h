// Whether a text is JSON by its grammar alone (RFC 8259), whatever its values are: numbers that no double holds and lone surrogates are
// grammatical. Tells a review that cannot be read (a denial) from bytes that are not a review (HTTP 400).
#pragma once

#include <string_view>

namespace writ::server {

// True for one JSON value in valid UTF-8, with blanks (and a byte order mark) around it and at any depth. Members may stand twice. O(text),
// a bit a level.
bool IsJsonSyntax(std::string_view text);

}  // namespace writ::server
