// Deciding a request whose policies want to know who signed an image: needs are found, facts gathered, then the engine decides.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <vector>

#include "webhook/decide/pull_secrets.h"
#include "webhook/image/facts/fact_gatherer.h"
#include "webhook/image/registry/docker_config.h"
#include "writ/engine.h"

namespace writ::server {

// Who finds out what policies want to know about images. Tests stand in here.
class ImageFactSource {
 public:
  virtual ~ImageFactSource() = default;
  // Returns what is known by `deadline`, asked with the credentials of `secrets` where there are any; never fails, never throws.
  // Thread-safe.
  virtual image::GatheredFacts Gather(std::span<const Need> needs, image::SteadyTime deadline, const PullSecretNames& secrets) const = 0;
};

// Reads the credentials of pull secrets. What cannot be read is named in the note of what it returns. Never throws; thread-safe.
using ReadPullSecrets = std::function<image::PullCredentials(const PullSecretNames& secrets)>;

// The real one, for the signers of one set of policies. Borrows all. Without `read_secrets` no object brings credentials.
class SignedImageFacts final : public ImageFactSource {
 public:
  SignedImageFacts(const image::FactGatherer& gatherer, const image::SignerSet& signers, const ReadPullSecrets& read_secrets)
      : gatherer_(gatherer), signers_(signers), read_secrets_(read_secrets) {}
  image::GatheredFacts Gather(std::span<const Need> needs, image::SteadyTime deadline, const PullSecretNames& secrets) const override {
    const bool has_secrets = read_secrets_ && !secrets.secret_namespace.empty();
    return gatherer_.Gather(signers_, needs, deadline, has_secrets ? read_secrets_(secrets) : image::PullCredentials());
  }

 private:
  const image::FactGatherer& gatherer_;
  const image::SignerSet& signers_;
  const ReadPullSecrets& read_secrets_;
};

// Whether the pull secrets that an object names may be used. A caller of POST /v1/decide could name anybody's namespace; that of a review
// is the API server's word.
enum class PullSecrets : std::uint8_t { kIgnored, kOfObject };

// Where facts come from, and until when. Without a source nothing is known, and requirements on images are not met.
struct ImageLookup {
  const ImageFactSource* source = nullptr;  // borrowed
  image::SteadyTime deadline = image::SteadyTime::max();
  PullSecrets pull_secrets = PullSecrets::kIgnored;
};

// A decision, and what was found out for it.
class ImageDecision {
 public:
  explicit ImageDecision(const Decision& decision) : decided_(&decision) {}
  ImageDecision(const Decision& decision, image::GatheredFacts facts);

  // Of the engine when nothing was looked at: then it lives in the context.
  const Decision& decision() const { return told_ ? *told_ : *decided_; }
  // Empty when nothing was looked at.
  const std::vector<image::ImageFinding>& findings() const { return findings_; }

 private:
  const Decision* decided_;
  std::optional<Decision> told_;
  std::vector<image::ImageFinding> findings_;
};

// Decides what the engine has read, with the facts that the request does not bring along: needs are
// found out until there are none. The decision carries more warnings: one for each tag, and, unless
// it allows, why a signature or attestation is refuted or unknown. What was found of each image
// becomes a note ("image-1", …).
ImageDecision DecideWithImages(ReadRequest& request, const Engine& engine, const DecideOptions& options, const ImageLookup& lookup);

// Returns when facts must be there so that an answer by `answer_by` can still be made: a tenth of the time, at most 200 ms, is kept.
image::SteadyTime GatherUntil(std::chrono::steady_clock::time_point now, std::chrono::steady_clock::time_point answer_by);

}  // namespace writ::server
