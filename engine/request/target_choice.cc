// Which target a request is about; see target_choice.h.
#include "engine/request/target_choice.h"

#include <algorithm>

#include "engine/request/convert.h"
#include "engine/request/refusal.h"
#include "engine/request/roots.h"
#include "engine/request/suggest.h"
#include "rules/base/utf8.h"
#include "rules/model/canonical_name.h"

namespace writ {
namespace {

bool IsString(JsonNode node) { return node.valid() && node.is(JsonKind::kString); }

std::string_view Article(std::string_view word) {
  return !word.empty() && std::string_view("aeiou").find(word[0]) != std::string_view::npos ? "an " : "a ";
}

[[gnu::cold]] bool RefuseUntold(JsonNode document, RequestState& state) {
  std::vector<std::string_view> known = {"target", "principal", "context"};
  for (std::size_t i = 0; i < kTopLevelCount; ++i) {
    const auto member = static_cast<TopLevel>(i);
    if ((BitOf(member) & kTellingMembers) != 0) known.push_back(TopLevelName(member));
  }
  for (const JsonMember& member : document.members()) {
    if (std::find(known.begin(), known.end(), member.key) == known.end()) return RefuseMember(member.key, "a request", known, state);
  }
  return Refuse("the request does not say what it is about: give \"target\", or a member such as \"tool\", \"row\" or \"object\"", state);
}

[[gnu::cold]] bool RefuseTarget(std::string_view named, RequestState& state) {
  std::vector<std::string_view> names;
  for (std::size_t i = 0; i < kTargetCount; ++i) names.push_back(InfoOf(static_cast<Target>(i)).name);
  return Refuse("unknown target \"" + Shorten(named, kMaxShownNameBytes) + "\"" + DidYouMean(named, names), state);
}

[[gnu::cold]] bool RefuseTable(std::string_view named, RequestState& state) {
  std::vector<std::string_view> names;
  for (const Shape& known : state.shapes->tables) names.push_back((*state.shapes->program)[known.table->name]);
  return Refuse("unknown table \"" + Shorten(named, kMaxShownNameBytes) + "\"" + DidYouMean(named, names), state);
}

bool ChooseTable(RequestState& state) {
  const JsonNode table = state.given[TopLevel::kTable];
  if (!table.valid()) return Refuse("a rows request needs \"table\"", state);
  if (!table.is(JsonKind::kString)) return RefuseAt("table", "must be a string" + FoundJson(table), state);
  if (const std::string fault = CanonicalNameFault(table.string()); !fault.empty()) return RefuseSpelling("table", fault, state);
  const Shape* shape = state.shapes->FindTable(table.string());
  if (shape == nullptr) return RefuseTable(table.string(), state);
  UseShape(*shape, state);
  state.request.scope = (*state.shapes->program)[shape->table->name];
  return true;
}

}  // namespace

bool ChooseForm(RequestState& state, DocumentForm& form) {
  form = DocumentForm::kRequest;
  const JsonNode kind = state.given[TopLevel::kKind], target = state.given[TopLevel::kTarget];
  if (!IsString(kind)) return true;
  if (kind.string() == "AdmissionReview" && !target.valid()) {
    form = DocumentForm::kReview;
  } else if (IsString(state.given[TopLevel::kApiVersion])) {
    if (IsString(target) && target.string() == InfoOf(Target::kAdmission).name) form = DocumentForm::kManifest;
    // Whoever can put two members into a request that is built of parts must not turn it into
    // something else.
    if (!target.valid() && !state.given.Has(kTellingMembers))
      return Refuse("a Kubernetes object is decided only when the request says so: {\"target\": \"admission\", \"object\": {…}}", state);
  }
  return true;
}

bool ChooseShape(JsonNode document, RequestState& state) {
  std::optional<Target> target = state.given.TellTarget();
  if (const JsonNode named = state.given[TopLevel::kTarget]; named.valid()) {
    if (!named.is(JsonKind::kString)) return RefuseAt("target", "must be a string" + FoundJson(named), state);
    target = TryFindTarget(named.string());
    if (!target) return RefuseTarget(named.string(), state);
  }
  if (!target) return RefuseUntold(document, state);
  if (*target == Target::kRows) return ChooseTable(state);
  UseShape(state.shapes->Of(*target), state);
  return true;
}

std::string RequestOf(Target target) {
  const std::string_view name = InfoOf(target).name;
  return std::string(Article(name)) + std::string(name) + " request";
}

}  // namespace writ
