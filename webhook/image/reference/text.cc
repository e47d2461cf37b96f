// Small text helpers of webhook/image.
#include "webhook/image/reference/text.h"

#include <algorithm>

namespace writ::image {
namespace {

constexpr std::size_t kShownBytes = 200;
constexpr std::string_view kHexDigits = "0123456789abcdef";

}  // namespace

std::string Lower(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(), LowerOf);
  return out;
}

bool EqualsFold(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](char x, char y) { return LowerOf(x) == LowerOf(y); });
}

std::string_view Trim(std::string_view text) {
  const std::size_t begin = text.find_first_not_of(" \t");
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(" \t") - begin + 1);
}

std::string Shown(std::string_view text) {
  std::string out;
  for (const char c : text.substr(0, kShownBytes)) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte >= 0x20 && byte < 0x7F) {
      out += c;
    } else {
      out += {'\\', 'x', kHexDigits[byte >> 4], kHexDigits[byte & 15]};
    }
  }
  if (text.size() > kShownBytes) out += "…";
  return out;
}

}  // namespace writ::image
