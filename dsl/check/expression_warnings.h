// Warnings about single expressions that are well typed and still do not do what they seem to.
#pragma once

#include "dsl/check/expression_checker.h"
#include "dsl/check/typed_tree.h"

namespace writ::dsl {

// Reports time zones that do not exist, near misses of the known members of open records, numbers of one type that meet a value of any
// type, nullable columns that are compared with what may be null, and exceptions to denials whose regular expression matches anywhere
// in a text. All are warnings, and what is not certain is silent. Call after all expressions were checked. Cost: linear.
void WarnOfExpressions(const TypedSet& set, ExpressionChecker& checker);

}  // namespace writ::dsl
