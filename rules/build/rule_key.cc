// Identities of rules and limits; see rule_key.h.
#include "rules/build/rule_key.h"

#include <algorithm>
#include <cstring>
#include <map>
#include <set>
#include <string_view>
#include <utility>

#include "rules/base/digest.h"
#include "rules/ir/enums.h"
#include "rules/ir/text.h"

namespace writ {
namespace {

constexpr std::string_view kFormat = "writ rule key 1\n";

// One part of what is hashed: "policy 5\ntools\n". With its length, so that no text can look like
// two.
void Append(std::string_view name, std::string_view text, std::string& to) {
  to.append(name).append(" ").append(std::to_string(text.size())).append("\n").append(text).append("\n");
}

// Everything that a rule's key hangs on.
class RuleDescriber {
 public:
  explicit RuleDescriber(const Program& program) : program_(program), texts_(program) {}

  std::string Describe(RuleId id) {
    const Rule& rule = program_[id];
    std::string out(kFormat);
    Append("package", program_[program_.policy(rule).package], out);
    Append("policy", program_[program_.policy(rule).name], out);
    if (const std::string_view given = GivenId(id); !given.empty()) {
      Append("id", given, out);
      return out;
    }
    Append("verb", VerbName(rule.verb), out);
    for (const auto& [scope, name] : Patterns(id)) {
      Append("scope", scope, out);
      Append("name", name, out);
    }
    if (rule.guard.valid()) Append("condition", Text(rule.guard), out);
    AppendSorted("needs", program_[rule.needs_scopes], out);
    AppendSubject(rule, out);
    return out;
  }

  // What @id says; "" when the id is the rule's number in its policy.
  std::string_view GivenId(RuleId id) const {
    const PolicyId policy = program_[id].policy;
    const auto first = std::lower_bound(program_.rules.begin(), program_.rules.end(), policy,
                                        [](const Rule& rule, PolicyId wanted) { return rule.policy < wanted; });
    const std::size_t number = id.index - static_cast<std::size_t>(first - program_.rules.begin()) + 1;
    const std::string_view text = program_[program_.details(id).id];
    return text == "r" + std::to_string(number) ? "" : text;
  }

  // Scope and name, in order, each once.
  std::set<std::pair<std::string_view, std::string_view>> Patterns(RuleId id) const {
    std::set<std::pair<std::string_view, std::string_view>> patterns;
    for (const Selector& selector : program_[program_.details(id).selectors])
      patterns.emplace(program_[selector.scope], program_[selector.name]);
    return patterns;
  }

  // An expression that is too long to be written is told by its beginning.
  std::string Text(NodeId node) {
    std::optional<std::string> text = texts_.TryText(node);
    return text ? *std::move(text) : texts_.ShownText(node);
  }

 private:
  void AppendSorted(std::string_view name, std::span<const TextId> texts, std::string& out) const {
    std::set<std::string_view> sorted;
    for (const TextId text : texts) sorted.insert(program_[text]);
    for (const std::string_view text : sorted) Append(name, text, out);
  }

  // What the verb is about. Not how: neither the number of a limit, nor the kind of a mask.
  void AppendSubject(const Rule& rule, std::string& out) {
    if (const MaskSpec* mask = program_.mask(rule)) AppendSorted("target", program_[mask->targets], out);
    if (const LimitSpec* limit = program_.limit(rule)) {
      for (const LimitKey& key : program_[limit->keys]) Append("key", Text(key.value), out);
    }
    const ImageSpec* image = program_.image(rule);
    if (image == nullptr) return;
    Append("image", Text(image->image), out);
    for (const SignatureDemand& demand : program_[image->demands]) {
      Append("type", program_[demand.predicate_type], out);
      for (const SignerTerm& term : program_[demand.signers]) {
        const bool is_signer = term.kind == SignerTerm::Kind::kSigner;
        Append("signer", is_signer ? program_[program_[term.signer].name] : "", out);
        if (!is_signer) Append("of", std::to_string(term.needed) + " " + std::to_string(term.operands), out);
      }
      if (demand.condition.valid()) Append("where", Text(demand.condition), out);
    }
  }

  const Program& program_;
  NodeTexts texts_;
};

RuleKey KeyOf(std::string_view described, std::uint32_t number) {
  std::string among_equals;
  if (number > 1) Append("number", std::to_string(number), among_equals);
  const std::string digest = Sha256(described, among_equals);
  RuleKey key;
  std::memcpy(key.bytes, digest.data(), sizeof(key.bytes));
  return key;
}

}  // namespace

std::vector<RuleKey> RuleKeysOf(const Program& program) {
  RuleDescriber describer(program);
  std::vector<RuleKey> keys;
  keys.reserve(program.rules.size());
  std::set<RuleKey> taken = {RuleKey()};   // that one says that there is none
  std::map<RuleKey, std::uint32_t> equal;  // how many rules have the key, before they are numbered
  for (std::size_t i = 0; i < program.rules.size(); ++i) {
    const std::string described = describer.Describe(RuleId(i));
    RuleKey key = KeyOf(described, 1);
    std::uint32_t& number = equal[key];
    for (++number; number > 1 || taken.contains(key); ++number) {
      key = KeyOf(described, number);
      if (!taken.contains(key)) break;
    }
    taken.insert(key);
    keys.push_back(key);
  }
  return keys;
}

std::vector<LimitIdentity> LimitIdentitiesOf(const Program& program) {
  RuleDescriber describer(program);
  std::vector<LimitIdentity> identities(program.limits.size());
  std::map<std::pair<PolicyId, std::string>, std::uint32_t> equal;
  for (std::size_t i = 0; i < program.rules.size(); ++i) {
    const Rule& rule = program.rules[i];
    const LimitSpec* limit = program.limit(rule);
    if (limit == nullptr) continue;
    std::vector<std::pair<std::string, LimitKey>> keys;
    for (const LimitKey& key : program[limit->keys]) keys.emplace_back(describer.Text(key.value), key);
    std::stable_sort(keys.begin(), keys.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
    LimitIdentity& identity = identities[rule.spec.index];
    identity.keys.clear();
    std::string patterns, by;
    for (const auto& [scope, name] : describer.Patterns(RuleId(i))) {
      patterns.append(patterns.empty() ? "" : ", ").append(scope);
      if (!name.empty()) patterns.append("/").append(name);
    }
    for (const auto& [text, key] : keys) {
      by.append(by.empty() ? " by " : ", ").append(text);
      identity.keys.push_back(key);
    }
    const std::string_view given = describer.GivenId(RuleId(i));
    identity.text = given.empty() ? patterns + by : "@" + std::string(given);
    const std::uint32_t number = ++equal[{rule.policy, identity.text}];
    if (number > 1) identity.text += " #" + std::to_string(number);
  }
  return identities;
}

}  // namespace writ
