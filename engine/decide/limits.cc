// Quotas: what an allow would use up, and what becomes of it when that is settled. Fails closed;
// see limits.h.
#include "engine/decide/limits.h"

#include <algorithm>

#include "engine/decide/combine.h"
#include "engine/decide/decide.h"
#include "engine/decide/remaining.h"
#include "engine/decide/rule_text.h"
#include "engine/decide/texts.h"
#include "engine/limit/quota_key.h"

namespace writ {
namespace {

void ForgetResidual(Decision& decision) {
  decision.residual.reset();
  decision.residual_too_large = false;
  decision.needs_facts.clear();
}

// Whether the limit applies, or to which key, is not known yet.
void AddUndecidedLimit(Deciding& deciding, const RuleResult& result, Decision& decision) {
  constexpr std::size_t kMaxLimits = 100;
  const bool counts = ModeOf(deciding, result) == PolicyMode::kEnforce && decision.effect != Effect::kDeny;
  if (!counts || decision.limits.size() == kMaxLimits) return;
  decision.limits.push_back(DescribeRule(deciding.policies, result.rule, Outcome::kUnknown));
}

// A limit whose condition or key fails cannot be counted: denied, or a warning in warn mode.
void ReportFailedLimit(Deciding& deciding, const RuleResult& result, const Value& fault, Decision& decision) {
  RuleResult failed = result;
  failed.outcome = Outcome::kError;
  failed.error = fault;
  AddText(deciding, failed, RuleText(deciding, failed), ListFor(ModeOf(deciding, result), decision));
  if (ModeOf(deciding, result) != PolicyMode::kWarn) {
    if (decision.effect != Effect::kDeny) decision.rules.clear();
    decision.effect = Effect::kDeny;
    decision.reason = Reason::kRule;
    ForgetResidual(decision);
    decision.limits.clear();
    AddRule(deciding, failed, decision);
  }
  if (result.outcome != Outcome::kError) AddError(deciding, failed, decision);
}

void AddCharge(Deciding& deciding, const RuleResult& result, Decision& decision) {
  const LimitSpec& limit = *deciding.program.limit(RuleOf(deciding, result));
  const auto& limits = deciding.policies.loaded->limits;
  const std::size_t at = LimitPosition(*deciding.policies.loaded, result.rule);
  WRIT_CHECK(at < limits.size());
  QuotaKeyBuilder key;
  for (const LimitKey& part : deciding.program[limit.keys]) {
    const Value value = deciding.context.evaluator.Run(part.value);
    if (value.is(Kind::kUnknown)) return AddUndecidedLimit(deciding, result, decision);
    if (value.is_fault()) return ReportFailedLimit(deciding, result, value, decision);
    const std::uint64_t before = deciding.context.evaluator.steps_left();
    std::uint64_t left = before;
    key.Add(value, left);
    if (!deciding.context.evaluator.Spend(before - left)) return;  // out of budget: the decision is a deny
  }
  deciding.context.charges.push_back({.rule = result.rule,
                                      .limit = limits[at].second,
                                      .key = key.Finish().bytes,
                                      .count = limit.count,
                                      .period_nanos = limit.period_nanos,
                                      .is_advisory = ModeOf(deciding, result) == PolicyMode::kWarn});
}

void CollectCharges(Deciding& deciding, PolicyMode mode, Decision& decision) {
  for (const RuleResult& result : deciding.context.results) {
    const Rule& rule = RuleOf(deciding, result);
    if (rule.verb != Verb::kLimit || ModeOf(deciding, result) != mode) continue;
    if (result.outcome == Outcome::kError)
      ReportFailedLimit(deciding, result, result.error, decision);
    else if (result.outcome == Outcome::kUnknown)
      AddUndecidedLimit(deciding, result, decision);
    else if (result.outcome == Outcome::kTrue)
      AddCharge(deciding, result, decision);
  }
  if (decision.effect == Effect::kDeny) deciding.context.charges.clear();
}

// Otherwise nobody could tell why a caller is refused who has not called before.
void WarnOfSharedBuckets(Deciding& deciding, Decision& decision) {
  for (const LimitCharge& charge : deciding.context.charges) {
    if (!charge.is_shared) continue;
    const RuleResult result{.rule = charge.rule, .outcome = Outcome::kTrue};
    AddText(deciding, result,
            "limit " + QualifiedRuleName(deciding.policies, RuleOf(deciding, result)) +
                " has no room for another key: this call is counted together with others",
            ListFor(PolicyMode::kWarn, decision));
  }
}

// What is denied shows no row and asks for nothing.
void BecomeLimited(Decision& decision) {
  decision.effect = Effect::kDeny;
  decision.reason = Reason::kLimit;
  decision.rules.clear();
  decision.obligations.clear();
  decision.row_json.reset();
  decision.limits.clear();
  ForgetResidual(decision);
}

void DenyByLimits(Deciding& deciding, Decision& decision) {
  constexpr std::int64_t kNanosPerSecond = 1'000'000'000;
  BecomeLimited(decision);
  std::int64_t longest = 0;
  for (const LimitCharge& charge : deciding.context.charges) {
    if (charge.wait_nanos == 0 || charge.is_advisory) continue;
    longest = std::max(longest, charge.wait_nanos);
    const RuleResult result{.rule = charge.rule, .outcome = Outcome::kTrue};
    AddRule(deciding, result, decision);
    AddText(deciding, result, RuleText(deciding, result), ListFor(PolicyMode::kEnforce, decision));
  }
  const std::int64_t seconds = longest / kNanosPerSecond + (longest % kNanosPerSecond != 0 ? 1 : 0);
  decision.retry_after_seconds = static_cast<std::uint64_t>(std::max<std::int64_t>(1, seconds));
}

// Whoever could call without being counted would have no limit.
void DenyUncounted(Deciding& deciding, Decision& decision) {
  BecomeLimited(decision);
  for (const LimitCharge& charge : deciding.context.charges) {
    if (charge.is_advisory) continue;
    const RuleResult result{.rule = charge.rule, .outcome = Outcome::kTrue};
    AddRule(deciding, result, decision);
    AddText(deciding, result,
            "limit " + QualifiedRuleName(deciding.policies, RuleOf(deciding, result)) +
                " cannot be counted: there is no ledger, or it gives no answer",
            ListFor(PolicyMode::kEnforce, decision));
  }
}

void WarnOfLimits(Deciding& deciding, Decision& decision) {
  for (const LimitCharge& charge : deciding.context.charges) {
    if (charge.wait_nanos == 0 || !charge.is_advisory) continue;
    const RuleResult result{.rule = charge.rule, .outcome = Outcome::kTrue};
    AddText(deciding, result, RuleText(deciding, result), ListFor(PolicyMode::kWarn, decision));
  }
}

}  // namespace

// Limits of policies in warn mode only warn. A decision that hangs on unknowns has charges, too: it
// is denied when a limit is used up that applies whatever they are.
void ApplyLimits(Deciding& deciding, Decision& decision) {
  for (const PolicyMode mode : {PolicyMode::kEnforce, PolicyMode::kWarn}) {
    CollectCharges(deciding, mode, decision);
    if (decision.effect == Effect::kDeny || deciding.context.evaluator.exhausted()) return;
  }
  const bool is_call = deciding.options.consume_limits && !deciding.request.has_unknowns && decision.effect == Effect::kAllow;
  deciding.context.charge_mode = is_call ? ChargeMode::kConsume : ChargeMode::kLook;
  if (decision.limits.empty()) return;
  decision.effect = Effect::kConditional;
  decision.reason = Reason::kUnknown;
  decision.rules.clear();
  if (deciding.options.residual && !decision.residual && !decision.residual_too_large) decision.residual = ResidualOfTrue();
}

void ApplySettlement(Deciding& deciding, Settlement settlement, Decision& decision) {
  if (deciding.context.charges.empty()) return;
  const auto counts = [](const LimitCharge& charge) { return !charge.is_advisory; };
  const bool any_counts = std::any_of(deciding.context.charges.begin(), deciding.context.charges.end(), counts);
  if (settlement == Settlement::kUnavailable && any_counts) return DenyUncounted(deciding, decision);
  WarnOfSharedBuckets(deciding, decision);
  if (settlement == Settlement::kNoRoom && any_counts)
    DenyByLimits(deciding, decision);
  else
    WarnOfLimits(deciding, decision);
  if (deciding.context.evaluator.exhausted()) DenyByBudget(deciding, decision);
  FitTexts(decision);
}

std::string LimitText(Deciding& deciding, const Rule& rule) {
  const LimitSpec& limit = *deciding.program.limit(rule);
  return "limit of " + std::to_string(limit.count) + " per " + PeriodText(limit.period_nanos) + " reached";
}

}  // namespace writ
