// From the outcomes of rules to the effect, as docs/language.md, "What is decided", says.
#pragma once

#include <cstdint>

#include "engine/decide/deciding.h"
#include "engine/decide/roles.h"

namespace writ {

// How many rules count for what.
struct Counts {
  std::uint32_t denials = 0, possible_denials = 0, allows = 0, possible_allows = 0;
};
Counts Count(Deciding& deciding);

// Returns what the result plays for the effect: nothing in shadow policies, and only allows in warn
// mode.
Roles EnforcedRolesOf(const Deciding& deciding, const RuleResult& result);
inline bool IsEnforced(const Deciding& deciding, const RuleResult& result, Role wanted) {
  return EnforcedRolesOf(deciding, result).Is(wanted);
}

// Fills the decision from context.results: effect, reason, rules, texts, charges, masks. Requires:
// a decision that is clear.
void Combine(Deciding& deciding, Decision& decision);

// Adds a determining rule, or an error, as far as the lists go.
void AddRule(Deciding& deciding, const RuleResult& result, Decision& decision);
void AddError(Deciding& deciding, const RuleResult& result, Decision& decision);

}  // namespace writ
