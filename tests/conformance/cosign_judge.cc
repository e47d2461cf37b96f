// Judges gathered material by a case's signer and options.
#include "tests/conformance/cosign_case.h"

namespace writ::conformance {

Judgement JudgeCosignCase(const CosignCase& /*test*/, const image::GatheredMaterial& /*gathered*/, const std::string& /*folder*/) {
  return {"skipped", "nothing judges signatures yet"};
}

}  // namespace writ::conformance
