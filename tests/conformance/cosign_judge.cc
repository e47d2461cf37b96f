// Judges gathered material by a case's signer and options: makes them a Signer and asks the verifier.
#include <algorithm>
#include <fstream>
#include <initializer_list>
#include <iterator>
#include <string_view>

#include "rules/base/clock.h"
#include "tests/conformance/cosign_case.h"
#include "webhook/image/verify/verifier.h"

namespace writ::conformance {
namespace {

using Json = nlohmann::json;
using image::ExpectedSigner;
using image::SignerOptions;
using image::TrustRootPtr;
using image::Verdict;

Result<std::string> ReadWholeFile(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return Error{ErrorCode::kUnreadable, path + ": cannot be read"};
  return std::string(std::istreambuf_iterator<char>(file), {});
}

Result<TrustRootPtr> ReadTrust(const Json& signer, const std::string& folder) {
  const bool is_own_pki = signer.contains("ca_roots");
  const std::string name = is_own_pki ? signer.at("ca_roots").get<std::string>() : signer.value("trust_root", "trust/root.json");
  const Result<std::string> bytes = ReadWholeFile(folder + "/" + name);
  if (!bytes) return bytes.error();
  return is_own_pki ? image::ParsePemTrust({.name = name, .ca_certificates = *bytes}) : image::ParseTrustRoot(name, *bytes);
}

Status ReadWho(const Json& from, const std::string& folder, ExpectedSigner& to) {
  if (from.contains("key")) {
    const Result<std::string> bytes = ReadWholeFile(folder + "/" + from.at("key").get<std::string>());
    if (!bytes) return bytes.error();
    const Result<image::PublicKey> key = image::PublicKey::FromText(*bytes);
    if (!key) return key.error();
    to.key = *key;
  } else {
    const bool is_glob = from.contains("subject_glob");
    to.identity =
        image::Identity{.issuer = from.at("issuer"), .subject = from.at(is_glob ? "subject_glob" : "subject"), .subject_is_glob = is_glob};
  }
  Result<TrustRootPtr> trust = ReadTrust(from, folder);
  if (!trust) return trust.error();
  to.trust_root = *trust;
  return OkStatus();
}

// A member or word that the format does not have would else be passed over, and the case would test something else.
Status CheckNames(const Json& object, std::string_view what, std::initializer_list<std::string_view> known) {
  if (!object.is_object()) return Error{ErrorCode::kInvalidArgument, std::string(what) + " is no object"};
  for (const auto& [name, value] : object.items()) {
    if (std::find(known.begin(), known.end(), name) == known.end())
      return Error{ErrorCode::kInvalidArgument, std::string(what) + " has an unknown member " + name};
  }
  return OkStatus();
}

Status CheckWord(const Json& options, const char* name, std::initializer_list<std::string_view> known) {
  const auto found = options.find(name);
  if (found == options.end()) return OkStatus();
  if (found->is_string() && std::find(known.begin(), known.end(), found->get<std::string>()) != known.end()) return OkStatus();
  return Error{ErrorCode::kInvalidArgument, "unknown " + std::string(name) + " " + found->dump()};
}

Status CheckCase(const CosignCase& test) {
  WRIT_RETURN_IF_ERROR(CheckNames(test.signer, "signer", {"key", "issuer", "subject", "subject_glob", "trust_root", "ca_roots"}));
  WRIT_RETURN_IF_ERROR(CheckNames(test.options, "options",
                                  {"log", "timestamp", "sct", "annotations", "certificate", "predicate_type", "predicate_has",
                                   "signature_hash", "tag_prefix", "signature_repository", "oci11"}));
  WRIT_RETURN_IF_ERROR(CheckWord(test.options, "log", {"required", "ignored"}));
  WRIT_RETURN_IF_ERROR(CheckWord(test.options, "timestamp", {"required"}));
  WRIT_RETURN_IF_ERROR(CheckWord(test.options, "sct", {"ignored"}));
  return CheckWord(test.options, "signature_hash", {"sha256", "sha384", "sha512"});
}

Status ReadOptions(const Json& from, SignerOptions& to) {
  if (from.contains("log")) to.log = from.at("log") == "required" ? image::LogRule::kRequired : image::LogRule::kIgnored;
  if (from.contains("timestamp")) to.timestamp = image::Demand::kRequired;
  if (from.contains("sct")) to.sct = image::Demand::kOptional;
  if (from.contains("predicate_type")) {
    to.wanted = image::Wanted::kAttestation;
    to.predicate_type = from.at("predicate_type");
  }
  to.annotations = from.value("annotations", to.annotations);
  to.certificate_extensions = from.value("certificate", to.certificate_extensions);
  const std::string hash = from.value("signature_hash", "");
  if (hash == "sha256") to.signature_hash = HashAlgorithm::kSha256;
  if (hash == "sha384") to.signature_hash = HashAlgorithm::kSha384;
  if (hash == "sha512") to.signature_hash = HashAlgorithm::kSha512;
  return OkStatus();
}

// The value at a path such as "components.0.name".
const Json* TryWalk(const Json& json, std::string path) {
  const Json* at = &json;
  while (!path.empty()) {
    const std::size_t dot = path.find('.');
    const std::string part = path.substr(0, dot);
    path = dot == std::string::npos ? "" : path.substr(dot + 1);
    if (at->is_array() && part.find_first_not_of("0123456789") == std::string::npos && std::stoul(part) < at->size()) {
      at = &(*at)[std::stoul(part)];
    } else if (at->is_object() && at->contains(part)) {
      at = &(*at)[part];
    } else {
      return nullptr;
    }
  }
  return at;
}

// What the case wants to find in a verified predicate and does not; "" when all is there.
std::string MissingInPredicates(const Json& wanted, const Verdict& verdict) {
  for (const auto& [path, value] : wanted.items()) {
    bool is_found = false;
    for (const image::VerifiedStatement& statement : verdict.statements) {
      const Json predicate = Json::parse(statement.predicate_json, nullptr, false);
      const Json* found = TryWalk(predicate, path);
      is_found = is_found || (found != nullptr && *found == value);
    }
    if (!is_found) return path;
  }
  return "";
}

}  // namespace

Result<ExpectedSigner> MakeCosignSigner(const CosignCase& test, const std::string& folder) {
  ExpectedSigner signer{.name = test.name};
  WRIT_RETURN_IF_ERROR(CheckCase(test));
  for (const Status& read : {ReadWho(test.signer, folder, signer), ReadOptions(test.options, signer.options)}) {
    if (!read) return read.error();
  }
  return signer;
}

Judgement JudgeCosignCase(const CosignCase& test, const image::GatheredMaterial& gathered, const std::string& folder) {
  const Result<ExpectedSigner> signer = MakeCosignSigner(test, folder);
  if (!signer) return {"unusable signer", signer.error().message};
  const Verdict verdict = VerifyImage(gathered, *signer, SystemClock().Now());
  if (verdict.reason == image::Reason::kInternal) return {"internal error", verdict.message};
  if (verdict.kind == image::VerdictKind::kVerified) {
    const std::string missing = MissingInPredicates(test.options.value("predicate_has", Json::object()), verdict);
    if (!missing.empty()) return {"verified without predicate", missing + " is not in a verified predicate"};
  }
  return {std::string(VerdictKindName(verdict.kind)), verdict.message};
}

}  // namespace writ::conformance
