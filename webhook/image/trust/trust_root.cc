#include "webhook/image/trust/trust_root.h"

#include <optional>
#include <utility>

#include "engine/json/json_document.h"
#include "rules/base/digest.h"
#include "rules/model/time.h"
#include "webhook/image/trust/encoding.h"
#include "webhook/image/trust/json_member.h"

namespace writ::image {
namespace {

constexpr std::string_view kMediaType01 = "application/vnd.dev.sigstore.trustedroot+json;version=0.1";
constexpr std::string_view kMediaType01New = "application/vnd.dev.sigstore.trustedroot.v0.1+json";
constexpr std::string_view kMediaType02 = "application/vnd.dev.sigstore.trustedroot.v0.2+json";
constexpr std::string_view kAdvice =
    "; get a fresh trusted_root.json from your Sigstore instance (`cosign trusted-root create`, or the TUF target of that name)";
constexpr std::size_t kMaxEntries = 100;
constexpr std::size_t kHintBytes = 4;
constexpr std::size_t kIdBytes = 32;
constexpr std::size_t kShownIdDigits = 16;

// Reads one file; `place` is where in it we are, for messages.
class Reader {
 public:
  Reader(std::string_view name, const ImageLimits& limits) : name_(name), limits_(limits), root_(std::make_shared<TrustRoot>()) {}

  Result<TrustRootPtr> Read(std::string_view bytes);

 private:
  Error Bad(std::string_view place, std::string_view problem) const {
    return Error{ErrorCode::kInvalidArgument, "trust root " + Quoted(name_) + ": " + (place.empty() ? "" : std::string(place) + ": ") +
                                                  std::string(problem) + std::string(kAdvice)};
  }
  void Note(const std::string& place, const std::string& problem) { root_->notes.push_back(place + " is not used: " + problem); }

  Result<TimeWindow> ReadWindow(JsonNode owner, const std::string& place) const;
  Status ReadLog(JsonNode entry, const std::string& place, std::vector<TransparencyLog>& logs);
  // The certificates of an entry; empty (with a note) when one is of a kind that is not supported.
  Result<std::vector<CertificatePtr>> ReadChain(JsonNode entry, const std::string& place);
  // An authority of either kind: what both say of themselves, handed to `make`, whose result goes to `list`.
  template <typename Make, typename List>
  Status ReadAuthority(JsonNode entry, const std::string& place, Make make, List& list);
  template <typename ReadEntry>
  Status ReadEntries(JsonNode document, const std::string& list, ReadEntry read_entry);

  std::string name_;
  ImageLimits limits_;
  std::shared_ptr<TrustRoot> root_;
};

std::optional<UnixNanos> ReadTime(std::string_view text) {
  const std::optional<Value> value = ParseTimestamp(text);
  if (!value) return std::nullopt;
  constexpr std::int64_t kSecond = 1'000'000'000;
  constexpr std::int64_t kMaxSeconds = INT64_MAX / kSecond;
  if (value->integer >= kMaxSeconds) return INT64_MAX;
  if (value->integer <= -kMaxSeconds) return INT64_MIN;
  return value->integer * kSecond + value->size;
}

// "rekor.sigstore.dev" of "https://rekor.sigstore.dev/": a log's name in checkpoints. A port belongs to it, a path does not.
std::string HostOf(std::string_view url) {
  const std::size_t scheme = url.find("://");
  std::string_view rest = scheme == std::string_view::npos ? url : url.substr(scheme + 3);
  return std::string(rest.substr(0, rest.find('/')));
}

Result<TimeWindow> Reader::ReadWindow(JsonNode owner, const std::string& place) const {
  const JsonNode valid_for = Member(owner, "validFor", JsonKind::kObject);
  const JsonNode start = Member(valid_for, "start", JsonKind::kString);
  if (!start.valid()) return Bad(place, "`validFor.start` is missing, so it is not known since when this entry is trusted");
  const std::optional<UnixNanos> from = ReadTime(start.string());
  if (!from) return Bad(place, "`validFor.start` is " + Quoted(start.string()) + ", expected an RFC 3339 time");
  TimeWindow window{*from, std::nullopt};
  const JsonNode end = valid_for.Find("end");
  if (!end.valid() || end.is(JsonKind::kNull)) return window;
  const std::optional<UnixNanos> until = end.is(JsonKind::kString) ? ReadTime(end.string()) : std::nullopt;
  if (!until) return Bad(place, "`validFor.end` is not an RFC 3339 time");
  window.end = until;
  return window;
}

// Who runs it: version 0.2 of the format.
std::string OperatorOf(JsonNode entry) {
  const JsonNode name = Member(entry, "operator", JsonKind::kString);
  return name.valid() ? std::string(name.string()) : "";
}

Status Reader::ReadLog(JsonNode entry, const std::string& place, std::vector<TransparencyLog>& logs) {
  const JsonNode url = Member(entry, "baseUrl", JsonKind::kString);
  const JsonNode key_node = Member(entry, "publicKey", JsonKind::kObject);
  if (!url.valid() && HasMember(entry, "baseUrl")) return Bad(place, "`baseUrl` is not text");
  if (!key_node.valid()) return Bad(place, "`publicKey` is missing, expected the log's key");
  const std::optional<std::string> key_bytes = Base64Member(key_node, "rawBytes");
  const std::optional<std::string> id = Base64Member(Member(entry, "logId", JsonKind::kObject), "keyId");
  if (!key_bytes) return Bad(place, "`publicKey.rawBytes` is missing or not base64");
  if (!id || id->empty()) return Bad(place, "`logId.keyId` is missing or not base64");
  Result<TimeWindow> window = ReadWindow(key_node, place);
  if (!window) return window.error();
  Result<PublicKey> key = PublicKey::FromDer(*key_bytes);
  if (!key || id->size() != kIdBytes) {
    Note(place, key ? "its `logId.keyId` has " + std::to_string(id->size()) + " bytes, expected 32" : key.error().message);
    return OkStatus();
  }
  std::string hint = id->substr(0, kHintBytes);
  if (const std::optional<std::string> other = Base64Member(Member(entry, "checkpointKeyId", JsonKind::kObject), "keyId");
      other && other->size() >= kHintBytes)
    hint = other->substr(0, kHintBytes);
  // `cosign trusted-root create` writes none for a log whose URL it is not told. Such a log has no name, so its checkpoints cannot be
  // checked; its promises can.
  const std::string base_url = url.valid() ? std::string(url.string()) : "of key " + EncodeHex(*id).substr(0, kShownIdDigits) + "…";
  logs.push_back({base_url, url.valid() ? HostOf(base_url) : "", *id, hint, std::move(*key), *window, OperatorOf(entry)});
  return OkStatus();
}

Result<std::vector<CertificatePtr>> Reader::ReadChain(JsonNode entry, const std::string& place) {
  const JsonNode list = Member(Member(entry, "certChain", JsonKind::kObject), "certificates", JsonKind::kArray);
  if (!list.valid() || list.count() == 0) return Bad(place, "`certChain.certificates` is missing or empty");
  if (list.count() > limits_.max_chain_certificates)
    return Bad(place, "`certChain.certificates` has " + std::to_string(list.count()) + " entries, at most " +
                          std::to_string(limits_.max_chain_certificates) + " are allowed");
  std::vector<CertificatePtr> chain;
  for (const JsonNode item : list.items()) {
    const std::optional<std::string> der = Base64Member(item, "rawBytes");
    if (!der) return Bad(place, "`rawBytes` of a certificate is missing or not base64");
    Result<CertificatePtr> certificate = Certificate::Parse(*der, KeyUse::kRepeated);
    if (!certificate) {
      Note(place, certificate.error().message);
      return std::vector<CertificatePtr>();
    }
    chain.push_back(*certificate);
  }
  return chain;
}

template <typename Make, typename List>
Status Reader::ReadAuthority(JsonNode entry, const std::string& place, Make make, List& list) {
  Result<TimeWindow> window = ReadWindow(entry, place);
  if (!window) return window.error();
  Result<std::vector<CertificatePtr>> chain = ReadChain(entry, place);
  if (!chain) return chain.error();
  if (chain->empty()) return OkStatus();
  const JsonNode uri = Member(entry, "uri", JsonKind::kString);
  std::string name = uri.valid() ? std::string(uri.string()) : NameText(chain->front()->subject);
  auto authority = make(std::move(name), *window, std::move(*chain));
  if (authority)
    list.push_back(std::move(*authority));
  else
    Note(place, authority.error().message);
  return OkStatus();
}

template <typename ReadEntry>
Status Reader::ReadEntries(JsonNode document, const std::string& list, ReadEntry read_entry) {
  const JsonNode node = document.Find(list);
  if (!HasMember(document, list)) return OkStatus();
  if (!node.is(JsonKind::kArray)) return Bad("", "`" + list + "` is not a list");
  if (node.count() > kMaxEntries) return Bad("", "`" + list + "` has more than " + std::to_string(kMaxEntries) + " entries");
  std::size_t index = 0;
  for (const JsonNode entry : node.items()) WRIT_RETURN_IF_ERROR(read_entry(entry, list + "[" + std::to_string(index++) + "]"));
  return OkStatus();
}

Result<TrustRootPtr> Reader::Read(std::string_view bytes) {
  if (bytes.size() > limits_.max_trust_root_bytes)
    return Error{ErrorCode::kTooLarge, "trust root " + Quoted(name_) + ": " + std::to_string(bytes.size()) + " bytes, at most " +
                                           std::to_string(limits_.max_trust_root_bytes) + " are allowed"};
  if (bytes.starts_with("-----BEGIN "))
    return Bad("", "it is PEM, expected JSON; the certificates of an own CA go to `certificate { roots … }` or --ca-roots");
  JsonDocument document({.max_bytes = limits_.max_trust_root_bytes, .max_depth = limits_.max_json_depth});
  Result<JsonNode> parsed = document.Parse(bytes);
  if (!parsed) return Bad("", "not JSON: " + parsed.error().message);
  const JsonNode json = *parsed;
  if (!json.is(JsonKind::kObject)) return Bad("", "not a JSON object");
  const JsonNode media_type = Member(json, "mediaType", JsonKind::kString);
  const std::string_view found = media_type.valid() ? media_type.string() : "";
  if (found != kMediaType01 && found != kMediaType01New && found != kMediaType02)
    return Bad("", "`mediaType` is " + Quoted(found) + ", expected " + Quoted(kMediaType01) + " or version 0.2");
  root_->name = name_;
  root_->id = DigestOf(bytes);
  WRIT_RETURN_IF_ERROR(
      ReadEntries(json, "tlogs", [&](JsonNode entry, const std::string& place) { return ReadLog(entry, place, root_->logs); }));
  WRIT_RETURN_IF_ERROR(
      ReadEntries(json, "ctlogs", [&](JsonNode entry, const std::string& place) { return ReadLog(entry, place, root_->ct_logs); }));
  WRIT_RETURN_IF_ERROR(ReadEntries(json, "certificateAuthorities", [&](JsonNode entry, const std::string& place) {
    return ReadAuthority(entry, place, MakeAuthority, root_->certificate_authorities);
  }));
  WRIT_RETURN_IF_ERROR(ReadEntries(json, "timestampAuthorities", [&](JsonNode entry, const std::string& place) {
    const auto make = [&](std::string name, TimeWindow window, std::vector<CertificatePtr> chain) {
      Result<TimestampAuthority> made = MakeTimestampAuthority(std::move(name), window, std::move(chain));
      if (made) made->operator_name = OperatorOf(entry);
      return made;
    };
    return ReadAuthority(entry, place, make, root_->timestamp_authorities);
  }));
  return TrustRootPtr(root_);
}

// ---- PEM ------------------------------------------------------------------------------------------------------------

Error BadPem(std::string_view name, std::string_view problem) {
  return Error{ErrorCode::kInvalidArgument, "trust material " + Quoted(name) + ": " + std::string(problem)};
}

Result<std::vector<CertificatePtr>> ReadPemCertificates(std::string_view name, std::string_view text) {
  Result<std::vector<PemBlock>> blocks = DecodePem(text);
  if (!blocks) return BadPem(name, blocks.error().message);
  if (blocks->size() > kMaxEntries) return BadPem(name, "more than " + std::to_string(kMaxEntries) + " certificates");
  std::vector<CertificatePtr> certificates;
  for (const PemBlock& block : *blocks) {
    if (block.label != "CERTIFICATE") return BadPem(name, "a PEM block " + Quoted(block.label) + ", expected `CERTIFICATE`");
    Result<CertificatePtr> certificate = Certificate::Parse(block.der, KeyUse::kRepeated);
    if (!certificate) return BadPem(name, certificate.error().message);
    certificates.push_back(*certificate);
  }
  return certificates;
}

// The chain from `start` upwards: through intermediates to a root. Empty when it leads nowhere.
std::vector<CertificatePtr> ChainUpwards(const CertificatePtr& start, const std::vector<CertificatePtr>& intermediates,
                                         const std::vector<CertificatePtr>& roots, std::size_t max_length) {
  std::vector<CertificatePtr> chain = {start};
  const auto issuer_in = [&](const std::vector<CertificatePtr>& candidates) {
    for (const CertificatePtr& candidate : candidates) {
      if (candidate->subject == chain.back()->issuer && CheckSignedBy(*chain.back(), candidate->key)) return candidate;
    }
    return CertificatePtr();
  };
  while (chain.size() < max_length) {
    if (const CertificatePtr root = issuer_in(roots)) {
      chain.push_back(root);
      return chain;
    }
    const CertificatePtr next = issuer_in(intermediates);
    if (next == nullptr || next == chain.back()) break;
    chain.push_back(next);
  }
  return {};
}

Status AddPemLog(const PemTrust& pem, std::string_view text, std::string_view what, std::vector<TransparencyLog>& logs) {
  if (text.empty()) return OkStatus();
  Result<PublicKey> key = PublicKey::FromText(text);
  if (!key) return BadPem(pem.name, std::string(what) + ": " + key.error().message);
  const std::string id = key->id();
  // The log's name is not known, so checkpoints by it cannot be checked; its SETs can.
  logs.push_back({std::string(what), "", id, id.substr(0, kHintBytes), std::move(*key), {INT64_MIN, std::nullopt}, {}});
  return OkStatus();
}

}  // namespace

Result<TrustRootPtr> ParseTrustRoot(std::string_view name, std::string_view bytes, const ImageLimits& limits) {
  return Reader(name, limits).Read(bytes);
}

Result<TrustRootPtr> ParsePemTrust(const PemTrust& pem, const ImageLimits& limits) {
  Result<std::vector<CertificatePtr>> roots = ReadPemCertificates(pem.name, pem.ca_certificates);
  if (!roots) return roots.error();
  Result<std::vector<CertificatePtr>> intermediates = ReadPemCertificates(pem.name, pem.ca_intermediates);
  if (!intermediates) return intermediates.error();
  if (roots->empty() && pem.log_key.empty() && pem.ct_log_key.empty())
    return BadPem(pem.name, "no PEM block `CERTIFICATE` found, expected the certificates of the CAs to trust");
  auto root = std::make_shared<TrustRoot>();
  root->name = pem.name;
  root->is_own_pki = pem.is_own_pki;
  std::string all;
  for (const std::string_view part : {pem.ca_certificates, pem.ca_intermediates, pem.log_key, pem.ct_log_key})
    all += EncodeHex(Sha256(part));
  root->id = DigestOf(all);
  const TimeWindow always{INT64_MIN, std::nullopt};
  for (const CertificatePtr& certificate : *intermediates) {
    std::vector<CertificatePtr> chain = ChainUpwards(certificate, *intermediates, *roots, limits.max_chain_certificates);
    if (chain.empty()) return BadPem(pem.name, "intermediate " + Quoted(NameText(certificate->subject)) + " leads to none of the roots");
    Result<Authority> authority = MakeAuthority(NameText(certificate->subject), always, std::move(chain));
    if (!authority) return BadPem(pem.name, authority.error().message);
    root->certificate_authorities.push_back(std::move(*authority));
  }
  for (const CertificatePtr& certificate : *roots) {
    Result<Authority> authority = MakeAuthority(NameText(certificate->subject), always, {certificate});
    if (!authority) return BadPem(pem.name, authority.error().message);
    root->certificate_authorities.push_back(std::move(*authority));
  }
  WRIT_RETURN_IF_ERROR(AddPemLog(pem, pem.log_key, "log key", root->logs));
  WRIT_RETURN_IF_ERROR(AddPemLog(pem, pem.ct_log_key, "CT log key", root->ct_logs));
  return TrustRootPtr(std::move(root));
}

}  // namespace writ::image
