// One entry of a Rekor log as it comes with a signature, and what it proves: that the log has this body, and since when.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "rules/base/clock.h"
#include "rules/base/digest.h"
#include "rules/base/result.h"
#include "webhook/image/trust/sct.h"

namespace writ::image {

struct InclusionProof {
  std::int64_t log_index = 0;
  std::int64_t tree_size = 0;
  std::string root;
  std::vector<std::string> hashes;
  std::string checkpoint;  // the signed note; empty when absent
};

// As carried, nothing verified.
struct LogEntry {
  std::int64_t log_index = 0;        // of the whole log
  std::string log_id;                // 32 bytes
  std::string kind, version;         // what the carrier says; empty when it does not
  std::int64_t integrated_time = 0;  // seconds since 1970; worth nothing without `promise`
  std::string promise;               // the signed entry timestamp; empty when absent
  std::optional<InclusionProof> proof;
  std::string body;  // canonicalised entry

  bool is_rekor_v2() const { return kind == "hashedrekord" && version == "0.0.2"; }
};

// Returns the entries of the trust root for the log that the entry names: several when it is listed once for each of its periods, and never
// none. Errors: kNotFound.
Result<std::vector<const TransparencyLog*>> FindLogs(const LogEntry& entry, std::span<const TransparencyLog> logs);

// Checks the signed entry timestamp (Rekor v1) and returns the time it proves.
// Errors: kInvalidArgument when the signature does not hold or the log's key was not valid then.
Result<UnixNanos> VerifyPromise(const LogEntry& entry, const TransparencyLog& log);

// Checks that the log's signed tree holds the entry. Requires: entry.proof. Errors: as VerifyCheckpoint and RootOfInclusionProof;
// kInvalidArgument when fields contradict each other or the root is another.
Status VerifyInclusion(const LogEntry& entry, const TransparencyLog& log);

// A digest as an entry states it.
struct StatedDigest {
  HashAlgorithm algorithm = HashAlgorithm::kSha256;
  std::string value;
};

// What an entry says was signed, by whom. Rekor's kinds differ in what they hold.
struct LogBody {
  std::string kind, version;
  std::optional<std::string> signature;  // raw bytes; intoto 0.0.1 has none
  std::string verifier;                  // DER of the certificate or of the SubjectPublicKeyInfo
  bool verifier_is_certificate = false;
  std::optional<StatedDigest> data;      // hashedrekord: of the artifact, or of the PAE (v2, DSSE)
  std::optional<StatedDigest> payload;   // dsse, intoto: of the envelope's payload
  std::optional<StatedDigest> envelope;  // dsse, intoto: of the whole envelope as it was sent to the log
};

// Reads hashedrekord 0.0.1 and 0.0.2, dsse 0.0.1, intoto 0.0.1 and 0.0.2.
// Errors: kCorrupt when malformed, kVersionUnknown for another kind or version.
Result<LogBody> ParseLogBody(std::string_view body);

}  // namespace writ::image
