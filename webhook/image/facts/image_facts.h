// What was found out about the signatures of one image, and the fact that the engine is given of
// it.
#pragma once

#include <string>
#include <vector>

namespace writ::image {

// An attestation about an image whose signature was verified.
struct ImageAttestation {
  std::string predicate_type;
  std::vector<std::string> signed_by;  // names of signers
  std::string predicate_json;
  // Which part of an image for several platforms it is about: its digest; "" = the image as it is
  // named. A condition must be met for every part that some attestation of this type by that signer
  // is about.
  std::string about;
};

// A signer in none of the lists is unknown. `attestations` are all that there are, but for those by
// signers in `unknown`.
struct ImageFacts {
  std::string image;
  std::vector<std::string> signed_by, refuted, unknown;
  std::vector<ImageAttestation> attestations;
};

// Returns the fact of kind `images` about it: an object as in `facts.images` of a request.
// Requires: predicates that are JSON.
std::string FactJson(const ImageFacts& facts);

}  // namespace writ::image
