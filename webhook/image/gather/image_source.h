// Where images and their signatures come from, as a seam: a registry client, an OCI layout folder, or a double in tests.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "rules/base/result.h"

namespace writ::image {

// The registry's answer to one question. Absence is an answer; a failure to answer is an Error of the Result.
struct Fetched {
  bool found = false;
  std::string bytes;       // raw, exactly as hashed
  std::string media_type;  // Content-Type, parameters stripped
};

// All of one repository of one registry. Implementations are thread-safe and apply their own time and size limits.
// Errors of every function: kUnreadable when no answer could be had (connection, 429, 5xx, deadline); kTooLarge; kCorrupt when bytes
// do not hash to the digest that was asked for; kInvalidArgument when the answer is not what the protocol says.
class ImageSource {
 public:
  virtual ~ImageSource() = default;

  // The manifest behind a tag or a digest ("sha256:<hex>"). Bytes of a digest are checked against it.
  virtual Result<Fetched> GetManifest(std::string_view reference) const = 0;

  // A blob, checked against its digest. Never reads more than `max_bytes`.
  virtual Result<Fetched> GetBlob(std::string_view digest, std::size_t max_bytes) const = 0;

  // An OCI index listing manifests whose `subject` is `digest`, all pages merged. `found` is false when the registry has no referrers
  // API, so that the caller looks at the fallback tag.
  virtual Result<Fetched> GetReferrers(std::string_view digest) const = 0;
};

}  // namespace writ::image
