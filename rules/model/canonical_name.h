// Names that have one spelling: of servers, tools, prompts, actions, types and tables.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

namespace writ {

inline constexpr std::size_t kMaxNameBytes = 256;

// Returns whether `name` is at most kMaxNameBytes of visible ASCII, 0x21 to 0x7E, as every ordinary
// name is: it has one spelling then. O(name), eight bytes at a time, the last eight overlapping.
inline bool IsPlainName(std::string_view name);

// Returns "", or what a name has that makes it look like another one: "ends with a blank", "holds the invisible character U+200B".
//
// A server trims names, drops what cannot be seen, or shows two names alike; a rule compares bytes. So a name holds no control,
// bidirectional, zero-width or tag character (Unicode's Default_Ignorable_Code_Point, and separators of lines), no blank at either
// end, is valid UTF-8 and has at most kMaxNameBytes. In: `search`, `Create Share`, `größe`. Out: `search `, `sea\u200brch`.
// O(name); allocates only when there is something to say.
std::string CanonicalNameFault(std::string_view name);

namespace canonical_name_internal {

constexpr std::uint64_t kEveryByte = 0x0101010101010101U;

// Of eight bytes none is below 0x21, and none has its high bit, or gets it by adding one. Bytes
// above 0x7E may carry into their neighbours, but they have failed by then.
inline bool AreVisible(std::uint64_t bytes) {
  const std::uint64_t above = (bytes + kEveryByte) | bytes;
  const std::uint64_t below = (bytes - kEveryByte * 0x21U) & ~bytes;
  return ((above | below) & (kEveryByte * 0x80U)) == 0;
}

}  // namespace canonical_name_internal

inline bool IsPlainName(std::string_view name) {
  using canonical_name_internal::AreVisible;
  constexpr std::size_t kStep = sizeof(std::uint64_t);
  std::uint64_t bytes = canonical_name_internal::kEveryByte * 'a';
  if (name.size() < kStep) {
    for (std::size_t i = 0; i < name.size(); ++i) bytes = bytes << 8U | static_cast<unsigned char>(name[i]);
    return AreVisible(bytes);
  }
  for (std::size_t at = 0; at + kStep < name.size(); at += kStep) {
    std::memcpy(&bytes, name.data() + at, kStep);
    if (!AreVisible(bytes)) return false;
  }
  std::memcpy(&bytes, name.data() + name.size() - kStep, kStep);
  return AreVisible(bytes) && name.size() <= kMaxNameBytes;
}

}  // namespace writ
