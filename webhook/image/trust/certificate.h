// X.509 certificates, read once by our own DER reader into plain fields. OpenSSL only sees the key: its decoder takes longer than the
// verification of a signature, and every field that decides is compared by us.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "rules/base/clock.h"
#include "rules/base/result.h"
#include "webhook/image/trust/public_key.h"

namespace writ::image {

enum class NameKind : std::uint8_t { kUri, kEmail, kOtherName, kOther };
std::string_view NameKindName(NameKind kind);  // "URI", "e-mail", "user name", "other"

// One subject alternative name.
struct SubjectName {
  NameKind kind = NameKind::kOther;
  std::string value;
};

// Fulcio's extensions below 1.3.6.1.4.1.57264.1: X(number, name). The names are those that policies use; .1 to .6 hold raw text, .8 and
// later a DER UTF8String. .7 is the OtherName of subject names and no extension.
#define WRIT_FULCIO_EXTENSIONS(X)       \
  X(1, "issuer_v1")                     \
  X(2, "github_workflow_trigger")       \
  X(3, "github_workflow_sha")           \
  X(4, "github_workflow_name")          \
  X(5, "github_workflow_repository")    \
  X(6, "github_workflow_ref")           \
  X(8, "issuer")                        \
  X(9, "build_signer_uri")              \
  X(10, "build_signer_digest")          \
  X(11, "runner_environment")           \
  X(12, "source_repository_uri")        \
  X(13, "source_repository_digest")     \
  X(14, "source_repository_ref")        \
  X(15, "source_repository_id")         \
  X(16, "source_repository_owner_uri")  \
  X(17, "source_repository_owner_id")   \
  X(18, "build_config_uri")             \
  X(19, "build_config_digest")          \
  X(20, "build_trigger")                \
  X(21, "run_invocation_uri")           \
  X(22, "source_repository_visibility") \
  X(23, "deployment_environment")       \
  X(24, "token_subject")
inline constexpr std::size_t kFulcioExtensionCount = 25;  // indexed by number

// Returns the number of the extension with that name, empty for an unknown name.
std::optional<std::size_t> FulcioExtensionNumber(std::string_view name);

// All that is read of a certificate. Immutable behind the shared pointer that Parse returns; views point into `der`.
struct Certificate {
  // Errors: kInvalidArgument, saying what is malformed or not supported. Unknown critical extensions are no error here: they are
  // noted, and CheckLeaf and MakeAuthority refuse them.
  static Result<std::shared_ptr<const Certificate>> Parse(std::string_view der, KeyUse use = KeyUse::kOnce);

  Certificate(std::string bytes, PublicKey public_key) : der(std::move(bytes)), key(std::move(public_key)) {}
  Certificate(const Certificate&) = delete;
  Certificate& operator=(const Certificate&) = delete;

  std::string der;
  PublicKey key;
  std::string_view tbs;                  // the signed part
  std::string_view serial;               // content of the INTEGER
  std::string_view issuer;               // DER Name
  std::string_view subject;              // DER Name
  std::string_view signature_algorithm;  // OID
  std::string_view signature;
  UnixNanos not_before = 0;
  UnixNanos not_after = 0;

  std::vector<SubjectName> names;
  std::array<std::string, kFulcioExtensionCount> fulcio;  // by number; empty when absent
  std::vector<std::string_view> extended_key_usages;      // OIDs
  std::optional<std::uint32_t> path_length;
  std::optional<std::string_view> sct_list;  // the TLS list inside the extension
  std::string_view sct_extension;            // that whole Extension, to cut it out of `tbs`
  std::string_view authority_key_id;         // empty when absent
  std::string_view subject_key_id;
  std::string unsupported_extension;  // the first critical one that is not understood, as text
  bool is_ca = false;
  bool has_key_usage = false;
  bool can_sign_data = false;          // keyUsage digitalSignature
  bool can_sign_certificates = false;  // keyUsage keyCertSign
  bool extended_key_usage_critical = false;

  bool is_self_issued() const { return issuer == subject; }
  bool HasExtendedKeyUsage(std::string_view oid) const;
  // The OIDC issuer: .8, or .1 where that is all there is; empty when absent or when the two disagree.
  std::string oidc_issuer() const;
  bool issuers_disagree() const { return !fulcio[1].empty() && !fulcio[8].empty() && fulcio[1] != fulcio[8]; }
};

using CertificatePtr = std::shared_ptr<const Certificate>;

// Checks the signature of `child` with the key of `issuer`, and nothing else. ECDSA and RSA PKCS#1 with SHA-256, 384, 512, and Ed25519.
Status CheckSignedBy(const Certificate& child, const PublicKey& issuer);

// "CN=sigstore-intermediate,O=sigstore.dev" of a DER Name, for messages.
std::string NameText(std::string_view der_name);
// "2026-11-20T10:00:00Z".
std::string TimeText(UnixNanos time);

}  // namespace writ::image
