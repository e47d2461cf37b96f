// One image and all that policies want to know of it: resolved once, its material gathered once a place, judged for each inquiry.
#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "rules/base/clock.h"
#include "rules/base/result.h"
#include "webhook/image/facts/judgement_cache.h"
#include "webhook/image/facts/limits.h"
#include "webhook/image/facts/signer_set.h"
#include "webhook/image/gather/image_source.h"
#include "webhook/image/reference/image_reference.h"
#include "webhook/image/registry/docker_config.h"

namespace writ::image {

using SteadyTime = std::chrono::steady_clock::time_point;

// Opens the repository of `reference`, to be asked with the credentials that `brought` has for it, then those of the configuration. What
// the source is asked must end by `deadline`. Thread-safe. Its error says why there is none: a registry that may not be asked.
using OpenImageSource = std::function<Result<std::unique_ptr<ImageSource>>(const ImageReference& reference, SteadyTime deadline,
                                                                           const PullCredentials& brought)>;

// A signature by a signer, or attestations of a type.
struct Inquiry {
  const LoadedSigner* signer = nullptr;  // borrowed; never null
  std::string predicate_type;            // "" = a signature

  // Equal for inquiries that have the same answer.
  std::string Key() const { return signer->fingerprint + " " + predicate_type; }
};

struct JudgedInquiry {
  JudgementPtr judgement;
  bool from_cache = false;
};

struct JudgedImage {
  std::string digest;                              // what the reference stands for; "" = nobody knows
  std::map<std::string, JudgedInquiry> inquiries;  // by Inquiry::Key(), one for each that was asked
  SteadyTime deadline;                             // that it was made under
  bool is_out_of_time = false;                     // something is unknown, and the deadline has passed
};

// Thread-safe. Borrows everything.
class ImageJudge {
 public:
  ImageJudge(const OpenImageSource& open, const Clock& clock, const FactLimits& limits, JudgementCache& cache)
      : open_(open), clock_(clock), limits_(limits), cache_(cache) {}

  // What the cache knows of all inquiries of an image that is named by digest; nullptr when it does not know all.
  // `identity` is that of the credentials: what was found out with some is not told to others.
  std::shared_ptr<const JudgedImage> TryCached(const ImageReference& reference, const std::vector<Inquiry>& inquiries,
                                               const std::string& identity) const;

  // Asks the registry for what the cache does not know, and puts definite answers into it. What could not be found out is unknown, with
  // the reason as its message.
  JudgedImage Judge(const ImageReference& reference, const std::vector<Inquiry>& inquiries, SteadyTime deadline,
                    const PullCredentials& brought) const;

 private:
  const OpenImageSource& open_;
  const Clock& clock_;
  const FactLimits& limits_;
  JudgementCache& cache_;
};

}  // namespace writ::image
