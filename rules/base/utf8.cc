// Validation, counting and coding of UTF-8; a run of ASCII is skipped eight bytes at a time.
#include "rules/base/utf8.h"

#include <cstdint>
#include <cstring>

namespace writ {
namespace {

std::uint64_t LoadEight(std::string_view text, std::size_t at) {
  std::uint64_t word = 0;
  std::memcpy(&word, text.data() + at, sizeof(word));
  return word;
}

constexpr std::uint64_t kHighBits = 0x8080808080808080U;

}  // namespace

std::size_t Utf8SequenceLength(std::string_view text, std::size_t at) {
  const auto byte = [&](std::size_t offset) -> unsigned {
    return at + offset < text.size() ? static_cast<unsigned char>(text[at + offset]) : 0U;
  };
  const auto is_tail = [&](std::size_t offset) { return (byte(offset) & 0xC0U) == 0x80U; };
  const unsigned first = byte(0);
  const unsigned second = byte(1);
  if (first < 0x80) return 1;
  if (first < 0xC2) return 0;
  if (first < 0xE0) return is_tail(1) ? 2 : 0;
  if (first < 0xF0) {
    if (!is_tail(1) || !is_tail(2)) return 0;
    if (first == 0xE0 && second < 0xA0) return 0;  // overlong
    if (first == 0xED && second > 0x9F) return 0;  // surrogates
    return 3;
  }
  if (first > 0xF4 || !is_tail(1) || !is_tail(2) || !is_tail(3)) return 0;
  if (first == 0xF0 && second < 0x90) return 0;  // overlong
  if (first == 0xF4 && second > 0x8F) return 0;  // above U+10FFFF
  return 4;
}

std::uint32_t CodePointOf(std::string_view sequence) {
  const auto lead = static_cast<unsigned char>(sequence[0]);
  if (sequence.size() == 1) return lead;
  std::uint32_t code_point = lead & (0xFFU >> (sequence.size() + 1));
  for (const char tail : sequence.substr(1)) code_point = (code_point << 6U) | (static_cast<unsigned char>(tail) & 0x3FU);
  return code_point;
}

void AppendCodePoint(std::uint32_t code_point, std::string& out) {
  if (code_point < 0x80) return out.push_back(static_cast<char>(code_point));
  const unsigned tails = code_point < 0x800 ? 1 : code_point < 0x10000 ? 2 : 3;
  const std::uint32_t lead = 0xFF00U >> (tails + 1) & 0xFFU;
  out += static_cast<char>(lead | code_point >> (6 * tails));
  for (unsigned i = tails; i-- > 0;) out += static_cast<char>(0x80U | (code_point >> (6 * i) & 0x3FU));
}

bool IsValidUtf8(std::string_view text) {
  std::size_t at = 0;
  while (at < text.size()) {
    if (at + 8 <= text.size() && (LoadEight(text, at) & kHighBits) == 0) {
      at += 8;
      continue;
    }
    const std::size_t length = Utf8SequenceLength(text, at);
    if (length == 0) return false;
    at += length;
  }
  return true;
}

std::string_view CutBytes(std::string_view text, std::size_t max_bytes) {
  if (text.size() <= max_bytes) return text;
  std::size_t end = max_bytes;
  while (end > 0 && IsTailByte(text[end])) --end;
  return text.substr(0, end);
}

std::string Shorten(std::string_view text, std::size_t max_bytes) {
  constexpr std::string_view kEllipsis = "…";
  if (text.size() <= max_bytes) return std::string(text);
  return std::string(CutBytes(text, max_bytes - kEllipsis.size())).append(kEllipsis);
}

std::size_t CountCodePoints(std::string_view text) {
  std::size_t tails = 0;
  std::size_t at = 0;
  for (; at + 8 <= text.size(); at += 8) {
    const std::uint64_t word = LoadEight(text, at);
    // A tail byte is 10xxxxxx: high bit set, the next one clear.
    tails += static_cast<std::size_t>(__builtin_popcountll(word & ~(word << 1U) & kHighBits));
  }
  for (; at < text.size(); ++at) tails += IsTailByte(text[at]) ? 1 : 0;
  return text.size() - tails;
}

}  // namespace writ
