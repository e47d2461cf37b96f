// Messages, warnings and notes of the rules that speak, with their defaults.
#include "engine/decide/decider.h"

#include <algorithm>

#include "engine/decide/rule_text.h"

namespace writ {

// All results are looked at in rule order, so messages and warnings are in rule order.
void Decider::AddTexts(Decision& decision) {
  std::vector<Value> saved;
  const auto prepare = [&] {
    if (request_.target() != Target::kRows || !saved.empty()) return;
    saved = context_.slots;
    HideMaskedColumns();
  };
  for (const RuleResult& result : context_.results) {
    const PolicyMode mode = ModeOf(result);
    if (mode == PolicyMode::kShadow) continue;
    const Verb verb = RuleOf(result).verb;
    const bool holds = result.outcome == Outcome::kTrue;
    if (RoleOf(result) == Role::kDenial) {
      prepare();
      AddDenialTexts(result, mode == PolicyMode::kWarn ? decision.warnings : decision.messages);
    } else if (verb == Verb::kWarn && (holds || result.outcome == Outcome::kError)) {
      decision.warnings.push_back(RuleText(result));
    } else if (verb == Verb::kNote && holds) {
      decision.notes.emplace_back(NoteName(RuleOf(result), decision), RenderMessage(RuleOf(result).message, context_.evaluator));
    }
  }
  if (saved.empty()) return;
  std::copy(saved.begin(), saved.end(), context_.slots.begin());  // in place: the evaluator points at these slots
  context_.evaluator.ForgetCells();
}

// "policy.rule", with its package when another package has a policy of the same name that noted something too.
std::string Decider::NoteName(const Rule& rule, const Decision& decision) const {
  std::string name = QualifiedRuleName(program_, rule);
  const bool is_taken = std::any_of(decision.notes.begin(), decision.notes.end(), [&](const auto& note) { return note.first == name; });
  return is_taken ? program_.policies[rule.policy.index].package + "." + name : name;
}

// The error's text, without what a row's cells may have put into it: `m[row.card]` fails with the card number as the missing key.
// A detail that the policy itself spells, such as a column's name, is no secret.
std::string Decider::PublicErrorText(const Value& error) const {
  if (request_.target() != Target::kRows || !error.is(Kind::kError)) return ErrorText(error);
  // "string.tag": the member that a string does not have.
  const bool is_overload = error.error() == ValueError::kNoMatchingOverload;
  const std::size_t dot = is_overload ? error.string().find('.') : std::string_view::npos;
  const std::string_view shown = dot == std::string_view::npos ? error.string() : error.string().substr(dot + 1);
  const bool is_spelled =
      (is_overload && dot == std::string_view::npos) ||
      std::any_of(program_.slots.begin(), program_.slots.end(), [shown](const Slot& slot) { return slot.key == shown; });
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

void Decider::AddDenialTexts(const RuleResult& result, std::vector<std::string>& texts) {
  const Rule& rule = RuleOf(result);
  if (rule.image && rule.message.empty() && result.outcome != Outcome::kError)
    AddImageTexts(result, texts);
  else
    texts.push_back(RuleText(result));
}

// What a rule says: its message, or a default that names it. A failed rule without a message says why it failed.
std::string Decider::RuleText(const RuleResult& result) {
  const Rule& rule = RuleOf(result);
  if (!rule.message.empty()) return RenderMessage(rule.message, context_.evaluator);
  std::string text = QualifiedRuleName(program_, rule);
  if (rule.verb == Verb::kDeny)
    text = "denied by " + text;
  else if (rule.verb == Verb::kRequire)
    text = "requirement " + text + " is not met";
  else if (rule.verb == Verb::kLimit)
    text = LimitText(rule);
  if (result.outcome == Outcome::kError) text += ": " + PublicErrorText(result.error);
  return text;
}

bool Decider::IsMaskedColumn(std::string_view column) const {
  if (IsMaskedRelation(column)) return true;
  for (const RuleResult& result : context_.results) {
    const Rule& rule = RuleOf(result);
    const bool masks =
        rule.verb == Verb::kMask && rule.mask.has_value() && result.outcome != Outcome::kFalse && ModeOf(result) != PolicyMode::kShadow;
    if (!masks) continue;
    for (const std::string& target : rule.mask->targets) {
      if (target == column) return true;
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
      if (slot.key != "row" || !value.is(Kind::kMap) || value.map == nullptr) continue;
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
    const bool is_column = !parent.parent.valid() && parent.key == "row";
    if (is_column && !value.is(Kind::kAbsent) && IsMaskedColumn(slot.key)) FillSlots(program_, SlotId(i), hidden, context_.slots);
  }
  context_.evaluator.ForgetCells();
}

}  // namespace writ
