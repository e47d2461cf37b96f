// Static types of the language, hash-consed: two equal types have the same TypeId of one TypeTable.
//
// The checker types expressions with them, and the nodes of a program carry them (rules/ir/node.h).
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "rules/base/ids.h"
#include "rules/model/target.h"

namespace writ {

using TypeId = Id<struct TypeTag>;

enum class TypeKind : std::uint8_t {
  kError,  // of an expression that already has a diagnostic: agrees with everything
  kDyn,
  kNull,
  kBool,
  kInt,
  kUint,
  kDouble,
  kString,
  kBytes,
  kTimestamp,
  kDuration,
  kList,       // parameters: element
  kMap,        // parameters: key, value
  kOptional,   // parameters: inner
  kType,       // parameters: the type whose value it is (may be empty: any type)
  kWrapper,    // parameters: a primitive; nullable
  kAbstract,   // name and parameters: declared by an environment
  kRecord,     // name and fields
  kParameter,  // name: "A" in a signature, or a unification variable "?7"
};

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

// The id of kError … kDuration, the same in every table.
constexpr TypeId SimpleType(TypeKind kind) { return TypeId(static_cast<std::size_t>(kind)); }
inline constexpr std::size_t kSimpleTypeCount = static_cast<std::size_t>(TypeKind::kDuration) + 1;

// Returns "list(map(string, int))", the form that the CEL vectors and diagnostics use; records by
// their name. `types` as TypeTable has them. An id out of range is shown as one.
std::string TypeText(std::span<const Type> types, TypeId id);

// Owns types. Not thread-safe. A record is identified by its name: declare each once.
class TypeTable {
 public:
  TypeTable();

  TypeId Simple(TypeKind kind) const { return SimpleType(kind); }  // kError … kDuration
  TypeId List(TypeId element) { return Intern(TypeKind::kList, "", {element}); }
  TypeId Map(TypeId key, TypeId value) { return Intern(TypeKind::kMap, "", {key, value}); }
  TypeId Optional(TypeId inner) { return Intern(TypeKind::kOptional, "", {inner}); }
  TypeId TypeOfType(TypeId type) { return Intern(TypeKind::kType, "", {type}); }
  TypeId Wrapper(TypeId primitive) { return Intern(TypeKind::kWrapper, "", {primitive}); }
  TypeId Abstract(std::string_view name, std::vector<TypeId> parameters) {
    return Intern(TypeKind::kAbstract, name, std::move(parameters));
  }
  TypeId Parameter(std::string_view name) { return Intern(TypeKind::kParameter, name, {}); }
  // Declares a record. Requires: the name is new.
  TypeId Record(std::string_view name, std::vector<RecordField> fields, bool open);
  // The type that a MemberType of rules/model/target.h has; kRecord gives map(string, dyn).
  TypeId OfMember(MemberType type);

  const Type& operator[](TypeId id) const { return types_[id.index]; }
  std::span<const Type> types() const { return types_; }
  std::string Text(TypeId id) const { return TypeText(types_, id); }
  // Returns the type as programs have it: what inference left open, and what had a diagnostic, is
  // dyn. O(size of the type).
  TypeId Settled(TypeId id);

 private:
  TypeId Intern(TypeKind kind, std::string_view name, std::vector<TypeId> parameters);
  std::vector<Type> types_;
  std::unordered_map<std::string, TypeId> interned_;
};

}  // namespace writ
