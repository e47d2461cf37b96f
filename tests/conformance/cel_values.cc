// Values and types of the vectors; see cel_values.h. Recursion is over test files, which are trusted to be small.
#include "tests/conformance/cel_values.h"

#include <cmath>
#include <cstdlib>
#include <vector>

#include "rules/model/time.h"

namespace writ::conformance {
namespace {

using Json = nlohmann::json;

std::string DecodeBase64(const std::string& text) {
  static const std::string kAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string octets;
  std::uint32_t buffer = 0;
  int bits = 0;
  for (const char c : text) {
    const std::size_t digit = kAlphabet.find(c);
    if (digit == std::string::npos) break;
    buffer = (buffer << 6U) | static_cast<std::uint32_t>(digit);
    bits += 6;
    if (bits < 8) continue;
    bits -= 8;
    octets += static_cast<char>((buffer >> static_cast<unsigned>(bits)) & 0xFFU);
  }
  return octets;
}

double ReadDouble(const std::string& text) {
  if (text == "NaN") return std::nan("");
  if (text == "Infinity") return HUGE_VAL;
  if (text == "-Infinity") return -HUGE_VAL;
  return std::strtod(text.c_str(), nullptr);
}

std::optional<Value> ReadList(const Json& items, Arena& arena) {
  Value* room = arena.AllocateArray<Value>(items.size() + 1);
  for (std::size_t i = 0; i < items.size(); ++i) {
    const std::optional<Value> item = ReadValue(items[i], arena);
    if (!item) return std::nullopt;
    room[i] = *item;
  }
  return Value::List(room, static_cast<std::uint32_t>(items.size()));
}

std::optional<Value> ReadMap(const Json& pairs, Arena& arena) {
  MapEntry* room = arena.AllocateArray<MapEntry>(pairs.size() + 1);
  for (std::size_t i = 0; i < pairs.size(); ++i) {
    const std::optional<Value> key = ReadValue(pairs[i][0], arena);
    const std::optional<Value> value = ReadValue(pairs[i][1], arena);
    if (!key || !value) return std::nullopt;
    room[i] = {*key, *value};
  }
  return Value::Map(MakeMap(arena, room, static_cast<std::uint32_t>(pairs.size())));
}

}  // namespace

std::optional<Value> ReadValue(const Json& value, Arena& arena) {
  if (value.contains("wkt")) return ReadValue(value["value"], arena);
  const auto [kind, body] = std::pair(value.begin().key(), value.begin().value());
  if (kind == "null") return Value::Null();
  if (kind == "bool") return Value::Bool(body.get<bool>());
  if (kind == "int") return Value::Int(std::strtoll(body.get<std::string>().c_str(), nullptr, 10));
  if (kind == "uint") return Value::Uint(std::strtoull(body.get<std::string>().c_str(), nullptr, 10));
  if (kind == "double") return Value::Double(ReadDouble(body.get<std::string>()));
  if (kind == "string") return Value::String(arena.CopyString(body.get<std::string>()));
  if (kind == "bytes") return Value::Bytes(arena.CopyString(DecodeBase64(body.get<std::string>())));
  if (kind == "type") return Value::Type(arena.CopyString(body.get<std::string>()));
  if (kind == "timestamp") return ParseTimestamp(body.get<std::string>());
  if (kind == "duration") return ParseDuration(body.get<std::string>());
  if (kind == "list") return ReadList(body, arena);
  if (kind == "map") return ReadMap(body, arena);
  return std::nullopt;
}

std::optional<TypeId> ReadType(const Json& type, TypeTable& types) {
  if (type.is_string()) {
    static constexpr std::pair<const char*, TypeKind> kNames[] = {
        {"bool", TypeKind::kBool},           {"int", TypeKind::kInt},           {"uint", TypeKind::kUint},
        {"double", TypeKind::kDouble},       {"string", TypeKind::kString},     {"bytes", TypeKind::kBytes},
        {"null_type", TypeKind::kNull},      {"dyn", TypeKind::kDyn},           {"any", TypeKind::kDyn},
        {"timestamp", TypeKind::kTimestamp}, {"duration", TypeKind::kDuration}, {"error", TypeKind::kError}};
    for (const auto& [name, kind] : kNames) {
      if (type == name) return types.Simple(kind);
    }
    return std::nullopt;
  }
  const std::string kind = type.contains("abstract") ? "abstract" : type.begin().key();
  if (kind == "type_param") return types.Parameter(type["type_param"].get<std::string>());
  std::vector<TypeId> parameters;
  const Json parts = kind == "map"        ? type["map"]
                     : kind == "abstract" ? type.value("params", Json::array())
                                          : Json::array({type.begin().value()});
  if (kind != "map" && kind != "abstract" && kind != "list" && kind != "wrapper" && kind != "type") return std::nullopt;
  for (const Json& part : parts) {
    const std::optional<TypeId> parameter = ReadType(part, types);
    if (!parameter) return std::nullopt;
    parameters.push_back(*parameter);
  }
  if (kind == "list") return types.List(parameters[0]);
  if (kind == "map") return types.Map(parameters[0], parameters[1]);
  if (kind == "wrapper") return types.Nullable(parameters[0]);
  if (kind == "type") return types.TypeOfType(parameters[0]);
  if (type["abstract"] == "optional_type") return types.Optional(parameters.at(0));
  return types.Opaque(type["abstract"].get<std::string>(), parameters);
}

bool SameValue(const Value& expected, const Value& found) {
  if (expected.kind != found.kind) return false;
  switch (expected.kind) {
    case Kind::kDouble: return (std::isnan(expected.real) && std::isnan(found.real)) || expected.real == found.real;
    case Kind::kType: return expected.string() == found.string();
    case Kind::kList:
      if (expected.size != found.size) return false;
      for (std::uint32_t i = 0; i < expected.size; ++i) {
        if (!SameValue(expected.items[i], found.items[i])) return false;
      }
      return true;
    case Kind::kMap:
      if (expected.map->size != found.map->size) return false;
      for (std::uint32_t i = 0; i < expected.map->size; ++i) {
        bool matched = false;
        for (std::uint32_t j = 0; j < found.map->size && !matched; ++j) {
          matched = SameValue(expected.map->entries[i].key, found.map->entries[j].key) &&
                    SameValue(expected.map->entries[i].value, found.map->entries[j].value);
        }
        if (!matched) return false;
      }
      return true;
    default: return ValuesEqual(expected, found);
  }
}

}  // namespace writ::conformance
