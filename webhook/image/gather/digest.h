// SHA-256 digests of OCI content, "sha256:<hex>", in one go and while bytes arrive.
#pragma once

#include <memory>
#include <string>
#include <string_view>

namespace writ::image {

// Hashes bytes as they come.
class Sha256Hasher {
 public:
  Sha256Hasher();
  ~Sha256Hasher();
  Sha256Hasher(Sha256Hasher&&) noexcept;
  Sha256Hasher& operator=(Sha256Hasher&&) noexcept;

  void Add(std::string_view bytes);
  // "sha256:" and 64 small hex digits. Requires: called once, last.
  std::string Finish();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

// The digest of `bytes`.
std::string DigestOf(std::string_view bytes);

// "sha256:4b5c6d…" for messages: a full digest makes a line unreadable, twelve digits are enough to find it.
std::string ShortDigest(std::string_view digest);

}  // namespace writ::image
