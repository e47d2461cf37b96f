// What each rule comes to; see evaluate.h.
#include "engine/decide/evaluate.h"

#include <vector>

#include "engine/decide/candidates.h"
#include "engine/decide/image_requirement.h"
#include "engine/decide/scopes.h"

namespace writ {
namespace {

// Of a rule whose policy applies, and what its guard came to.
RuleResult ResultOf(Deciding& deciding, RuleId id, Value guard, ReadObserver* observer) {
  const Rule& rule = deciding.program.rules[id.index];
  RuleResult result{.rule = id, .outcome = OutcomeOf(guard)};
  if (result.outcome == Outcome::kError) result.error = guard;
  if (result.outcome == Outcome::kUnknown) result.possible = guard.code;
  result.certain = result.outcome != Outcome::kUnknown;
  if (!rule.needs_scopes.empty()) EvaluateScopes(deciding, rule, result);
  if (deciding.program.image(rule) != nullptr) EvaluateImages(deciding, rule, result, observer);
  result.roles = RolesOf(deciding.program.combining(rule), rule.verb, result.outcome, result.possible, result.certain);
  return result;
}

Value GuardOf(Deciding& deciding, const Rule& rule, ReadObserver* observer) {
  return rule.guard.valid() ? deciding.context.evaluator.Run(rule.guard, observer) : Value::Bool(true);
}

RuleResult EvaluateMatched(Deciding& deciding, RuleId id, ReadObserver* observer) {
  return ResultOf(deciding, id, GuardOf(deciding, deciding.program.rules[id.index], observer), observer);
}

// What most rules come to: false, and nothing follows from it, whatever the combining row says.
bool IsSilent(const Rule& rule, const Value& guard) { return guard.is_false() && rule.verb != Verb::kRequire; }

// Adds what the rule comes to, unless that is silent: later passes are then about the few rules
// that speak.
void AddResult(Deciding& deciding, RuleId id) {
  const Rule& rule = deciding.program.rules[id.index];
  std::vector<RuleResult>& results = deciding.context.results;
  if (deciding.program.match(rule.policy).valid()) {
    results.push_back(EvaluateRule(deciding, id, nullptr));
    return;
  }
  const Value guard = GuardOf(deciding, rule, nullptr);
  if (!IsSilent(rule, guard)) results.push_back(ResultOf(deciding, id, guard, nullptr));
}

}  // namespace

Outcome OutcomeOf(Value& condition) {
  if (condition.is(Kind::kBool)) return condition.boolean ? Outcome::kTrue : Outcome::kFalse;
  if (condition.is(Kind::kUnknown)) return Outcome::kUnknown;
  if (!condition.is(Kind::kError)) condition = Value::Error(ValueError::kNotABool, TypeName(condition.kind));
  return Outcome::kError;
}

void EvaluateCandidates(Deciding& deciding) {
  FindCandidates(deciding, deciding.context.candidates);
  deciding.context.results.clear();
  if (deciding.context.evaluator.exhausted()) return;
  for (const RuleId id : deciding.context.candidates) {
    AddResult(deciding, id);
    if (deciding.context.evaluator.exhausted()) return;
  }
}

RuleResult EvaluateRule(Deciding& deciding, RuleId id, ReadObserver* observer) {
  const Rule& rule = deciding.program.rules[id.index];
  const NodeId match = deciding.program.match(rule.policy);
  if (!match.valid()) [[likely]]
    return EvaluateMatched(deciding, id, observer);
  Value matched = deciding.context.evaluator.Run(match, observer);
  RuleResult result{.rule = id};
  const Outcome outcome = OutcomeOf(matched);
  if (outcome == Outcome::kTrue || outcome == Outcome::kUnknown) result = EvaluateMatched(deciding, id, observer);
  if (outcome != Outcome::kTrue) ApplyMatch(deciding.program.combining(rule), rule.verb, matched, result);
  return result;
}

bool IsMatched(Deciding& deciding, const Rule& rule) {
  const NodeId match = deciding.program.match(rule.policy);
  return !match.valid() || deciding.context.evaluator.Run(match).is_true();
}

}  // namespace writ
