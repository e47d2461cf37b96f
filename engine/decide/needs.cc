// What the host has to find out before a request can be decided; see needs.h.
#include "engine/decide/needs.h"

#include <algorithm>
#include <map>
#include <string>
#include <utility>

#include "engine/decide/candidates.h"
#include "engine/decide/evaluate.h"
#include "engine/decide/image_requirement.h"
#include "engine/decide/known_facts.h"

namespace writ {
namespace {

// The needs of one request, each kind and key once.
class NeedList {
 public:
  // The questions of the need; nullptr when the request tells the fact itself.
  std::vector<Need::Ask>* Add(const Deciding& deciding, std::string_view kind, std::string_view key) {
    if (deciding.context.facts.IsOfRequest(kind, key)) return nullptr;
    const auto [known, is_new] = positions_.emplace(std::pair(kind, key), needs_.size());
    if (is_new) needs_.push_back({.kind = std::string(kind), .key = std::string(key), .asks = {}});
    return &needs_[known->second].asks;
  }
  std::vector<Need> Take() { return std::move(needs_); }

 private:
  std::vector<Need> needs_;
  std::map<std::pair<std::string_view, std::string_view>, std::size_t> positions_;  // views into values of the request
};

// Which facts an evaluation met that nobody has told.
class UntoldFacts final : public ReadObserver {
 public:
  explicit UntoldFacts(const LoadedProgram& loaded) : loaded_(loaded) {}
  void OnRead(SlotId slot, const Value& value) override {
    const std::uint32_t fact = loaded_.fact_of_slot.empty() ? kNoFact : loaded_.fact_of_slot[slot.index];
    if (fact == kNoFact || !value.is(Kind::kUnknown)) return;
    if (std::find(met.begin(), met.end(), fact) == met.end()) met.push_back(fact);
  }
  std::vector<std::uint32_t> met;  // positions in Program::facts

 private:
  const LoadedProgram& loaded_;
};

void AddImageNeeds(Deciding& deciding, const ImageSpec& spec, ReadObserver* observer, NeedList& needs) {
  const Program& program = deciding.program;
  const Value images = deciding.context.evaluator.Run(spec.image, observer);
  for (const Value& image : AsImages(images)) {
    if (!image.is(Kind::kString)) continue;
    if (!deciding.context.evaluator.Spend(kStepsPerImage * spec.demands.count)) return;
    std::vector<Need::Ask>* asks = needs.Add(deciding, kImageFacts, image.string());
    if (asks == nullptr) continue;
    for (const SignatureDemand& demand : program[spec.demands]) {
      for (const SignerTerm& term : program[demand.signers]) {
        if (term.kind != SignerTerm::Kind::kSigner) continue;
        Need::Ask ask{std::string(program[program[term.signer].name]), std::string(program[demand.predicate_type])};
        if (std::find(asks->begin(), asks->end(), ask) == asks->end()) asks->push_back(std::move(ask));
      }
    }
  }
}

// Runs what the rule reads if it applies; `facts` hears of it. A rule that is certainly false wants
// nothing.
void AddNeedsOf(Deciding& deciding, RuleId id, UntoldFacts* facts, NeedList& needs) {
  const Program& program = deciding.program;
  const Rule& rule = program[id];
  Evaluator& evaluator = deciding.context.evaluator;
  const ImageSpec* image = program.image(rule);
  if (image == nullptr && facts == nullptr) return;
  for (const NodeId condition : {program.match(rule.policy), rule.guard}) {
    if (!condition.valid()) continue;
    Value value = evaluator.Run(condition, facts);
    if (OutcomeOf(value) == Outcome::kFalse) return;
  }
  if (image != nullptr) AddImageNeeds(deciding, *image, facts, needs);
  const LimitSpec* limit = facts == nullptr ? nullptr : program.limit(rule);
  if (limit == nullptr) return;
  for (const LimitKey& key : program[limit->keys]) evaluator.Run(key.value, facts);
}

// Keys of facts can hang on facts; those are met by running them.
void AddFactNeeds(Deciding& deciding, UntoldFacts& facts, NeedList& needs) {
  for (std::size_t i = 0; i < facts.met.size(); ++i) {
    const FactSpec& fact = deciding.program.facts[facts.met[i]];
    const Value key = deciding.context.evaluator.Run(fact.key, &facts);
    if (key.is(Kind::kString)) needs.Add(deciding, deciding.program[fact.kind], key.string());
  }
}

}  // namespace

std::vector<Need> FindNeeds(Deciding& deciding) {
  Context::Impl& context = deciding.context;
  context.evaluator.Begin(deciding.policies.runtime, context.slots, deciding.options.deadline);
  BindFacts(deciding, Value::Unknown());
  FindCandidates(deciding, context.candidates);
  NeedList needs;
  UntoldFacts facts(*deciding.policies.loaded);
  UntoldFacts* observer = deciding.program.facts.empty() ? nullptr : &facts;
  for (const RuleId id : context.candidates) AddNeedsOf(deciding, id, observer, needs);
  AddFactNeeds(deciding, facts, needs);
  if (context.evaluator.exhausted()) return {};  // it cannot be decided, whatever is found out
  return needs.Take();
}

}  // namespace writ
