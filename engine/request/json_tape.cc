// Writing simdjson's tape; see json_tape.h.
#include "engine/request/json_tape.h"

#include <algorithm>

namespace writ {

void JsonTape::Trim() {
  constexpr std::size_t kKeptBytes = std::size_t{64} * 1024;
  if (bytes() <= kKeptBytes && words_.capacity() * sizeof(std::uint64_t) + strings_.capacity() <= 2 * kKeptBytes) return;
  words_ = {};
  strings_ = {};
}

void JsonTape::End(std::size_t begin, std::uint32_t count) {
  constexpr std::uint32_t kSaturated = 0xFFFFFF;
  const auto kind = static_cast<JsonKind>(words_[begin] >> 56U);
  words_.push_back(Word(kind == JsonKind::kObject ? static_cast<JsonKind>('}') : static_cast<JsonKind>(']'), begin));
  words_[begin] = Word(kind, std::uint64_t{std::min(count, kSaturated)} << 32U | words_.size());
}

void JsonTape::String(std::string_view text) {
  words_.push_back(Word(JsonKind::kString, strings_.size()));
  const auto size = static_cast<std::uint32_t>(text.size());
  std::uint8_t prefix[sizeof size];
  std::memcpy(prefix, &size, sizeof size);
  strings_.insert(strings_.end(), std::begin(prefix), std::end(prefix));
  strings_.insert(strings_.end(), text.begin(), text.end());
  strings_.push_back(0);
}

}  // namespace writ
