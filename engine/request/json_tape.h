// JsonTape: writes a document as simdjson does (its doc/tape.md), so that it is read as JsonNodes
// without having been text.
#pragma once

#include <cstdint>
#include <cstring>
#include <string_view>
#include <vector>

#include "engine/json/json_node.h"

namespace writ {

// Keeps its buffers. Nodes are valid until the next Clear. Not thread-safe.
class JsonTape {
 public:
  void Clear() {
    words_.clear();
    strings_.clear();
  }
  // Gives back the buffers of an unusually large document.
  void Trim();
  std::size_t bytes() const { return words_.size() * sizeof(std::uint64_t) + strings_.size(); }

  // A container: Begin returns where it begins, and End takes that, with how many items or members
  // stand between them.
  std::size_t Begin(JsonKind kind) {
    words_.push_back(Word(kind, 0));
    return words_.size() - 1;
  }
  void End(std::size_t begin, std::uint32_t count);
  // Of a member, the key comes first, then its value.
  void String(std::string_view text);
  void Number(JsonKind kind, std::uint64_t bits) {
    words_.push_back(Word(kind, 0));
    words_.push_back(bits);
  }
  void Simple(JsonKind kind) { words_.push_back(Word(kind, 0)); }

  // The first value that was written.
  JsonNode Root() const { return {words_.data(), strings_.data(), 0}; }

 private:
  static std::uint64_t Word(JsonKind kind, std::uint64_t payload) { return static_cast<std::uint64_t>(kind) << 56U | payload; }

  std::vector<std::uint64_t> words_;
  std::vector<std::uint8_t> strings_;  // each with its size before it and a 0 behind
};

}  // namespace writ
