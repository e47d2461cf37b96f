// registry/<workload>: admission reviews of a Pod with one image, through the handler of `writ serve`, whose policy requires a signature.
//   plain      the same policy without the requirement: what a review costs anyway
//   cached     the image's signature is known from before
//   new_image  each review brings an image that was never seen, fetched from Debian's docker-registry on loopback; several threads ask
//              at the same time. p50_ms and p99_ms are of single reviews, items/s are images, CPU is Writ's for 1,000 images. Registry
//              and Writ share the machine's cores.
// Signatures are `.sig` tags, by a key or keyless with certificate and log entry, made here by a private Sigstore.
#include <benchmark/benchmark.h>

#include <algorithm>
#include <atomic>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "bench/signed_images.h"
#include "dsl/compiler.h"
#include "engine/include/writ/engine.h"
#include "rules/base/check.h"
#include "rules/bundle/bundle.h"
#include "webhook/admission/review.h"
#include "webhook/decide/image_facts.h"
#include "webhook/image/registry/registry_client.h"

namespace writ {
namespace {

using std::chrono::steady_clock;
using test::SignedBy;

constexpr std::size_t kNewImages = 1'000;  // for each kind of signature

std::string PolicyText(bool requires_signature, SignedBy by) {
  std::string text = "package bench\n";
  text += by == SignedBy::kKey ? "signer release key \"release.pub\"\n"
                               : "signer release keyless {\n  issuer \"" + std::string(test::kReleaseIssuer) + "\"\n  subject \"" +
                                     std::string(test::kReleaseSubject) + "\"\n  trust \"root.json\"\n}\n";
  text += "policy images for admission of Pod on create, update {\n";
  text += requires_signature ? "  require image object.spec.containers.map(c, c.image) signed by release\n"
                             : "  deny when object.spec.containers.exists(c, c.image == \"\")\n";
  return text + "}\n";
}

std::string ReviewOf(const std::string& image) {
  return R"({"apiVersion":"admission.k8s.io/v1","kind":"AdmissionReview","request":{"uid":"u1","operation":"CREATE","name":"p","namespace":"ns",)"
         R"("kind":{"group":"","version":"v1","kind":"Pod"},"resource":{"group":"","version":"v1","resource":"pods"},)"
         R"("userInfo":{"username":"alice"},"object":{"apiVersion":"v1","kind":"Pod","metadata":{"name":"p","namespace":"ns"},)"
         R"("spec":{"containers":[{"name":"app","image":")" +
         image + R"("}]}}}})";
}

// Images signed one way in a running registry, and a webhook that demands that signature.
class SignedFleet {
 public:
  explicit SignedFleet(SignedBy by) : by_(by) {
    const test::TestSigstore sigstore;
    for (std::size_t i = 0; i < kNewImages; ++i) {
      const std::string digest = folder_.AddImage("image " + std::to_string(i));
      folder_.Attach(digest, sigstore.LayerOf(sigstore.Sign({.by = by,
                                                             .log = by == SignedBy::kKey ? test::LogVersion::kNone : test::LogVersion::kV1,
                                                             .content = test::ClaimsText(digest),
                                                             .is_classic = true})));
      digests_.push_back(digest);
    }
    server_ = std::make_unique<bench::RegistryProcess>(folder_);
    auto client = image::RegistryClient::Create({{.host = server_->address(), .scheme = image::Scheme::kHttp}}, {}, image::SystemSeams());
    WRIT_CHECK(client.ok());
    client_ = std::move(*client);
    files_ = {{"release.pub", sigstore.release_key().Pem()}, {"root.json", sigstore.root_json()}};
    LoadPolicies(true);
  }

  void LoadPolicies(bool requires_signature) {
    dsl::Compilation compiled = dsl::CompilePolicies({{"bench.writ", PolicyText(requires_signature, by_)}});
    if (!compiled.program) CheckFailed(compiled.diagnostics.front().message.c_str(), __FILE__, __LINE__);
    auto signers = image::SignerSet::Load(
        *compiled.program, {.folder = "", .read = [this](const std::string& path) -> Result<std::string> { return files_.at(path); }});
    if (!signers) CheckFailed(signers.error().message.c_str(), __FILE__, __LINE__);
    signers_ = *signers;
    auto policies = PolicySet::Load(WriteBundle(*compiled.program), {});
    WRIT_CHECK(policies.ok());
    engine_ = std::make_unique<Engine>(*policies, SystemClock());
  }

  // A review of the image of that number. Ends the process when it is not allowed.
  void Admit(std::size_t number, Context& context) const {
    const image::FactGatherer& gatherer = *gatherer_;
    const server::SignedImageFacts facts(gatherer, signers_, no_secrets_);
    const server::AdmissionReply reply = server::Review(ReviewOf(server_->address() + "/mcp/app@" + digests_.at(number)), *engine_, context,
                                                        {}, {.source = &facts, .deadline = steady_clock::now() + std::chrono::seconds(9)});
    if (reply.outcome != server::ReviewOutcome::kAllowed) CheckFailed(reply.body.c_str(), __FILE__, __LINE__);
  }

  // Nothing is cached any more, and all images are new.
  void Forget() {
    gatherer_ = MakeGatherer();
    next_ = 0;
  }
  std::size_t NextNew() { return next_++; }

 private:
  std::unique_ptr<image::FactGatherer> MakeGatherer() const {
    return std::make_unique<image::FactGatherer>(
        [this](const image::ImageReference& reference, image::SteadyTime deadline, const image::PullCredentials&) {
          return client_->Open(reference, image::DockerConfig(), deadline);
        },
        SystemClock(), image::FactOptions{});
  }

  const SignedBy by_;
  const server::ReadPullSecrets no_secrets_;
  const bench::RegistryFolder folder_;
  std::vector<std::string> digests_;
  std::unique_ptr<bench::RegistryProcess> server_;
  std::map<std::string, std::string> files_;
  std::unique_ptr<image::RegistryClient> client_;
  image::SignerSet signers_;
  std::unique_ptr<Engine> engine_;
  std::unique_ptr<image::FactGatherer> gatherer_ = MakeGatherer();
  std::atomic<std::size_t> next_ = 0;
};

// Made when first wanted. nullptr when there is no registry to run.
SignedFleet* TryFleet(benchmark::State& state, SignedBy by) {
  static std::map<SignedBy, std::unique_ptr<SignedFleet>> fleets;
  if (!bench::RegistryProcess::IsInstalled()) {
    state.SkipWithError("docker-registry is not installed: apt-get install docker-registry");
    return nullptr;
  }
  auto& fleet = fleets[by];
  if (fleet == nullptr) fleet = std::make_unique<SignedFleet>(by);
  return fleet.get();
}

void SameImage(benchmark::State& state, bool requires_signature, SignedBy by) {
  SignedFleet* fleet = TryFleet(state, by);
  if (fleet == nullptr) return;
  fleet->LoadPolicies(requires_signature);
  Context context;
  fleet->Admit(0, context);
  for (auto _ : state) fleet->Admit(0, context);
}
BENCHMARK_CAPTURE(SameImage, plain, false, SignedBy::kKey)->Name("registry/plain");
BENCHMARK_CAPTURE(SameImage, cached, true, SignedBy::kKey)->Name("registry/cached");

double Percentile(std::vector<double>& sorted, double part) { return sorted[static_cast<std::size_t>(part * double(sorted.size() - 1))]; }

// One iteration is the whole fleet, shared among `threads`.
void NewImages(benchmark::State& state, SignedBy by) {
  SignedFleet* fleet = TryFleet(state, by);
  if (fleet == nullptr) return;
  fleet->LoadPolicies(true);
  std::vector<double> milliseconds;
  std::mutex mutex;
  const auto admit_all = [&] {
    Context context;
    std::vector<double> mine;
    for (std::size_t number = fleet->NextNew(); number < kNewImages; number = fleet->NextNew()) {
      const auto start = steady_clock::now();
      fleet->Admit(number, context);
      mine.push_back(std::chrono::duration<double, std::milli>(steady_clock::now() - start).count());
    }
    const std::lock_guard lock(mutex);
    milliseconds.insert(milliseconds.end(), mine.begin(), mine.end());
  };
  for (auto _ : state) {
    fleet->Forget();
    std::vector<std::thread> threads;
    for (std::int64_t i = 0; i < state.range(0); ++i) threads.emplace_back(admit_all);
    for (std::thread& thread : threads) thread.join();
  }
  std::ranges::sort(milliseconds);
  state.SetItemsProcessed(static_cast<std::int64_t>(milliseconds.size()));
  state.counters["p50_ms"] = Percentile(milliseconds, 0.50);
  state.counters["p99_ms"] = Percentile(milliseconds, 0.99);
}
#define WRIT_NEW_IMAGES(id, by)         \
  BENCHMARK_CAPTURE(NewImages, id, by)  \
      ->Name("registry/new_image/" #id) \
      ->ArgName("threads")              \
      ->Arg(1)                          \
      ->Arg(4)                          \
      ->Arg(8)                          \
      ->Iterations(1)                   \
      ->MeasureProcessCPUTime()         \
      ->UseRealTime()                   \
      ->Unit(benchmark::kMillisecond)
WRIT_NEW_IMAGES(key, SignedBy::kKey);
WRIT_NEW_IMAGES(keyless, SignedBy::kIdentity);

}  // namespace
}  // namespace writ

BENCHMARK_MAIN();
