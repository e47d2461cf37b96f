// Signed certificate timestamps inside a leaf (RFC 6962 §3.2, §3.3): proof that a CT log has promised to publish it.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "rules/base/result.h"
#include "webhook/image/trust/certificate.h"
#include "webhook/image/trust/certificate_path.h"

namespace writ::image {

// A transparency log of a trust root: of certificates here, of signatures in log/.
struct TransparencyLog {
  std::string base_url;
  std::string host;      // name in checkpoints
  std::string id;        // 32 bytes
  std::string key_hint;  // first 4 bytes of its checkpoint id
  PublicKey key;
  TimeWindow window;
  std::string operator_name;  // "sigstore.dev"; "" = not told

  // What is counted where several logs are demanded: its operator, so that two logs of one company are one; without it the log itself, so
  // that two periods of one log are one.
  const std::string& Party() const { return operator_name.empty() ? id : operator_name; }
};

// Checks the SCTs of `leaf` and returns the logs whose SCT is good, each party once: two SCTs of one log count once. A log that is listed
// several times, for several periods, is good when one of its entries is. `issuer` is the certificate that issued the leaf, from a verified
// path: the SCT covers its key. Errors: kNotFound when the leaf has none; kInvalidArgument when none is good, with the reason of the last
// one.
Result<std::vector<const TransparencyLog*>> VerifyScts(const Certificate& leaf, const Certificate& issuer,
                                                       std::span<const TransparencyLog> logs);

}  // namespace writ::image
