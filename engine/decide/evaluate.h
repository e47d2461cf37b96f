// What each rule comes to.
#pragma once

#include "engine/decide/deciding.h"
#include "engine/eval/evaluator.h"

namespace writ {

// Returns what a condition came to. One that is no bool becomes an error: the verifier does not
// know types.
Outcome OutcomeOf(Value& condition);

// Finds the candidates and evaluates them into context.results, without those that are false and
// from which nothing follows; ends early when the budget does. Requires: the evaluator has begun.
void EvaluateCandidates(Deciding& deciding);

// Evaluates one rule: match condition, guard, scopes, images, and what it counts for. `observer`
// may be nullptr.
RuleResult EvaluateRule(Deciding& deciding, RuleId id, ReadObserver* observer);

// Whether the rule's policy applies: its match condition, if it has one, is true.
bool IsMatched(Deciding& deciding, const Rule& rule);

}  // namespace writ
