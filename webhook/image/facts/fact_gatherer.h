// Finds out what policies want to know about the signatures of images, before they are evaluated.
//
//   FactGatherer gatherer(open, clock, {});
//   GatheredFacts facts = gatherer.Gather(*signers, engine->FindNeeds(request), deadline);
//   for (const ImageFacts& each : facts.images)
//     request.Provide({kImageFacts, each.image, FactJson(each)});
//
// Three outcomes stay apart: verified, refuted, unknown. Unknown denies like refuted, but is never
// cached and says why.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <vector>

#include "rules/base/clock.h"
#include "webhook/image/facts/image_facts.h"
#include "webhook/image/facts/image_judge.h"
#include "webhook/image/facts/judgement_cache.h"
#include "webhook/image/facts/limits.h"
#include "webhook/image/facts/signer_set.h"
#include "webhook/image/registry/single_flight.h"
#include "writ/request.h"

namespace writ::image {

// How one thing that a policy wants of one image came out; for logs, metrics and explanations.
struct ImageFinding {
  std::string image;           // as the policy's expression gave it
  std::string digest;          // "" = not known
  std::string signer;          // its name
  std::string predicate_type;  // "" = a signature
  VerdictKind kind = VerdictKind::kUnknown;
  bool from_cache = false;
  std::string message;  // one sentence
};

struct GatheredFacts {
  std::vector<ImageFacts> images;      // one for each need that is looked at, in order, and for one more where there are too many
  std::vector<std::string> warnings;   // of tags, one each: "image X is a tag, which can move: pin @sha256:…"
  std::vector<ImageFinding> findings;  // one for each signer and attestation of each need that has facts, in order
};

enum class TagRule : std::uint8_t {
  kWarned,  // a tag is resolved once, and what it stands for now is judged
  kDenied,  // of a tag nothing is known, so that no requirement on it is met; the registry is not asked
};

struct FactOptions {
  TagRule tags = TagRule::kWarned;
  FactLimits limits;
};

// Thread-safe. Keeps verified judgements across requests and across reloads of the policies: their keys name what they hang on.
class FactGatherer {
 public:
  // `clock` is borrowed; it says when cached judgements expire, and is the time at which certificates of own PKIs are judged.
  FactGatherer(OpenImageSource open, const Clock& clock, const FactOptions& options);
  FactGatherer(const FactGatherer&) = delete;
  FactGatherer& operator=(const FactGatherer&) = delete;

  // Finds out all needs, several images at the same time; equal questions that are asked at the
  // same time, by whomever, are asked once. Never fails: what cannot be found out by `deadline` is
  // unknown. `signers` are those of the program that `needs`, of kind kImageFacts, come from.
  // Returns by the deadline as far as sources keep theirs. What was found out with the credentials
  // of `brought` is kept for equal ones only. Cost: microseconds an image when cached; else that of
  // the registry.
  GatheredFacts Gather(const SignerSet& signers, std::span<const Need> needs, SteadyTime deadline,
                       const PullCredentials& brought = {}) const;

 private:
  class Slot;  // one of limits.max_gathers
  struct Plan;

  // Reads the reference, and answers from the cache if that is enough.
  Plan MakePlan(const SignerSet& signers, const Need& need, const std::string& identity) const;
  static void Report(const Need& need, const Plan& plan, GatheredFacts& out);
  std::shared_ptr<const JudgedImage> JudgeOnce(const ImageReference& reference, const std::vector<Inquiry>& inquiries, SteadyTime deadline,
                                               const PullCredentials& brought) const;
  Result<std::shared_ptr<const JudgedImage>> JudgeInSlot(const ImageReference& reference, const std::vector<Inquiry>& inquiries,
                                                         SteadyTime deadline, const PullCredentials& brought) const;

  const OpenImageSource open_;
  const FactOptions options_;
  mutable JudgementCache cache_;
  const ImageJudge judge_;
  mutable SingleFlight<std::shared_ptr<const JudgedImage>> flights_;
  mutable std::mutex slots_mutex_;  // a std::mutex because of the condition variable
  mutable std::condition_variable slot_freed_;
  mutable std::uint32_t slots_used_ = 0;  // guarded by slots_mutex_; at most limits.max_gathers
};

}  // namespace writ::image
