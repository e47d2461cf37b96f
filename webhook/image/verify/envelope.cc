#include "webhook/image/verify/envelope.h"

#include <algorithm>

#include "engine/json/json_document.h"
#include "webhook/image/trust/encoding.h"
#include "webhook/image/trust/json_member.h"

namespace writ::image {
namespace {

constexpr std::string_view kStatementV01 = "https://in-toto.io/Statement/v0.1";
constexpr std::string_view kStatementV1 = "https://in-toto.io/Statement/v1";
constexpr std::string_view kClaimsType = "cosign container image signature";
constexpr std::size_t kMaxShownSubjects = 3;

Error Malformed(std::string message) { return Error{ErrorCode::kInvalidArgument, std::move(message)}; }

// Steps over the string that starts at `at`.
std::size_t AfterString(std::string_view text, std::size_t at) {
  for (++at; at < text.size() && text[at] != '"'; ++at) {
    if (text[at] == '\\') ++at;
  }
  return at + 1;
}

// Steps over one JSON value at `at`. SAFETY: the text was found strict by JsonDocument, so brackets and quotes match.
std::size_t AfterValue(std::string_view text, std::size_t at) {
  if (text[at] != '{' && text[at] != '[') {
    return text[at] == '"' ? AfterString(text, at) : std::min(text.size(), text.find_first_of(",]} \t\r\n", at));
  }
  std::size_t depth = 0;
  while (at < text.size()) {
    const char c = text[at];
    if (c == '"') {
      at = AfterString(text, at);
      continue;
    }
    ++at;
    if (c == '{' || c == '[') ++depth;
    if ((c == '}' || c == ']') && --depth == 0) break;
  }
  return at;
}

// The text of the member number `index` of the object that `text` is. The tape keeps no positions.
std::string_view MemberText(std::string_view text, std::size_t index) {
  std::size_t at = text.find('{') + 1;
  for (std::size_t i = 0;; ++i) {
    at = AfterValue(text, text.find('"', at));
    at = text.find_first_not_of(" \t\r\n", text.find(':', at) + 1);
    const std::size_t end = AfterValue(text, at);
    if (i == index) return text.substr(at, end - at);
    at = text.find(',', end) + 1;
  }
}

std::map<std::string, std::string> StringMembers(JsonNode object) {
  std::map<std::string, std::string> members;
  if (!object.valid() || !object.is(JsonKind::kObject)) return members;
  for (const JsonMember& member : object.members()) {
    if (member.value.is(JsonKind::kString)) members.emplace(member.key, member.value.string());
  }
  return members;
}

// The predicate as JSON text. Old attestations carry a string that holds JSON: that is what conditions want to see.
std::string PredicateText(std::string_view payload, JsonNode statement, const ImageLimits& limits) {
  std::size_t index = 0;
  for (const JsonMember& member : statement.members()) {
    if (member.key != "predicate") {
      ++index;
      continue;
    }
    if (member.value.is(JsonKind::kString)) {
      JsonDocument inner({.max_bytes = limits.max_envelope_payload_bytes, .max_depth = limits.max_json_depth});
      Result<JsonNode> object = inner.Parse(member.value.string());
      if (object && object->is(JsonKind::kObject)) return std::string(member.value.string());
    }
    return std::string(MemberText(payload, index));
  }
  return "null";
}

Status ReadSubjects(JsonNode list, std::string_view sha256_hex, const ImageLimits& limits, Statement& statement) {
  if (!list.valid() || list.count() == 0) return Malformed("the statement names no subject");
  if (list.count() > limits.max_subjects)
    return Error{ErrorCode::kTooLarge, "the statement names " + std::to_string(list.count()) + " subjects, at most " +
                                           std::to_string(limits.max_subjects) + " are allowed"};
  std::size_t shown = 0;
  for (const JsonNode subject : list.items()) {
    const JsonNode digests = ObjectMember(subject, "digest");
    if (!digests.valid()) return Malformed("a subject of the statement has no digest");
    if (digests.count() > limits.max_digests_per_subject)
      return Error{ErrorCode::kTooLarge,
                   "a subject of the statement has more than " + std::to_string(limits.max_digests_per_subject) + " digests"};
    const JsonNode sha256 = StringMember(digests, "sha256");
    if (!sha256.valid()) continue;
    if (sha256.string() == sha256_hex && !statement.has_subject) {
      statement.has_subject = true;
      statement.annotations = StringMembers(ObjectMember(subject, "annotations"));
    }
    if (++shown <= kMaxShownSubjects) statement.subjects += (shown > 1 ? ", " : "") + Shown("sha256:" + std::string(sha256.string()), 80);
  }
  return OkStatus();
}

}  // namespace

Result<Envelope> ReadEnvelope(JsonNode object, const ImageLimits& limits) {
  const JsonNode type = StringMember(object, "payloadType");
  std::optional<std::string> payload = Base64Member(object, "payload");
  const JsonNode signatures = ListMember(object, "signatures");
  if (!type.valid() || !payload) return Malformed("the envelope needs `payloadType` and `payload` in base64");
  if (payload->size() > limits.max_envelope_payload_bytes)
    return Error{ErrorCode::kTooLarge, "the envelope's payload has " + std::to_string(payload->size()) + " bytes, at most " +
                                           std::to_string(limits.max_envelope_payload_bytes) + " are allowed"};
  if (!signatures.valid() || signatures.count() != 1)
    return Malformed("the envelope has " + std::to_string(signatures.valid() ? signatures.count() : 0) + " signatures, expected one");
  std::optional<std::string> signature = Base64Member(*signatures.items().begin(), "sig");
  if (!signature || signature->empty()) return Malformed("the envelope's signature is missing or not base64");
  return Envelope{std::string(type.string()), std::move(*payload), std::move(*signature)};
}

Status ReadEnvelope(JsonNode object, const ImageLimits& limits, Evidence& evidence) {
  Result<Envelope> envelope = ReadEnvelope(object, limits);
  if (!envelope) return envelope.error();
  evidence.content = ContentKind::kStatement;
  evidence.payload = std::move(envelope->payload);
  evidence.payload_type = std::move(envelope->payload_type);
  evidence.signature = std::move(envelope->signature);
  evidence.signed_bytes = PreAuthEncoding(evidence.payload_type, evidence.payload);
  return OkStatus();
}

std::string PreAuthEncoding(std::string_view payload_type, std::string_view payload) {
  std::string out = "DSSEv1 " + std::to_string(payload_type.size()) + " ";
  out.append(payload_type).append(" ").append(std::to_string(payload.size())).append(" ").append(payload);
  return out;
}

Result<Statement> ReadStatement(std::string_view payload, std::string_view sha256_hex, const ImageLimits& limits) {
  JsonDocument document({.max_bytes = limits.max_envelope_payload_bytes, .max_depth = limits.max_json_depth});
  Result<JsonNode> json = document.Parse(payload);
  if (!json) return Error{json.error().code, "the statement is not strict JSON: " + json.error().message};
  const JsonNode type = StringMember(*json, "_type");
  const JsonNode predicate_type = StringMember(*json, "predicateType");
  if (!type.valid() || (type.string() != kStatementV01 && type.string() != kStatementV1))
    return Malformed("the statement's `_type` is " + (type.valid() ? Quoted(type.string()) : std::string("missing")) + ", expected " +
                     Quoted(kStatementV1));
  if (!predicate_type.valid() || predicate_type.string().empty()) return Malformed("the statement has no `predicateType`");
  Statement statement;
  statement.predicate_type = predicate_type.string();
  WRIT_RETURN_IF_ERROR(ReadSubjects(ListMember(*json, "subject"), sha256_hex, limits, statement));
  statement.predicate_json = PredicateText(payload, *json, limits);
  return statement;
}

Result<Claims> ReadClaims(std::string_view payload, const ImageLimits& limits) {
  JsonDocument document({.max_bytes = limits.max_payload_bytes, .max_depth = limits.max_json_depth});
  Result<JsonNode> json = document.Parse(payload);
  if (!json) return Error{json.error().code, "the signature's payload is not strict JSON: " + json.error().message};
  const JsonNode critical = ObjectMember(*json, "critical");
  const JsonNode type = StringMember(critical, "type");
  const JsonNode digest = StringMember(ObjectMember(critical, "image"), "docker-manifest-digest");
  if (!type.valid() || type.string() != kClaimsType)
    return Malformed("the payload's `critical.type` is " + (type.valid() ? Quoted(type.string()) : std::string("missing")) + ", expected " +
                     Quoted(kClaimsType));
  if (!digest.valid()) return Malformed("the payload has no text `critical.image.docker-manifest-digest`");
  const JsonNode optional = json->Find("optional");
  if (optional.valid() && !optional.is(JsonKind::kNull) && !optional.is(JsonKind::kObject))
    return Malformed("the payload's `optional` is neither null nor an object");
  Claims claims;
  claims.digest = digest.string();
  const JsonNode reference = StringMember(ObjectMember(critical, "identity"), "docker-reference");
  if (reference.valid()) claims.docker_reference = reference.string();
  claims.annotations = StringMembers(optional);
  return claims;
}

}  // namespace writ::image
