// Messages, warnings and notes of the rules that speak, with their defaults.
#include "engine/decide/decider.h"

#include <algorithm>
#include <unordered_map>
#include <utility>

#include "engine/decide/rule_text.h"
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

}  // namespace

Decider::TextList Decider::ListFor(PolicyMode mode, Decision& decision) {
  if (mode == PolicyMode::kWarn) return {decision.warnings, decision.warning_sources, decision.more.warnings};
  return {decision.messages, decision.message_sources, decision.more.messages};
}

void Decider::AddText(const RuleResult& result, std::string text, const TextList& list) const {
  if (list.texts.size() == kMaxListed) {
    ++list.left_out;
    return;
  }
  list.sources.resize(list.texts.size());
  list.sources.push_back({DescribeRule(policies_, result.rule, result.outcome), 1});
  list.texts.push_back(std::move(text));
}

// What rules say that held, in rule order, then why others failed.
void Decider::AddTexts(Decision& decision) {
  std::vector<Value> saved;
  const auto denies = [this](const RuleResult& result) { return result.roles.Is(Role::kDenial) && ModeOf(result) != PolicyMode::kShadow; };
  if (request_.target() == Target::kRows && std::any_of(context_.results.begin(), context_.results.end(), denies)) {
    saved = context_.slots;
    HideMaskedColumns();
  }
  bool any_failed = false;
  for (const RuleResult& result : context_.results) {
    any_failed = any_failed || result.outcome == Outcome::kError;
    AddHeldText(result, decision);
  }
  if (any_failed) {
    AddFailures(PolicyMode::kEnforce, decision);
    AddFailures(PolicyMode::kWarn, decision);
  }
  if (saved.empty()) return;
  std::copy(saved.begin(), saved.end(), context_.slots.begin());  // in place: the evaluator points at these slots
  context_.evaluator.ForgetShared();
}

void Decider::AddHeldText(const RuleResult& result, Decision& decision) {
  const PolicyMode mode = ModeOf(result);
  if (mode == PolicyMode::kShadow || result.outcome == Outcome::kError) return;
  const Rule& rule = RuleOf(result);
  if (result.roles.Is(Role::kDenial)) {
    AddDenialTexts(result, ListFor(mode, decision));
  } else if (result.outcome == Outcome::kTrue && rule.verb == Verb::kWarn) {
    const TextList warnings = ListFor(PolicyMode::kWarn, decision);
    AddText(result, warnings.texts.size() == kMaxListed ? "" : RuleText(result), warnings);
  } else if (result.outcome == Outcome::kTrue && rule.verb == Verb::kNote) {
    if (decision.notes.size() == kMaxListed)
      ++decision.more.notes;
    else
      decision.notes.emplace_back(QualifiedRuleName(policies_, rule),
                                  RenderMessage(program_, program_.details(rule).message, context_.evaluator));
  }
}

// One text a cause: of rules that would deny and, among the warnings, of `warn` rules.
void Decider::AddFailures(PolicyMode mode, Decision& decision) const {
  Failures failures;
  for (const RuleResult& result : context_.results) {
    if (result.outcome != Outcome::kError || ModeOf(result) == PolicyMode::kShadow) continue;
    const bool warns = RuleOf(result).verb == Verb::kWarn;
    if (!warns && !result.roles.Is(Role::kDenial)) continue;
    if ((warns ? PolicyMode::kWarn : ModeOf(result)) == mode)
      failures.Add(result, [this](const Value& error) { return PublicErrorText(error); });
  }
  const TextList list = ListFor(mode, decision);
  for (const Failure& failure : failures.all()) {
    AddText(failure.result, FailureText(failure.text, failure.named, failure.rules), list);
    if (list.left_out == 0) list.sources.back().rules = failure.rules;
  }
  list.left_out += failures.left_out();
}

// "could not be decided: no such key: k (p.r1)"; of many rules "50,000 rules could not be decided: no such key: k".
std::string Decider::FailureText(std::string_view error, std::span<const RuleId> named, std::uint64_t rules) const {
  std::string text = rules == 1 ? "" : CountedRules(rules) + " ";
  text.append("could not be decided: ").append(error);
  if (named.size() < rules) return text;
  for (const RuleId& rule : named)
    text.append(&rule == named.data() ? " (" : ", ").append(QualifiedRuleName(policies_, program_.rules[rule.index]));
  return text + ")";
}

// The error's text, without what a row's cells may have put into it: `m[row.card]` fails with the card number as the missing key.
// A detail that the policy itself spells, such as a column's name, is no secret.
std::string Decider::PublicErrorText(const Value& error) const {
  if (request_.target() != Target::kRows || !error.is(Kind::kError)) return Shorten(ErrorText(error), kMaxErrorBytes);
  // "string.tag": the member that a string does not have.
  const bool is_overload = error.error() == ValueError::kNoMatchingOverload;
  const std::size_t dot = is_overload ? error.string().find('.') : std::string_view::npos;
  const std::string_view shown = dot == std::string_view::npos ? error.string() : error.string().substr(dot + 1);
  const bool is_spelled =
      (is_overload && dot == std::string_view::npos) ||
      std::any_of(program_.slots.begin(), program_.slots.end(), [&](const Slot& slot) { return program_[slot.key] == shown; });
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

void Decider::AddDenialTexts(const RuleResult& result, const TextList& list) {
  const Rule& rule = RuleOf(result);
  if (program_.image(rule) != nullptr && program_.details(rule).message.empty() && result.outcome != Outcome::kError)
    AddImageTexts(result, list);
  else
    AddText(result, list.texts.size() == kMaxListed ? "" : RuleText(result), list);
}

// What a rule says: its message, or a default that names it. A failed rule says that it failed: what its message claims is not known.
std::string Decider::RuleText(const RuleResult& result) {
  const Rule& rule = RuleOf(result);
  if (result.outcome == Outcome::kError) return FailureText(PublicErrorText(result.error), std::span(&result.rule, 1), 1);
  if (!program_.details(rule).message.empty()) return RenderMessage(program_, program_.details(rule).message, context_.evaluator);
  const std::string name = QualifiedRuleName(policies_, rule);
  if (rule.verb == Verb::kDeny) return "denied by " + name;
  if (rule.verb == Verb::kRequire) return "requirement " + name + " is not met";
  return rule.verb == Verb::kLimit ? LimitText(rule) : name;
}

bool Decider::IsMaskedColumn(std::string_view column) const {
  if (IsMaskedRelation(column)) return true;
  for (const RuleResult& result : context_.results) {
    const Rule& rule = RuleOf(result);
    if (rule.verb != Verb::kMask || result.outcome == Outcome::kFalse || ModeOf(result) == PolicyMode::kShadow) continue;
    for (const TextId target : program_[program_.mask(rule)->targets]) {
      if (program_[target] == column) return true;
    }
  }
  return false;
}

// A message about rows cannot show a masked column: its slots say so instead.
void Decider::HideMaskedColumns() {
  const Value hidden = Value::String("(masked)");
  for (std::size_t i = 0; i < program_.slots.size(); ++i) {
    const Slot& slot = program_.slots[i];
    Value& value = context_.slots[i];
    if (!slot.parent.valid()) {
      if (program_[slot.key] != "row" || !value.is(Kind::kMap) || value.map == nullptr) continue;
      MapEntry* entries = context_.arena.AllocateArray<MapEntry>(value.map->size);
      const std::uint32_t size = value.map->size;
      for (std::uint32_t k = 0; entries != nullptr && k < size; ++k) {
        entries[k] = value.map->entries[k];
        if (IsMaskedColumn(entries[k].key.string())) entries[k].value = hidden;
      }
      const MapData* map = entries == nullptr ? nullptr : MakeMap(context_.arena, entries, size);
      value = map == nullptr ? Value::Map(nullptr) : Value::Map(map);
      continue;
    }
    const Slot& parent = program_.slots[slot.parent.index];
    const bool is_column = !parent.parent.valid() && program_[parent.key] == "row";
    if (is_column && !value.is(Kind::kAbsent) && IsMaskedColumn(program_[slot.key])) FillSlots(program_, SlotId(i), hidden, context_.slots);
  }
  context_.evaluator.ForgetShared();
}

}  // namespace writ
