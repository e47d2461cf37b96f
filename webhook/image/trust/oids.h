// Object identifiers as the content bytes of their DER encoding, in one place.
#pragma once

#include <string_view>

namespace writ::image {

using namespace std::string_view_literals;

// Keys and signatures.
inline constexpr std::string_view kOidEcPublicKey = "\x2A\x86\x48\xCE\x3D\x02\x01"sv;        // 1.2.840.10045.2.1
inline constexpr std::string_view kOidP256 = "\x2A\x86\x48\xCE\x3D\x03\x01\x07"sv;           // 1.2.840.10045.3.1.7
inline constexpr std::string_view kOidP384 = "\x2B\x81\x04\x00\x22"sv;                       // 1.3.132.0.34
inline constexpr std::string_view kOidP521 = "\x2B\x81\x04\x00\x23"sv;                       // 1.3.132.0.35
inline constexpr std::string_view kOidEd25519 = "\x2B\x65\x70"sv;                            // 1.3.101.112
inline constexpr std::string_view kOidRsa = "\x2A\x86\x48\x86\xF7\x0D\x01\x01\x01"sv;        // 1.2.840.113549.1.1.1
inline constexpr std::string_view kOidRsaPss = "\x2A\x86\x48\x86\xF7\x0D\x01\x01\x0A"sv;     // 1.2.840.113549.1.1.10
inline constexpr std::string_view kOidRsaSha256 = "\x2A\x86\x48\x86\xF7\x0D\x01\x01\x0B"sv;  // sha256WithRSAEncryption
inline constexpr std::string_view kOidRsaSha384 = "\x2A\x86\x48\x86\xF7\x0D\x01\x01\x0C"sv;  // sha384WithRSAEncryption
inline constexpr std::string_view kOidRsaSha512 = "\x2A\x86\x48\x86\xF7\x0D\x01\x01\x0D"sv;  // sha512WithRSAEncryption
inline constexpr std::string_view kOidEcdsaSha256 = "\x2A\x86\x48\xCE\x3D\x04\x03\x02"sv;    // ecdsa-with-SHA256
inline constexpr std::string_view kOidEcdsaSha384 = "\x2A\x86\x48\xCE\x3D\x04\x03\x03"sv;    // ecdsa-with-SHA384
inline constexpr std::string_view kOidEcdsaSha512 = "\x2A\x86\x48\xCE\x3D\x04\x03\x04"sv;    // ecdsa-with-SHA512
inline constexpr std::string_view kOidSha1 = "\x2B\x0E\x03\x02\x1A"sv;                       // 1.3.14.3.2.26
inline constexpr std::string_view kOidSha256 = "\x60\x86\x48\x01\x65\x03\x04\x02\x01"sv;     // 2.16.840.1.101.3.4.2.1
inline constexpr std::string_view kOidSha384 = "\x60\x86\x48\x01\x65\x03\x04\x02\x02"sv;     // 2.16.840.1.101.3.4.2.2
inline constexpr std::string_view kOidSha512 = "\x60\x86\x48\x01\x65\x03\x04\x02\x03"sv;     // 2.16.840.1.101.3.4.2.3

// X.509 extensions (RFC 5280 §4.2).
inline constexpr std::string_view kOidSubjectKeyId = "\x55\x1D\x0E"sv;
inline constexpr std::string_view kOidKeyUsage = "\x55\x1D\x0F"sv;
inline constexpr std::string_view kOidSubjectAltName = "\x55\x1D\x11"sv;
inline constexpr std::string_view kOidBasicConstraints = "\x55\x1D\x13"sv;
inline constexpr std::string_view kOidNameConstraints = "\x55\x1D\x1E"sv;
inline constexpr std::string_view kOidCertificatePolicies = "\x55\x1D\x20"sv;
inline constexpr std::string_view kOidAuthorityKeyId = "\x55\x1D\x23"sv;
inline constexpr std::string_view kOidExtendedKeyUsage = "\x55\x1D\x25"sv;
inline constexpr std::string_view kOidCodeSigning = "\x2B\x06\x01\x05\x05\x07\x03\x03"sv;      // 1.3.6.1.5.5.7.3.3
inline constexpr std::string_view kOidTimeStamping = "\x2B\x06\x01\x05\x05\x07\x03\x08"sv;     // 1.3.6.1.5.5.7.3.8
inline constexpr std::string_view kOidSctList = "\x2B\x06\x01\x04\x01\xD6\x79\x02\x04\x02"sv;  // 1.3.6.1.4.1.11129.2.4.2
// 1.3.6.1.4.1.57264.1, followed by one byte: Fulcio's extensions and its OtherName (.7).
inline constexpr std::string_view kOidFulcioPrefix = "\x2B\x06\x01\x04\x01\x83\xBF\x30\x01"sv;
inline constexpr std::string_view kOidFulcioOtherName = "\x2B\x06\x01\x04\x01\x83\xBF\x30\x01\x07"sv;

// CMS and RFC 3161.
inline constexpr std::string_view kOidSignedData = "\x2A\x86\x48\x86\xF7\x0D\x01\x07\x02"sv;             // 1.2.840.113549.1.7.2
inline constexpr std::string_view kOidContentType = "\x2A\x86\x48\x86\xF7\x0D\x01\x09\x03"sv;            // 1.2.840.113549.1.9.3
inline constexpr std::string_view kOidMessageDigest = "\x2A\x86\x48\x86\xF7\x0D\x01\x09\x04"sv;          // 1.2.840.113549.1.9.4
inline constexpr std::string_view kOidTstInfo = "\x2A\x86\x48\x86\xF7\x0D\x01\x09\x10\x01\x04"sv;        // …9.16.1.4
inline constexpr std::string_view kOidSigningCert = "\x2A\x86\x48\x86\xF7\x0D\x01\x09\x10\x02\x0C"sv;    // …9.16.2.12, RFC 2634
inline constexpr std::string_view kOidSigningCertV2 = "\x2A\x86\x48\x86\xF7\x0D\x01\x09\x10\x02\x2F"sv;  // …9.16.2.47, RFC 5035

}  // namespace writ::image
