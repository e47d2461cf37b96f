// Merkle tree hashing of transparency logs (RFC 6962 §2.1).
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "rules/base/result.h"

namespace writ::image {

// SHA-256(0x00 ‖ entry).
std::string LeafHash(std::string_view entry);

// Returns the root of a tree of `size` leaves that holds `leaf_hash` at `index`, recomputed from the audit path `hashes` (32 bytes
// each, from the leaf upwards). In: index 2 of 3 with one hash; out: index 3 of 3, or one hash too many.
// Errors: kInvalidArgument when index or count do not fit the size. O(log size).
Result<std::string> RootOfInclusionProof(std::uint64_t index, std::uint64_t size, std::string_view leaf_hash,
                                         std::span<const std::string> hashes);

}  // namespace writ::image
