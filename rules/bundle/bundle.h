// Bundles: compiled policy sets as bytes (`writ compile -o fleet.writb`). The byte layout, the
// version rule and the digest are in docs/bundle_format.md.
//
// A bundle is a table of sections, and a section is a pool of the program (rules/ir/program.h) as
// it lies in memory. Loading reads nothing twice and copies nothing: the program points into the
// bytes.
#pragma once

#include <string>
#include <string_view>

#include "rules/base/limits.h"
#include "rules/base/result.h"
#include "rules/bundle/envelope.h"
#include "rules/ir/verify.h"

namespace writ {

// Returns the bundle of `program`. Deterministic: equal programs and envelopes give equal bytes.
// Requires: EncodeEnvelope takes the envelope, and the program verifies.
std::string WriteBundle(const Program& program, const Envelope& envelope = {});

// Returns whether `bytes` begin as every bundle does, whatever the file is called. O(1).
bool LooksLikeBundle(std::string_view bytes);

// A loaded bundle. Immutable; copies share the bytes and may be shared between threads.
struct Bundle {
  VerifiedProgram program;
  std::string digest;  // "sha256:<64 hex>", over the program, not over the envelope
  Envelope envelope;   // never to be trusted
};

// Checks a bundle and returns its program; the verifier has always run on it. The program lives in
// `bytes`, which is taken over: pass it by std::move, or a copy is made. Errors: kVersionUnknown
// (says which version was found and which is wanted, or what is unknown), kCorrupt (bad magic,
// truncated, digest, structure, trailing bytes), kTooLarge. Nothing is loaded on error. O(bytes *
// log), without memory of its own but for what the verifier needs for a moment.
Result<Bundle> LoadBundle(std::string bytes, const BundleLimits& limits = {});

}  // namespace writ
