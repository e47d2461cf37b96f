// Where images and their signatures come from, as a seam: a registry client, an OCI layout folder, or a double in tests.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "rules/base/result.h"
#include "webhook/image/gather/image_manifest.h"

namespace writ::image {

// The answer to one question. Absence is an answer; a failure to answer is an Error of the Result.
struct Fetched {
  bool found = false;
  std::string bytes;       // raw, exactly as hashed
  std::string media_type;  // Content-Type, parameters stripped; "" when there is none
};

// What lists manifests whose `subject` is one digest. Nothing of it has been checked beyond its form.
struct Referrers {
  bool found = false;                 // false: there is no referrers API, so the caller looks at the fallback tag
  bool complete = true;               // false: there are more pages than are read
  std::vector<Descriptor> manifests;  // of all pages, in their order
};

// One repository of one registry. Implementations are thread-safe and apply their own time and size limits.
// Errors of every function: kUnreadable when no answer could be had (connection, 429, 5xx, refused credentials, deadline); kTooLarge;
// kCorrupt when bytes do not hash to the digest that was asked for; kInvalidArgument when the answer is not what the protocol says.
class ImageSource {
 public:
  virtual ~ImageSource() = default;

  // The digest that a tag stands for, as somebody claims it who need not send the manifest for that: only good for asking for the manifest
  // by it. "" when the source cannot tell, or knows no such tag: then the manifest is asked for by its tag.
  virtual Result<std::string> FindDigest(std::string_view tag) const {
    static_cast<void>(tag);
    return std::string();
  }

  // The manifest behind a tag or a digest ("sha256:<hex>"). Bytes of a digest are checked against it.
  virtual Result<Fetched> GetManifest(std::string_view reference) const = 0;

  // A blob, checked against its digest. Never reads more than `max_bytes`.
  virtual Result<Fetched> GetBlob(std::string_view digest, std::size_t max_bytes) const = 0;

  // The manifests that name `digest` as their subject.
  virtual Result<Referrers> GetReferrers(std::string_view digest) const = 0;
};

}  // namespace writ::image
