#include "cli/text.h"

#include <algorithm>

#include "rules/base/source.h"

namespace writ::cli {

std::size_t Utf8Length(std::string_view text, std::size_t offset) {
  const auto at = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char lead = at(offset);
  if (lead < 0x80) return 1;
  if (lead < 0xC2 || lead > 0xF4) return 0;  // C0 and C1 only begin overlong forms
  const std::size_t length = lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
  if (text.size() - offset < length) return 0;
  for (std::size_t i = 1; i < length; ++i) {
    if ((at(offset + i) & 0xC0U) != 0x80U) return 0;
  }
  const unsigned char second = at(offset + 1);
  if (lead == 0xE0 && second < 0xA0) return 0;  // overlong
  if (lead == 0xED && second > 0x9F) return 0;  // surrogates
  if (lead == 0xF0 && second < 0x90) return 0;  // overlong
  if (lead == 0xF4 && second > 0x8F) return 0;  // beyond U+10FFFF
  return length;
}

std::optional<std::size_t> FindInvalidUtf8(std::string_view text) {
  for (std::size_t i = 0; i < text.size();) {
    const std::size_t length = Utf8Length(text, i);
    if (length == 0) return i;
    i += length;
  }
  return std::nullopt;
}

std::size_t DisplayWidth(std::string_view text) {
  return static_cast<std::size_t>(
      std::count_if(text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U; }));
}

std::string OneLine(std::string_view text, std::size_t max_width) {
  std::string line;
  bool blank = false;
  for (const char c : text) {
    if (c == ' ' || c == '\n' || c == '\t' || c == '\r') {
      blank = !line.empty();
      continue;
    }
    if (blank) line += ' ';
    blank = false;
    line += c;
  }
  if (DisplayWidth(line) <= max_width) return line;
  std::size_t end = 0;
  for (std::size_t width = 0; end < line.size(); ++end) {
    if ((static_cast<unsigned char>(line[end]) & 0xC0U) != 0x80U && ++width > max_width - 1) break;
  }
  return line.substr(0, end) + "…";
}

std::string Padded(std::string_view text, std::size_t width) {
  std::string out(text);
  const std::size_t have = DisplayWidth(text);
  if (have < width) out.append(width - have, ' ');
  return out;
}

std::string PlaceOf(std::string_view file, std::string_view text, std::size_t byte_offset) {
  const SourceLocation place = LocateOffset(FileId(), text, static_cast<std::uint32_t>(byte_offset));
  return std::string(file) + ":" + std::to_string(place.line) + ":" + std::to_string(place.column);
}

std::string Counted(std::uint64_t count, std::string_view noun, std::string_view plural) {
  std::string text = std::to_string(count) + " ";
  if (count == 1) return text + std::string(noun);
  return text + (plural.empty() ? std::string(noun) + "s" : std::string(plural));
}

std::string Grouped(std::uint64_t count) {
  std::string text = std::to_string(count);
  for (std::size_t at = text.size(); at > 3;) text.insert(at -= 3, ",");
  return text;
}

}  // namespace writ::cli
