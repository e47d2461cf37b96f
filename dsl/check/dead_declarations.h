// Declarations that can do nothing: what is written, checked, and never matters. Looks at all files together.
#pragma once

#include "dsl/check/expression_checker.h"
#include "dsl/check/typed_tree.h"

namespace writ::dsl {

// Reports scopes that nobody can have, limits and redactions of what nothing allows, targets for which nothing is allowed, names that
// a rule's patterns exclude, constant keys of limits, and messages that show what should stay hidden. All are warnings, and what is
// not certain is silent. Call after all expressions were checked without errors. Cost: linear in the rules, times their patterns.
void CheckDeadDeclarations(const TypedSet& set, ExpressionChecker& checker);

}  // namespace writ::dsl
