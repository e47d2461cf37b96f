// DSSE envelopes, the in-toto statements in them, and simple-signing payloads: what is signed, read strictly.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/json/json_node.h"
#include "rules/base/result.h"
#include "webhook/image/limits.h"
#include "webhook/image/verify/evidence.h"

namespace writ::image {

inline constexpr std::string_view kInTotoPayloadType = "application/vnd.in-toto+json";
inline constexpr std::string_view kCosignSignPredicate = "https://sigstore.dev/cosign/sign/v1";

struct Envelope {
  std::string payload_type;
  std::string payload;
  std::string signature;
};

// Reads {payloadType, payload, signatures: [one]}. Errors: kInvalidArgument, kTooLarge.
Result<Envelope> ReadEnvelope(JsonNode object, const ImageLimits& limits);

// Reads the same into the evidence of a statement: payload, signature, and what that is over.
Status ReadEnvelope(JsonNode object, const ImageLimits& limits, Evidence& evidence);

// DSSE pre-authentication encoding: the bytes that are signed.
std::string PreAuthEncoding(std::string_view payload_type, std::string_view payload);

struct Statement {
  std::string predicate_type;
  std::string predicate_json;
  bool has_subject = false;                        // one whose digest.sha256 is the wanted one
  std::string subjects;                            // the sha256 digests it does name, for messages
  std::map<std::string, std::string> annotations;  // of that subject
};

// Reads an in-toto statement v0.1 or v1 and looks for the subject with that SHA-256 (lower-case hex).
// Errors: kInvalidArgument, kTooLarge.
Result<Statement> ReadStatement(std::string_view payload, std::string_view sha256_hex, const ImageLimits& limits);

// A simple-signing payload of cosign's type.
struct Claims {
  std::string digest;
  std::string docker_reference;
  std::map<std::string, std::string> annotations;  // members of `optional` that are strings
};

// Errors: kInvalidArgument, kTooLarge.
Result<Claims> ReadClaims(std::string_view payload, const ImageLimits& limits);

}  // namespace writ::image
