// A hash of bytes and the table of the index that goes with it. Private to rules/index.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>
#include <vector>

namespace writ {

inline std::uint64_t MixHash(std::uint64_t a, std::uint64_t b) {
  __extension__ using Wide = unsigned __int128;
  const Wide product = static_cast<Wide>(a ^ 0x9E3779B97F4A7C15U) * (b ^ 0xD1B54A32D192ED03U);
  return static_cast<std::uint64_t>(product) ^ static_cast<std::uint64_t>(product >> 64U);
}

// Eight bytes a step, one multiplication each. Not for hostile keys in a growing table: the index's tables never grow.
inline std::uint64_t HashBytes(std::string_view bytes) {
  std::uint64_t hash = bytes.size();
  const char* at = bytes.data();
  std::size_t left = bytes.size();
  for (; left > 8; left -= 8, at += 8) {
    std::uint64_t chunk;
    std::memcpy(&chunk, at, 8);
    hash = MixHash(hash, chunk);
  }
  std::uint64_t last = 0;
  if (left > 0) std::memcpy(&last, at, left);
  return MixHash(hash, last);
}

// From hashes to 32-bit values, at most half full; several values may have one hash, so the caller compares what they stand for.
class HashTable {
 public:
  bool empty() const { return cells_.empty(); }

  // Makes room for `count` values. Call once, before the first Insert.
  void Reserve(std::size_t count) {
    if (count == 0) return;
    std::size_t size = 4;
    while (size < count * 2) size *= 2;
    cells_.assign(size, Cell{});
    mask_ = size - 1;
  }
  void Insert(std::uint64_t hash, std::uint32_t value) {
    std::size_t at = hash & mask_;
    while (cells_[at].value != kNone) at = (at + 1) & mask_;
    cells_[at] = {Tag(hash), value};
  }
  // Calls `visit(value)` for each value with `hash`, and perhaps for a few others.
  template <typename Visit>
  void ForEach(std::uint64_t hash, Visit visit) const {
    if (cells_.empty()) return;
    for (std::size_t at = hash & mask_; cells_[at].value != kNone; at = (at + 1) & mask_) {
      if (cells_[at].tag == Tag(hash)) visit(cells_[at].value);
    }
  }

  static constexpr std::uint32_t kNone = ~0U;

 private:
  struct Cell {
    std::uint32_t tag = 0;
    std::uint32_t value = kNone;
  };
  static std::uint32_t Tag(std::uint64_t hash) { return static_cast<std::uint32_t>(hash >> 32U); }

  std::vector<Cell> cells_;
  std::size_t mask_ = 0;
};

}  // namespace writ
