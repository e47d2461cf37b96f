// JsonNode: one value of a parsed document, a thin view of simdjson's tape (its doc/tape.md). Three words, passed by value.
//
//   for (const JsonMember& member : node.members()) { member.key, member.value.kind() … }
//
// Only JsonDocument makes nodes, and only of documents that it found strict, so nothing here can fail.
#pragma once

#include <cstdint>
#include <cstring>
#include <string_view>

namespace writ {

// The tape's type letters.
enum class JsonKind : std::uint8_t {
  kArray = '[',
  kObject = '{',
  kString = '"',
  kInt = 'l',
  kUint = 'u',  // only what is beyond int64
  kDouble = 'd',
  kTrue = 't',
  kFalse = 'f',
  kNull = 'n',
};

struct JsonMember;
template <typename Item>
class JsonRange;

// Valid until its JsonDocument parses again. Requires of each accessor: the kind it names.
class JsonNode {
 public:
  JsonNode() = default;
  JsonNode(const std::uint64_t* tape, const std::uint8_t* strings, std::uint32_t index) : tape_(tape), strings_(strings), index_(index) {}

  // False for a default-made node, which stands for a missing member.
  bool valid() const { return tape_ != nullptr; }
  JsonKind kind() const { return static_cast<JsonKind>(tape_[index_] >> 56); }
  bool is(JsonKind wanted) const { return kind() == wanted; }
  std::string_view string() const {
    const std::uint8_t* at = strings_ + (tape_[index_] & 0x00FFFFFFFFFFFFFFULL);
    std::uint32_t size = 0;
    std::memcpy(&size, at, sizeof size);
    return {reinterpret_cast<const char*>(at + sizeof size), size};
  }
  // Of kUint: the bits of a uint64.
  std::int64_t integer() const { return static_cast<std::int64_t>(tape_[index_ + 1]); }
  double real() const {
    double value = 0;
    std::memcpy(&value, &tape_[index_ + 1], sizeof value);
    return value;
  }
  // Items of an array, members of an object. O(1), or O(items) beyond 16 million of them.
  std::uint32_t count() const;
  JsonRange<JsonNode> items() const;
  JsonRange<JsonMember> members() const;
  // Returns the member of that key, or an invalid node. O(members).
  JsonNode Find(std::string_view key) const;

  std::uint32_t index() const { return index_; }
  // The tape position behind this value.
  std::uint32_t after() const {
    switch (kind()) {
      case JsonKind::kArray:
      case JsonKind::kObject: return static_cast<std::uint32_t>(tape_[index_]);
      case JsonKind::kInt:
      case JsonKind::kUint:
      case JsonKind::kDouble: return index_ + 2;
      case JsonKind::kString:
      case JsonKind::kTrue:
      case JsonKind::kFalse:
      case JsonKind::kNull: break;
    }
    return index_ + 1;
  }
  JsonNode At(std::uint32_t index) const { return {tape_, strings_, index}; }

 private:
  const std::uint64_t* tape_ = nullptr;
  const std::uint8_t* strings_ = nullptr;
  std::uint32_t index_ = 0;
};

struct JsonMember {
  std::string_view key;
  JsonNode value;
};

// Forward range over the items of an array or the members of an object.
template <typename Item>
class JsonRange {
 public:
  class Iterator {
   public:
    explicit Iterator(JsonNode at) : at_(at) {}
    Item operator*() const {
      if constexpr (requires { Item{}.key; })
        return {at_.string(), at_.At(at_.index() + 1)};
      else
        return at_;
    }
    Iterator& operator++() {
      if constexpr (requires { Item{}.key; })
        at_ = at_.At(at_.At(at_.index() + 1).after());
      else
        at_ = at_.At(at_.after());
      return *this;
    }
    bool operator!=(const Iterator& other) const { return at_.index() != other.at_.index(); }

   private:
    JsonNode at_;
  };

  explicit JsonRange(JsonNode container) : container_(container) {}
  Iterator begin() const { return Iterator(container_.At(container_.index() + 1)); }
  Iterator end() const { return Iterator(container_.At(container_.after() - 1)); }

 private:
  JsonNode container_;
};

inline JsonRange<JsonNode> JsonNode::items() const { return JsonRange<JsonNode>(*this); }
inline JsonRange<JsonMember> JsonNode::members() const { return JsonRange<JsonMember>(*this); }

inline JsonNode JsonNode::Find(std::string_view key) const {
  for (const JsonMember& member : members()) {
    if (member.key == key) return member.value;
  }
  return {};
}

inline std::uint32_t JsonNode::count() const {
  constexpr std::uint32_t kSaturated = 0xFFFFFF;
  const std::uint32_t stored = static_cast<std::uint32_t>(tape_[index_] >> 32) & kSaturated;
  if (stored != kSaturated) return stored;
  std::uint32_t counted = 0;
  if (is(JsonKind::kArray)) {
    for (auto item = items().begin(); item != items().end(); ++item) ++counted;
  } else {
    for (auto member = members().begin(); member != members().end(); ++member) ++counted;
  }
  return counted;
}

}  // namespace writ
