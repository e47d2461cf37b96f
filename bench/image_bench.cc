// image/<material>: one verification of one image by one signer, from gathered bytes to verdict, with keys and trust root read before.
// Process CPU time: on a busy machine seconds of the clock say nothing, and ratios to image/p256_verify (OpenSSL alone) say most.
//
// The material is what real cosign wrote: registry.json of the cosign vectors, in $WRIT_VECTORS or beside the source tree. Where there
// is none it is made here by a private Sigstore, and each label says so.
#include <benchmark/benchmark.h>
#include <openssl/ec.h>
#include <openssl/evp.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <memory>
#include <optional>
#include <string>

#include "rules/base/check.h"
#include "rules/base/clock.h"
#include "tests/conformance/cosign_case.h"
#include "tests/support/memory_registry.h"
#include "tests/support/test_sigstore.h"
#include "webhook/image/base/digest.h"
#include "webhook/image/gather/collector.h"
#include "webhook/image/gather/layout_source.h"
#include "webhook/image/verify/verifier.h"

namespace writ {
namespace {

namespace fs = std::filesystem;
using test::LogVersion;
using test::SignedBy;
using test::Stamped;
using test::TestSigstore;

// The folder of cosign vectors; empty when there is none.
const std::string& VectorsFolder() {
  static const std::string folder = [] {
    const char* named = std::getenv("WRIT_VECTORS");
    const std::string path = (named != nullptr ? std::string(named) : std::string(WRIT_SOURCE_DIR "/../shared/vectors")) + "/cosign";
    return fs::exists(path + "/registry.json") ? path : std::string();
  }();
  return folder;
}

const TestSigstore& Sigstore() {
  static const TestSigstore sigstore;
  return sigstore;
}

struct Question {
  image::GatheredMaterial material;
  image::Signer signer;
};

// The case of that name as `writ verify-image` would ask it.
Question FromVectors(const std::string& name) {
  static Result<test::MemoryRegistry> registry = test::MemoryRegistry::Load(VectorsFolder() + "/registry.json");
  static const auto cases = conformance::LoadCosignCases(VectorsFolder());
  WRIT_CHECK(registry.ok() && cases.ok());
  for (const conformance::CosignCase& one : *cases) {
    if (one.name != name) continue;
    const test::MemoryRepository& repository = registry->Repository(one.repository);
    const auto resolved = image::ResolveImage(repository, one.reference, {});
    auto signer = conformance::MakeCosignSigner(one, VectorsFolder());
    WRIT_CHECK(resolved.ok() && signer.ok());
    return {image::GatherMaterial(repository, resolved->digest, {}), *signer};
  }
  CheckFailed("there is no case of that name in the vectors", __FILE__, __LINE__);
}

Question FromProcess(const test::SignSpec& spec) {
  const test::Parts parts = Sigstore().Sign(spec);
  return {TestSigstore::Gathered({spec.is_classic ? Sigstore().LayerOf(parts) : Sigstore().BundleOf(parts)}),
          spec.by == SignedBy::kKey ? Sigstore().KeySigner(spec.log) : Sigstore().IdentitySigner()};
}

void Verify(benchmark::State& state, const std::string& name, const test::SignSpec& spec) {
  const bool has_vectors = !VectorsFolder().empty();
  const Question question = has_vectors ? FromVectors(name) : FromProcess(spec);
  const UnixNanos now = SystemClock().Now();
  for (auto _ : state) {
    image::Verdict verdict = VerifyImage(question.material, question.signer, now);
    if (verdict.kind != image::VerdictKind::kVerified) state.SkipWithError(verdict.message.c_str());
    benchmark::DoNotOptimize(verdict);
  }
  state.SetLabel(has_vectors ? name : "no vectors, made in process");
}
#define WRIT_IMAGE_BENCH(id, name, vector, ...) \
  BENCHMARK_CAPTURE(Verify, id, vector, test::SignSpec{__VA_ARGS__})->Name("image/" name)->MeasureProcessCPUTime()
WRIT_IMAGE_BENCH(key_sig, "key_sig", "sig-key-p256", .is_classic = true);
WRIT_IMAGE_BENCH(key_bundle, "key_bundle", "bundle-key-p256", .by = SignedBy::kKey);
WRIT_IMAGE_BENCH(key_rekor1, "key_rekor1_bundle", "bundle-key-rekor1", .log = LogVersion::kV1);
WRIT_IMAGE_BENCH(key_rekor2, "key_rekor2_bundle", "bundle-key-rekor2", .log = LogVersion::kV2);
WRIT_IMAGE_BENCH(keyless_sig, "keyless_rekor1_sig", "keyless-github", .by = SignedBy::kIdentity, .log = LogVersion::kV1,
                 .is_classic = true);
WRIT_IMAGE_BENCH(keyless_bundle, "keyless_rekor1_bundle", "bundle-keyless-rekor1", .by = SignedBy::kIdentity, .log = LogVersion::kV1);
WRIT_IMAGE_BENCH(keyless_stamped, "keyless_rekor1_timestamp_sig", "keyless-log-and-tsa", .by = SignedBy::kIdentity, .log = LogVersion::kV1,
                 .stamped = Stamped::kYes, .is_classic = true);
WRIT_IMAGE_BENCH(rekor2, "rekor2_timestamp", "bundle-keyless-rekor2", .by = SignedBy::kIdentity, .log = LogVersion::kV2,
                 .stamped = Stamped::kYes);

// What no verification can be cheaper than: OpenSSL checks one P-256 signature of a digest with a key that is ready.
void BareP256(benchmark::State& state) {
  const std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)> key(EVP_EC_gen("P-256"), EVP_PKEY_free);
  const std::unique_ptr<EVP_PKEY_CTX, decltype(&EVP_PKEY_CTX_free)> context(EVP_PKEY_CTX_new(key.get(), nullptr), EVP_PKEY_CTX_free);
  const unsigned char digest[32] = {1};
  unsigned char signature[80];
  std::size_t size = sizeof(signature);
  WRIT_CHECK(EVP_PKEY_sign_init(context.get()) == 1 && EVP_PKEY_sign(context.get(), signature, &size, digest, sizeof(digest)) == 1);
  WRIT_CHECK(EVP_PKEY_verify_init(context.get()) == 1);
  for (auto _ : state) {
    if (EVP_PKEY_verify(context.get(), signature, size, digest, sizeof(digest)) != 1) state.SkipWithError("not verified");
  }
}
BENCHMARK(BareP256)->Name("image/p256_verify")->MeasureProcessCPUTime();

// Once for each trust root, not for each image: reads a trusted_root.json and verifies its chains.
void TrustRootParse(benchmark::State& state) {
  for (auto _ : state) benchmark::DoNotOptimize(image::ParseTrustRoot("root.json", Sigstore().root_json()));
}
BENCHMARK(TrustRootParse)->Name("image/trust_root_parse")->MeasureProcessCPUTime();

// What a hostile push costs: as many self-made keyless bundles as are judged at most, none of which verifies.
void HostileMaterials(benchmark::State& state) {
  const TestSigstore stranger;
  const image::Material bundle = stranger.BundleOf(stranger.Sign({.by = SignedBy::kIdentity, .log = LogVersion::kV1}));
  const auto gathered = TestSigstore::Gathered(std::vector<image::Material>(image::ImageLimits().max_materials, bundle));
  const image::Signer signer = Sigstore().IdentitySigner();
  for (auto _ : state) {
    image::Verdict verdict = VerifyImage(gathered, signer, test::kSignedAt);
    if (verdict.kind != image::VerdictKind::kRefuted) state.SkipWithError("not refuted");
  }
}
BENCHMARK(HostileMaterials)->Name("image/refused_300_bundles")->MeasureProcessCPUTime()->Unit(benchmark::kMillisecond);

void WriteFile(const fs::path& path, const std::string& bytes) {
  fs::create_directories(path.parent_path());
  std::ofstream(path, std::ios::binary) << bytes;
}

// A layout folder with one image and its signature, as `cosign save` of version 2 writes it.
std::string MakeLayout() {
  const fs::path folder = fs::temp_directory_path() / ("writ_image_bench_" + std::to_string(SystemClock().Now()));
  const auto add = [&](const std::string& bytes) {
    const std::string digest = image::DigestOf(bytes);
    WriteFile(folder / "blobs/sha256" / digest.substr(7), bytes);
    return R"("digest":")" + digest + R"(","size":)" + std::to_string(bytes.size());
  };
  const auto manifest = [&](const std::string& layers) {
    return R"({"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json","config":{"mediaType":"application/x",)" +
           add("{}") + R"(},"layers":[)" + layers + "]}";
  };
  const auto entry = [&](const std::string& text, const std::string& kind) {
    return R"({"mediaType":"application/vnd.oci.image.manifest.v1+json",)" + add(text) +
           R"(,"annotations":{"kind":"dev.cosignproject.cosign/)" + kind + "\"}}";
  };
  const std::string layer = R"({"mediaType":"application/vnd.dev.cosign.simplesigning.v1+json",)" + add(test::ClaimsText()) +
                            R"(,"annotations":{"dev.cosignproject.cosign/signature":"AAAA"}})";
  const std::string index = R"({"schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json","manifests":[)" +
                            entry(manifest(""), "image") + "," + entry(manifest(layer), "sigs") + "]}";
  WriteFile(folder / "index.json", index);
  WriteFile(folder / "oci-layout", R"({"imageLayoutVersion":"1.0.0"})");
  return folder;
}

// Opens a layout folder and collects what is attached to its image. Files are in the page cache.
void LayoutGather(benchmark::State& state) {
  const bool has_vectors = !VectorsFolder().empty();
  const std::string folder = has_vectors ? VectorsFolder() + "/layouts/keyless" : MakeLayout();
  for (auto _ : state) {
    const auto layout = image::LayoutSource::Open(folder, {});
    if (!layout) {
      state.SkipWithError(layout.error().message.c_str());
      break;
    }
    const image::GatheredMaterial gathered = image::GatherMaterial(**layout, (*layout)->images().front(), {});
    if (gathered.materials.empty() || !gathered.faults.empty()) state.SkipWithError("nothing was gathered");
  }
  state.SetLabel(has_vectors ? "layouts/keyless" : "no vectors, made in process");
  if (!has_vectors) fs::remove_all(folder);
}
BENCHMARK(LayoutGather)->Name("image/layout_gather")->MeasureProcessCPUTime();

}  // namespace
}  // namespace writ

BENCHMARK_MAIN();
