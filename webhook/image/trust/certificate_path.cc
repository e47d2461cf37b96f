#include "webhook/image/trust/certificate_path.h"

#include <algorithm>

#include "webhook/image/trust/encoding.h"
#include "webhook/image/trust/oids.h"

namespace writ::image {
namespace {

constexpr std::size_t kMaxHintDepth = 8;

Error Invalid(std::string message) { return Error{ErrorCode::kInvalidArgument, std::move(message)}; }

bool NamesFit(const Certificate& child, const Certificate& issuer) {
  if (child.issuer != issuer.subject) return false;
  return child.authority_key_id.empty() || issuer.subject_key_id.empty() || child.authority_key_id == issuer.subject_key_id;
}

// What a CA certificate must be to issue a certificate that has `below` CA certificates between it and the leaf.
Status CheckIssuing(const Certificate& ca, std::size_t below) {
  if (!ca.is_ca) return Invalid("it is not a CA certificate");
  if (ca.has_key_usage && !ca.can_sign_certificates) return Invalid("its key usage does not allow signing certificates");
  if (!ca.unsupported_extension.empty()) return Invalid("its extension " + ca.unsupported_extension + " is not supported");
  if (ca.path_length && *ca.path_length < below) return Invalid("its path length constraint is exceeded");
  return OkStatus();
}

std::string ValidityText(const Certificate& certificate) { return WindowText({certificate.not_before, certificate.not_after}); }

Status CheckValidAt(const Certificate& certificate, UnixNanos time, std::string_view what) {
  if (time >= certificate.not_before && time <= certificate.not_after) return OkStatus();
  return Invalid(std::string(what) + " is valid " + ValidityText(certificate) + ", the signature was made at " + TimeText(time));
}

bool AllowsPurpose(const Certificate& ca, std::string_view purpose) {
  return ca.extended_key_usages.empty() || ca.HasExtendedKeyUsage(purpose);
}

// Whether `authority` may stand at every time, and for that purpose.
Status CheckAuthority(const Authority& authority, const PathRequest& request) {
  for (const UnixNanos time : request.times) {
    if (!authority.window.Contains(time))
      return Invalid("CA " + Quoted(authority.name) + " is trusted " + WindowText(authority.window) + ", the signature was made at " +
                     TimeText(time));
    for (const CertificatePtr& certificate : authority.chain)
      WRIT_RETURN_IF_ERROR(CheckValidAt(*certificate, time, "CA certificate " + Quoted(NameText(certificate->subject))));
  }
  for (const CertificatePtr& certificate : authority.chain) {
    if (!AllowsPurpose(*certificate, request.purpose))
      return Invalid("CA certificate " + Quoted(NameText(certificate->subject)) + " is not meant for this purpose");
  }
  return OkStatus();
}

// Looks for an authority that issued `child`, which has `below` CA certificates under it.
Result<CertificatePtr> FindAuthority(const Certificate& child, std::size_t below, const PathRequest& request) {
  std::optional<Error> unfit;
  for (const Authority& authority : request.authorities) {
    const Certificate& issuer = *authority.chain.front();
    if (!NamesFit(child, issuer)) continue;
    Status fits = CheckAuthority(authority, request);
    if (fits && below > 0) fits = CheckIssuing(issuer, below);
    if (!fits) {
      unfit = fits.error();
      continue;
    }
    if (CheckSignedBy(child, issuer.key)) return authority.chain.front();
  }
  if (unfit) return *unfit;
  return Error{ErrorCode::kNotFound, "certificate is issued by " + Quoted(NameText(child.issuer)) + ", which is no CA of the trust root"};
}

// A hint that issued `child` and may do so at all times.
CertificatePtr FindHint(const Certificate& child, std::size_t below, const PathRequest& request) {
  for (const CertificatePtr& hint : request.hints) {
    if (!NamesFit(child, *hint) || !CheckIssuing(*hint, below) || !AllowsPurpose(*hint, request.purpose)) continue;
    const bool is_valid = std::all_of(request.times.begin(), request.times.end(),
                                      [&](UnixNanos time) { return time >= hint->not_before && time <= hint->not_after; });
    if (is_valid && CheckSignedBy(child, hint->key)) return hint;
  }
  return nullptr;
}

}  // namespace

std::string WindowText(const TimeWindow& window) {
  return window.end ? TimeText(window.start) + " to " + TimeText(*window.end) : "from " + TimeText(window.start) + " on";
}

Result<Authority> MakeAuthority(std::string name, TimeWindow window, std::vector<CertificatePtr> chain) {
  if (chain.empty()) return Invalid("the chain holds no certificate");
  for (std::size_t i = 0; i < chain.size(); ++i) {
    const std::string which = "certificate " + std::to_string(i + 1) + " of the chain, " + Quoted(NameText(chain[i]->subject)) + ": ";
    Status issuing = CheckIssuing(*chain[i], i);
    if (!issuing) return Invalid(which + issuing.error().message);
    if (i + 1 == chain.size()) break;
    if (!NamesFit(*chain[i], *chain[i + 1])) return Invalid(which + "the next certificate is not its issuer");
    if (!CheckSignedBy(*chain[i], chain[i + 1]->key)) return Invalid(which + "it is not signed by the next certificate");
  }
  return Authority{std::move(name), window, std::move(chain)};
}

Status CheckLeaf(const Certificate& leaf, std::string_view purpose, UsageRule rule) {
  if (leaf.is_ca || leaf.can_sign_certificates) return Invalid("the signing certificate is a CA certificate");
  const bool is_unlimited = leaf.extended_key_usages.empty() && rule == UsageRule::kMayBeAbsent;
  if (!is_unlimited && !leaf.HasExtendedKeyUsage(purpose))
    return Invalid("the certificate's extended key usage does not contain " +
                   std::string(purpose == kOidCodeSigning ? "code signing" : "time stamping"));
  // Fulcio always names the key usage; elsewhere an absent one limits nothing.
  const bool needs_key_usage = leaf.has_key_usage || (rule == UsageRule::kMustBeNamed && purpose == kOidCodeSigning);
  if (needs_key_usage && !leaf.can_sign_data) return Invalid("the certificate's key usage does not allow digital signatures");
  if (!leaf.unsupported_extension.empty())
    return Invalid("the certificate's critical extension " + leaf.unsupported_extension + " is not supported");
  return OkStatus();
}

Result<CertificatePtr> FindIssuer(const Certificate& leaf, const PathRequest& request) {
  for (const UnixNanos time : request.times) WRIT_RETURN_IF_ERROR(CheckValidAt(leaf, time, "the certificate"));
  Result<CertificatePtr> direct = FindAuthority(leaf, 0, request);
  if (direct || request.hints.empty() || direct.error().code != ErrorCode::kNotFound) return direct;
  const CertificatePtr first = FindHint(leaf, 0, request);
  CertificatePtr current = first;
  for (std::size_t below = 1; current != nullptr && below <= kMaxHintDepth; ++below) {
    Result<CertificatePtr> anchored = FindAuthority(*current, below, request);
    if (anchored) return first;
    if (anchored.error().code != ErrorCode::kNotFound) return anchored;
    current = FindHint(*current, below, request);
  }
  return direct;
}

}  // namespace writ::image
