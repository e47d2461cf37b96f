// A private Sigstore for tests: keys, certificates, SCTs, log entries, checkpoints and timestamps, made in the process. Nothing here
// reads the clock or the network; keys are fresh each run, which no expectation depends on.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "rules/base/clock.h"
#include "rules/base/digest.h"
#include "webhook/image/trust/oids.h"
#include "webhook/image/trust/public_key.h"

namespace writ::test {

inline constexpr std::int64_t kSecond = 1'000'000'000;
// 2026-11-20T10:00:00Z: when everything in these tests is signed.
inline constexpr std::int64_t kSignedAtSeconds = 1'795'168'800;
inline constexpr UnixNanos kSignedAt = kSignedAtSeconds * kSecond;

// A private key.
class TestKey {
 public:
  // "P-256", "P-384", "P-521", "secp256k1", "Ed25519", "RSA-1024", "RSA-2048", …
  explicit TestKey(const std::string& kind);
  std::string Spki() const;
  std::string Pem() const;
  std::string PrivatePem() const;
  image::PublicKey Public() const;
  std::string Sign(std::string_view message, image::SignatureScheme scheme = {}) const;

 private:
  std::shared_ptr<void> key_;
};

// One DER value, for building what is broken in a certain way.
std::string Tlv(std::uint8_t tag, std::string_view content);
std::string Pem(std::string_view label, std::string_view der);

// What a certificate shall be.
struct CertificateSpec {
  std::string subject = "leaf";
  std::string issuer = "root";
  std::vector<std::string> names;       // GeneralNames, DER; UriName etc.
  std::vector<std::string> extensions;  // more Extensions, DER
  bool is_ca = false;
  int path_length = -1;
  std::string usage = "code_signing";  // "time_stamping", "server_auth", "" for none
  std::int64_t from_seconds = kSignedAtSeconds - 300;
  std::int64_t to_seconds = kSignedAtSeconds + 300;
  int serial = 1;
};

std::string UriName(std::string_view uri);
std::string EmailName(std::string_view address);
std::string DnsName(std::string_view host);
std::string OtherName(std::string_view user);  // 1.3.6.1.4.1.57264.1.7
std::string Extension(std::string_view oid, std::string_view value, bool is_critical = false);
// Fulcio's extension of that number: raw up to 6, UTF8String from 8 on.
std::string FulcioExtension(int number, std::string_view text);

// Signs with SHA-256. `key` is the certificate's, `issuer` its issuer's.
std::string MakeCertificate(const CertificateSpec& spec, const TestKey& key, const TestKey& issuer);

// The SCT list extension of a log over a certificate made by that spec without it.
std::string SctExtension(const CertificateSpec& spec, const TestKey& key, const TestKey& issuer, const std::vector<const TestKey*>& logs,
                         std::int64_t at_seconds = kSignedAtSeconds);

// What an RFC 3161 token shall be; the defaults make a good one.
struct TokenSpec {
  std::string stamped = "signature";
  std::string time = "20261120100000.5Z";
  std::string_view content_type = image::kOidTstInfo;
  std::string info_suffix;        // appended to the content after it was hashed
  std::string named_certificate;  // instead of the signer's, in SigningCertificateV2
  std::string_view signature_algorithm = image::kOidEcdsaSha256;
  std::string certificates;              // DER that the token brings
  const TestKey* signing_key = nullptr;  // instead of the signer's
  int status = 0;
  bool has_attributes = true;
};

// A TimeStampResp by the owner of `certificate`, whose serial is 5.
std::string MakeTimestamp(const TokenSpec& spec, const std::string& certificate, const TestKey& key);

}  // namespace writ::test
