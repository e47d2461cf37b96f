// The verifier's part about policies and rules: they carry what their verb needs, and nothing that it has no meaning for.
#include <algorithm>
#include <string_view>
#include <unordered_set>

#include "rules/base/utf8.h"
#include "rules/ir/verify_parts.h"

namespace writ::verify {
namespace {

// Ranges that keep the limiter's arithmetic inside 64 bits: now (1.8e18 until 2027) + period stays below 2^63 for centuries.
constexpr std::uint64_t kMaxLimitCount = 1'000'000'000;
constexpr std::int64_t kMaxLimitPeriodNanos = std::int64_t{10} * 366 * 86'400 * 1'000'000'000;

bool AllUtf8(std::initializer_list<const std::string*> texts) {
  return std::all_of(texts.begin(), texts.end(), [](const std::string* text) { return IsValidUtf8(*text); });
}

bool AllUtf8(const std::vector<std::string>& texts) { return std::all_of(texts.begin(), texts.end(), IsValidUtf8); }

// A pattern's only fault can be a `\` with nothing behind it.
bool IsGoodPattern(std::string_view pattern) {
  std::size_t i = 0;
  while (i < pattern.size()) i += pattern[i] == '\\' ? 2 : 1;
  return i == pattern.size() && IsValidUtf8(pattern);
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
  RuleChecker(const Program& program, const std::vector<bool>& is_root, std::size_t index)
      : program_(program), is_root_(is_root), rule_(program.rules[index]), index_(index) {}

  Status Check() {
    if (rule_.policy.index >= program_.policies.size()) return Fault("belongs to no policy");
    const TargetInfo& target = InfoOf(program_.policies[rule_.policy.index].target);
    if (std::find(target.verbs.begin(), target.verbs.end(), rule_.verb) == target.verbs.end())
      return Fault("has a verb that its target does not have");
    if (rule_.id.empty()) return Fault("has no id");
    if (!AllUtf8({&rule_.id, &rule_.severity, &rule_.title, &rule_.see}) || !AllUtf8(rule_.needs_scopes)) {
      return Fault("has a text that is not valid UTF-8");
    }
    if (!IsGoodLocation(program_, rule_.location, FileUse::kRequired)) return Fault("is in no known file");
    if (rule_.guard.valid() && !IsRoot(rule_.guard)) return Fault("has a guard that does not exist");
    WRIT_RETURN_IF_ERROR(CheckSelectors());
    WRIT_RETURN_IF_ERROR(CheckMessage());
    WRIT_RETURN_IF_ERROR(CheckDiscriminators());
    WRIT_RETURN_IF_ERROR(CheckPresence());
    if (rule_.mask) WRIT_RETURN_IF_ERROR(CheckMask(*rule_.mask));
    if (rule_.limit) WRIT_RETURN_IF_ERROR(CheckLimit(*rule_.limit));
    if (rule_.image) WRIT_RETURN_IF_ERROR(CheckImage(*rule_.image));
    return OkStatus();
  }

 private:
  Error Fault(std::string_view fault) const {
    const bool known = rule_.policy.index < program_.policies.size();
    const std::string name = known ? " (" + program_.policies[rule_.policy.index].name + "." + rule_.id + ")" : "";
    return Corrupt(Place("rule", index_) + name + " " + std::string(fault));
  }

  bool IsRoot(NodeId node) const { return node.index < is_root_.size() && is_root_[node.index]; }

  Status CheckSelectors() const {
    if (rule_.selectors.empty()) return Fault("has no selector, so it could never speak");
    for (const Selector& selector : rule_.selectors) {
      if (!IsGoodPattern(selector.scope) || !IsGoodPattern(selector.name)) return Fault("has a selector that is not a pattern");
    }
    return OkStatus();
  }

  Status CheckMessage() const {
    for (const MessagePart& part : rule_.message) {
      if (part.value.valid() && !IsRoot(part.value)) return Fault("has a message that shows a node that does not exist");
      if (part.value.valid() && !part.text.empty()) return Fault("has a message part that is both text and value");
      if (!IsValidUtf8(part.text)) return Fault("has a message that is not valid UTF-8");
    }
    return OkStatus();
  }

  Status CheckDiscriminators() const {
    if (rule_.discriminators.empty()) return OkStatus();
    if (!rule_.guard.valid()) return Fault("always holds, yet has a discriminator");
    // A requirement whose guard is false is not met: leaving it out because the guard is certainly false would allow.
    if (rule_.verb == Verb::kRequire && !rule_.image) return Fault("is a requirement, yet has a discriminator");
    for (const Discriminator& discriminator : rule_.discriminators) {
      if (discriminator.kind > Discriminator::Kind::kContains) return Fault("has a discriminator of no known kind");
      if (discriminator.slot.index >= program_.slots.size()) return Fault("has a discriminator on a slot that does not exist");
      if (!program_.slots[discriminator.slot.index].whole) return Fault("has a discriminator on a slot that is not read whole");
      if (discriminator.strings.empty()) return Fault("has a discriminator that nothing could pass");
      if (!AllUtf8(discriminator.strings)) return Fault("has a discriminator that is not valid UTF-8");
    }
    return OkStatus();
  }

  // What a verb needs is there, and what belongs to other verbs is not.
  Status CheckPresence() const {
    const bool wants_mask = rule_.verb == Verb::kMask || rule_.verb == Verb::kRedact;
    if (rule_.mask.has_value() != wants_mask)
      return Fault(wants_mask ? "does not say what to mask" : "says what to mask, which its verb does not");
    const bool wants_limit = rule_.verb == Verb::kLimit;
    if (rule_.limit.has_value() != wants_limit)
      return Fault(wants_limit ? "does not say its limit" : "says a limit, which its verb has not");
    if (rule_.image && rule_.verb != Verb::kRequire) return Fault("says who signs an image, which its verb does not");
    if (rule_.image && program_.policies[rule_.policy.index].target != Target::kAdmission)
      return Fault("requires a signed image outside admission");
    if (!rule_.needs_scopes.empty() && rule_.verb != Verb::kAllow) return Fault("needs a scope, yet does not allow");
    return OkStatus();
  }

  Status CheckMask(const MaskSpec& mask) const {
    if (mask.targets.empty()) return Fault("masks nothing");
    if (mask.kind > MaskKind::kNull) return Fault("has a mask of no known kind");
    if (!AllUtf8(mask.targets) || !IsValidUtf8(mask.text)) return Fault("has a mask that is not valid UTF-8");
    for (const std::string& target : mask.targets) {
      if (rule_.verb == Verb::kRedact && !IsGoodPointer(target)) return Fault("redacts something that is not a JSON pointer");
      if (rule_.verb == Verb::kMask && target.empty()) return Fault("masks a column without a name");
    }
    return OkStatus();
  }

  Status CheckLimit(const LimitSpec& limit) const {
    if (limit.count < 1 || limit.count > kMaxLimitCount)
      return Fault("has a limit whose count is not between 1 and " + std::to_string(kMaxLimitCount));
    if (limit.period_nanos < 1 || limit.period_nanos > kMaxLimitPeriodNanos)
      return Fault("has a limit whose period is not between 1 ns and 10 years");
    if (limit.count > static_cast<std::uint64_t>(limit.period_nanos)) return Fault("has a limit of more than one call a nanosecond");
    if (!AllUtf8({&limit.identity})) return Fault("has a text that is not valid UTF-8");
    for (const NodeId key : limit.keys) {
      if (!IsRoot(key)) return Fault("has a limit by a node that does not exist");
    }
    return OkStatus();
  }

  Status CheckImage(const ImageSpec& image) const {
    if (!IsRoot(image.image)) return Fault("requires an image by a node that does not exist");
    if (image.demands.empty()) return Fault("demands nothing of its image");
    for (const SignatureDemand& demand : image.demands) WRIT_RETURN_IF_ERROR(CheckDemand(demand));
    return OkStatus();
  }

  Status CheckDemand(const SignatureDemand& demand) const {
    if (!IsValidUtf8(demand.predicate_type)) return Fault("has a demand that is not valid UTF-8");
    if (demand.condition.valid() && !IsRoot(demand.condition)) return Fault("has a condition on attestations that does not exist");
    if (demand.condition.valid() && demand.predicate_type.empty()) return Fault("has a condition on attestations, yet demands none");
    std::size_t depth = 0;  // of the postfix stack
    for (const SignerTerm& term : demand.signers) {
      if (term.kind > SignerTerm::Kind::kAtLeast) return Fault("has a signer term of no known kind");
      if (term.kind == SignerTerm::Kind::kSigner) {
        if (term.signer.index >= program_.signers.size()) return Fault("names a signer that does not exist");
        ++depth;
        continue;
      }
      if (term.operands < 1 || term.operands > depth) return Fault("combines more signers than it names");
      if (term.needed < 1 || term.needed > term.operands) return Fault("needs no signer, or more than there are");
      depth -= term.operands - 1;
    }
    if (depth != 1) return Fault("has signer terms that do not make one condition");
    return OkStatus();
  }

  const Program& program_;
  const std::vector<bool>& is_root_;
  const Rule& rule_;
  std::size_t index_;
};

Status CheckPolicies(const Program& program) {
  for (std::size_t i = 0; i < program.policies.size(); ++i) {
    const Policy& policy = program.policies[i];
    const std::string place = Place("policy", i);
    if (policy.name.empty()) return Corrupt(place + " has no name");
    if (!AllUtf8({&policy.name, &policy.package, &policy.severity, &policy.title, &policy.see})) {
      return Corrupt(place + " has a text that is not valid UTF-8");
    }
    if (static_cast<std::size_t>(policy.target) >= kTargetCount) return Corrupt(place + " is for no known target");
    if (policy.mode > PolicyMode::kWarn) return Corrupt(place + " has no known mode");
    if (!IsGoodLocation(program, policy.location, FileUse::kRequired)) return Corrupt(place + " is in no known file");
  }
  return OkStatus();
}

}  // namespace

Status CheckRules(const Program& program, const std::vector<bool>& is_root) {
  for (std::size_t i = 0; i < program.lets.size(); ++i) {
    const Let& let = program.lets[i];
    if (!IsValidUtf8(let.name)) return Corrupt(Place("let", i) + " has a name that is not valid UTF-8");
    if (let.value.index >= is_root.size() || !is_root[let.value.index]) return Corrupt(Place("let", i) + " is a node that does not exist");
  }
  WRIT_RETURN_IF_ERROR(CheckPolicies(program));
  PolicyId policy;
  std::unordered_set<std::string_view> ids;  // of the rules of `policy`
  for (std::size_t i = 0; i < program.rules.size(); ++i) {
    WRIT_RETURN_IF_ERROR(RuleChecker(program, is_root, i).Check());
    const Rule& rule = program.rules[i];
    if (rule.policy != policy) {
      if (policy.valid() && rule.policy < policy) return Corrupt(Place("rule", i) + " does not stand with the other rules of its policy");
      policy = rule.policy;
      ids.clear();
    }
    if (!ids.insert(rule.id).second) return Corrupt(Place("rule", i) + " has the id of another rule of its policy: " + rule.id);
  }
  return OkStatus();
}

}  // namespace writ::verify
