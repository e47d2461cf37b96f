#include "engine/request/convert.h"

#include <algorithm>
#include <array>

#include "rules/base/check.h"
#include "rules/base/encoding.h"
#include "rules/model/time.h"

namespace writ {
namespace {

std::string Wanted(std::string_view wanted, const Value& found) {
  return "must be " + std::string(wanted) + ", found " + std::string(KindWord(found.kind));
}

// What a member of the kind is asked to be.
std::string_view WantedWord(Kind kind) {
  switch (kind) {
#define WRIT_NAME(id, name, type_name, wanted, found) \
  case Kind::k##id: return wanted;
    WRIT_VALUE_KINDS(WRIT_NAME)
#undef WRIT_NAME
    case Kind::kAbsent:
    case Kind::kError:
    case Kind::kUnknown: break;
  }
  WRIT_CHECK(false);
}

std::string Demand(Kind kind, const Value& value) { return value.is(kind) ? std::string() : Wanted(WantedWord(kind), value); }

std::string ToBytes(Arena& arena, Value& value) {
  if (value.is(Kind::kBytes)) return "";
  if (!value.is(Kind::kString)) return Demand(Kind::kBytes, value);
  const bool has_line_ends = value.string().find_first_of("\r\n") != std::string_view::npos;
  const std::optional<std::string> bytes = has_line_ends ? std::nullopt : DecodeBase64(value.string());
  if (!bytes) return "must be bytes in base64";
  const std::string_view kept = arena.CopyString(*bytes);
  if (kept.data() == nullptr) return "does not fit in the arena";
  value = Value::Bytes(kept);
  return "";
}

// RFC 3339 as it is written in the field: seconds may be missing, `t` and `z` be small; a leap second counts as the one before it.
std::optional<Value> ParseRequestTime(std::string_view text) {
  constexpr std::size_t kDate = 10, kSeconds = 16, kMaxBytes = 64;  // "2026-11-20", "2026-11-20T10:00"
  if (text.size() <= kSeconds || text.size() > kMaxBytes) return std::nullopt;
  constexpr std::string_view kNoSeconds = ":00";
  char time[kMaxBytes + kNoSeconds.size()];
  std::copy(text.begin(), text.end(), time);
  std::size_t size = text.size();
  if (time[kDate] == 't') time[kDate] = 'T';
  if (time[size - 1] == 'z') time[size - 1] = 'Z';
  if (time[kSeconds] == 'Z' || time[kSeconds] == '+' || time[kSeconds] == '-') {
    std::copy_backward(time + kSeconds, time + size, time + size + kNoSeconds.size());
    std::copy(kNoSeconds.begin(), kNoSeconds.end(), time + kSeconds);
    size += kNoSeconds.size();
  }
  if (std::string_view(time, size).substr(kSeconds, 3) == ":60") std::copy_n(":59", 3, time + kSeconds);
  return ParseTimestamp({time, size});
}

std::string ToTime(Kind kind, Value& value) {
  if (!value.is(Kind::kString)) return Demand(kind, value);
  const std::optional<Value> parsed = kind == Kind::kTimestamp ? ParseRequestTime(value.string()) : ParseDuration(value.string());
  if (!parsed) return "must be " + std::string(WantedWord(kind));
  value = *parsed;
  return "";
}

// Most lists. Nothing in them is converted.
std::string ToStrings(const Value& value) {
  constexpr std::string_view kWanted = "a list of strings";
  if (!value.is(Kind::kList)) return Wanted(kWanted, value);
  for (std::uint32_t i = 0; i < value.size; ++i) {
    if (!value.items[i].is(Kind::kString)) return Wanted(kWanted, value.items[i]) + " at position " + std::to_string(i);
  }
  return {};
}

// The items, converted into a new list.
//
// NOLINTNEXTLINE(misc-no-recursion): depth of the type
[[gnu::cold]] std::string ToList(TypeId element, const TypeTable& types, Arena& arena, Value& value) {
  if (element == SimpleType(TypeKind::kDyn) || !value.is(Kind::kList)) return Demand(Kind::kList, value);
  Value* items = arena.AllocateArray<Value>(value.size);
  if (items == nullptr && value.size > 0) return "does not fit in the arena";
  for (std::uint32_t i = 0; i < value.size; ++i) {
    items[i] = value.items[i];
    const std::string fault = ConvertTo(element, types, arena, items[i]);
    if (!fault.empty()) return "must be a list of " + types.Text(element) + ": item " + std::to_string(i) + " " + fault;
  }
  value = Value::List(items, value.size);
  return {};
}

std::string ToEnum(const Type& type, const Value& value) {
  const bool is_value = value.is(Kind::kString) && std::any_of(type.fields.begin(), type.fields.end(),
                                                               [&](const RecordField& field) { return field.name == value.string(); });
  return is_value ? "" : "must be one of " + type.name.substr(type.name.find('('));
}

// The first alternative that takes the value: of the simple ones null, bool, int, uint, double,
// string and so on, in this order.
//
// NOLINTNEXTLINE(misc-no-recursion): depth of the type
std::string ToUnion(TypeId id, const TypeTable& types, Arena& arena, Value& value) {
  for (const TypeId alternative : types[id].parameters) {
    Value converted = value;
    if (!ConvertTo(alternative, types, arena, converted).empty()) continue;
    value = converted;
    return "";
  }
  return Wanted(types.Text(id), value);
}

}  // namespace

bool AppendStrings(JsonNode list, std::vector<std::string_view>& strings) {
  if (list.is(JsonKind::kNull)) return true;
  if (!list.is(JsonKind::kArray)) return false;
  for (const JsonNode& item : list.items()) {
    if (!item.is(JsonKind::kString)) return false;
    strings.push_back(item.string());
  }
  return true;
}

std::string FoundJson(JsonNode found) {
  const auto word = [](JsonKind kind) -> const char* {
    switch (kind) {
      case JsonKind::kArray: return "list";
      case JsonKind::kObject: return "object";
      case JsonKind::kString: return "string";
      case JsonKind::kInt:
      case JsonKind::kUint: return "int";
      case JsonKind::kDouble: return "double";
      case JsonKind::kTrue:
      case JsonKind::kFalse: return "bool";
      case JsonKind::kNull: return "null";
    }
    WRIT_CHECK(false);
  };
  return std::string(", found ") + word(found.kind());
}

std::string_view KindWord(Kind kind) {
  switch (kind) {
#define WRIT_NAME(id, name, type_name, wanted, found) \
  case Kind::k##id: return found;
    WRIT_VALUE_KINDS(WRIT_NAME)
#undef WRIT_NAME
    case Kind::kAbsent: return "nothing";
    case Kind::kError: return "error";
    case Kind::kUnknown: return "unknown";
  }
  WRIT_CHECK(false);
}

// NOLINTNEXTLINE(misc-no-recursion): depth of the type
std::string ConvertTo(TypeId id, const TypeTable& types, Arena& arena, Value& value) {
  if (IsSimplyOf(id, value)) return {};
  const Type& type = types[id];
  switch (type.kind) {
    case TypeKind::kDyn: return "";
    case TypeKind::kNull: return Demand(Kind::kNull, value);
    case TypeKind::kBool: return Demand(Kind::kBool, value);
    case TypeKind::kInt: return Demand(Kind::kInt, value);
    case TypeKind::kString: return Demand(Kind::kString, value);
    case TypeKind::kMap:
    case TypeKind::kRecord: return Demand(Kind::kMap, value);
    case TypeKind::kList:
      if (type.parameters[0] == SimpleType(TypeKind::kString)) return ToStrings(value);
      return ToList(type.parameters[0], types, arena, value);
    case TypeKind::kBytes: return ToBytes(arena, value);
    case TypeKind::kTimestamp: return ToTime(Kind::kTimestamp, value);
    case TypeKind::kDuration: return ToTime(Kind::kDuration, value);
    case TypeKind::kUint:
      if (value.is(Kind::kInt) && value.integer >= 0) value = Value::Uint(static_cast<std::uint64_t>(value.integer));
      return Demand(Kind::kUint, value);
    case TypeKind::kDouble:
      if (value.is(Kind::kInt)) value = Value::Double(static_cast<double>(value.integer));
      if (value.is(Kind::kUint)) value = Value::Double(static_cast<double>(value.unsigned_integer));
      return Demand(Kind::kDouble, value);
    case TypeKind::kNullable: return value.is(Kind::kNull) ? "" : ConvertTo(type.parameters[0], types, arena, value);
    case TypeKind::kEnum: return ToEnum(type, value);
    case TypeKind::kUnion: return ToUnion(id, types, arena, value);
    case TypeKind::kError:
    case TypeKind::kOptional:
    case TypeKind::kType:
    case TypeKind::kOpaque:
    case TypeKind::kParameter: break;
  }
  return "has a type that no value from outside can have";
}

}  // namespace writ
