// From JSON's few types to the declared type of a member or column.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "engine/json/json_node.h"
#include "rules/base/arena.h"
#include "rules/model/type.h"
#include "rules/model/value.h"

namespace writ {

// Converts `value` in place to `type`: integers to double or uint where declared, RFC 3339 strings to timestamps, "1m" strings to
// durations, base64 to bytes (in `arena`). A value that already has the type stays. Returns "" or what is wrong:
// "must be a string, found int". What no JSON value can be, such as an optional, is refused.
std::string ConvertTo(TypeId type, const TypeTable& types, Arena& arena, Value& value);

// Has `value` the type already? Says so for most scalar values, without a look at the table; what
// it does not say so of may still have it.
inline bool IsSimplyOf(TypeId type, const Value& value) {
  const TypeKind kind = TypeKindOf(value.kind);
  return kind <= TypeKind::kDuration && type == SimpleType(kind);
}

// Appends the strings of a list; null has none. False for what is no list of strings.
bool AppendStrings(JsonNode list, std::vector<std::string_view>& strings);

// Returns ", found int" for messages.
std::string FoundJson(JsonNode found);

// Returns how a value's kind is called in messages: "string", "list", "null".
std::string_view KindWord(Kind kind);

}  // namespace writ
