// ECDSA over P-384 for keys that verify often: OpenSSL 3.0 has no special code for that curve, so a verification costs nine of P-256's.
// Multiples of the key's point, and of the generator, are computed once and added up: a verification is 128 additions of points instead of
// 384 doublings and as many additions again. Everything here is public, so nothing has to be independent of the numbers.
// Source: FIPS 186-5, section 6.4.2; fixed-base windowing: Hankerson, Menezes, Vanstone, "Guide to Elliptic Curve Cryptography", 3.41.
#pragma once

#include <memory>
#include <string_view>

namespace writ::image {

// One P-384 key, ready to verify. Immutable; shared between threads.
class P384Verifier {
 public:
  // `point` is the key in uncompressed form (97 bytes). Returns nullptr when it is no point of the curve.
  // Cost: about 8 ms and 1.5 MiB; the first one as much again for the generator.
  static std::unique_ptr<const P384Verifier> Make(std::string_view point);
  ~P384Verifier();
  P384Verifier(const P384Verifier&) = delete;
  P384Verifier& operator=(const P384Verifier&) = delete;

  // Whether `signature` (a DER SEQUENCE of two INTEGERs) is one of the bytes that hash to `digest`, by this key. Of a digest that is longer
  // than 48 bytes the first 48 count. False also when OpenSSL runs out of memory. Cost: about 40 % of OpenSSL's own.
  bool Verify(std::string_view digest, std::string_view signature) const;

 private:
  struct Tables;
  explicit P384Verifier(std::unique_ptr<const Tables> tables);
  std::unique_ptr<const Tables> tables_;
};

}  // namespace writ::image
