// Changes to a good text that a fuzz input describes: no fuzzer guesses a signature, but it can break one that is there. Each edit has
// five bytes: an operation, an offset (two bytes, big-endian, modulo the size), and two operands.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace writ::test {

inline std::string ApplyEdits(std::string text, std::string_view script) {
  constexpr std::size_t kEditBytes = 5;
  constexpr std::size_t kMaxEdits = 64;  // more only shred the text, which raw inputs do as well
  const auto byte = [&](std::size_t at) { return static_cast<std::uint8_t>(script[at]); };
  for (std::size_t at = 0; at + kEditBytes <= script.size() && at < kEditBytes * kMaxEdits && !text.empty(); at += kEditBytes) {
    const std::size_t offset = (std::size_t{byte(at + 1)} << 8 | byte(at + 2)) % text.size();
    const std::size_t count = std::min<std::size_t>(byte(at + 4), text.size() - offset);
    switch (byte(at) % 6) {
      case 0: text[offset] = static_cast<char>(byte(at + 3)); break;
      case 1: text[offset] = static_cast<char>(static_cast<std::uint8_t>(text[offset]) ^ byte(at + 3)); break;
      case 2: text.insert(offset, 1, static_cast<char>(byte(at + 3))); break;
      case 3: text.erase(offset, count); break;
      case 4: text.insert(offset, text.substr(offset, count)); break;
      case 5: text.resize(offset); break;
    }
  }
  return text;
}

}  // namespace writ::test
