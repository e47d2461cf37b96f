// What the host has to find out before a request can be decided; see needs.h.
#include "engine/decide/needs.h"

#include <algorithm>
#include <map>
#include <string>

#include "engine/decide/candidates.h"
#include "engine/decide/evaluate.h"
#include "engine/decide/image_requirement.h"
#include "engine/fact/image_fact.h"

namespace writ {
namespace {

using NeedPositions = std::map<std::string, std::size_t, std::less<>>;  // by key

void AddNeeds(Deciding& deciding, const ImageSpec& spec, std::vector<Need>& needs, NeedPositions& positions) {
  const Value images = deciding.context.evaluator.Run(spec.image);
  for (const Value& image : AsImages(images)) {
    if (!image.is(Kind::kString) || deciding.context.facts.IsOfRequest(kImageFacts, image.string())) continue;
    if (!deciding.context.evaluator.Spend(kStepsPerImage * spec.demands.count)) return;
    const auto [known, is_new] = positions.emplace(image.string(), needs.size());
    if (is_new) needs.push_back({.kind = std::string(kImageFacts), .key = std::string(image.string()), .asks = {}});
    std::vector<Need::Ask>& asks = needs[known->second].asks;
    for (const SignatureDemand& demand : deciding.program[spec.demands]) {
      for (const SignerTerm& term : deciding.program[demand.signers]) {
        if (term.kind != SignerTerm::Kind::kSigner) continue;
        Need::Ask ask{std::string(deciding.program[deciding.program[term.signer].name]),
                      std::string(deciding.program[demand.predicate_type])};
        if (std::find(asks.begin(), asks.end(), ask) == asks.end()) asks.push_back(std::move(ask));
      }
    }
  }
}

}  // namespace

std::vector<Need> FindNeeds(Deciding& deciding) {
  deciding.context.evaluator.Begin(deciding.policies.runtime, deciding.context.slots, deciding.options.deadline);
  FindCandidates(deciding, deciding.context.candidates);
  std::vector<Need> needs;
  NeedPositions positions;
  for (const RuleId id : deciding.context.candidates) {
    const Rule& rule = deciding.program.rules[id.index];
    const ImageSpec* image = deciding.program.image(rule);
    if (image == nullptr) continue;
    Value guard = rule.guard.valid() ? deciding.context.evaluator.Run(rule.guard) : Value::Bool(true);
    if (OutcomeOf(guard) != Outcome::kFalse) AddNeeds(deciding, *image, needs, positions);
  }
  if (deciding.context.evaluator.exhausted()) return {};  // it cannot be decided, whatever is found out
  return needs;
}

}  // namespace writ
