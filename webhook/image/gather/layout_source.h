// An OCI layout folder as an ImageSource: images carried by hand, as `cosign save` of both versions and others write them.
//
//   Result<std::unique_ptr<LayoutSource>> layout = LayoutSource::Open("time.layout", limits);
//   if (layout) GatherMaterial(**layout, (*layout)->images().front(), {});
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "rules/base/result.h"
#include "webhook/image/gather/image_source.h"
#include "webhook/image/gather/limits.h"

namespace writ::image {

// The folder is read when it is asked; files that change underneath fail by their digest. Thread-safe.
//
// Names are the annotations `org.opencontainers.image.ref.name` (a tag, or a whole reference) and `io.containerd.image.name` of
// index.json. cosign 2 writes none: it marks entries by the annotation
// `kind` as image, sigs or atts, which are taken for `sha256-<hex>.sig` and `.att` of the folder's only image. cosign 3 lists the
// image alone, so that referrers are found by searching all manifests among the blobs for their `subject`.
class LayoutSource final : public ImageSource {
 public:
  // Reads `oci-layout` and `index.json` and searches the blobs for referrers.
  // Errors: kNotFound (no such folder, or a file of a layout is missing; the message names it), kVersionUnknown, kTooLarge,
  // kInvalidArgument (a file of it is not what it should be).
  static Result<std::unique_ptr<LayoutSource>> Open(const std::string& folder, const GatherLimits& limits);

  // Digests of the images: the entries of index.json that are neither signatures, attestations, listings of referrers nor referrers
  // themselves (manifests with a subject that are not images by their type: some tools list every manifest).
  const std::vector<std::string>& images() const { return images_; }

  // Returns the digest that `name` stands for: a name as index.json has it, a tag (`1` or `:1`), a digest, or a reference that holds a
  // digest, is one of the names in another spelling, or has a tag that is one. An image that is not there is never replaced by one that is.
  // Errors: kInvalidArgument for a name that is not there, stands at two digests, or is no reference.
  Result<std::string> FindImage(std::string_view name) const;

  Result<Fetched> GetManifest(std::string_view reference) const override;
  Result<Fetched> GetBlob(std::string_view digest, std::size_t max_bytes) const override;
  Result<Referrers> GetReferrers(std::string_view digest) const override;

 private:
  LayoutSource(std::string folder, const GatherLimits& limits) : folder_(std::move(folder)), limits_(limits) {}

  Status CheckVersion() const;
  Status ReadIndex();
  Status TakeEntries();
  void TakeName(const std::string& name, const std::string& digest);
  Status TakeEntry(const Descriptor& entry, std::string_view kind);
  Status SearchReferrers();
  void TakeReferrer(const std::string& digest);
  Result<Fetched> ReadBlob(std::string_view digest, std::size_t max_bytes) const;

  std::string folder_;
  GatherLimits limits_;
  std::vector<Descriptor> entries_;  // of index.json
  std::vector<std::string> images_;
  std::map<std::string, std::string, std::less<>> tags_;                   // tag or other name → digest
  std::set<std::string, std::less<>> ambiguous_;                           // names at more than one digest
  std::set<std::string, std::less<>> attached_;                            // digests of referrers that are no images
  std::map<std::string, std::string, std::less<>> media_types_;            // digest → media type, where a descriptor gives one
  std::map<std::string, std::vector<Descriptor>, std::less<>> referrers_;  // subject → manifests, sorted by digest
  std::optional<Error> damaged_;                                           // of a blob that may have been a referrer
};

}  // namespace writ::image
