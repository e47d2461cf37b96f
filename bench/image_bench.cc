// image/<material>: one verification of one image by one signer, from gathered bytes to verdict, with keys and trust root read before.
// Process CPU time: on a busy machine seconds of the clock say nothing, and ratios to image/p256_verify (OpenSSL alone) say most.
//
// peer/sigstore_go/<material>: the same bytes by sigstore-go, in the same process, with its verifier made before; when
// $WRIT_SIGSTORE_GO names the library of bench/peers/sigstore_go (`./dev bench --peers`). It has no `.sig` tags.
//
// The material is what real cosign wrote: registry.json of the cosign vectors, in $WRIT_VECTORS or beside the source tree. Where there
// is none it is made here by a private Sigstore, and each label says so.
#include <benchmark/benchmark.h>
#include <dlfcn.h>
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
#include "rules/base/digest.h"
#include "tests/conformance/cosign_case.h"
#include "tests/support/memory_registry.h"
#include "tests/support/test_sigstore.h"
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
  image::ExpectedSigner signer;
  std::string root_json, key_pem;  // what the signer was read from
};

std::string ReadFile(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

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
    const auto file = [&](const char* member) {
      return one.signer.contains(member) ? ReadFile(VectorsFolder() + "/" + one.signer[member].get<std::string>()) : std::string();
    };
    std::string root = file("trust_root");
    if (root.empty() && signer->trust_root != nullptr) root = ReadFile(VectorsFolder() + "/trust/root.json");
    return {image::GatherMaterial(repository, resolved->digest, {}), *signer, std::move(root), file("key")};
  }
  CheckFailed("there is no case of that name in the vectors", __FILE__, __LINE__);
}

Question FromProcess(const test::SignSpec& spec) {
  const test::Parts parts = Sigstore().Sign(spec);
  const bool by_key = spec.by == SignedBy::kKey;
  return {TestSigstore::Gathered({spec.is_classic ? Sigstore().LayerOf(parts) : Sigstore().BundleOf(parts)}),
          by_key ? Sigstore().KeySigner(spec.log) : Sigstore().IdentitySigner(), Sigstore().root_json(),
          by_key ? Sigstore().release_key().Pem() : std::string()};
}

Question Ask(const std::string& name, const test::SignSpec& spec) {
  return name.empty() || VectorsFolder().empty() ? FromProcess(spec) : FromVectors(name);
}

void Label(benchmark::State& state, const std::string& name) {
  state.SetLabel(name.empty() || VectorsFolder().empty() ? "made in process" : name);
}

void Verify(benchmark::State& state, const std::string& name, const test::SignSpec& spec) {
  const Question question = Ask(name, spec);
  const UnixNanos now = SystemClock().Now();
  for (auto _ : state) {
    image::Verdict verdict = VerifyImage(question.material, question.signer, now);
    if (verdict.kind != image::VerdictKind::kVerified) state.SkipWithError(verdict.message.c_str());
    benchmark::DoNotOptimize(verdict);
  }
  Label(state, name);
}
// The library of bench/peers/sigstore_go; its functions are described there.
class SigstoreGo {
 public:
  // nullptr when no library is named.
  static const SigstoreGo* TryLoad() {
    static const std::unique_ptr<SigstoreGo> peer = [] {
      const char* path = std::getenv("WRIT_SIGSTORE_GO");
      return path == nullptr ? nullptr : std::unique_ptr<SigstoreGo>(new SigstoreGo(path));
    }();
    return peer.get();
  }

  // Reads trust root and key. Ends the process when they cannot be read.
  std::uintptr_t Open(const Question& question, const test::SignSpec& spec) const {
    const image::ExpectedSigner& signer = question.signer;
    const bool is_logged = spec.log != LogVersion::kNone;
    char* message = nullptr;
    const std::uintptr_t handle =
        open_(question.root_json.data(), question.root_json.size(), question.key_pem.data(), question.key_pem.size(),
              signer.identity ? signer.identity->issuer.c_str() : "", signer.identity ? signer.identity->subject.c_str() : "",
              is_logged ? 1 : 0, spec.stamped == Stamped::kYes || spec.log == LogVersion::kV2 ? 1 : 0, &message);
    if (handle == 0) CheckFailed(message, __FILE__, __LINE__);
    return handle;
  }

  // Empty when the bundle is verified for that digest, else why it is not.
  std::string Verify(std::uintptr_t handle, const std::string& bundle, const std::string& digest) const {
    const std::unique_ptr<char, decltype(&std::free)> message(
        verify_(handle, bundle.data(), bundle.size(), digest.c_str() + std::string_view("sha256:").size()), std::free);
    return message == nullptr ? "" : message.get();
  }

 private:
  explicit SigstoreGo(const char* path) {
    void* library = dlopen(path, RTLD_NOW);
    if (library == nullptr) CheckFailed(dlerror(), __FILE__, __LINE__);
    open_ = reinterpret_cast<decltype(open_)>(dlsym(library, "sigstore_go_open"));
    verify_ = reinterpret_cast<decltype(verify_)>(dlsym(library, "sigstore_go_verify"));
    WRIT_CHECK(open_ != nullptr && verify_ != nullptr);
  }

  std::uintptr_t (*open_)(const char*, std::size_t, const char*, std::size_t, const char*, const char*, int, int, char**) = nullptr;
  char* (*verify_)(std::uintptr_t, const char*, std::size_t, const char*) = nullptr;
};

void VerifyByPeer(benchmark::State& state, const std::string& name, const test::SignSpec& spec) {
  const Question question = Ask(name, spec);
  const SigstoreGo& peer = *SigstoreGo::TryLoad();
  const std::uintptr_t handle = peer.Open(question, spec);
  for (auto _ : state) {
    const std::string message = peer.Verify(handle, question.material.materials.front().bytes, question.material.digest);
    if (!message.empty()) state.SkipWithError(message.c_str());
  }
  Label(state, name);
}

// One kind of material: the case of the vectors, and the same made here.
struct MaterialKind {
  const char* id;
  const char* vector;  // "" = the vectors have none
  test::SignSpec spec;
};

const std::vector<MaterialKind>& MaterialKinds() {
  constexpr auto kKey = SignedBy::kKey, kIdentity = SignedBy::kIdentity;
  static const std::vector<MaterialKind> kinds = {
      {"key_sig", "sig-key-p256", {.is_classic = true}},
      {"key_bundle", "bundle-key-p256", {.by = kKey}},
      {"key_rekor1_bundle", "bundle-key-rekor1", {.by = kKey, .log = LogVersion::kV1}},
      {"key_rekor2_bundle", "bundle-key-rekor2", {.by = kKey, .log = LogVersion::kV2, .stamped = Stamped::kYes}},
      {"keyless_rekor1_sig", "keyless-github", {.by = kIdentity, .log = LogVersion::kV1, .is_classic = true}},
      {"keyless_rekor1_bundle", "bundle-keyless-rekor1", {.by = kIdentity, .log = LogVersion::kV1}},
      {"keyless_rekor1_timestamp_sig",
       "keyless-log-and-tsa",
       {.by = kIdentity, .log = LogVersion::kV1, .stamped = Stamped::kYes, .is_classic = true}},
      {"keyless_rekor1_timestamp_bundle", "", {.by = kIdentity, .log = LogVersion::kV1, .stamped = Stamped::kYes}},
      {"keyless_rekor2_bundle", "bundle-keyless-rekor2", {.by = kIdentity, .log = LogVersion::kV2, .stamped = Stamped::kYes}},
  };
  return kinds;
}

// Each kind by Writ and, when what real cosign wrote is there in a form that the peer knows, right after it by the peer.
void RegisterMaterialKinds() {
  for (const MaterialKind& kind : MaterialKinds()) {
    const std::string id = kind.id;
    benchmark::RegisterBenchmark(("image/" + id).c_str(), Verify, kind.vector, kind.spec)->MeasureProcessCPUTime();
    if (SigstoreGo::TryLoad() == nullptr || kind.spec.is_classic || *kind.vector == 0 || VectorsFolder().empty()) continue;
    benchmark::RegisterBenchmark(("peer/sigstore_go/" + id).c_str(), VerifyByPeer, kind.vector, kind.spec)->MeasureProcessCPUTime();
  }
}

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
  const image::ExpectedSigner signer = Sigstore().IdentitySigner();
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
    const std::string digest = DigestOf(bytes);
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

int main(int argc, char** argv) {
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 1;
  writ::RegisterMaterialKinds();
  benchmark::RunSpecifiedBenchmarks();
}
