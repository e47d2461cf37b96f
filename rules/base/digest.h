// SHA-2: the hashes that signatures are made over (SHA-1 is not among them), and digests of OCI content, "sha256:<hex>".
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace writ {

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

// The OCI digest of `bytes`: "sha256:" and 64 small hex digits.
std::string DigestOf(std::string_view bytes);

// "sha256:4b5c6d…" for messages: a full digest makes a line unreadable, twelve digits are enough to find it.
std::string ShortDigest(std::string_view digest);

// An OCI digest of bytes as they come.
class Sha256Hasher {
 public:
  Sha256Hasher();
  ~Sha256Hasher();
  Sha256Hasher(Sha256Hasher&&) noexcept;
  Sha256Hasher& operator=(Sha256Hasher&&) noexcept;

  void Add(std::string_view bytes);
  // Requires: called once, last.
  std::string Finish();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace writ
