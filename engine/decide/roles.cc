// From outcomes to roles; see roles.h.
#include "engine/decide/roles.h"

#include "engine/decide/context.h"

namespace writ {
namespace {

constexpr Role RoleOf(OnError error) { return error == OnError::kDeny ? Role::kDenial : Role::kNothing; }

constexpr bool CanDecide(Verb verb) { return verb == Verb::kAllow || verb == Verb::kDeny || verb == Verb::kRequire; }

// Requires: not kUnknown.
Role RoleOf(const Combining& row, Verb verb, Outcome known) {
  const bool failed = known == Outcome::kError, held = known == Outcome::kTrue;
  switch (verb) {
    case Verb::kAllow: return failed ? RoleOf(row.allow) : held ? Role::kAllow : Role::kNothing;
    case Verb::kDeny: return failed ? RoleOf(row.deny) : held ? Role::kDenial : Role::kNothing;
    case Verb::kRequire: return failed ? RoleOf(row.require) : held ? Role::kNothing : Role::kDenial;
    case Verb::kWarn:
    case Verb::kNote:
    case Verb::kLimit:
    case Verb::kRedact:
    case Verb::kMask: return Role::kNothing;
  }
  return Role::kNothing;
}

std::uint16_t PossibleOf(Outcome outcome, std::uint16_t possible) {
  switch (outcome) {
    case Outcome::kTrue: return kMayBeTrue;
    case Outcome::kFalse: return kMayBeFalse;
    case Outcome::kError: return kMayFail;
    case Outcome::kUnknown: return possible == 0 ? kAnyOutcome : possible;
  }
  return kAnyOutcome;
}

// What a condition can come to; one that is not a bool fails.
std::uint16_t PossibleOf(const Value& condition) {
  if (condition.is(Kind::kUnknown)) return PossibleOf(Outcome::kUnknown, condition.code);
  return !condition.is(Kind::kBool) ? kMayFail : condition.boolean ? kMayBeTrue : kMayBeFalse;
}

Outcome OutcomeOf(std::uint16_t possible) {
  switch (possible) {
    case kMayBeTrue: return Outcome::kTrue;
    case kMayBeFalse: return Outcome::kFalse;
    case kMayFail: return Outcome::kError;
    default: return Outcome::kUnknown;  // NOLINT: several
  }
}

}  // namespace

Roles RolesOf(const Combining& row, Verb verb, Outcome outcome, std::uint16_t possible, bool certain) {
  if (outcome != Outcome::kUnknown) return Roles(RoleOf(row, verb, outcome));
  if (verb == Verb::kRequire && certain) return Roles(Role::kDenial);
  possible = PossibleOf(outcome, possible);
  Roles roles;
  if ((possible & kMayBeTrue) != 0) roles = roles | Roles(RoleOf(row, verb, Outcome::kTrue));
  if ((possible & kMayBeFalse) != 0) roles = roles | Roles(RoleOf(row, verb, Outcome::kFalse));
  if ((possible & kMayFail) != 0) roles = roles | Roles(RoleOf(row, verb, Outcome::kError));
  return roles;
}

void ApplyMatch(const Combining& row, Verb verb, const Value& match, RuleResult& result) {
  const std::uint16_t may = PossibleOf(match);
  const bool may_be_skipped = (may & kMayBeFalse) != 0 || ((may & kMayFail) != 0 && row.match == OnError::kSkip);
  std::uint16_t possible = 0;
  Roles roles;
  if ((may & kMayBeTrue) != 0) {
    possible = PossibleOf(result.outcome, result.possible);
    roles = result.roles;
  }
  if (may_be_skipped) {
    possible |= verb == Verb::kRequire ? kMayBeTrue : kMayBeFalse;
    roles = roles | Roles(Role::kNothing);
  }
  if ((may & kMayFail) != 0 && row.match == OnError::kDeny) {
    possible |= kMayFail;
    roles = roles | Roles(CanDecide(verb) ? Role::kDenial : Role::kNothing);
  }
  result.outcome = OutcomeOf(possible);
  result.possible = possible;
  result.certain = result.outcome != Outcome::kUnknown;
  result.roles = roles;
  if (match.is(Kind::kError)) result.error = match;
  if (result.outcome == Outcome::kUnknown) result.error = Value();
}

}  // namespace writ
