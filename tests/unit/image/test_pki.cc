#include "tests/unit/image/test_pki.h"

#include <openssl/bio.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

#include <ctime>

#include "rules/base/check.h"
#include "webhook/image/trust/certificate.h"
#include "webhook/image/trust/der.h"
#include "webhook/image/trust/encoding.h"
#include "webhook/image/trust/oids.h"

namespace writ::test {
namespace {

EVP_PKEY* Make(const std::string& kind) {
  if (kind == "Ed25519") return EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519");
  if (kind.starts_with("RSA-")) return EVP_RSA_gen(static_cast<unsigned>(std::stoi(kind.substr(4))));
  return EVP_EC_gen(kind.c_str());
}

const EVP_MD* Md(HashAlgorithm hash) {
  switch (hash) {
    case HashAlgorithm::kSha256: return EVP_sha256();
    case HashAlgorithm::kSha384: return EVP_sha384();
    case HashAlgorithm::kSha512: return EVP_sha512();
  }
  return nullptr;
}

std::string Drain(BIO* bio) {
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio, &data);
  std::string text(data, static_cast<std::size_t>(size));
  BIO_free(bio);
  return text;
}

std::string Name(std::string_view common_name) {
  const std::string attribute = Tlv(0x06, "\x55\x04\x03") + Tlv(0x0C, common_name);
  return Tlv(0x30, Tlv(0x31, Tlv(0x30, attribute)));
}

std::string Time(std::int64_t seconds) {
  const auto time = static_cast<std::time_t>(seconds);
  std::tm parts{};
  gmtime_r(&time, &parts);
  std::string text(16, '\0');
  text.resize(std::strftime(text.data(), text.size(), "%Y%m%d%H%M%SZ", &parts));
  return Tlv(0x18, text);
}

std::string UsageOid(const std::string& usage) {
  if (usage == "code_signing") return std::string(image::kOidCodeSigning);
  if (usage == "time_stamping") return std::string(image::kOidTimeStamping);
  return "\x2B\x06\x01\x05\x05\x07\x03\x01";
}

std::string Extensions(const CertificateSpec& spec) {
  std::string list;
  list += Extension(image::kOidKeyUsage, spec.is_ca ? Tlv(3, "\x01\x06") : Tlv(3, "\x07\x80"), true);
  std::string constraints = spec.is_ca ? Tlv(1, "\xFF") : "";
  if (spec.path_length >= 0) constraints += Tlv(2, std::string(1, static_cast<char>(spec.path_length)));
  list += Extension(image::kOidBasicConstraints, Tlv(0x30, constraints), true);
  const bool is_stamper = spec.usage == "time_stamping";
  if (!spec.usage.empty()) list += Extension(image::kOidExtendedKeyUsage, Tlv(0x30, Tlv(6, UsageOid(spec.usage))), is_stamper);
  std::string names;
  for (const std::string& name : spec.names) names += name;
  if (!names.empty()) list += Extension(image::kOidSubjectAltName, Tlv(0x30, names), true);
  for (const std::string& extension : spec.extensions) list += extension;
  return list;
}

std::string Tbs(const CertificateSpec& spec, const TestKey& key, std::string_view algorithm) {
  const std::string serial = Tlv(2, std::string(1, static_cast<char>(spec.serial)));
  const std::string validity = Tlv(0x30, Time(spec.from_seconds) + Time(spec.to_seconds));
  return Tlv(0x30, Tlv(0xA0, Tlv(2, "\x02")) + serial + std::string(algorithm) + Name(spec.issuer) + validity + Name(spec.subject) +
                       key.Spki() + Tlv(0xA3, Tlv(0x30, Extensions(spec))));
}

std::string AlgorithmOf(const TestKey& issuer) {
  if (issuer.Public().kind() == image::KeyKind::kRsa) return Tlv(0x30, Tlv(6, image::kOidRsaSha256) + Tlv(5, ""));
  if (issuer.Public().kind() == image::KeyKind::kEd25519) return Tlv(0x30, Tlv(6, image::kOidEd25519));
  return Tlv(0x30, Tlv(6, image::kOidEcdsaSha256));
}

std::string BigEndian(std::uint64_t number, std::size_t bytes) {
  std::string out;
  for (std::size_t i = bytes; i > 0; --i) out.push_back(static_cast<char>((number >> (8 * (i - 1))) & 0xFF));
  return out;
}

std::string Algorithm(std::string_view oid) { return Tlv(0x30, Tlv(6, oid)); }
std::string Attribute(std::string_view oid, const std::string& value) { return Tlv(0x30, Tlv(6, oid) + Tlv(0x31, value)); }

std::string Vector16(std::string_view bytes) { return BigEndian(bytes.size(), 2).append(bytes); }

}  // namespace

TestKey::TestKey(const std::string& kind) : key_(Make(kind), [](void* key) { EVP_PKEY_free(static_cast<EVP_PKEY*>(key)); }) {
  WRIT_CHECK(key_ != nullptr);
}

std::string TestKey::Spki() const {
  unsigned char* der = nullptr;
  const int size = i2d_PUBKEY(static_cast<EVP_PKEY*>(key_.get()), &der);
  std::string out(reinterpret_cast<char*>(der), static_cast<std::size_t>(size));
  OPENSSL_free(der);
  return out;
}

std::string TestKey::Pem() const { return test::Pem("PUBLIC KEY", Spki()); }

std::string TestKey::PrivatePem() const {
  BIO* bio = BIO_new(BIO_s_mem());
  PEM_write_bio_PrivateKey(bio, static_cast<EVP_PKEY*>(key_.get()), nullptr, nullptr, 0, nullptr, nullptr);
  return Drain(bio);
}

image::PublicKey TestKey::Public() const {
  Result<image::PublicKey> key = image::PublicKey::FromDer(Spki());
  WRIT_CHECK(key.ok());
  return *key;
}

std::string TestKey::Sign(std::string_view message, image::SignatureScheme scheme) const {
  auto* key = static_cast<EVP_PKEY*>(key_.get());
  const bool is_ed25519 = EVP_PKEY_is_a(key, "ED25519") == 1;
  EVP_MD_CTX* context = EVP_MD_CTX_new();
  EVP_PKEY_CTX* settings = nullptr;
  WRIT_CHECK(EVP_DigestSignInit(context, &settings, is_ed25519 ? nullptr : Md(scheme.hash), nullptr, key) == 1);
  if (scheme.padding == image::RsaPadding::kPss) {
    EVP_PKEY_CTX_set_rsa_padding(settings, RSA_PKCS1_PSS_PADDING);
    EVP_PKEY_CTX_set_rsa_pss_saltlen(settings, RSA_PSS_SALTLEN_DIGEST);
  }
  std::size_t size = 1024;
  std::string signature(size, '\0');
  WRIT_CHECK(EVP_DigestSign(context, reinterpret_cast<unsigned char*>(signature.data()), &size,
                            reinterpret_cast<const unsigned char*>(message.data()), message.size()) == 1);
  EVP_MD_CTX_free(context);
  signature.resize(size);
  return signature;
}

std::string Tlv(std::uint8_t tag, std::string_view content) { return image::EncodeDer(tag, content); }

std::string Pem(std::string_view label, std::string_view der) {
  const std::string name(label);
  return "-----BEGIN " + name + "-----\n" + EncodeBase64(der) + "\n-----END " + name + "-----\n";
}

std::string UriName(std::string_view uri) { return Tlv(0x86, uri); }
std::string EmailName(std::string_view address) { return Tlv(0x81, address); }
std::string DnsName(std::string_view host) { return Tlv(0x82, host); }
std::string OtherName(std::string_view user) { return Tlv(0xA0, Tlv(6, image::kOidFulcioOtherName) + Tlv(0xA0, Tlv(0x0C, user))); }

std::string Extension(std::string_view oid, std::string_view value, bool is_critical) {
  return Tlv(0x30, Tlv(6, oid) + (is_critical ? Tlv(1, "\xFF") : "") + Tlv(4, value));
}

std::string FulcioExtension(int number, std::string_view text) {
  const std::string oid = std::string(image::kOidFulcioPrefix) + static_cast<char>(number);
  return Extension(oid, number >= 8 ? Tlv(0x0C, text) : std::string(text));
}

std::string MakeCertificate(const CertificateSpec& spec, const TestKey& key, const TestKey& issuer) {
  const std::string algorithm = AlgorithmOf(issuer);
  const std::string tbs = Tbs(spec, key, algorithm);
  return Tlv(0x30, tbs + algorithm + Tlv(3, std::string(1, '\0') + issuer.Sign(tbs)));
}

std::string SctExtension(const CertificateSpec& spec, const TestKey& key, const TestKey& issuer, const std::vector<const TestKey*>& logs,
                         std::int64_t at_seconds) {
  const std::string tbs = Tbs(spec, key, AlgorithmOf(issuer));
  std::string list;
  for (const TestKey* log : logs) {
    const std::string head = BigEndian(0, 2) + BigEndian(static_cast<std::uint64_t>(at_seconds) * 1000, 8) + BigEndian(1, 2);
    const std::string signed_bytes = head + Sha256(issuer.Spki()) + BigEndian(tbs.size(), 3) + tbs + BigEndian(0, 2);
    const std::string sct = BigEndian(0, 1) + Sha256(log->Spki()) + BigEndian(static_cast<std::uint64_t>(at_seconds) * 1000, 8) +
                            BigEndian(0, 2) + "\x04\x03" + Vector16(log->Sign(signed_bytes));
    list += Vector16(sct);
  }
  return Extension(image::kOidSctList, Tlv(4, Vector16(list)));
}

std::string MakeTimestamp(const TokenSpec& spec, const std::string& certificate, const TestKey& key) {
  const std::string imprint = Tlv(0x30, Algorithm(image::kOidSha256) + Tlv(4, Sha256(spec.stamped)));
  const std::string info = Tlv(0x30, Tlv(2, "\x01") + Tlv(6, "\x2A\x03") + imprint + Tlv(2, "\x07") + Tlv(0x18, spec.time));
  const std::string named = spec.named_certificate.empty() ? certificate : spec.named_certificate;
  std::string attributes = Attribute(image::kOidContentType, Tlv(6, spec.content_type)) +
                           Attribute(image::kOidMessageDigest, Tlv(4, Sha256(info))) +
                           Attribute(image::kOidSigningCertV2, Tlv(0x30, Tlv(0x30, Tlv(0x30, Tlv(4, Sha256(named))))));
  const std::string signature = (spec.signing_key != nullptr ? *spec.signing_key : key).Sign(Tlv(0x31, attributes));
  attributes = spec.has_attributes ? Tlv(0xA0, attributes) : "";
  const std::string name = std::string(image::Certificate::Parse(certificate).value()->issuer);
  const std::string signer_info = Tlv(0x30, Tlv(2, "\x01") + Tlv(0x30, name + Tlv(2, "\x05")) + Algorithm(image::kOidSha256) + attributes +
                                                Algorithm(spec.signature_algorithm) + Tlv(4, signature));
  const std::string content = Tlv(0x30, Tlv(6, image::kOidTstInfo) + Tlv(0xA0, Tlv(4, info + spec.info_suffix)));
  const std::string certificates = spec.certificates.empty() ? "" : Tlv(0xA0, spec.certificates);
  const std::string data =
      Tlv(0x30, Tlv(2, "\x03") + Tlv(0x31, Algorithm(image::kOidSha256)) + content + certificates + Tlv(0x31, signer_info));
  const std::string status = Tlv(0x30, Tlv(2, std::string(1, static_cast<char>(spec.status))));
  return Tlv(0x30, status + Tlv(0x30, Tlv(6, image::kOidSignedData) + Tlv(0xA0, data)));
}

}  // namespace writ::test
