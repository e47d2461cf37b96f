// OCI manifests and indexes, read strictly: bytes become a struct that cannot be wrong, or an error.
//
//   Result<ImageManifest> manifest = ReadImageManifest(fetched.bytes, fetched.media_type, limits);
//   if (manifest && manifest->kind == ManifestKind::kIndex) … manifest->manifests …
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "rules/base/result.h"
#include "webhook/image/gather/limits.h"

namespace writ::image {

// The media types that a registry may answer with when asked for a manifest.
inline constexpr std::string_view kOciManifestType = "application/vnd.oci.image.manifest.v1+json";
inline constexpr std::string_view kOciIndexType = "application/vnd.oci.image.index.v1+json";
inline constexpr std::string_view kDockerManifestType = "application/vnd.docker.distribution.manifest.v2+json";
inline constexpr std::string_view kDockerListType = "application/vnd.docker.distribution.manifest.list.v2+json";

enum class ManifestKind : std::uint8_t { kImage, kIndex };

// Returns which kind of manifest the media type is, or empty when it is none of the four.
std::optional<ManifestKind> TryManifestKind(std::string_view media_type);

// One entry of a manifest: what it points to, and hints that nobody has signed.
struct Descriptor {
  std::string media_type;
  std::string digest;  // "sha256:<hex>", well formed
  std::uint64_t size = 0;
  std::string artifact_type;
  std::string platform;  // "linux/arm64/v8"; "" when none is given
  std::map<std::string, std::string> annotations;
};

struct ImageManifest {
  ManifestKind kind = ManifestKind::kImage;
  std::string media_type;  // one of the four above
  std::string artifact_type;
  Descriptor config;                  // of an image
  std::vector<Descriptor> layers;     // of an image
  std::vector<Descriptor> manifests;  // of an index
  std::optional<Descriptor> subject;
  std::map<std::string, std::string> annotations;
};

// Reads a manifest or an index. `content_type` is what the registry or the descriptor called it, "" when nobody did; when the bytes
// say a `mediaType` themselves, both must agree.
// Errors: kTooLarge (bytes, depth, number of descriptors); kInvalidArgument for anything else: JSON that is not strict, members that
// differ from known ones in case only (Go would read them), `layers` beside `manifests`, digests other than SHA-256, negative sizes,
// schema version 1, other media types.
Result<ImageManifest> ReadImageManifest(std::string_view bytes, std::string_view content_type, const GatherLimits& limits);

}  // namespace writ::image
