// Whom a policy accepts as signer, and what it demands of a signature.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "webhook/image/trust/public_key.h"
#include "webhook/image/trust/trust_root.h"

namespace writ::image {

// A certificate's identity. In a glob `*` stands for any characters inside one `/` segment, everything else for itself, and the whole
// subject must match. In: "https://github.com/acme/*/.github/workflows/release.yml@refs/tags/*" for acme/slack-mcp at v1.4.2;
// out: the same for "https://github.com/*@refs/tags/*".
struct Identity {
  std::string issuer;  // OIDC issuer, byte for byte; may be empty for own PKIs only, and then demands none
  std::string subject;
  bool subject_is_glob = false;
};

bool SubjectGlobMatches(std::string_view glob, std::string_view subject);

enum class LogRule : std::uint8_t {
  kDefault,   // required for identities, ignored for keys
  kRequired,  // at least one entry, and every one must verify
  kIgnored,   // entries are not looked at and prove no time
};

enum class Demand : std::uint8_t { kOptional, kRequired };

enum class Wanted : std::uint8_t {
  kSignature,    // a signature proper; an attestation is none
  kAttestation,  // an in-toto statement of `predicate_type`
  kAnything,     // any signed content about the artifact: for `verify-blob`
};

struct SignerOptions {
  Wanted wanted = Wanted::kSignature;
  std::string predicate_type;  // as a whole; needed for kAttestation, may be empty otherwise and then demands nothing
  LogRule log = LogRule::kDefault;
  Demand timestamp = Demand::kOptional;  // kOptional: one that is there must verify, for identities
  Demand sct = Demand::kRequired;
  std::uint32_t min_logs = 1;                                 // different logs, when the log is required
  std::uint32_t min_timestamps = 1;                           // different authorities, when a timestamp is required
  std::uint32_t min_scts = 1;                                 // different CT logs
  std::map<std::string, std::string> annotations;             // signed claims that must be there
  std::map<std::string, std::string> certificate_extensions;  // by the names of WRIT_FULCIO_EXTENSIONS
  std::optional<std::string> docker_reference;                // of simple signing, byte for byte
  std::optional<HashAlgorithm> signature_hash;                // instead of those that go with the key
  RsaPadding rsa_padding = RsaPadding::kPkcs1;
};

// Exactly one of `key` and `identity`. Copies share keys and trust root.
struct ExpectedSigner {
  std::string name;  // as policies call it, for messages
  std::optional<PublicKey> key;
  std::optional<Identity> identity;
  TrustRootPtr trust_root;  // required for identities, and for keys whose log entry is required
  SignerOptions options;
};

}  // namespace writ::image
