// The collector over a registry in memory: where signatures are found, what becomes a note, and what becomes a fault.
#include "webhook/image/gather/collector.h"

#include <algorithm>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "rules/base/digest.h"
#include "tests/support/memory_registry.h"

namespace writ::image {
namespace {

using test::MemoryRepository;
using test::ReferrersApi;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr std::string_view kPayloadType = "application/vnd.dev.cosign.simplesigning.v1+json";
constexpr std::string_view kEnvelopeType = "application/vnd.dsse.envelope.v1+json";
constexpr std::string_view kBundleType = "application/vnd.dev.sigstore.bundle.v0.3+json";

std::string BlobText(std::string_view type, std::string_view digest, std::size_t size, const std::string& more = "") {
  return R"({"mediaType":")" + std::string(type) + R"(","digest":")" + std::string(digest) + R"(","size":)" + std::to_string(size) + more +
         "}";
}
std::string ManifestText(const std::string& layers, const std::string& more = "", std::string_view config = "application/x") {
  return R"({"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json","config":)" + BlobText(config, DigestOf("{}"), 2) +
         R"(,"layers":[)" + layers + "]" + more + "}";
}
std::string IndexText(const std::string& manifests) {
  return R"({"schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json","manifests":[)" + manifests + "]}";
}
std::string Subject(std::string_view digest) { return R"(,"subject":)" + BlobText(kOciManifestType, digest, 10); }

// One line an item: what a reader wants to see of the result.
std::string Dump(const GatheredMaterial& gathered) {
  std::string out;
  for (const Material& material : gathered.materials) {
    const char* form = material.form == MaterialForm::kSimpleSigning ? "sig" : material.form == MaterialForm::kEnvelope ? "att" : "bundle";
    out += std::string(form) + " " + material.bytes + "\n";
  }
  for (const GatherFault& fault : gathered.faults) out += "fault " + fault.origin + ": " + fault.message + "\n";
  for (const std::string& note : gathered.notes) out += "note " + note + "\n";
  return out;
}

// An image and verbs that attach things to it.
class Repository {
 public:
  Repository() { digest = repository.AddManifest(ManifestText(""), "1.0"); }

  std::string Layer(std::string_view type, std::string_view bytes) {
    return BlobText(type, repository.AddBlob(bytes), bytes.size(), R"(,"annotations":{"k":"v"})");
  }
  std::string Tag(const std::string& suffix) const { return "sha256-" + digest.substr(7) + suffix; }
  void AddSig(const std::string& bytes) { repository.AddManifest(ManifestText(Layer(kPayloadType, bytes)), Tag(".sig")); }
  void AddAtt(const std::string& bytes) { repository.AddManifest(ManifestText(Layer(kEnvelopeType, bytes)), Tag(".att")); }
  // Returns the digest of the referrer.
  std::string AddBundle(const std::string& bytes, const std::string& about = "") {
    return repository.AddManifest(ManifestText(
        Layer(kBundleType, bytes), Subject(about.empty() ? digest : about) + R"(,"artifactType":")" + std::string(kBundleType) + "\""));
  }
  void SetFallback(const std::string& manifests) { repository.AddManifest(IndexText(manifests), Tag("")); }
  std::string Entry(std::string_view referrer, const std::string& artifact_type) const {
    return BlobText(kOciManifestType, referrer, 10, artifact_type.empty() ? "" : R"(,"artifactType":")" + artifact_type + "\"");
  }
  GatheredMaterial Gather(const GatherOptions& options = {}) const { return GatherMaterial(repository, digest, options); }
  std::string Gathered(const GatherOptions& options = {}) const { return Dump(Gather(options)); }

  MemoryRepository repository;
  std::string digest;
};

TEST(Collector, FindsNothingOnAnUnsignedImage) {
  const Repository on;
  EXPECT_EQ(on.Gathered(), "");
  EXPECT_THAT(on.repository.Requests(), ElementsAre("manifest " + on.Tag(""), "manifest " + on.Tag(".att"), "manifest " + on.Tag(".sig"),
                                                    "manifest " + on.digest, "referrers " + on.digest));
}

TEST(Collector, FindsEveryFormInAFixedOrder) {
  Repository on;
  on.AddBundle("b1");
  on.AddBundle("b2");
  on.AddAtt("a");
  on.AddSig("s");
  on.repository.SetReferrersApi(ReferrersApi::kPresent);
  for (int round = 0; round < 20; ++round) EXPECT_EQ(on.Gathered(), "sig s\natt a\nbundle b1\nbundle b2\n");
  const GatheredMaterial gathered = on.Gather();
  EXPECT_EQ(gathered.digest, on.digest);
  EXPECT_EQ(gathered.materials[0].origin, on.Tag(".sig") + ", layer 1");
  EXPECT_EQ(gathered.materials[0].media_type, kPayloadType);
  EXPECT_EQ(gathered.materials[0].annotations.at("k"), "v");
}

// Who wants signatures only pays no request for `.att`, but is told when there is nothing else.
TEST(Collector, AsksForAttestationsOnlyToExplainWhatIsThereInstead) {
  const GatherOptions options{.attestation_tag = AttestationTag::kOnlyToExplain};
  Repository on;
  on.AddAtt("a");
  EXPECT_EQ(on.Gathered(options), "att a\n");
  on.AddSig("s");
  EXPECT_EQ(on.Gathered(options), "sig s\n");
  Repository with_bundle;
  with_bundle.repository.SetReferrersApi(ReferrersApi::kPresent);
  with_bundle.AddAtt("a");
  with_bundle.AddBundle("b");
  EXPECT_EQ(with_bundle.Gathered(options), "bundle b\n");
}

// §8 case 41: no object is asked for twice, whatever names it.
TEST(Collector, AsksForEachObjectOnce) {
  Repository on;
  const std::string bundle = on.AddBundle("b");
  on.SetFallback(on.Entry(bundle, "") + "," + on.Entry(bundle, ""));
  on.repository.SetReferrersApi(ReferrersApi::kPresent);
  const std::string layer = on.Layer(kPayloadType, "s");
  on.repository.AddManifest(ManifestText(layer + "," + layer), on.Tag(".sig"));
  EXPECT_EQ(on.Gathered(), "sig s\nsig s\nbundle b\n");
  std::vector<std::string> requests = on.repository.Requests();
  EXPECT_EQ(std::adjacent_find(requests.begin(), requests.end()), requests.end()) << testing::PrintToString(requests);
}

// §8 case 31: cosign types the descriptor `oci.empty`, or not at all.
TEST(Collector, FindsBundlesWhateverTheFallbackTagCallsThem) {
  for (const std::string& type : {std::string(kBundleType), std::string("application/vnd.oci.empty.v1+json"), std::string()}) {
    SCOPED_TRACE(type);
    Repository on;
    on.SetFallback(on.Entry(on.AddBundle("b"), type));
    EXPECT_EQ(on.Gathered(), "bundle b\n");
    EXPECT_EQ(on.Gathered({.lookup = ReferrerLookup::kApiOrFallback}), "bundle b\n");
  }
}

TEST(Collector, MergesListingAndFallbackTag) {
  Repository on;
  const std::string old_one = on.repository.AddManifest(ManifestText(on.Layer(kBundleType, "old"), Subject(on.digest)));
  on.AddBundle("new");
  on.SetFallback(on.Entry(old_one, ""));
  on.repository.SetReferrersApi(ReferrersApi::kPresent);
  EXPECT_THAT(on.Gathered(), HasSubstr("bundle old\n"));
  EXPECT_THAT(on.Gathered(), HasSubstr("bundle new\n"));
}

TEST(Collector, ApiOrFallbackSparesARequestWhereThereIsTheApi) {
  Repository on;
  on.repository.SetReferrersApi(ReferrersApi::kPresent);
  static_cast<void>(on.Gather({.presence = ImagePresence::kKnown, .lookup = ReferrerLookup::kApiOrFallback}));
  EXPECT_EQ(on.repository.Requests().size(), 3U);
}

// §8 case 30.
TEST(Collector, AReferrerAboutAnotherImageIsANote) {
  Repository on;
  const std::string other = DigestOf("another image");
  const std::string lying = on.AddBundle("b", other);
  on.SetFallback(on.Entry(lying, std::string(kBundleType)));
  EXPECT_EQ(on.Gathered(), "note referrer " + lying + " is listed, but speaks about " + other + "\n");
}

TEST(Collector, AReferrerWithoutSubjectIsANote) {
  Repository on;
  const std::string mute = on.repository.AddManifest(ManifestText(on.Layer(kBundleType, "b")));
  on.SetFallback(on.Entry(mute, ""));
  EXPECT_EQ(on.Gathered(), "note referrer " + mute + " is listed, but speaks about no image\n");
}

// §8 case 42.
TEST(Collector, ANotarySignatureIsANote) {
  const std::string note = "note a Notary Project signature is attached; Writ reads Sigstore signatures only\n";
  Repository on;
  const std::string notary = on.repository.AddManifest(
      ManifestText(on.Layer("application/jose+json", "{}"), Subject(on.digest), "application/vnd.cncf.notary.signature"));
  on.SetFallback(on.Entry(notary, "application/vnd.cncf.notary.signature"));
  EXPECT_EQ(on.Gathered(), note);
  on.SetFallback(on.Entry(notary, ""));
  EXPECT_EQ(on.Gathered(), note);
}

TEST(Collector, OtherReferrersAreNotAskedFor) {
  Repository on;
  on.SetFallback(on.Entry(DigestOf("x"), "application/spdx+json") + "," + BlobText(kOciIndexType, DigestOf("y"), 10));
  EXPECT_EQ(on.Gathered(), "");
}

TEST(Collector, ForeignLayersAreNotes) {
  Repository on;
  on.repository.AddManifest(ManifestText(on.Layer("text/plain", "x") + "," + on.Layer(kPayloadType, "s")), on.Tag(".sig"));
  EXPECT_EQ(on.Gathered(), "sig s\nnote " + on.Tag(".sig") + ", layer 1 has the media type `text/plain`, expected `" +
                               std::string(kPayloadType) + "`; it is not read\n");
}

// §8 case 28.
TEST(Collector, AnIndexWhereAManifestIsDueIsANote) {
  Repository on;
  on.repository.AddManifest(IndexText(""), on.Tag(".sig"));
  on.repository.AddManifest(ManifestText(""), on.Tag(""));
  EXPECT_EQ(on.Gathered(), "note " + on.Tag(".sig") + " is an index where an image manifest is due; it is not read\nnote " + on.Tag("") +
                               " is an image manifest where an index of referrers is due; it is not read\n");
}

TEST(Collector, ABundleHasOneLayer) {
  Repository on;
  const std::string two =
      on.repository.AddManifest(ManifestText(on.Layer(kBundleType, "1") + "," + on.Layer(kBundleType, "2"), Subject(on.digest)));
  const std::string none = on.repository.AddManifest(
      ManifestText(on.Layer("text/plain", "1"), Subject(on.digest) + R"(,"artifactType":")" + std::string(kBundleType) + "\""));
  on.SetFallback(on.Entry(two, "") + "," + on.Entry(none, ""));
  EXPECT_EQ(on.Gathered(), "note referrer " + two + " has 2 layers, a bundle has one; it is not read\nnote referrer " + none +
                               " calls itself a bundle and has no layer of that type; it is not read\n");
}

TEST(Collector, AnAbsentImageIsAFault) {
  const Repository on;
  const std::string digest = DigestOf("nothing");
  EXPECT_EQ(Dump(GatherMaterial(on.repository, digest, {})), "fault image " + digest + ": there is no such manifest in the repository\n");
}

TEST(Collector, AbsentObjectsThatAManifestNamesAreFaults) {
  Repository on;
  on.AddSig("s");
  const std::string bundle = on.AddBundle("b");
  on.SetFallback(on.Entry(bundle, ""));
  on.repository.Lose(DigestOf("s"));
  on.repository.Lose(bundle);
  EXPECT_EQ(on.Gathered(), "fault referrer " + bundle + ": is listed, but there is no such manifest\nfault " + on.Tag(".sig") +
                               ", layer 1, blob " + DigestOf("s") + ": the manifest names it, but there is no such blob\n");
}

// Style rule 39: whichever request fails, the result says so, and keeps what could be had.
TEST(Collector, EveryFailedRequestIsAFault) {
  const auto fill = [](Repository& on) {
    on.AddSig("s");
    on.AddAtt("a");
    on.SetFallback(on.Entry(on.AddBundle("b"), ""));
  };
  Repository clean;
  fill(clean);
  ASSERT_EQ(clean.Gathered(), "sig s\natt a\nbundle b\n");
  const std::vector<std::string> requests = clean.repository.Requests();
  ASSERT_EQ(requests.size(), 9U);
  for (const std::string& request : requests) {
    SCOPED_TRACE(request);
    Repository on;
    fill(on);
    on.repository.Fail(request, {ErrorCode::kUnreadable, "429 Too Many Requests after 3 tries"});
    const GatheredMaterial gathered = on.Gather();
    ASSERT_EQ(gathered.faults.size(), 1U);
    EXPECT_EQ(gathered.faults[0].message, "429 Too Many Requests after 3 tries");
    EXPECT_GE(gathered.materials.size(), 2U);
  }
}

TEST(Collector, LimitsAreFaults) {
  Repository on;
  std::string layers = on.Layer(kPayloadType, "0");
  for (int i = 1; i < 4; ++i) layers += "," + on.Layer(kPayloadType, std::to_string(i));
  on.repository.AddManifest(ManifestText(layers), on.Tag(".sig"));
  EXPECT_EQ(on.Gathered({.limits = {.max_layers = 2}}),
            "sig 0\nsig 1\nfault " + on.Tag(".sig") + ": 4 layers; only the first 2 are read\n");
  EXPECT_THAT(on.Gathered({.limits = {.max_image_bytes = 3}}), HasSubstr("layer 4: more than 3 bytes are attached to the image"));
  EXPECT_THAT(on.Gathered({.limits = {.max_manifest_bytes = 200}}), HasSubstr("larger than 200 bytes"));
}

TEST(Collector, TooManyReferrersAreAFault) {
  Repository on;
  for (int i = 0; i < 3; ++i) on.AddBundle(std::to_string(i));
  on.repository.SetReferrersApi(ReferrersApi::kPresent);
  EXPECT_EQ(on.Gathered({.limits = {.max_referrers = 2}}),
            "bundle 0\nbundle 1\nfault referrers of " + on.digest + ": more than 2 referrers; the rest is not read\n");
}

TEST(Collector, TooManyBytesOfReferrersAreAFault) {
  Repository on;
  for (int i = 0; i < 9; ++i) on.AddBundle(std::to_string(i));
  on.repository.SetReferrersApi(ReferrersApi::kPresent);
  EXPECT_EQ(on.Gathered({.limits = {.max_image_bytes = 100, .max_parallel_requests = 2}}),
            "bundle 0\nbundle 1\nfault referrers of " + on.digest + ": their manifests have more than 100 bytes; the rest is not read\n");
}

// §8 case 26: a descriptor of 1 TiB costs no request; one that lies about a small size gives nothing.
TEST(Collector, LyingSizesAreFaults) {
  for (const std::size_t size : {std::size_t{1} << 40, std::size_t{5}, std::size_t{0}}) {
    SCOPED_TRACE(size);
    Repository on;
    on.repository.AddManifest(ManifestText(BlobText(kPayloadType, on.repository.AddBlob("s"), size)), on.Tag(".sig"));
    const GatheredMaterial gathered = on.Gather();
    EXPECT_THAT(gathered.materials, IsEmpty());
    ASSERT_EQ(gathered.faults.size(), 1U);
    const std::vector<std::string> requests = on.repository.Requests();
    EXPECT_EQ(std::count(requests.begin(), requests.end(), "blob " + DigestOf("s")), size > 5 ? 0 : 1);
  }
}

TEST(Collector, ManifestsThatCannotBeReadAreFaults) {
  Repository on;
  on.repository.AddManifest("<html>", on.Tag(".sig"));
  EXPECT_THAT(on.Gathered(), HasSubstr("fault " + on.Tag(".sig")));
}

TEST(Collector, TagPrefixAndOtherRepository) {
  Repository on, signatures;
  signatures.repository.AddManifest(ManifestText(signatures.Layer(kPayloadType, "s")), "team-" + on.Tag(".sig"));
  EXPECT_EQ(on.Gathered({.tag_prefix = "team-", .signatures = &signatures.repository}), "sig s\n");
  EXPECT_EQ(on.repository.Requests().size(), 1U);  // only whether the image is there
}

TEST(Collector, Oci11SignaturesOnRequest) {
  Repository on;
  const std::string type = "application/vnd.dev.cosign.artifact.sig.v1+json";
  const std::string referrer = on.repository.AddManifest(ManifestText(on.Layer(kPayloadType, "s"), Subject(on.digest), type));
  const std::string note =
      "note a signature in cosign's experimental form (--registry-referrers-mode oci-1-1) is attached; it is not read\n";
  on.SetFallback(on.Entry(referrer, type));
  EXPECT_EQ(on.Gathered(), note);
  EXPECT_EQ(on.Gathered({.oci11 = Oci11Signatures::kRead}), "sig s\n");
  on.SetFallback(on.Entry(referrer, ""));
  EXPECT_EQ(on.Gathered(), note);
  EXPECT_EQ(on.Gathered({.oci11 = Oci11Signatures::kRead}), "sig s\n");
}

TEST(ResolveImage, GivesDigestAndPlatforms) {
  MemoryRepository repository;
  const auto child = [](const char* text, const std::string& platform) {
    return BlobText(kOciManifestType, DigestOf(text), 5, platform.empty() ? "" : R"(,"platform":)" + platform);
  };
  const std::string digest =
      repository.AddManifest(IndexText(child("a", R"({"os":"linux","architecture":"amd64"})") + "," +
                                       child("b", R"({"os":"unknown","architecture":"unknown"})") + "," + child("c", "")),
                             "1.0");
  const Result<ResolvedImage> image = ResolveImage(repository, "1.0", {});
  ASSERT_TRUE(image.ok());
  EXPECT_EQ(image->digest, digest);
  EXPECT_EQ(image->media_type, kOciIndexType);
  ASSERT_EQ(image->platforms.size(), 3U);
  EXPECT_EQ(image->platforms[0].digest, DigestOf("a"));
  EXPECT_EQ(image->platforms[0].platform, "linux/amd64");
  EXPECT_TRUE(image->platforms[0].is_runnable());
  EXPECT_FALSE(image->platforms[1].is_runnable());
  EXPECT_TRUE(image->platforms[2].is_runnable());
}

TEST(ResolveImage, SaysWhatIsMissing) {
  MemoryRepository repository;
  EXPECT_EQ(ResolveImage(repository, "7.7.7", {}).error().code, ErrorCode::kNotFound);
  repository.AddManifest("<html>", "1.0");
  EXPECT_THAT(ResolveImage(repository, "1.0", {}).error().message, HasSubstr("`1.0`: "));
}

}  // namespace
}  // namespace writ::image
