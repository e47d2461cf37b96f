// `require image …`: whether it is met, and what is said of the images that lack a signature.
#pragma once

#include <span>

#include "engine/decide/deciding.h"
#include "engine/decide/texts.h"
#include "engine/eval/evaluator.h"

namespace writ {

// Steps for finding an image's fact and its signers, a demand.
inline constexpr std::uint64_t kStepsPerImage = 10;

// Returns the images that the value of an image expression names.
inline std::span<const Value> AsImages(const Value& images) {
  return images.is(Kind::kList) ? std::span(images.items, images.size) : std::span(&images, 1);
}

// Makes of what the guard came to what the requirement `!guard || signed` comes to.
void EvaluateImages(Deciding& deciding, const Rule& rule, RuleResult& result, ReadObserver* observer);

// Returns what the signatures of all its images come to; the worst counts.
RuleResult EvaluateSignatures(Deciding& deciding, const ImageSpec& spec, ReadObserver* observer);

// Adds one text for every image and demand that is not met.
void AddImageTexts(Deciding& deciding, const RuleResult& result, const TextList& list);

}  // namespace writ
