// Quotas: consulted after an allow, all or nothing, fail closed.
#include <openssl/sha.h>

#include <algorithm>

#include "engine/decide/decider.h"
#include "engine/decide/rule_text.h"

namespace writ {
namespace {

constexpr char kSeparator = '\x1f';
constexpr std::size_t kMaxKeyBytes = 256;  // longer keys are stored as their hash, so that callers cannot fill the memory

std::string BoundedKey(std::string key) {
  if (key.size() <= kMaxKeyBytes) return key;
  unsigned char digest[SHA256_DIGEST_LENGTH];
  SHA256(reinterpret_cast<const unsigned char*>(key.data()), key.size(), digest);
  return std::string(reinterpret_cast<const char*>(digest), sizeof digest);
}

}  // namespace

// Limits of policies in warn mode come after the others, and only warn.
void Decider::ApplyLimits(Decision& decision) {
  for (const PolicyMode mode : {PolicyMode::kEnforce, PolicyMode::kWarn}) {
    ChargeLimits(mode, decision);
    if (decision.effect != Effect::kAllow || context_.evaluator.exhausted()) return;
  }
}

void Decider::ChargeLimits(PolicyMode mode, Decision& decision) {
  context_.charges.clear();
  context_.charged_rules.clear();
  for (const RuleResult& result : context_.results) {
    const Rule& rule = RuleOf(result);
    if (rule.verb != Verb::kLimit || !rule.limit || ModeOf(result) != mode) continue;
    if (result.outcome == Outcome::kError)
      ReportFailedLimit(result, result.error, decision);
    else if (result.outcome != Outcome::kFalse)
      AddCharge(result, decision);
  }
  if (context_.charges.empty() || decision.effect != Effect::kAllow || context_.evaluator.exhausted()) return;
  context_.waits.assign(context_.charges.size(), 0);
  const QuotaMode quota_mode = options_.consume_limits ? QuotaMode::kConsume : QuotaMode::kLook;
  if (quotas_.TryCharge(context_.charges, now_, quota_mode, context_.waits)) return;
  if (mode == PolicyMode::kWarn)
    WarnOfLimits(decision);
  else
    DenyByLimits(decision);
}

void Decider::AddCharge(const RuleResult& result, Decision& decision) {
  const Rule& rule = RuleOf(result);
  const Policy& policy = program_.policies[rule.policy.index];
  std::string key = policy.package + kSeparator + policy.name + kSeparator + rule.id;
  for (const BlockId block : rule.limit->keys) {
    const Value value = context_.evaluator.Run(block);
    if (value.is_fault()) {
      ReportFailedLimit(result, value, decision);
      return;
    }
    key += kSeparator + LiteralText(value);
  }
  context_.charges.push_back({BoundedKey(std::move(key)), rule.limit->count, rule.limit->period_nanos});
  context_.charged_rules.push_back(result.rule);
}

// A limit whose condition or key fails cannot be counted: denied, or a warning in warn mode.
void Decider::ReportFailedLimit(const RuleResult& result, const Value& fault, Decision& decision) {
  RuleResult failed = result;
  failed.outcome = fault.is(Kind::kError) ? Outcome::kError : Outcome::kUnknown;
  failed.error = fault.is(Kind::kError) ? fault : Value();
  const std::string text = failed.outcome == Outcome::kUnknown
                               ? "limit " + QualifiedRuleName(policies_, RuleOf(result)) + " cannot be counted: its key is unknown"
                               : RuleText(failed);
  AddText(failed, text, ListFor(ModeOf(result), decision));
  if (ModeOf(result) != PolicyMode::kWarn) {
    if (decision.effect == Effect::kAllow) decision.rules.clear();
    decision.effect = Effect::kDeny;
    decision.reason = Reason::kRule;
    AddRule(failed, decision);
  }
  if (result.outcome != Outcome::kError && fault.is(Kind::kError)) AddError(failed, decision);
}

void Decider::DenyByLimits(Decision& decision) {
  constexpr std::int64_t kNanosPerSecond = 1'000'000'000;
  decision.effect = Effect::kDeny;
  decision.reason = Reason::kLimit;
  decision.rules.clear();
  std::int64_t longest = 0;
  for (std::size_t i = 0; i < context_.charges.size(); ++i) {
    if (context_.waits[i] == 0) continue;
    longest = std::max(longest, context_.waits[i]);
    RuleResult result{.rule = context_.charged_rules[i], .outcome = Outcome::kTrue};
    AddRule(result, decision);
    AddText(result, RuleText(result), ListFor(PolicyMode::kEnforce, decision));
  }
  const std::int64_t seconds = longest / kNanosPerSecond + (longest % kNanosPerSecond != 0 ? 1 : 0);
  decision.retry_after_seconds = static_cast<std::uint64_t>(std::max<std::int64_t>(1, seconds));
}

void Decider::WarnOfLimits(Decision& decision) {
  for (std::size_t i = 0; i < context_.charges.size(); ++i) {
    if (context_.waits[i] == 0) continue;
    const RuleResult result{.rule = context_.charged_rules[i], .outcome = Outcome::kTrue};
    AddText(result, RuleText(result), ListFor(PolicyMode::kWarn, decision));
  }
}

std::string Decider::LimitText(const Rule& rule) {
  return "limit of " + std::to_string(rule.limit->count) + " per " + PeriodText(rule.limit->period_nanos) + " reached";
}

}  // namespace writ
