// The signers and images of the cosign vectors, through signer files and the gatherer: the same outcomes as those of judging alone.
// Skipped where the folder is not there (WRIT_SHARED, or beside the sources).
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "tests/support/image_facts_fixture.h"
#include "webhook/image/facts/fact_gatherer.h"

namespace writ::image {
namespace {

using nlohmann::json;

Result<std::string> ReadWholeFile(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return Error{ErrorCode::kUnreadable, path + ": cannot be read"};
  return std::string(std::istreambuf_iterator<char>(file), {});
}

draft::Signer SignerOf(const json& from, const json& options) {
  draft::Signer to;
  to.name = "release";
  to.kind = from.contains("key")        ? writ::Signer::Kind::kKey
            : from.contains("ca_roots") ? writ::Signer::Kind::kOwnPki
                                        : writ::Signer::Kind::kKeyless;
  to.key = from.value("key", "");
  to.issuer = from.value("issuer", "");
  to.subject = from.value("subject", from.value("subject_glob", ""));
  to.trust = from.contains("ca_roots") ? from.at("ca_roots").get<std::string>() : from.value("trust_root", "trust/root.json");
  for (const auto& [word, value] : options.items()) {
    if (word == "signature_repository") to.options.push_back({SignerOptionKind::kRepository, "", "r.test/" + value.get<std::string>()});
    if (word == "annotations" || word == "certificate") {
      const SignerOptionKind kind = word == "annotations" ? SignerOptionKind::kAnnotation : SignerOptionKind::kCertificate;
      for (const auto& [name, text] : value.items()) to.options.push_back({kind, name, text.get<std::string>()});
    } else if (const auto kind = TryFindSignerOption(word)) {
      to.options.push_back({*kind, "", value.get<std::string>()});
    }
  }
  return to;
}

std::string OutcomeOf(const GatheredFacts& facts) { return std::string(VerdictKindName(facts.findings.at(0).kind)); }

TEST(CosignVectors, HaveTheirOutcomesAsFacts) {
  const char* shared = std::getenv("WRIT_SHARED");
  const std::string folder = std::string(shared != nullptr ? shared : WRIT_SOURCE_DIR "/../shared") + "/vectors/cosign";
  if (!std::filesystem::exists(folder + "/cases.json")) GTEST_SKIP() << "no folder " << folder;
  Result<test::MemoryRegistry> registry = test::MemoryRegistry::Load(folder + "/registry.json");
  ASSERT_TRUE(registry.ok()) << registry.error().message;
  const OpenImageSource open = [&](const ImageReference& reference, SteadyTime,
                                   const PullCredentials&) -> Result<std::unique_ptr<ImageSource>> {
    return std::unique_ptr<ImageSource>(std::make_unique<test::LentSource>(registry->Repository(reference.repository)));
  };
  const FactGatherer gatherer(open, SystemClock(), {});
  const Result<std::string> text = ReadWholeFile(folder + "/cases.json");
  ASSERT_TRUE(text.ok()) << text.error().message;
  const json document = json::parse(*text);  // outlives the loop over it
  std::size_t judged = 0;
  for (const json& one : document.at("cases")) {
    const json options = one.value("options", json::object());
    if (options.contains("oci11")) continue;  // cosign's experiment, which policies cannot ask for
    SCOPED_TRACE(one.at("name").get<std::string>());
    ++judged;
    const Result<SignerSet> signers = SignerSet::Load(BuildProgram(test::ProgramDemanding({SignerOf(one.at("signer"), options)})),
                                                      {.folder = folder, .read = ReadWholeFile});
    ASSERT_TRUE(signers.ok()) << signers.error().message;
    const Need need{.kind = std::string(kImageFacts),
                    .key = "r.test/" + one.at("image").get<std::string>(),
                    .asks = {{signers->TryFind(SignerId{0})->signer.name, options.value("predicate_type", "")}}};
    const SteadyTime deadline = std::chrono::steady_clock::now() + std::chrono::minutes(5);
    for (const bool is_again : {false, true}) {
      const GatheredFacts facts = gatherer.Gather(*signers, std::span<const Need>(&need, 1), deadline);
      json accepted = one.value("accept", json::array());
      accepted.push_back(one.at("expect"));
      EXPECT_NE(std::find(accepted.begin(), accepted.end(), OutcomeOf(facts)), accepted.end())
          << OutcomeOf(facts) << ": " << facts.findings[0].message << (is_again ? " (again)" : "");
    }
  }
  EXPECT_GT(judged, 200U);
}

}  // namespace
}  // namespace writ::image
