// Small text helpers of webhook/image: letters of ASCII, and hostile text on its way into messages.
#pragma once

#include <string>
#include <string_view>

namespace writ::image {

// True for 0-9. Independent of the locale, unlike isdigit().
constexpr bool IsDigit(char c) { return c >= '0' && c <= '9'; }
constexpr bool IsLower(char c) { return c >= 'a' && c <= 'z'; }
constexpr bool IsUpper(char c) { return c >= 'A' && c <= 'Z'; }
constexpr bool IsLetter(char c) { return IsLower(c) || IsUpper(c); }
constexpr bool IsHex(char c) { return IsDigit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'); }
constexpr char LowerOf(char c) { return IsUpper(c) ? static_cast<char>(c - 'A' + 'a') : c; }

// Returns `text` with ASCII letters made small.
std::string Lower(std::string_view text);

// Returns whether the two are equal apart from the case of ASCII letters.
bool EqualsFold(std::string_view a, std::string_view b);

// Returns `text` without spaces and tabs at its ends.
std::string_view Trim(std::string_view text);

// Returns `text` so that it can stand in a message: control and non-ASCII bytes as `\xNN`, cut after 200 bytes.
std::string Shown(std::string_view text);

}  // namespace writ::image
