// Unification; see unify.h. Recursion is over types, whose depth the depth of the checked expression bounds.
// NOLINTBEGIN(misc-no-recursion): depth <= SourceLimits::max_expression_depth
#include "dsl/check/unify.h"

#include <algorithm>
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
  if (a == TypeKind::kUnion || b == TypeKind::kUnion) return AgreeSome(from, to);
  if (a == TypeKind::kEnum || b == TypeKind::kEnum) return AgreeEnum(from, to);
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
    default: return false;  // NOLINT: equal ones, and unequal kinds, are done above
  }
}

// A value is of one of the alternatives, and which one is seen when it is there: as with dyn, what
// some alternative allows is allowed.
bool Unifier::AgreeSome(TypeId from, TypeId to) {
  const bool is_from = KindOf(from) == TypeKind::kUnion;
  // A copy: Agree may grow the table.
  const std::vector<TypeId> alternatives = types_[is_from ? from : to].parameters;
  return std::any_of(alternatives.begin(), alternatives.end(),
                     [&](TypeId one) { return is_from ? Assignable(one, to) : Assignable(from, one); });
}

// An enum is a string. Two of them agree when some value is in both: else nothing is of both types.
bool Unifier::AgreeEnum(TypeId from, TypeId to) {
  const Type &a = types_[from], &b = types_[to];
  if (a.kind == TypeKind::kString || b.kind == TypeKind::kString) return true;
  if (a.kind != b.kind) return false;
  return std::any_of(a.fields.begin(), a.fields.end(),
                     [&](const RecordField& field) { return std::find(b.fields.begin(), b.fields.end(), field) != b.fields.end(); });
}

TypeId Unifier::MoreGeneral(TypeId a, TypeId b) {
  if (a == b) return a;
  const TypeKind left = KindOf(a);
  const TypeKind right = KindOf(b);
  if (IsAny(left) || left == TypeKind::kParameter) return a;
  if (IsAny(right) || right == TypeKind::kParameter) return b;
  if (left == TypeKind::kNull) return b;
  if (right == TypeKind::kNull) return a;
  if (left == TypeKind::kNullable || right == TypeKind::kNullable)
    return types_.Nullable(MoreGeneral(types_.WithoutNull(a), types_.WithoutNull(b)));
  if (left == TypeKind::kUnion || right == TypeKind::kUnion) {
    const TypeId both[] = {a, b};
    return types_.Union(both);
  }
  if (left == TypeKind::kEnum || right == TypeKind::kEnum) return types_.Simple(TypeKind::kString);
  if (left == TypeKind::kRecord) return b;  // the other one is a map
  if (left != right || right == TypeKind::kRecord) return a;
  const std::vector<TypeId> ours = types_[a].parameters;  // copies: MoreGeneral may grow the table
  const std::vector<TypeId> theirs = types_[b].parameters;
  std::vector<TypeId> merged;
  bool is_new = false;  // some part is more general than both
  for (std::size_t i = 0; i < ours.size() && i < theirs.size(); ++i) {
    merged.push_back(MoreGeneral(ours[i], theirs[i]));
    is_new = is_new || (merged[i] != ours[i] && merged[i] != theirs[i]);
  }
  if (is_new) return types_.WithParameters(a, std::move(merged));
  return merged == ours ? a : b;  // the other one as a whole, as CEL does
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
