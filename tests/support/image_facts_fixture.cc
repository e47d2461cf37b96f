#include "tests/support/image_facts_fixture.h"

#include "rules/base/digest.h"
#include "webhook/image/trust/encoding.h"
#include "webhook/image/verify/envelope.h"

namespace writ::test {
namespace {

std::string Entry(std::string_view type, std::string_view digest, std::size_t size, const std::string& more = "") {
  return R"({"mediaType":")" + std::string(type) + R"(","digest":")" + std::string(digest) + R"(","size":)" + std::to_string(size) + more +
         "}";
}

std::string ManifestText(const std::string& layers, std::string_view config) {
  return R"({"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json","config":)" +
         Entry("application/vnd.oci.image.config.v1+json", DigestOf(config), config.size()) + R"(,"layers":[)" + layers + "]}";
}

std::string SignatureTag(const std::string& digest, const std::string& suffix) { return "sha256-" + digest.substr(7) + suffix; }

}  // namespace

std::string SignedImages::AddImage(std::string_view tag, std::string_view content) {
  return repository.AddManifest(ManifestText("", content), tag);
}

std::string SignedImages::AddIndex(std::string_view tag, const std::vector<std::pair<std::string, std::string>>& platforms) {
  std::string entries;
  for (const auto& [digest, platform] : platforms) {
    const std::size_t slash = platform.find('/');
    const std::string more =
        R"(,"platform":{"os":")" + platform.substr(0, slash) + R"(","architecture":")" + platform.substr(slash + 1) + R"("})";
    entries += (entries.empty() ? "" : ",") + Entry(image::kOciManifestType, digest, 10, more);
  }
  return repository.AddManifest(
      R"({"schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json","manifests":[)" + entries + "]}", tag);
}

void SignedImages::Sign(const std::string& digest, const TestKey& key, std::string_view prefix) {
  const std::string payload = R"({"critical":{"identity":{"docker-reference":"r.test/app"},"image":{"docker-manifest-digest":")" + digest +
                              R"("},"type":"cosign container image signature"},"optional":null})";
  const std::string annotations = R"(,"annotations":{"dev.cosignproject.cosign/signature":")" + EncodeBase64(key.Sign(payload)) + R"("})";
  Attach(std::string(prefix) + SignatureTag(digest, ".sig"),
         Entry("application/vnd.dev.cosign.simplesigning.v1+json", repository.AddBlob(payload), payload.size(), annotations));
}

void SignedImages::Attest(const std::string& digest, const TestKey& key, std::string_view type, std::string_view predicate) {
  const std::string statement = R"({"_type":"https://in-toto.io/Statement/v1","subject":[{"digest":{"sha256":")" + digest.substr(7) +
                                R"("}}],"predicateType":")" + std::string(type) + R"(","predicate":)" + std::string(predicate) + "}";
  const std::string signature = key.Sign(image::PreAuthEncoding(image::kInTotoPayloadType, statement));
  const std::string envelope = R"({"payloadType":"application/vnd.in-toto+json","payload":")" + EncodeBase64(statement) +
                               R"(","signatures":[{"sig":")" + EncodeBase64(signature) + R"("}]})";
  Attach(SignatureTag(digest, ".att"), Entry("application/vnd.dsse.envelope.v1+json", repository.AddBlob(envelope), envelope.size(),
                                             R"(,"annotations":{"dev.cosignproject.cosign/signature":""})"));
}

void SignedImages::Attach(const std::string& tag, const std::string& layer) {
  std::vector<std::string>& layers = layers_[tag];
  layers.push_back(layer);
  std::string text;
  for (const std::string& each : layers) text += (text.empty() ? "" : ",") + each;
  repository.AddManifest(ManifestText(text, "{}"), tag);
}

draft::Program ProgramDemanding(std::vector<draft::Signer> signers) {
  draft::Program program;
  program.files = {"policies/images.writ"};
  program.signers = std::move(signers);
  draft::SignatureDemand demand;
  for (std::size_t at = 0; at < program.signers.size(); ++at) {
    program.signers[at].location = {.file = FileId{0}, .line = static_cast<std::uint32_t>(at + 3), .column = 1};
    demand.signers.push_back({.kind = SignerTerm::Kind::kSigner, .signer = SignerId{static_cast<std::uint32_t>(at)}});
  }
  draft::Rule rule;
  rule.verb = Verb::kRequire;
  rule.image = draft::ImageSpec{.image = {}, .demands = {demand}};
  program.rules.push_back(rule);
  return program;
}

draft::Signer KeySigner(const std::string& name) {
  draft::Signer signer;
  signer.name = name;
  signer.key = name + ".pub";
  return signer;
}

std::function<Result<std::string>(const std::string&)> ReadFrom(const std::map<std::string, std::string>& files) {
  return [&files](const std::string& path) -> Result<std::string> {
    const auto found = files.find(path);
    if (found == files.end()) return Error{ErrorCode::kNotFound, path + ": no such file"};
    return found->second;
  };
}

}  // namespace writ::test
