#include "webhook/image/trust/timestamp_token.h"

#include <openssl/evp.h>

#include <array>

#include "webhook/image/trust/der.h"
#include "webhook/image/trust/encoding.h"
#include "webhook/image/trust/oids.h"

namespace writ::image {
namespace {

Error Malformed(std::string_view what) { return Error{ErrorCode::kCorrupt, "the timestamp token is malformed: " + std::string(what)}; }
Error Invalid(std::string message) { return Error{ErrorCode::kInvalidArgument, std::move(message)}; }

std::optional<HashAlgorithm> HashOfOid(std::string_view oid) {
  if (oid == kOidSha256) return HashAlgorithm::kSha256;
  if (oid == kOidSha384) return HashAlgorithm::kSha384;
  if (oid == kOidSha512) return HashAlgorithm::kSha512;
  return std::nullopt;
}

// The OID of an AlgorithmIdentifier, parameters ignored.
std::string_view AlgorithmOid(const std::optional<DerValue>& identifier) {
  if (!identifier) return {};
  const std::optional<DerValue> oid = DerReader(identifier->content).Next(kDerOid);
  return oid ? oid->content : std::string_view();
}

// A token taken apart. Views into the response.
struct Token {
  std::string_view info;  // content of the OCTET STRING: DER of TSTInfo
  // SignerInfo
  std::string_view signer_issuer;  // DER Name, with signer_serial, or
  std::string_view signer_serial;
  std::string_view signer_key_id;  // the subject key identifier
  HashAlgorithm hash = HashAlgorithm::kSha256;
  std::string_view signed_attributes;  // content of the SET
  std::string_view signature_algorithm;
  std::string_view signature;
  std::string_view certificates;  // content of the SET, may be empty
};

// PKIStatusInfo: granted (0) or grantedWithMods (1). Returns the token's ContentInfo.
Result<std::string_view> ReadResponse(std::string_view response) {
  const std::optional<DerValue> outer = ReadWholeDer(response, kDerSequence);
  if (!outer) return Malformed("not DER");
  DerReader members(outer->content);
  const std::optional<DerValue> status_info = members.Next(kDerSequence);
  if (!status_info) return Malformed("no status");
  const std::optional<DerValue> status = DerReader(status_info->content).Next(kDerInteger);
  const std::optional<std::uint32_t> code = status ? ReadSmallUnsigned(*status) : std::nullopt;
  if (!code) return Malformed("no status");
  if (*code > 1)
    return Error{ErrorCode::kCorrupt, "the timestamp authority did not grant the timestamp (status " + std::to_string(*code) + ")"};
  const std::optional<DerValue> content = members.Next(kDerSequence);
  if (!content || !members.empty()) return Malformed("no token");
  return content->content;
}

// SignerIdentifier: IssuerAndSerialNumber or [0] SubjectKeyIdentifier.
bool ReadSignerId(DerReader& members, Token& token) {
  if (const std::optional<DerValue> key_id = members.Next(DerContextPrimitive(0))) {
    token.signer_key_id = key_id->content;
    return !token.signer_key_id.empty();
  }
  const std::optional<DerValue> pair = members.Next(kDerSequence);
  if (!pair) return false;
  DerReader reader(pair->content);
  const std::optional<DerValue> issuer = reader.Next(kDerSequence);
  const std::optional<DerValue> serial = reader.Next(kDerInteger);
  if (!issuer || !serial || !reader.empty()) return false;
  token.signer_issuer = issuer->whole;
  token.signer_serial = serial->content;
  return true;
}

// The one SignerInfo of the SET.
Status ReadSignerInfo(std::string_view set, Token& token) {
  DerReader infos(set);
  const std::optional<DerValue> info = infos.Next(kDerSequence);
  if (!info || !infos.empty()) return Malformed("it needs exactly one signer");
  DerReader members(info->content);
  if (!members.Next(kDerInteger) || !ReadSignerId(members, token)) return Malformed("no signer identifier");
  const std::optional<HashAlgorithm> hash = HashOfOid(AlgorithmOid(members.Next(kDerSequence)));
  if (!hash) return Malformed("its digest algorithm is not SHA-256, SHA-384 or SHA-512");
  const std::optional<DerValue> attributes = members.Next(DerContext(0));
  if (!attributes) return Malformed("no signed attributes");
  const std::string_view algorithm = AlgorithmOid(members.Next(kDerSequence));
  const std::optional<DerValue> signature = members.Next(kDerOctetString);
  if (algorithm.empty() || !signature) return Malformed("no signature");
  token.hash = *hash;
  token.signed_attributes = attributes->content;
  token.signature_algorithm = algorithm;
  token.signature = signature->content;
  return OkStatus();
}

// ContentInfo { signedData, [0] SignedData }.
Result<Token> ReadToken(std::string_view content_info) {
  DerReader outer(content_info);
  const std::optional<DerValue> type = outer.Next(kDerOid);
  const std::optional<DerValue> explicit_data = outer.Next(DerContext(0));
  if (!type || type->content != kOidSignedData || !explicit_data) return Malformed("no CMS SignedData");
  const std::optional<DerValue> data = ReadWholeDer(explicit_data->content, kDerSequence);
  if (!data) return Malformed("no CMS SignedData");
  DerReader members(data->content);
  const bool has_head = members.Next(kDerInteger) && members.Next(kDerSet);
  const std::optional<DerValue> encapsulated = members.Next(kDerSequence);
  if (!has_head || !encapsulated) return Malformed("no content");
  DerReader content(encapsulated->content);
  const std::optional<DerValue> content_type = content.Next(kDerOid);
  const std::optional<DerValue> explicit_content = content.Next(DerContext(0));
  if (!content_type || content_type->content != kOidTstInfo || !explicit_content) return Malformed("its content is no TSTInfo");
  const std::optional<DerValue> octets = ReadWholeDer(explicit_content->content, kDerOctetString);
  if (!octets) return Malformed("its content is no TSTInfo");
  Token token;
  token.info = octets->content;
  if (const std::optional<DerValue> certificates = members.Next(DerContext(0))) token.certificates = certificates->content;
  members.Next(DerContext(1));  // revocation lists, not used
  const std::optional<DerValue> signers = members.Next(kDerSet);
  if (!signers || !members.empty()) return Malformed("no signer");
  WRIT_RETURN_IF_ERROR(ReadSignerInfo(signers->content, token));
  return token;
}

// The single value of the attribute `type` in a SET OF Attribute; empty when absent, there twice, or with several values.
std::optional<std::string_view> FindAttribute(std::string_view attributes, std::string_view type) {
  std::optional<std::string_view> found;
  for (DerReader reader(attributes); !reader.empty();) {
    const std::optional<DerValue> attribute = reader.Next(kDerSequence);
    if (!attribute) return std::nullopt;
    DerReader members(attribute->content);
    const std::optional<DerValue> oid = members.Next(kDerOid);
    const std::optional<DerValue> values = members.Next(kDerSet);
    if (!oid || !values || !members.empty()) return std::nullopt;
    if (oid->content != type) continue;
    if (found) return std::nullopt;
    found = values->content;
  }
  return found;
}

std::string Sha1(std::string_view bytes) {
  std::string digest(20, '\0');
  unsigned size = 0;
  EVP_Digest(bytes.data(), bytes.size(), reinterpret_cast<unsigned char*>(digest.data()), &size, EVP_sha1(), nullptr);
  return digest;
}

// SigningCertificate (RFC 2634) or SigningCertificateV2 (RFC 5035): the hash of the certificate that signs. Version 1 uses SHA-1; that
// only names the certificate, which we hold already.
bool NamesSigner(const Token& token, const Certificate& signer) {
  const bool is_v2 = FindAttribute(token.signed_attributes, kOidSigningCertV2).has_value();
  const std::optional<std::string_view> value = FindAttribute(token.signed_attributes, is_v2 ? kOidSigningCertV2 : kOidSigningCert);
  const std::optional<DerValue> outer = value ? ReadWholeDer(*value, kDerSequence) : std::nullopt;
  const std::optional<DerValue> ids = outer ? DerReader(outer->content).Next(kDerSequence) : std::nullopt;
  const std::optional<DerValue> first = ids ? DerReader(ids->content).Next(kDerSequence) : std::nullopt;
  if (!first) return false;
  DerReader members(first->content);
  std::optional<HashAlgorithm> hash = HashAlgorithm::kSha256;
  if (is_v2 && members.peek() == kDerSequence) hash = HashOfOid(AlgorithmOid(members.Next(kDerSequence)));
  const std::optional<DerValue> digest = members.Next(kDerOctetString);
  if (!digest || !hash) return false;
  return digest->content == (is_v2 ? Hash(*hash, signer.der) : Sha1(signer.der));
}

// What TSTInfo says: what was stamped, and when.
struct StampInfo {
  HashAlgorithm hash = HashAlgorithm::kSha256;
  std::string_view imprint;
  UnixNanos time = 0;
};

Result<StampInfo> ReadInfo(std::string_view der) {
  const std::optional<DerValue> sequence = ReadWholeDer(der, kDerSequence);
  if (!sequence) return Malformed("TSTInfo");
  DerReader members(sequence->content);
  const std::optional<DerValue> version = members.Next(kDerInteger);
  const bool has_policy = members.Next(kDerOid).has_value();
  const std::optional<DerValue> message_imprint = members.Next(kDerSequence);
  const bool has_serial = members.Next(kDerInteger).has_value();
  const std::optional<DerValue> time = members.Next(kDerGeneralizedTime);
  if (!version || version->content != "\x01" || !has_policy || !message_imprint || !has_serial || !time) return Malformed("TSTInfo");
  DerReader imprint(message_imprint->content);
  const std::optional<HashAlgorithm> hash = HashOfOid(AlgorithmOid(imprint.Next(kDerSequence)));
  const std::optional<DerValue> digest = imprint.Next(kDerOctetString);
  const std::optional<UnixNanos> nanos = ReadDerTime(*time);
  if (!hash) return Malformed("its imprint is not SHA-256, SHA-384 or SHA-512");
  if (!digest || !imprint.empty() || !nanos) return Malformed("TSTInfo");
  return StampInfo{*hash, digest->content, *nanos};
}

bool IsSigner(const Token& token, const Certificate& certificate) {
  if (!token.signer_key_id.empty()) return token.signer_key_id == certificate.subject_key_id;
  return token.signer_issuer == certificate.issuer && token.signer_serial == certificate.serial;
}

Status CheckTimestampLeaf(const Certificate& signer) {
  WRIT_RETURN_IF_ERROR(CheckLeaf(signer, kOidTimeStamping));
  // RFC 3161 §2.3: that purpose alone, and critical.
  if (signer.extended_key_usages.size() == 1 && signer.extended_key_usage_critical) return OkStatus();
  return Invalid("the certificate's extended key usage must be time stamping alone, and critical");
}

// The signer's certificate among those the token brings, when the trust root only holds its CAs.
Result<CertificatePtr> FindEmbeddedSigner(const Token& token, const TimestampAuthority& authority, UnixNanos time) {
  for (DerReader reader(token.certificates); !reader.empty();) {
    const std::optional<DerValue> der = reader.Next(kDerSequence);
    if (!der) break;
    Result<CertificatePtr> certificate = Certificate::Parse(der->whole);
    if (!certificate || !IsSigner(token, **certificate)) continue;
    WRIT_RETURN_IF_ERROR(CheckTimestampLeaf(**certificate));
    const std::array<UnixNanos, 1> times = {time};
    Result<CertificatePtr> issuer =
        FindIssuer(**certificate, {.authorities = {&*authority.issuers, 1}, .hints = {}, .times = times, .purpose = kOidTimeStamping});
    if (!issuer) return issuer.error();
    return certificate;
  }
  return Error{ErrorCode::kNotFound, ""};
}

Status CheckWindows(const TimestampAuthority& authority, const Certificate& signer, UnixNanos time) {
  if (!authority.window.Contains(time))
    return Invalid("timestamp authority " + Quoted(authority.name) + " is trusted " + WindowText(authority.window) + ", the token is of " +
                   TimeText(time));
  bool is_valid = time >= signer.not_before && time <= signer.not_after;
  if (authority.issuers) {
    for (const CertificatePtr& certificate : authority.issuers->chain)
      is_valid = is_valid && time >= certificate->not_before && time <= certificate->not_after;
  }
  if (is_valid) return OkStatus();
  return Invalid("a certificate of timestamp authority " + Quoted(authority.name) + " was not valid at " + TimeText(time));
}

// The signature over the signed attributes, and what they say about the content.
Status CheckTokenSignature(const Token& token, const Certificate& signer) {
  const std::optional<std::string_view> content_type = FindAttribute(token.signed_attributes, kOidContentType);
  const std::optional<DerValue> type = content_type ? ReadWholeDer(*content_type, kDerOid) : std::nullopt;
  if (!type || type->content != kOidTstInfo) return Invalid("the timestamp token's signed content type is not TSTInfo");
  const std::optional<std::string_view> attribute = FindAttribute(token.signed_attributes, kOidMessageDigest);
  const std::optional<DerValue> digest = attribute ? ReadWholeDer(*attribute, kDerOctetString) : std::nullopt;
  if (!digest || digest->content != Hash(token.hash, token.info))
    return Invalid("the timestamp token's signed digest is not that of its content");
  if (!NamesSigner(token, signer)) return Invalid("the timestamp token does not name its signer's certificate");
  struct Algorithm {
    std::string_view oid;
    bool is_rsa;
    HashAlgorithm hash;
  };
  const std::array<Algorithm, 7> algorithms = {{{kOidEcdsaSha256, false, HashAlgorithm::kSha256},
                                                {kOidEcdsaSha384, false, HashAlgorithm::kSha384},
                                                {kOidEcdsaSha512, false, HashAlgorithm::kSha512},
                                                {kOidRsaSha256, true, HashAlgorithm::kSha256},
                                                {kOidRsaSha384, true, HashAlgorithm::kSha384},
                                                {kOidRsaSha512, true, HashAlgorithm::kSha512},
                                                {kOidRsa, true, token.hash}}};
  for (const Algorithm& algorithm : algorithms) {
    if (algorithm.oid != token.signature_algorithm || algorithm.is_rsa != (signer.key.kind() == KeyKind::kRsa)) continue;
    if (algorithm.hash != token.hash || signer.key.kind() == KeyKind::kEd25519) continue;
    // Signed are the attributes as a SET OF, not with the [0] they are sent under (RFC 5652 §5.4).
    if (signer.key.Verify(EncodeDer(kDerSet, token.signed_attributes), token.signature, {.hash = token.hash})) return OkStatus();
    return Invalid("the timestamp token's signature is not by its signer");
  }
  return Invalid("the timestamp token's signature algorithm " + OidText(token.signature_algorithm) + " does not go with its signer");
}

}  // namespace

Result<TimestampAuthority> MakeTimestampAuthority(std::string name, TimeWindow window, std::vector<CertificatePtr> chain) {
  if (chain.empty()) return Invalid("the chain holds no certificate");
  TimestampAuthority made{.name = name, .signer = nullptr, .issuers = std::nullopt, .window = window};
  if (!chain.front()->is_ca) {
    made.signer = chain.front();
    WRIT_RETURN_IF_ERROR(CheckTimestampLeaf(*made.signer));
    chain.erase(chain.begin());
  }
  if (chain.empty()) return made;
  if (made.signer != nullptr && !CheckSignedBy(*made.signer, chain.front()->key))
    return Invalid("certificate 1 of the chain, " + Quoted(NameText(made.signer->subject)) + ", is not signed by the next certificate");
  Result<Authority> issuers = MakeAuthority(std::move(name), window, std::move(chain));
  if (!issuers) return issuers.error();
  made.issuers = std::move(*issuers);
  return made;
}

Result<VerifiedTimestamp> VerifyTimestamp(std::string_view response, std::string_view stamped,
                                          std::span<const TimestampAuthority> authorities) {
  Result<std::string_view> content_info = ReadResponse(response);
  if (!content_info) return content_info.error();
  Result<Token> token = ReadToken(*content_info);
  if (!token) return token.error();
  Result<StampInfo> info = ReadInfo(token->info);
  if (!info) return info.error();
  if (info->imprint != Hash(info->hash, stamped)) return Invalid("the timestamp token is about other bytes");
  std::optional<Error> problem;
  for (const TimestampAuthority& authority : authorities) {
    CertificatePtr signer = authority.signer;
    if (signer == nullptr) {
      Result<CertificatePtr> embedded = FindEmbeddedSigner(*token, authority, info->time);
      if (embedded) signer = *embedded;
      if (!embedded && embedded.error().code != ErrorCode::kNotFound) problem = embedded.error();
    }
    if (signer == nullptr || !IsSigner(*token, *signer)) continue;
    Status windows = CheckWindows(authority, *signer, info->time);
    Status good = windows ? CheckTokenSignature(*token, *signer) : windows;
    if (good) return VerifiedTimestamp{info->time, &authority};
    problem = good.error();
  }
  if (problem) return *problem;
  return Error{ErrorCode::kNotFound, "the timestamp token is by no timestamp authority of the trust root"};
}

}  // namespace writ::image
