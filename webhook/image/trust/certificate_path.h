// From a leaf certificate to a trusted CA, at the times that were proven.
//
// A CA's own chain is verified once, when the trust root is read (MakeAuthority); for a leaf there remains one signature check by its
// issuer and the comparison of validity windows. That is what keeps a keyless verification under a millisecond: the chains of the
// public instance are P-384, 430 µs for each signature.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "rules/base/clock.h"
#include "rules/base/result.h"
#include "webhook/image/trust/certificate.h"

namespace writ::image {

// An interval of time, both ends included; an open end has none.
struct TimeWindow {
  UnixNanos start = 0;
  std::optional<UnixNanos> end;
  bool Contains(UnixNanos time) const { return time >= start && (!end || time <= *end); }
};
std::string WindowText(const TimeWindow& window);  // "2021-01-12T11:53:27Z to 2022-07-31T00:00:00Z", "from … on"

// A CA of a trust root with its chain, issuer of leaves first, anchor last (which may be an intermediate).
// INVARIANT: each certificate was verified as signed by the next one; every one is a CA that may sign certificates.
struct Authority {
  std::string name;  // for messages: its URI or subject
  TimeWindow window;
  std::vector<CertificatePtr> chain;
};

// Verifies a chain once. Errors: kInvalidArgument, naming the certificate (1-based) and what is wrong.
Result<Authority> MakeAuthority(std::string name, TimeWindow window, std::vector<CertificatePtr> chain);

// Whether a leaf without extended key usages, which then limits nothing (RFC 5280 §4.2.1.12), is good enough.
enum class UsageRule : std::uint8_t { kMustBeNamed, kMayBeAbsent };

// Checks what a leaf must be by itself: no CA, the extended key usage `purpose` (an OID), keyUsage digitalSignature, no critical
// extension that is not understood.
Status CheckLeaf(const Certificate& leaf, std::string_view purpose, UsageRule rule = UsageRule::kMustBeNamed);

struct PathRequest {
  std::span<const Authority> authorities;
  std::span<const CertificatePtr> hints;  // untrusted intermediates, for own PKIs; each must itself verify
  std::span<const UnixNanos> times;       // the whole path must be valid at every one; not empty
  std::string_view purpose;               // extended key usage that CAs, where they carry one, must allow
};

// Finds a path from `leaf` to one of the authorities and returns the certificate that issued the leaf.
// Errors: kNotFound when no authority issued it (unknown issuer, or a signature that is not its), kInvalidArgument when one did and
// the path is not valid at one of the times.
Result<CertificatePtr> FindIssuer(const Certificate& leaf, const PathRequest& request);

}  // namespace writ::image
