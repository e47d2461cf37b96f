// Small things about text that several commands need.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace writ::cli {

// Returns the length in bytes of the well-formed UTF-8 sequence at `offset`, or 0 when there is none (overlong forms,
// surrogates and code points beyond U+10FFFF included). Requires: offset < text.size().
std::size_t Utf8Length(std::string_view text, std::size_t offset);

// Returns the byte offset of the first thing that is not UTF-8, or nothing.
std::optional<std::size_t> FindInvalidUtf8(std::string_view text);

// Returns the number of code points; what a table column is wide.
std::size_t DisplayWidth(std::string_view text);

// Returns `text` on one line (runs of white space become one blank), cut to `max_width` code points with "…" at the end.
std::string OneLine(std::string_view text, std::size_t max_width);

// Returns `text` filled up with blanks to `width` code points.
std::string Padded(std::string_view text, std::size_t width);

// Returns "FILE:LINE:COLUMN" of a byte offset; line and column are 1-based, the column counts code points.
std::string PlaceOf(std::string_view file, std::string_view text, std::size_t byte_offset);

// Returns a number with commas: "9,900".
std::string Grouped(std::uint64_t count);

// Returns `count` and the noun, in its plural (by default with an "s") unless the count is 1: "3 files".
std::string Counted(std::uint64_t count, std::string_view noun, std::string_view plural = {});

}  // namespace writ::cli
