// One case of a folder of cosign vectors (format: shared/vectors/cosign/README.md).
#pragma once

#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "rules/base/result.h"
#include "webhook/image/material.h"
#include "webhook/image/verify/signer.h"

namespace writ::conformance {

struct CosignCase {
  std::string name;
  std::string repository, reference;  // "mcp/slack", and a tag or digest
  nlohmann::json signer, options;
  std::vector<std::string> accept;  // tolerable outcomes; the first is the preferred one
};

// What was found out about one case: "verified", "refuted", "unknown", "crashed", "timed out"; "skipped" when nothing can judge it.
struct Judgement {
  std::string outcome;
  std::string reason;
};

// Reads FOLDER/cases.json. Errors: kUnreadable, kInvalidArgument.
Result<std::vector<CosignCase>> LoadCosignCases(const std::string& folder);

// The case's signer and options. Errors: a file below `folder` that cannot be read or is not what it should be.
Result<image::ExpectedSigner> MakeCosignSigner(const CosignCase& test, const std::string& folder);

// Judges what was gathered about the image by the case's signer and options. Paths in a case are below `folder`.
Judgement JudgeCosignCase(const CosignCase& test, const image::GatheredMaterial& gathered, const std::string& folder);

}  // namespace writ::conformance
