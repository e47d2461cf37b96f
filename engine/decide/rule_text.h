// The words of decisions: rules as decisions show them, messages and their defaults.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "engine/decide/context.h"
#include "engine/decide/policy_set.h"
#include "engine/eval/evaluator.h"
#include "rules/ir/program.h"
#include "writ/engine.h"

namespace writ {

// Returns the rule as decisions list it. Views point into `policies`.
RuleOutcome DescribeRule(const PolicySet::Impl& policies, RuleId rule, Outcome outcome);

// Returns "policy.rule", with the package where policies of one name could be confused.
std::string QualifiedRuleName(const PolicySet::Impl& policies, const Rule& rule);

// Returns a message with its holes filled, cut with "…" after kMaxOneTextBytes. Runs expressions:
// the evaluator's budget may run out. O(kMaxOneTextBytes), whatever the values in its holes are.
std::string RenderMessage(const Program& program, RangeOf<MessagePart> message, Evaluator& evaluator);

// Returns "1 rule", "50,000 rules".
std::string CountedRules(std::uint64_t count);

// Returns "release or platform", "a and (b or c)", "at least 2 of a, b, c". Requires: a verified expression.
std::string SignersText(const Program& program, std::span<const SignerTerm> signers);

// Returns "signed by release", "attested T by release where C".
std::string DemandText(const Program& program, const SignatureDemand& demand);

// Returns `"slack:admin" in principal.scopes`.
std::string ScopeText(std::string_view scope);

// Returns "1m", "1h30m", "250ms".
std::string PeriodText(std::int64_t nanos);

}  // namespace writ
