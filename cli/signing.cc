#include "cli/signing.h"

#include <utility>

#include "cli/input.h"
#include "rules/model/signer_option.h"
#include "webhook/image/trust/certificate.h"

namespace writ::cli {
namespace {

Error Misused(std::string message) { return {ErrorCode::kInvalidArgument, std::move(message)}; }

Status CheckCombination(const SigningFlags& flags) {
  const bool has_identity = !flags.issuer.empty() || !flags.subject.empty();
  const std::string issuer = flags.names.issuer, subject = flags.names.subject, trust_root = flags.names.trust_root;
  if (flags.key.empty() && !has_identity) {
    return Misused("say who has to have signed: --key FILE, or " + issuer + " URL " + subject + " NAME with " + trust_root + " FILE");
  }
  if (!flags.key.empty() && has_identity) return Misused("--key and " + issuer + "/" + subject + " are two signers, expected one");
  if (!flags.trust_root.empty() && !flags.ca_roots.empty())
    return Misused(trust_root + " and " + flags.names.ca_roots + " exclude each other");
  if (has_identity && flags.subject.empty())
    return Misused(issuer + " needs " + subject + ": everybody may have a certificate of that issuer");
  if (has_identity && flags.issuer.empty() && flags.ca_roots.empty()) {
    const bool has_roots = flags.names.ca_roots != nullptr;
    return Misused(subject + " needs " + issuer +
                   (has_roots ? ", unless the certificates are those of " + std::string(flags.names.ca_roots) : ""));
  }
  if (has_identity && flags.trust_root.empty() && flags.ca_roots.empty())
    return Misused(issuer + " and " + subject + " need " + trust_root + " FILE (a trusted_root.json): writ fetches none");
  if (flags.log == "required" && flags.trust_root.empty())
    return Misused("--log required needs " + trust_root + " FILE, which holds the log's key");
  return OkStatus();
}

// NAME=VALUE pairs of one flag.
Status ReadPairs(std::string_view flag, const std::vector<std::string>& texts, std::map<std::string, std::string>& pairs) {
  for (const std::string& text : texts) {
    const std::size_t equals = text.find('=');
    if (equals == 0 || equals == std::string::npos) return Misused(std::string(flag) + ": found `" + text + "`, expected NAME=VALUE");
    if (!pairs.emplace(text.substr(0, equals), text.substr(equals + 1)).second)
      return Misused(std::string(flag) + ": `" + text.substr(0, equals) + "` is given twice");
  }
  return OkStatus();
}

Status ReadTrust(const SigningFlags& flags, image::ExpectedSigner& signer) {
  const std::string& path = flags.trust_root.empty() ? flags.ca_roots : flags.trust_root;
  if (path.empty()) return OkStatus();
  const Result<Input> file = ReadFile(path);
  if (!file) return file.error();
  Result<image::TrustRootPtr> root = flags.trust_root.empty() ? image::ParsePemTrust({.name = path, .ca_certificates = file->text})
                                                              : image::ParseTrustRoot(path, file->text);
  if (!root) return root.error();
  signer.trust_root = *root;
  return OkStatus();
}

Status ReadKey(const std::string& path, image::ExpectedSigner& signer) {
  const Result<Input> file = ReadFile(path);
  if (!file) return file.error();
  Result<image::PublicKey> key = image::PublicKey::FromText(file->text);
  if (!key) return Error{key.error().code, path + ": " + key.error().message};
  signer.key = *key;
  return OkStatus();
}

Status SetOptions(const SigningFlags& flags, image::SignerOptions& options) {
  if (!flags.log.empty()) options.log = flags.log == "required" ? image::LogRule::kRequired : image::LogRule::kIgnored;
  if (flags.require_timestamp) options.timestamp = image::Demand::kRequired;
  if (flags.ignore_sct) options.sct = image::Demand::kOptional;
  WRIT_RETURN_IF_ERROR(ReadPairs("--annotation", flags.annotations, options.annotations));
  WRIT_RETURN_IF_ERROR(ReadPairs("--certificate-extension", flags.extensions, options.certificate_extensions));
  for (const auto& [name, value] : options.certificate_extensions) {
    if (!image::FulcioExtensionNumber(name))
      return Misused("--certificate-extension: Fulcio's certificates have no extension `" + name + "`");
  }
  if (flags.predicate_type.empty()) return OkStatus();
  WRIT_RETURN_IF_ERROR(CheckPredicateType(flags.predicate_type));
  options.wanted = image::Wanted::kAttestation;
  options.predicate_type = PredicateTypeUri(flags.predicate_type);
  return OkStatus();
}

}  // namespace

Status CheckPredicateType(std::string_view type) {
  if (IsPredicateType(type)) return OkStatus();
  std::string known;
  for (const std::string_view name : PredicateTypeNames()) known.append(known.empty() ? "" : ", ").append(name);
  return Error{ErrorCode::kInvalidArgument,
               "`" + std::string(type) +
                   "` is neither a URI nor a known type of predicate, expected one as https://slsa.dev/provenance/v1, or " + known};
}

Result<image::ExpectedSigner> MakeSigner(const SigningFlags& flags) {
  WRIT_RETURN_IF_ERROR(CheckCombination(flags));
  image::ExpectedSigner signer;
  if (!flags.key.empty()) {
    signer.name = flags.key;
    WRIT_RETURN_IF_ERROR(ReadKey(flags.key, signer));
  } else {
    signer.name = flags.subject;
    signer.identity = image::Identity{flags.issuer, flags.subject, flags.subject.find('*') != std::string::npos};
  }
  WRIT_RETURN_IF_ERROR(ReadTrust(flags, signer));
  WRIT_RETURN_IF_ERROR(SetOptions(flags, signer.options));
  return signer;
}

}  // namespace writ::cli
