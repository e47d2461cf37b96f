// SHA-256 digests of OCI content, by OpenSSL.
#include "webhook/image/gather/digest.h"

#include <array>

#include <openssl/evp.h>

#include "rules/base/check.h"

namespace writ::image {
namespace {

constexpr std::string_view kHexDigits = "0123456789abcdef";
constexpr std::size_t kShortDigestBytes = 19;  // "sha256:" and 12 digits

}  // namespace

struct Sha256Hasher::Impl {
  struct Free {
    void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
  };
  std::unique_ptr<EVP_MD_CTX, Free> context{EVP_MD_CTX_new()};
};

Sha256Hasher::Sha256Hasher() : impl_(std::make_unique<Impl>()) {
  WRIT_CHECK(EVP_DigestInit_ex(impl_->context.get(), EVP_sha256(), nullptr) == 1);
}
Sha256Hasher::~Sha256Hasher() = default;
Sha256Hasher::Sha256Hasher(Sha256Hasher&&) noexcept = default;
Sha256Hasher& Sha256Hasher::operator=(Sha256Hasher&&) noexcept = default;

void Sha256Hasher::Add(std::string_view bytes) { WRIT_CHECK(EVP_DigestUpdate(impl_->context.get(), bytes.data(), bytes.size()) == 1); }

std::string Sha256Hasher::Finish() {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned size = 0;
  WRIT_CHECK(EVP_DigestFinal_ex(impl_->context.get(), digest.data(), &size) == 1);
  std::string out = "sha256:";
  for (unsigned at = 0; at < size; ++at) out += {kHexDigits[digest[at] >> 4], kHexDigits[digest[at] & 15]};
  return out;
}

std::string DigestOf(std::string_view bytes) {
  Sha256Hasher hasher;
  hasher.Add(bytes);
  return hasher.Finish();
}

std::string ShortDigest(std::string_view digest) {
  if (digest.size() <= kShortDigestBytes) return std::string(digest);
  return std::string(digest.substr(0, kShortDigestBytes)) + "…";
}

}  // namespace writ::image
