// OCI manifests and indexes: what is accepted holds only well-formed digests and keeps to the limits. Inputs are capped at 64 KB: nothing
// in the format gets harder with size.
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "rules/base/check.h"
#include "webhook/image/gather/image_manifest.h"
#include "webhook/image/reference/image_reference.h"

namespace {

using writ::image::Descriptor;
using writ::image::ImageManifest;
using writ::image::ManifestKind;

void Check(const std::vector<Descriptor>& descriptors, const writ::image::GatherLimits& limits) {
  WRIT_CHECK(descriptors.size() <= limits.max_descriptors);
  for (const Descriptor& descriptor : descriptors) {
    WRIT_CHECK(writ::image::IsSha256Digest(descriptor.digest));
    WRIT_CHECK(!descriptor.media_type.empty());
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size > std::size_t{64} * 1024) return 0;
  const writ::image::GatherLimits limits{.max_descriptors = 8};
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  for (const std::string_view type : {std::string_view(), writ::image::kOciManifestType, writ::image::kOciIndexType}) {
    const writ::Result<ImageManifest> manifest = writ::image::ReadImageManifest(text, type, limits);
    if (!manifest) {
      WRIT_CHECK(!manifest.error().message.empty());
      continue;
    }
    WRIT_CHECK(type.empty() || manifest->media_type == type);
    WRIT_CHECK(manifest->kind == ManifestKind::kIndex ? manifest->layers.empty() : manifest->manifests.empty());
    Check(manifest->layers, limits);
    Check(manifest->manifests, limits);
    if (manifest->subject) Check({*manifest->subject}, limits);
  }
  return 0;
}
