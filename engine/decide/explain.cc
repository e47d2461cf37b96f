// Explaining: every applying rule with its outcome and what it read. A second evaluation after the decision, so that it cannot
// change it. Masked columns and credentials are never shown.
#include <algorithm>

#include "engine/decide/credential_name.h"
#include "engine/decide/decider.h"
#include "engine/decide/rule_text.h"
#include "engine/decide/unmet.h"
#include "rules/base/utf8.h"
#include "rules/ir/text.h"

namespace writ {
namespace {

// What hides a member of a map that is shown as a whole.
using HideMember = std::function<const char*(std::string_view key)>;

// Stops soon after kMaxOneTextBytes; the caller cuts.
// NOLINTNEXTLINE(misc-no-recursion): values nest at most 1000 deep
void AppendShown(const Value& value, const HideMember& hide,
                 std::string& out) {  // NOLINT(misc-no-recursion): depth <= JsonLimits::max_depth
  if (value.is(Kind::kList)) {
    out += '[';
    for (std::uint32_t i = 0; i < value.size && out.size() <= kMaxOneTextBytes; ++i) {
      if (i > 0) out += ',';
      AppendShown(value.items[i], hide, out);
    }
    out += ']';
  } else if (value.is(Kind::kMap)) {
    out += '{';
    for (std::uint32_t i = 0; value.map != nullptr && i < value.map->size && out.size() <= kMaxOneTextBytes; ++i) {
      const MapEntry& entry = value.map->entries[i];
      if (i > 0) out += ',';
      AppendShown(entry.key, hide, out);
      out += ':';
      if (const char* hidden = entry.key.is(Kind::kString) ? hide(entry.key.string()) : nullptr)
        AppendJsonString(hidden, out);
      else
        AppendShown(entry.value, hide, out);
    }
    out += '}';
  } else if (value.is_fault()) {
    out += value.is(Kind::kUnknown) ? "unknown" : "error";
  } else if (value.is(Kind::kString)) {
    AppendJsonString(CutBytes(value.string(), kMaxOneTextBytes + 1), out);
  } else {
    AppendJson(value, out);
  }
}

std::size_t SizeOf(const ExplainedRule& rule) {
  std::size_t bytes = rule.condition.size() + rule.message.size() + rule.error.size();
  for (const auto& [path, value] : rule.reads) bytes += path.size() + value.size();
  return bytes;
}

}  // namespace

void Decider::Explain(Decision& decision) {
  const std::size_t first = decision.explained.size();
  std::vector<RuleId> applying;
  FindApplying(applying);
  context_.evaluator.Begin(policies_.runtime, context_.slots);
  // All outcomes first: which columns are masked must be known before anything is shown.
  context_.results.clear();
  for (const RuleId id : applying) context_.results.push_back(EvaluateRule(id, nullptr));
  const std::vector<Value> saved = context_.slots;
  std::size_t bytes = 0;
  for (const ExplainedRule& rule : decision.explained) bytes += SizeOf(rule);
  for (const RuleId id : applying) {
    if (bytes > kMaxExplainedBytes) {
      ++decision.more.explained;
      continue;
    }
    context_.evaluator.ForgetShared();
    ExplainedRule explained = ExplainRule(id);
    if (request_.is_listing()) {
      std::string name;
      AppendJsonString(request_.name, name);
      explained.reads.emplace(explained.reads.begin(), "tool.name", std::move(name));
    }
    bytes += SizeOf(explained);
    decision.explained.push_back(std::move(explained));
    std::copy(saved.begin(), saved.end(), context_.slots.begin());
  }
  ExplainUnmet(first, bytes, decision);
}

// With a budget of its own: that of the rules must not run out for it, or they would be shown as
// failed.
void Decider::ExplainUnmet(std::size_t first, std::size_t bytes, Decision& decision) {
  context_.evaluator.Begin(policies_.runtime, context_.slots, options_.deadline);
  UnmetFinder finder(program_, context_.evaluator, [this](SlotId slot, const Value& value) { return ShowRead(slot, value); });
  for (std::size_t i = first; i < decision.explained.size() && bytes < kMaxExplainedBytes; ++i) {
    if (context_.evaluator.exhausted()) return;
    ExplainedRule& explained = decision.explained[i];
    if (explained.rule.outcome == Outcome::kTrue) continue;
    const Rule& rule = program_.rules[explained.rule.rule.index];
    if (rule.guard.valid()) explained.unmet = finder.Find(explained.rule.rule, kMaxExplainedBytes - bytes);
    for (const UnmetCondition& part : explained.unmet) bytes += SizeOf(part);
    AddUnmetScopes(rule, bytes, explained);
  }
}

void Decider::AddUnmetScopes(const Rule& rule, std::size_t& bytes, ExplainedRule& explained) const {
  const bool is_unknown = Scopes().is_fault();
  for (const TextId id : program_[rule.needs_scopes]) {
    const std::string_view scope = program_[id];
    if (explained.unmet.size() >= kMaxUnmet || bytes >= kMaxExplainedBytes) return;
    if (!is_unknown && HasScope(scope)) continue;
    UnmetCondition part{.condition = ScopeText(scope), .let = {}, .outcome = is_unknown ? Outcome::kUnknown : Outcome::kFalse, .reads = {}};
    std::string shown = "absent";
    if (!Scopes().is(Kind::kAbsent)) {
      shown.clear();
      AppendShown(
          Scopes(), [](std::string_view) -> const char* { return nullptr; }, shown);
    }
    part.reads.emplace_back("principal.scopes", Shorten(shown, kMaxOneTextBytes));
    bytes += SizeOf(part);
    explained.unmet.push_back(std::move(part));
  }
}

ExplainedRule Decider::ExplainRule(RuleId id) {
  const Rule& rule = program_.rules[id.index];
  ReadRecorder recorder;
  const RuleResult result = EvaluateRule(id, &recorder);
  ExplainedRule explained;
  explained.rule = DescribeRule(policies_, id, result.outcome);
  if (rule.guard.valid()) explained.condition = ShownNodeText(program_, rule.guard, kMaxOneTextBytes);
  if (!result.error.is(Kind::kAbsent)) explained.error = PublicErrorText(result.error);
  for (const auto& [slot, value] : recorder.reads) explained.reads.emplace_back(SlotPath(program_, slot), ShowRead(slot, value));
  const bool says_when_true = rule.verb == Verb::kWarn || rule.verb == Verb::kNote;
  if (!result.roles.Is(Role::kDenial) && !(says_when_true && result.outcome == Outcome::kTrue)) return explained;
  if (request_.target() == Target::kRows) HideMaskedColumns();
  Decision told;
  AddDenialTexts(result, ListFor(PolicyMode::kEnforce, told));
  for (const std::string& text : told.messages) {
    if (explained.message.size() < kMaxOneTextBytes) explained.message += (explained.message.empty() ? "" : "; ") + text;
  }
  explained.message = Shorten(explained.message, kMaxOneTextBytes);
  return explained;
}

std::string Decider::ShowRead(SlotId slot, const Value& value) const {
  if (value.is(Kind::kAbsent)) return "absent";
  if (value.is(Kind::kUnknown)) return "unknown";
  const bool is_row = request_.target() == Target::kRows;
  for (SlotId at = slot; at.valid(); at = program_.slots[at.index].parent) {
    const Slot& step = program_.slots[at.index];
    if (!step.parent.valid()) break;
    if (IsCredentialName(program_[step.key])) return "(hidden)";
    const Slot& parent = program_.slots[step.parent.index];
    if (is_row && !parent.parent.valid() && program_[parent.key] == "row" && IsMaskedColumn(program_[step.key])) return "(masked)";
  }
  if (!program_.slots[slot.index].whole) {
    if (value.is(Kind::kMap)) return "(object)";
    if (value.is(Kind::kList)) return "(list)";
  }
  const bool is_whole_row = is_row && !program_.slots[slot.index].parent.valid() && program_[program_[slot].key] == "row";
  std::string out;
  AppendShown(
      value,
      [&](std::string_view key) -> const char* {
        if (IsCredentialName(key)) return "(hidden)";
        return is_whole_row && IsMaskedColumn(key) ? "(masked)" : nullptr;
      },
      out);
  return Shorten(out, kMaxOneTextBytes);
}

}  // namespace writ
