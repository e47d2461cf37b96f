// Quotas: consulted after an allow, all or nothing, fail closed.
#include <algorithm>

#include "engine/decide/decider.h"
#include "engine/decide/rule_text.h"

namespace writ {
namespace {

void ForgetResidual(Decision& decision) {
  decision.residual.reset();
  decision.residual_too_large = false;
  decision.needs_images.clear();
}

}  // namespace

// Limits of policies in warn mode come after the others, and only warn. A decision that hangs on unknowns is denied, too, when a limit is
// used up that applies whatever they are.
void Decider::ApplyLimits(Decision& decision) {
  for (const PolicyMode mode : {PolicyMode::kEnforce, PolicyMode::kWarn}) {
    ChargeLimits(mode, decision);
    if (decision.effect == Effect::kDeny || context_.evaluator.exhausted()) return;
  }
  if (decision.limits.empty()) return;
  decision.effect = Effect::kConditional;
  decision.reason = Reason::kUnknown;
  decision.rules.clear();
  if (options_.residual && !decision.residual && !decision.residual_too_large) decision.residual = ResidualOfTrue();
}

void Decider::ChargeLimits(PolicyMode mode, Decision& decision) {
  context_.charges.clear();
  context_.charged_rules.clear();
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
  if (context_.charges.empty() || decision.effect == Effect::kDeny || context_.evaluator.exhausted()) return;
  const bool has_room = quotas_.table->TryCharge(context_.charges, now_, ModeOfQuotas(decision));
  WarnOfSharedBuckets(decision);
  if (has_room) return;
  if (mode == PolicyMode::kWarn)
    WarnOfLimits(decision);
  else
    DenyByLimits(decision);
}

// Otherwise nobody could tell why a caller is refused who has not called before.
void Decider::WarnOfSharedBuckets(Decision& decision) const {
  for (std::size_t i = 0; i < context_.charges.size(); ++i) {
    if (!context_.charges[i].is_shared) continue;
    const Rule& rule = program_.rules[context_.charged_rules[i].index];
    const RuleResult result{.rule = context_.charged_rules[i], .outcome = Outcome::kTrue};
    AddText(result,
            "limit " + QualifiedRuleName(policies_, rule) + " has no room for another key: this call is counted together with others",
            ListFor(PolicyMode::kWarn, decision));
  }
}

// Who asks about something unknown asks what would be: only a call consumes.
QuotaMode Decider::ModeOfQuotas(const Decision& decision) const {
  const bool is_call = options_.consume_limits && !request_.has_unknowns && decision.effect == Effect::kAllow;
  return is_call ? QuotaMode::kConsume : QuotaMode::kLook;
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
  context_.charges.push_back(
      {.limit = &quotas_.Of(result.rule), .key = key.Finish(), .count = limit.count, .period_nanos = limit.period_nanos});
  context_.charged_rules.push_back(result.rule);
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

void Decider::DenyByLimits(Decision& decision) {
  constexpr std::int64_t kNanosPerSecond = 1'000'000'000;
  decision.effect = Effect::kDeny;
  decision.reason = Reason::kLimit;
  decision.rules.clear();
  ForgetResidual(decision);
  decision.limits.clear();
  std::int64_t longest = 0;
  for (std::size_t i = 0; i < context_.charges.size(); ++i) {
    const QuotaCharge& charge = context_.charges[i];
    if (charge.wait_nanos == 0) continue;
    longest = std::max(longest, charge.wait_nanos);
    RuleResult result{.rule = context_.charged_rules[i], .outcome = Outcome::kTrue};
    AddRule(result, decision);
    AddText(result, RuleText(result), ListFor(PolicyMode::kEnforce, decision));
  }
  const std::int64_t seconds = longest / kNanosPerSecond + (longest % kNanosPerSecond != 0 ? 1 : 0);
  decision.retry_after_seconds = static_cast<std::uint64_t>(std::max<std::int64_t>(1, seconds));
}

void Decider::WarnOfLimits(Decision& decision) {
  for (std::size_t i = 0; i < context_.charges.size(); ++i) {
    if (context_.charges[i].wait_nanos == 0) continue;
    const RuleResult result{.rule = context_.charged_rules[i], .outcome = Outcome::kTrue};
    AddText(result, RuleText(result), ListFor(PolicyMode::kWarn, decision));
  }
}

std::string Decider::LimitText(const Rule& rule) {
  const LimitSpec& limit = *program_.limit(rule);
  return "limit of " + std::to_string(limit.count) + " per " + PeriodText(limit.period_nanos) + " reached";
}

}  // namespace writ
