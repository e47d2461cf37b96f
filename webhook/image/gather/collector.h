// Collects what is attached to one image: signatures, attestations and bundles, in every place where cosign and others leave them.
//
//   Result<ResolvedImage> image = ResolveImage(source, "1.27", limits);
//   GatheredMaterial material = GatherMaterial(source, image->digest, {.presence = ImagePresence::kKnown});
//
// Nothing here judges: what comes out is bytes that hash to their digests. What could not be had is a GatherFault, never silence.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "rules/base/result.h"
#include "webhook/image/gather/image_source.h"
#include "webhook/image/gather/limits.h"
#include "webhook/image/material.h"

namespace writ::image {

// A manifest that an index lists.
struct PlatformImage {
  std::string digest;
  std::string platform;   // "linux/arm64/v8"; "" when the index does not say
  bool is_index = false;  // an index inside the index
  // BuildKit lists its unsigned attestations as `unknown/unknown`, which no host runs.
  bool is_runnable() const { return platform != "unknown/unknown"; }
};

// What a tag or digest stands for. Owns its texts.
struct ResolvedImage {
  std::string digest;  // of the manifest's bytes, computed here: what is run, signed and reported
  std::string media_type;
  std::uint64_t size = 0;
  bool is_index = false;
  std::vector<PlatformImage> platforms;  // of an index; empty for an image of one platform
};

// Asks for the manifest of `reference` (a tag or "sha256:<hex>") and reads it; of a tag for its digest first.
// Errors: kNotFound when there is none; those of ImageSource and ReadImageManifest. The message names the reference.
Result<ResolvedImage> ResolveImage(const ImageSource& source, std::string_view reference, const GatherLimits& limits);

enum class ImagePresence : std::uint8_t {
  kMustBeChecked,  // ask for the image too: of an absent one nothing can be said
  kKnown,          // ResolveImage has found it
};

enum class AttestationTag : std::uint8_t {
  kRead,
  kOnlyToExplain,  // of use to who wants signatures only when nothing else is attached, to say what is there instead: a request less
};

enum class ReferrerLookup : std::uint8_t {
  kApiAndFallback,  // merge both: registries that learned the API keep older signatures in the fallback tag
  kApiOrFallback,   // the fallback tag only where there is no API: one request less
};

enum class Oci11Signatures : std::uint8_t {
  kIgnored,
  kRead,  // cosign's experimental form: simple signing as a referrer
};

struct GatherOptions {
  std::string tag_prefix;                   // before `sha256-<hex>.sig` and `.att`
  const ImageSource* signatures = nullptr;  // borrowed; another repository that holds the signatures; nullptr = the image's own
  ImagePresence presence = ImagePresence::kMustBeChecked;
  AttestationTag attestation_tag = AttestationTag::kRead;
  ReferrerLookup lookup = ReferrerLookup::kApiAndFallback;
  Oci11Signatures oci11 = Oci11Signatures::kIgnored;
  GatherLimits limits;
};

// Collects everything attached to `digest` ("sha256:<hex>"). Asks for each object at most once, some at the same time. The order of
// the result depends on the registry's content only: `.sig` layers, `.att` layers, referrers as they are listed.
// Requires: IsSha256Digest(digest). Cost: two rounds of requests without referrers, three with.
GatheredMaterial GatherMaterial(const ImageSource& source, std::string_view digest, const GatherOptions& options);

}  // namespace writ::image
