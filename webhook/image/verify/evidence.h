// The one form into which every kind of material is read before it is judged. Nothing in it is verified.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "rules/base/result.h"
#include "webhook/image/limits.h"
#include "webhook/image/log/log_entry.h"
#include "webhook/image/material.h"

namespace writ::image {

enum class ContentKind {
  kClaims,     // a simple-signing payload
  kStatement,  // an in-toto statement in a DSSE envelope
  kMessage,    // the artifact itself
};

struct Evidence {
  ContentKind content = ContentKind::kMessage;
  std::string payload;       // of claims and statements
  std::string payload_type;  // of an envelope
  std::string signed_bytes;  // what the signature is over; empty for messages
  std::string signature;
  std::optional<StatedDigest> stated_digest;  // messages: an unauthenticated hint

  std::string certificate;         // DER of the leaf; empty when a key is to verify
  std::vector<std::string> chain;  // DER of what came with the leaf; never a source of trust

  std::vector<LogEntry> entries;
  bool needs_promise = false;  // bundle 0.1
  bool needs_proof = false;    // bundle 0.2 and later
  std::vector<std::string> timestamps;
  std::string stamped;  // what timestamps are over

  // Material of the classic tags: log entries of attestations cover `envelope`, and more hashes are accepted.
  bool is_classic = false;
  std::string envelope;  // the whole blob of an attached attestation
};

// Reads a Sigstore bundle of version 0.1, 0.2 or 0.3. Errors: kInvalidArgument when malformed, kVersionUnknown, kTooLarge.
Result<Evidence> ReadBundle(std::string_view bytes, const ImageLimits& limits);

// Reads a layer of a `.sig` tag: payload, and annotations of the layer. Errors as above.
Result<Evidence> ReadSimpleSigning(const Material& material, const ImageLimits& limits);

// Reads a layer of an `.att` tag: DSSE envelope, and annotations of the layer. Errors as above.
Result<Evidence> ReadAttestation(const Material& material, const ImageLimits& limits);

}  // namespace writ::image
