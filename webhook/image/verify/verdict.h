// What verification says about an image and a signer, with reasons.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "rules/base/clock.h"
#include "webhook/image/material.h"
#include "webhook/image/verify/reason_list.h"

namespace writ::image {

#define WRIT_IMAGE_ENUM(name, ...) k##name,
enum class Check : std::uint8_t { WRIT_IMAGE_CHECKS(WRIT_IMAGE_ENUM) };
enum class Reason : std::uint8_t { WRIT_IMAGE_REASONS(WRIT_IMAGE_ENUM) };
#undef WRIT_IMAGE_ENUM

std::string_view CheckName(Check check);     // "log_content"
std::string_view CheckText(Check check);     // "its log entries are about this signature, key and content"
std::string_view ReasonCode(Reason reason);  // "log_signature"; stable
Check CheckOf(Reason reason);                // the check that fails for this reason
std::optional<Reason> ParseReason(std::string_view code);

// Unknown denies like refuted, but says nothing about the signature: something could not be fetched. Never to be cached.
enum class VerdictKind : std::uint8_t { kVerified, kRefuted, kUnknown };
std::string_view VerdictKindName(VerdictKind kind);  // "verified", "refuted", "unknown"

enum class CheckOutcome : std::uint8_t { kPassed, kFailed, kSkipped };

// One check of one material: what was found, and on failure what was expected.
struct CheckResult {
  Check check = Check::kForm;
  CheckOutcome outcome = CheckOutcome::kPassed;
  Reason reason = Reason::kNone;  // of a failure
  std::string message;
};

// Who signed and when, as verified.
struct VerifiedSigner {
  std::string subject;                            // of the certificate; empty for a key
  std::string oidc_issuer;                        // likewise
  std::vector<UnixNanos> times;                   // proven; empty for keys without log and for own PKIs
  std::map<std::string, std::string> extensions;  // Fulcio's, by name
};

// An in-toto statement about the image whose signature was verified.
struct VerifiedStatement {
  std::string origin;
  std::string predicate_type;
  std::string predicate_json;                      // the predicate's text; "null" when the statement has none
  std::map<std::string, std::string> annotations;  // of the subject
  VerifiedSigner signer;
};

// How one signature or attestation fared.
struct MaterialReport {
  std::string origin;
  MaterialForm form = MaterialForm::kBundle;
  bool is_verified = false;
  VerifiedSigner signer;            // when verified
  std::vector<CheckResult> checks;  // up to the first failure
};

struct Verdict {
  VerdictKind kind = VerdictKind::kRefuted;
  Reason reason = Reason::kNone;  // of the material that came closest
  std::string message;            // one sentence, for people
  std::vector<MaterialReport> materials;
  std::vector<VerifiedStatement> statements;  // every one that verified, when attestations were asked for
};

// The verdict as stable lines of text: one for each material, one for each check. For `verify-image`, tests and bug reports.
std::string Dump(const Verdict& verdict);

}  // namespace writ::image
