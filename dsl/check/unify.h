// Unification for the type checker: which types agree, and what the type variables of one expression stand for.
// The rules are CEL's: dyn agrees with everything; null with nullable types; variables are bound to what they meet, and to the
// more general of two types that agree ([dyn, int] makes dyn). Source: cel-spec langdef.md, "Type Checking".
#pragma once

#include <span>
#include <unordered_map>
#include <utility>
#include <vector>

#include "rules/model/type.h"

namespace writ::dsl {

// Bindings of the type variables of one expression. Not thread-safe.
class Unifier {
 public:
  explicit Unifier(TypeTable& types) : types_(types) {}

  // Forgets all variables: a new expression begins.
  void Reset();
  // Returns a type variable that nothing has met yet.
  TypeId Fresh();
  // True if a value of type `from` may stand where `to` is wanted; then variables are bound. Otherwise nothing changes.
  bool Assignable(TypeId from, TypeId to);
  bool AllAssignable(std::span<const TypeId> from, std::span<const TypeId> to);
  // Returns the more general of two types that agree: the type that both have.
  TypeId MoreGeneral(TypeId a, TypeId b);
  // Returns the type with variables replaced by what they stand for; unbound ones stay, or become dyn when `final`.
  TypeId Resolve(TypeId type, bool final);
  // Returns `type` with the named parameters ("A") replaced by fresh variables; `names` maps those already met.
  TypeId Instantiate(TypeId type, std::vector<std::pair<TypeId, TypeId>>& names);

 private:
  bool Agree(TypeId from, TypeId to);
  bool AgreeSome(TypeId from, TypeId to);
  bool AgreeEnum(TypeId from, TypeId to);
  bool AgreeAll(const std::vector<TypeId>& from, const std::vector<TypeId>& to);
  bool NullAgrees(TypeId type) const;
  // Is `type` a substitution of `variable`? second: the variable was bound before.
  std::pair<bool, bool> Bind(TypeId type, TypeId variable);
  bool Occurs(TypeId variable, TypeId in) const;
  void Set(TypeId variable, TypeId type);
  void Undo(std::size_t mark);
  TypeKind KindOf(TypeId type) const { return types_[type].kind; }

  TypeTable& types_;
  std::unordered_map<TypeId, TypeId> bindings_;
  std::vector<std::pair<TypeId, TypeId>> trail_;  // variable, what it was bound to before (invalid: nothing)
  std::uint32_t next_ = 0;
};

}  // namespace writ::dsl
