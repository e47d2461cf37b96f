// Which characters may steer a terminal, and how they are shown.
#include "rules/base/printable.h"

#include <algorithm>
#include <array>
#include <cstdio>

#include "rules/base/utf8.h"

namespace writ {
namespace {

struct Range {
  std::uint32_t first, last;
};

// Source: Unicode 15, general categories Cc, Cf, Zl, Zp, Zs (but for the blank), Default_Ignorable_Code_Point (but for the variation
// selectors FE00 to FE0F, which emoji carry), and characters that are drawn as nothing (2800, 3164, FFA0).
constexpr Range kDangerous[] = {
    {0x00, 0x1F},     {0x7F, 0xA0},     {0xAD, 0xAD},     {0x34F, 0x34F},   {0x61C, 0x61C},     {0x115F, 0x1160},   {0x1680, 0x1680},
    {0x17B4, 0x17B5}, {0x180B, 0x180F}, {0x2000, 0x200F}, {0x2028, 0x202F}, {0x205F, 0x206F},   {0x2800, 0x2800},   {0x3000, 0x3000},
    {0x3164, 0x3164}, {0xFEFF, 0xFEFF}, {0xFFA0, 0xFFA0}, {0xFFF0, 0xFFFB}, {0x1BCA0, 0x1BCA3}, {0x1D173, 0x1D17A}, {0xE0000, 0xE0FFF}};

// Calls `keep(sequence)` and `escape(value, is_valid)` over the text, in its order.
template <typename Keep, typename Escape>
void Walk(std::string_view text, const Keep& keep, const Escape& escape) {
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t length = Utf8SequenceLength(text, at);
    const std::string_view sequence = text.substr(at, length == 0 ? 1 : length);
    const std::uint32_t value = length == 0 ? static_cast<unsigned char>(text[at]) : CodePointOf(sequence);
    if (length != 0 && !IsDangerous(value))
      keep(sequence);
    else
      escape(value, length != 0);
    at += sequence.size();
  }
}

template <typename... Arguments>
void AppendFormatted(std::string& out, const char* format, Arguments... arguments) {
  std::array<char, 24> buffer{};
  std::snprintf(buffer.data(), buffer.size(), format, arguments...);
  out += buffer.data();
}

}  // namespace

bool IsDangerous(std::uint32_t code_point) {
  if (code_point >= 0x20 && code_point < 0x7F) return false;
  return std::any_of(std::begin(kDangerous), std::end(kDangerous),
                     [code_point](const Range& range) { return code_point >= range.first && code_point <= range.last; });
}

std::string Printable(std::string_view text, LineFeeds line_feeds) {
  std::string out;
  out.reserve(text.size());
  Walk(
      text, [&](std::string_view sequence) { out += sequence; },
      [&](std::uint32_t value, bool is_valid) {
        if (!is_valid) return AppendFormatted(out, "\\x%02x", value);
        if (value == '\n' && line_feeds == LineFeeds::kKept) return out.push_back('\n');
        if (value == '\n' || value == '\r' || value == '\t')
          out += value == '\n' ? "\\n" : value == '\r' ? "\\r" : "\\t";
        else
          AppendFormatted(out, "\\u{%x}", value);
      });
  return out;
}

std::string PrintableJson(std::string_view json) {
  std::string out;
  out.reserve(json.size());
  Walk(
      json, [&](std::string_view sequence) { out += sequence; },
      [&](std::uint32_t value, bool is_valid) {
        if (!is_valid) return AppendFormatted(out, "\\ufffd");
        if (value == '\n' || value == '\r' || value == '\t') return out.push_back(static_cast<char>(value));  // between values
        if (value < 0x10000) return AppendFormatted(out, "\\u%04x", value);
        AppendFormatted(out, "\\u%04x", 0xD800U + ((value - 0x10000U) >> 10U));
        AppendFormatted(out, "\\u%04x", 0xDC00U + ((value - 0x10000U) & 0x3FFU));
      });
  return out;
}

}  // namespace writ
