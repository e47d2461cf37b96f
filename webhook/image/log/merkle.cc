#include "webhook/image/log/merkle.h"

#include <bit>

#include "rules/base/digest.h"

namespace writ::image {
namespace {

constexpr std::size_t kHashBytes = 32;
constexpr std::string_view kLeafPrefix("\0", 1);

std::string NodeHash(std::string_view left, std::string_view right) { return Sha256(std::string("\x01").append(left), right); }

}  // namespace

std::string LeafHash(std::string_view entry) { return Sha256(kLeafPrefix, entry); }

// The path splits in two: below the node where the ways to the leaf and to the last leaf of the tree part (`inner` hashes, on the side
// that the index says), and above it, where every sibling is on the left (`border`). Source: RFC 9162 §2.1.3.2, as in
// transparency-dev/merkle.
Result<std::string> RootOfInclusionProof(std::uint64_t index, std::uint64_t size, std::string_view leaf_hash,
                                         std::span<const std::string> hashes) {
  if (index >= size)
    return Error{ErrorCode::kInvalidArgument,
                 "the inclusion proof's index " + std::to_string(index) + " is not below the tree size " + std::to_string(size)};
  const auto inner = static_cast<std::size_t>(std::bit_width(index ^ (size - 1)));
  const auto border = inner >= 64 ? 0U : static_cast<std::size_t>(std::popcount(index >> inner));
  if (hashes.size() != inner + border)
    return Error{ErrorCode::kInvalidArgument,
                 "the inclusion proof has " + std::to_string(hashes.size()) + " hashes, expected " + std::to_string(inner + border)};
  std::string node(leaf_hash);
  for (std::size_t i = 0; i < hashes.size(); ++i) {
    if (hashes[i].size() != kHashBytes) return Error{ErrorCode::kInvalidArgument, "a hash of the inclusion proof has not 32 bytes"};
    const bool sibling_is_left = i >= inner || ((index >> i) & 1) == 1;
    node = sibling_is_left ? NodeHash(hashes[i], node) : NodeHash(node, hashes[i]);
  }
  return node;
}

}  // namespace writ::image
