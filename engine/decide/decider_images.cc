// `require image …`: whether it is met, and what is said of the images that lack a signature.
#include "engine/decide/decider.h"
#include "engine/decide/images.h"
#include "engine/decide/rule_text.h"

namespace writ {
namespace {

std::span<const Value> AsList(const Value& images) {
  return images.is(Kind::kList) ? std::span(images.items, images.size) : std::span(&images, 1);
}

// Of several images the worst counts: an error, a refuted signature, one that no fact tells, an image that is itself unknown.
int Badness(const RuleResult& result) {
  switch (result.outcome) {
    case Outcome::kTrue: return 0;
    case Outcome::kUnknown: return result.certain ? 2 : 1;
    case Outcome::kFalse: return 3;
    case Outcome::kError: return 4;
  }
  WRIT_CHECK(false);
}

}  // namespace

// The requirement is `!guard || signed`. Not signed stands beside an unknown or failed guard as false does.
void Decider::EvaluateImages(const Rule& rule, RuleResult& result, ReadObserver* observer) {
  const RuleResult guard = result;
  result.certain = true;
  if (guard.outcome == Outcome::kFalse) {
    result.outcome = Outcome::kTrue;
    return;
  }
  const RuleResult images = EvaluateSignatures(*rule.image, observer);
  const bool is_open = images.outcome == Outcome::kUnknown && !images.certain;
  if (images.outcome == Outcome::kTrue || guard.outcome == Outcome::kTrue) {
    result.outcome = images.outcome;
    result.certain = images.certain;
    if (guard.outcome == Outcome::kTrue) result.error = images.error;
  } else if (guard.outcome == Outcome::kUnknown || is_open) {
    result.outcome = Outcome::kUnknown;
    result.certain = false;
  }
}

RuleResult Decider::EvaluateSignatures(const ImageSpec& spec, ReadObserver* observer) {
  const Value images = context_.evaluator.Run(spec.image, observer);
  RuleResult worst{.outcome = Outcome::kTrue};
  for (const Value& image : AsList(images)) {
    RuleResult each{.outcome = Outcome::kError};
    if (image.is(Kind::kString)) {
      each.outcome = CheckSignatures(program_, spec.signers, request_.images, image.string());
    } else if (image.is(Kind::kUnknown)) {
      each.outcome = Outcome::kUnknown;
      each.certain = false;
    } else {
      each.error = image.is(Kind::kError) ? image : Value::Error(ValueError::kInvalidArgument, "an image is a string or a list of strings");
    }
    if (Badness(each) > Badness(worst)) worst = each;
  }
  return worst;
}

// One text for every image that lacks a signature.
void Decider::AddImageTexts(const RuleResult& result, std::vector<std::string>& texts) {
  const Rule& rule = RuleOf(result);
  const std::string signers = SignersText(program_, rule.image->signers);
  const Value images = context_.evaluator.Run(rule.image->image);
  for (const Value& image : AsList(images)) {
    if (!image.is(Kind::kString)) {
      texts.push_back("signature of an image that is not known by " + signers + " is not known");
      continue;
    }
    const std::string name(image.string());
    switch (CheckSignatures(program_, rule.image->signers, request_.images, name)) {
      case Outcome::kTrue: break;
      case Outcome::kFalse: texts.push_back("image " + name + " is not signed by " + signers); break;
      case Outcome::kUnknown:
      case Outcome::kError: texts.push_back("signature of image " + name + " by " + signers + " is not known"); break;
    }
  }
}

}  // namespace writ
