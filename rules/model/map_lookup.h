// Finding a member by a name, inline: what conditions about documents do most. Keys of documents
// are short, so a call of memcmp would cost more than what it compares.
#pragma once

#include <cstddef>
#include <cstring>
#include <string_view>

#include "rules/model/value.h"

namespace writ {

// Returns whether `size` bytes are the same. O(size).
inline bool SameBytes(const char* a, const char* b, std::size_t size) {
  const auto same_words = [a, b](auto word, std::size_t first, std::size_t last) {
    const auto load = [&word](const char* at) {
      std::memcpy(&word, at, sizeof(word));
      return word;
    };
    return ((load(a + first) ^ load(b + first)) | (load(a + last) ^ load(b + last))) == 0;
  };
  if (size > 2 * sizeof(std::uint64_t)) return std::memcmp(a, b, size) == 0;
  if (size >= sizeof(std::uint64_t)) return same_words(std::uint64_t{}, 0, size - sizeof(std::uint64_t));
  if (size >= sizeof(std::uint32_t)) return same_words(std::uint32_t{}, 0, size - sizeof(std::uint32_t));
  return size == 0 || (a[0] == b[0] && a[size / 2] == b[size / 2] && a[size - 1] == b[size - 1]);
}

// FindInMap(map, key), inline for small maps. Requires: a string.
inline const Value* FindMember(const MapData& map, const Value& key) {
  if (map.buckets != nullptr) return FindInMap(map, key.string());
  // Kind and size, with what no string has set, stand in one word.
  const auto head_of = [](const Value& value) {
    std::uint64_t head = 0;
    static_assert(offsetof(Value, text) == sizeof head);
    std::memcpy(&head, &value, sizeof head);
    return head;
  };
  const std::uint64_t head = head_of(key);
  for (const MapEntry *entry = map.entries, *end = entry + map.size; entry != end; ++entry) {
    if (head_of(entry->key) == head && SameBytes(entry->key.text, key.text, key.size)) return &entry->value;
  }
  return nullptr;
}

}  // namespace writ
