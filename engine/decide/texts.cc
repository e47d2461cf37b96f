// Messages, warnings and notes of the rules that speak, with their defaults; see texts.h.
#include "engine/decide/texts.h"

#include <algorithm>
#include <optional>
#include <unordered_map>
#include <utility>

#include "engine/decide/hiding.h"
#include "engine/decide/image_requirement.h"
#include "engine/decide/limits.h"
#include "engine/decide/rule_text.h"
#include "engine/eval/what_if.h"
#include "rules/base/utf8.h"

namespace writ {
namespace {

constexpr std::size_t kMaxErrorBytes = 1'000;  // of one error's text; its detail may be a policy's long regular expression

constexpr std::size_t kMaxNamedRules = 3;  // in a message about several

// The rules that failed for one cause.
struct Failure {
  std::string text;           // of the error
  RuleResult result;          // of the first
  std::vector<RuleId> named;  // the first kMaxNamedRules
  std::uint64_t rules = 0;
};

class Failures {
 public:
  // `text` makes the public text of an error. O(1) for a cause that is known; keeps kMaxListed causes.
  template <typename Text>
  void Add(const RuleResult& result, const Text& text) {
    std::string key{static_cast<char>(result.error.code), static_cast<char>(result.error.operands)};
    key += result.error.string();
    auto known = known_.find(key);
    if (known == known_.end()) {
      if (all_.size() == kMaxListed) {
        ++left_out_;
        return;
      }
      known = known_.emplace(std::move(key), Find(text(result.error), result)).first;
    }
    Failure& failure = all_[known->second];
    if (failure.named.size() < kMaxNamedRules) failure.named.push_back(result.rule);
    ++failure.rules;
  }

  const std::vector<Failure>& all() const { return all_; }
  std::uint64_t left_out() const { return left_out_; }

 private:
  // Errors whose details are not told apart in public are one cause.
  std::size_t Find(std::string text, const RuleResult& result) {
    const auto same = std::find_if(all_.begin(), all_.end(), [&](const Failure& other) { return other.text == text; });
    if (same != all_.end()) return static_cast<std::size_t>(same - all_.begin());
    all_.push_back({.text = std::move(text), .result = result});
    return all_.size() - 1;
  }

  std::vector<Failure> all_;
  std::unordered_map<std::string, std::size_t> known_;  // code, operands and detail → position in all_
  std::uint64_t left_out_ = 0;
};

// "could not be decided: no such key: k (p.r1)"; of many rules "50,000 rules could not be decided:
// no such key: k".
std::string FailureText(Deciding& deciding, std::string_view error, std::span<const RuleId> named, std::uint64_t rules) {
  std::string text = rules == 1 ? "" : CountedRules(rules) + " ";
  text.append("could not be decided: ").append(error);
  if (named.size() < rules) return text;
  for (const RuleId& rule : named)
    text.append(&rule == named.data() ? " (" : ", ").append(QualifiedRuleName(deciding.policies, deciding.program.rules[rule.index]));
  return text + ")";
}

// One text a cause: of rules that would deny and, among the warnings, of `warn` rules.
void AddFailures(Deciding& deciding, PolicyMode mode, Decision& decision) {
  Failures failures;
  for (const RuleResult& result : deciding.context.results) {
    if (result.outcome != Outcome::kError || ModeOf(deciding, result) == PolicyMode::kShadow) continue;
    const bool warns = RuleOf(deciding, result).verb == Verb::kWarn;
    if (!warns && !result.roles.Is(Role::kDenial)) continue;
    if ((warns ? PolicyMode::kWarn : ModeOf(deciding, result)) == mode)
      failures.Add(result, [&deciding](const Value& error) { return PublicErrorText(deciding, error); });
  }
  const TextList list = ListFor(mode, decision);
  for (const Failure& failure : failures.all()) {
    AddText(deciding, failure.result, FailureText(deciding, failure.text, failure.named, failure.rules), list);
    if (list.left_out == 0) list.sources.back().rules = failure.rules;
  }
  list.left_out += failures.left_out();
}

void AddHeldText(Deciding& deciding, const RuleResult& result, Decision& decision) {
  const PolicyMode mode = ModeOf(deciding, result);
  if (mode == PolicyMode::kShadow || result.outcome == Outcome::kError) return;
  const Rule& rule = RuleOf(deciding, result);
  if (result.roles.Is(Role::kDenial)) {
    AddDenialTexts(deciding, result, ListFor(mode, decision));
  } else if (result.outcome == Outcome::kTrue && rule.verb == Verb::kWarn) {
    const TextList warnings = ListFor(PolicyMode::kWarn, decision);
    AddText(deciding, result, warnings.texts.size() == kMaxListed ? "" : RuleText(deciding, result), warnings);
  } else if (result.outcome == Outcome::kTrue && rule.verb == Verb::kNote) {
    if (decision.notes.size() == kMaxListed)
      ++decision.more.notes;
    else
      decision.notes.emplace_back(QualifiedRuleName(deciding.policies, rule),
                                  RenderMessage(deciding.program, deciding.program.details(rule).message, deciding.context.evaluator));
  }
}

}  // namespace

TextList ListFor(PolicyMode mode, Decision& decision) {
  if (mode == PolicyMode::kWarn) return {decision.warnings, decision.warning_sources, decision.more.warnings};
  return {decision.messages, decision.message_sources, decision.more.messages};
}

void AddText(Deciding& deciding, const RuleResult& result, std::string text, const TextList& list) {
  if (list.texts.size() == kMaxListed) {
    ++list.left_out;
    return;
  }
  list.sources.resize(list.texts.size());
  list.sources.push_back({DescribeRule(deciding.policies, result.rule, result.outcome), 1});
  list.texts.push_back(std::move(text));
}

// What rules say that held, in rule order, then why others failed.
void AddTexts(Deciding& deciding, Decision& decision) {
  std::optional<WhatIf> masked;
  const auto denies = [&deciding](const RuleResult& result) {
    return result.roles.Is(Role::kDenial) && ModeOf(deciding, result) != PolicyMode::kShadow;
  };
  if (deciding.request.target() == Target::kRows && std::any_of(deciding.context.results.begin(), deciding.context.results.end(), denies)) {
    masked.emplace(deciding.context.evaluator);
    HideMaskedColumns(deciding, *masked);
  }
  bool any_failed = false;
  for (const RuleResult& result : deciding.context.results) {
    any_failed = any_failed || result.outcome == Outcome::kError;
    AddHeldText(deciding, result, decision);
  }
  if (!any_failed) return;
  AddFailures(deciding, PolicyMode::kEnforce, decision);
  AddFailures(deciding, PolicyMode::kWarn, decision);
}

void AddDenialTexts(Deciding& deciding, const RuleResult& result, const TextList& list) {
  const Rule& rule = RuleOf(deciding, result);
  if (deciding.program.image(rule) != nullptr && deciding.program.details(rule).message.empty() && result.outcome != Outcome::kError)
    AddImageTexts(deciding, result, list);
  else
    AddText(deciding, result, list.texts.size() == kMaxListed ? "" : RuleText(deciding, result), list);
}

// What a rule says: its message, or a default that names it. A failed rule says that it failed: what
// its message claims is not known.
std::string RuleText(Deciding& deciding, const RuleResult& result) {
  const Rule& rule = RuleOf(deciding, result);
  if (result.outcome == Outcome::kError)
    return FailureText(deciding, PublicErrorText(deciding, result.error), std::span(&result.rule, 1), 1);
  if (!deciding.program.details(rule).message.empty())
    return RenderMessage(deciding.program, deciding.program.details(rule).message, deciding.context.evaluator);
  const std::string name = QualifiedRuleName(deciding.policies, rule);
  if (rule.verb == Verb::kDeny) return "denied by " + name;
  if (rule.verb == Verb::kRequire) return "requirement " + name + " is not met";
  return rule.verb == Verb::kLimit ? LimitText(deciding, rule) : name;
}

// The error's text, without what a row's cells may have put into it: `m[row.card]` fails with the
// card number as the missing key.
// A detail that the policy itself spells, such as a column's name, is no secret.
std::string PublicErrorText(Deciding& deciding, const Value& error) {
  if (deciding.request.target() != Target::kRows || !error.is(Kind::kError)) return Shorten(ErrorText(error), kMaxErrorBytes);
  // "string.tag": the member that a string does not have.
  const bool is_overload = error.error() == ValueError::kNoMatchingOverload;
  const std::size_t dot = is_overload ? error.string().find('.') : std::string_view::npos;
  const std::string_view shown = dot == std::string_view::npos ? error.string() : error.string().substr(dot + 1);
  const bool is_spelled =
      (is_overload && dot == std::string_view::npos) || std::any_of(deciding.program.slots.begin(), deciding.program.slots.end(),
                                                                    [&](const Slot& slot) { return deciding.program[slot.key] == shown; });
  switch (error.error()) {
    case ValueError::kNoSuchKey:
    case ValueError::kNoMatchingOverload:
    case ValueError::kIndexOutOfRange:
    case ValueError::kInvalidRegex:
    case ValueError::kInvalidArgument:
    case ValueError::kBadConversion:
    case ValueError::kDuplicateKey: return is_spelled ? ErrorText(error) : ErrorText(Value::Error(error.error(), "(a value of the row)"));
    case ValueError::kDivideByZero:
    case ValueError::kModulusByZero:
    case ValueError::kOverflow:
    case ValueError::kNotABool:
    case ValueError::kUnboundVariable:
    case ValueError::kNoOptionalValue:
    case ValueError::kBadKeyType: return ErrorText(error);
  }
  WRIT_CHECK(false);
}

}  // namespace writ
