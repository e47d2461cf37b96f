// `require image …`: whether it is met, and what is said of the images that lack a signature; see
// image_requirement.h.
#include "engine/decide/image_requirement.h"

#include <algorithm>
#include <map>

#include "engine/decide/evaluate.h"
#include "engine/decide/images.h"
#include "engine/decide/rule_text.h"
#include "engine/eval/what_if.h"
#include "engine/fact/image_fact.h"
#include "rules/base/utf8.h"
#include "rules/function/standard/operators.h"

namespace writ {
namespace {

constexpr std::size_t kMaxImageBytes = 512;  // of a reference in a message

// Of several images the worst counts: an error, a refuted signature, one that no fact tells, an
// image that is itself unknown.
int Badness(const RuleResult& result) {
  switch (result.outcome) {
    case Outcome::kTrue: return 0;
    case Outcome::kUnknown: return result.certain ? 2 : 1;
    case Outcome::kFalse: return 3;
    case Outcome::kError: return 4;
  }
  WRIT_CHECK(false);
}

using Attestations = std::vector<Attestation>;

// The attestations of that type by that signer: those about one part together, parts in the order
// of their first.
Attestations ByPart(const Value* fact, std::string_view type, std::string_view signer) {
  Attestations found;
  for (const Value& each : AttestationsOf(fact)) {
    const Attestation attestation = AttestationOf(each);
    if (attestation.predicate_type == type && IsAmong(attestation.signed_by, signer)) found.push_back(attestation);
  }
  std::map<std::string_view, std::size_t> first;  // of each part
  for (const Attestation& attestation : found) first.emplace(attestation.about, first.size());
  if (first.size() < 2) return found;
  std::stable_sort(found.begin(), found.end(), [&](const Attestation& a, const Attestation& b) { return first[a.about] < first[b.about]; });
  return found;
}

// Whether a signer of the demand has attested that type at all, whatever it says.
bool HasAttestation(const Program& program, const SignatureDemand& demand, const Value* fact) {
  if (demand.predicate_type == kNoText) return false;
  const auto is_by = [&](const Attestation& attestation, const SignerTerm& term) {
    return term.kind == SignerTerm::Kind::kSigner && IsAmong(attestation.signed_by, program[program[term.signer].name]);
  };
  const std::span<const Value> attestations = AttestationsOf(fact);
  return std::any_of(attestations.begin(), attestations.end(), [&](const Value& each) {
    const Attestation attestation = AttestationOf(each);
    const std::span<const SignerTerm> terms = program[demand.signers];
    return attestation.predicate_type == program[demand.predicate_type] &&
           std::any_of(terms.begin(), terms.end(), [&](const SignerTerm& term) { return is_by(attestation, term); });
  });
}

Value RunOnPredicate(Deciding& deciding, NodeId condition, const Value& predicate, ReadObserver* observer) {
  const SlotId slot = deciding.policies.predicate_slot;
  if (!slot.valid()) return deciding.context.evaluator.Run(condition, observer);
  deciding.context.evaluator.Spend(deciding.context.slots.size() / 4);  // they are copied
  WhatIf attested(deciding.context.evaluator);
  attested.Fill(deciding.program, slot, predicate);
  return deciding.context.evaluator.Run(condition, observer);
}

// Whether one of the attestations, which are about one part, meets the condition.
Outcome PartAttested(Deciding& deciding, const SignatureDemand& demand, std::span<const Attestation> attestations, ReadObserver* observer,
                     RuleResult& result) {
  bool is_open = false;
  Value error = result.error;
  for (const Attestation& attestation : attestations) {
    Value condition =
        demand.condition.valid() ? RunOnPredicate(deciding, demand.condition, attestation.predicate, observer) : Value::Bool(true);
    switch (OutcomeOf(condition)) {
      case Outcome::kTrue: return Outcome::kTrue;
      case Outcome::kFalse: break;
      case Outcome::kError: error = condition; break;
      case Outcome::kUnknown: is_open = true; break;
    }
  }
  result.error = error;
  if (is_open) result.certain = false;
  return is_open ? Outcome::kUnknown : Outcome::kFalse;
}

// Of every part of the image that such attestations are about, one of that type by that signer has
// to meet the condition. Notes in `result` what failed, or what hung on an unknown.
Outcome AttestedBy(Deciding& deciding, const SignatureDemand& demand, const Value* fact, std::string_view signer, ReadObserver* observer,
                   RuleResult& result) {
  if (!HasAttestations(fact)) return Outcome::kUnknown;
  if (!deciding.context.evaluator.Spend(2 * AttestationsOf(fact).size())) return Outcome::kUnknown;
  const Attestations attestations = ByPart(fact, deciding.program[demand.predicate_type], signer);
  const bool is_known = !IsUnknownSigner(fact, signer);
  Outcome worst = attestations.empty() ? (is_known ? Outcome::kFalse : Outcome::kUnknown) : Outcome::kTrue;
  for (std::span<const Attestation> rest = attestations; !rest.empty();) {
    const auto is_other = [&](const Attestation& each) { return each.about != rest.front().about; };
    const auto end = std::find_if(rest.begin(), rest.end(), is_other);
    const auto part = rest.first(static_cast<std::size_t>(end - rest.begin()));
    rest = rest.subspan(part.size());
    Outcome outcome = PartAttested(deciding, demand, part, observer, result);
    if (outcome == Outcome::kFalse && !is_known) outcome = Outcome::kUnknown;
    if (outcome == Outcome::kFalse) return outcome;
    if (outcome == Outcome::kUnknown) worst = outcome;
  }
  return worst;
}

RuleResult EvaluateDemand(Deciding& deciding, const SignatureDemand& demand, std::string_view image, ReadObserver* observer) {
  const Value* fact = deciding.context.facts.TryFind(kImageFacts, image);
  RuleResult result;
  const std::span<const SignerTerm> signers = deciding.program[demand.signers];
  if (demand.predicate_type == kNoText) {
    result.outcome = CombineSigners(deciding.program, signers, [fact](std::string_view signer) { return SignedBy(fact, signer); });
    return result;
  }
  result.outcome = CombineSigners(deciding.program, signers,
                                  [&](std::string_view signer) { return AttestedBy(deciding, demand, fact, signer, observer, result); });
  // Why no attestation served matters only when none did.
  if (result.outcome == Outcome::kFalse && result.error.is(Kind::kError)) result.outcome = Outcome::kError;
  if (result.outcome != Outcome::kError) result.error = Value();
  if (result.outcome != Outcome::kUnknown) result.certain = true;
  return result;
}

// What a demand with a condition lacks: nothing is attested (""), or what is attested says
// something else.
std::string WhyNot(Deciding& deciding, const SignatureDemand& demand, std::string_view image) {
  if (!deciding.context.evaluator.Spend(kStepsPerImage)) return "";
  const bool is_attested = HasAttestation(deciding.program, demand, deciding.context.facts.TryFind(kImageFacts, image));
  return is_attested && demand.condition.valid() ? ": it is attested, but the condition does not hold" : "";
}

}  // namespace

// The requirement is `!guard || signed`. Not signed stands beside an unknown or failed guard as
// false does.
void EvaluateImages(Deciding& deciding, const Rule& rule, RuleResult& result, ReadObserver* observer) {
  const RuleResult guard = result;
  result.certain = true;
  if (guard.outcome == Outcome::kFalse) {
    result.outcome = Outcome::kTrue;
    return;
  }
  const RuleResult images = EvaluateSignatures(deciding, *deciding.program.image(rule), observer);
  const bool is_open = images.outcome == Outcome::kUnknown && !images.certain;
  if (images.outcome == Outcome::kTrue || guard.outcome == Outcome::kTrue) {
    result.outcome = images.outcome;
    result.certain = images.certain;
    if (guard.outcome == Outcome::kTrue) result.error = images.error;
  } else if (guard.outcome == Outcome::kUnknown || is_open) {
    result.outcome = Outcome::kUnknown;
    result.certain = false;
    // Where signatures are known to lack, the requirement is met only by not applying.
    result.possible = is_open ? kAnyOutcome : NotValue(Value::Unknown(guard.possible)).code;
  }
}

RuleResult EvaluateSignatures(Deciding& deciding, const ImageSpec& spec, ReadObserver* observer) {
  const Value images = deciding.context.evaluator.Run(spec.image, observer);
  RuleResult worst{.outcome = Outcome::kTrue};
  const auto take = [&worst](const RuleResult& each) {
    if (Badness(each) > Badness(worst)) worst = each;
  };
  for (const Value& image : AsImages(images)) {
    if (!deciding.context.evaluator.Spend(kStepsPerImage * spec.demands.count)) break;
    if (image.is(Kind::kString)) {
      for (const SignatureDemand& demand : deciding.program[spec.demands]) take(EvaluateDemand(deciding, demand, image.string(), observer));
    } else if (image.is(Kind::kUnknown)) {
      take({.outcome = Outcome::kUnknown, .certain = false});
    } else {
      const Value error =
          image.is(Kind::kError) ? image : Value::Error(ValueError::kInvalidArgument, "an image is a string or a list of strings");
      take({.outcome = Outcome::kError, .error = error});
    }
  }
  return worst;
}

// One text for every image and demand that is not met.
void AddImageTexts(Deciding& deciding, const RuleResult& result, const TextList& list) {
  const ImageSpec& spec = *deciding.program.image(RuleOf(deciding, result));
  const Value images = deciding.context.evaluator.Run(spec.image);
  for (const Value& image : AsImages(images)) {
    for (const SignatureDemand& demand : deciding.program[spec.demands]) {
      const std::string what = DemandText(deciding.program, demand);
      if (!image.is(Kind::kString)) {
        AddText(deciding, result, "an image that is not known is not known to be " + what, list);
        continue;
      }
      const Outcome outcome = EvaluateDemand(deciding, demand, image.string(), nullptr).outcome;
      const std::string name = Shorten(image.string(), kMaxImageBytes);
      if (outcome == Outcome::kUnknown)
        AddText(deciding, result, "image " + name + " is not known to be " + what, list);
      else if (outcome != Outcome::kTrue)
        AddText(deciding, result, "image " + name + " is not " + what + WhyNot(deciding, demand, image.string()), list);
    }
  }
}

}  // namespace writ
