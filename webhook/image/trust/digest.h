// The hashes that signatures here are made over. SHA-1 is not among them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace writ::image {

enum class HashAlgorithm : std::uint8_t { kSha256, kSha384, kSha512 };

// "sha256", "sha384", "sha512": as OCI digests, in-toto and Rekor write it.
std::string_view HashName(HashAlgorithm algorithm);
// Takes those names and Sigstore's "SHA2_256", "SHA2_384", "SHA2_512"; empty for others.
std::optional<HashAlgorithm> ParseHashName(std::string_view name);
std::size_t HashBytes(HashAlgorithm algorithm);

// The hash of `first` followed by `second`, as raw bytes. Thread-safe.
std::string Hash(HashAlgorithm algorithm, std::string_view first, std::string_view second = {});
inline std::string Sha256(std::string_view first, std::string_view second = {}) { return Hash(HashAlgorithm::kSha256, first, second); }

// Splits "sha256:<64 lower-case hex digits>" and returns the raw 32 bytes; empty for anything else.
std::optional<std::string> ParseSha256Digest(std::string_view digest);

}  // namespace writ::image
