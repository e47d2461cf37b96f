// Deciding a request whose policies want to know who signed an image: needs are found, facts gathered, then the engine decides.
#pragma once

#include <chrono>
#include <span>
#include <vector>

#include "webhook/image/facts/fact_gatherer.h"
#include "writ/engine.h"

namespace writ {

// Who finds out what policies want to know about images. Tests stand in here.
class ImageFactSource {
 public:
  virtual ~ImageFactSource() = default;
  // Returns what is known by `deadline`; never fails, never throws. Thread-safe.
  virtual image::GatheredFacts Gather(std::span<const ImageNeed> needs, image::SteadyTime deadline) const = 0;
};

// The real one, for the signers of one set of policies. Borrows both.
class SignedImageFacts final : public ImageFactSource {
 public:
  SignedImageFacts(const image::FactGatherer& gatherer, const image::SignerSet& signers) : gatherer_(gatherer), signers_(signers) {}
  image::GatheredFacts Gather(std::span<const ImageNeed> needs, image::SteadyTime deadline) const override {
    return gatherer_.Gather(signers_, needs, deadline);
  }

 private:
  const image::FactGatherer& gatherer_;
  const image::SignerSet& signers_;
};

// Where facts come from, and until when. Without a source nothing is known, and requirements on images are not met.
struct ImageLookup {
  const ImageFactSource* source = nullptr;  // borrowed
  image::SteadyTime deadline = image::SteadyTime::max();
};

struct ImageDecision {
  Decision decision;
  std::vector<image::ImageFinding> findings;  // empty when nothing was looked at
};

// Engine::DecideJson, with the facts that the request does not bring along. The decision carries more warnings: one for each tag, and,
// unless it allows, why a signature or attestation is refuted or unknown. What was found of each image becomes a note ("image-1", …).
ImageDecision DecideWithImages(std::string_view request, const Engine& engine, Context& context, DecideOptions options,
                               const ImageLookup& lookup);

// Returns when facts must be there so that an answer by `answer_by` can still be made: a tenth of the time, at most 200 ms, is kept.
image::SteadyTime GatherUntil(std::chrono::steady_clock::time_point now, std::chrono::steady_clock::time_point answer_by);

}  // namespace writ
