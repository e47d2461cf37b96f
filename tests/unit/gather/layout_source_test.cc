// Layout folders: those of cosign 2 and 3, those with tags, and folders that are none.
#include "webhook/image/gather/layout_source.h"

#include <filesystem>
#include <map>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "rules/base/digest.h"
#include "tests/unit/webhook/test_client.h"
#include "webhook/image/gather/collector.h"

namespace writ::image {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

// A layout folder in the making.
class Layout {
 public:
  Layout() {
    std::filesystem::create_directories(folder / "blobs/sha256");
    test::WriteFile(folder / "oci-layout", R"({"imageLayoutVersion":"1.0.0"})");
    image = AddBlob(Manifest(""));
  }
  std::string AddBlob(const std::string& bytes) const {
    const std::string digest = DigestOf(bytes);
    test::WriteFile(folder / ("blobs/sha256/" + digest.substr(7)), bytes);
    return digest;
  }
  static std::string Blob(const std::string& digest, std::size_t size, const std::string& type, const std::string& more = "") {
    return R"({"mediaType":")" + type + R"(","digest":")" + digest + R"(","size":)" + std::to_string(size) + more + "}";
  }
  static std::string Manifest(const std::string& layers, const std::string& more = "") {
    return R"({"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json","config":)" + Blob(DigestOf("{}"), 2, "c/c") +
           R"(,"layers":[)" + layers + "]" + more + "}";
  }
  static std::string Entry(const std::string& digest, const std::string& key, const std::string& value) {
    return Blob(digest, 5, std::string(kOciManifestType), R"(,"annotations":{")" + key + R"(":")" + value + "\"}");
  }
  void WriteIndex(const std::string& entries) const {
    test::WriteFile(folder / "index.json", R"({"schemaVersion":2,"manifests":[)" + entries + "]}");
  }
  std::string AddSignature(const std::string& type, const std::string& bytes, const std::string& more = "") const {
    return AddBlob(Manifest(Blob(AddBlob(bytes), bytes.size(), type), more));
  }
  Result<std::unique_ptr<LayoutSource>> Open(const GatherLimits& limits = {}) const { return LayoutSource::Open(folder.path(), limits); }

  test::TempFolder folder;
  std::string image;
};

const std::string kCosignKind = "dev.cosignproject.cosign/";
const std::string kPayloadType = "application/vnd.dev.cosign.simplesigning.v1+json";
const std::string kEnvelopeType = "application/vnd.dsse.envelope.v1+json";
const std::string kBundleType = "application/vnd.dev.sigstore.bundle.v0.3+json";

std::string Gathered(const LayoutSource& layout) {
  std::string out;
  for (const std::string& image : layout.images()) {
    const GatheredMaterial gathered = GatherMaterial(layout, image, {});
    for (const Material& material : gathered.materials) out += material.bytes + "\n";
    for (const GatherFault& fault : gathered.faults) out += "fault " + fault.message + "\n";
  }
  return out;
}

TEST(LayoutSource, ReadsWhatCosign2Saves) {
  const Layout on;
  on.WriteIndex(Layout::Entry(on.image, "kind", kCosignKind + "image") + "," +
                Layout::Entry(on.AddSignature(kPayloadType, "s"), "kind", kCosignKind + "sigs") + "," +
                Layout::Entry(on.AddSignature(kEnvelopeType, "a"), "kind", kCosignKind + "atts"));
  const auto layout = on.Open();
  ASSERT_TRUE(layout.ok()) << layout.error().message;
  EXPECT_THAT((*layout)->images(), ElementsAre(on.image));
  EXPECT_EQ(Gathered(**layout), "s\na\n");
}

TEST(LayoutSource, FindsTheReferrerThatCosign3DoesNotList) {
  const Layout on;
  on.WriteIndex(Layout::Entry(on.image, "kind", kCosignKind + "image"));
  on.AddSignature(kBundleType, "b", R"(,"artifactType":")" + kBundleType + R"(","subject":)" + Layout::Blob(on.image, 5, "m/m"));
  const auto layout = on.Open();
  ASSERT_TRUE(layout.ok()) << layout.error().message;
  EXPECT_EQ(Gathered(**layout), "b\n");
}

TEST(LayoutSource, ReadsTags) {
  const Layout on;
  on.WriteIndex(
      Layout::Entry(on.image, std::string("org.opencontainers.image.ref.name"), "1.0") + "," +
      Layout::Entry(on.AddSignature(kPayloadType, "s"), "org.opencontainers.image.ref.name", "sha256-" + on.image.substr(7) + ".sig"));
  const auto layout = on.Open();
  ASSERT_TRUE(layout.ok()) << layout.error().message;
  EXPECT_THAT((*layout)->images(), ElementsAre(on.image));
  EXPECT_EQ(ResolveImage(**layout, "1.0", {})->digest, on.image);
  EXPECT_FALSE((*layout)->GetManifest("2.0")->found);
  EXPECT_EQ(Gathered(**layout), "s\n");
}

// What a name comes to: the digest's letter in `letters`, or the error's message.
std::string Found(const LayoutSource& layout, std::string_view name, const std::map<std::string, std::string>& letters) {
  const Result<std::string> digest = layout.FindImage(name);
  if (!digest) return digest.error().message;
  const auto letter = letters.find(*digest);
  return letter == letters.end() ? *digest : letter->second;
}

TEST(LayoutSource, ImagesAreFoundByEveryNameThatStandsThere) {
  const Layout on;
  const std::string other = on.AddBlob(Layout::Manifest("", R"(,"annotations":{"a":"b"})"));
  const std::string third = on.AddBlob(Layout::Manifest("", R"(,"annotations":{"a":"c"})"));
  const std::string ref = "org.opencontainers.image.ref.name", name = "io.containerd.image.name";
  on.WriteIndex(Layout::Entry(on.image, ref, "1") + "," + Layout::Entry(other, ref, "ghcr.io/acme/app:2") + "," +
                Layout::Entry(other, name, "docker.io/library/nginx:1.27") + "," + Layout::Entry(on.image, ref, "twice") + "," +
                Layout::Entry(other, ref, "twice") + "," + Layout::Entry(third, ref, "app"));
  const auto layout = on.Open();
  ASSERT_TRUE(layout.ok()) << layout.error().message;
  const std::map<std::string, std::string> letters = {{on.image, "a"}, {other, "b"}, {third, "c"}};
  const auto found = [&](std::string_view text) { return Found(**layout, text, letters); };
  for (const std::string& each : {std::string("1"), std::string(":1"), std::string("x:1"), std::string("ghcr.io/acme/app:1"), on.image})
    EXPECT_EQ(found(each), "a") << each;
  for (const char* each : {"ghcr.io/acme/app:2", "nginx:1.27", "docker.io/nginx:1.27"}) EXPECT_EQ(found(each), "b") << each;
  EXPECT_EQ(found("app"), "c");
  EXPECT_EQ(found("x@" + third), "c");
  EXPECT_THAT(found("ghcr.io/acme/other:2"), HasSubstr("holds no image of tag `2`"));
  EXPECT_THAT(found("3"), HasSubstr("holds no image of tag `3`"));
  EXPECT_THAT(found("app:latest"), HasSubstr("holds no image of tag `latest`"));
  EXPECT_THAT(found("twice"), HasSubstr("holds two images of tag `twice`"));
  EXPECT_THAT(found("sha256:12"), HasSubstr("is no digest"));
  EXPECT_THAT(found(""), HasSubstr("reference"));
}

TEST(LayoutSource, SignaturesThatAreListedAreNoImages) {
  const Layout on;
  const std::string subject = R"(,"subject":)" + Layout::Blob(on.image, 5, "m/m");
  const std::string signature = on.AddSignature(kBundleType, "b", R"(,"artifactType":")" + kBundleType + "\"" + subject);
  on.WriteIndex(Layout::Entry(on.image, "a", "b") + "," + Layout::Entry(signature, "a", "b"));
  const auto layout = on.Open();
  ASSERT_TRUE(layout.ok()) << layout.error().message;
  EXPECT_THAT((*layout)->images(), ElementsAre(on.image));
  EXPECT_EQ(Gathered(**layout), "b\n");

  // An image may have a subject, too: what would be run is not left out.
  const std::string config = R"({"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json","config":)" +
                             Layout::Blob(DigestOf("{}"), 2, "application/vnd.oci.image.config.v1+json") + R"(,"layers":[])" + subject +
                             "}";
  const std::string image = on.AddBlob(config);
  on.WriteIndex(Layout::Entry(on.image, "a", "b") + "," + Layout::Entry(image, "a", "b"));
  EXPECT_THAT((*on.Open())->images(), ElementsAre(on.image, image));
}

TEST(LayoutSource, AChangedBlobIsAnError) {
  const Layout on;
  on.WriteIndex(Layout::Entry(on.image, "kind", kCosignKind + "image"));
  test::WriteFile(on.folder / ("blobs/sha256/" + on.image.substr(7)), "{}");
  const auto layout = on.Open();
  ASSERT_TRUE(layout.ok());
  EXPECT_EQ((*layout)->GetManifest(on.image).error().code, ErrorCode::kCorrupt);
  EXPECT_THAT(Gathered(**layout), HasSubstr("do not hash to its name"));
}

// Whether it was a referrer of the image nobody can tell any more: unknown, not unsigned.
TEST(LayoutSource, AChangedReferrerIsAnError) {
  const Layout on;
  on.WriteIndex(Layout::Entry(on.image, "kind", kCosignKind + "image"));
  const std::string referrer = on.AddSignature(kBundleType, "b", R"(,"subject":)" + Layout::Blob(on.image, 5, "m/m"));
  test::WriteFile(on.folder / ("blobs/sha256/" + referrer.substr(7)), "{} ");
  const auto layout = on.Open();
  ASSERT_TRUE(layout.ok());
  EXPECT_EQ((*layout)->GetReferrers(on.image).error().code, ErrorCode::kCorrupt);
  EXPECT_THAT(Gathered(**layout), HasSubstr("do not hash to its name"));
}

TEST(LayoutSource, BlobsAreFoundByDigestOnly) {
  const Layout on;
  on.WriteIndex(Layout::Entry(on.image, "kind", kCosignKind + "image"));
  const auto layout = on.Open();
  ASSERT_TRUE(layout.ok());
  EXPECT_FALSE((*layout)->GetBlob(DigestOf("absent"), 10)->found);
  EXPECT_EQ((*layout)->GetBlob(on.image, 10).error().code, ErrorCode::kTooLarge);
  EXPECT_EQ((*layout)->GetBlob("sha256:../../oci-layout", 10).error().code, ErrorCode::kInvalidArgument);
}

TEST(LayoutSource, SaysWhatAFolderLacks) {
  using Verb = void (*)(const Layout&);
  struct Case {
    const char* name;
    Verb spoil;
    ErrorCode code;
    std::string part_of_message;
  };
  const Case cases[] = {
      {"no oci-layout", [](const Layout& on) { std::filesystem::remove(on.folder / "oci-layout"); }, ErrorCode::kNotFound,
       "the file `oci-layout` is missing"},
      {"oci-layout is HTML", [](const Layout& on) { test::WriteFile(on.folder / "oci-layout", "<html>"); }, ErrorCode::kInvalidArgument,
       "/oci-layout: "},
      {"oci-layout is a list", [](const Layout& on) { test::WriteFile(on.folder / "oci-layout", "[]"); }, ErrorCode::kInvalidArgument,
       "found no `imageLayoutVersion`"},
      {"other version", [](const Layout& on) { test::WriteFile(on.folder / "oci-layout", R"({"imageLayoutVersion":"2.0.0"})"); },
       ErrorCode::kVersionUnknown, "found the version `2.0.0`, expected `1.0.0`"},
      {"no index.json", [](const Layout& on) { std::filesystem::remove(on.folder / "index.json"); }, ErrorCode::kNotFound,
       "the file `index.json` is missing"},
      {"index.json is no index", [](const Layout& on) { test::WriteFile(on.folder / "index.json", "{}"); }, ErrorCode::kInvalidArgument,
       "/index.json: `schemaVersion` is not 2"},
      {"index.json is a folder",
       [](const Layout& on) {
         std::filesystem::remove(on.folder / "index.json");
         std::filesystem::create_directory(on.folder / "index.json");
       },
       ErrorCode::kUnreadable, "is no regular file"},
      {"no blobs", [](const Layout& on) { std::filesystem::remove_all(on.folder / "blobs"); }, ErrorCode::kNotFound,
       "the folder `blobs/sha256` is missing"},
      {"signatures without an image",
       [](const Layout& on) { on.WriteIndex(Layout::Entry(on.AddSignature(kPayloadType, "s"), "kind", kCosignKind + "sigs")); },
       ErrorCode::kInvalidArgument, "0 images, expected one image a folder"},
      {"signatures twice",
       [](const Layout& on) {
         on.WriteIndex(Layout::Entry(on.image, "kind", kCosignKind + "image") + "," +
                       Layout::Entry(on.AddSignature(kPayloadType, "1"), "kind", kCosignKind + "sigs") + "," +
                       Layout::Entry(on.AddSignature(kPayloadType, "2"), "kind", kCosignKind + "sigs"));
       },
       ErrorCode::kInvalidArgument, "two entries of the kind"},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.name);
    const Layout on;
    on.WriteIndex(Layout::Entry(on.image, "kind", kCosignKind + "image"));
    c.spoil(on);
    const auto layout = on.Open();
    ASSERT_FALSE(layout.ok());
    EXPECT_EQ(layout.error().code, c.code);
    EXPECT_THAT(layout.error().message, HasSubstr(c.part_of_message));
  }
  EXPECT_THAT(LayoutSource::Open("/nonexistent/layout", {}).error().message, HasSubstr("there is no such folder"));
}

TEST(LayoutSource, TooManyBlobsAreAnError) {
  const Layout on;
  on.WriteIndex(Layout::Entry(on.image, "kind", kCosignKind + "image"));
  on.AddBlob("1");
  EXPECT_EQ(on.Open({.max_layout_blobs = 1}).error().code, ErrorCode::kTooLarge);
}

}  // namespace
}  // namespace writ::image
