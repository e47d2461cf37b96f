// Members of JSON objects that must be there in a certain kind: an invalid node, or empty, when they are not.
#pragma once

#include <charconv>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "engine/json/json_node.h"
#include "webhook/image/trust/encoding.h"

namespace writ::image {

// Takes any node, an invalid one too, so that lookups can be nested.
inline JsonNode Member(JsonNode object, std::string_view key, JsonKind kind) {
  if (!object.valid() || !object.is(JsonKind::kObject)) return {};
  const JsonNode node = object.Find(key);
  return node.valid() && node.is(kind) ? node : JsonNode();
}
inline JsonNode ObjectMember(JsonNode object, std::string_view key) { return Member(object, key, JsonKind::kObject); }
inline JsonNode ListMember(JsonNode object, std::string_view key) { return Member(object, key, JsonKind::kArray); }
inline JsonNode StringMember(JsonNode object, std::string_view key) { return Member(object, key, JsonKind::kString); }

// Whether the object has that member at all and it is not null.
inline bool HasMember(JsonNode object, std::string_view key) {
  if (!object.valid() || !object.is(JsonKind::kObject)) return false;
  const JsonNode node = object.Find(key);
  return node.valid() && !node.is(JsonKind::kNull);
}

inline std::optional<std::string> Base64Member(JsonNode object, std::string_view key) {
  const JsonNode node = StringMember(object, key);
  return node.valid() ? DecodeBase64(node.string()) : std::nullopt;
}

// An int64 as proto3 JSON writes it, a decimal string, or as a number. Leading zeros and signs are refused in strings.
inline std::optional<std::int64_t> IntegerMember(JsonNode object, std::string_view key) {
  if (const JsonNode number = Member(object, key, JsonKind::kInt); number.valid()) return number.integer();
  const JsonNode node = StringMember(object, key);
  if (!node.valid()) return std::nullopt;
  const std::string_view text = node.string();
  std::int64_t value = 0;
  const auto [end, fault] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (fault != std::errc() || end != text.data() + text.size() || (text.size() > 1 && text.front() == '0')) return std::nullopt;
  return value;
}

}  // namespace writ::image
