// Layers of cosign's classic tags, `.sig` and `.att`: a blob and annotations around it (sigstore.md §1.1, §1.2).
#include <utility>

#include "engine/json/json_document.h"
#include "webhook/image/trust/encoding.h"
#include "webhook/image/trust/json_member.h"
#include "webhook/image/verify/envelope.h"
#include "webhook/image/verify/evidence.h"

namespace writ::image {
namespace {

constexpr std::string_view kSignatureKey = "dev.cosignproject.cosign/signature";
constexpr std::string_view kCertificateKey = "dev.sigstore.cosign/certificate";
constexpr std::string_view kChainKey = "dev.sigstore.cosign/chain";
constexpr std::string_view kBundleKey = "dev.sigstore.cosign/bundle";
constexpr std::string_view kTimestampKey = "dev.sigstore.cosign/rfc3161timestamp";

Error Malformed(std::string message) { return Error{ErrorCode::kInvalidArgument, std::move(message)}; }

// The value of an annotation; empty when it is absent or empty (cosign writes empty ones).
std::string_view Annotation(const Material& material, std::string_view key) {
  const auto found = material.annotations.find(std::string(key));
  return found == material.annotations.end() ? std::string_view() : std::string_view(found->second);
}

Status CheckSizes(const Material& material, std::size_t max_bytes, const ImageLimits& limits) {
  if (material.bytes.size() > max_bytes)
    return Error{ErrorCode::kTooLarge,
                 "its blob has " + std::to_string(material.bytes.size()) + " bytes, at most " + std::to_string(max_bytes) + " are allowed"};
  for (const auto& [key, value] : material.annotations) {
    if (value.size() > limits.max_annotation_bytes)
      return Error{ErrorCode::kTooLarge, "annotation " + Quoted(key) + " has " + std::to_string(value.size()) + " bytes, at most " +
                                             std::to_string(limits.max_annotation_bytes) + " are allowed"};
  }
  return OkStatus();
}

Status ReadCertificates(const Material& material, const ImageLimits& limits, Evidence& evidence) {
  const std::string_view leaf = Annotation(material, kCertificateKey);
  if (leaf.empty()) return OkStatus();
  Result<std::vector<PemBlock>> blocks = DecodePem(leaf);
  if (!blocks) return Malformed("the certificate annotation: " + blocks.error().message);
  if (blocks->size() != 1 || blocks->front().label != "CERTIFICATE")
    return Malformed("the certificate annotation holds " + std::to_string(blocks->size()) + " PEM blocks, expected one `CERTIFICATE`");
  evidence.certificate = std::move(blocks->front().der);
  // A hint for path building; one that is broken is as good as none.
  Result<std::vector<PemBlock>> chain = DecodePem(Annotation(material, kChainKey));
  if (!chain || chain->size() > limits.max_chain_certificates) return OkStatus();
  for (PemBlock& block : *chain) {
    if (block.label == "CERTIFICATE") evidence.chain.push_back(std::move(block.der));
  }
  return OkStatus();
}

// {"SignedEntryTimestamp": b64, "Payload": {"body": b64, "integratedTime": n, "logIndex": n, "logID": hex}}
Status ReadLogAnnotation(std::string_view text, const ImageLimits& limits, Evidence& evidence) {
  if (text.empty()) return OkStatus();
  JsonDocument document({.max_bytes = limits.max_annotation_bytes, .max_depth = limits.max_json_depth});
  Result<JsonNode> json = document.Parse(text);
  if (!json) return Malformed("the log annotation is not strict JSON: " + json.error().message);
  const JsonNode payload = ObjectMember(*json, "Payload");
  std::optional<std::string> promise = Base64Member(*json, "SignedEntryTimestamp");
  std::optional<std::string> body = Base64Member(payload, "body");
  const JsonNode time = Member(payload, "integratedTime", JsonKind::kInt);
  const JsonNode index = Member(payload, "logIndex", JsonKind::kInt);
  const JsonNode id = StringMember(payload, "logID");
  std::optional<std::string> id_bytes = id.valid() ? DecodeHex(id.string()) : std::nullopt;
  if (!promise || promise->empty() || !body || !time.valid() || !index.valid() || index.integer() < 0 || !id_bytes)
    return Malformed("the log annotation needs `SignedEntryTimestamp` and `Payload` with `body`, `integratedTime`, `logIndex`, `logID`");
  LogEntry entry;
  entry.promise = std::move(*promise);
  entry.body = std::move(*body);
  entry.integrated_time = time.integer();
  entry.log_index = index.integer();
  entry.log_id = std::move(*id_bytes);
  evidence.entries.push_back(std::move(entry));
  return OkStatus();
}

Status ReadTimestampAnnotation(std::string_view text, const ImageLimits& limits, Evidence& evidence) {
  if (text.empty()) return OkStatus();
  JsonDocument document({.max_bytes = limits.max_annotation_bytes, .max_depth = limits.max_json_depth});
  Result<JsonNode> json = document.Parse(text);
  if (!json) return Malformed("the timestamp annotation is not strict JSON: " + json.error().message);
  std::optional<std::string> token = Base64Member(*json, "SignedRFC3161Timestamp");
  if (!token) return Malformed("the timestamp annotation needs `SignedRFC3161Timestamp` in base64");
  evidence.timestamps.push_back(std::move(*token));
  return OkStatus();
}

Status ReadAnnotations(const Material& material, const ImageLimits& limits, Evidence& evidence) {
  evidence.is_classic = true;
  evidence.needs_promise = true;
  WRIT_RETURN_IF_ERROR(ReadCertificates(material, limits, evidence));
  WRIT_RETURN_IF_ERROR(ReadLogAnnotation(Annotation(material, kBundleKey), limits, evidence));
  return ReadTimestampAnnotation(Annotation(material, kTimestampKey), limits, evidence);
}

}  // namespace

Result<Evidence> ReadSimpleSigning(const Material& material, const ImageLimits& limits) {
  WRIT_RETURN_IF_ERROR(CheckSizes(material, limits.max_payload_bytes, limits));
  Evidence evidence;
  WRIT_RETURN_IF_ERROR(ReadAnnotations(material, limits, evidence));
  const std::string_view text = Annotation(material, kSignatureKey);
  std::optional<std::string> signature = DecodeBase64(text);
  if (!signature || signature->empty())
    return Malformed("the signature annotation is " + std::string(text.empty() ? "missing or empty" : "not base64"));
  evidence.content = ContentKind::kClaims;
  evidence.signature = std::move(*signature);
  evidence.payload = material.bytes;
  evidence.signed_bytes = material.bytes;
  evidence.stamped = evidence.signature;
  return evidence;
}

Result<Evidence> ReadAttestation(const Material& material, const ImageLimits& limits) {
  WRIT_RETURN_IF_ERROR(CheckSizes(material, limits.max_bundle_bytes, limits));
  Evidence evidence;
  WRIT_RETURN_IF_ERROR(ReadAnnotations(material, limits, evidence));
  JsonDocument document({.max_bytes = limits.max_bundle_bytes, .max_depth = limits.max_json_depth});
  Result<JsonNode> json = document.Parse(material.bytes);
  if (!json) return Error{json.error().code, "the envelope is not strict JSON: " + json.error().message};
  WRIT_RETURN_IF_ERROR(ReadEnvelope(*json, limits, evidence));
  evidence.envelope = material.bytes;
  evidence.stamped = material.bytes;
  return evidence;
}

}  // namespace writ::image
