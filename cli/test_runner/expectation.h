// Compares a decision with what a test expects of it.
#pragma once

#include <string>
#include <vector>

#include "cli/test_runner/constant.h"
#include "dsl/syntax/tree.h"
#include "rules/base/result.h"
#include "writ/engine.h"

namespace writ::cli {

// Returns "" when the decision is as expected, else why not, in one sentence. Requires: `test_case` is no kFilter.
// Errors: kInvalidArgument for an expected value that is no constant.
// A request that is not valid, or a decision that passed its budget, is never as expected.
Result<std::string> Mismatch(const TestData& data, const dsl::TestStep& test_case, const Decision& decision);

// The same for `filter TABLE as DIALECT`. Requires: not a text in an SQL dialect.
Result<std::string> FilterMismatch(const dsl::TestStep& test_case, const Decision& decision);

// Returns the rules that did not hold and might have been meant by a case that failed: those that
// the expectation names, else those that could have made it pass, what lacks least first. At most
// three; they point into `decision`. Requires: a decision that explains.
std::vector<const ExplainedRule*> UnheldRules(const dsl::Expectation& expect, const Decision& decision);

// Returns a decision as one line in the words of the test language: `deny because "pin it" by baseline.r1`.
std::string Summary(const Decision& decision);

}  // namespace writ::cli
