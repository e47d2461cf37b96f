// Judges gathered material by a case's signer and options.
#include <fstream>
#include <iterator>

#include "rules/base/clock.h"
#include "tests/conformance/cosign_case.h"
#include "webhook/image/verify/verifier.h"

namespace writ::conformance {
namespace {

using image::Signer;
using nlohmann::json;

std::string ReadAll(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

Result<Signer> MakeKeySigner(const json& described, const std::string& folder) {
  Signer signer;
  Result<image::PublicKey> key = image::PublicKey::FromText(ReadAll(folder + "/" + described.at("key").get<std::string>()));
  if (!key) return key.error();
  signer.key = *key;
  return signer;
}

Signer MakeIdentitySigner(const json& described) {
  Signer signer;
  image::Identity identity{.issuer = described.value("issuer", ""), .subject = described.value("subject", "")};
  identity.subject_is_glob = described.contains("subject_glob");
  if (identity.subject_is_glob) identity.subject = described.at("subject_glob");
  signer.identity = identity;
  return signer;
}

Result<image::TrustRootPtr> LoadTrust(const json& described, const std::string& folder) {
  if (described.contains("ca_roots")) {
    const std::string name = described.at("ca_roots");
    const std::string pem = ReadAll(folder + "/" + name);
    return image::ParsePemTrust({.name = name, .ca_certificates = pem});
  }
  const std::string name = described.value("trust_root", "trust/root.json");
  return image::ParseTrustRoot(name, ReadAll(folder + "/" + name));
}

void SetOptions(const json& described, image::SignerOptions& options) {
  if (described.contains("log")) options.log = described.at("log") == "required" ? image::LogRule::kRequired : image::LogRule::kIgnored;
  if (described.value("timestamp", "") == "required") options.timestamp = image::Demand::kRequired;
  if (described.value("sct", "") == "ignored") options.sct = image::Demand::kOptional;
  options.annotations = described.value("annotations", std::map<std::string, std::string>());
  options.certificate_extensions = described.value("certificate", std::map<std::string, std::string>());
  if (described.contains("signature_hash"))
    options.signature_hash = image::ParseHashName(described.at("signature_hash").get<std::string>());
  if (!described.contains("predicate_type")) return;
  options.wanted = image::Wanted::kAttestation;
  options.predicate_type = described.at("predicate_type");
}

// Whether one of the verified predicates has every value at its path ("components.0.name").
bool HasPredicateValues(const image::Verdict& verdict, const json& wanted) {
  for (const image::VerifiedStatement& statement : verdict.statements) {
    const json predicate = json::parse(statement.predicate_json);
    bool has_all = true;
    for (const auto& [path, value] : wanted.items()) {
      std::string pointer = "/" + path;
      for (char& c : pointer) c = c == '.' ? '/' : c;
      const json::json_pointer at(pointer);
      has_all = has_all && predicate.contains(at) && predicate.at(at) == value;
    }
    if (has_all) return true;
  }
  return false;
}

}  // namespace

Judgement JudgeCosignCase(const CosignCase& test, const image::GatheredMaterial& gathered, const std::string& folder) {
  Result<Signer> signer = test.signer.contains("key") ? MakeKeySigner(test.signer, folder) : MakeIdentitySigner(test.signer);
  if (!signer) return {"crashed", signer.error().message};
  Result<image::TrustRootPtr> trust = LoadTrust(test.signer, folder);
  if (!trust) return {"crashed", trust.error().message};
  signer->trust_root = *trust;
  SetOptions(test.options, signer->options);
  const image::Verdict verdict = VerifyImage(gathered, *signer, SystemClock().Now());
  const std::string reason = Dump(verdict);
  if (verdict.reason == image::Reason::kInternal || verdict.reason == image::Reason::kPolicyInvalid) return {"crashed", reason};
  if (verdict.kind == image::VerdictKind::kVerified && !HasPredicateValues(verdict, test.options.value("predicate_has", json::object())) &&
      test.options.contains("predicate_has"))
    return {"crashed", "the verified predicate lacks a value: " + reason};
  return {std::string(VerdictKindName(verdict.kind)), reason};
}

}  // namespace writ::conformance
