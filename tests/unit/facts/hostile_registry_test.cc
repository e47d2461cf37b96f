// What a hostile registry can make us hold: everything that it could send without end, over loopback, with every byte that the program
// allocates counted. No time is measured. A program of its own, because it replaces operator new.
#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdlib>
#include <new>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "rules/base/digest.h"
#include "tests/support/image_facts_fixture.h"
#include "tests/support/scripted_server.h"
#include "webhook/image/facts/fact_gatherer.h"
#include "webhook/image/registry/registry_client.h"

namespace {

std::atomic<std::size_t> held_bytes{0}, peak_bytes{0};
thread_local bool is_server = false;  // what the other side holds is not ours

struct Header {
  std::size_t size;
  bool is_counted;
};
constexpr std::size_t kHeaderBytes = 16;
static_assert(sizeof(Header) <= kHeaderBytes);

}  // namespace

// NOLINTBEGIN(cppcoreguidelines-no-malloc,misc-new-delete-overloads)
void* operator new(std::size_t size) {
  void* block = std::malloc(size + kHeaderBytes);
  if (block == nullptr) std::abort();
  *static_cast<Header*>(block) = {size, !is_server};
  if (!is_server) {
    const std::size_t held = held_bytes.fetch_add(size) + size;
    std::size_t peak = peak_bytes.load();
    while (held > peak && !peak_bytes.compare_exchange_weak(peak, held)) {}
  }
  return static_cast<char*>(block) + kHeaderBytes;
}
void operator delete(void* at) noexcept {
  if (at == nullptr) return;
  auto* header = reinterpret_cast<Header*>(static_cast<char*>(at) - kHeaderBytes);
  if (header->is_counted) held_bytes.fetch_sub(header->size);
  std::free(header);
}
void operator delete(void* at, std::size_t) noexcept { operator delete(at); }
// The other forms, too: a sanitizer brings its own of each that is not replaced.
void* operator new[](std::size_t size) { return operator new(size); }
void* operator new(std::size_t size, const std::nothrow_t&) noexcept { return operator new(size); }
void* operator new[](std::size_t size, const std::nothrow_t&) noexcept { return operator new(size); }
void operator delete[](void* at) noexcept { operator delete(at); }
void operator delete[](void* at, std::size_t) noexcept { operator delete(at); }
void operator delete(void* at, const std::nothrow_t&) noexcept { operator delete(at); }
void operator delete[](void* at, const std::nothrow_t&) noexcept { operator delete(at); }
// NOLINTEND(cppcoreguidelines-no-malloc,misc-new-delete-overloads)

namespace writ::image {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;
using test::HttpReply;
using test::ScriptedReply;
using test::ScriptedServer;
using test::SeenRequest;
using test::Then;
using testing::HasSubstr;

constexpr std::size_t kMiB = std::size_t{1024} * 1024;
// What docs/security/signatures.md promises of one image, whatever is attached to it.
constexpr std::size_t kMaxBytesOfAnImage = 160 * kMiB;

constexpr std::string_view kPayloadType = "application/vnd.dev.cosign.simplesigning.v1+json";
constexpr std::string_view kBundleType = "application/vnd.dev.sigstore.bundle.v0.3+json";

std::string Number(std::size_t number) { return std::to_string(number); }

std::string Entry(std::string_view type, const std::string& digest, std::size_t size, const std::string& more = "") {
  return R"({"mediaType":")" + std::string(type) + R"(","digest":")" + digest + R"(","size":)" + Number(size) + more + "}";
}
std::string Manifest(const std::string& layers, const std::string& more = "") {
  return R"({"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json","config":)" +
         Entry("application/x", DigestOf("{}"), 2) + R"(,"layers":[)" + layers + "]" + more + "}";
}
std::string Index(const std::string& manifests) {
  return R"({"schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json","manifests":[)" + manifests + "]}";
}
std::string Joined(std::size_t count, const std::function<std::string(std::size_t)>& part) {
  std::string out;
  for (std::size_t at = 0; at < count; ++at) out += (at == 0 ? "" : ",") + part(at);
  return out;
}
// JSON of that many bytes whose tree is as large as can be: a list of empty lists.
std::string EmptyLists(std::size_t bytes) {
  std::string out = R"({"x":[[])";
  while (out.size() + 5 <= bytes) out += ",[]";
  return out + "]}";
}
// Each of them costs ten times its bytes once it is read, and those of layers are kept until they are judged.
std::string TinyAnnotations(std::size_t bytes) {
  std::string out = R"(,"annotations":{"0":"")";
  for (std::size_t at = 1; out.size() < bytes; ++at) out += ",\"" + Number(at) + R"(":"")";
  return out + "}";
}
std::string Filler(std::size_t bytes) { return std::string(bytes, 'x'); }

// A registry of one repository, "acme/app". What no script tells is absent.
class HostileRegistryTest : public testing::Test {
 protected:
  void SetUp() override {
    is_server = true;  // what the test prepares is the registry's
    image_text_ = Manifest("");
    image_ = DigestOf(image_text_);
    Put("manifests/" + image_, image_text_);
  }
  void TearDown() override { is_server = false; }
  std::string Sig() const { return "manifests/sha256-" + image_.substr(7) + ".sig"; }
  std::string Fallback() const { return "manifests/sha256-" + image_.substr(7); }
  std::string Listing() const { return "referrers/" + image_; }

  void Put(const std::string& path, const std::string& body, const std::string& headers = "") {
    const std::string type = path.starts_with("blobs/")                         ? "application/octet-stream"
                             : body.find("image.index.v1") != std::string::npos ? "application/vnd.oci.image.index.v1+json"
                                                                                : std::string(kOciManifestType);
    replies_[path] = HttpReply(200, body, "Content-Type: " + type + "\r\n" + headers);
  }
  // Returns the descriptor.
  std::string PutBlob(std::string_view type, const std::string& body, const std::string& more = "") {
    const std::string digest = DigestOf(body);
    Put("blobs/" + digest, body);
    return Entry(type, digest, body.size(), more);
  }
  std::string PutReferrer(const std::string& layer, const std::string& more = "") {
    const std::string text = Manifest(layer, R"(,"subject":)" + Entry(kOciManifestType, image_, image_text_.size()) +
                                                 R"(,"artifactType":")" + std::string(kBundleType) + "\"" + more);
    const std::string digest = DigestOf(text);
    Put("manifests/" + digest, text);
    return Entry(kOciManifestType, digest, text.size());
  }

  // Gathers and judges; returns "outcome: reason", and notes the peak.
  std::string Judge() {
    ScriptedServer server([this](const SeenRequest& request) {
      is_server = true;
      const std::string path = request.target.substr(request.target.find("/app/") + 5);
      const auto found = replies_.find(path.substr(0, path.find('?')));
      return found == replies_.end() ? HttpReply(404) : found->second;
    });
    const std::string host = server.At("127.0.0.1");
    is_server = false;
    auto client = *RegistryClient::Create({{.host = host, .scheme = Scheme::kHttp, .internal_addresses = InternalAddresses::kAllowed}},
                                          limits_.gather, SystemSeams());
    const OpenImageSource open = [&client](const ImageReference& reference, SteadyTime deadline, const PullCredentials&) {
      return client->Open(reference, *ReadDockerConfig("{}", "config.json"), deadline);
    };
    const test::TestKey key("P-256");
    const std::map<std::string, std::string> files{{"release.pub", key.Pem()}};
    const SignerSet signers =
        *SignerSet::Load(BuildProgram(test::ProgramDemanding({test::KeySigner("release")})), {.folder = "", .read = test::ReadFrom(files)});
    const FakeClock clock{test::kSignedAt};
    const FactGatherer gatherer(open, clock, {.limits = limits_});
    const Need need{.kind = std::string(kImageFacts), .key = host + "/acme/app@" + image_, .asks = {{"release", ""}, {"release", "vuln"}}};
    const std::size_t before = held_bytes;
    peak_bytes = before;
    const GatheredFacts facts = gatherer.Gather(signers, std::span(&need, 1), steady_clock::now() + std::chrono::minutes(5));
    peak_ = peak_bytes - before;
    const ImageFinding& finding = facts.findings.front();
    is_server = true;
    std::string out = std::string(VerdictKindName(finding.kind)) + ": " + finding.message;
    RecordProperty("peak_kib", static_cast<int>(peak_ / 1024));
    return out;
  }
  void Expect(const std::string& outcome, const std::string& reason, std::size_t max_bytes) {
    const std::string said = Judge();
    EXPECT_THAT(said, testing::StartsWith(outcome + ": "));
    EXPECT_THAT(said, HasSubstr(reason));
    EXPECT_LT(peak_, max_bytes) << peak_ / 1024 << " KiB";
    EXPECT_LT(peak_, kMaxBytesOfAnImage);
  }

  std::map<std::string, ScriptedReply> replies_;
  std::string image_text_, image_;
  FactLimits limits_{.gather = {.image_deadline = std::chrono::seconds(300), .try_timeout = std::chrono::seconds(60)}};
  std::size_t peak_ = 0;
};

TEST_F(HostileRegistryTest, NothingThere) { Expect("refuted", "no signature", 2 * kMiB); }

TEST_F(HostileRegistryTest, EndlessManifest) {
  const std::string head = "HTTP/1.1 200 X\r\nContent-Type: " + std::string(kOciManifestType) + "\r\n\r\n";
  for (const std::string& path : {Sig(), Fallback(), Listing()})
    replies_[path] = {.bytes = head, .then = Then::kRepeat, .repeat = Filler(16'384)};
  Expect("unknown", "the answer has more than 4194304 bytes", 40 * kMiB);
}

TEST_F(HostileRegistryTest, EndlessBlob) {
  const std::string layer = PutBlob(kPayloadType, "short");
  Put(Sig(), Manifest(layer));
  replies_["blobs/" + DigestOf("short")] = {
      .bytes = "HTTP/1.1 200 X\r\nContent-Type: x/y\r\n\r\n", .then = Then::kRepeat, .repeat = Filler(16'384)};
  Expect("unknown", "the answer has more than 5 bytes", 2 * kMiB);
}

TEST_F(HostileRegistryTest, EndlessPagesOfReferrers) {
  const std::string page = Index(Joined(4'000, [](std::size_t at) {
    return Entry(kOciManifestType, DigestOf(Number(at)), 9, R"(,"annotations":{"a":")" + Filler(800) + "\"}");
  }));
  Put(Listing(), page, "Link: <?again>; rel=next\r\n");
  Expect("unknown", "the listing is longer than is read", 90 * kMiB);
}

TEST_F(HostileRegistryTest, PagesOfTinyAnnotations) {
  const std::string tiny = TinyAnnotations(2'000);
  const std::string page = Index(Joined(1'800, [&tiny](std::size_t at) { return Entry(kOciManifestType, DigestOf(Number(at)), 9, tiny); }));
  Put(Listing(), page, "Link: <?again>; rel=next\r\n");
  Put(Fallback(), page);
  Expect("unknown", "the listing is longer than is read", kMaxBytesOfAnImage);
}

TEST_F(HostileRegistryTest, TenThousandSignatures) {
  Put(Sig(), Manifest(Joined(10'000, [](std::size_t at) { return Entry(kPayloadType, DigestOf(Number(at)), 9); })));
  Expect("unknown", "`layers` has more than 4096 entries", 40 * kMiB);
}

TEST_F(HostileRegistryTest, FourThousandSignatures) {
  const std::string annotation = R"(,"annotations":{"dev.cosignproject.cosign/signature":")" + Filler(600) + "\"}";
  std::string layers;
  for (std::size_t at = 0; at < 4'000; ++at) layers += (at == 0 ? "" : ",") + PutBlob(kPayloadType, Number(at), annotation);
  Put(Sig(), Manifest(layers));
  Expect("unknown", "4000 layers; only the first 100 are read", 80 * kMiB);
}

TEST_F(HostileRegistryTest, TenThousandBundles) {
  Put(Listing(), Index(Joined(4'000, [](std::size_t at) { return Entry(kOciManifestType, DigestOf(Number(at)), 9); })));
  Expect("unknown", "more than 100 referrers", 40 * kMiB);
}

TEST_F(HostileRegistryTest, ManifestsOfAMillionAnnotations) {
  const std::string annotations = TinyAnnotations(4 * kMiB - 2'000);
  Put(Sig(), Manifest(PutBlob(kPayloadType, "a", annotations)));
  std::string manifests;
  for (std::size_t at = 0; at < 1; ++at) manifests += (at == 0 ? "" : ",") + PutReferrer(PutBlob(kBundleType, Number(at), annotations));
  Put(Listing(), Index(manifests));
  Expect("unknown", "`layers[0].annotations` has more than 256 entries", 90 * kMiB);
}

TEST_F(HostileRegistryTest, ManifestOfEmptyLists) {
  for (const std::string& path : {Sig(), Fallback(), Listing()}) Put(path, EmptyLists(4 * kMiB - 100));
  Expect("unknown", "`schemaVersion` is not 2", kMaxBytesOfAnImage);
}

TEST_F(HostileRegistryTest, DeeplyNestedManifest) {
  for (const std::string& path : {Sig(), Fallback(), Listing()}) Put(path, R"({"layers":)" + std::string(4 * kMiB - 100, '['));
  Expect("unknown", "nested deeper than 32 levels", kMaxBytesOfAnImage);
}

TEST_F(HostileRegistryTest, ManyLargeLayers) {
  std::string layers;
  for (std::size_t at = 0; at < 100; ++at) layers += (at == 0 ? "" : ",") + PutBlob(kPayloadType, Number(1000 + at) + Filler(kMiB - 4));
  Put(Sig(), Manifest(layers));
  Expect("unknown", "more than 33554432 bytes are attached", 60 * kMiB);
}

TEST_F(HostileRegistryTest, PayloadsOfEmptyLists) {
  std::string layers;
  for (std::size_t at = 0; at < 32; ++at)
    layers += (at == 0 ? "" : ",") +
              PutBlob(kPayloadType, EmptyLists(kMiB - 8 - at), R"(,"annotations":{"dev.cosignproject.cosign/signature":"YQ=="})");
  Put(Sig(), Manifest(layers));
  Expect("refuted", "`critical.type` is missing", kMaxBytesOfAnImage);
}

TEST_F(HostileRegistryTest, BundlesOfEmptyLists) {
  std::string manifests;
  for (std::size_t at = 0; at < 8; ++at)
    manifests += (at == 0 ? "" : ",") + PutReferrer(PutBlob(kBundleType, EmptyLists(4 * kMiB - 8 - at)));
  Put(Listing(), Index(manifests));
  Expect("refuted", "media type is missing", kMaxBytesOfAnImage);
}

TEST_F(HostileRegistryTest, DeeplyNestedBundles) {
  std::string manifests;
  for (std::size_t at = 0; at < 8; ++at)
    manifests += (at == 0 ? "" : ",") + PutReferrer(PutBlob(kBundleType, R"({"x":)" + std::string(4 * kMiB - 8 - at, '[')));
  Put(Listing(), Index(manifests));
  Expect("refuted", "nested deeper than 32 levels", kMaxBytesOfAnImage);
}

TEST_F(HostileRegistryTest, LargeReferrers) {
  std::string manifests;
  for (std::size_t at = 0; at < 13; ++at)
    manifests += (at == 0 ? "" : ",") + PutReferrer(Entry(kBundleType, DigestOf(Number(at)), 9),
                                                    R"(,"annotations":{"a":")" + Filler(4 * kMiB - 2'000 - at) + "\"}");
  Put(Listing(), Index(manifests));
  Expect("unknown", "their manifests have more than 33554432 bytes", kMaxBytesOfAnImage);
}

// The annotations of layers that are wanted are kept until they are judged.
TEST_F(HostileRegistryTest, ReferrersWhoseLayersHaveLargeAnnotations) {
  std::string manifests;
  for (std::size_t at = 0; at < 13; ++at)
    manifests +=
        (at == 0 ? "" : ",") + PutReferrer(PutBlob(kBundleType, Number(at), R"(,"annotations":{"a":")" + Filler(4 * kMiB - 2'000) + "\"}"));
  Put(Listing(), Index(manifests));
  Expect("unknown", "their manifests have more than 33554432 bytes", kMaxBytesOfAnImage);
}

TEST_F(HostileRegistryTest, SlowDrip) {
  limits_.gather.try_timeout = milliseconds(300);  // real time: the server sends a byte every 20 ms, for ever
  limits_.gather.max_tries = 1;
  const std::string head = "HTTP/1.1 200 X\r\nContent-Type: " + std::string(kOciManifestType) + "\r\nContent-Length: 100000\r\n\r\n";
  for (const std::string& path : {Sig(), Fallback(), Listing()})
    replies_[path] = {.bytes = head, .then = Then::kRepeat, .repeat = " ", .pause = milliseconds(20)};
  Expect("unknown", "the answer did not end in time", 2 * kMiB);
}

TEST_F(HostileRegistryTest, EverythingAtOnce) {
  std::string layers, manifests;
  for (std::size_t at = 0; at < 16; ++at)
    layers += (at == 0 ? "" : ",") + PutBlob(kPayloadType, EmptyLists(kMiB - 8 - at),
                                             R"(,"annotations":{"dev.cosignproject.cosign/signature":")" + Filler(200'000) + "\"}");
  for (std::size_t at = 0; at < 8; ++at)
    manifests += (at == 0 ? "" : ",") + PutReferrer(PutBlob(kBundleType, EmptyLists(2 * kMiB - 8 - at),
                                                            R"(,"annotations":{"a":")" + Filler(4 * kMiB - 2'000) + "\"}"));
  Put(Sig(), Manifest(layers));
  Put(Listing(), Index(manifests));
  Put(Fallback(), Index(Joined(4'000, [](std::size_t at) {
        return Entry(kOciManifestType, DigestOf(Number(at)), 9, R"(,"annotations":{"a":")" + Filler(800) + "\"}");
      })));
  Expect("unknown", "more than 100 referrers; the rest is not read", kMaxBytesOfAnImage);
}

}  // namespace
}  // namespace writ::image
