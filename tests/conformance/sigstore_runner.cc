// writ_sigstore_conformance: runs a folder of image-signature vectors (format: shared/vectors/sigstore/README.md).
//
//   writ_sigstore_conformance [--only SUITE] [--guards] DIR
//
// Bundle cases run twice, by artifact and by digest. Prints each failing id with what was expected, what came and why, and closes with
// `N passed, N failed, N skipped`. --guards prints, for each refused case that names the check which must refuse it, the check that
// did. Every case has a process of its own, so that a crash or a hang is a failure of that case, also where refusal is expected; so are a
// file that is missing and an input that is unknown. Exit codes: 0 all passed, 1 failures, 2 bad usage, nothing readable or no case.

#include <filesystem>
#include <fstream>
#include <functional>
#include <iostream>
#include <iterator>
#include <optional>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "rules/base/clock.h"
#include "rules/base/digest.h"
#include "tests/conformance/own_process.h"
#include "tests/conformance/sigstore_case.h"
#include "webhook/image/gather/collector.h"
#include "webhook/image/verify/verifier.h"

namespace writ::conformance {
namespace {

namespace fs = std::filesystem;
using image::ExpectedSigner;
using nlohmann::json;

struct Options {
  std::string only, folder;
  bool guards = false;
};

// "pass", "fail" (with the reason's code and text), or what went wrong.
struct Outcome {
  std::string outcome, code, text;
};

std::string ReadAll(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

// A member that is text; empty when there is none.
std::string TextOf(const json& object, const char* name) {
  return object.is_object() && object.contains(name) && object[name].is_string() ? object[name].get<std::string>() : "";
}

Outcome OutcomeOf(const image::Verdict& verdict) {
  if (verdict.reason == image::Reason::kInternal) return {"crashed", "internal", verdict.message};
  const bool is_verified = verdict.kind == image::VerdictKind::kVerified;
  return {is_verified ? "pass" : "fail", std::string(ReasonCode(verdict.reason)), verdict.message};
}

Outcome Refused(const Error& error) { return {"fail", "inputs", error.message}; }

// The trust material a case names: a trusted_root.json, or PEM files where there is none.
Result<image::TrustRootPtr> LoadTrust(const json& inputs, const std::string& folder) {
  const auto text = [&](const char* name) { return inputs.contains(name) ? ReadAll(folder + "/" + inputs[name].get<std::string>()) : ""; };
  if (inputs.contains("trusted_root")) return image::ParseTrustRoot(inputs["trusted_root"].get<std::string>(), text("trusted_root"));
  const bool is_own_pki = inputs.contains("ca_roots");
  const std::string cas = text(is_own_pki ? "ca_roots" : "fulcio_root");
  const std::string intermediates = text("ca_intermediates");
  const std::string log_key = text("rekor_key");
  if (cas.empty() && log_key.empty()) return image::TrustRootPtr();
  return image::ParsePemTrust({.name = "PEM files of the case",
                               .ca_certificates = cas,
                               .ca_intermediates = intermediates,
                               .log_key = log_key,
                               .is_own_pki = is_own_pki});
}

Result<ExpectedSigner> MakeSigner(const json& inputs, const std::string& folder, image::Wanted wanted) {
  ExpectedSigner signer;
  Result<image::TrustRootPtr> trust = LoadTrust(inputs, folder);
  if (!trust) return trust.error();
  signer.trust_root = *trust;
  if (inputs.contains("key")) {
    Result<image::PublicKey> key = image::PublicKey::FromText(ReadAll(folder + "/" + inputs["key"].get<std::string>()));
    if (!key) return key.error();
    signer.key = *key;
  } else {
    signer.identity = image::Identity{.issuer = inputs.value("issuer", ""), .subject = inputs.value("identity", "")};
  }
  signer.options.wanted = wanted;
  signer.options.log = inputs.value("require_tlog", true) ? image::LogRule::kRequired : image::LogRule::kIgnored;
  if (!inputs.value("require_sct", true)) signer.options.sct = image::Demand::kOptional;
  signer.options.predicate_type = inputs.value("predicate_type", "");
  signer.options.annotations = inputs.value("annotations", std::map<std::string, std::string>());
  if (inputs.contains("docker_reference")) signer.options.docker_reference = inputs["docker_reference"].get<std::string>();
  return signer;
}

// ---- the three kinds of case ----------------------------------------------------------------------------------------

Outcome RunBundle(const json& test, const std::string& folder, bool by_digest) {
  const json& inputs = test["inputs"];
  Result<ExpectedSigner> signer = MakeSigner(inputs, folder, image::Wanted::kAnything);
  if (!signer) return Refused(signer.error());
  const std::string bundle = ReadAll(folder + "/" + test["files"][0].get<std::string>());
  const std::string bytes = by_digest ? "" : ReadAll(folder + "/" + inputs["artifact"].get<std::string>());
  image::Artifact artifact{inputs.value("artifact_digest", ""), std::nullopt};
  if (!by_digest) artifact = image::ArtifactOfBytes(bytes);
  return OutcomeOf(image::VerifySigstoreBundle(bundle, artifact, *signer, SystemClock().Now()));
}

// files: manifest.json (may be missing), payload, layer.json.
Outcome RunLooseLayer(const json& test, const std::string& folder) {
  Result<ExpectedSigner> signer = MakeSigner(test["inputs"], folder, image::Wanted::kSignature);
  if (!signer) return Refused(signer.error());
  image::GatheredMaterial gathered;
  image::Material material{.form = image::MaterialForm::kSimpleSigning, .origin = "layer.json"};
  gathered.digest = DigestOf("");
  bool has_manifest = false;
  for (const json& file : test["files"]) {
    const std::string path = folder + "/" + file.get<std::string>();
    const std::string name = fs::path(path).filename();
    if (name == "payload") material.bytes = ReadAll(path);
    if (name == "manifest.json") {
      gathered.digest = DigestOf(ReadAll(path));
      has_manifest = true;
    }
    if (name != "layer.json") continue;
    const json layer = json::parse(ReadAll(path));
    material.media_type = layer.at("mediaType");
    material.annotations = layer.at("annotations").get<std::map<std::string, std::string>>();
  }
  if (!has_manifest) gathered.faults.push_back({"manifest", "it cannot be read"});
  gathered.materials.push_back(std::move(material));
  if (!has_manifest) gathered.materials.clear();
  return OutcomeOf(VerifyImage(gathered, *signer, SystemClock().Now()));
}

// A repository that answers as the case's files say, in the way of a registry: content under the digest it is stored by.
class CaseRepository final : public image::ImageSource {
 public:
  CaseRepository(const json& test, const std::string& folder) : inputs_(test["inputs"]) {
    image_ = ReadAll(folder + "/" + test["files"][0].get<std::string>());
    signatures_ = ReadAll(folder + "/" + test["files"][1].get<std::string>());
    blobs_ = folder + "/" + test["files"][2].get<std::string>();
  }
  Result<image::Fetched> GetManifest(std::string_view reference) const override {
    if (reference == inputs_["sig_tag"]) return Found(signatures_);
    if (reference != inputs_["image_digest"]) return image::Fetched{};
    if (DigestOf(image_) != reference) return Error{ErrorCode::kCorrupt, "the registry returned another manifest"};
    return Found(image_);
  }
  Result<image::Fetched> GetBlob(std::string_view digest, std::size_t max_bytes) const override {
    const std::string path = blobs_ + "/" + std::string(digest.substr(digest.find(':') + 1));
    if (!fs::exists(path)) return image::Fetched{};
    const std::string bytes = ReadAll(path);
    if (bytes.size() > max_bytes) return Error{ErrorCode::kTooLarge, "the blob is too large"};
    if (DigestOf(bytes) != digest) return Error{ErrorCode::kCorrupt, "the blob does not hash to its digest"};
    return image::Fetched{true, bytes, "application/octet-stream"};
  }
  Result<image::Referrers> GetReferrers(std::string_view /*digest*/) const override { return image::Referrers{}; }

 private:
  static image::Fetched Found(const std::string& manifest) {
    const json parsed = json::parse(manifest, nullptr, false);
    if (!parsed.is_object()) return {true, manifest, ""};
    const std::string named = TextOf(parsed, "mediaType");
    return {true, manifest, named.empty() ? "application/vnd.oci.image.manifest.v1+json" : named};
  }
  json inputs_;
  std::string image_, signatures_, blobs_;
};

Outcome RunRepository(const json& test, const std::string& folder) {
  Result<ExpectedSigner> signer = MakeSigner(test["inputs"], folder, image::Wanted::kSignature);
  if (!signer) return Refused(signer.error());
  const CaseRepository repository(test, folder);
  const Result<image::ResolvedImage> image = ResolveImage(repository, test["inputs"]["image_digest"].get<std::string>(), {});
  if (!image) return {"fail", "image", image.error().message};
  const image::GatheredMaterial gathered = GatherMaterial(repository, image->digest, {.presence = image::ImagePresence::kKnown});
  return OutcomeOf(VerifyImage(gathered, *signer, SystemClock().Now()));
}

// ---- running --------------------------------------------------------------------------------------------------------

Outcome InOwnProcess(const std::function<Outcome()>& work) {
  const ProcessResult result = RunInOwnProcess([&work] {
    const Outcome found = work();
    return json{found.outcome, found.code, found.text}.dump(-1, ' ', true, json::error_handler_t::replace);
  });
  const json found = json::parse(result.text, nullptr, false);
  if (!result.death.empty() || !found.is_array()) return {"crashed", "", result.death.empty() ? "the process said nothing" : result.death};
  return {found[0], found[1], found[2]};
}

std::vector<Outcome> RunCase(const json& test, const std::string& folder) {
  if (std::string fault = FaultOfCase(test, folder); !fault.empty()) return {{"no case", "case", std::move(fault)}};
  const CaseKind kind = KindOf(test);
  if (kind == CaseKind::kLooseLayer) return {InOwnProcess([&] { return RunLooseLayer(test, folder); })};
  if (kind == CaseKind::kRepository) return {InOwnProcess([&] { return RunRepository(test, folder); })};
  std::vector<Outcome> found;
  if (test["inputs"].contains("artifact")) found.push_back(InOwnProcess([&] { return RunBundle(test, folder, false); }));
  if (test["inputs"].contains("artifact_digest")) found.push_back(InOwnProcess([&] { return RunBundle(test, folder, true); }));
  return found;
}

// Runs the case and prints what is wrong. Returns whether every run of it came out as expected.
bool IsAsExpected(const json& test, const std::string& id, const Options& options) {
  const std::string expected = TextOf(test, "expected");
  const std::string guard = TextOf(test, "guard");
  const std::vector<Outcome> found = RunCase(test, options.folder);
  bool is_good = true;
  for (const Outcome& one : found) {
    if (one.outcome == expected) continue;
    is_good = false;
    std::cout << "FAIL " << id << ": expected " << expected << (guard.empty() ? "" : " by `" + guard + "`") << ", got " << one.outcome
              << " [" << one.code << "]: " << one.text << "\n";
  }
  if (options.guards && expected == "fail")
    std::cout << "guard " << id << ": `" << (guard.empty() ? TextOf(test, "first_check_that_rejects") : guard) << "` -> ["
              << found.front().code << "] " << found.front().text << "\n";
  return is_good;
}

int Run(const Options& options) {
  const std::string path = options.folder + "/index.json";
  const json index = json::parse(ReadAll(path), nullptr, false);
  if (!index.is_object() || !index.contains("cases") || !index["cases"].is_array()) {
    std::cerr << "writ_sigstore_conformance: " << path << ": not readable, expected an index of vectors\n";
    return 2;
  }
  std::size_t passed = 0;
  std::size_t failed = 0;
  for (std::size_t at = 0; at < index["cases"].size(); ++at) {
    const json& test = index["cases"][at];
    if (!options.only.empty() && TextOf(test, "suite") != options.only) continue;
    ++(IsAsExpected(test, IdOf(test, at), options) ? passed : failed);
  }
  if (passed + failed == 0) std::cerr << "writ_sigstore_conformance: " << path << ": no such case\n";
  std::cout << passed << " passed, " << failed << " failed, 0 skipped\n";
  if (passed + failed == 0) return 2;
  return failed == 0 ? 0 : 1;
}

}  // namespace
}  // namespace writ::conformance

int main(int argc, char** argv) {
  writ::conformance::Options options;
  for (int at = 1; at < argc; ++at) {
    const std::string_view word = argv[at];
    if (word == "--only" && at + 1 < argc) {
      options.only = argv[++at];
    } else if (word == "--guards") {
      options.guards = true;
    } else if (options.folder.empty() && !word.starts_with("-")) {
      options.folder = word;
    } else {
      options.folder.clear();
      break;
    }
  }
  if (options.folder.empty()) {
    std::cerr << "usage: writ_sigstore_conformance [--only SUITE] [--guards] DIR\n";
    return 2;
  }
  return writ::conformance::Run(options);
}
