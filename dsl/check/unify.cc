// Unification; see unify.h. Recursion is over types, whose depth the depth of the checked expression bounds.
// NOLINTBEGIN(misc-no-recursion): depth <= SourceLimits::max_expression_depth
#include "dsl/check/unify.h"

#include <string>

namespace writ::dsl {
namespace {

bool IsAny(TypeKind kind) { return kind == TypeKind::kDyn || kind == TypeKind::kError; }

}  // namespace

void Unifier::Reset() {
  bindings_.clear();
  trail_.clear();
  next_ = 0;
}

TypeId Unifier::Fresh() { return types_.Parameter("?" + std::to_string(next_++)); }

void Unifier::Set(TypeId variable, TypeId type) {
  const auto found = bindings_.find(variable);
  trail_.emplace_back(variable, found == bindings_.end() ? TypeId() : found->second);
  bindings_[variable] = type;
}

void Unifier::Undo(std::size_t mark) {
  while (trail_.size() > mark) {
    const auto [variable, before] = trail_.back();
    trail_.pop_back();
    if (before.valid()) {
      bindings_[variable] = before;
    } else {
      bindings_.erase(variable);
    }
  }
}

bool Unifier::Assignable(TypeId from, TypeId to) {
  const std::size_t mark = trail_.size();
  if (Agree(from, to)) return true;
  Undo(mark);
  return false;
}

bool Unifier::AllAssignable(std::span<const TypeId> from, std::span<const TypeId> to) {
  if (from.size() != to.size()) return false;
  const std::size_t mark = trail_.size();
  for (std::size_t i = 0; i < from.size(); ++i) {
    if (!Agree(from[i], to[i])) {
      Undo(mark);
      return false;
    }
  }
  return true;
}

bool Unifier::Occurs(TypeId variable, TypeId in) const {
  if (variable == in) return true;
  if (KindOf(in) == TypeKind::kParameter) {
    const auto found = bindings_.find(in);
    return found != bindings_.end() && found->second != in && Occurs(variable, found->second);
  }
  for (const TypeId parameter : types_[in].parameters) {
    if (Occurs(variable, parameter)) return true;
  }
  return false;
}

std::pair<bool, bool> Unifier::Bind(TypeId type, TypeId variable) {
  if (type == variable) return {true, true};
  const auto found = bindings_.find(variable);
  if (found == bindings_.end()) {
    if (Occurs(variable, type)) return {false, false};
    Set(variable, type);
    return {true, false};
  }
  const TypeId bound = found->second;
  if (bound == type) return {true, true};
  if (!Agree(type, bound)) return {false, true};
  const TypeId general = MoreGeneral(type, bound);
  if (!Occurs(variable, general)) Set(variable, general);
  return {true, true};
}

bool Unifier::NullAgrees(TypeId type) const {
  const TypeKind kind = KindOf(type);
  return kind == TypeKind::kNull || kind == TypeKind::kNullable || kind == TypeKind::kTimestamp || kind == TypeKind::kDuration ||
         kind == TypeKind::kOptional || kind == TypeKind::kOpaque;
}

bool Unifier::AgreeAll(const std::vector<TypeId>& from, const std::vector<TypeId>& to) {
  if (from.size() != to.size()) return false;
  for (std::size_t i = 0; i < from.size(); ++i) {
    if (!Agree(from[i], to[i])) return false;
  }
  return true;
}

bool Unifier::Agree(TypeId from, TypeId to) {
  if (from == to) return true;
  if (KindOf(to) == TypeKind::kParameter) {
    const auto [valid, was_bound] = Bind(from, to);
    if (valid) return true;
    if (was_bound) return false;
  }
  if (KindOf(from) == TypeKind::kParameter) return Bind(to, from).first;
  const TypeKind a = KindOf(from);
  const TypeKind b = KindOf(to);
  if (IsAny(a) || IsAny(b)) return true;
  if (a == TypeKind::kNull) return NullAgrees(to);
  if (b == TypeKind::kNull) return NullAgrees(from);
  if (a == TypeKind::kNullable || b == TypeKind::kNullable) return Agree(types_.WithoutNull(from), types_.WithoutNull(to));
  // A record is a map from strings at run time; by its name only it keeps its members.
  if (a == TypeKind::kRecord && b == TypeKind::kMap) {
    const std::vector<TypeId> wanted = types_[to].parameters;
    return Agree(types_.Simple(TypeKind::kString), wanted[0]) && Agree(types_.Simple(TypeKind::kDyn), wanted[1]);
  }
  if (b == TypeKind::kRecord && a == TypeKind::kMap) return Agree(to, from);
  if (a != b) return false;
  switch (a) {
    case TypeKind::kType: return true;
    case TypeKind::kOpaque:
      if (types_[from].name != types_[to].name) return false;
      [[fallthrough]];
    case TypeKind::kList:
    case TypeKind::kMap:
    case TypeKind::kOptional: {
      const std::vector<TypeId> left = types_[from].parameters;  // copies: Agree may grow the table
      const std::vector<TypeId> right = types_[to].parameters;
      return AgreeAll(left, right);
    }
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
    case TypeKind::kNullable:
    case TypeKind::kRecord:
    case TypeKind::kParameter: return false;  // equal ones were accepted above
  }
  return false;
}

TypeId Unifier::MoreGeneral(TypeId a, TypeId b) const {
  if (a == b) return a;
  const TypeKind left = KindOf(a);
  const TypeKind right = KindOf(b);
  if (IsAny(left) || left == TypeKind::kParameter) return a;
  if (IsAny(right) || right == TypeKind::kParameter) return b;
  if (left == TypeKind::kNull) return b;
  if (right == TypeKind::kNull) return a;
  if (left == TypeKind::kNullable) return a;
  if (right == TypeKind::kNullable) return b;
  if (left == TypeKind::kRecord) return b;  // the other one is a map
  if (left != right || right == TypeKind::kRecord) return a;
  const std::vector<TypeId>& ours = types_[a].parameters;
  const std::vector<TypeId>& theirs = types_[b].parameters;
  for (std::size_t i = 0; i < ours.size() && i < theirs.size(); ++i) {
    if (MoreGeneral(ours[i], theirs[i]) != ours[i]) return b;
  }
  return a;
}

TypeId Unifier::Resolve(TypeId type, bool final) {
  if (!type.valid()) return type;
  const TypeKind kind = KindOf(type);
  if (kind == TypeKind::kParameter) {
    const auto found = bindings_.find(type);
    if (found != bindings_.end()) return Resolve(found->second, final);
    return final ? types_.Simple(TypeKind::kDyn) : type;
  }
  if (types_[type].parameters.empty()) return type;
  std::vector<TypeId> resolved = types_[type].parameters;
  for (TypeId& parameter : resolved) parameter = Resolve(parameter, final);
  if (resolved == types_[type].parameters) return type;
  return types_.WithParameters(type, std::move(resolved));
}

TypeId Unifier::Instantiate(TypeId type, std::vector<std::pair<TypeId, TypeId>>& names) {
  const TypeKind kind = KindOf(type);
  if (kind == TypeKind::kParameter) {
    for (const auto& [name, variable] : names) {
      if (name == type) return variable;
    }
    names.emplace_back(type, Fresh());
    return names.back().second;
  }
  if (types_[type].parameters.empty()) return type;
  std::vector<TypeId> parameters = types_[type].parameters;
  for (TypeId& parameter : parameters) parameter = Instantiate(parameter, names);
  return types_.WithParameters(type, std::move(parameters));
}
// NOLINTEND(misc-no-recursion)

}  // namespace writ::dsl
