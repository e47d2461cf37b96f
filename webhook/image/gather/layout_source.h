// An OCI layout folder as an ImageSource: images carried by hand, as `cosign save` of both versions and others write them.
//
//   Result<std::unique_ptr<LayoutSource>> layout = LayoutSource::Open("time.layout", limits);
//   if (layout) GatherMaterial(**layout, (*layout)->images().front(), {});
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "rules/base/result.h"
#include "webhook/image/gather/image_source.h"
#include "webhook/image/gather/limits.h"

namespace writ::image {

// The folder is read when it is asked; files that change underneath fail by their digest. Thread-safe.
//
// Tags are the annotation `org.opencontainers.image.ref.name` of index.json. cosign 2 writes none: it marks entries by the annotation
// `kind` as image, sigs or atts, which are taken for `sha256-<hex>.sig` and `.att` of the folder's only image. cosign 3 lists the
// image alone, so that referrers are found by searching all manifests among the blobs for their `subject`.
class LayoutSource final : public ImageSource {
 public:
  // Reads `oci-layout` and `index.json` and searches the blobs for referrers.
  // Errors: kNotFound (no such folder, or a file of a layout is missing; the message names it), kVersionUnknown, kTooLarge,
  // kInvalidArgument (a file of it is not what it should be).
  static Result<std::unique_ptr<LayoutSource>> Open(const std::string& folder, const GatherLimits& limits);

  // Digests of the images: the entries of index.json that are neither signatures, attestations nor listings of referrers.
  const std::vector<std::string>& images() const { return images_; }

  Result<Fetched> GetManifest(std::string_view reference) const override;
  Result<Fetched> GetBlob(std::string_view digest, std::size_t max_bytes) const override;
  Result<Referrers> GetReferrers(std::string_view digest) const override;

 private:
  LayoutSource(std::string folder, const GatherLimits& limits) : folder_(std::move(folder)), limits_(limits) {}

  Status CheckVersion() const;
  Status ReadIndex();
  Status TakeEntry(const Descriptor& entry, std::string_view kind);
  Status SearchReferrers();
  void TakeReferrer(const std::string& digest);
  Result<Fetched> ReadBlob(std::string_view digest, std::size_t max_bytes) const;

  std::string folder_;
  GatherLimits limits_;
  std::vector<std::string> images_;
  std::map<std::string, std::string, std::less<>> tags_;                   // tag → digest
  std::map<std::string, std::string, std::less<>> media_types_;            // digest → media type, where a descriptor gives one
  std::map<std::string, std::vector<Descriptor>, std::less<>> referrers_;  // subject → manifests, sorted by digest
  std::optional<Error> damaged_;                                           // of a blob that may have been a referrer
};

}  // namespace writ::image
