// Base64 and hex, strictly.
#include "rules/base/encoding.h"

#include <array>
#include <cstdint>

namespace writ {
namespace {

constexpr std::string_view kAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr std::uint8_t kNoDigit = 0xFF;
constexpr std::uint8_t kSkipped = 0xFE;

constexpr std::array<std::uint8_t, 256> MakeDigits() {
  std::array<std::uint8_t, 256> digits{};
  for (auto& digit : digits) digit = kNoDigit;
  for (std::size_t i = 0; i < kAlphabet.size(); ++i) digits[static_cast<std::uint8_t>(kAlphabet[i])] = static_cast<std::uint8_t>(i);
  digits['\r'] = kSkipped;
  digits['\n'] = kSkipped;
  return digits;
}
constexpr std::array<std::uint8_t, 256> kDigits = MakeDigits();

// Decodes whole groups of four digits from the front as long as there is nothing else between them; returns how many were read.
std::size_t DecodePlainGroups(std::string_view text, std::string& out) {
  std::size_t at = 0;
  while (at + 4 <= text.size()) {
    std::uint32_t group = 0;
    std::uint8_t seen = 0;
    for (std::size_t i = 0; i < 4; ++i) {
      const std::uint8_t digit = kDigits[static_cast<std::uint8_t>(text[at + i])];
      seen |= digit;
      group = (group << 6) | (digit & 0x3F);
    }
    if (seen >= 64) break;
    const std::array<char, 3> bytes = {static_cast<char>(group >> 16), static_cast<char>(group >> 8), static_cast<char>(group)};
    out.append(bytes.data(), bytes.size());
    at += 4;
  }
  return at;
}

// The last group: "xx==" or "xxx=", unused bits zero. `digits` holds its two or three digits.
bool DecodeTail(std::string_view digits, std::size_t padding, std::string& out) {
  if (digits.empty()) return padding == 0;
  if (digits.size() + padding != 4 || padding == 0 || padding > 2) return false;
  std::uint32_t group = 0;
  for (const char digit : digits) group = (group << 6) | kDigits[static_cast<std::uint8_t>(digit)];
  group <<= 6 * padding;
  if ((group & (padding == 2 ? 0xFFFFU : 0xFFU)) != 0) return false;
  out.push_back(static_cast<char>(group >> 16));
  if (padding == 1) out.push_back(static_cast<char>(group >> 8));
  return true;
}

int HexDigit(char digit) {
  if (digit >= '0' && digit <= '9') return digit - '0';
  if (digit >= 'a' && digit <= 'f') return digit - 'a' + 10;
  return -1;
}

}  // namespace

std::optional<std::string> DecodeBase64(std::string_view text) {
  std::string out;
  out.reserve(text.size() / 4 * 3 + 3);
  std::string group;  // digits of a group that line breaks or padding interrupt
  std::size_t padding = 0;
  for (std::size_t at = 0; at < text.size();) {
    if (group.empty() && padding == 0) at += DecodePlainGroups(text.substr(at), out);
    if (at >= text.size()) break;
    const char c = text[at++];
    const std::uint8_t digit = kDigits[static_cast<std::uint8_t>(c)];
    if (digit == kSkipped) continue;
    if (c == '=') {
      ++padding;
    } else if (digit == kNoDigit || padding != 0) {
      return std::nullopt;
    } else {
      group.push_back(c);
    }
    if (group.size() == 4) {
      DecodePlainGroups(group, out);
      group.clear();
    }
  }
  if (!DecodeTail(group, padding, out)) return std::nullopt;
  return out;
}

std::string EncodeBase64(std::string_view bytes) {
  std::string out;
  out.reserve((bytes.size() + 2) / 3 * 4);
  for (std::size_t at = 0; at < bytes.size(); at += 3) {
    const std::size_t count = bytes.size() - at < 3 ? bytes.size() - at : 3;
    std::uint32_t group = 0;
    for (std::size_t i = 0; i < 3; ++i) group = (group << 8) | (i < count ? static_cast<std::uint8_t>(bytes[at + i]) : 0U);
    for (std::size_t i = 0; i < 4; ++i) out.push_back(i <= count ? kAlphabet[(group >> (18 - 6 * i)) & 0x3F] : '=');
  }
  return out;
}

std::optional<std::string> DecodeHex(std::string_view text) {
  if (text.size() % 2 != 0) return std::nullopt;
  std::string out;
  out.reserve(text.size() / 2);
  for (std::size_t at = 0; at < text.size(); at += 2) {
    const int high = HexDigit(text[at]);
    const int low = HexDigit(text[at + 1]);
    if (high < 0 || low < 0) return std::nullopt;
    out.push_back(static_cast<char>(high * 16 + low));
  }
  return out;
}

std::string EncodeHex(std::string_view bytes) {
  constexpr std::string_view kHexDigits = "0123456789abcdef";
  std::string out;
  out.reserve(bytes.size() * 2);
  for (const char byte : bytes) {
    out.push_back(kHexDigits[static_cast<std::uint8_t>(byte) >> 4]);
    out.push_back(kHexDigits[static_cast<std::uint8_t>(byte) & 0x0F]);
  }
  return out;
}

}  // namespace writ
