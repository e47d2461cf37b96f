// Reviews and decisions whose policies want signatures: from the request over a registry in memory to the answer.
#include <chrono>
#include <filesystem>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "rules/bundle/bundle.h"
#include "tests/support/image_facts_fixture.h"
#include "tests/unit/webhook/test_client.h"
#include "webhook/admission/review.h"
#include "webhook/decide/decide.h"
#include "webhook/reload/policy_store.h"
#include "webhook/routes.h"

namespace writ::server {
namespace {

using nlohmann::json;
using std::chrono::steady_clock;
using testing::HasSubstr;
using testing::StartsWith;

constexpr std::string_view kPolicy = R"(package test
signer release key "keys/release.pub"
signer unused key "keys/unused.pub"
policy images for admission of Pod on create, update {
  require image object.spec.containers.map(c, c.image) signed by release
}
)";

std::string Pod(const std::string& image) {
  return R"({"apiVersion":"v1","kind":"Pod","metadata":{"name":"p","namespace":"ns"},"spec":{"containers":[{"image":")" + image +
         R"("}]}})";
}

std::string ReviewOf(const std::string& image) {
  return R"({"apiVersion":"admission.k8s.io/v1","kind":"AdmissionReview","request":{"uid":"u1","operation":"CREATE","name":"p","namespace":"ns",)"
         R"("kind":{"group":"","version":"v1","kind":"Pod"},"resource":{"group":"","version":"v1","resource":"pods"},)"
         R"("userInfo":{"username":"alice"},"object":)" +
         Pod(image) + "}}";
}

class ImageReviewTest : public testing::Test {
 protected:
  void SetUp() override {
    std::filesystem::create_directory(folder_ / "keys");
    test::WriteFile(folder_ / "keys/release.pub", key_.Pem());
    test::WriteFile(folder_ / "a.writ", kPolicy);
    auto opened = PolicyStore::Open({.paths = {folder_.path()}, .load_signers = true}, clock_);
    ASSERT_TRUE(opened.ok()) << opened.error().message;
    store_ = std::move(*opened);
    signed_ = images_.AddImage("1.0", "signed");
    images_.Sign(signed_, key_);
    unsigned_ = images_.AddImage("bare", "unsigned");
    down_ = images_.AddImage("down", "down");
    images_.repository.Fail("manifest " + down_, {ErrorCode::kUnreadable, "503 Service Unavailable after 3 tries"});
  }
  image::OpenImageSource Opener() {
    return [this](const image::ImageReference& reference, image::SteadyTime,
                  const image::PullCredentials&) -> Result<std::unique_ptr<image::ImageSource>> {
      if (reference.Name() != "r.test/app")
        return Error{ErrorCode::kInvalidArgument, "registry " + reference.registry.Text() + " is not on the list of registries"};
      return std::unique_ptr<image::ImageSource>(std::make_unique<test::LentSource>(images_.repository));
    };
  }
  json Respond(const std::string& image, bool looks_up = true) {
    const PolicyStore::Deciding deciding = store_->deciding();
    const SignedImageFacts facts(gatherer_, *deciding.signers, no_secrets_);
    const AdmissionReply reply = Review(ReviewOf(image), *deciding.engine, context_, {},
                                        {.source = looks_up ? &facts : nullptr, .deadline = steady_clock::now() + std::chrono::minutes(5)});
    EXPECT_EQ(reply.status, 200U) << reply.body;
    return json::parse(reply.body)["response"];
  }
  static std::string Pinned(const std::string& digest) { return "r.test/app@" + digest; }

  test::TempFolder folder_;
  test::TestKey key_{"P-256"};
  test::SignedImages images_;
  std::string signed_, unsigned_, down_;
  FakeClock clock_{test::kSignedAt};
  image::FactGatherer gatherer_{Opener(), clock_, {}};
  const ReadPullSecrets no_secrets_;
  std::unique_ptr<PolicyStore> store_;
  Context context_;
};

TEST_F(ImageReviewTest, AllowsWhatIsSigned) {
  const json response = Respond(Pinned(signed_));
  EXPECT_EQ(response["allowed"], true) << response.dump();
  EXPECT_FALSE(response.contains("warnings"));
  EXPECT_EQ(response["auditAnnotations"]["image-1"], Pinned(signed_) + ": " + signed_ + "; release verified");
}

TEST_F(ImageReviewTest, DeniesWhatIsNot) {
  const json response = Respond(Pinned(unsigned_));
  EXPECT_EQ(response["allowed"], false);
  EXPECT_EQ(response["status"]["message"], "[images.r1] image " + Pinned(unsigned_) + " is not signed by release");
  EXPECT_THAT(response["warnings"][0].get<std::string>(), StartsWith("no signature by `release`: nothing that could be one is attached"));
}

TEST_F(ImageReviewTest, DeniesWhatIsNotKnownAndSaysWhy) {
  json response = Respond(Pinned(down_));
  EXPECT_EQ(response["allowed"], false);
  EXPECT_EQ(response["status"]["message"], "[images.r1] image " + Pinned(down_) + " is not known to be signed by release");
  EXPECT_THAT(response["auditAnnotations"]["image-1"].get<std::string>(), HasSubstr("503 Service Unavailable"));
  response = Respond("evil.test/x:1");
  EXPECT_EQ(response["allowed"], false);
  EXPECT_THAT(response["warnings"].dump(), HasSubstr("registry evil.test is not on the list of registries"));
  response = Respond(Pinned(signed_), false);
  EXPECT_EQ(response["allowed"], false) << "nobody looks: nothing is known";
  EXPECT_EQ(response["status"]["message"], "[images.r1] image " + Pinned(signed_) + " is not known to be signed by release");
}

TEST_F(ImageReviewTest, WarnsOfTags) {
  const json response = Respond("r.test/app:1.0");
  EXPECT_EQ(response["allowed"], true);
  EXPECT_EQ(response["warnings"][0].get<std::string>().substr(0, 100),
            ("image r.test/app:1.0 is a tag, which can move: pin @" + signed_).substr(0, 100));
  EXPECT_THAT(response["auditAnnotations"]["image-1"].get<std::string>(), HasSubstr(signed_));
}

TEST_F(ImageReviewTest, DecisionsLookUpWhatTheirFactsDoNotTell) {
  const PolicyStore::Deciding deciding = store_->deciding();
  const SignedImageFacts facts(gatherer_, *deciding.signers, no_secrets_);
  std::size_t reported = 0;
  const DecideRequestOptions options{
      .images = {.source = &facts, .deadline = steady_clock::now() + std::chrono::minutes(5)},
      .on_images = [&reported](const std::vector<image::ImageFinding>& findings) { reported += findings.size(); }};
  const auto effect = [&](const std::string& body) {
    return json::parse(Decide({.body = body}, *deciding.engine, context_, options).body)["effect"].get<std::string>();
  };
  EXPECT_EQ(effect(ReviewOf(Pinned(signed_))), "allow");
  EXPECT_EQ(effect(ReviewOf(Pinned(unsigned_))), "deny");
  EXPECT_EQ(reported, 2U);
  const std::string brought =
      R"({"target":"admission","request":{"operation":"CREATE","kind":{"group":"","version":"v1","kind":"Pod"}},"object":)" +
      Pod(Pinned(unsigned_)) + R"(,"facts":{"images":[{"image":")" + Pinned(unsigned_) + R"(","signedBy":["release"]}]}})";
  const std::string answer = Decide({.body = brought}, *deciding.engine, context_, options).body;
  EXPECT_EQ(json::parse(answer)["effect"], "allow") << answer;
  EXPECT_EQ(reported, 2U) << "what the request tells is not looked up";
}

TEST_F(ImageReviewTest, RoutesCountAndLog) {
  std::string log;
  Logger logger(LogLevel::kInfo, clock_, [&log](std::string_view line) { log += line; });
  Metrics metrics;
  RouteSources sources{.store = store_.get(), .metrics = &metrics, .logger = &logger, .clock = &clock_};
  sources.images = &gatherer_;
  Routes routes(sources, {});
  const auto post = [&](const std::string& image) {
    const std::string body = ReviewOf(image);
    http::HttpRequest request{.method = "POST", .path = "/admission", .body = body};
    request.deadline = steady_clock::now() + std::chrono::hours(1);
    return json::parse(routes.Handle(request).body)["response"]["allowed"].get<bool>();
  };
  EXPECT_TRUE(post(Pinned(signed_)));
  EXPECT_TRUE(post(Pinned(signed_)));
  EXPECT_FALSE(post(Pinned(down_)));
  const std::string text = metrics.Text();
  EXPECT_THAT(text, HasSubstr("writ_image_verifications_total{outcome=\"verified\"} 2\n"));
  EXPECT_THAT(text, HasSubstr("writ_image_verifications_total{outcome=\"unknown\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("writ_image_cache_hits_total 1\n"));
  EXPECT_THAT(log, HasSubstr(Pinned(signed_) + " " + signed_ + " release=verified(cached)"));
  EXPECT_THAT(log, HasSubstr("release=unknown"));
  EXPECT_THAT(log, HasSubstr("503 Service Unavailable"));
}

TEST_F(ImageReviewTest, AKeyThatIsLostKeepsTheOldPolicies) {
  test::WriteFile(folder_ / "keys/release.pub", key_.PrivatePem());
  const Status broken = store_->Reload();
  ASSERT_FALSE(broken.ok());
  EXPECT_THAT(broken.error().message, HasSubstr("a.writ:2): "));
  EXPECT_THAT(broken.error().message, HasSubstr("keys/release.pub: a private key, expected"));
  EXPECT_EQ(Respond(Pinned(signed_))["allowed"], true);
  test::TestKey other("P-256");
  test::WriteFile(folder_ / "keys/release.pub", other.Pem());
  ASSERT_TRUE(store_->Reload().ok());
  EXPECT_EQ(Respond(Pinned(signed_))["allowed"], false) << "the old judgement is not about the new key";
}

// Kyverno #17173: a hit of the cache skipped the conditions.
TEST_F(ImageReviewTest, ConditionsAreEvaluatedOnStatementsThatWereKept) {
  test::WriteFile(folder_ / "a.writ", R"(package test
signer release key "keys/release.pub"
policy images for admission of Pod {
  require image object.spec.containers.map(c, c.image) signed by release
    attested "https://t.test/level" where predicate.level >= object.spec.priority
})");
  ASSERT_TRUE(store_->Reload().ok());
  images_.Attest(signed_, key_, "https://t.test/level", R"({"level":3})");
  const auto respond = [this](int priority) {
    std::string review = ReviewOf(Pinned(signed_));
    review.insert(review.find(R"("containers")"), R"("priority":)" + std::to_string(priority) + ",");
    const PolicyStore::Deciding deciding = store_->deciding();
    const SignedImageFacts facts(gatherer_, *deciding.signers, no_secrets_);
    const ImageLookup lookup{.source = &facts, .deadline = steady_clock::now() + std::chrono::minutes(5)};
    return json::parse(Review(review, *deciding.engine, context_, {}, lookup).body)["response"];
  };
  EXPECT_EQ(respond(3)["allowed"], true);
  const std::size_t asked = images_.repository.Requests().size();
  EXPECT_EQ(respond(4)["allowed"], false);
  EXPECT_EQ(respond(2)["allowed"], true);
  EXPECT_EQ(images_.repository.Requests().size(), asked);
}

// CVE-2025-29778 (Kyverno): patterns for subject and issuer were ignored.
TEST_F(ImageReviewTest, IssuerAndSubjectComeFromThePolicy) {
  const test::TestKey ca("P-256");
  test::WriteFile(folder_ / "ca.pem",
                  test::Pem("CERTIFICATE", test::MakeCertificate({.subject = "root", .is_ca = true, .usage = ""}, ca, ca)));
  test::WriteFile(folder_ / "a.writ", R"(package test
signer release certificate { roots "ca.pem" subject "https://github.com/acme/*/x.yml@refs/tags/v1" issuer "https://i.test" }
policy images for admission of Pod { require image object.spec.containers.map(c, c.image) signed by release })");
  const Result<LoadedPolicies> loaded = LoadPolicies({.paths = {folder_.path()}, .load_signers = true});
  ASSERT_TRUE(loaded.ok()) << loaded.error().message;
  const image::LoadedSigner* release = loaded->signers->TryFind(SignerId{0});
  ASSERT_NE(release, nullptr);
  EXPECT_EQ(release->signer.identity->issuer, "https://i.test");
  EXPECT_EQ(release->signer.identity->subject, "https://github.com/acme/*/x.yml@refs/tags/v1");
  EXPECT_TRUE(release->signer.identity->subject_is_glob);
}

TEST_F(ImageReviewTest, ABundleNamesFilesBesideIt) {
  const Result<LoadedPolicies> compiled = LoadPolicies({.paths = {folder_.path()}});
  ASSERT_TRUE(compiled.ok());
  EXPECT_EQ(compiled->signers, nullptr) << "who does not verify needs no keys";
  test::TempFolder other;
  std::filesystem::create_directory(other / "keys");
  test::WriteFile(other / "a.writb", WriteBundle(compiled->policies->program()));
  const PolicySource source{.paths = {other / "a.writb"}, .load_signers = true};
  const Result<LoadedPolicies> without = LoadPolicies(source);
  ASSERT_FALSE(without.ok());
  EXPECT_THAT(without.error().message, HasSubstr(other / "keys/release.pub"));
  test::WriteFile(other / "keys/release.pub", key_.Pem());
  const Result<LoadedPolicies> loaded = LoadPolicies(source);
  ASSERT_TRUE(loaded.ok()) << loaded.error().message;
  EXPECT_EQ(loaded->signers->size(), 1U);
}

TEST(GatherUntil, KeepsTimeForTheAnswer) {
  const steady_clock::time_point now = steady_clock::now();
  EXPECT_EQ(GatherUntil(now, now + std::chrono::seconds(20)), now + std::chrono::milliseconds(19'800));
  EXPECT_EQ(GatherUntil(now, now + std::chrono::milliseconds(800)), now + std::chrono::milliseconds(720));
  EXPECT_EQ(GatherUntil(now, now - std::chrono::seconds(1)), now);
}

}  // namespace
}  // namespace writ::server
