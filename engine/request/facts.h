// Facts about images: what the host knows of their signatures, as a request brings them in `facts`.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "engine/json/json_node.h"
#include "rules/model/value.h"

namespace writ {

struct RequestState;

// An attestation about an image whose signature the host has verified.
struct AttestationFact {
  std::string_view predicate_type;
  std::vector<std::string_view> signed_by;  // sorted
  Value predicate;
  std::string_view about;  // part of the image; "" = the image
};

// What the host knows about the signatures of one image reference. A signer in none of the lists is unknown.
struct ImageFact {
  std::string_view image;
  std::vector<std::string_view> signed_by, refuted, unknown;  // each sorted
  // All that there are, but for those by signers in `unknown`; nothing = the host has not looked.
  std::optional<std::vector<AttestationFact>> attestations;
};

// Puts facts and the names in them in the order that looking them up relies on. O(n log n).
void SortFacts(std::vector<ImageFact>& facts);

// Reads `facts` of a request into Request::images. Refuses as refusal.h says.
[[nodiscard]] bool ReadFacts(JsonNode facts, RequestState& state);

}  // namespace writ
