#include "webhook/image/trust/certificate.h"

#include <algorithm>

#include "rules/base/utf8.h"
#include "rules/model/time.h"
#include "webhook/image/trust/der.h"
#include "webhook/image/trust/encoding.h"
#include "webhook/image/trust/oids.h"

namespace writ::image {
namespace {

Error Invalid(std::string message) { return Error{ErrorCode::kInvalidArgument, std::move(message)}; }

constexpr std::size_t kMaxCertificateBytes = std::size_t{64} * 1024;
constexpr std::size_t kMaxNames = 100;
constexpr std::size_t kMaxExtensions = 100;

// The parts of a certificate around its extensions, RFC 5280 §4.1.
struct Outline {
  std::string_view tbs, serial, issuer, subject, spki, extensions, signature_algorithm, signature;
  UnixNanos not_before = 0, not_after = 0;
};

// AlgorithmIdentifier without parameters or with NULL; the OID, empty when it is something else.
std::optional<std::string_view> ReadAlgorithm(const std::optional<DerValue>& identifier) {
  if (!identifier) return std::nullopt;
  DerReader members(identifier->content);
  const std::optional<DerValue> oid = members.Next(kDerOid);
  if (!oid) return std::nullopt;
  if (!members.empty() && (!members.Next(kDerNull) || !members.empty())) return std::nullopt;
  return oid->content;
}

std::optional<DerValue> NextTime(DerReader& reader) {
  return reader.peek() == kDerUtcTime ? reader.Next(kDerUtcTime) : reader.Next(kDerGeneralizedTime);
}

bool ReadValidity(const std::optional<DerValue>& validity, Outline& outline) {
  if (!validity) return false;
  DerReader times(validity->content);
  const std::optional<DerValue> first = NextTime(times);
  const std::optional<DerValue> last = NextTime(times);
  if (!first || !last || !times.empty()) return false;
  const std::optional<UnixNanos> not_before = ReadDerTime(*first);
  const std::optional<UnixNanos> not_after = ReadDerTime(*last);
  if (!not_before || !not_after) return false;
  outline.not_before = *not_before;
  outline.not_after = *not_after;
  return true;
}

// The members of TBSCertificate. `inner` is the algorithm it repeats.
bool ReadTbs(std::string_view content, Outline& outline, std::string_view& inner) {
  DerReader members(content);
  const std::optional<DerValue> version = members.Next(DerContext(0));
  const std::optional<DerValue> serial = members.Next(kDerInteger);
  const std::optional<std::string_view> algorithm = ReadAlgorithm(members.Next(kDerSequence));
  const std::optional<DerValue> issuer = members.Next(kDerSequence);
  const bool has_validity = ReadValidity(members.Next(kDerSequence), outline);
  const std::optional<DerValue> subject = members.Next(kDerSequence);
  const std::optional<DerValue> spki = members.Next(kDerSequence);
  if (!version || version->content != "\x02\x01\x02" || !serial || !algorithm || !issuer || !has_validity || !subject || !spki)
    return false;
  const std::optional<DerValue> extensions = members.Next(DerContext(3));
  if (!extensions || !members.empty()) return false;  // unique identifiers are obsolete and refused
  const std::optional<DerValue> list = ReadWholeDer(extensions->content, kDerSequence);
  if (!list) return false;
  inner = *algorithm;
  outline.serial = serial->content;
  outline.issuer = issuer->whole;
  outline.subject = subject->whole;
  outline.spki = spki->whole;
  outline.extensions = list->content;
  return true;
}

bool ReadOutline(std::string_view der, Outline& outline) {
  const std::optional<DerValue> certificate = ReadWholeDer(der, kDerSequence);
  if (!certificate) return false;
  DerReader members(certificate->content);
  const std::optional<DerValue> tbs = members.Next(kDerSequence);
  const std::optional<std::string_view> algorithm = ReadAlgorithm(members.Next(kDerSequence));
  const std::optional<DerValue> signature = members.Next(kDerBitString);
  if (!tbs || !algorithm || !signature || !members.empty()) return false;
  const std::optional<std::string_view> bits = ReadBitBytes(*signature);
  std::string_view inner;
  if (!bits || !ReadTbs(tbs->content, outline, inner) || inner != *algorithm) return false;
  outline.tbs = tbs->whole;
  outline.signature_algorithm = *algorithm;
  outline.signature = *bits;
  return true;
}

// ---- extensions -----------------------------------------------------------------------------------------------------

// OtherName: SEQUENCE { type-id OID, value [0] EXPLICIT ANY }, here as the content of the implicit [0].
bool ReadOtherName(std::string_view content, SubjectName& name) {
  DerReader members(content);
  const std::optional<DerValue> type = members.Next(kDerOid);
  const std::optional<DerValue> value = members.Next(DerContext(0));
  if (!type || !value || !members.empty()) return false;
  if (type->content != kOidFulcioOtherName) return true;  // stays kOther
  const std::optional<DerValue> text = ReadWholeDer(value->content, kDerUtf8String);
  if (!text || !IsValidUtf8(text->content)) return false;
  name = {NameKind::kOtherName, std::string(text->content)};
  return true;
}

bool ReadNames(std::string_view value, std::vector<SubjectName>& names) {
  const std::optional<DerValue> list = ReadWholeDer(value, kDerSequence);
  if (!list) return false;
  for (DerReader reader(list->content); !reader.empty();) {
    const std::optional<DerValue> item = reader.Next();
    if (!item || names.size() >= kMaxNames) return false;
    SubjectName name{NameKind::kOther, ""};
    if (item->tag == DerContext(0)) {
      if (!ReadOtherName(item->content, name)) return false;
    } else if (item->tag == DerContextPrimitive(1)) {
      name = {NameKind::kEmail, std::string(item->content)};
    } else if (item->tag == DerContextPrimitive(6)) {
      name = {NameKind::kUri, std::string(item->content)};
    } else if (item->tag == DerContextPrimitive(2)) {
      name.value = item->content;  // a DNS name: shown in messages, never matched
    }
    names.push_back(std::move(name));
  }
  return true;
}

bool ReadKeyUsage(std::string_view value, Certificate& certificate) {
  const std::optional<DerValue> bits = ReadWholeDer(value, kDerBitString);
  if (!bits || bits->content.size() < 2 || bits->content.size() > 3) return false;
  const auto first = static_cast<std::uint8_t>(bits->content[1]);
  certificate.has_key_usage = true;
  certificate.can_sign_data = (first & 0x80) != 0;
  certificate.can_sign_certificates = (first & 0x04) != 0;
  return true;
}

bool ReadExtendedKeyUsage(std::string_view value, Certificate& certificate) {
  const std::optional<DerValue> list = ReadWholeDer(value, kDerSequence);
  if (!list || list->content.empty()) return false;
  for (DerReader reader(list->content); !reader.empty();) {
    const std::optional<DerValue> oid = reader.Next(kDerOid);
    if (!oid) return false;
    certificate.extended_key_usages.push_back(oid->content);
  }
  return true;
}

bool ReadBasicConstraints(std::string_view value, Certificate& certificate) {
  const std::optional<DerValue> sequence = ReadWholeDer(value, kDerSequence);
  if (!sequence) return false;
  DerReader members(sequence->content);
  if (const std::optional<DerValue> ca = members.Next(kDerBoolean)) {
    if (ca->content != "\xFF") return false;
    certificate.is_ca = true;
  }
  if (members.empty()) return true;
  const std::optional<DerValue> length = members.Next(kDerInteger);
  if (!length || !members.empty()) return false;
  certificate.path_length = ReadSmallUnsigned(*length);
  return certificate.path_length.has_value();
}

bool ReadKeyId(std::string_view value, Certificate& certificate) {
  const std::optional<DerValue> id = ReadWholeDer(value, kDerOctetString);
  if (id) certificate.subject_key_id = id->content;
  return id.has_value();
}

bool ReadAuthorityKeyId(std::string_view value, Certificate& certificate) {
  const std::optional<DerValue> sequence = ReadWholeDer(value, kDerSequence);
  if (!sequence) return false;
  DerReader members(sequence->content);
  if (const std::optional<DerValue> id = members.Next(DerContextPrimitive(0))) certificate.authority_key_id = id->content;
  return true;
}

bool ReadSctList(std::string_view value, Certificate& certificate) {
  const std::optional<DerValue> list = ReadWholeDer(value, kDerOctetString);
  if (list) certificate.sct_list = list->content;
  return list.has_value();
}

// .1 to .6 are raw text, later ones a UTF8String. Others of that arc are none of ours.
bool ReadFulcio(std::string_view oid, std::string_view value, Certificate& certificate) {
  if (oid.size() != kOidFulcioPrefix.size() + 1) return true;
  const auto number = static_cast<std::uint8_t>(oid.back());
  if (number == 0 || number == 7 || number >= kFulcioExtensionCount) return true;
  std::string_view text = value;
  if (number >= 8) {
    const std::optional<DerValue> string = ReadWholeDer(value, kDerUtf8String);
    if (!string) return false;
    text = string->content;
  }
  if (!IsValidUtf8(text)) return false;
  certificate.fulcio[number] = text;
  return true;
}

// Reads one extension that is understood; empty for one that is not.
std::optional<bool> ReadKnownExtension(std::string_view oid, std::string_view value, Certificate& certificate) {
  if (oid == kOidSubjectAltName) return ReadNames(value, certificate.names);
  if (oid == kOidKeyUsage) return ReadKeyUsage(value, certificate);
  if (oid == kOidExtendedKeyUsage) return ReadExtendedKeyUsage(value, certificate);
  if (oid == kOidBasicConstraints) return ReadBasicConstraints(value, certificate);
  if (oid == kOidSubjectKeyId) return ReadKeyId(value, certificate);
  if (oid == kOidAuthorityKeyId) return ReadAuthorityKeyId(value, certificate);
  if (oid == kOidSctList) return ReadSctList(value, certificate);
  if (oid.starts_with(kOidFulcioPrefix)) return ReadFulcio(oid, value, certificate);
  return std::nullopt;
}

Status ReadExtensions(std::string_view extensions, Certificate& certificate) {
  std::vector<std::string_view> seen;
  for (DerReader reader(extensions); !reader.empty();) {
    const std::optional<DerValue> extension = reader.Next(kDerSequence);
    if (!extension || seen.size() >= kMaxExtensions) return Invalid("malformed certificate extensions");
    DerReader members(extension->content);
    const std::optional<DerValue> oid = members.Next(kDerOid);
    const std::optional<DerValue> critical = members.Next(kDerBoolean);
    const std::optional<DerValue> value = members.Next(kDerOctetString);
    if (!oid || !value || !members.empty() || (critical && critical->content != "\xFF")) return Invalid("malformed certificate extension");
    if (std::find(seen.begin(), seen.end(), oid->content) != seen.end())
      return Invalid("certificate extension " + OidText(oid->content) + " is there twice");
    seen.push_back(oid->content);
    if (oid->content == kOidExtendedKeyUsage) certificate.extended_key_usage_critical = critical.has_value();
    if (oid->content == kOidSctList) certificate.sct_extension = extension->whole;
    const std::optional<bool> read = ReadKnownExtension(oid->content, value->content, certificate);
    if (read && !*read) return Invalid("certificate extension " + OidText(oid->content) + " is malformed");
    const bool ignorable = oid->content == kOidCertificatePolicies || (!critical && oid->content != kOidNameConstraints);
    if (!read && !ignorable && certificate.unsupported_extension.empty()) certificate.unsupported_extension = OidText(oid->content);
  }
  return OkStatus();
}

}  // namespace

std::string_view NameKindName(NameKind kind) {
  switch (kind) {
    case NameKind::kUri: return "URI";
    case NameKind::kEmail: return "e-mail";
    case NameKind::kOtherName: return "user name";
    case NameKind::kOther: return "other";
  }
  return "";
}

std::optional<std::size_t> FulcioExtensionNumber(std::string_view name) {
#define WRIT_FULCIO_NUMBER(number, text) \
  if (name == (text)) return number;
  WRIT_FULCIO_EXTENSIONS(WRIT_FULCIO_NUMBER)
#undef WRIT_FULCIO_NUMBER
  return std::nullopt;
}

Result<CertificatePtr> Certificate::Parse(std::string_view der, KeyUse use) {
  if (der.size() > kMaxCertificateBytes) return Invalid("a certificate of " + std::to_string(der.size()) + " bytes");
  std::string owned(der);
  Outline outline;
  if (!ReadOutline(owned, outline)) return Invalid("not a DER X.509 v3 certificate");
  Result<PublicKey> key = PublicKey::FromDer(outline.spki, use);
  if (!key) return Invalid("certificate key: " + key.error().message);
  // A long string moves its buffer, so that the views stay good; a certificate is never short.
  auto certificate = std::make_shared<Certificate>(std::move(owned), std::move(*key));
  certificate->tbs = outline.tbs;
  certificate->serial = outline.serial;
  certificate->issuer = outline.issuer;
  certificate->subject = outline.subject;
  certificate->signature_algorithm = outline.signature_algorithm;
  certificate->signature = outline.signature;
  certificate->not_before = outline.not_before;
  certificate->not_after = outline.not_after;
  WRIT_RETURN_IF_ERROR(ReadExtensions(outline.extensions, *certificate));
  return CertificatePtr(std::move(certificate));
}

bool Certificate::HasExtendedKeyUsage(std::string_view oid) const {
  return std::find(extended_key_usages.begin(), extended_key_usages.end(), oid) != extended_key_usages.end();
}

std::string Certificate::oidc_issuer() const {
  if (issuers_disagree()) return {};
  return fulcio[8].empty() ? fulcio[1] : fulcio[8];
}

Status CheckSignedBy(const Certificate& child, const PublicKey& issuer) {
  struct Algorithm {
    std::string_view oid;
    bool is_rsa;
    HashAlgorithm hash;
  };
  static constexpr std::array<Algorithm, 6> kAlgorithms = {{{kOidEcdsaSha256, false, HashAlgorithm::kSha256},
                                                            {kOidEcdsaSha384, false, HashAlgorithm::kSha384},
                                                            {kOidEcdsaSha512, false, HashAlgorithm::kSha512},
                                                            {kOidRsaSha256, true, HashAlgorithm::kSha256},
                                                            {kOidRsaSha384, true, HashAlgorithm::kSha384},
                                                            {kOidRsaSha512, true, HashAlgorithm::kSha512}}};
  if (child.signature_algorithm == kOidEd25519 && issuer.kind() == KeyKind::kEd25519) return issuer.Verify(child.tbs, child.signature, {});
  for (const Algorithm& algorithm : kAlgorithms) {
    if (algorithm.oid != child.signature_algorithm || issuer.kind() == KeyKind::kEd25519) continue;
    if (algorithm.is_rsa != (issuer.kind() == KeyKind::kRsa)) break;
    return issuer.Verify(child.tbs, child.signature, {.hash = algorithm.hash});
  }
  return Invalid("certificate signature algorithm " + OidText(child.signature_algorithm) + " does not go with an issuer key of " +
                 std::string(KeyKindName(issuer.kind())));
}

std::string NameText(std::string_view der_name) {
  std::string out;
  const std::optional<DerValue> name = ReadWholeDer(der_name, kDerSequence);
  if (!name) return "(malformed name)";
  for (DerReader sets(name->content); !sets.empty();) {
    const std::optional<DerValue> set = sets.Next(kDerSet);
    if (!set) break;
    DerReader attributes(set->content);
    const std::optional<DerValue> attribute = attributes.Next(kDerSequence);
    if (!attribute) break;
    DerReader members(attribute->content);
    const std::optional<DerValue> oid = members.Next(kDerOid);
    const std::optional<DerValue> value = members.Next();
    if (!oid || !value) break;
    const std::string label = oid->content == "\x55\x04\x03" ? "CN" : oid->content == "\x55\x04\x0A" ? "O" : OidText(oid->content);
    out += (out.empty() ? "" : ",") + label + "=" + Shown(value->content, 80);
  }
  return out.empty() ? "(empty name)" : out;
}

std::string TimeText(UnixNanos time) {
  constexpr std::int64_t kSecond = 1'000'000'000;
  std::int64_t seconds = time / kSecond;
  std::int64_t nanos = time % kSecond;
  if (nanos < 0) {
    nanos += kSecond;
    --seconds;
  }
  return FormatTimestamp(Value::Timestamp(seconds, static_cast<std::uint32_t>(nanos)));
}

}  // namespace writ::image
