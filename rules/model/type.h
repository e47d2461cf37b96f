// Static types, hash-consed: two equal types have the same TypeId of one TypeTable. The one
// description of types: members of targets (rules/model/target_types.h), slots, columns and nodes
// of a program (rules/ir/program.h), parameters of functions, and what the checker knows of
// expressions.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "rules/base/ids.h"
#include "rules/model/kind_list.h"
#include "rules/model/value.h"

namespace writ {

using TypeId = Id<struct TypeTag>;

enum class TypeKind : std::uint8_t {
  kError,  // of an expression that already has a diagnostic: agrees with everything
  kDyn,
// Those of values (kind_list.h). Parameters: of kList the element; of kMap key and value; of
// kOptional what is inside; of kType the type whose value it is (or none: any type).
#define WRIT_ENUM(id, name, type_name, wanted, found) k##id,
  WRIT_VALUE_KINDS(WRIT_ENUM)
#undef WRIT_ENUM
      kNullable,  // parameters: what it is when it is not null; CEL's wrapper
  kOpaque,        // name and parameters: only functions know its inside: "url", "cidr"
  kRecord,        // name and fields
  kEnum,          // fields: the strings that it can be, by name; a string to everybody else
  kUnion,         // parameters: two or more alternatives, sorted, no union or nullable
  kParameter,     // name: "A" in a signature, or a unification variable "?7"
};

// Can a type of this kind have so many parameters?
constexpr bool TakesParameters(TypeKind kind, std::size_t count) {
  switch (kind) {
    case TypeKind::kMap: return count == 2;
    case TypeKind::kList:
    case TypeKind::kOptional:
    case TypeKind::kNullable: return count == 1;
    case TypeKind::kType: return count <= 1;
    case TypeKind::kUnion: return count >= 2;
    case TypeKind::kOpaque: return true;
    default: return count == 0;  // NOLINT: simple ones and records
  }
}

struct RecordField {
  std::string name;
  TypeId type;
  bool optional = false;  // may be absent: using it may be an error; has() and .? are not constant
  friend bool operator==(const RecordField&, const RecordField&) = default;
};

struct Type {
  TypeKind kind = TypeKind::kDyn;
  std::string name;
  std::vector<TypeId> parameters;
  std::vector<RecordField> fields;  // kRecord
  bool open = false;                // kRecord: members not listed are dyn
  friend bool operator==(const Type&, const Type&) = default;
};

// The static kind of a value: dyn for faults and nothing.
constexpr TypeKind TypeKindOf(Kind kind) {
  const bool is_value = kind >= Kind::kNull && kind <= Kind::kType;
  return is_value ? static_cast<TypeKind>(static_cast<int>(kind) - static_cast<int>(Kind::kNull) + static_cast<int>(TypeKind::kNull))
                  : TypeKind::kDyn;
}
static_assert(TypeKindOf(Kind::kType) == TypeKind::kType && TypeKindOf(Kind::kError) == TypeKind::kDyn);

// The id of kError … kDuration, the same in every table.
constexpr TypeId SimpleType(TypeKind kind) { return TypeId(static_cast<std::size_t>(kind)); }
inline constexpr std::size_t kSimpleTypeCount = static_cast<std::size_t>(TypeKind::kDuration) + 1;

// Returns "list(map(string, int))", as people write types; records by their name. `types` as
// TypeTable has them. An id out of range is shown as one.
std::string TypeText(std::span<const Type> types, TypeId id);

// Owns types. Not thread-safe.
class TypeTable {
 public:
  TypeTable();
  // Begins with the types of a verified program: their ids stay. O(types).
  explicit TypeTable(std::span<const Type> types);

  TypeId Simple(TypeKind kind) const { return SimpleType(kind); }  // kError … kDuration
  TypeId List(TypeId element) { return Intern(TypeKind::kList, "", {element}); }
  TypeId Map(TypeId key, TypeId value) { return Intern(TypeKind::kMap, "", {key, value}); }
  TypeId Optional(TypeId inner) { return Intern(TypeKind::kOptional, "", {inner}); }
  TypeId TypeOfType(TypeId type) { return Intern(TypeKind::kType, "", {type}); }
  // The same type when null is one of its values already.
  TypeId Nullable(TypeId inner);
  // What is left when null is taken away; the same type when it is not kNullable.
  TypeId WithoutNull(TypeId type) const { return types_[type.index].kind == TypeKind::kNullable ? types_[type.index].parameters[0] : type; }
  TypeId Opaque(std::string_view name, std::vector<TypeId> parameters) { return Intern(TypeKind::kOpaque, name, std::move(parameters)); }
  // Values stay in their order, each once. Requires: at least one.
  TypeId Enum(std::span<const std::string_view> values);
  // Any of the alternatives: dyn if one of them is, nullable if one is null or nullable, the
  // alternative itself if it is the only one.
  TypeId Union(std::span<const TypeId> alternatives);
  TypeId Parameter(std::string_view name) { return Intern(TypeKind::kParameter, name, {}); }
  // Returns the record that has this name and these fields, declaring it when it is not there. When
  // another record has the name, the new one is called "name of `qualifier`".
  TypeId Record(std::string_view name, std::string_view qualifier, std::vector<RecordField> fields, bool open);
  // Returns the type that has other parameters. Requires: as many as the type has, which is no
  // record.
  TypeId WithParameters(TypeId type, std::vector<TypeId> parameters);

  const Type& operator[](TypeId id) const { return types_[id.index]; }
  std::span<const Type> types() const { return types_; }
  std::string Text(TypeId id) const { return TypeText(types_, id); }
  // Returns the type as programs have it: what inference left open, and what had a diagnostic, is
  // dyn. O(size of the type).
  TypeId Settled(TypeId id);

 private:
  TypeId Intern(TypeKind kind, std::string_view name, std::vector<TypeId> parameters);
  static std::string KeyOf(TypeKind kind, std::string_view name, std::span<const TypeId> parameters);
  std::vector<Type> types_;
  std::unordered_map<std::string, TypeId> interned_;
};

// Reads a type off the front of `text`, in the notation of our own tables, which is that of
// TypeText: "list(string)", "map(A, B)" with type parameters of one letter, "string?",
// "optional_type(A)" (or "opt(A)"), "enum(\"read\", \"write\")", "union(int, string)"; any other
// name is an opaque type. Requires: well-formed.
TypeId ReadType(std::string_view& text, TypeTable& types);
// The whole of `text` as a type.
TypeId TypeOfText(std::string_view text, TypeTable& types);

}  // namespace writ
