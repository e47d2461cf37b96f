// Judges one piece of evidence: all checks in the order of WRIT_IMAGE_CHECKS, up to the first that fails.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "webhook/image/verify/evidence.h"
#include "webhook/image/verify/verifier.h"

namespace writ::image {

// What all materials of one question share. Borrows.
struct Question {
  const ExpectedSigner& signer;
  std::string_view digest;  // "sha256:<hex>"
  std::optional<std::string_view> bytes;
  UnixNanos now = 0;
  const ImageLimits& limits;
};

// Fills `report` (its origin and form are set already) and returns the verified statement, if the evidence is one and verified.
// Cheap comparisons come first, so that evidence by others costs little; nothing before the last check means anything by itself.
std::optional<VerifiedStatement> JudgeEvidence(const Evidence& evidence, const Question& question, MaterialReport& report);

// Adds the failed check of that reason to `report`.
void AddFailure(Reason reason, std::string message, MaterialReport& report);

// What is wrong with the signer itself, if anything: that is the policy's fault, not the image's.
std::optional<std::string> FindSignerFault(const ExpectedSigner& signer);

}  // namespace writ::image
