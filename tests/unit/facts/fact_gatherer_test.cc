// Facts about images in a registry in memory, signed by keys made here: outcomes, what is asked of the registry, what is kept.
#include "webhook/image/facts/fact_gatherer.h"

#include <condition_variable>
#include <mutex>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/image_facts_fixture.h"

namespace writ::image {
namespace {

using std::chrono::steady_clock;
using test::KeySigner;
using test::ProgramDemanding;
using test::SignedImages;
using test::TestKey;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::UnorderedElementsAre;

constexpr UnixNanos kSecond = 1'000'000'000;
constexpr char kType[] = "https://slsa.dev/provenance/v1";

SteadyTime Soon() { return steady_clock::now() + std::chrono::minutes(10); }

// One line a list, as a reader wants it: "signed a; refuted b; unknown c".
std::string Text(const ImageFacts& facts) {
  std::string out;
  const auto add = [&out](std::string_view word, const std::vector<std::string>& names) {
    for (const std::string& name : names) out.append(out.empty() ? "" : "; ").append(word).append(" ").append(name);
  };
  add("signed", facts.signed_by);
  add("refuted", facts.refuted);
  add("unknown", facts.unknown);
  for (const ImageAttestation& each : facts.attestations) {
    out.append(out.empty() ? "" : "; ").append(each.predicate_json).append(each.about.empty() ? "" : " about " + each.about).append(" by");
    for (const std::string& name : each.signed_by) out.append(" ").append(name);
  }
  return out;
}

class FactGathererTest : public testing::Test {
 protected:
  SignerSet Load(std::vector<draft::Signer> signers) {
    Result<SignerSet> set =
        SignerSet::Load(BuildProgram(ProgramDemanding(std::move(signers))), {.folder = "", .read = test::ReadFrom(files_)});
    EXPECT_TRUE(set.ok()) << set.error().message;
    return set.ok() ? *set : SignerSet();
  }
  OpenImageSource Opener() {
    return [this](const ImageReference& reference, SteadyTime, const PullCredentials& brought) -> Result<std::unique_ptr<ImageSource>> {
      if (on_open_) on_open_();
      if (brought.identity != wanted_identity_) return Error{ErrorCode::kUnreadable, "401 Unauthorized"};
      const auto found = sources_.find(reference.Name());
      if (found == sources_.end())
        return Error{ErrorCode::kInvalidArgument, "registry " + reference.registry.Text() + " is not on the list"};
      return std::unique_ptr<ImageSource>(std::make_unique<test::LentSource>(*found->second));
    };
  }
  FactGatherer& Gatherer() {
    if (!gatherer_) gatherer_ = std::make_unique<FactGatherer>(Opener(), clock_, options_);
    return *gatherer_;
  }
  // The signatures of the first `signers`, and attestations of that type by those of the numbers.
  writ::Need Need(const std::string& image, std::uint32_t signers = 1, std::initializer_list<std::uint32_t> attesters = {},
                  const std::string& type = "") {
    writ::Need need{.kind = std::string(kImageFacts), .key = image, .asks = {}};
    const auto name = [this](std::uint32_t at) { return signers_.TryFind(SignerId{at})->signer.name; };
    for (std::uint32_t at = 0; at < signers; ++at) need.asks.push_back({name(at), ""});
    for (const std::uint32_t at : attesters) need.asks.push_back({name(at), type});
    return need;
  }
  GatheredFacts Gather(const writ::Need& need, SteadyTime deadline = Soon()) {
    return Gatherer().Gather(signers_, std::span<const writ::Need>(&need, 1), deadline);
  }
  std::string Facts(const writ::Need& need) { return Text(Gather(need).images.front()); }
  static std::string Pinned(const std::string& digest) { return "r.test/app@" + digest; }
  std::size_t Requests() const { return images_.repository.Requests().size(); }

  TestKey release_{"P-256"}, other_{"P-256"};
  std::map<std::string, std::string> files_{{"release.pub", release_.Pem()}, {"other.pub", other_.Pem()}};
  SignedImages images_, elsewhere_;
  std::map<std::string, const ImageSource*> sources_{{"r.test/app", &images_.repository}, {"r.test/signatures", &elsewhere_.repository}};
  std::function<void()> on_open_;
  std::string wanted_identity_;  // of credentials; others are refused
  FakeClock clock_{test::kSignedAt};
  FactOptions options_;
  SignerSet signers_ = Load({KeySigner("release"), KeySigner("other")});
  std::unique_ptr<FactGatherer> gatherer_;
};

TEST_F(FactGathererTest, TellsVerifiedRefutedAndUnknownApart) {
  const std::string image = images_.AddImage("1.0", "a");
  images_.Sign(image, release_);
  const std::string bare = images_.AddImage("bare", "b");
  EXPECT_EQ(Facts(Need(Pinned(image), 2)), "signed release; refuted other");
  EXPECT_EQ(Facts(Need(Pinned(bare), 2)), "refuted release; refuted other");
  EXPECT_EQ(Facts(Need("r.test/app@sha256:" + std::string(64, '0'))), "unknown release") << "there is no such image";
  EXPECT_EQ(Facts(Need("r.test/app:none")), "unknown release");
  const GatheredFacts unlisted = Gather(Need("evil.test/app:1.0"));
  EXPECT_EQ(Text(unlisted.images.front()), "unknown release");
  EXPECT_EQ(unlisted.findings.front().message, "registry evil.test is not on the list");
  const GatheredFacts bad = Gather(Need("R.test/App app"));
  EXPECT_EQ(Text(bad.images.front()), "unknown release");
  EXPECT_THAT(bad.findings.front().message, HasSubstr("R.test/App app"));
}

TEST_F(FactGathererTest, AnswersEachNeedUnderTheTextOfThePolicy) {
  const std::string image = images_.AddImage("1.0", "a");
  images_.Sign(image, release_);
  const std::vector<writ::Need> needs = {Need("r.test/app:1.0"), Need("r.test/app"), Need(Pinned(image))};
  const GatheredFacts facts = Gatherer().Gather(signers_, needs, Soon());
  ASSERT_EQ(facts.images.size(), 3U);
  EXPECT_EQ(facts.images[0].image, "r.test/app:1.0");
  EXPECT_EQ(Text(facts.images[0]), "signed release");
  EXPECT_EQ(Text(facts.images[1]), "unknown release") << "there is no tag `latest`";
  EXPECT_EQ(Text(facts.images[2]), "signed release");
  EXPECT_THAT(facts.warnings,
              ElementsAre("image r.test/app:1.0 is a tag, which can move: pin @" + image, "image r.test/app is a tag, which can move"));
  EXPECT_EQ(facts.findings[0].digest, image);
}

// What one identity has found out is no answer for another, whether it names a digest or a tag.
TEST_F(FactGathererTest, KeepsCredentialsApart) {
  const std::string image = images_.AddImage("1.0", "a");
  images_.Sign(image, release_);
  wanted_identity_ = "team-a";
  const auto ask = [&](const std::string& reference, const std::string& identity) {
    const writ::Need need = Need(reference);
    return Text(Gatherer().Gather(signers_, std::span<const writ::Need>(&need, 1), Soon(), {.identity = identity}).images.front());
  };
  for (const std::string& reference : {Pinned(image), std::string("r.test/app:1.0")}) {
    SCOPED_TRACE(reference);
    EXPECT_EQ(ask(reference, "team-a"), "signed release");
    EXPECT_EQ(ask(reference, "team-b"), "unknown release");
    EXPECT_EQ(ask(reference, ""), "unknown release");
    EXPECT_EQ(ask(reference, "team-a"), "signed release");
  }
  const std::size_t asked = Requests();
  EXPECT_EQ(ask(Pinned(image), "team-a"), "signed release");
  EXPECT_EQ(Requests(), asked) << "for itself it is kept";
}

TEST_F(FactGathererTest, KeepsWhatIsVerified) {
  const std::string image = images_.AddImage("1.0", "a");
  images_.Sign(image, release_);
  EXPECT_FALSE(Gather(Need(Pinned(image))).findings.front().from_cache);
  const std::size_t asked = Requests();
  const GatheredFacts again = Gather(Need(Pinned(image)));
  EXPECT_EQ(Text(again.images.front()), "signed release");
  EXPECT_TRUE(again.findings.front().from_cache);
  EXPECT_EQ(Requests(), asked) << "a digest that is known costs no request";
  EXPECT_EQ(Facts(Need("r.test/app:1.0")), "signed release");
  EXPECT_EQ(Requests(), asked + 1) << "a tag is resolved every time";
  clock_.Advance(600 * kSecond);
  EXPECT_FALSE(Gather(Need(Pinned(image))).findings.front().from_cache);
}

TEST_F(FactGathererTest, AnEditedSignerIsJudgedAnew) {
  const std::string image = images_.AddImage("1.0", "a");
  images_.Sign(image, release_);
  EXPECT_EQ(Facts(Need(Pinned(image))), "signed release");
  files_["release.pub"] = other_.Pem();  // the name is the same, the key is not
  signers_ = Load({KeySigner("release")});
  EXPECT_EQ(Facts(Need(Pinned(image))), "refuted release");
  files_["release.pub"] = release_.Pem();
  draft::Signer strict = KeySigner("release");
  strict.options = {{SignerOptionKind::kAnnotation, "env", "prod"}};
  signers_ = Load({strict});
  EXPECT_EQ(Facts(Need(Pinned(image))), "refuted release");
}

TEST_F(FactGathererTest, ForgetsSoonWhatIsRefutedAndNeverKeepsWhatIsUnknown) {
  const std::string image = images_.AddImage("1.0", "a");
  EXPECT_EQ(Facts(Need(Pinned(image))), "refuted release");
  images_.Sign(image, release_);
  EXPECT_EQ(Facts(Need(Pinned(image))), "refuted release") << "for a moment";
  clock_.Advance(15 * kSecond);
  EXPECT_EQ(Facts(Need(Pinned(image))), "signed release");

  const std::string down = images_.AddImage("down", "b");
  const std::string tag = "manifest sha256-" + down.substr(7) + ".sig";
  images_.repository.Fail(tag, {ErrorCode::kUnreadable, "503 Service Unavailable after 3 tries"});
  const GatheredFacts unknown = Gather(Need(Pinned(down)));
  EXPECT_EQ(Text(unknown.images.front()), "unknown release");
  EXPECT_THAT(unknown.findings.front().message, HasSubstr("503 Service Unavailable"));
  const std::size_t asked = Requests();
  EXPECT_EQ(Facts(Need(Pinned(down))), "unknown release");
  EXPECT_GT(Requests(), asked);
}

TEST_F(FactGathererTest, ATagThatMovesIsSeen) {
  images_.Sign(images_.AddImage("1.0", "a"), release_);
  EXPECT_EQ(Facts(Need("r.test/app:1.0")), "signed release");
  images_.AddImage("1.0", "evil");
  EXPECT_EQ(Facts(Need("r.test/app:1.0")), "refuted release");
}

// A repository in which the tag `1.0` is moved as soon as somebody has resolved it.
class MovingTag final : public ImageSource {
 public:
  MovingTag(test::MemoryRepository& repository, std::string to) : repository_(repository), to_(std::move(to)) {}
  Result<Fetched> GetManifest(std::string_view reference) const override {
    Result<Fetched> found = repository_.GetManifest(reference);
    if (reference == "1.0") repository_.SetTag("1.0", to_);
    return found;
  }
  Result<Fetched> GetBlob(std::string_view digest, std::size_t max_bytes) const override { return repository_.GetBlob(digest, max_bytes); }
  Result<Referrers> GetReferrers(std::string_view digest) const override { return repository_.GetReferrers(digest); }

 private:
  test::MemoryRepository& repository_;
  const std::string to_;
};

// Case 32: what is judged, named, and kept is the one digest that the tag stood for when it was resolved.
TEST_F(FactGathererTest, ATagThatMovesWhileItIsJudgedIsOneDigest) {
  const std::string evil = images_.AddImage("", "evil"), image = images_.AddImage("1.0", "a");
  images_.Sign(image, release_);
  const MovingTag moving(images_.repository, evil);
  sources_["r.test/app"] = &moving;
  GatheredFacts facts = Gather(Need("r.test/app:1.0"));
  EXPECT_EQ(Text(facts.images.front()), "signed release");
  EXPECT_EQ(facts.findings.front().digest, image);
  EXPECT_THAT(facts.warnings, ElementsAre("image r.test/app:1.0 is a tag, which can move: pin @" + image));
  facts = Gather(Need("r.test/app:1.0"));
  EXPECT_EQ(Text(facts.images.front()), "refuted release");
  EXPECT_EQ(facts.findings.front().digest, evil);
  EXPECT_EQ(Facts(Need(Pinned(image))), "signed release");

  images_.repository.SetTag("1.0", evil);  // and the other way: a signature that comes too late does not sign the first digest
  const MovingTag back(images_.repository, image);
  sources_["r.test/app"] = &back;
  clock_.Advance(3600 * kSecond);
  EXPECT_EQ(Text(Gather(Need("r.test/app:1.0")).images.front()), "refuted release");
}

TEST_F(FactGathererTest, UnderStrictTagsNothingIsKnownOfATag) {
  options_.tags = TagRule::kDenied;
  const std::string image = images_.AddImage("1.0", "a");
  images_.Sign(image, release_);
  const GatheredFacts facts = Gather(Need("r.test/app:1.0"));
  EXPECT_EQ(Text(facts.images.front()), "unknown release");
  EXPECT_EQ(facts.findings.front().message, "image r.test/app:1.0 is a tag, which can move: pin it by @sha256:…");
  EXPECT_EQ(Requests(), 0U);
  EXPECT_EQ(Facts(Need("r.test/app:1.0@" + image)), "signed release");
}

TEST_F(FactGathererTest, FetchesEachObjectOnceForAllSigners) {
  const std::string image = images_.AddImage("1.0", "a");
  std::vector<TestKey> keys;
  std::vector<draft::Signer> signers;
  for (int at = 0; at < 15; ++at) {
    keys.emplace_back("P-256");
    const std::string name = "key" + std::to_string(at);
    files_[name + ".pub"] = keys.back().Pem();
    signers.push_back(KeySigner(name));
  }
  for (const int at : {2, 7, 14}) images_.Sign(image, keys[static_cast<std::size_t>(at)]);
  signers_ = Load(signers);
  const GatheredFacts facts = Gather(Need("r.test/app:1.0", 15));
  EXPECT_THAT(facts.images.front().signed_by, ElementsAre("key2", "key7", "key14"));
  EXPECT_EQ(facts.images.front().refuted.size(), 12U);
  const std::vector<std::string> requests = images_.repository.Requests();
  EXPECT_EQ(std::adjacent_find(requests.begin(), requests.end()), requests.end());
  EXPECT_LE(requests.size(), 1U + 4U + 1U) << "tag; .sig, .att, listing, fallback; one payload, which all signatures share";
}

TEST_F(FactGathererTest, FindsSignaturesElsewhere) {
  const std::string image = images_.AddImage("1.0", "a");
  elsewhere_.Sign(image, release_, "prod-");
  draft::Signer there = KeySigner("release"), wrong_prefix = KeySigner("other"), unlisted = KeySigner("other");
  there.options = {{SignerOptionKind::kRepository, "", "r.test/signatures"}, {SignerOptionKind::kTagPrefix, "", "prod-"}};
  wrong_prefix.options = {{SignerOptionKind::kRepository, "", "r.test/signatures"}};
  unlisted.name = "third";
  unlisted.options = {{SignerOptionKind::kRepository, "", "evil.test/signatures"}};
  signers_ = Load({there, wrong_prefix, unlisted});
  EXPECT_EQ(Facts(Need(Pinned(image), 3)), "signed release; refuted other; unknown third");
}

TEST_F(FactGathererTest, JudgesPlatforms) {
  const std::string amd = images_.AddImage("", "amd"), arm = images_.AddImage("", "arm"), extra = images_.AddImage("", "buildkit");
  const std::string index = images_.AddIndex("1.0", {{amd, "linux/amd64"}, {arm, "linux/arm64"}, {extra, "unknown/unknown"}});
  const auto with = [](const std::string& name, const std::string& platforms) {
    draft::Signer signer = KeySigner("release");
    signer.name = name;
    signer.options = {{SignerOptionKind::kPlatforms, "", platforms}};
    return signer;
  };
  signers_ = Load({with("index", "index"), with("each", "each"), with("both", "both")});
  const auto facts = [&] {
    clock_.Advance(3600 * kSecond);
    return Facts(Need(Pinned(index), 3));
  };
  images_.Sign(amd, release_);
  EXPECT_EQ(facts(), "refuted index; refuted each; refuted both");
  images_.Sign(arm, release_);
  EXPECT_EQ(facts(), "signed each; refuted index; refuted both");
  images_.Sign(index, release_);
  EXPECT_EQ(facts(), "signed index; signed each; signed both");
  const std::string hollow = images_.AddIndex("2.0", {{extra, "unknown/unknown"}});
  EXPECT_EQ(Facts(Need(Pinned(hollow), 2)), "refuted index; unknown each") << "nothing to sign is not signed";
  EXPECT_EQ(Facts(Need(Pinned(amd), 3)), "signed index; signed each; signed both") << "an image of one platform";
}

TEST_F(FactGathererTest, HandsOnAttestations) {
  const std::string image = images_.AddImage("1.0", "a");
  images_.Attest(image, release_, kType, R"({"level":3})");
  images_.Attest(image, other_, kType, R"({"level":3})");
  images_.Attest(image, release_, kType, R"({"level":1})");
  images_.Attest(image, release_, "https://spdx.dev/Document", R"({"name":"x"})");
  writ::Need need = Need(Pinned(image), 1, {0, 1}, kType);
  EXPECT_EQ(Facts(need), R"(refuted release; {"level":3} by release other; {"level":1} by release)") << "an attestation is no signature";
  const std::size_t asked = Requests();
  EXPECT_EQ(Facts(need), R"(refuted release; {"level":3} by release other; {"level":1} by release)");
  EXPECT_EQ(Requests(), asked) << "statements are kept, conditions are not";
  need = Need(Pinned(image), 1, {1}, "https://spdx.dev/Document");
  EXPECT_EQ(Facts(need), "refuted release");
}

TEST_F(FactGathererTest, AttestationsThatMayBeMissingAreUnknown) {
  const std::string image = images_.AddImage("1.0", "a");
  images_.Attest(image, release_, kType, "{}");
  images_.repository.Fail("referrers " + image, {ErrorCode::kUnreadable, "429 Too Many Requests"});
  const writ::Need need = Need(Pinned(image), 0, {0}, kType);
  EXPECT_EQ(Facts(need), "unknown release; {} by release");
  const std::size_t asked = Requests();
  Facts(need);
  EXPECT_GT(Requests(), asked) << "what is not complete is not kept";
}

TEST_F(FactGathererTest, AttestationsOfPlatformsSayWhichTheyAreAbout) {
  const std::string amd = images_.AddImage("", "amd"), arm = images_.AddImage("", "arm");
  const std::string index = images_.AddIndex("1.0", {{amd, "linux/amd64"}, {arm, "linux/arm64"}});
  draft::Signer each = KeySigner("release");
  each.options = {{SignerOptionKind::kPlatforms, "", "each"}};
  signers_ = Load({each});
  const writ::Need need = Need(Pinned(index), 0, {0}, kType);
  images_.Attest(amd, release_, kType, R"({"level":3})");
  EXPECT_EQ(Facts(need), "") << "what is said of one platform does not speak for the other";
  images_.Attest(arm, release_, kType, R"({"level":1})");
  images_.Attest(arm, release_, kType, R"({"level":3})");
  clock_.Advance(3600 * kSecond);
  EXPECT_EQ(Facts(need), R"({"level":3} about )" + amd + R"( by release; {"level":1} about )" + arm + R"( by release; {"level":3} about )" +
                             arm + " by release");
}

TEST_F(FactGathererTest, TooManyAttestationsOfPlatformsAreUnknown) {
  options_.limits.max_statement_bytes = 15;
  const std::string amd = images_.AddImage("", "amd"), arm = images_.AddImage("", "arm");
  const std::string index = images_.AddIndex("1.0", {{amd, "linux/amd64"}, {arm, "linux/arm64"}});
  draft::Signer each = KeySigner("release");
  each.options = {{SignerOptionKind::kPlatforms, "", "each"}};
  signers_ = Load({each});
  for (const std::string& digest : {amd, arm}) images_.Attest(digest, release_, kType, R"({"level":3})");
  const writ::Need need = Need(Pinned(index), 0, {0}, kType);
  const GatheredFacts facts = Gather(need);
  EXPECT_EQ(Text(facts.images.front()), "unknown release");
  EXPECT_EQ(facts.findings.front().message, "the attestations of all platforms have more than 15 bytes");
}

TEST_F(FactGathererTest, AnIndexInsideAnIndexIsUnknown) {
  const std::string amd = images_.AddImage("", "amd");
  const std::string inner = images_.AddIndex("", {{amd, "linux/amd64"}});
  const std::string type = R"({"mediaType":"application/vnd.oci.image.index.v1+json","digest":")" + inner + R"(","size":1})";
  const std::string outer = images_.repository.AddManifest(
      R"({"schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json","manifests":[)" + type + "]}", "1.0");
  for (const std::string& digest : {amd, inner, outer}) images_.Sign(digest, release_);
  draft::Signer each = KeySigner("release");
  each.options = {{SignerOptionKind::kPlatforms, "", "each"}};
  signers_ = Load({each, KeySigner("other")});
  const GatheredFacts facts = Gather(Need(Pinned(outer)));
  EXPECT_EQ(Text(facts.images.front()), "unknown release");
  EXPECT_THAT(facts.findings.front().message, HasSubstr("the index lists another index, " + inner));
}

TEST_F(FactGathererTest, AfterTheDeadlineEverythingIsUnknown) {
  const std::string image = images_.AddImage("1.0", "a");
  images_.Sign(image, release_);
  const GatheredFacts facts = Gather(Need("r.test/app:1.0"), steady_clock::now());
  EXPECT_EQ(Text(facts.images.front()), "unknown release");
  EXPECT_THAT(facts.findings.front().message, HasSubstr("time"));
  EXPECT_EQ(Requests(), 0U);
}

TEST_F(FactGathererTest, ImagesBeyondTheLimitAreUnknown) {
  options_.limits.max_images = 1;
  const std::string image = images_.AddImage("1.0", "a");
  images_.Sign(image, release_);
  const std::vector<writ::Need> needs = {Need(Pinned(image)), Need("r.test/app:1.0")};
  const GatheredFacts facts = Gatherer().Gather(signers_, needs, Soon());
  EXPECT_EQ(Text(facts.images[0]), "signed release");
  EXPECT_EQ(facts.images[1].image, "r.test/app:1.0");
  EXPECT_EQ(Text(facts.images[1]), "unknown release");
  EXPECT_EQ(facts.findings[1].message, "only 1 images of a request are looked at");
}

// Holds whoever opens a source until it is told to go.
class Gate {
 public:
  void Pass() {
    std::unique_lock lock(mutex_);
    ++waiting_;
    changed_.notify_all();
    changed_.wait(lock, [this] { return is_open_; });
  }
  void AwaitOne() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return waiting_ > 0; });
  }
  void Open() {
    const std::lock_guard lock(mutex_);
    is_open_ = true;
    changed_.notify_all();
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  int waiting_ = 0;
  bool is_open_ = false;
};

TEST_F(FactGathererTest, ManyWhoAskForOneImageCauseOneGather) {
  const std::string image = images_.AddImage("1.0", "a");
  images_.Sign(image, release_);
  Gate gate;
  on_open_ = [&gate] { gate.Pass(); };
  Gatherer();
  std::vector<std::string> texts(8);
  {
    std::vector<std::jthread> threads;
    for (std::string& text : texts) threads.emplace_back([&] { text = Facts(Need(Pinned(image))); });
    gate.AwaitOne();
    gate.Open();
  }
  for (const std::string& text : texts) EXPECT_EQ(text, "signed release");
  const std::vector<std::string> requests = images_.repository.Requests();
  EXPECT_EQ(std::adjacent_find(requests.begin(), requests.end()), requests.end());
}

TEST_F(FactGathererTest, NobodyWaitsForOthersBeyondTheirOwnDeadline) {
  options_.limits.max_gathers = 1;
  const std::string image = images_.AddImage("1.0", "a"), second = images_.AddImage("2.0", "b");
  images_.Sign(image, release_);
  Gate gate;
  on_open_ = [&gate] { gate.Pass(); };
  Gatherer();
  std::string first;
  {
    const std::jthread slow([&] { first = Facts(Need(Pinned(image))); });
    gate.AwaitOne();
    for (const std::string& digest : {image, second}) {
      const GatheredFacts facts = Gather(Need(Pinned(digest)), steady_clock::now() + std::chrono::milliseconds(20));
      EXPECT_EQ(Text(facts.images.front()), "unknown release");
    }
    gate.Open();
  }
  EXPECT_EQ(first, "signed release");
}

}  // namespace
}  // namespace writ::image
