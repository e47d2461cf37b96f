// Public keys and the verification of one signature. Parsed once, immutable, shared between threads.
//
//   Result<PublicKey> key = PublicKey::FromText(file_bytes);
//   Status good = key->Verify(payload, signature, {.hash = HashAlgorithm::kSha256});
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "rules/base/digest.h"
#include "rules/base/result.h"

namespace writ::image {

enum class KeyKind : std::uint8_t { kP256, kP384, kP521, kEd25519, kRsa };
// "ECDSA P-256", "Ed25519", "RSA": for messages.
std::string_view KeyKindName(KeyKind kind);

enum class RsaPadding : std::uint8_t { kPkcs1, kPss };

// How a signature was made. The hash is ignored for Ed25519, the padding for everything but RSA.
struct SignatureScheme {
  HashAlgorithm hash = HashAlgorithm::kSha256;
  RsaPadding padding = RsaPadding::kPkcs1;
};

// Whether a key verifies once (the leaf of a signature) or again and again (policy keys, logs, CAs): the latter prepares more.
enum class KeyUse : std::uint8_t { kOnce, kRepeated };

// A key that is good enough: ECDSA on P-256, P-384, P-521, Ed25519, or RSA with 2048 to 8192 bits and an odd exponent above 1.
// Cheap to copy. Thread-safe.
class PublicKey {
 public:
  // Reads a DER SubjectPublicKeyInfo. Errors: kInvalidArgument, saying what was found and what was expected.
  static Result<PublicKey> FromDer(std::string_view spki, KeyUse use = KeyUse::kRepeated);
  // Reads a key file: one PEM block "PUBLIC KEY", or DER. Errors as above; a certificate, a private key, another kind of block or
  // several of them is named.
  static Result<PublicKey> FromText(std::string_view text);

  KeyKind kind() const;
  std::uint32_t bits() const;
  // The DER SubjectPublicKeyInfo: two keys are equal when these are.
  const std::string& spki() const;
  // SHA-256 of spki(): the id of logs.
  const std::string& id() const;
  // The hash that goes with the key unless something else is said: the curve's own, SHA-256 for RSA.
  HashAlgorithm natural_hash() const;

  // Checks `signature` over `message`. ECDSA signatures must be strict DER.
  // Errors: kInvalidArgument with the reason; nothing about the message's content.
  Status Verify(std::string_view message, std::string_view signature, SignatureScheme scheme) const;
  // The same when only the digest of the message is known, which Ed25519 cannot do.
  Status VerifyDigest(std::string_view digest, std::string_view signature, SignatureScheme scheme) const;

 private:
  struct Impl;
  explicit PublicKey(std::shared_ptr<const Impl> impl) : impl_(std::move(impl)) {}
  bool VerifyByOpenSsl(std::string_view digest, std::string_view signature, SignatureScheme scheme) const;
  // INVARIANT: never null.
  std::shared_ptr<const Impl> impl_;
};

}  // namespace writ::image
