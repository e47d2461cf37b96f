// The enums that records of a program hold, with their members counted and named in one place: for
// the verifier, the dump and the bundle.
//
// A bundle writes the members of the *named* lists by name, so that adding one needs no new version
// of the format and order does not matter. The members of the others are written as their numbers,
// which must never change.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "rules/function/function.h"
#include "rules/ir/program.h"
#include "rules/model/value.h"

namespace writ {

constexpr std::string_view CombiningAlgorithmName(CombiningAlgorithm /*member*/) { return "deny-overrides"; }
constexpr std::string_view OnErrorName(OnError member) { return member == OnError::kSkip ? "skip" : "deny"; }

// Number of the list in a bundle, enum, how many members, name of a member, what one is called.
#define WRIT_NAMED_ENUMS(E)                                                                               \
  E(1, NodeKind, kNodeKindCount, NodeKindName(member), "kind of expression")                              \
  E(2, Function, kFunctionCount, InfoOf(member).name, "function")                                         \
  E(3, Target, kTargetCount, InfoOf(member).name, "target")                                               \
  E(4, Verb, static_cast<std::size_t>(Verb::kMask) + 1, VerbName(member), "verb")                         \
  E(5, PolicyMode, static_cast<std::size_t>(PolicyMode::kWarn) + 1, PolicyModeName(member), "mode")       \
  E(6, ValueError, kValueErrorCount, ValueErrorName(member), "error")                                     \
  E(7, Kind, static_cast<std::size_t>(Kind::kUnknown) + 1, TypeName(member), "kind of constant")          \
  E(8, CombiningAlgorithm, 1, CombiningAlgorithmName(member), "way to combine rules")                     \
  E(9, OnError, static_cast<std::size_t>(OnError::kDeny) + 1, OnErrorName(member), "meaning of an error") \
  E(10, ColumnOptionKind, kColumnOptionCount, ColumnOptionName(member), "option of a column")             \
  E(11, SqlDialect, kSqlDialectCount, SqlDialectName(member), "SQL dialect")

// Enum, last member.
#define WRIT_NUMBERED_ENUMS(E)                                            \
  E(TypeKind, TypeKind::kUnion) /* parameters stand in signatures only */ \
  E(Discriminator::Kind, Discriminator::Kind::kContains)                  \
  E(MaskKind, MaskKind::kNull)                                            \
  E(SignerTerm::Kind, SignerTerm::Kind::kAtLeast)                         \
  E(Signer::Kind, Signer::Kind::kOwnPki)                                  \
  E(SignerOptionKind, static_cast<SignerOptionKind>(kSignerOptionCount - 1))

// How many members the enum has; they are 0, 1, 2, …
template <typename Enum>
inline constexpr std::size_t kMemberCount = 0;

#define WRIT_NAMED(number, Enum, count, name, what)        \
  template <>                                              \
  inline constexpr std::size_t kMemberCount<Enum> = count; \
  inline std::string_view MemberName(Enum member) { return name; }
WRIT_NAMED_ENUMS(WRIT_NAMED)
#undef WRIT_NAMED

#define WRIT_NUMBERED(Enum, last) \
  template <>                     \
  inline constexpr std::size_t kMemberCount<Enum> = static_cast<std::size_t>(last) + 1;
WRIT_NUMBERED_ENUMS(WRIT_NUMBERED)
#undef WRIT_NUMBERED

}  // namespace writ
