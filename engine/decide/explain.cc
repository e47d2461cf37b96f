// Explaining: every applying rule with its outcome and what it read; see explain.h.
#include "engine/decide/explain.h"

#include <algorithm>
#include <optional>

#include "engine/decide/candidates.h"
#include "engine/decide/credential_name.h"
#include "engine/decide/evaluate.h"
#include "engine/decide/hiding.h"
#include "engine/decide/rule_text.h"
#include "engine/decide/scopes.h"
#include "engine/decide/texts.h"
#include "engine/decide/unmet.h"
#include "engine/eval/what_if.h"
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
  std::size_t bytes = rule.match.size() + rule.condition.size() + rule.message.size() + rule.error.size();
  for (const auto& [path, value] : rule.reads) bytes += path.size() + value.size();
  return bytes;
}

std::string ShowRead(Deciding& deciding, SlotId slot, const Value& value) {
  if (value.is(Kind::kAbsent)) return "absent";
  if (value.is(Kind::kUnknown)) return "unknown";
  const bool is_row = deciding.request.target() == Target::kRows;
  for (SlotId at = slot; at.valid(); at = deciding.program.slots[at.index].parent) {
    const Slot& step = deciding.program.slots[at.index];
    if (!step.parent.valid()) break;
    if (IsCredentialName(deciding.program[step.key])) return "(hidden)";
    const Slot& parent = deciding.program.slots[step.parent.index];
    if (is_row && !parent.parent.valid() && deciding.program[parent.key] == "row" && IsMaskedColumn(deciding, deciding.program[step.key]))
      return "(masked)";
  }
  if (!deciding.program.slots[slot.index].whole) {
    if (value.is(Kind::kMap)) return "(object)";
    if (value.is(Kind::kList)) return "(list)";
  }
  const bool is_whole_row =
      is_row && !deciding.program.slots[slot.index].parent.valid() && deciding.program[deciding.program[slot].key] == "row";
  std::string out;
  AppendShown(
      value,
      [&](std::string_view key) -> const char* {
        if (IsCredentialName(key)) return "(hidden)";
        return is_whole_row && IsMaskedColumn(deciding, key) ? "(masked)" : nullptr;
      },
      out);
  return Shorten(out, kMaxOneTextBytes);
}

void AddUnmetScopes(Deciding& deciding, const Rule& rule, std::size_t& bytes, ExplainedRule& explained) {
  const bool is_unknown = ScopesOf(deciding).is_fault();
  for (const TextId id : deciding.program[rule.needs_scopes]) {
    const std::string_view scope = deciding.program[id];
    if (explained.unmet.size() >= kMaxUnmet || bytes >= kMaxExplainedBytes) return;
    if (!is_unknown && HasScope(deciding, scope)) continue;
    UnmetCondition part{.condition = ScopeText(scope), .let = {}, .outcome = is_unknown ? Outcome::kUnknown : Outcome::kFalse, .reads = {}};
    std::string shown = "absent";
    if (!ScopesOf(deciding).is(Kind::kAbsent)) {
      shown.clear();
      AppendShown(
          ScopesOf(deciding), [](std::string_view) -> const char* { return nullptr; }, shown);
    }
    part.reads.emplace_back("principal.scopes", Shorten(shown, kMaxOneTextBytes));
    bytes += SizeOf(part);
    explained.unmet.push_back(std::move(part));
  }
}

// With a budget of its own: that of the rules must not run out for it, or they would be shown as
// failed.
void ExplainUnmet(Deciding& deciding, std::size_t first, std::size_t bytes, Decision& decision) {
  deciding.context.evaluator.Begin(deciding.policies.runtime, deciding.context.slots, deciding.options.deadline);
  UnmetFinder finder(deciding.program, deciding.context.evaluator,
                     [&deciding](SlotId slot, const Value& value) { return ShowRead(deciding, slot, value); });
  for (std::size_t i = first; i < decision.explained.size() && bytes < kMaxExplainedBytes; ++i) {
    if (deciding.context.evaluator.exhausted()) return;
    ExplainedRule& explained = decision.explained[i];
    if (explained.rule.outcome == Outcome::kTrue) continue;
    const Rule& rule = deciding.program.rules[explained.rule.rule.index];
    if (rule.guard.valid()) explained.unmet = finder.Find(explained.rule.rule, kMaxExplainedBytes - bytes);
    for (const UnmetCondition& part : explained.unmet) bytes += SizeOf(part);
    AddUnmetScopes(deciding, rule, bytes, explained);
  }
}

ExplainedRule ExplainRule(Deciding& deciding, RuleId id) {
  const Rule& rule = deciding.program.rules[id.index];
  ReadRecorder recorder;
  const RuleResult result = EvaluateRule(deciding, id, &recorder);
  ExplainedRule explained;
  explained.rule = DescribeRule(deciding.policies, id, result.outcome);
  if (const NodeId match = deciding.program.match(rule.policy); match.valid()) {
    explained.match = ShownNodeText(deciding.program, match, kMaxOneTextBytes);
    Value matched = deciding.context.evaluator.Run(match);
    explained.matched = OutcomeOf(matched);
  }
  if (rule.guard.valid()) explained.condition = ShownNodeText(deciding.program, rule.guard, kMaxOneTextBytes);
  if (!result.error.is(Kind::kAbsent)) explained.error = PublicErrorText(deciding, result.error);
  for (const auto& [slot, value] : recorder.reads)
    explained.reads.emplace_back(SlotPath(deciding.program, slot), ShowRead(deciding, slot, value));
  const bool says_when_true = rule.verb == Verb::kWarn || rule.verb == Verb::kNote;
  if (!result.roles.Is(Role::kDenial) && !(says_when_true && result.outcome == Outcome::kTrue)) return explained;
  std::optional<WhatIf> masked;
  if (deciding.request.target() == Target::kRows) HideMaskedColumns(deciding, masked.emplace(deciding.context.evaluator));
  Decision told;
  AddDenialTexts(deciding, result, ListFor(PolicyMode::kEnforce, told));
  for (const std::string& text : told.messages) {
    if (explained.message.size() < kMaxOneTextBytes) explained.message += (explained.message.empty() ? "" : "; ") + text;
  }
  explained.message = Shorten(explained.message, kMaxOneTextBytes);
  return explained;
}

}  // namespace

void Explain(Deciding& deciding, Decision& decision) {
  const std::size_t first = decision.explained.size();
  std::vector<RuleId> applying;
  FindApplying(deciding, applying);
  deciding.context.evaluator.Begin(deciding.policies.runtime, deciding.context.slots);
  // All outcomes first: which columns are masked must be known before anything is shown.
  deciding.context.results.clear();
  for (const RuleId id : applying) deciding.context.results.push_back(EvaluateRule(deciding, id, nullptr));
  std::size_t bytes = 0;
  for (const ExplainedRule& rule : decision.explained) bytes += SizeOf(rule);
  for (const RuleId id : applying) {
    if (bytes > kMaxExplainedBytes) {
      ++decision.more.explained;
      continue;
    }
    deciding.context.evaluator.ForgetShared();
    ExplainedRule explained = ExplainRule(deciding, id);
    if (deciding.request.is_listing()) {
      std::string name;
      AppendJsonString(deciding.request.name, name);
      explained.reads.emplace(explained.reads.begin(), "tool.name", std::move(name));
    }
    bytes += SizeOf(explained);
    decision.explained.push_back(std::move(explained));
  }
  ExplainUnmet(deciding, first, bytes, decision);
}

}  // namespace writ
