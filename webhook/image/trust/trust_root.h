// Whom a policy trusts: the CAs, logs and timestamp authorities of a `trusted_root.json`, or plain PEM material. Read and verified
// once, then immutable and shared; its id belongs in every cache key.
//
//   Result<TrustRootPtr> root = ParseTrustRoot("trust/root.json", bytes);
//   Result<TrustRootPtr> own = ParsePemTrust({.name = "acme-ca.pem", .ca_certificates = bytes});
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "rules/base/result.h"
#include "webhook/image/limits.h"
#include "webhook/image/trust/certificate_path.h"
#include "webhook/image/trust/sct.h"
#include "webhook/image/trust/timestamp_token.h"

namespace writ::image {

struct TrustRoot {
  std::string name;  // its file, for messages
  std::string id;    // "sha256:<hex>" of the bytes it was read from
  std::vector<TransparencyLog> logs;
  std::vector<TransparencyLog> ct_logs;
  std::vector<Authority> certificate_authorities;
  std::vector<TimestampAuthority> timestamp_authorities;
  // A company's own CAs issue certificates that live for years and come without proof of time: they are judged at the current time,
  // and intermediates that come with the signature may complete a path. Never so for a Sigstore trust root.
  bool is_own_pki = false;
  std::vector<std::string> notes;  // entries that cannot be used, and why: "ctlogs[0]: …"
};

using TrustRootPtr = std::shared_ptr<const TrustRoot>;

// Reads a trusted_root.json of media type version 0.1 or 0.2. `name` is the file's, for messages. An entry whose key or certificates
// are of a kind that is not supported is left out and noted; it makes no signature good.
// Errors: kInvalidArgument when it is no trust root, when an entry is malformed or has no start of its validity; kTooLarge.
// The message says which file, which entry, what was expected and what to do.
Result<TrustRootPtr> ParseTrustRoot(std::string_view name, std::string_view bytes, const ImageLimits& limits = {});

// PEM material where there is no trusted_root.json. Trusted without limit of time (certificates keep their own validity).
struct PemTrust {
  std::string name;                   // file names, for messages
  std::string_view ca_certificates;   // roots, "CERTIFICATE" blocks
  std::string_view ca_intermediates;  // may be empty; each must lead to a root
  std::string_view log_key;           // of a Rekor log, "PUBLIC KEY"; may be empty
  std::string_view ct_log_key;        // of a CT log; may be empty
  bool is_own_pki = true;             // false for a Fulcio instance's CA
};
Result<TrustRootPtr> ParsePemTrust(const PemTrust& pem, const ImageLimits& limits = {});

}  // namespace writ::image
