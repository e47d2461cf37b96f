// The bodies of Rekor entries, one function for each kind.
#include <optional>

#include "engine/json/json_document.h"
#include "webhook/image/log/log_entry.h"
#include "webhook/image/trust/encoding.h"
#include "webhook/image/trust/json_member.h"

namespace writ::image {
namespace {

constexpr std::size_t kMaxBodyBytes = std::size_t{4} * 1024 * 1024;
constexpr std::uint32_t kMaxDepth = 32;

Error Malformed(std::string_view what) { return Error{ErrorCode::kCorrupt, "the log entry's body is malformed: " + std::string(what)}; }

// {"algorithm": "sha256", "value": "<hex>"}
std::optional<StatedDigest> HexDigest(JsonNode hash) {
  const JsonNode algorithm = Member(hash, "algorithm", JsonKind::kString);
  const JsonNode value = Member(hash, "value", JsonKind::kString);
  if (!algorithm.valid() || !value.valid()) return std::nullopt;
  const std::optional<HashAlgorithm> parsed = ParseHashName(algorithm.string());
  std::optional<std::string> bytes = DecodeHex(value.string());
  if (!parsed || !bytes || bytes->size() != HashBytes(*parsed)) return std::nullopt;
  return StatedDigest{*parsed, std::move(*bytes)};
}

// Rekor v1 carries the verifier as base64 of one PEM block.
bool ReadPemVerifier(JsonNode object, std::string_view key, LogBody& body) {
  const std::optional<std::string> pem = Base64Member(object, key);
  if (!pem) return false;
  Result<std::vector<PemBlock>> blocks = DecodePem(*pem);
  if (!blocks || blocks->size() != 1) return false;
  PemBlock& block = blocks->front();
  if (block.label != "CERTIFICATE" && block.label != "PUBLIC KEY") return false;
  body.verifier_is_certificate = block.label == "CERTIFICATE";
  body.verifier = std::move(block.der);
  return true;
}

// The one item of a list.
JsonNode OnlyItem(JsonNode list) {
  if (!list.valid() || list.count() != 1) return {};
  return *list.items().begin();
}

bool ReadHashedRekord(JsonNode spec, LogBody& body) {
  const JsonNode signature = ObjectMember(spec, "signature");
  body.signature = Base64Member(signature, "content");
  body.data = HexDigest(ObjectMember(ObjectMember(spec, "data"), "hash"));
  return body.signature && body.data && ReadPemVerifier(ObjectMember(signature, "publicKey"), "content", body);
}

bool ReadHashedRekordV2(JsonNode spec, LogBody& body) {
  const JsonNode record = ObjectMember(spec, "hashedRekordV002");
  const JsonNode data = ObjectMember(record, "data");
  const JsonNode signature = ObjectMember(record, "signature");
  const JsonNode verifier = ObjectMember(signature, "verifier");
  const JsonNode algorithm = Member(data, "algorithm", JsonKind::kString);
  const std::optional<HashAlgorithm> hash = algorithm.valid() ? ParseHashName(algorithm.string()) : std::nullopt;
  std::optional<std::string> digest = Base64Member(data, "digest");
  body.signature = Base64Member(signature, "content");
  if (!hash || !digest || !body.signature) return false;
  const HashAlgorithm known = hash.value_or(HashAlgorithm::kSha256);  // not *hash: g++ 12 takes that for uninitialised
  if (digest->size() != HashBytes(known)) return false;
  body.data = StatedDigest{known, std::move(*digest)};
  const JsonNode certificate = ObjectMember(verifier, "x509Certificate");
  const JsonNode key = ObjectMember(verifier, "publicKey");
  if (certificate.valid() == key.valid()) return false;
  body.verifier_is_certificate = certificate.valid();
  std::optional<std::string> der = Base64Member(certificate.valid() ? certificate : key, "rawBytes");
  if (der) body.verifier = std::move(*der);
  return der.has_value();
}

bool ReadDsse(JsonNode spec, LogBody& body) {
  body.payload = HexDigest(ObjectMember(spec, "payloadHash"));
  body.envelope = HexDigest(ObjectMember(spec, "envelopeHash"));
  const JsonNode signature = OnlyItem(Member(spec, "signatures", JsonKind::kArray));
  body.signature = Base64Member(signature, "signature");
  return body.payload && body.envelope && body.signature && ReadPemVerifier(signature, "verifier", body);
}

// 0.0.1 holds hashes only: what binds it to the signature is the hash of the whole envelope.
bool ReadIntotoV1(JsonNode spec, LogBody& body) {
  const JsonNode content = ObjectMember(spec, "content");
  body.envelope = HexDigest(ObjectMember(content, "hash"));
  body.payload = HexDigest(ObjectMember(content, "payloadHash"));
  return body.envelope && ReadPemVerifier(spec, "publicKey", body);
}

// 0.0.2 repeats the signature, encoded twice.
bool ReadIntotoV2(JsonNode spec, LogBody& body) {
  const JsonNode content = ObjectMember(spec, "content");
  const JsonNode signature = OnlyItem(Member(ObjectMember(content, "envelope"), "signatures", JsonKind::kArray));
  const std::optional<std::string> once = Base64Member(signature, "sig");
  if (once) body.signature = DecodeBase64(*once);
  body.envelope = HexDigest(ObjectMember(content, "hash"));
  body.payload = HexDigest(ObjectMember(content, "payloadHash"));
  return body.payload && body.signature && ReadPemVerifier(signature, "publicKey", body);
}

}  // namespace

Result<LogBody> ParseLogBody(std::string_view text) {
  JsonDocument document({.max_bytes = kMaxBodyBytes, .max_depth = kMaxDepth});
  Result<JsonNode> parsed = document.Parse(text);
  if (!parsed) return Malformed(parsed.error().message);
  const JsonNode kind = Member(*parsed, "kind", JsonKind::kString);
  const JsonNode version = Member(*parsed, "apiVersion", JsonKind::kString);
  const JsonNode spec = ObjectMember(*parsed, "spec");
  if (!kind.valid() || !version.valid() || !spec.valid()) return Malformed("it needs `kind`, `apiVersion` and `spec`");
  struct Kind {
    std::string_view kind, version;
    bool (*read)(JsonNode, LogBody&);
  };
  constexpr Kind kKinds[] = {{"hashedrekord", "0.0.1", ReadHashedRekord},
                             {"hashedrekord", "0.0.2", ReadHashedRekordV2},
                             {"dsse", "0.0.1", ReadDsse},
                             {"intoto", "0.0.1", ReadIntotoV1},
                             {"intoto", "0.0.2", ReadIntotoV2}};
  LogBody body;
  body.kind = kind.string();
  body.version = version.string();
  for (const Kind& known : kKinds) {
    if (known.kind != body.kind || known.version != body.version) continue;
    if (!known.read(spec, body)) return Malformed("`spec` is not that of " + body.kind + " " + body.version);
    return body;
  }
  return Error{ErrorCode::kVersionUnknown, "the log entry is of kind " + Quoted(body.kind) + " version " + Quoted(body.version) +
                                               ", expected hashedrekord, dsse or intoto"};
}

}  // namespace writ::image
