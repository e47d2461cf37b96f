// Sigstore bundles (protobuf-specs, sigstore_bundle.proto, as proto3 JSON) and their rules by version.
#include <algorithm>
#include <utility>

#include "engine/json/json_document.h"
#include "webhook/image/trust/encoding.h"
#include "webhook/image/trust/json_member.h"
#include "webhook/image/verify/envelope.h"
#include "webhook/image/verify/evidence.h"

namespace writ::image {
namespace {

Error Malformed(std::string message) { return Error{ErrorCode::kInvalidArgument, "the bundle is malformed: " + std::move(message)}; }

Error TooMany(std::string_view what, std::size_t found, std::size_t allowed) {
  return Error{ErrorCode::kTooLarge, "the bundle has " + std::to_string(found) + " " + std::string(what) + ", at most " +
                                         std::to_string(allowed) + " are allowed"};
}

// 1, 2 or 3 for version 0.1, 0.2, 0.3; 0 for others.
int VersionOf(std::string_view media_type) {
  if (media_type == "application/vnd.dev.sigstore.bundle+json;version=0.1") return 1;
  if (media_type == "application/vnd.dev.sigstore.bundle+json;version=0.2") return 2;
  if (media_type == "application/vnd.dev.sigstore.bundle+json;version=0.3") return 3;
  if (media_type == "application/vnd.dev.sigstore.bundle.v0.3+json") return 3;
  return 0;
}

Error UnknownVersion(std::string_view media_type) {
  const bool is_bundle = media_type.starts_with("application/vnd.dev.sigstore.bundle");
  return Error{ErrorCode::kVersionUnknown, "the bundle's media type is " + (media_type.empty() ? "missing" : Quoted(media_type)) +
                                               ", expected a Sigstore bundle of version 0.1, 0.2 or 0.3" +
                                               (is_bundle ? "; let the signer write version 0.3" : "")};
}

// Exactly one of certificate, x509CertificateChain and publicKey.
Status ReadVerifier(JsonNode material, int version, const ImageLimits& limits, Evidence& evidence) {
  const JsonNode certificate = ObjectMember(material, "certificate");
  const JsonNode chain = ObjectMember(material, "x509CertificateChain");
  const JsonNode key = ObjectMember(material, "publicKey");
  int named = 0;  // of whatever type, so that none hides behind a wrong one
  for (const char* name : {"certificate", "x509CertificateChain", "publicKey"}) named += HasMember(material, name) ? 1 : 0;
  if (named != 1 || certificate.valid() + chain.valid() + key.valid() != 1)
    return Malformed("it needs exactly one of `certificate`, `x509CertificateChain` and `publicKey`");
  if (key.valid()) return OkStatus();
  if (certificate.valid()) {
    std::optional<std::string> der = Base64Member(certificate, "rawBytes");
    if (!der || der->empty()) return Malformed("`certificate.rawBytes` is missing or not base64");
    evidence.certificate = std::move(*der);
    return OkStatus();
  }
  if (version >= 3) return Malformed("version 0.3 does not allow `x509CertificateChain`");
  const JsonNode list = ListMember(chain, "certificates");
  if (!list.valid() || list.count() == 0) return Malformed("the certificate chain is empty");
  if (list.count() > limits.max_chain_certificates) return TooMany("certificates", list.count(), limits.max_chain_certificates);
  for (const JsonNode item : list.items()) {
    std::optional<std::string> der = Base64Member(item, "rawBytes");
    if (!der || der->empty()) return Malformed("`rawBytes` of a certificate is missing or not base64");
    evidence.chain.push_back(std::move(*der));
  }
  evidence.certificate = evidence.chain.front();
  evidence.chain.erase(evidence.chain.begin());
  return OkStatus();
}

Status ReadProof(JsonNode node, LogEntry& entry) {
  InclusionProof proof;
  const std::optional<std::int64_t> index = IntegerMember(node, "logIndex");
  const std::optional<std::int64_t> size = IntegerMember(node, "treeSize");
  std::optional<std::string> root = Base64Member(node, "rootHash");
  // Proto3 JSON leaves out zero and empty lists.
  if ((!index && HasMember(node, "logIndex")) || !size || !root) return Malformed("an inclusion proof is incomplete");
  proof.log_index = index.value_or(0);
  proof.tree_size = *size;
  proof.root = std::move(*root);
  constexpr std::uint32_t kMaxHashes = 64;
  if (HasMember(node, "hashes")) {
    const JsonNode hashes = ListMember(node, "hashes");
    if (!hashes.valid()) return Malformed("`hashes` of an inclusion proof is not a list");
    if (hashes.count() > kMaxHashes) return TooMany("hashes in a proof", hashes.count(), kMaxHashes);
    for (const JsonNode hash : hashes.items()) {
      std::optional<std::string> bytes = hash.is(JsonKind::kString) ? DecodeBase64(hash.string()) : std::nullopt;
      if (!bytes) return Malformed("a hash of an inclusion proof is not base64");
      proof.hashes.push_back(std::move(*bytes));
    }
  }
  if (HasMember(node, "checkpoint")) {
    const JsonNode envelope = StringMember(ObjectMember(node, "checkpoint"), "envelope");
    if (!envelope.valid()) return Malformed("`checkpoint.envelope` of an inclusion proof is not text");
    proof.checkpoint = envelope.string();
  }
  entry.proof = std::move(proof);
  return OkStatus();
}

Result<LogEntry> ReadEntry(JsonNode node) {
  LogEntry entry;
  const std::optional<std::int64_t> index = IntegerMember(node, "logIndex");
  const std::optional<std::int64_t> time = IntegerMember(node, "integratedTime");
  if ((!index && HasMember(node, "logIndex")) || index.value_or(0) < 0) return Malformed("`logIndex` of a log entry is no index");
  if (!time && HasMember(node, "integratedTime")) return Malformed("`integratedTime` of a log entry is no time");
  std::optional<std::string> id = Base64Member(ObjectMember(node, "logId"), "keyId");
  std::optional<std::string> body = Base64Member(node, "canonicalizedBody");
  const JsonNode kind = StringMember(ObjectMember(node, "kindVersion"), "kind");
  const JsonNode version = StringMember(ObjectMember(node, "kindVersion"), "version");
  if (!id || !body || body->empty() || !kind.valid() || !version.valid())
    return Malformed("a log entry needs `logId`, `kindVersion` and `canonicalizedBody`");
  entry.log_index = index.value_or(0);
  entry.integrated_time = time.value_or(0);
  entry.log_id = std::move(*id);
  entry.body = std::move(*body);
  entry.kind = kind.string();
  entry.version = version.string();
  if (HasMember(node, "inclusionPromise")) {
    std::optional<std::string> promise = Base64Member(ObjectMember(node, "inclusionPromise"), "signedEntryTimestamp");
    if (!promise) return Malformed("`signedEntryTimestamp` of a log entry is missing or not base64");
    entry.promise = std::move(*promise);
  }
  if (HasMember(node, "inclusionProof")) WRIT_RETURN_IF_ERROR(ReadProof(ObjectMember(node, "inclusionProof"), entry));
  return entry;
}

Status ReadLogAndTimes(JsonNode material, const ImageLimits& limits, Evidence& evidence) {
  if (const JsonNode entries = ListMember(material, "tlogEntries"); entries.valid()) {
    if (entries.count() > limits.max_log_entries) return TooMany("log entries", entries.count(), limits.max_log_entries);
    for (const JsonNode node : entries.items()) {
      Result<LogEntry> entry = ReadEntry(node);
      if (!entry) return entry.error();
      evidence.entries.push_back(std::move(*entry));
    }
  } else if (HasMember(material, "tlogEntries")) {
    return Malformed("`tlogEntries` is not a list");
  }
  const JsonNode data = ObjectMember(material, "timestampVerificationData");
  if (!data.valid() && HasMember(material, "timestampVerificationData")) return Malformed("`timestampVerificationData` is not an object");
  const JsonNode tokens = ListMember(data, "rfc3161Timestamps");
  if (!tokens.valid()) return HasMember(data, "rfc3161Timestamps") ? Status(Malformed("`rfc3161Timestamps` is not a list")) : OkStatus();
  if (tokens.count() > limits.max_timestamps) return TooMany("timestamps", tokens.count(), limits.max_timestamps);
  for (const JsonNode token : tokens.items()) {
    std::optional<std::string> der = Base64Member(token, "signedTimestamp");
    if (!der) return Malformed("`signedTimestamp` is missing or not base64");
    evidence.timestamps.push_back(std::move(*der));
  }
  return OkStatus();
}

Status ReadMessage(JsonNode message, Evidence& evidence) {
  std::optional<std::string> signature = Base64Member(message, "signature");
  if (!signature || signature->empty()) return Malformed("`messageSignature.signature` is missing or not base64");
  evidence.content = ContentKind::kMessage;
  evidence.signature = std::move(*signature);
  if (!HasMember(message, "messageDigest")) return OkStatus();
  const JsonNode digest = ObjectMember(message, "messageDigest");
  const JsonNode name = StringMember(digest, "algorithm");
  const std::optional<HashAlgorithm> algorithm = name.valid() ? ParseHashName(name.string()) : std::nullopt;
  std::optional<std::string> value = Base64Member(digest, "digest");
  if (!algorithm || !value) return Malformed("`messageDigest` is not a SHA-2 digest in base64");
  evidence.stated_digest = StatedDigest{*algorithm, std::move(*value)};
  return OkStatus();
}

Status ReadContent(JsonNode bundle, const ImageLimits& limits, Evidence& evidence) {
  const bool has_message = HasMember(bundle, "messageSignature");
  const bool has_envelope = HasMember(bundle, "dsseEnvelope");
  if (has_message == has_envelope) return Malformed("it needs exactly one of `messageSignature` and `dsseEnvelope`");
  if (has_message) return ReadMessage(ObjectMember(bundle, "messageSignature"), evidence);
  return ReadEnvelope(ObjectMember(bundle, "dsseEnvelope"), limits, evidence);
}

}  // namespace

Result<Evidence> ReadBundle(std::string_view bytes, const ImageLimits& limits) {
  JsonDocument document({.max_bytes = limits.max_bundle_bytes, .max_depth = limits.max_json_depth});
  Result<JsonNode> json = document.Parse(bytes);
  if (!json) return Error{json.error().code, "the bundle is not strict JSON: " + json.error().message};
  if (!json->is(JsonKind::kObject)) return Malformed("it is not a JSON object");
  const JsonNode media_type = StringMember(*json, "mediaType");
  const int version = media_type.valid() ? VersionOf(media_type.string()) : 0;
  if (version == 0) return UnknownVersion(media_type.valid() ? media_type.string() : "");
  const JsonNode material = ObjectMember(*json, "verificationMaterial");
  if (!material.valid()) return Malformed("`verificationMaterial` is missing");
  Evidence evidence;
  WRIT_RETURN_IF_ERROR(ReadVerifier(material, version, limits, evidence));
  WRIT_RETURN_IF_ERROR(ReadLogAndTimes(material, limits, evidence));
  WRIT_RETURN_IF_ERROR(ReadContent(*json, limits, evidence));
  evidence.needs_promise = version == 1;
  evidence.needs_proof = version >= 2;
  evidence.stamped = evidence.signature;
  return evidence;
}

}  // namespace writ::image
