// RFC 3161 timestamps: a signed statement of a timestamp authority that certain bytes existed at a certain time.
//
// The token is a CMS SignedData (RFC 5652) around a TSTInfo. It is read by our own DER reader and verified with the authority's
// certificate, whose chain was verified when the trust root was read: one signature check for each token.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "rules/base/result.h"
#include "webhook/image/trust/certificate_path.h"

namespace writ::image {

// A timestamp authority of a trust root.
// INVARIANT: `signer`, where there is one, was verified as issued by `issuers` and may sign timestamps.
struct TimestampAuthority {
  std::string name;
  CertificatePtr signer;             // null when the trust root names CAs only; the token must then bring its certificate
  std::optional<Authority> issuers;  // absent when the trust root holds the signer's certificate alone
  TimeWindow window;
  std::string operator_name = {};  // "sigstore.dev"; "" = not told
};

// Makes one from a chain, signer first. Errors: as MakeAuthority.
Result<TimestampAuthority> MakeTimestampAuthority(std::string name, TimeWindow window, std::vector<CertificatePtr> chain);

struct VerifiedTimestamp {
  UnixNanos time = 0;
  const TimestampAuthority* authority = nullptr;  // one of those passed in
};

// Verifies a TimeStampResp (DER) over `stamped`.
// Errors: kCorrupt when it is malformed or not granted; kNotFound when no authority of the trust root made it; kInvalidArgument when
// one did and something does not hold: the imprint, the signature, a certificate or the authority's window at the time it states.
Result<VerifiedTimestamp> VerifyTimestamp(std::string_view response, std::string_view stamped,
                                          std::span<const TimestampAuthority> authorities);

}  // namespace writ::image
