// The front of image verification: material and a signer in, verdict with reasons out. Pure: no network, no disk, no clock.
//
//   Verdict verdict = VerifyImage(material, signer, clock.Now());
//   if (verdict.kind == VerdictKind::kVerified) …
//   else deny(verdict.message);
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "rules/base/clock.h"
#include "webhook/image/limits.h"
#include "webhook/image/material.h"
#include "webhook/image/verify/signer.h"
#include "webhook/image/verify/verdict.h"

namespace writ::image {

// Judges everything that was gathered about one image. For a signature the first good material decides; of attestations every good
// one is returned. kUnknown when nothing verified and something could not be gathered. `now` only matters for own PKIs.
// Never throws; an internal fault is kUnknown with Reason::kInternal. Thread-safe. Cost: 50 µs by key, 0.7 ms keyless.
Verdict VerifyImage(const GatheredMaterial& material, const ExpectedSigner& signer, UnixNanos now, const ImageLimits& limits = {});

// What a single bundle is about. Message signatures by P-384, P-521 and Ed25519 keys can only be checked with the bytes.
struct Artifact {
  std::string digest;                     // "sha256:<hex>"
  std::optional<std::string_view> bytes;  // borrowed during the call
};
// The artifact of those bytes.
Artifact ArtifactOfBytes(std::string_view bytes);

// Judges one Sigstore bundle, as `verify-blob` does. `origin` is its file, for messages.
Verdict VerifySigstoreBundle(std::string_view bundle, const Artifact& artifact, const ExpectedSigner& signer, UnixNanos now,
                             std::string_view origin = "bundle", const ImageLimits& limits = {});

}  // namespace writ::image
