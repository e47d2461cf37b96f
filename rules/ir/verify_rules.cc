// The verifier's part about policies and rules: they carry what their verb needs, and nothing that
// it has no meaning for.
#include <algorithm>
#include <string_view>

#include "rules/ir/verify_parts.h"

namespace writ::verify {
namespace {

// Ranges that keep the limiter's arithmetic inside 64 bits: now (1.8e18 until 2027) + period stays below 2^63 for centuries.
constexpr std::uint64_t kMaxLimitCount = 1'000'000'000;
constexpr std::int64_t kMaxLimitPeriodNanos = std::int64_t{10} * 366 * 86'400 * 1'000'000'000;

// A pattern's only fault can be a `\` with nothing behind it.
bool IsGoodPattern(std::string_view pattern) {
  std::size_t i = 0;
  while (i < pattern.size()) i += pattern[i] == '\\' ? 2 : 1;
  return i == pattern.size();
}

// "" or "/a/*/b"; "~" only as "~0" and "~1" (RFC 6901).
bool IsGoodPointer(std::string_view pointer) {
  if (!pointer.empty() && pointer.front() != '/') return false;
  for (std::size_t i = 0; i < pointer.size(); ++i) {
    if (pointer[i] == '~' && (i + 1 == pointer.size() || (pointer[i + 1] != '0' && pointer[i + 1] != '1'))) return false;
  }
  return true;
}

class RuleChecker {
 public:
  explicit RuleChecker(const Program& program) : program_(program), ids_(program) {}

  std::string_view FaultOf(std::size_t index) {
    const Rule& rule = program_.rules[index];
    const RuleDetails& details = program_.rule_details[index];
    if (index > 0 && rule.policy < program_.rules[index - 1].policy) return "does not stand with the other rules of its policy";
    if (!ids_.Give(details.id, rule.policy.index)) return "has the id of another rule of its policy";
    const std::span<const Verb> verbs = InfoOf(program_.policy(rule).target).verbs;
    if (std::find(verbs.begin(), verbs.end(), rule.verb) == verbs.end()) return "has a verb that its target does not have";
    if (!rule.needs_scopes.empty() && rule.verb != Verb::kAllow) return "needs a scope, yet does not allow";
    for (const Selector& selector : program_[details.selectors]) {
      if (!IsGoodPattern(program_[selector.scope]) || !IsGoodPattern(program_[selector.name]))
        return "has a selector that is not a pattern";
    }
    for (const MessagePart& part : program_[details.message]) {
      if (part.value.valid() && part.text != kNoText) return "has a message part that is both text and value";
    }
    const std::string_view fault = DiscriminatorsFault(rule, details);
    return fault.empty() ? SpecFault(rule) : fault;
  }

 private:
  std::string_view DiscriminatorsFault(const Rule& rule, const RuleDetails& details) const {
    if (details.discriminators.empty()) return "";
    if (!rule.guard.valid()) return "always holds, yet has a discriminator";
    // A requirement whose guard is false is not met: leaving it out because the guard is certainly false would allow.
    if (rule.verb == Verb::kRequire && !rule.spec.valid()) return "is a requirement, yet has a discriminator";
    for (const Discriminator& discriminator : program_[details.discriminators]) {
      if (!program_[discriminator.slot].whole) return "has a discriminator on a slot that is not read whole";
    }
    return "";
  }

  // What a verb needs is there, and what belongs to other verbs is not.
  std::string_view SpecFault(const Rule& rule) const {
    const auto has = [&](const auto& specs) { return rule.spec.index < specs.size(); };
    if (Program::IsMask(rule.verb)) return has(program_.masks) ? MaskFault(*program_.mask(rule), rule.verb) : "does not say what to mask";
    if (rule.verb == Verb::kLimit) return has(program_.limits) ? LimitFault(*program_.limit(rule)) : "does not say its limit";
    if (!rule.spec.valid()) return "";
    if (rule.verb != Verb::kRequire || !has(program_.images)) return "says something that its verb does not";
    if (program_.policy(rule).target != Target::kAdmission) return "requires a signed image outside admission";
    for (const SignatureDemand& demand : program_[program_.image(rule)->demands]) {
      if (const std::string_view fault = DemandFault(demand); !fault.empty()) return fault;
    }
    return "";
  }

  std::string_view MaskFault(const MaskSpec& mask, Verb verb) const {
    for (const TextId target : program_[mask.targets]) {
      if (verb == Verb::kRedact && !IsGoodPointer(program_[target])) return "redacts something that is not a JSON pointer";
      if (verb == Verb::kMask && target == kNoText) return "masks a column without a name";
    }
    return "";
  }

  static std::string_view LimitFault(const LimitSpec& limit) {
    if (limit.count < 1 || limit.count > kMaxLimitCount) return "has a limit whose count is not between 1 and 1000000000";
    if (limit.period_nanos < 1 || limit.period_nanos > kMaxLimitPeriodNanos)
      return "has a limit whose period is not between 1 ns and 10 years";
    return limit.count > static_cast<std::uint64_t>(limit.period_nanos) ? "has a limit of more than one call a nanosecond" : "";
  }

  std::string_view DemandFault(const SignatureDemand& demand) const {
    if (demand.condition.valid() && demand.predicate_type == kNoText) return "has a condition on attestations, yet demands none";
    std::size_t depth = 0;  // of the postfix stack
    for (const SignerTerm& term : program_[demand.signers]) {
      if (term.kind == SignerTerm::Kind::kSigner) {
        if (!term.signer.valid()) return "names a signer that does not exist";
        ++depth;
        continue;
      }
      if (term.operands < 1 || term.operands > depth) return "combines more signers than it names";
      if (term.needed < 1 || term.needed > term.operands) return "needs no signer, or more than there are";
      depth -= term.operands - 1;
    }
    return depth == 1 ? "" : "has signer terms that do not make one condition";
  }

  const Program& program_;
  GivenNames ids_;  // of the rules of one policy
};

}  // namespace

Status CheckRules(const Program& program) {
  RuleChecker checker(program);
  return CheckEach("rule", program.rules.size(), [&](std::size_t i) { return checker.FaultOf(i); });
}

}  // namespace writ::verify
