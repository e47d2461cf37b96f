// What a rule's outcome counts for, by the row of its policy (rules/ir/program.h, Combining).
//
//   deny, native row      true -> denial    false -> nothing    error -> denial
//   deny, skipping row    true -> denial    false -> nothing    error -> nothing
//   unknown, may be false or fail           nothing or denial   nothing
//
// An unknown outcome counts for all that its possible outcomes count for. So a rule is known to
// decide, or known not to, as soon as everything that it can still come to means the same.
#pragma once

#include <cstdint>

#include "rules/ir/program.h"
#include "rules/model/value.h"
#include "writ/engine.h"

namespace writ {

struct RuleResult;

enum class Role : std::uint8_t { kNothing, kAllow, kDenial };

// The roles that a rule can still play: one when its outcome is known.
class Roles {
 public:
  constexpr Roles() = default;  // none at all: of no result
  constexpr explicit Roles(Role role) : bits_(BitOf(role)) {}

  constexpr bool Is(Role role) const { return bits_ == BitOf(role); }
  constexpr bool MayBe(Role role) const { return (bits_ & BitOf(role)) != 0; }
  // It can still play the role, or another.
  constexpr bool IsOpen(Role role) const { return MayBe(role) && !Is(role); }
  // Returns the roles with nothing in the place of a denial.
  constexpr Roles WithoutDenials() const {
    if (!MayBe(Role::kDenial)) return *this;
    return Roles(static_cast<std::uint8_t>((bits_ & ~BitOf(Role::kDenial)) | BitOf(Role::kNothing)));
  }
  friend constexpr Roles operator|(Roles a, Roles b) { return Roles(static_cast<std::uint8_t>(a.bits_ | b.bits_)); }
  friend constexpr bool operator==(Roles, Roles) = default;

 private:
  constexpr explicit Roles(std::uint8_t bits) : bits_(bits) {}
  static constexpr std::uint8_t BitOf(Role role) { return static_cast<std::uint8_t>(1U << static_cast<unsigned>(role)); }

  std::uint8_t bits_ = 0;
};

// Returns what a rule counts for. `possible`: of kUnknown, a set of kMayBeTrue, kMayBeFalse and
// kMayFail; 0 says no more than all three. `certain`: of kUnknown, whether it hangs on a fact that
// is missing, not on what the caller declared unknown; such a fact meets no requirement. O(1).
Roles RolesOf(const Combining& row, Verb verb, Outcome outcome, std::uint16_t possible, bool certain);

// Puts the match condition of the rule's policy, which is not true, before what the rule came to. A
// false one is a rule that does not apply; of an unknown one `result` is what the rule comes to
// where it is true.
void ApplyMatch(const Combining& row, Verb verb, const Value& match, RuleResult& result);

}  // namespace writ
