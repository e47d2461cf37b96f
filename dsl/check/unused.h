// Declarations that nothing uses, and rules that say the same again. Looks at all files together.
#pragma once

#include <span>

#include "dsl/check/expression_checker.h"
#include "dsl/check/typed_tree.h"
#include "rules/base/source.h"

namespace writ::dsl {

// Reports lets, fns, tables and imports that neither policies nor tests of their package name, and
// rules whose text is that of an earlier one in the same policy, or in a policy of the package that
// is about the same. All are warnings. A package without policies is a library, of which nothing is
// said; nor of signers, which commands name, too. Call when all that was written is there. Cost:
// linear.
void WarnOfUnused(const TypedSet& set, std::span<const SourceFile> files, ExpressionChecker& checker);

}  // namespace writ::dsl
