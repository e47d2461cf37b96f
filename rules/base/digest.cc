// SHA-2 by OpenSSL; see digest.h.
#include "rules/base/digest.h"

#include <openssl/evp.h>

#include <array>

#include "rules/base/check.h"
#include "rules/base/encoding.h"

namespace writ {
namespace {

// Fetched once: an implicit fetch costs as much as hashing a kilobyte. Never freed: valid for the whole program.
const EVP_MD* Fetched(HashAlgorithm algorithm) {
  static const std::array<const EVP_MD*, 3> kFetched = {EVP_MD_fetch(nullptr, "SHA256", nullptr), EVP_MD_fetch(nullptr, "SHA384", nullptr),
                                                        EVP_MD_fetch(nullptr, "SHA512", nullptr)};
  return kFetched[static_cast<std::size_t>(algorithm)];
}

constexpr std::string_view kSha256Prefix = "sha256:";
constexpr std::size_t kShortDigestBytes = 19;  // the prefix and 12 digits

}  // namespace

std::string_view HashName(HashAlgorithm algorithm) {
  switch (algorithm) {
    case HashAlgorithm::kSha256: return "sha256";
    case HashAlgorithm::kSha384: return "sha384";
    case HashAlgorithm::kSha512: return "sha512";
  }
  return "";
}

std::optional<HashAlgorithm> ParseHashName(std::string_view name) {
  if (name == "sha256" || name == "SHA2_256") return HashAlgorithm::kSha256;
  if (name == "sha384" || name == "SHA2_384") return HashAlgorithm::kSha384;
  if (name == "sha512" || name == "SHA2_512") return HashAlgorithm::kSha512;
  return std::nullopt;
}

std::size_t HashBytes(HashAlgorithm algorithm) {
  switch (algorithm) {
    case HashAlgorithm::kSha256: return 32;
    case HashAlgorithm::kSha384: return 48;
    case HashAlgorithm::kSha512: return 64;
  }
  return 0;
}

std::string Hash(HashAlgorithm algorithm, std::string_view first, std::string_view second) {
  std::string digest(HashBytes(algorithm), '\0');
  EVP_MD_CTX* context = EVP_MD_CTX_new();
  const bool done = context != nullptr && EVP_DigestInit_ex2(context, Fetched(algorithm), nullptr) == 1 &&
                    EVP_DigestUpdate(context, first.data(), first.size()) == 1 &&
                    EVP_DigestUpdate(context, second.data(), second.size()) == 1 &&
                    EVP_DigestFinal_ex(context, reinterpret_cast<unsigned char*>(digest.data()), nullptr) == 1;
  EVP_MD_CTX_free(context);
  WRIT_CHECK(done);  // SHA-2 of memory cannot fail unless the provider is gone
  return digest;
}

std::optional<std::string> ParseSha256Digest(std::string_view digest) {
  if (!digest.starts_with(kSha256Prefix)) return std::nullopt;
  std::optional<std::string> bytes = DecodeHex(digest.substr(kSha256Prefix.size()));
  if (!bytes || bytes->size() != HashBytes(HashAlgorithm::kSha256)) return std::nullopt;
  return bytes;
}

std::string DigestOf(std::string_view bytes) { return std::string(kSha256Prefix) + EncodeHex(Sha256(bytes)); }

std::string ShortDigest(std::string_view digest) {
  if (digest.size() <= kShortDigestBytes) return std::string(digest);
  return std::string(digest.substr(0, kShortDigestBytes)) + "…";
}

struct Sha256Hasher::Impl {
  struct Free {
    void operator()(EVP_MD_CTX* old) const { EVP_MD_CTX_free(old); }
  };
  std::unique_ptr<EVP_MD_CTX, Free> context{EVP_MD_CTX_new()};
};

Sha256Hasher::Sha256Hasher() : impl_(std::make_unique<Impl>()) {
  WRIT_CHECK(EVP_DigestInit_ex2(impl_->context.get(), Fetched(HashAlgorithm::kSha256), nullptr) == 1);
}
Sha256Hasher::~Sha256Hasher() = default;
Sha256Hasher::Sha256Hasher(Sha256Hasher&&) noexcept = default;
Sha256Hasher& Sha256Hasher::operator=(Sha256Hasher&&) noexcept = default;

void Sha256Hasher::Add(std::string_view bytes) { WRIT_CHECK(EVP_DigestUpdate(impl_->context.get(), bytes.data(), bytes.size()) == 1); }

std::string Sha256Hasher::Finish() {
  std::string digest(HashBytes(HashAlgorithm::kSha256), '\0');
  WRIT_CHECK(EVP_DigestFinal_ex(impl_->context.get(), reinterpret_cast<unsigned char*>(digest.data()), nullptr) == 1);
  return std::string(kSha256Prefix) + EncodeHex(digest);
}

}  // namespace writ
