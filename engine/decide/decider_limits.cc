// Quotas: what an allow would use up, and what becomes of it when that is settled. Fails closed.
#include <algorithm>

#include "engine/decide/decider.h"
#include "engine/decide/rule_text.h"
#include "engine/limit/quota_key.h"

namespace writ {
namespace {

void ForgetResidual(Decision& decision) {
  decision.residual.reset();
  decision.residual_too_large = false;
  decision.needs_images.clear();
}

// O(log limits).
std::string_view LimitNameOf(const PolicySet::Impl& policies, RuleId rule) {
  const auto& limits = policies.loaded->limits;
  const auto found =
      std::lower_bound(limits.begin(), limits.end(), rule, [](const auto& each, RuleId wanted) { return each.first < wanted; });
  WRIT_CHECK(found != limits.end() && found->first == rule);
  return found->second;
}

}  // namespace

// Limits of policies in warn mode only warn. A decision that hangs on unknowns has charges, too: it is denied when a
// limit is used up that applies whatever they are.
void Decider::ApplyLimits(Decision& decision) {
  for (const PolicyMode mode : {PolicyMode::kEnforce, PolicyMode::kWarn}) {
    CollectCharges(mode, decision);
    if (decision.effect == Effect::kDeny || context_.evaluator.exhausted()) return;
  }
  const bool is_call = options_.consume_limits && !request_.has_unknowns && decision.effect == Effect::kAllow;
  context_.charge_mode = is_call ? ChargeMode::kConsume : ChargeMode::kLook;
  if (decision.limits.empty()) return;
  decision.effect = Effect::kConditional;
  decision.reason = Reason::kUnknown;
  decision.rules.clear();
  if (options_.residual && !decision.residual && !decision.residual_too_large) decision.residual = ResidualOfTrue();
}

void Decider::CollectCharges(PolicyMode mode, Decision& decision) {
  for (const RuleResult& result : context_.results) {
    const Rule& rule = RuleOf(result);
    if (rule.verb != Verb::kLimit || ModeOf(result) != mode) continue;
    if (result.outcome == Outcome::kError)
      ReportFailedLimit(result, result.error, decision);
    else if (result.outcome == Outcome::kUnknown)
      AddUndecidedLimit(result, decision);
    else if (result.outcome == Outcome::kTrue)
      AddCharge(result, decision);
  }
  if (decision.effect == Effect::kDeny) context_.charges.clear();
}

void Decider::ApplySettlement(Settlement settlement, Decision& decision) {
  if (context_.charges.empty()) return;
  const auto counts = [](const LimitCharge& charge) { return !charge.is_advisory; };
  const bool any_counts = std::any_of(context_.charges.begin(), context_.charges.end(), counts);
  if (settlement == Settlement::kUnavailable && any_counts) return DenyUncounted(decision);
  WarnOfSharedBuckets(decision);
  if (settlement == Settlement::kNoRoom && any_counts)
    DenyByLimits(decision);
  else
    WarnOfLimits(decision);
  if (context_.evaluator.exhausted()) DenyByBudget(decision);
  FitTexts(decision);
}

// Otherwise nobody could tell why a caller is refused who has not called before.
void Decider::WarnOfSharedBuckets(Decision& decision) const {
  for (const LimitCharge& charge : context_.charges) {
    if (!charge.is_shared) continue;
    const RuleResult result{.rule = charge.rule, .outcome = Outcome::kTrue};
    AddText(
        result,
        "limit " + QualifiedRuleName(policies_, RuleOf(result)) + " has no room for another key: this call is counted together with others",
        ListFor(PolicyMode::kWarn, decision));
  }
}

void Decider::AddCharge(const RuleResult& result, Decision& decision) {
  const LimitSpec& limit = *program_.limit(RuleOf(result));
  QuotaKeyBuilder key;
  for (const LimitKey& part : program_[limit.keys]) {
    const Value value = context_.evaluator.Run(part.value);
    if (value.is(Kind::kUnknown)) return AddUndecidedLimit(result, decision);
    if (value.is_fault()) return ReportFailedLimit(result, value, decision);
    const std::uint64_t before = context_.evaluator.steps_left();
    std::uint64_t left = before;
    key.Add(value, left);
    if (!context_.evaluator.Spend(before - left)) return;  // out of budget: the decision is a deny
  }
  context_.charges.push_back({.rule = result.rule,
                              .limit = LimitNameOf(policies_, result.rule),
                              .key = key.Finish().bytes,
                              .count = limit.count,
                              .period_nanos = limit.period_nanos,
                              .is_advisory = ModeOf(result) == PolicyMode::kWarn});
}

// Whether the limit applies, or to which key, is not known yet.
void Decider::AddUndecidedLimit(const RuleResult& result, Decision& decision) const {
  constexpr std::size_t kMaxLimits = 100;
  const bool counts = ModeOf(result) == PolicyMode::kEnforce && decision.effect != Effect::kDeny;
  if (!counts || decision.limits.size() == kMaxLimits) return;
  decision.limits.push_back(DescribeRule(policies_, result.rule, Outcome::kUnknown));
}

// A limit whose condition or key fails cannot be counted: denied, or a warning in warn mode.
void Decider::ReportFailedLimit(const RuleResult& result, const Value& fault, Decision& decision) {
  RuleResult failed = result;
  failed.outcome = Outcome::kError;
  failed.error = fault;
  AddText(failed, RuleText(failed), ListFor(ModeOf(result), decision));
  if (ModeOf(result) != PolicyMode::kWarn) {
    if (decision.effect != Effect::kDeny) decision.rules.clear();
    decision.effect = Effect::kDeny;
    decision.reason = Reason::kRule;
    ForgetResidual(decision);
    decision.limits.clear();
    AddRule(failed, decision);
  }
  if (result.outcome != Outcome::kError) AddError(failed, decision);
}

// What is denied shows no row and asks for nothing.
void Decider::BecomeLimited(Decision& decision) {
  decision.effect = Effect::kDeny;
  decision.reason = Reason::kLimit;
  decision.rules.clear();
  decision.obligations.clear();
  decision.row_json.reset();
  decision.limits.clear();
  ForgetResidual(decision);
}

void Decider::DenyByLimits(Decision& decision) {
  constexpr std::int64_t kNanosPerSecond = 1'000'000'000;
  BecomeLimited(decision);
  std::int64_t longest = 0;
  for (const LimitCharge& charge : context_.charges) {
    if (charge.wait_nanos == 0 || charge.is_advisory) continue;
    longest = std::max(longest, charge.wait_nanos);
    const RuleResult result{.rule = charge.rule, .outcome = Outcome::kTrue};
    AddRule(result, decision);
    AddText(result, RuleText(result), ListFor(PolicyMode::kEnforce, decision));
  }
  const std::int64_t seconds = longest / kNanosPerSecond + (longest % kNanosPerSecond != 0 ? 1 : 0);
  decision.retry_after_seconds = static_cast<std::uint64_t>(std::max<std::int64_t>(1, seconds));
}

// Whoever could call without being counted would have no limit.
void Decider::DenyUncounted(Decision& decision) {
  BecomeLimited(decision);
  for (const LimitCharge& charge : context_.charges) {
    if (charge.is_advisory) continue;
    const RuleResult result{.rule = charge.rule, .outcome = Outcome::kTrue};
    AddRule(result, decision);
    AddText(result,
            "limit " + QualifiedRuleName(policies_, RuleOf(result)) + " cannot be counted: there is no ledger, or it gives no answer",
            ListFor(PolicyMode::kEnforce, decision));
  }
}

void Decider::WarnOfLimits(Decision& decision) {
  for (const LimitCharge& charge : context_.charges) {
    if (charge.wait_nanos == 0 || !charge.is_advisory) continue;
    const RuleResult result{.rule = charge.rule, .outcome = Outcome::kTrue};
    AddText(result, RuleText(result), ListFor(PolicyMode::kWarn, decision));
  }
}

std::string Decider::LimitText(const Rule& rule) {
  const LimitSpec& limit = *program_.limit(rule);
  return "limit of " + std::to_string(limit.count) + " per " + PeriodText(limit.period_nanos) + " reached";
}

}  // namespace writ
