// Manifests and indexes: what is read, and what is refused with which words.
#include "webhook/image/gather/image_manifest.h"

#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace writ::image {
namespace {

const std::string kHex = "sha256:" + std::string(64, 'a');
const std::string kBlob = R"({"mediaType":"x","digest":")" + kHex + R"(","size":2})";

std::string Image(const std::string& extra = "", const std::string& layers = "[" + kBlob + "]") {
  return R"({"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json","config":)" + kBlob + R"(,"layers":)" + layers +
         extra + "}";
}

std::string Index(const std::string& manifests, const std::string& extra = "") {
  return R"({"schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json","manifests":)" + manifests + extra + "}";
}

TEST(ImageManifest, ReadsAnImage) {
  const std::string text = Image(R"(,"subject":)" + kBlob + R"(,"artifactType":"a/b","annotations":{"k":"v"},"unknown":[1])");
  const Result<ImageManifest> manifest = ReadImageManifest(text, kOciManifestType, {});
  ASSERT_TRUE(manifest.ok()) << manifest.error().message;
  EXPECT_EQ(manifest->kind, ManifestKind::kImage);
  EXPECT_EQ(manifest->artifact_type, "a/b");
  EXPECT_EQ(manifest->annotations.at("k"), "v");
  EXPECT_EQ(manifest->subject->digest, kHex);
  ASSERT_EQ(manifest->layers.size(), 1U);
  EXPECT_EQ(manifest->layers[0].size, 2U);
}

TEST(ImageManifest, ReadsAnIndexWithPlatforms) {
  const std::string child = R"({"mediaType":"x","digest":")" + kHex +
                            R"(","size":2,"artifactType":"t","annotations":{"a":"b"},)"
                            R"("platform":{"os":"linux","architecture":"arm64","variant":"v8"}})";
  const Result<ImageManifest> manifest = ReadImageManifest(Index("[" + child + "]"), "", {});
  ASSERT_TRUE(manifest.ok()) << manifest.error().message;
  EXPECT_EQ(manifest->kind, ManifestKind::kIndex);
  ASSERT_EQ(manifest->manifests.size(), 1U);
  EXPECT_EQ(manifest->manifests[0].platform, "linux/arm64/v8");
  EXPECT_EQ(manifest->manifests[0].artifact_type, "t");
}

TEST(ImageManifest, TakesTheContentTypeWhenTheBytesSayNone) {
  const std::string text = R"({"schemaVersion":2,"config":)" + kBlob + R"(,"layers":null})";
  EXPECT_TRUE(ReadImageManifest(text, kDockerManifestType, {}).ok());
  EXPECT_FALSE(ReadImageManifest(text, "", {}).ok());
}

struct BadCase {
  std::string text, content_type, part_of_message;
};

TEST(ImageManifest, RefusesTheRestAndSaysWhy) {
  const std::string type(kOciManifestType);
  const auto blob = [](const std::string& digest, const std::string& size) {
    return R"([{"mediaType":"x","digest":")" + digest + R"(","size":)" + size + "}]";
  };
  const BadCase cases[] = {
      {"", type, ""},
      {"<html>", type, ""},
      {"[]", type, "a manifest is no object"},
      {Image() + "x", type, ""},
      {Image(R"(,"config":)" + kBlob), type, "config"},
      {Image(R"(,"Layers":[])"), type, "some read as `layers`"},
      {Image(R"(,"MEDIATYPE":"x")"), type, "some read as `mediaType`"},
      {Image(R"(,"manifests":[])"), type, "`manifests` is unexpected in an image manifest"},
      {Image(R"(,"fsLayers":[])"), type, "`fsLayers` is unexpected"},
      {Index("[]", R"(,"layers":[])"), "", "`layers` is unexpected in an index"},
      {Index("[]", R"(,"config":{})"), "", "`config` is unexpected in an index"},
      {Index("{}"), "", "`manifests` is no list"},
      {Image(), std::string(kOciIndexType), "it was delivered as"},
      {R"({"schemaVersion":1,"mediaType":"application/vnd.oci.image.manifest.v1+json"})", type, "`schemaVersion` is not 2"},
      {R"({"schemaVersion":"2","mediaType":"application/vnd.oci.image.manifest.v1+json"})", type, "`schemaVersion` is not 2"},
      {R"({"schemaVersion":2,"mediaType":"application/vnd.docker.distribution.manifest.v1+json"})", "", "expected an OCI or docker"},
      {R"({"schemaVersion":2,"mediaType":7})", "", "`mediaType` is no string"},
      {R"({"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json","layers":[]})", "", "`config` is missing"},
      {Image("", blob("sha512:" + std::string(128, 'a'), "2")), type, "`layers[0].digest` is"},
      {Image("", blob("sha256:" + std::string(64, 'A'), "2")), type, "`layers[0].digest` is"},
      {Image("", blob(kHex, "-1")), type, "`layers[0].size` is no number"},
      {Image("", blob(kHex, "1.5")), type, "`layers[0].size` is no number"},
      {Image("", blob(kHex, "\"2\"")), type, "`layers[0].size` is no number"},
      {Image("", R"([{"digest":")" + kHex + R"(","size":2}])"), type, "`layers[0].mediaType` is missing"},
      {Image("", R"([{"mediaType":"x","Digest":")" + kHex + R"(","size":2}])"), type, "some read as `digest`"},
      {Image("", "[7]"), type, "`layers[0]` is no object"},
      {Image(R"(,"subject":7)"), type, "`subject` is no object"},
      {Image(R"(,"annotations":{"a":7})"), type, "a value that is no string"},
      {Image(R"(,"annotations":[])"), type, "`annotations` is no object"},
  };
  for (const BadCase& c : cases) {
    SCOPED_TRACE(c.text);
    const Result<ImageManifest> manifest = ReadImageManifest(c.text, c.content_type, {});
    ASSERT_FALSE(manifest.ok());
    EXPECT_EQ(manifest.error().code, ErrorCode::kInvalidArgument);
    EXPECT_THAT(manifest.error().message, testing::HasSubstr(c.part_of_message));
  }
}

TEST(ImageManifest, LimitsHold) {
  std::string deep = Image(R"(,"x":)" + std::string(40, '[') + std::string(40, ']'));
  EXPECT_FALSE(ReadImageManifest(deep, "", {}).ok());
  EXPECT_EQ(ReadImageManifest(Image(), "", {.max_manifest_bytes = 100}).error().code, ErrorCode::kTooLarge);
  const Result<ImageManifest> many = ReadImageManifest(Index("[" + kBlob + "," + kBlob + "]"), "", {.max_descriptors = 1});
  ASSERT_FALSE(many.ok());
  EXPECT_EQ(many.error().code, ErrorCode::kTooLarge);
  const Result<ImageManifest> annotated = ReadImageManifest(Image(R"(,"annotations":{"a":"","b":""})"), "", {.max_annotations = 1});
  ASSERT_FALSE(annotated.ok());
  EXPECT_EQ(annotated.error().message, "`annotations` has more than 1 entries");
  EXPECT_TRUE(ReadImageManifest(Image(R"(,"annotations":{"a":"","b":""})"), "", {.max_annotations = 2}).ok());
}

}  // namespace
}  // namespace writ::image
