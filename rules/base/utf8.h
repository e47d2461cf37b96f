// UTF-8: validation, counting, and code points. Source: The Unicode Standard 15, table 3-7
// (well-formed byte sequences).
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace writ {

// Returns the length (1 to 4) of the well-formed sequence that starts at `text[at]`, or 0 if there is none: overlong forms,
// surrogates, values above U+10FFFF and truncated sequences are none. Requires: at < text.size(). O(1).
std::size_t Utf8SequenceLength(std::string_view text, std::size_t at);

// Returns the code point of a sequence. Requires: it is well-formed and whole. O(1).
std::uint32_t CodePointOf(std::string_view sequence);
// Appends the sequence of a code point. Requires: it is at most U+10FFFF and no surrogate. O(1).
void AppendCodePoint(std::uint32_t code_point, std::string& out);
// Is `byte` one behind the first of its sequence? In well-formed text the others are as many as the
// code points.
constexpr bool IsTailByte(char byte) { return (static_cast<unsigned char>(byte) & 0xC0U) == 0x80U; }

// Returns whether all of `text` is well-formed. O(size).
bool IsValidUtf8(std::string_view text);

// Returns the longest prefix of at most `max_bytes` that ends where a sequence ends. O(1) for well-formed text.
std::string_view CutBytes(std::string_view text, std::size_t max_bytes);

// Returns `text`, or when it is longer than `max_bytes` its beginning and "…", `max_bytes` together: what every text that a client
// gave passes before it stands in a message or a log line, so that no client sets their size. Requires: max_bytes >= 3. O(max_bytes).
std::string Shorten(std::string_view text, std::size_t max_bytes);

// Names and values of a client in one sentence of a message, and such a message whole.
inline constexpr std::size_t kMaxShownNameBytes = 64;
inline constexpr std::size_t kMaxShownMessageBytes = 1'000;

// Returns the number of code points. Requires: IsValidUtf8(text). O(size).
std::size_t CountCodePoints(std::string_view text);

}  // namespace writ
