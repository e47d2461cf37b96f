// From the outcomes of rules to the effect, as docs/language.md, "What is decided", says; see
// combine.h.
#include "engine/decide/combine.h"

#include <algorithm>

#include "engine/decide/limits.h"
#include "engine/decide/remaining.h"
#include "engine/decide/row.h"
#include "engine/decide/rule_text.h"
#include "engine/decide/scopes.h"
#include "engine/decide/texts.h"
#include "rules/model/target.h"

namespace writ {
namespace {

// Those that held come first.
void AddRules(Deciding& deciding, Role role, Decision& decision) {
  for (const bool failed : {false, true}) {
    for (const RuleResult& result : deciding.context.results) {
      if ((result.outcome == Outcome::kError) == failed && IsEnforced(deciding, result, role)) AddRule(deciding, result, decision);
    }
  }
}

// Those that deny come first.
void AddErrors(Deciding& deciding, Decision& decision) {
  const auto failed = [](const RuleResult& result) { return !result.error.is(Kind::kAbsent); };
  if (std::none_of(deciding.context.results.begin(), deciding.context.results.end(), failed)) return;
  for (const bool decides : {true, false}) {
    for (const RuleResult& result : deciding.context.results) {
      if (failed(result) && IsEnforced(deciding, result, Role::kDenial) == decides) AddError(deciding, result, decision);
    }
  }
}

void AddShadow(Deciding& deciding, Decision& decision) {
  for (const RuleResult& result : deciding.context.results) {
    if (ModeOf(deciding, result) != PolicyMode::kShadow) continue;
    if (!result.roles.Is(Role::kDenial) && !result.roles.Is(Role::kAllow)) continue;
    if (decision.shadow.size() == kMaxListed)
      ++decision.more.shadow;
    else
      decision.shadow.push_back(DescribeRule(deciding.policies, result.rule, result.outcome));
  }
}

// No denial is certain: allowed when an allow is and no denial is possible.
void CombineAllowers(Deciding& deciding, const Counts& counts, Decision& decision) {
  if (counts.allows > 0 && counts.possible_denials == 0) {
    decision.effect = Effect::kAllow;
    decision.reason = Reason::kRule;
    AddRules(deciding, Role::kAllow, decision);
  } else if (counts.allows == 0 && counts.possible_allows == 0) {
    if (deciding.policies.needs_scopes) AddMissingScopes(deciding, decision);
    if (!decision.needs_scopes.empty()) decision.reason = Reason::kScopes;
  } else {
    AddResidual(deciding, counts.allows == 0, decision);
  }
}

}  // namespace

// What the result plays for the effect: nothing in shadow policies, and only allows in warn mode.
Roles EnforcedRolesOf(const Deciding& deciding, const RuleResult& result) {
  if (result.roles.Is(Role::kNothing)) return result.roles;
  switch (ModeOf(deciding, result)) {
    case PolicyMode::kEnforce: return result.roles;
    case PolicyMode::kWarn: return result.roles.WithoutDenials();
    case PolicyMode::kShadow: return Roles(Role::kNothing);
  }
  return Roles(Role::kNothing);
}

Counts Count(Deciding& deciding) {
  Counts counts;
  for (const RuleResult& result : deciding.context.results) {
    const Roles roles = EnforcedRolesOf(deciding, result);
    if (roles.Is(Role::kNothing)) continue;
    if (roles.Is(Role::kDenial)) ++counts.denials;
    if (roles.IsOpen(Role::kDenial)) ++counts.possible_denials;
    if (roles.Is(Role::kAllow)) ++counts.allows;
    if (roles.IsOpen(Role::kAllow)) ++counts.possible_allows;
  }
  return counts;
}

void AddRule(Deciding& deciding, const RuleResult& result, Decision& decision) {
  if (decision.rules.size() == kMaxListed)
    ++decision.more.rules;
  else
    decision.rules.push_back(DescribeRule(deciding.policies, result.rule, result.outcome));
}

void AddError(Deciding& deciding, const RuleResult& result, Decision& decision) {
  if (decision.errors.size() == kMaxListed) {
    ++decision.more.errors;
    return;
  }
  decision.errors.push_back({.rule = DescribeRule(deciding.policies, result.rule, result.outcome),
                             .text = PublicErrorText(deciding, result.error),
                             .in_shadow = ModeOf(deciding, result) == PolicyMode::kShadow});
}

void Combine(Deciding& deciding, Decision& decision) {
  const Counts counts = Count(deciding);
  AddErrors(deciding, decision);
  AddShadow(deciding, decision);
  if (counts.denials > 0) {
    decision.reason = Reason::kRule;
    AddRules(deciding, Role::kDenial, decision);
  } else if (!InfoOf(deciding.request.target()).allow_by_default) {
    CombineAllowers(deciding, counts, decision);
  } else if (counts.possible_denials > 0) {
    AddResidual(deciding, false, decision);
  } else {
    decision.effect = Effect::kAllow;
  }
  AddTexts(deciding, decision);
  if (deciding.context.evaluator.exhausted()) return;
  if (decision.effect != Effect::kDeny) ApplyLimits(deciding, decision);
  if (decision.effect != Effect::kDeny) AddMasks(deciding, decision);
  if (decision.effect == Effect::kAllow) AddRow(deciding, decision);
}

}  // namespace writ
