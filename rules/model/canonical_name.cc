// Source: The Unicode Standard 15, DerivedCoreProperties.txt (Default_Ignorable_Code_Point) and PropList.txt (White_Space).
#include "rules/model/canonical_name.h"

#include <cstdint>
#include <cstdio>
#include <iterator>
#include <span>

#include "rules/base/utf8.h"

namespace writ {
namespace {

struct Range {
  std::uint32_t first, last;
};

constexpr Range kControls[] = {{0x00, 0x1F}, {0x7F, 0x9F}, {0x2028, 0x2029}};
constexpr Range kBidirectional[] = {{0x061C, 0x061C}, {0x200E, 0x200F}, {0x202A, 0x202E}, {0x2066, 0x2069}};
constexpr Range kInvisible[] = {
    {0x00AD, 0x00AD}, {0x034F, 0x034F},   {0x115F, 0x1160},   {0x17B4, 0x17B5},   {0x180B, 0x180F}, {0x200B, 0x200D},
    {0x2060, 0x2065}, {0x206A, 0x206F},   {0x3164, 0x3164},   {0xFE00, 0xFE0F},   {0xFEFF, 0xFEFF}, {0xFFA0, 0xFFA0},
    {0xFFF0, 0xFFFB}, {0x1BCA0, 0x1BCA3}, {0x1D173, 0x1D17A}, {0xE0000, 0xE0FFF},
};
// U+2800 is a braille pattern without dots: no White_Space, and nothing to see.
constexpr Range kBlanks[] = {{0x09, 0x0D},     {0x20, 0x20},     {0x85, 0x85},     {0xA0, 0xA0},     {0x1680, 0x1680}, {0x2000, 0x200A},
                             {0x2028, 0x2029}, {0x202F, 0x202F}, {0x205F, 0x205F}, {0x2800, 0x2800}, {0x3000, 0x3000}};

bool IsIn(std::span<const Range> ranges, std::uint32_t character) {
  for (const Range& range : ranges) {
    if (character >= range.first && character <= range.last) return true;
  }
  return false;
}

std::string Holds(const char* what, std::uint32_t character) {
  char text[80];
  std::snprintf(text, sizeof text, "holds the %s character U+%04X", what, character);
  return text;
}

}  // namespace

std::string CanonicalNameFault(std::string_view name) {
  if (name.size() > kMaxNameBytes) {
    return "has " + std::to_string(name.size()) + " bytes, the limit is " + std::to_string(kMaxNameBytes);
  }
  if (IsPlainName(name)) return {};
  bool ends_blank = false;
  for (std::size_t at = 0; at < name.size();) {
    const std::size_t length = Utf8SequenceLength(name, at);
    if (length == 0) return "is not valid UTF-8";
    const std::uint32_t character = CodePointOf(name.substr(at, length));
    ends_blank = IsIn(kBlanks, character);
    if (ends_blank && at == 0) return "begins with a blank";
    if (IsIn(kBidirectional, character)) return Holds("bidirectional", character);
    if (IsIn(kInvisible, character)) return Holds("invisible", character);
    if (IsIn(kControls, character) && !(ends_blank && at + length == name.size())) return Holds("control", character);
    at += length;
  }
  return ends_blank ? "ends with a blank" : "";
}

}  // namespace writ
