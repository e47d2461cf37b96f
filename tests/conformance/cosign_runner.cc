// writ_cosign_conformance: runs a folder of cosign vectors (format: shared/vectors/cosign/README.md).
//
//   writ_cosign_conformance [--only PART-OF-NAME] [--gathered] [--registry HOST:PORT] DIR
//
// Fills a registry in memory from DIR/registry.json. Each case is run twice, by the fallback tag and by the referrers API, and each
// folder of DIR/layouts once more as a case `layout/NAME` by the signer of a case about the same image. Every run has a process of its
// own, so that a crash or a hang is a failure of one case. Prints each failing case, reasons for skipping, and closes with
// `N passed, N failed, N skipped`. --registry asks a real registry by plain http instead, which somebody has filled from the same
// registry.json. --gathered prints what was gathered instead of judging. Exit codes: 0 all passed, 1 failures, 2 bad
// usage, nothing readable or no case.

#include <algorithm>
#include <filesystem>
#include <functional>
#include <iostream>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "tests/conformance/cosign_case.h"
#include "tests/conformance/own_process.h"
#include "tests/support/memory_registry.h"
#include "webhook/image/gather/collector.h"
#include "webhook/image/gather/layout_source.h"
#include "webhook/image/registry/registry_client.h"

namespace writ::conformance {
namespace {

namespace fs = std::filesystem;
using image::GatheredMaterial;
using image::GatherOptions;
using image::ResolvedImage;
using test::MemoryRegistry;
using test::ReferrersApi;

struct Options {
  std::string only, folder, registry;
  bool gathered = false;
};

struct Totals {
  int passed = 0, failed = 0, skipped = 0;
  std::map<std::string, int> reasons;
};

std::string Describe(const GatheredMaterial& gathered) {
  std::string out;
  for (const image::Material& material : gathered.materials) {
    out += "\n  " + material.origin + ": " + material.media_type + ", " + std::to_string(material.bytes.size()) + " bytes";
  }
  for (const image::GatherFault& fault : gathered.faults) out += "\n  fault: " + fault.origin + ": " + fault.message;
  for (const std::string& note : gathered.notes) out += "\n  note: " + note;
  return out;
}

// Resolves, gathers and judges. An image that is not there is unknown.
Judgement RunCase(const CosignCase& test, const image::ImageSource& source, const image::ImageSource* signatures, const Options& options) {
  // Here too, so that a signer who cannot be made fails the case whatever the registry says.
  if (const Result<image::ExpectedSigner> signer = MakeCosignSigner(test, options.folder); !signer)
    return {"unusable signer", signer.error().message};
  GatherOptions gather{.tag_prefix = test.options.value("tag_prefix", ""), .signatures = signatures};
  if (test.options.value("oci11", false)) gather.oci11 = image::Oci11Signatures::kRead;
  const Result<ResolvedImage> resolved = ResolveImage(source, test.reference, gather.limits);
  if (!resolved) return {"unknown", resolved.error().message};
  gather.presence = image::ImagePresence::kKnown;
  const GatheredMaterial gathered = GatherMaterial(source, resolved->digest, gather);
  if (options.gathered) return {"skipped", test.name + Describe(gathered)};
  return JudgeCosignCase(test, gathered, options.folder);
}

// What `work` finds in a process of its own, or how that died.
Judgement InOwnProcess(const std::function<Judgement()>& work) {
  const ProcessResult result = RunInOwnProcess([&work] {
    const Judgement found = work();
    return found.outcome + '\n' + found.reason;
  });
  if (!result.death.empty()) return {result.is_timed_out ? "timed out" : "crashed", result.death};
  const std::size_t end = result.text.find('\n');
  if (end == std::string::npos) return {"crashed", "the process said nothing"};
  return {result.text.substr(0, end), result.text.substr(end + 1)};
}

void Count(const CosignCase& test, const std::string& name, const std::vector<Judgement>& found, Totals& totals) {
  const auto is_skipped = [](const Judgement& one) { return one.outcome == "skipped"; };
  const auto skipped = std::find_if(found.begin(), found.end(), is_skipped);
  if (skipped != found.end()) {
    ++totals.skipped;
    ++totals.reasons[skipped->reason];
    return;
  }
  const auto is_wrong = [&test](const Judgement& one) {
    return std::find(test.accept.begin(), test.accept.end(), one.outcome) == test.accept.end();
  };
  const auto wrong = std::find_if(found.begin(), found.end(), is_wrong);
  if (wrong == found.end()) {
    ++totals.passed;
    return;
  }
  ++totals.failed;
  std::cout << "FAIL " << name << ": expected " << test.accept.front() << ", got " << wrong->outcome << ": " << wrong->reason << "\n";
}

Judgement RunOverHttp(const CosignCase& test, const Options& options) {
  const auto client = image::RegistryClient::Create({{.host = options.registry, .scheme = image::Scheme::kHttp}}, {}, image::SystemSeams());
  if (!client) return {"no registry", client.error().message};
  const auto open = [&](const std::string& repository) {
    const Result<image::ImageReference> reference = image::ParseImageReference(options.registry + "/" + repository);
    return reference ? (*client)->Open(*reference, {}) : reference.error();
  };
  const std::string other = test.options.value("signature_repository", test.repository);
  const Result<std::unique_ptr<image::ImageSource>> source = open(test.repository), signatures = open(other);
  if (!source || !signatures) return {"no registry", (source ? signatures : source).error().message};
  return RunCase(test, **source, signatures->get(), options);
}

void RunRegistryCase(const CosignCase& test, MemoryRegistry& registry, const Options& options, Totals& totals) {
  if (!options.registry.empty()) return Count(test, test.name, {InOwnProcess([&] { return RunOverHttp(test, options); })}, totals);
  const std::string other = test.options.value("signature_repository", "");
  std::vector<Judgement> found;
  for (const ReferrersApi api : {ReferrersApi::kAbsent, ReferrersApi::kPresent}) {
    found.push_back(InOwnProcess([&] {
      registry.SetReferrersApi(api);
      return RunCase(test, registry.Repository(test.repository), other.empty() ? nullptr : &registry.Repository(other), options);
    }));
  }
  Count(test, test.name, found, totals);
}

// A layout carries no case. One that verifies its image lends its signer; else it is the key that signed most of them.
CosignCase CaseOfLayout(const std::string& digest, const std::string& name, const std::vector<CosignCase>& cases) {
  const bool wants_attestation = name == "layout/attestation";
  const auto fits = [&](const CosignCase& one) {
    return one.reference == digest && one.accept.front() == "verified" && one.options.contains("predicate_type") == wants_attestation;
  };
  const auto found = std::find_if(cases.begin(), cases.end(), fits);
  CosignCase test{.name = name, .reference = digest, .signer = {{"key", "keys/p256.pub"}}, .accept = {"verified"}};
  test.options = nlohmann::json::object();
  if (wants_attestation) test.options["predicate_type"] = "https://slsa.dev/provenance/v1";
  if (found != cases.end()) {
    test.signer = found->signer;
    test.options = found->options;
  }
  return test;
}

void RunLayout(const std::string& folder, const std::string& name, const std::vector<CosignCase>& cases, const Options& options,
               Totals& totals) {
  const Result<std::unique_ptr<image::LayoutSource>> layout = image::LayoutSource::Open(folder, {});
  if (!layout || (*layout)->images().empty()) {
    ++totals.failed;
    std::cout << "FAIL " << name << ": expected a layout, got " << (layout ? "no image" : layout.error().message) << "\n";
    return;
  }
  const CosignCase test = CaseOfLayout((*layout)->images().front(), name, cases);
  Count(test, name, {InOwnProcess([&] { return RunCase(test, **layout, nullptr, options); })}, totals);
}

bool IsChosen(const std::string& name, const Options& options) { return name.find(options.only) != std::string::npos; }

int Run(const Options& options) {
  Result<MemoryRegistry> registry = MemoryRegistry::Load(options.folder + "/registry.json");
  const Result<std::vector<CosignCase>> cases = LoadCosignCases(options.folder);
  if (!registry || !cases) {
    std::cerr << "writ_cosign_conformance: " << (registry ? cases.error() : registry.error()).message << "\n";
    return 2;
  }
  Totals totals;
  for (const CosignCase& test : *cases) {
    if (IsChosen(test.name, options)) RunRegistryCase(test, *registry, options, totals);
  }
  std::error_code ignored;
  std::vector<fs::path> layouts;
  for (const auto& entry : fs::directory_iterator(options.folder + "/layouts", ignored)) layouts.push_back(entry.path());
  std::sort(layouts.begin(), layouts.end());
  for (const fs::path& layout : layouts) {
    const std::string name = "layout/" + layout.filename().string();
    if (IsChosen(name, options)) RunLayout(layout.string(), name, *cases, options, totals);
  }
  for (const auto& [reason, count] : totals.reasons) std::cout << "skipped: " << count << " × " << reason << "\n";
  const bool is_nothing = totals.passed + totals.failed + totals.skipped == 0;
  if (is_nothing) std::cerr << "writ_cosign_conformance: " << options.folder << "/cases.json: no such case\n";
  std::cout << totals.passed << " passed, " << totals.failed << " failed, " << totals.skipped << " skipped\n";
  if (is_nothing) return 2;
  return totals.failed == 0 ? 0 : 1;
}

}  // namespace
}  // namespace writ::conformance

int main(int argc, char** argv) {
  writ::conformance::Options options;
  for (int at = 1; at < argc; ++at) {
    const std::string argument = argv[at];
    if (argument == "--only" && at + 1 < argc) {
      options.only = argv[++at];
    } else if (argument == "--registry" && at + 1 < argc) {
      options.registry = argv[++at];
    } else if (argument == "--gathered") {
      options.gathered = true;
    } else if (!argument.starts_with("-") && options.folder.empty()) {
      options.folder = argument;
    } else {
      options.folder.clear();
      break;
    }
  }
  if (options.folder.empty()) {
    std::cerr << "usage: writ_cosign_conformance [--only PART-OF-NAME] [--gathered] [--registry HOST:PORT] DIR\n";
    return 2;
  }
  return writ::conformance::Run(options);
}
