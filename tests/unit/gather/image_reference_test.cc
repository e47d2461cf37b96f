// Image references: what docker reads, how we write it, and what is refused with which words.
#include "webhook/image/reference/image_reference.h"

#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace writ::image {
namespace {

const std::string kDigest = "sha256:" + std::string(64, 'a');

struct GoodCase {
  std::string text, canonical, target;
};
const GoodCase kGood[] = {
    {"nginx", "docker.io/library/nginx:latest", "latest"},
    {"nginx:1.27", "docker.io/library/nginx:1.27", "1.27"},
    {"nginx@" + kDigest, "docker.io/library/nginx@" + kDigest, kDigest},
    {"nginx:1.27@" + kDigest, "docker.io/library/nginx:1.27@" + kDigest, kDigest},
    {"acme/app", "docker.io/acme/app:latest", "latest"},
    {"docker.io/nginx", "docker.io/library/nginx:latest", "latest"},
    {"docker.io/library/nginx", "docker.io/library/nginx:latest", "latest"},
    {"docker.io:443/nginx", "docker.io/library/nginx:latest", "latest"},
    {"index.docker.io/nginx", "docker.io/library/nginx:latest", "latest"},
    {"index.docker.io/acme/app:1", "docker.io/acme/app:1", "1"},
    {"DOCKER.IO/acme/app", "docker.io/acme/app:latest", "latest"},
    {"registry-1.docker.io/acme/app", "registry-1.docker.io/acme/app:latest", "latest"},
    {"ghcr.io/acme/app:v1", "ghcr.io/acme/app:v1", "v1"},
    {"GHCR.io/acme/app:V1", "ghcr.io/acme/app:V1", "V1"},
    {"ghcr.io:443/acme/app", "ghcr.io/acme/app:latest", "latest"},
    {"ghcr.io/app", "ghcr.io/app:latest", "latest"},
    {"localhost/app", "localhost/app:latest", "latest"},
    {"localhost:5000/app", "localhost:5000/app:latest", "latest"},
    {"LocalHost:5000/a/b/c:x", "localhost:5000/a/b/c:x", "x"},
    {"registry:5000/app", "registry:5000/app:latest", "latest"},
    {"127.0.0.1:5000/app", "127.0.0.1:5000/app:latest", "latest"},
    {"10.0.0.1/app", "10.0.0.1/app:latest", "latest"},
    {"[::1]:5000/app", "[::1]:5000/app:latest", "latest"},
    {"[::1]/app", "[::1]/app:latest", "latest"},
    {"[2001:DB8:0:0:0:0:0:1]:5000/app", "[2001:db8::1]:5000/app:latest", "latest"},
    {"a/b__c/d-----e/f.g_h", "docker.io/a/b__c/d-----e/f.g_h:latest", "latest"},
    {"app:_x", "docker.io/library/app:_x", "_x"},
    {"app:" + std::string(128, 't'), "docker.io/library/app:" + std::string(128, 't'), std::string(128, 't')},
    {"xn--bcher-kva.example/app", "xn--bcher-kva.example/app:latest", "latest"},
    {std::string(63, 'a'), "docker.io/library/" + std::string(63, 'a') + ":latest", "latest"},
    {"app:sha256-" + std::string(64, 'b') + ".sig", "docker.io/library/app:sha256-" + std::string(64, 'b') + ".sig",
     "sha256-" + std::string(64, 'b') + ".sig"},
};

TEST(ImageReference, ReadsWhatDockerReads) {
  for (const GoodCase& c : kGood) {
    SCOPED_TRACE(c.text);
    const Result<ImageReference> reference = ParseImageReference(c.text);
    ASSERT_TRUE(reference.ok()) << reference.error().message;
    EXPECT_EQ(reference->Text(), c.canonical);
    EXPECT_EQ(reference->Target(), c.target);
  }
}

TEST(ImageReference, CanonicalTextIsAFixedPoint) {
  for (const GoodCase& c : kGood) {
    SCOPED_TRACE(c.text);
    const Result<ImageReference> again = ParseImageReference(c.canonical);
    ASSERT_TRUE(again.ok()) << again.error().message;
    EXPECT_EQ(again->Text(), c.canonical);
  }
}

struct BadCase {
  std::string text, part_of_message;
};
const BadCase kBad[] = {
    {"", "is empty"},
    {"https://ghcr.io/acme/app", "without its scheme"},
    {"docker://nginx", "without its scheme"},
    {"oci://ghcr.io/acme/app", "without its scheme"},
    {" nginx", "found a blank"},
    {"nginx ", "found a blank"},
    {"nginx\n", "found a blank"},
    {std::string("nginx\0x", 7), "found a blank"},
    {"nginx\xC3\xA9", "beyond ASCII"},
    {"g\xD0\xBE.io/app", "beyond ASCII"},
    {std::string(64, 'a'), "image id"},
    {std::string(513, 'a'), "longer than 512"},
    {"Nginx", "repositories are lower case: `nginx`"},
    {"ghcr.io/Acme/app", "repositories are lower case: `acme/app`"},
    {"Acme/app", "docker takes it for a host"},
    {"LOCALHOST/app", "docker takes it for a host"},
    {"nginx@sha512:" + std::string(128, 'a'), "signatures name images by sha256"},
    {"nginx@sha256:abc", "expected `sha256:` and 64"},
    {"nginx@sha256:" + std::string(64, 'A'), "expected `sha256:` and 64"},
    {"nginx@sha256:" + std::string(65, 'a'), "expected `sha256:` and 64"},
    {"nginx@SHA256:" + std::string(64, 'a'), "expected `sha256:` and 64"},
    {"nginx@md5:" + std::string(32, 'a'), "expected `sha256:` and 64"},
    {"nginx@", "expected `sha256:` and 64"},
    {"nginx@" + kDigest + "@" + kDigest, "expected `sha256:` and 64"},
    {"nginx@" + kDigest + ":1", "expected `sha256:` and 64"},
    {"nginx:", "found the tag ``"},
    {"nginx:.x", "found the tag"},
    {"nginx:-x", "found the tag"},
    {"nginx:a/b", "is no registry host"},
    {"nginx:1:2", "found the repository `nginx:1`"},
    {"nginx:" + std::string(129, 't'), "found the tag"},
    {":5000/app", "the host is empty"},
    {"/app", "found the repository"},
    {"app/", "found the repository"},
    {"a//b", "found the repository"},
    {"ghcr.io/", "found the repository"},
    {"ghcr.io/../app", "found the repository"},
    {"ghcr.io/a/./b", "found the repository"},
    {"ghcr.io/a%2fb", "found the repository"},
    {"ghcr.io/a?b", "found the repository"},
    {"ghcr.io/a#b", "found the repository"},
    {"-app", "found the repository"},
    {"app-", "found the repository"},
    {"a..b", "found the repository"},
    {"a___b", "found the repository"},
    {"a._b", "found the repository"},
    {"a.-b/c", "labels are letters"},
    {"ghcr.io./acme/app", "labels are letters"},
    {".ghcr.io/acme/app", "labels are letters"},
    {"gh_cr.io/acme/app", "labels are letters"},
    {"-ghcr.io/acme/app", "labels are letters"},
    {"user@ghcr.io/acme/app", "expected `sha256:` and 64"},
    {"user:pass@ghcr.io/acme/app", "expected `sha256:` and 64"},
    {"ghcr.io:0/app", "the port is a number"},
    {"ghcr.io:0443/app", "the port is a number"},
    {"ghcr.io:65536/app", "the port is a number"},
    {"ghcr.io:99999999999999999999/app", "the port is a number"},
    {"ghcr.io:x/app", "the port is a number"},
    {"ghcr.io:/app", "the port is a number"},
    {"ghcr.io:1:2/app", "the port is a number"},
    {"127.1:80/app", "no IPv4 address of four parts"},
    {"2130706433:80/app", "no IPv4 address of four parts"},
    {"0x7f.1/app", "no IPv4 address of four parts"},
    {"0x7f000001:80/app", "no IPv4 address of four parts"},
    {"127.0.0.01/app", "no IPv4 address of four parts"},
    {"256.0.0.1/app", "no IPv4 address of four parts"},
    {"[::1/app", "a bracket is not closed"},
    {"[::1]x/app", "behind the bracket"},
    {"[fe80::1%eth0]:5000/app", "no IPv6 address"},
    {"[127.0.0.1]:5000/app", "no IPv6 address"},
    {"[]:5000/app", "no IPv6 address"},
    {"::1/app", "the host is empty"},
    {"ghcr.io/" + std::string(250, 'a'), "longer than 255"},
    {std::string(64, 'a') + ".io/app", "labels are letters"},
};

TEST(ImageReference, RefusesTheRestAndSaysWhy) {
  for (const BadCase& c : kBad) {
    SCOPED_TRACE(c.text);
    const Result<ImageReference> reference = ParseImageReference(c.text);
    ASSERT_FALSE(reference.ok()) << reference->Text();
    EXPECT_EQ(reference.error().code, ErrorCode::kInvalidArgument);
    EXPECT_THAT(reference.error().message, testing::HasSubstr(c.part_of_message));
  }
}

TEST(ImageReference, DockerHubIsAskedAtItsApiHost) {
  EXPECT_EQ(ParseImageReference("nginx")->ApiHost().Text(), "registry-1.docker.io");
  EXPECT_EQ(ParseImageReference("localhost:5000/x")->ApiHost().Text(), "localhost:5000");
}

TEST(ImageReference, MessagesShowHostileTextHarmlessly) {
  const Result<ImageReference> reference = ParseImageReference("\x1b[31mred");
  ASSERT_FALSE(reference.ok());
  EXPECT_THAT(reference.error().message, testing::HasSubstr("`\\x1b[31mred`"));
}

}  // namespace
}  // namespace writ::image
