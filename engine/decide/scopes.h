// `needs scope`: the principal's scopes, and which would have helped.
#pragma once

#include <string_view>

#include "engine/decide/deciding.h"

namespace writ {

// Returns the principal's scopes: a list of strings, or unknown. O(1).
Value ScopesOf(Deciding& deciding);

// Whether the principal has the scope. Many scopes are hashed by the first call. O(1) expected.
bool HasScope(Deciding& deciding, std::string_view scope);

// Adds the scopes that an allow needs to what its guard came to.
void EvaluateScopes(Deciding& deciding, const Rule& rule, RuleResult& result);

// Finds the sets of scopes that would make some allow hold: Decision::needs_scopes and its
// neighbours. Cold.
void AddMissingScopes(Deciding& deciding, Decision& decision);

}  // namespace writ
