// Bundles: compiled policy sets as bytes (`writ compile -o fleet.writb`). The byte layout, the version rule and the digest
// are in docs/bundle_format.md.
#pragma once

#include <string>
#include <string_view>

#include "rules/base/limits.h"
#include "rules/base/result.h"
#include "rules/ir/verify.h"

namespace writ {

// Returns the bundle of `program`: header, SHA-256, body. Deterministic: equal programs give equal bytes.
std::string WriteBundle(const Program& program);

// A loaded bundle. Immutable; may be shared between threads.
struct Bundle {
  VerifiedProgram program;
  std::string digest;  // "sha256:<64 hex>", over the body
};

// Checks and loads a bundle; the verifier has always run on the result. `bytes` is borrowed only during the call.
// Errors: kVersionUnknown (says which version was found and which is wanted), kCorrupt (bad magic, truncated, digest, structure,
// trailing bytes), kTooLarge. Nothing is loaded on error.
Result<Bundle> LoadBundle(std::string_view bytes, const BundleLimits& limits = {});

}  // namespace writ
