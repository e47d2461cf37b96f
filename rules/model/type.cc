// Static types: hash-consing by a text key, printing and reading.
#include "rules/model/type.h"

#include <algorithm>
#include <utility>

#include "rules/base/check.h"

namespace writ {
namespace {

constexpr std::string_view kSimpleNames[] = {"error", "dyn",
#define WRIT_NAME(id, name, type_name, wanted, found) name,
                                             WRIT_SCALAR_KINDS(WRIT_NAME)
#undef WRIT_NAME
};
static_assert(std::size(kSimpleNames) == kSimpleTypeCount);

std::string Quoted(std::string_view text) {
  std::string quoted = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') quoted += '\\';
    quoted += c;
  }
  return quoted + '"';
}

}  // namespace

TypeTable::TypeTable() {
  for (std::size_t i = 0; i < std::size(kSimpleNames); ++i)
    types_.push_back(Type{static_cast<TypeKind>(i), std::string(kSimpleNames[i]), {}, {}, false});
}

TypeTable::TypeTable(std::span<const Type> types) : TypeTable() {
  for (std::size_t i = kSimpleTypeCount; i < types.size(); ++i) {
    interned_.emplace(KeyOf(types[i].kind, types[i].name, types[i].parameters), TypeId(i));
    types_.push_back(types[i]);
  }
}

TypeId TypeTable::Nullable(TypeId inner) {
  switch (types_[inner.index].kind) {
    case TypeKind::kError:
    case TypeKind::kDyn:
    case TypeKind::kNull:
    case TypeKind::kNullable: return inner;
    default: return Intern(TypeKind::kNullable, "", {inner});  // NOLINT: the others have no null
  }
}

// Its text is its name, so that equal enums are one type.
TypeId TypeTable::Enum(std::span<const std::string_view> values) {
  WRIT_CHECK(!values.empty());
  std::string name;
  std::vector<RecordField> fields;
  for (const std::string_view value : values) {
    if (std::any_of(fields.begin(), fields.end(), [&](const RecordField& field) { return field.name == value; })) continue;
    name += (fields.empty() ? "enum(" : ", ") + Quoted(value);
    fields.push_back({std::string(value), SimpleType(TypeKind::kString)});
  }
  const TypeId id = Intern(TypeKind::kEnum, name + ")", {});
  types_[id.index].fields = std::move(fields);
  return id;
}

TypeId TypeTable::Union(std::span<const TypeId> alternatives) {
  std::vector<TypeId> kept;
  bool is_nullable = false;
  for (const TypeId alternative : alternatives) {
    const TypeId type = WithoutNull(alternative);
    const TypeKind kind = types_[type.index].kind;
    if (kind == TypeKind::kDyn || kind == TypeKind::kError) return SimpleType(TypeKind::kDyn);
    is_nullable = is_nullable || type != alternative || kind == TypeKind::kNull;
    if (kind == TypeKind::kUnion) {
      kept.insert(kept.end(), types_[type.index].parameters.begin(), types_[type.index].parameters.end());
    } else if (kind != TypeKind::kNull) {
      kept.push_back(type);
    }
  }
  std::sort(kept.begin(), kept.end());
  kept.erase(std::unique(kept.begin(), kept.end()), kept.end());
  if (kept.empty()) return SimpleType(TypeKind::kNull);
  const TypeId type = kept.size() == 1 ? kept[0] : Intern(TypeKind::kUnion, "", std::move(kept));
  return is_nullable ? Nullable(type) : type;
}

TypeId TypeTable::Record(std::string_view name, std::string_view qualifier, std::vector<RecordField> fields, bool open) {
  std::string chosen(name);
  for (int attempt = 0;; ++attempt) {
    const auto [found, is_new] = interned_.emplace(KeyOf(TypeKind::kRecord, chosen, {}), TypeId(types_.size()));
    if (is_new) {
      types_.push_back(Type{TypeKind::kRecord, std::move(chosen), {}, std::move(fields), open});
      return found->second;
    }
    const Type& other = types_[found->second.index];
    if (other.open == open && other.fields == fields) return found->second;
    chosen = std::string(name) + " of " + std::string(qualifier);
    if (attempt > 0) chosen += " (" + std::to_string(attempt + 1) + ")";
  }
}

// Records are known by their name.
std::string TypeTable::KeyOf(TypeKind kind, std::string_view name, std::span<const TypeId> parameters) {
  std::string key(1, static_cast<char>('a' + static_cast<int>(kind)));
  key += name;
  for (const TypeId parameter : parameters) {
    key += '\x1f';
    key += std::to_string(parameter.index);
  }
  return key;
}

TypeId TypeTable::Intern(TypeKind kind, std::string_view name, std::vector<TypeId> parameters) {
  const auto [found, is_new] = interned_.emplace(KeyOf(kind, name, parameters), TypeId(types_.size()));
  if (is_new) types_.push_back(Type{kind, std::string(name), std::move(parameters), {}, false});
  return found->second;
}

// NOLINTNEXTLINE(misc-no-recursion): types are as deep as their expressions
TypeId TypeTable::Settled(TypeId id) {
  if (!id.valid()) return SimpleType(TypeKind::kDyn);
  const Type type = types_[id.index];  // a copy: interning moves the table
  if (type.kind == TypeKind::kError || type.kind == TypeKind::kParameter) return SimpleType(TypeKind::kDyn);
  if (type.parameters.empty()) return id;
  std::vector<TypeId> parameters;
  for (const TypeId parameter : type.parameters) parameters.push_back(Settled(parameter));
  return parameters == type.parameters ? id : WithParameters(id, std::move(parameters));
}

TypeId TypeTable::WithParameters(TypeId id, std::vector<TypeId> parameters) {
  const Type type = types_[id.index];  // a copy: interning moves the table
  if (type.kind == TypeKind::kNullable) return Nullable(parameters[0]);
  if (type.kind == TypeKind::kUnion) return Union(parameters);
  return Intern(type.kind, type.name, std::move(parameters));
}

// NOLINTNEXTLINE(misc-no-recursion): types are as deep as their expressions
std::string TypeText(std::span<const Type> types, TypeId id) {
  if (!id.valid()) return "dyn";
  if (id.index >= types.size()) return "type " + std::to_string(id.index);
  const Type& type = types[id.index];
  std::string text;
  switch (type.kind) {
#define WRIT_NAME(id, name, type_name, wanted, found) \
  case TypeKind::k##id: text = name; break;
    WRIT_COMPOSITE_KINDS(WRIT_NAME)
#undef WRIT_NAME
    case TypeKind::kUnion: text = "union"; break;
    case TypeKind::kNullable: return TypeText(types, type.parameters.empty() ? TypeId() : type.parameters[0]) + '?';
    case TypeKind::kParameter: return type.name.starts_with('?') ? "dyn" : type.name;
    default: text = type.name; break;  // NOLINT: all others are called by their name
  }
  if (type.parameters.empty()) return text;
  text += '(';
  for (std::size_t i = 0; i < type.parameters.size(); ++i) {
    if (i > 0) text += ", ";
    text += TypeText(types, type.parameters[i]);
  }
  return text + ')';
}

namespace {

void SkipBlanks(std::string_view& text) {
  while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
}

// A string in quotes, without escapes.
std::string_view ReadQuoted(std::string_view& text) {
  SkipBlanks(text);
  const std::size_t end = text.find('"', 1);
  WRIT_CHECK(text.starts_with('"') && end != std::string_view::npos);
  const std::string_view value = text.substr(1, end - 1);
  text.remove_prefix(end + 1);
  return value;
}

bool Take(std::string_view& text, char token) {
  SkipBlanks(text);
  if (text.empty() || text.front() != token) return false;
  text.remove_prefix(1);
  return true;
}

// Bytes of the name that `text` begins with: "net.IP", but "string" of "string.(int)->bool".
std::size_t NameSize(std::string_view text) {
  constexpr std::string_view kNameBytes = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.";
  std::size_t size = std::min(text.find_first_not_of(kNameBytes), text.size());
  if (size > 0 && text[size - 1] == '.') --size;
  return size;
}

// The text is ours: what does not fit is a bug.
//
// NOLINTNEXTLINE(misc-no-recursion): depth of the types in our tables, 3
TypeId ReadNonNull(std::string_view& text, TypeTable& types) {
  SkipBlanks(text);
  const std::string_view name = text.substr(0, NameSize(text));
  text.remove_prefix(name.size());
  WRIT_CHECK(!name.empty());
  if (name.size() == 1) return types.Parameter(name);
  for (std::size_t i = 0; i < kSimpleTypeCount; ++i) {
    if (kSimpleNames[i] == name) return TypeId(i);
  }
  std::vector<TypeId> parameters;
  std::vector<std::string_view> values;
  if (Take(text, '(')) {
    if (name == "enum") {
      do values.push_back(ReadQuoted(text));
      while (Take(text, ','));
    } else {
      do parameters.push_back(ReadType(text, types));
      while (Take(text, ','));
    }
    WRIT_CHECK(Take(text, ')'));
  }
  if (name == "enum") return types.Enum(values);
  if (name == "union") return types.Union(parameters);
  if (name == "list") return types.List(parameters.at(0));
  if (name == "map") return types.Map(parameters.at(0), parameters.at(1));
  if (name == "opt" || name == "optional_type") return types.Optional(parameters.at(0));
  if (name == "type") return types.TypeOfType(parameters.at(0));
  return types.Opaque(name, std::move(parameters));
}

}  // namespace

// NOLINTNEXTLINE(misc-no-recursion): see ReadNonNull
TypeId ReadType(std::string_view& text, TypeTable& types) {
  const TypeId type = ReadNonNull(text, types);
  return Take(text, '?') ? types.Nullable(type) : type;
}

TypeId TypeOfText(std::string_view text, TypeTable& types) {
  const TypeId type = ReadType(text, types);
  SkipBlanks(text);
  WRIT_CHECK(text.empty());
  return type;
}

}  // namespace writ
