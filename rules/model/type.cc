// Static types: hash-consing by a text key, names of member types, printing.
#include "rules/model/type.h"

#include <utility>

#include "rules/base/check.h"

namespace writ {
namespace {

constexpr std::string_view kSimpleNames[] = {"error",  "dyn",    "null_type", "bool",      "int",     "uint",
                                             "double", "string", "bytes",     "timestamp", "duration"};

}  // namespace

TypeTable::TypeTable() {
  for (std::size_t i = 0; i < std::size(kSimpleNames); ++i)
    types_.push_back(Type{static_cast<TypeKind>(i), std::string(kSimpleNames[i]), {}, {}, false});
}

TypeId TypeTable::Record(std::string_view name, std::vector<RecordField> fields, bool open) {
  std::string key = "R";
  key += name;
  WRIT_CHECK(!interned_.contains(key));
  const TypeId id(types_.size());
  types_.push_back(Type{TypeKind::kRecord, std::string(name), {}, std::move(fields), open});
  interned_.emplace(std::move(key), id);
  return id;
}

TypeId TypeTable::OfMember(MemberType type) {
  switch (type) {
    case MemberType::kDyn: return Simple(TypeKind::kDyn);
    case MemberType::kBool: return Simple(TypeKind::kBool);
    case MemberType::kInt: return Simple(TypeKind::kInt);
    case MemberType::kUint: return Simple(TypeKind::kUint);
    case MemberType::kDouble: return Simple(TypeKind::kDouble);
    case MemberType::kString: return Simple(TypeKind::kString);
    case MemberType::kBytes: return Simple(TypeKind::kBytes);
    case MemberType::kTimestamp: return Simple(TypeKind::kTimestamp);
    case MemberType::kDuration: return Simple(TypeKind::kDuration);
    case MemberType::kStringList: return List(Simple(TypeKind::kString));
    case MemberType::kDynMap:
    case MemberType::kRecord: return Map(Simple(TypeKind::kString), Simple(TypeKind::kDyn));
    case MemberType::kDynList: return List(Simple(TypeKind::kDyn));
  }
  WRIT_CHECK(false);
}

TypeId TypeTable::Intern(TypeKind kind, std::string_view name, std::vector<TypeId> parameters) {
  std::string key(1, static_cast<char>('a' + static_cast<int>(kind)));
  key += name;
  for (const TypeId parameter : parameters) {
    key += '\x1f';
    key += std::to_string(parameter.index);
  }
  const auto [found, is_new] = interned_.emplace(std::move(key), TypeId(types_.size()));
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
  return parameters == type.parameters ? id : Intern(type.kind, type.name, std::move(parameters));
}

// NOLINTNEXTLINE(misc-no-recursion): types are as deep as their expressions
std::string TypeText(std::span<const Type> types, TypeId id) {
  if (!id.valid()) return "dyn";
  if (id.index >= types.size()) return "type " + std::to_string(id.index);
  const Type& type = types[id.index];
  std::string text;
  switch (type.kind) {
    case TypeKind::kList: text = "list"; break;
    case TypeKind::kMap: text = "map"; break;
    case TypeKind::kOptional: text = "optional_type"; break;
    case TypeKind::kType: text = "type"; break;
    case TypeKind::kWrapper: text = "wrapper"; break;
    case TypeKind::kParameter: return type.name.starts_with('?') ? "dyn" : type.name;
    case TypeKind::kRecord: return type.name;
    case TypeKind::kError:
    case TypeKind::kDyn:
    case TypeKind::kNull:
    case TypeKind::kBool:
    case TypeKind::kInt:
    case TypeKind::kUint:
    case TypeKind::kDouble:
    case TypeKind::kString:
    case TypeKind::kBytes:
    case TypeKind::kTimestamp:
    case TypeKind::kDuration:
    case TypeKind::kAbstract: text = type.name; break;
  }
  if (type.parameters.empty()) return text;
  text += '(';
  for (std::size_t i = 0; i < type.parameters.size(); ++i) {
    if (i > 0) text += ", ";
    text += TypeText(types, type.parameters[i]);
  }
  return text + ')';
}

}  // namespace writ
