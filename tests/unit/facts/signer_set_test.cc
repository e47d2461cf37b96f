// Signers from programs and files: what is loaded, and what is said about files that are not what they should be.
#include "webhook/image/facts/signer_set.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "rules/base/digest.h"
#include "tests/support/image_facts_fixture.h"

namespace writ::image {
namespace {

using test::KeySigner;
using test::ProgramDemanding;
using test::ReadFrom;
using test::TestKey;
using testing::HasSubstr;

using Kind = writ::Signer::Kind;
using Option = SignerOptionKind;

draft::Signer IdentitySigner(Kind kind, const std::string& trust, const std::string& subject = "release@acme.example") {
  draft::Signer signer;
  signer.name = "release";
  signer.kind = kind;
  signer.subject = subject;
  signer.issuer = kind == Kind::kKeyless ? "https://issuer.test" : "";
  signer.trust = trust;
  return signer;
}

class SignerSetTest : public testing::Test {
 protected:
  Result<SignerSet> Load(std::vector<draft::Signer> signers) {
    const auto read = ReadFrom(files_);
    return SignerSet::Load(BuildProgram(ProgramDemanding(std::move(signers))),
                           {.folder = folder_, .read = [this, read](const std::string& path) {
                              reads_.push_back(path);
                              return read(path);
                            }});
  }
  LoadedSigner LoadOne(const draft::Signer& signer) {
    const Result<SignerSet> set = Load({signer});
    EXPECT_TRUE(set.ok()) << set.error().message;
    return *set->TryFind(SignerId{0});
  }
  std::string Certificate() {
    return test::Pem("CERTIFICATE", test::MakeCertificate({.subject = "root", .is_ca = true, .usage = ""}, key_, key_));
  }

  TestKey key_{"P-256"}, other_key_{"P-256"};
  std::map<std::string, std::string> files_{
      {"policies/release.pub", key_.Pem()},        {"policies/other.pub", other_key_.Pem()},
      {"policies/private.pub", key_.PrivatePem()}, {"policies/certificate.pub", Certificate()},
      {"policies/ca.pem", Certificate()},          {"policies/root.json", R"({"mediaType":"application/json"})"}};
  std::optional<std::string> folder_;
  std::vector<std::string> reads_;
};

TEST_F(SignerSetTest, ReadsBesideThePolicyFileOrTheBundle) {
  EXPECT_EQ(LoadOne(KeySigner("release")).signer.key->spki(), key_.Spki());
  folder_ = "elsewhere/";
  files_["elsewhere/release.pub"] = other_key_.Pem();
  EXPECT_EQ(LoadOne(KeySigner("release")).signer.key->spki(), other_key_.Spki());
}

TEST_F(SignerSetTest, LooksOnlyAtWhatRulesDemand) {
  draft::Program program = ProgramDemanding({KeySigner("release"), KeySigner("gone")});
  program.rules.front().image->demands.front().signers.pop_back();
  const Result<SignerSet> set = SignerSet::Load(BuildProgram(program), {.folder = {}, .read = ReadFrom(files_)});
  ASSERT_TRUE(set.ok()) << set.error().message;
  EXPECT_EQ(set->size(), 1U);
  EXPECT_NE(set->TryFind(SignerId{0}), nullptr);
  EXPECT_EQ(set->TryFind(SignerId{1}), nullptr);
  EXPECT_EQ(set->TryFind(SignerId{7}), nullptr);
  EXPECT_TRUE(SignerSet::Load(Program(), {})->empty());
}

TEST_F(SignerSetTest, ReadsEachFileOnceAndSharesTrust) {
  draft::Signer first = IdentitySigner(Kind::kOwnPki, "ca.pem"), second = IdentitySigner(Kind::kOwnPki, "./ca.pem", "*@acme.example");
  second.name = "others";
  const Result<SignerSet> set = Load({first, second});
  ASSERT_TRUE(set.ok()) << set.error().message;
  EXPECT_THAT(reads_, testing::ElementsAre("policies/ca.pem"));
  EXPECT_EQ(set->TryFind(SignerId{0})->signer.trust_root, set->TryFind(SignerId{1})->signer.trust_root);
  EXPECT_FALSE(set->TryFind(SignerId{0})->signer.identity->subject_is_glob);
  EXPECT_TRUE(set->TryFind(SignerId{1})->signer.identity->subject_is_glob);
  EXPECT_EQ(set->TryFind(SignerId{0})->signer.options.log, LogRule::kIgnored) << "root certificates name no log";
}

TEST_F(SignerSetTest, MapsEveryOption) {
  draft::Signer signer = KeySigner("release");
  signer.options = {{Option::kLog, "", "ignored"},        {Option::kSct, "", "ignored"},
                    {Option::kTimestamp, "", "optional"}, {Option::kAnnotation, "a", "b"},
                    {Option::kHash, "", "sha512"},        {Option::kPlatforms, "", "both"},
                    {Option::kTagPrefix, "", "signed-"},  {Option::kRepository, "", "ghcr.io/acme/signatures"}};
  const LoadedSigner loaded = LoadOne(signer);
  EXPECT_EQ(loaded.signer.options.log, LogRule::kIgnored);
  EXPECT_EQ(loaded.signer.options.sct, Demand::kOptional);
  EXPECT_EQ(loaded.signer.options.timestamp, Demand::kOptional);
  EXPECT_EQ(loaded.signer.options.annotations.at("a"), "b");
  EXPECT_EQ(loaded.signer.options.signature_hash, HashAlgorithm::kSha512);
  EXPECT_EQ(loaded.platforms, PlatformRule::kBoth);
  EXPECT_EQ(loaded.tag_prefix, "signed-");
  EXPECT_EQ(loaded.repository->Name(), "ghcr.io/acme/signatures");
  draft::Signer identity = IdentitySigner(Kind::kOwnPki, "ca.pem");
  identity.options = {{Option::kCertificate, "build_trigger", "push"}, {Option::kSct, "", "required"}, {Option::kLog, "", "required"}};
  const LoadedSigner of_ca = LoadOne(identity);
  EXPECT_EQ(of_ca.signer.options.certificate_extensions.at("build_trigger"), "push");
  EXPECT_EQ(of_ca.signer.options.sct, Demand::kRequired);
  EXPECT_EQ(of_ca.signer.options.log, LogRule::kRequired);
}

TEST_F(SignerSetTest, TheFingerprintNamesWhatAVerdictHangsOn) {
  const std::string plain = LoadOne(KeySigner("release")).fingerprint;
  draft::Signer renamed = KeySigner("release");
  renamed.name = "other name";
  EXPECT_EQ(LoadOne(renamed).fingerprint, plain);
  EXPECT_NE(LoadOne(KeySigner("other")).fingerprint, plain);
  const draft::SignerOption options[] = {{Option::kSct, "", "ignored"},    {Option::kLog, "", "ignored"},
                                         {Option::kAnnotation, "a", "b"},  {Option::kHash, "", "sha512"},
                                         {Option::kPlatforms, "", "each"}, {Option::kTagPrefix, "", "x"},
                                         {Option::kAnnotation, "a", "c"},  {Option::kRepository, "", "r.test/x"}};
  std::set<std::string> seen = {plain};
  for (const draft::SignerOption& option : options) {
    draft::Signer signer = KeySigner("release");
    signer.options = {option};
    EXPECT_TRUE(seen.insert(LoadOne(signer).fingerprint).second) << InfoOf(option.kind).word << " " << option.value;
  }
  const std::string before = LoadOne(IdentitySigner(Kind::kOwnPki, "ca.pem")).fingerprint;
  files_["policies/ca.pem"] = Certificate();
  EXPECT_NE(LoadOne(IdentitySigner(Kind::kOwnPki, "ca.pem")).fingerprint, before) << "the trust root's bytes are part of it";
}

TEST_F(SignerSetTest, ThePinMustBeTheFiles) {
  draft::Signer signer = IdentitySigner(Kind::kOwnPki, "ca.pem");
  signer.trust_digest = DigestOf(files_["policies/ca.pem"]);
  EXPECT_TRUE(Load({signer}).ok());
  files_["policies/ca.pem"] += "\n";
  const Result<SignerSet> set = Load({signer});
  ASSERT_FALSE(set.ok());
  EXPECT_EQ(set.error().message, "signer `release` (policies/images.writ:3): policies/ca.pem: found " +
                                     DigestOf(files_["policies/ca.pem"]) + ", expected " + signer.trust_digest +
                                     "; look at what has changed, and pin the new digest only if the new trust is wanted");
}

// Case 39: two names of one key are one signer.
TEST_F(SignerSetTest, OneKeyUnderTwoNamesDoesNotMeetAThreshold) {
  files_["policies/copy.pub"] = "\n" + key_.Pem();
  draft::Signer copy = KeySigner("copy"), option = KeySigner("release");
  option.name = "option";
  option.options = {{Option::kAnnotation, "env", "prod"}};
  const auto at_least = [](std::uint32_t needed, std::uint32_t operands) {
    return SignerTerm{.kind = SignerTerm::Kind::kAtLeast, .signer = {}, .needed = needed, .operands = operands};
  };
  const auto signer = [](std::uint32_t id) { return SignerTerm{.kind = SignerTerm::Kind::kSigner, .signer = SignerId{id}}; };
  struct Case {
    std::string_view name;
    std::vector<SignerTerm> terms;
    bool is_good;
  };
  const Case cases[] = {
      {"2 of (release, other)", {signer(0), signer(1), at_least(2, 2)}, true},
      {"2 of (release, copy, other)", {signer(0), signer(2), signer(1), at_least(2, 3)}, false},
      {"release and option", {signer(0), signer(3), at_least(2, 2)}, false},
      {"release or copy", {signer(0), signer(2), at_least(1, 2)}, true},
      {"(release or copy) and other", {signer(0), signer(2), at_least(1, 2), signer(1), at_least(2, 2)}, true},
      {"2 of (release or other, copy)", {signer(0), signer(1), at_least(1, 2), signer(2), at_least(2, 2)}, false},
      {"2 of (release, release)", {signer(0), signer(0), at_least(2, 2)}, false},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.name);
    draft::Program program = ProgramDemanding({KeySigner("release"), KeySigner("other"), copy, option});
    program.rules.front().image->demands.front().signers = c.terms;
    const Result<SignerSet> set = SignerSet::Load(BuildProgram(program), {.folder = {}, .read = ReadFrom(files_)});
    ASSERT_EQ(set.ok(), c.is_good);
    if (!c.is_good) { EXPECT_THAT(set.error().message, HasSubstr(" is the same as `")); }
  }
}

TEST_F(SignerSetTest, OneIdentityUnderTwoNamesIsOneSigner) {
  files_["policies/same.pem"] = files_["policies/ca.pem"] + "\n";
  const draft::Signer first = IdentitySigner(Kind::kOwnPki, "ca.pem");
  draft::Signer second = IdentitySigner(Kind::kOwnPki, "same.pem");
  second.name = "second";
  draft::Program program = ProgramDemanding({first, second});
  program.rules.front().image->demands.front().signers.push_back(
      {.kind = SignerTerm::Kind::kAtLeast, .signer = {}, .needed = 2, .operands = 2});
  const Result<SignerSet> set = SignerSet::Load(BuildProgram(program), {.folder = {}, .read = ReadFrom(files_)});
  ASSERT_FALSE(set.ok());
  EXPECT_EQ(set.error().message, "signer `second` (policies/images.writ:4): is the same as `" + first.name +
                                     "` (policies/images.writ:3), and a rule wants both: one signature would count as two");
}

TEST_F(SignerSetTest, SaysWhatIsWrong) {
  const auto with = [](draft::SignerOption option, draft::Signer signer = KeySigner("release")) {
    signer.options = {std::move(option)};
    return signer;
  };
  draft::Signer twice = KeySigner("release");
  twice.options = {{Option::kAnnotation, "a", "b"}, {Option::kAnnotation, "a", "c"}};
  struct Case {
    std::string_view name;
    draft::Signer signer;
    std::string_view message;
  };
  const Case cases[] = {
      {"missing", KeySigner("gone"), "signer `gone` (policies/images.writ:3): policies/gone.pub: no such file"},
      {"certificate", KeySigner("certificate"), "policies/certificate.pub: a certificate, expected a PEM block `PUBLIC KEY`"},
      {"private key", KeySigner("private"), "policies/private.pub: a private key, expected"},
      {"no trust root", IdentitySigner(Kind::kKeyless, "root.json"), "policies/root.json"},
      {"trust root as authorities", IdentitySigner(Kind::kOwnPki, "root.json"), "policies/root.json"},
      {"authorities as trust root", IdentitySigner(Kind::kKeyless, "ca.pem"), "policies/ca.pem"},
      {"extension", with({Option::kCertificate, "colour", "red"}, IdentitySigner(Kind::kOwnPki, "ca.pem")), "no extension `colour`"},
      {"extension of a key", with({Option::kCertificate, "build_trigger", "push"}), "a key has no certificate extensions"},
      {"log without root", with({Option::kLog, "", "required"}), "needs a trust root"},
      {"repository", with({Option::kRepository, "", "https://x"}), "`repository`: "},
      {"repository with tag", with({Option::kRepository, "", "r.test:5000/x:1"}), "without tag and digest"},
      {"prefix", with({Option::kTagPrefix, "", "a/b"}), "`tag_prefix`: found `a/b`"},
      {"twice", twice, "`a` is demanded twice"},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.name);
    const Result<SignerSet> set = Load({c.signer});
    ASSERT_FALSE(set.ok());
    EXPECT_THAT(set.error().message, HasSubstr(c.message));
    EXPECT_THAT(set.error().message, testing::StartsWith("signer `" + c.signer.name + "` (policies/images.writ:3): "));
  }
}

}  // namespace
}  // namespace writ::image
