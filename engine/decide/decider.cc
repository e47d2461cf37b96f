// Evaluating the candidates and combining them. Image requirements are decider_images.cc, texts decider_texts.cc, quotas
// decider_limits.cc, explaining explain.cc.
#include "engine/decide/decider.h"

#include <algorithm>

#include "engine/decide/mask.h"
#include "engine/decide/rule_text.h"
#include "engine/json/json_document.h"
#include "engine/request/read.h"

namespace writ {
namespace {

constexpr std::uint64_t kStepsPerTool = 20;  // reading one of a listing

void AddInOrder(const std::vector<RuleId>& more, std::vector<RuleId>& rules) {
  rules.insert(rules.end(), more.begin(), more.end());
  std::sort(rules.begin(), rules.end());
  rules.erase(std::unique(rules.begin(), rules.end()), rules.end());
}

// The scopes as keys; one that stands twice does no harm. nullptr when the arena is full.
const MapData* MakeScopeSet(const Value& scopes, Arena& arena) {
  MapEntry* entries = arena.AllocateArray<MapEntry>(scopes.size);
  if (entries == nullptr) return nullptr;
  for (std::uint32_t i = 0; i < scopes.size; ++i) entries[i] = {scopes.items[i], Value::Bool(true)};
  return MakeMap(arena, entries, scopes.size);
}

}  // namespace

void ForgetAllBut(Decision& decision) {
  const Target target = decision.target;
  const std::string_view digest = decision.bundle_digest;
  std::string uid = std::move(decision.admission_uid);
  decision.Clear();
  decision.target = target;
  decision.bundle_digest = digest;
  decision.admission_uid = std::move(uid);
}

Outcome OutcomeOf(Value& condition) {
  if (condition.is(Kind::kBool)) return condition.boolean ? Outcome::kTrue : Outcome::kFalse;
  if (condition.is(Kind::kUnknown)) return Outcome::kUnknown;
  if (!condition.is(Kind::kError)) condition = Value::Error(ValueError::kNotABool, TypeName(condition.kind));
  return Outcome::kError;
}

void Decider::Decide(Decision& decision) {
  decision.target = request_.target();
  decision.admission_uid = request_.admission_uid;
  context_.evaluator.Begin(policies_.runtime, context_.slots, options_.deadline);
  Evaluate();
  if (options_.find_coverage) decision.covered = IsCovered();
  Combine(decision);
  if (!request_.time_fault.empty()) BlameTime(decision);
  if (context_.evaluator.exhausted()) DenyByBudget(decision);
  if (options_.explain) Explain(decision);
  FitTexts(decision);
}

// A time that cannot be read is absent. Where nothing allows and an allow failed for that, it is the request that is wrong, but for the
// targets whose callers do not know what a context is for us.
void Decider::BlameTime(Decision& decision) const {
  if (decision.effect != Effect::kDeny || decision.reason != Reason::kDefault || request_.target() == Target::kAccess) return;
  const bool is_blamed = std::any_of(context_.results.begin(), context_.results.end(), [](const RuleResult& result) {
    return result.error.is(Kind::kError) && result.error.error() == ValueError::kNoSuchKey && result.error.string() == "time";
  });
  if (!is_blamed) return;
  decision.reason = Reason::kBadRequest;
  decision.messages.push_back(request_.time_fault);
}

void Decider::FindCandidates(std::vector<RuleId>& rules) const {
  const std::uint64_t before = context_.evaluator.steps_left();
  std::uint64_t left = before;
  const SelectorKey key{request_.scope, request_.name, request_.folded};
  policies_.index.FindCandidates(request_.target(), key, context_.slots, rules, left);
  if (!request_.parent_scope.empty()) {
    std::vector<RuleId> more;
    policies_.index.FindCandidates(request_.target(), {request_.parent_scope, request_.name}, context_.slots, more, left);
    AddInOrder(more, rules);
  }
  context_.evaluator.Spend(before - left + rules.size());
}

void Decider::FindApplying(std::vector<RuleId>& rules) const {
  policies_.index.FindApplying(request_.target(), {request_.scope, request_.name, request_.folded}, rules);
  if (request_.parent_scope.empty()) return;
  std::vector<RuleId> more;
  policies_.index.FindApplying(request_.target(), {request_.parent_scope, request_.name}, more);
  AddInOrder(more, rules);
}

void Decider::Evaluate() {
  FindCandidates(context_.candidates);
  context_.results.clear();
  if (context_.evaluator.exhausted()) return;
  for (const RuleId id : context_.candidates) {
    context_.results.push_back(EvaluateRule(id, nullptr));
    if (context_.evaluator.exhausted()) return;
  }
}

// Whether any rule is about the request, also one that the index has found to be certainly false.
bool Decider::IsCovered() {
  if (!context_.candidates.empty()) return true;
  FindApplying(context_.candidates);
  const bool is_covered = !context_.candidates.empty();
  context_.candidates.clear();
  return is_covered;
}

bool Decider::IsMatched(const Rule& rule) const {
  const NodeId match = program_.match(rule.policy);
  return !match.valid() || context_.evaluator.Run(match).is_true();
}

RuleResult Decider::EvaluateRule(RuleId id, ReadObserver* observer) {
  const Rule& rule = program_.rules[id.index];
  const NodeId match = program_.match(rule.policy);
  if (!match.valid()) [[likely]]
    return EvaluateMatched(id, observer);
  Value matched = context_.evaluator.Run(match, observer);
  RuleResult result{.rule = id};
  const Outcome outcome = OutcomeOf(matched);
  if (outcome == Outcome::kTrue || outcome == Outcome::kUnknown) result = EvaluateMatched(id, observer);
  if (outcome != Outcome::kTrue) ApplyMatch(program_.combining(rule), rule.verb, matched, result);
  return result;
}

// Of a rule whose policy applies.
RuleResult Decider::EvaluateMatched(RuleId id, ReadObserver* observer) {
  const Rule& rule = program_.rules[id.index];
  RuleResult result{.rule = id, .outcome = Outcome::kTrue};
  if (rule.guard.valid()) {
    Value guard = context_.evaluator.Run(rule.guard, observer);
    result.outcome = OutcomeOf(guard);
    if (result.outcome == Outcome::kError) result.error = guard;
    if (result.outcome == Outcome::kUnknown) result.possible = guard.code;
  }
  result.certain = result.outcome != Outcome::kUnknown;
  if (!rule.needs_scopes.empty()) EvaluateScopes(rule, result);
  if (program_.image(rule) != nullptr) EvaluateImages(rule, result, observer);
  result.roles = RolesOf(program_.combining(rule), rule.verb, result.outcome, result.possible, result.certain);
  return result;
}

// The scopes are one more conjunct of an allow: a missing one makes it false, whatever else is unknown.
void Decider::EvaluateScopes(const Rule& rule, RuleResult& result) const {
  if (result.outcome != Outcome::kTrue && result.outcome != Outcome::kUnknown) return;
  if (Scopes().is_fault()) {
    const bool held = result.outcome == Outcome::kTrue;
    result.possible = static_cast<std::uint16_t>((held ? kMayBeTrue : result.possible) | kMayBeFalse);
    result.outcome = Outcome::kUnknown;
    result.certain = false;
    return;
  }
  for (const TextId scope : program_[rule.needs_scopes]) {
    if (!HasScope(program_[scope])) {
      result.outcome = Outcome::kFalse;
      result.certain = true;
    }
  }
}

Value Decider::Scopes() const {
  if (!policies_.scopes_slot.valid()) return request_.scopes;
  const Value& scopes = context_.slots[policies_.scopes_slot.index];
  return scopes.is(Kind::kAbsent) ? request_.scopes : scopes;
}

// Many scopes are hashed once: each rule asks for its own, and each tool of a listing asks again.
bool Decider::HasScope(std::string_view scope) const {
  constexpr std::uint32_t kFewScopes = 16;
  const Value scopes = Scopes();
  if (!scopes.is(Kind::kList)) return false;
  if (scopes.size <= kFewScopes) {
    return std::any_of(scopes.items, scopes.items + scopes.size,
                       [scope](const Value& item) { return item.is(Kind::kString) && item.string() == scope; });
  }
  if (scope_set_ == nullptr) scope_set_ = MakeScopeSet(scopes, context_.arena);
  return scope_set_ != nullptr && FindInMap(*scope_set_, scope) != nullptr;
}

// What the result plays for the effect: nothing in shadow policies, and only allows in warn mode.
Roles Decider::EnforcedRolesOf(const RuleResult& result) const {
  if (result.roles.Is(Role::kNothing)) return result.roles;
  switch (ModeOf(result)) {
    case PolicyMode::kEnforce: return result.roles;
    case PolicyMode::kWarn: return result.roles.WithoutDenials();
    case PolicyMode::kShadow: return Roles(Role::kNothing);
  }
  return Roles(Role::kNothing);
}

Decider::Counts Decider::Count() const {
  Counts counts;
  for (const RuleResult& result : context_.results) {
    const Roles roles = EnforcedRolesOf(result);
    if (roles.Is(Role::kNothing)) continue;
    if (roles.Is(Role::kDenial)) ++counts.denials;
    if (roles.IsOpen(Role::kDenial)) ++counts.possible_denials;
    if (roles.Is(Role::kAllow)) ++counts.allows;
    if (roles.IsOpen(Role::kAllow)) ++counts.possible_allows;
  }
  return counts;
}

void Decider::Combine(Decision& decision) {
  const Counts counts = Count();
  AddErrors(decision);
  AddShadow(decision);
  if (counts.denials > 0) {
    decision.reason = Reason::kRule;
    AddRules(Role::kDenial, decision);
  } else if (!InfoOf(request_.target()).allow_by_default) {
    CombineAllowers(counts, decision);
  } else if (counts.possible_denials > 0) {
    AddResidual(false, decision);
  } else {
    decision.effect = Effect::kAllow;
  }
  AddTexts(decision);
  if (context_.evaluator.exhausted()) return;
  if (decision.effect != Effect::kDeny) ApplyLimits(decision);
  if (decision.effect != Effect::kDeny) AddObligations(decision);
  if (decision.effect == Effect::kAllow) AddRow(decision);
}

// No denial is certain: allowed when an allow is and no denial is possible.
void Decider::CombineAllowers(const Counts& counts, Decision& decision) {
  if (counts.allows > 0 && counts.possible_denials == 0) {
    decision.effect = Effect::kAllow;
    decision.reason = Reason::kRule;
    AddRules(Role::kAllow, decision);
  } else if (counts.allows == 0 && counts.possible_allows == 0) {
    if (policies_.needs_scopes) AddMissingScopes(decision);
    if (!decision.needs_scopes.empty()) decision.reason = Reason::kScopes;
  } else {
    AddResidual(counts.allows == 0, decision);
  }
}

// Those that held come first.
void Decider::AddRules(Role role, Decision& decision) {
  for (const bool failed : {false, true}) {
    for (const RuleResult& result : context_.results) {
      if ((result.outcome == Outcome::kError) == failed && IsEnforced(result, role)) AddRule(result, decision);
    }
  }
}

void Decider::AddRule(const RuleResult& result, Decision& decision) const {
  if (decision.rules.size() == kMaxListed)
    ++decision.more.rules;
  else
    decision.rules.push_back(DescribeRule(policies_, result.rule, result.outcome));
}

// Those that deny come first.
void Decider::AddErrors(Decision& decision) const {
  const auto failed = [](const RuleResult& result) { return !result.error.is(Kind::kAbsent); };
  if (std::none_of(context_.results.begin(), context_.results.end(), failed)) return;
  for (const bool decides : {true, false}) {
    for (const RuleResult& result : context_.results) {
      if (failed(result) && IsEnforced(result, Role::kDenial) == decides) AddError(result, decision);
    }
  }
}

void Decider::AddError(const RuleResult& result, Decision& decision) const {
  if (decision.errors.size() == kMaxListed) {
    ++decision.more.errors;
    return;
  }
  decision.errors.push_back({.rule = DescribeRule(policies_, result.rule, result.outcome),
                             .text = PublicErrorText(result.error),
                             .in_shadow = ModeOf(result) == PolicyMode::kShadow});
}

void Decider::AddShadow(Decision& decision) const {
  for (const RuleResult& result : context_.results) {
    if (ModeOf(result) != PolicyMode::kShadow) continue;
    if (!result.roles.Is(Role::kDenial) && !result.roles.Is(Role::kAllow)) continue;
    if (decision.shadow.size() == kMaxListed)
      ++decision.more.shadow;
    else
      decision.shadow.push_back(DescribeRule(policies_, result.rule, result.outcome));
  }
}

// Which scopes would have made an allow hold? Each rule that needs some is tried again as if the principal had them, because
// its guard may ask for them too; the smallest set first, then the one of which least is missing, then in rule order.
// The rules come from FindApplying: a guard on scopes may have been excluded by the index.
void Decider::AddMissingScopes(Decision& decision) {
  constexpr std::size_t kMaxAlternatives = 16;
  if (Scopes().is_fault()) return;
  FindApplying(context_.candidates);
  struct Way {
    RuleId rule;
    std::size_t missing;
  };
  std::vector<Way> ways;
  std::size_t most = 0;
  for (const RuleId id : context_.candidates) {
    const Rule& rule = program_.rules[id.index];
    const bool is_shadow = program_.policies[rule.policy.index].mode == PolicyMode::kShadow;
    if (rule.verb != Verb::kAllow || rule.needs_scopes.empty() || is_shadow || !IsMatched(rule)) continue;
    const std::span<const TextId> scopes = program_[rule.needs_scopes];
    const auto has = [this](TextId scope) { return HasScope(program_[scope]); };
    const auto held = static_cast<std::size_t>(std::count_if(scopes.begin(), scopes.end(), has));
    most = std::max(most, scopes.size());
    if (held < scopes.size()) ways.push_back({id, scopes.size() - held});
  }
  const auto needs = [this](const Way& way) { return program_[program_[way.rule].needs_scopes]; };
  std::stable_sort(ways.begin(), ways.end(), [&](const Way& a, const Way& b) {
    return std::pair(needs(a).size(), a.missing) < std::pair(needs(b).size(), b.missing);
  });
  Value* granted = GrantedScopes(most);
  if (granted == nullptr) return;
  for (const Way& way : ways) {
    std::vector<std::string> scopes;
    for (const TextId scope : needs(way)) scopes.emplace_back(program_[scope]);
    const bool is_told = scopes == decision.needs_all || std::find(decision.needs_alternatives.begin(), decision.needs_alternatives.end(),
                                                                   scopes) != decision.needs_alternatives.end();
    if (is_told || !HoldsWithScopes(program_.rules[way.rule.index], granted)) continue;
    if (!decision.needs_all.empty()) {
      decision.needs_alternatives.push_back(scopes);
      if (decision.needs_alternatives.size() == kMaxAlternatives) return;
      continue;
    }
    decision.needs_all = scopes;
    for (const std::string& scope : scopes) {
      if (!HasScope(scope)) decision.needs_scopes.push_back(scope);
    }
  }
}

// The principal's scopes with room for `more` behind them; nullptr when there is none.
Value* Decider::GrantedScopes(std::size_t more) {
  const Value scopes = Scopes();
  const std::uint32_t size = scopes.is(Kind::kList) ? scopes.size : 0;
  Value* granted = context_.arena.AllocateArray<Value>(size + more);
  if (granted != nullptr && size > 0) std::copy(scopes.items, scopes.items + size, granted);
  return granted;
}

// Runs the guard with the rule's scopes granted, in the slot of scopes and in maps that hold it.
bool Decider::HoldsWithScopes(const Rule& rule, Value* granted) {
  if (!rule.guard.valid()) return true;
  const SlotId slot = policies_.scopes_slot;
  if (!slot.valid()) return context_.evaluator.Run(rule.guard).is_true();
  const SlotId parent = program_.slots[slot.index].parent;
  const Value scopes = context_.slots[slot.index], whole = context_.slots[parent.index];
  if (!context_.evaluator.Spend(1 + rule.needs_scopes.count)) return false;
  std::uint32_t size = Scopes().is(Kind::kList) ? Scopes().size : 0;
  for (const TextId scope : program_[rule.needs_scopes]) granted[size++] = Value::String(program_[scope]);
  const Value list = Value::List(granted, size);
  context_.slots[slot.index] = list;
  ReplaceInParent(slot, list);
  context_.evaluator.ForgetShared();
  const bool holds = context_.evaluator.Run(rule.guard).is_true();
  context_.slots[slot.index] = scopes;
  context_.slots[parent.index] = whole;
  context_.evaluator.ForgetShared();
  return holds;
}

// Where the slot's parent is read as a whole, gives the parent a map with the new value.
void Decider::ReplaceInParent(SlotId slot, const Value& value) {
  const SlotId parent = program_.slots[slot.index].parent;
  if (!parent.valid()) return;
  Value& whole = context_.slots[parent.index];
  if (!program_.slots[parent.index].whole || !whole.is(Kind::kMap) || whole.map == nullptr) return;
  MapEntry* entries = context_.arena.AllocateArray<MapEntry>(whole.map->size);
  if (entries == nullptr) return;
  for (std::uint32_t i = 0; i < whole.map->size; ++i) {
    entries[i] = whole.map->entries[i];
    if (entries[i].key.string() == program_[program_[slot].key]) entries[i].value = value;
  }
  if (const MapData* map = MakeMap(context_.arena, entries, whole.map->size)) whole = Value::Map(map);
}

// A conditional decision carries them too: whoever finds its residual to hold has to apply them.
void Decider::AddObligations(Decision& decision) const {
  for (const RuleResult& result : context_.results) {
    const Rule& rule = RuleOf(result);
    const MaskSpec* mask = program_.mask(rule);
    if (mask == nullptr || result.outcome == Outcome::kFalse || ModeOf(result) == PolicyMode::kShadow) continue;
    writ::AddObligations(program_, rule.verb, *mask, decision.obligations);
  }
}

void Decider::AddRow(Decision& decision) {
  if (request_.target() != Target::kRows || !request_.row.valid()) return;
  const Value row = MaterializeJson(request_.row, context_.arena, JsonStrings::kBorrowed, JsonIntegers::kUint);
  if (row.is(Kind::kAbsent)) return DenyByBudget(decision);  // the arena is full: without its masks the row is not to be shown
  if (row.is(Kind::kMap)) decision.row_json = MaskedRowJson(WithoutMaskedRelations(row), decision.obligations);
}

// Rows of another table that has masks are left out: whether those hold is that table's own decision.
Value Decider::WithoutMaskedRelations(const Value& row) {
  MapEntry* entries = context_.arena.AllocateArray<MapEntry>(row.map == nullptr ? 0 : row.map->size);
  if (row.map == nullptr || entries == nullptr) return Value::Map(nullptr);
  std::uint32_t count = 0;
  for (std::uint32_t i = 0; i < row.map->size; ++i) {
    if (!IsMaskedRelation(row.map->entries[i].key.string())) entries[count++] = row.map->entries[i];
  }
  const MapData* map = MakeMap(context_.arena, entries, count);
  return Value::Map(map);
}

bool Decider::IsMaskedRelation(std::string_view member) const {
  const auto table = std::find_if(program_.tables.begin(), program_.tables.end(),
                                  [&](const Table& each) { return program_[each.name] == request_.scope; });
  if (table == program_.tables.end()) return false;
  const std::span<const Relation> relations = program_[table->relations];
  const auto relation =
      std::find_if(relations.begin(), relations.end(), [&](const Relation& each) { return program_[each.name] == member; });
  if (relation == relations.end()) return false;
  const auto is_about = [&](const Selector& selector) { return GlobMatches(program_[selector.scope], program_[relation->table]); };
  return std::any_of(program_.rules.begin(), program_.rules.end(), [&](const Rule& rule) {
    const std::span<const Selector> selectors = program_[program_.details(rule).selectors];
    return rule.verb == Verb::kMask && std::any_of(selectors.begin(), selectors.end(), is_about);
  });
}

void Decider::DenyByBudget(Decision& decision) const {
  ForgetAllBut(decision);
  decision.reason = Reason::kBudget;
  decision.messages.emplace_back(LateOrSpent());
}

const char* Decider::LateOrSpent() const {
  return context_.evaluator.is_late() ? kLateText : "the decision passed its budget of steps or memory";
}

Status Decider::DecideListing(Decision& decision) {
  decision.target = request_.target();
  decision.effect = Effect::kAllow;
  decision.reason = Reason::kRule;
  decision.visible.emplace();
  context_.evaluator.Begin(policies_.runtime, context_.slots, options_.deadline);
  std::vector<bool> is_told;  // by RuleId: its error, once for all tools
  for (const JsonNode& tool : request_.list.items()) {
    Status read = ReadListedTool(tool, context_.reading);
    if (!read && context_.reading.refusal == Reason::kNotCanonical) {  // a call of it would be denied: it is not shown
      if (decision.warnings.empty()) decision.warnings.push_back("not listed: " + read.error().message);
      continue;
    }
    if (!read) return read;
    context_.evaluator.ForgetShared();
    context_.evaluator.Spend(kStepsPerTool + request_.shape->tool_slots.size());
    Evaluate();
    if (context_.evaluator.exhausted()) {
      DenyByBudget(decision);
      decision.visible.emplace();
      return OkStatus();
    }
    const Counts counts = Count();
    if (counts.denials == 0 && counts.allows + counts.possible_allows > 0) decision.visible->emplace_back(request_.name);
    for (const RuleResult& result : context_.results) {
      if (result.error.is(Kind::kAbsent)) continue;
      is_told.resize(program_.rules.size());
      if (!is_told[result.rule.index]) AddError(result, decision);
      is_told[result.rule.index] = true;
    }
  }
  FitTexts(decision);
  if (!options_.explain) return OkStatus();
  // A second round: explaining begins evaluations anew, which would give the listing a fresh budget.
  for (const JsonNode& tool : request_.list.items()) {
    if (ReadListedTool(tool, context_.reading)) Explain(decision);
  }
  return OkStatus();
}

}  // namespace writ
