#include "webhook/image/trust/public_key.h"

#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

#include <array>
#include <atomic>
#include <mutex>
#include <optional>
#include <vector>

#include "rules/base/check.h"
#include "webhook/image/trust/der.h"
#include "webhook/image/trust/encoding.h"
#include "webhook/image/trust/oids.h"
#include "webhook/image/trust/p384_verifier.h"

namespace writ::image {
namespace {

constexpr int kMinRsaBits = 2048;
constexpr int kMaxRsaBits = 8192;  // a larger modulus makes one verification cost milliseconds

struct KeyFree {
  void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
  void operator()(EVP_PKEY_CTX* context) const { EVP_PKEY_CTX_free(context); }
  void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
  void operator()(BIGNUM* number) const { BN_free(number); }
};
using KeyHandle = std::unique_ptr<EVP_PKEY, KeyFree>;
using ContextHandle = std::unique_ptr<EVP_PKEY_CTX, KeyFree>;

Error Invalid(std::string message) { return Error{ErrorCode::kInvalidArgument, std::move(message)}; }

struct Curve {
  KeyKind kind;
  std::string_view oid;
  int nid;
  std::uint32_t bits;
  std::size_t field_bytes;
};
constexpr std::array<Curve, 3> kCurves = {{{KeyKind::kP256, kOidP256, NID_X9_62_prime256v1, 256, 32},
                                           {KeyKind::kP384, kOidP384, NID_secp384r1, 384, 48},
                                           {KeyKind::kP521, kOidP521, NID_secp521r1, 521, 66}}};

// A key that holds the parameters of a curve and no point. Copying them and setting the point takes 3 µs; decoding a
// SubjectPublicKeyInfo with OpenSSL 3.0 takes 73 µs, more than the verification itself.
EVP_PKEY* MakeTemplate(int nid) {
  const ContextHandle context(EVP_PKEY_CTX_new_id(EVP_PKEY_EC, nullptr));
  EVP_PKEY* key = nullptr;
  WRIT_CHECK(context != nullptr && EVP_PKEY_paramgen_init(context.get()) == 1 &&
             EVP_PKEY_CTX_set_ec_paramgen_curve_nid(context.get(), nid) == 1 && EVP_PKEY_paramgen(context.get(), &key) == 1);
  return key;
}

const EVP_PKEY* TemplateOf(const Curve& curve) {
  // Made once, never freed: valid for the whole program.
  static const std::array<const EVP_PKEY*, 3> kTemplates = {MakeTemplate(kCurves[0].nid), MakeTemplate(kCurves[1].nid),
                                                            MakeTemplate(kCurves[2].nid)};
  return kTemplates[static_cast<std::size_t>(curve.kind)];
}

// An INTEGER of an ECDSA signature: positive, minimal, not longer than the curve's order.
bool IsStrictScalar(const std::optional<DerValue>& value, std::size_t field_bytes) {
  if (!value) return false;
  const std::optional<std::string_view> number = ReadUnsigned(*value);
  return number && number->size() <= field_bytes && !(number->size() == 1 && number->front() == '\0');
}

bool IsStrictEcdsaSignature(std::string_view signature, std::size_t field_bytes) {
  const std::optional<DerValue> sequence = ReadWholeDer(signature, kDerSequence);
  if (!sequence) return false;
  DerReader reader(sequence->content);
  const bool has_r = IsStrictScalar(reader.Next(kDerInteger), field_bytes);
  const bool has_s = IsStrictScalar(reader.Next(kDerInteger), field_bytes);
  return has_r && has_s && reader.empty();
}

const EVP_MD* MdOf(HashAlgorithm algorithm) {
  switch (algorithm) {
    case HashAlgorithm::kSha256: return EVP_sha256();
    case HashAlgorithm::kSha384: return EVP_sha384();
    case HashAlgorithm::kSha512: return EVP_sha512();
  }
  return nullptr;
}

bool SetRsaScheme(EVP_PKEY_CTX* context, SignatureScheme scheme) {
  const EVP_MD* md = MdOf(scheme.hash);
  if (scheme.padding == RsaPadding::kPkcs1)
    return EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_PADDING) == 1 && EVP_PKEY_CTX_set_signature_md(context, md) == 1;
  return EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_PSS_PADDING) == 1 && EVP_PKEY_CTX_set_signature_md(context, md) == 1 &&
         EVP_PKEY_CTX_set_rsa_mgf1_md(context, md) == 1 && EVP_PKEY_CTX_set_rsa_pss_saltlen(context, RSA_PSS_SALTLEN_DIGEST) == 1;
}

// What the two members of AlgorithmIdentifier and the key bits of a SubjectPublicKeyInfo are.
struct SpkiParts {
  std::string_view algorithm;
  std::optional<DerValue> parameters;
  std::string_view key;
};

std::optional<SpkiParts> SplitSpki(std::string_view spki) {
  const std::optional<DerValue> outer = ReadWholeDer(spki, kDerSequence);
  if (!outer) return std::nullopt;
  DerReader members(outer->content);
  const std::optional<DerValue> identifier = members.Next(kDerSequence);
  const std::optional<DerValue> bits = members.Next(kDerBitString);
  if (!identifier || !bits || !members.empty()) return std::nullopt;
  DerReader algorithm(identifier->content);
  const std::optional<DerValue> oid = algorithm.Next(kDerOid);
  const std::optional<std::string_view> key = ReadBitBytes(*bits);
  if (!oid || !key) return std::nullopt;
  SpkiParts parts{oid->content, algorithm.Next(), *key};
  if (!algorithm.empty()) return std::nullopt;
  return parts;
}

Result<KeyHandle> MakeEcKey(const Curve& curve, std::string_view point) {
  if (point.size() != 1 + 2 * curve.field_bytes || point[0] != '\x04')
    return Invalid("the " + std::string(KeyKindName(curve.kind)) + " key is not an uncompressed point");
  KeyHandle key(EVP_PKEY_new());
  const bool made = key != nullptr && EVP_PKEY_copy_parameters(key.get(), TemplateOf(curve)) == 1 &&
                    EVP_PKEY_set1_encoded_public_key(key.get(), reinterpret_cast<const unsigned char*>(point.data()), point.size()) == 1;
  if (!made) return Invalid("the " + std::string(KeyKindName(curve.kind)) + " key is not a point of its curve");
  return key;
}

Result<KeyHandle> MakeEd25519Key(std::string_view bytes) {
  KeyHandle key(EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, nullptr, reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size()));
  if (key == nullptr) return Invalid("the Ed25519 key has " + std::to_string(bytes.size()) + " bytes, expected 32");
  return key;
}

Result<KeyHandle> MakeRsaKey(std::string_view spki) {
  const auto* at = reinterpret_cast<const unsigned char*>(spki.data());
  KeyHandle key(d2i_PUBKEY(nullptr, &at, static_cast<long>(spki.size())));
  if (key == nullptr) return Invalid("the RSA key is malformed");
  const int bits = EVP_PKEY_get_bits(key.get());
  if (bits < kMinRsaBits || bits > kMaxRsaBits)
    return Invalid("the RSA key has " + std::to_string(bits) + " bits, expected " + std::to_string(kMinRsaBits) + " to " +
                   std::to_string(kMaxRsaBits));
  BIGNUM* raw_exponent = nullptr;
  EVP_PKEY_get_bn_param(key.get(), OSSL_PKEY_PARAM_RSA_E, &raw_exponent);
  const std::unique_ptr<BIGNUM, KeyFree> exponent(raw_exponent);
  if (exponent == nullptr || BN_is_one(exponent.get()) || !BN_is_odd(exponent.get()) || BN_num_bits(exponent.get()) > 64)
    return Invalid("the RSA key's public exponent is not an odd number between 3 and 2^64");
  return key;
}

// What is wrong with a text that holds no key of ours, and what makes one of it.
Error NoKey(std::string_view text, std::string_view label) {
  if (label.empty() && (text.starts_with("ssh-") || text.starts_with("ecdsa-sha2-")))
    return Invalid(
        "a key in OpenSSH's form, expected a PEM block `PUBLIC KEY`; `ssh-keygen -e -m PKCS8 -f FILE` converts ECDSA and RSA keys");
  if (label.empty()) return Invalid("no PEM block `PUBLIC KEY` found; `cosign public-key` or `openssl pkey -pubout` write one");
  if (label == "CERTIFICATE")
    return Invalid("a certificate, expected a PEM block `PUBLIC KEY`; `openssl x509 -pubkey -noout` extracts the key");
  if (label.find("PRIVATE KEY") != std::string_view::npos)
    return Invalid("a private key, expected a PEM block `PUBLIC KEY`; keep it secret and name its public half here");
  const std::string advice = label == "RSA PUBLIC KEY" ? "; `openssl rsa -RSAPublicKey_in -pubout` converts it" : "";
  return Invalid("a PEM block " + Quoted(label) + ", expected `PUBLIC KEY`" + advice);
}

}  // namespace

struct PublicKey::Impl {
  KeyKind kind = KeyKind::kP256;
  std::uint32_t bits = 0;
  std::size_t field_bytes = 0;  // of a curve
  std::string spki;
  std::string id;
  KeyHandle key;
  ContextHandle prepared;  // ready to verify, duplicated for each verification; null for keys used once, and for RSA
  std::string point;       // of a P-384 key that is used repeatedly

  ContextHandle MakeContext() const {
    if (prepared != nullptr) return ContextHandle(EVP_PKEY_CTX_dup(prepared.get()));
    ContextHandle context(EVP_PKEY_CTX_new(key.get(), nullptr));
    if (context != nullptr && EVP_PKEY_verify_init(context.get()) != 1) context.reset();
    return context;
  }

  // What verifies faster; nullptr until it pays to make it, and where there is nothing faster than OpenSSL.
  const P384Verifier* TryFast() const {
    if (point.empty() || verifications_.fetch_add(1, std::memory_order_relaxed) < kVerificationsBeforeTables) return nullptr;
    std::call_once(fast_is_made_, [this] { fast_ = P384Verifier::Make(point); });
    return fast_.get();
  }

 private:
  // Tables cost as much as some thirty verifications save: the command line, which verifies once, does not pay for them.
  static constexpr std::uint32_t kVerificationsBeforeTables = 32;
  mutable std::atomic<std::uint32_t> verifications_ = 0;
  mutable std::once_flag fast_is_made_;
  mutable std::unique_ptr<const P384Verifier> fast_;
};

std::string_view KeyKindName(KeyKind kind) {
  switch (kind) {
    case KeyKind::kP256: return "ECDSA P-256";
    case KeyKind::kP384: return "ECDSA P-384";
    case KeyKind::kP521: return "ECDSA P-521";
    case KeyKind::kEd25519: return "Ed25519";
    case KeyKind::kRsa: return "RSA";
  }
  return "";
}

Result<PublicKey> PublicKey::FromDer(std::string_view spki, KeyUse use) {
  const std::optional<SpkiParts> parts = SplitSpki(spki);
  if (!parts) return Invalid("not a DER SubjectPublicKeyInfo");
  auto impl = std::make_shared<Impl>();
  std::optional<Result<KeyHandle>> made;
  if (parts->algorithm == kOidEcPublicKey) {
    const std::string_view curve_oid = parts->parameters && parts->parameters->tag == kDerOid ? parts->parameters->content : "";
    for (const Curve& curve : kCurves) {
      if (curve.oid != curve_oid) continue;
      impl->kind = curve.kind;
      impl->bits = curve.bits;
      impl->field_bytes = curve.field_bytes;
      made = MakeEcKey(curve, parts->key);
    }
    if (!made) return Invalid("an ECDSA key on curve " + OidText(curve_oid) + ", expected P-256, P-384 or P-521");
  } else if (parts->algorithm == kOidEd25519 && !parts->parameters) {
    impl->kind = KeyKind::kEd25519;
    impl->bits = 256;
    made = MakeEd25519Key(parts->key);
  } else if (parts->algorithm == kOidRsa) {
    impl->kind = KeyKind::kRsa;
    made = MakeRsaKey(spki);
  } else {
    return Invalid("a key of algorithm " + OidText(parts->algorithm) + ", expected ECDSA, Ed25519 or RSA");
  }
  ERR_clear_error();
  if (!*made) return made->error();
  impl->key = std::move(made->value());
  if (impl->kind == KeyKind::kRsa) impl->bits = static_cast<std::uint32_t>(EVP_PKEY_get_bits(impl->key.get()));
  impl->spki = spki;
  impl->id = Sha256(spki);
  if (use == KeyUse::kRepeated && impl->field_bytes != 0) impl->prepared = impl->MakeContext();
  if (use == KeyUse::kRepeated && impl->kind == KeyKind::kP384) impl->point = parts->key;
  return PublicKey(std::move(impl));
}

Result<PublicKey> PublicKey::FromText(std::string_view text) {
  if (!text.empty() && text.front() == '\x30') return FromDer(text);
  Result<std::vector<PemBlock>> blocks = DecodePem(text);
  if (!blocks) return Invalid(blocks.error().message);
  const std::string_view label = blocks->empty() ? std::string_view() : blocks->front().label;
  if (label != "PUBLIC KEY") return NoKey(text, label);
  if (blocks->size() > 1) return Invalid(std::to_string(blocks->size()) + " PEM blocks, expected one `PUBLIC KEY`");
  return FromDer(blocks->front().der);
}

KeyKind PublicKey::kind() const { return impl_->kind; }
std::uint32_t PublicKey::bits() const { return impl_->bits; }
const std::string& PublicKey::spki() const { return impl_->spki; }
const std::string& PublicKey::id() const { return impl_->id; }

HashAlgorithm PublicKey::natural_hash() const {
  switch (impl_->kind) {
    case KeyKind::kP384: return HashAlgorithm::kSha384;
    case KeyKind::kP521: return HashAlgorithm::kSha512;
    case KeyKind::kP256:
    case KeyKind::kEd25519:
    case KeyKind::kRsa: break;
  }
  return HashAlgorithm::kSha256;
}

Status PublicKey::Verify(std::string_view message, std::string_view signature, SignatureScheme scheme) const {
  if (impl_->kind != KeyKind::kEd25519) return VerifyDigest(Hash(scheme.hash, message), signature, scheme);
  const std::unique_ptr<EVP_MD_CTX, KeyFree> context(EVP_MD_CTX_new());
  const bool good = context != nullptr && EVP_DigestVerifyInit(context.get(), nullptr, nullptr, nullptr, impl_->key.get()) == 1 &&
                    EVP_DigestVerify(context.get(), reinterpret_cast<const unsigned char*>(signature.data()), signature.size(),
                                     reinterpret_cast<const unsigned char*>(message.data()), message.size()) == 1;
  ERR_clear_error();
  if (!good)
    return Invalid(
        "not an Ed25519 signature by this key; Ed25519ph, which cosign 2.6 and later write with Ed25519 keys, is not supported: sign with "
        "an ECDSA P-256 key");
  return OkStatus();
}

Status PublicKey::VerifyDigest(std::string_view digest, std::string_view signature, SignatureScheme scheme) const {
  if (impl_->kind == KeyKind::kEd25519)
    return Invalid("an Ed25519 signature cannot be checked from a digest alone; the signed bytes themselves are needed");
  if (digest.size() != HashBytes(scheme.hash)) return Invalid("a digest of another length than " + std::string(HashName(scheme.hash)));
  if (impl_->field_bytes != 0 && !IsStrictEcdsaSignature(signature, impl_->field_bytes))
    return Invalid("not an ECDSA signature in strict DER");
  const P384Verifier* const fast = impl_->TryFast();
  const bool good = fast != nullptr ? fast->Verify(digest, signature) : VerifyByOpenSsl(digest, signature, scheme);
  if (!good) return Invalid("not a signature of these bytes by this " + std::string(KeyKindName(impl_->kind)) + " key");
  return OkStatus();
}

bool PublicKey::VerifyByOpenSsl(std::string_view digest, std::string_view signature, SignatureScheme scheme) const {
  const ContextHandle context = impl_->MakeContext();
  const bool ready = context != nullptr && (impl_->kind != KeyKind::kRsa || SetRsaScheme(context.get(), scheme));
  const bool good = ready && EVP_PKEY_verify(context.get(), reinterpret_cast<const unsigned char*>(signature.data()), signature.size(),
                                             reinterpret_cast<const unsigned char*>(digest.data()), digest.size()) == 1;
  ERR_clear_error();
  return good;
}

}  // namespace writ::image
