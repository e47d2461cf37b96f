// Loading policies and data from disk, and replacing them.
#include "webhook/reload/policy_store.h"

#include <atomic>
#include <filesystem>
#include <future>

#include <sys/stat.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "rules/build/build.h"
#include "rules/bundle/bundle.h"
#include "tests/unit/webhook/test_client.h"

namespace writ::server {
namespace {

namespace fs = std::filesystem;
using std::chrono::milliseconds;
using test::TempFolder;
using test::WriteFile;
using testing::HasSubstr;

constexpr std::string_view kAllowPing = R"(package test
policy p for tools on server "s" { allow ping }
)";
constexpr std::string_view kAllowByData = R"(package test
import data fleet
policy q for tools on server "d" { allow * when tool.name in data.fleet.allowed }
)";
constexpr std::string_view kBroken = "package test\npolicy p for tools on server \"s\" { allow ping when principal.tennant == 1 }\n";

Effect Ask(const Engine& engine, std::string_view request) {
  Context context;
  return engine.DecideJson(request, context).effect;
}
constexpr std::string_view kPing = R"({"server":"s","tool":"ping","principal":{"id":"a"}})";
constexpr std::string_view kData = R"({"server":"d","tool":"read","principal":{"id":"a"}})";

TEST(LoadPolicies, ReadsFoldersFilesAndDataBeside) {
  TempFolder folder;
  fs::create_directory(folder / "team");
  WriteFile(folder / "team/a.writ", kAllowPing);
  WriteFile(folder / "team/b.writ", kAllowByData);
  WriteFile(folder / "team/fleet.json", R"({"allowed":["read"]})");
  const Result<LoadedPolicies> loaded = LoadPolicies({.paths = {folder.path()}});
  ASSERT_TRUE(loaded.ok()) << loaded.error().message;
  EXPECT_EQ(2U, loaded->policy_count);
  const Engine engine(loaded->policies, SystemClock());
  EXPECT_EQ(Effect::kAllow, Ask(engine, kPing));
  EXPECT_EQ(Effect::kAllow, Ask(engine, kData));
  const Result<LoadedPolicies> single = LoadPolicies({.paths = {folder / "team/a.writ"}});
  ASSERT_TRUE(single.ok());
  EXPECT_EQ(1U, single->policy_count);
}

TEST(LoadPolicies, TakesDataThatIsGivenAndYamlThroughTheReader) {
  TempFolder folder;
  WriteFile(folder / "b.writ", kAllowByData);
  WriteFile(folder / "fleet.json", R"({"allowed":[]})");
  WriteFile(folder / "other.yaml", "allowed: [read]");
  PolicySource source{.paths = {folder.path()}, .data = {{"fleet", folder / "other.yaml"}}};
  EXPECT_THAT(LoadPolicies(source).error().message, HasSubstr("YAML data cannot be read here"));
  source.read_yaml = [](const std::string&, std::string_view) -> Result<std::string> { return std::string(R"({"allowed":["read"]})"); };
  const Result<LoadedPolicies> loaded = LoadPolicies(source);
  ASSERT_TRUE(loaded.ok()) << loaded.error().message;
  EXPECT_EQ(Effect::kAllow, Ask(Engine(loaded->policies, SystemClock()), kData));
}

TEST(LoadPolicies, IgnoresTheHiddenFoldersOfAConfigMap) {
  TempFolder folder;
  fs::create_directory(folder / "..2026_11_21");
  WriteFile(folder / "..2026_11_21/a.writ", kAllowPing);
  fs::create_directory_symlink("..2026_11_21", folder / "..data");
  fs::create_symlink("..data/a.writ", folder / "a.writ");
  const Result<LoadedPolicies> loaded = LoadPolicies({.paths = {folder.path()}});
  ASSERT_TRUE(loaded.ok()) << loaded.error().message;
  EXPECT_EQ(1U, loaded->policy_count);
}

TEST(LoadPolicies, LoadsABundle) {
  TempFolder folder;
  WriteFile(folder / "a.writ", kAllowPing);
  const Result<LoadedPolicies> compiled = LoadPolicies({.paths = {folder.path()}});
  ASSERT_TRUE(compiled.ok()) << compiled.error().message;
  std::string bytes = WriteBundle(compiled->policies->program());
  WriteFile(folder / "a.writb", bytes);
  const Result<LoadedPolicies> loaded = LoadPolicies({.paths = {folder / "a.writb"}});
  ASSERT_TRUE(loaded.ok()) << loaded.error().message;
  EXPECT_EQ(compiled->policies->digest(), loaded->policies->digest());
  WriteFile(folder / "current", bytes);  // its first bytes say what it is, whatever it is called
  const Result<LoadedPolicies> renamed = LoadPolicies({.paths = {folder / "current"}});
  ASSERT_TRUE(renamed.ok()) << renamed.error().message;
  EXPECT_TRUE(renamed->from_bundle);
  EXPECT_EQ(compiled->policies->digest(), renamed->policies->digest());
  bytes[bytes.size() / 2] = static_cast<char>(bytes[bytes.size() / 2] ^ 1);
  WriteFile(folder / "a.writb", bytes);
  const Result<LoadedPolicies> broken = LoadPolicies({.paths = {folder / "a.writb"}});
  ASSERT_FALSE(broken.ok());
  EXPECT_THAT(broken.error().message, HasSubstr("a.writb: "));
}

TEST(LoadPolicies, SaysWhatIsWrong) {
  TempFolder folder;
  struct Case {
    std::string_view name;
    std::function<PolicySource()> make;
    ErrorCode code;
    std::string_view message;
  };
  const Case cases[] = {
      {"no paths", [] { return PolicySource{}; }, ErrorCode::kInvalidArgument, "no policies given"},
      {"missing", [&] { return PolicySource{.paths = {folder / "none"}}; }, ErrorCode::kNotFound, "none"},
      {"diagnostics", [&] { return PolicySource{.paths = {folder / "bad.writ"}}; }, ErrorCode::kInvalidArgument, "bad.writ:2:"},
      {"bundle among others",
       [&] {
         return PolicySource{.paths = {folder / "x.writb", folder / "bad.writ"}};
       },
       ErrorCode::kInvalidArgument, "a bundle is given alone"},
      {"data twice",
       [&] {
         return PolicySource{.paths = {folder / "data.writ"}, .data = {{"fleet", "a.json"}, {"fleet", "b.json"}}};
       },
       ErrorCode::kInvalidArgument, "data `fleet` is given twice"},
      {"data of another kind",
       [&] {
         return PolicySource{.paths = {folder / "data.writ"}, .data = {{"fleet", "a.toml"}}};
       },
       ErrorCode::kInvalidArgument, "a.toml: a data file ends in"},
      {"data that is no JSON",
       [&] {
         return PolicySource{.paths = {folder / "data.writ"}, .data = {{"fleet", folder / "no.json"}}};
       },
       ErrorCode::kInvalidArgument, "no.json: data `fleet`: byte 1"},
      {"data not imported",
       [&] {
         return PolicySource{.paths = {folder / "data.writ"}, .data = {{"fleet", folder / "yes.json"}, {"fleeet", folder / "yes.json"}}};
       },
       ErrorCode::kInvalidArgument, "yes.json: data `fleeet` is not imported by any policy"},
      {"data missing", [&] { return PolicySource{.paths = {folder / "data.writ"}}; }, ErrorCode::kInvalidArgument,
       "data.writ:2:13: error: there is no data `fleet` [MissingData]"},
      {"data given and said to be missing",
       [&] {
         return PolicySource{.paths = {folder / "data.writ"}, .data = {{"fleet", folder / "yes.json"}}, .without_data = {"fleet"}};
       },
       ErrorCode::kInvalidArgument, "data `fleet` is given, and said to be missing"},
      {"what nobody imports said to be missing",
       [&] {
         return PolicySource{.paths = {folder / "data.writ"}, .data = {{"fleet", folder / "yes.json"}}, .without_data = {"fleeet"}};
       },
       ErrorCode::kInvalidArgument, "data `fleeet`, which is said to be missing, is not imported by any policy"},
  };
  WriteFile(folder / "bad.writ", kBroken);
  WriteFile(folder / "data.writ", kAllowByData);
  WriteFile(folder / "no.json", "{");
  WriteFile(folder / "yes.json", "{}");
  for (const Case& c : cases) {
    SCOPED_TRACE(c.name);
    const Result<LoadedPolicies> loaded = LoadPolicies(c.make());
    ASSERT_FALSE(loaded.ok());
    EXPECT_EQ(c.code, loaded.error().code) << loaded.error().message;
    EXPECT_THAT(loaded.error().message, HasSubstr(c.message));
  }
}

// What was compiled in needs no file, and what is given replaces it. A bundle without its data is refused as policies are.
TEST(LoadPolicies, ABundleBringsItsData) {
  TempFolder folder;
  WriteFile(folder / "data.writ", kAllowByData);
  WriteFile(folder / "yes.json", R"({"allowed":["read"]})");
  WriteFile(folder / "no.json", R"({"allowed":[]})");
  const Result<LoadedPolicies> compiled = LoadPolicies({.paths = {folder / "data.writ"}, .data = {{"fleet", folder / "yes.json"}}});
  ASSERT_TRUE(compiled.ok()) << compiled.error().message;
  const Program& program = compiled->policies->program();
  WriteFile(folder / "bare.writb", WriteBundle(program));
  WriteFile(folder / "full.writb", WriteBundle(WithData(program, {{"fleet", R"({"allowed":["read"]})"}})));
  const auto effect = [](const PolicySource& source) {
    const Result<LoadedPolicies> loaded = LoadPolicies(source);
    return loaded ? std::string(EffectName(Ask(Engine(loaded->policies, SystemClock()), kData))) : loaded.error().message;
  };
  EXPECT_EQ("allow", effect({.paths = {folder / "full.writb"}}));
  EXPECT_EQ("deny", effect({.paths = {folder / "full.writb"}, .data = {{"fleet", folder / "no.json"}}}));
  EXPECT_EQ("allow", effect({.paths = {folder / "bare.writb"}, .data = {{"fleet", folder / "yes.json"}}}));
  EXPECT_EQ("deny", effect({.paths = {folder / "bare.writb"}, .without_data = {"fleet"}}));
  EXPECT_THAT(effect({.paths = {folder / "bare.writb"}}), HasSubstr("there is no data `fleet`, which the policies import"));
  WriteFile(folder / "fleet.json", R"({"allowed":[]})");
  EXPECT_EQ("allow", effect({.paths = {folder / "full.writb"}})) << "a file beside a bundle does not replace what is in it";
}

TEST(PolicyStore, ABrokenSetIsRefusedAndTheOldOneDecides) {
  TempFolder folder;
  FakeClock clock(1'000'000'000'000);
  WriteFile(folder / "a.writ", kAllowPing);
  auto store = PolicyStore::Open({.paths = {folder.path()}}, clock);
  ASSERT_TRUE(store.ok()) << store.error().message;
  const std::string digest = (*store)->state().digest;
  clock.Advance(5'000'000'000);
  WriteFile(folder / "a.writ", kBroken);
  EXPECT_FALSE((*store)->Reload());
  PolicyStore::State state = (*store)->state();
  EXPECT_EQ(digest, state.digest);
  ASSERT_TRUE(state.fault.has_value());
  EXPECT_EQ(1'005'000'000'000, state.fault->at);
  EXPECT_THAT(state.fault->text, HasSubstr("a.writ:2:"));
  EXPECT_EQ(Effect::kAllow, Ask(*(*store)->engine(), kPing));
  WriteFile(folder / "a.writ", "package test\npolicy p for tools on server \"s\" { allow pong }\n");
  EXPECT_TRUE((*store)->Reload());
  state = (*store)->state();
  EXPECT_NE(digest, state.digest);
  EXPECT_FALSE(state.fault.has_value());
  EXPECT_EQ(Effect::kDeny, Ask(*(*store)->engine(), kPing));
}

TEST(PolicyStore, LosingDataThatWasThereIsRefused) {
  TempFolder folder;
  WriteFile(folder / "b.writ", kAllowByData);
  EXPECT_FALSE(PolicyStore::Open({.paths = {folder.path()}}, SystemClock()).ok()) << "data that never was there";
  WriteFile(folder / "fleet.json", R"({"allowed":["read"]})");
  auto store = PolicyStore::Open({.paths = {folder.path()}}, SystemClock());
  ASSERT_TRUE(store.ok()) << store.error().message;
  EXPECT_EQ(Effect::kAllow, Ask(*(*store)->engine(), kData));
  fs::remove(folder / "fleet.json");
  for (int i = 0; i < 2; ++i) {
    EXPECT_FALSE((*store)->Reload());
    ASSERT_TRUE((*store)->state().fault.has_value());
    EXPECT_EQ(
        folder / "fleet.json" + ": no such file, and the policies that decide have data `fleet` from it; put it back, or remove the import",
        (*store)->state().fault->text);
    EXPECT_EQ(Effect::kAllow, Ask(*(*store)->engine(), kData));
  }
  WriteFile(folder / "fleet.json", "{\"allowed\":");
  EXPECT_FALSE((*store)->Reload());
  EXPECT_THAT((*store)->state().fault->text, HasSubstr("fleet.json: data `fleet`: byte "));
  fs::remove(folder / "fleet.json");
  WriteFile(folder / "b.writ", kAllowPing);
  EXPECT_TRUE((*store)->Reload()) << "without the import nothing is lost";
}

TEST(PolicyStore, RefusesASetWithoutPolicies) {
  TempFolder folder;
  WriteFile(folder / "a.writ", "package test\npolicy p for tools on server \"s\" { allow ping }\n");
  auto store = PolicyStore::Open({.paths = {folder.path()}}, SystemClock());
  ASSERT_TRUE(store.ok()) << store.error().message;
  WriteFile(folder / "a.writ", "");  // as an editor leaves it for a moment
  EXPECT_FALSE((*store)->Reload());
  ASSERT_TRUE((*store)->state().fault.has_value());
  EXPECT_THAT((*store)->state().fault->text, HasSubstr("a.writ: is empty"));
  WriteFile(folder / "a.writ", "// nothing yet\n");
  EXPECT_FALSE((*store)->Reload());
  ASSERT_TRUE((*store)->state().fault.has_value());
  EXPECT_THAT((*store)->state().fault->text, HasSubstr("no policies in"));
  EXPECT_EQ(Effect::kAllow, Ask(*(*store)->engine(), kPing));
}

constexpr std::string_view kDenyBoom = "package test\npolicy q for tools on server \"s\" { allow * deny boom }\n";
constexpr std::string_view kBoom = R"({"server":"s","tool":"boom","principal":{"id":"a"}})";

// Two files: one allows, the other denies.
class PolicyStoreFiles : public testing::Test {
 protected:
  void SetUp() override {
    WriteFile(folder_ / "a.writ", "package test\npolicy p for tools on server \"s\" { allow * }\n");
    WriteFile(folder_ / "b.writ", kDenyBoom);
    auto opened = PolicyStore::Open({.paths = {folder_.path()}}, clock_, {.settle_gone = std::chrono::seconds(30)});
    ASSERT_TRUE(opened.ok()) << opened.error().message;
    store_ = std::move(*opened);
  }
  Effect Boom() { return Ask(*store_->engine(), kBoom); }

  TempFolder folder_;
  FakeClock clock_{1'000'000'000'000};
  std::unique_ptr<PolicyStore> store_;
};
TEST_F(PolicyStoreFiles, KeepsPoliciesWhoseFileIsGone) {
  EXPECT_EQ(std::nullopt, store_->again_in());
  fs::remove(folder_ / "b.writ");
  EXPECT_FALSE(store_->Reload());
  EXPECT_EQ(Effect::kDeny, Boom());
  EXPECT_EQ(folder_ / "b.writ" + ": is gone, and no other file has policy `test.q` of it; in 30 s it counts as deleted",
            store_->state().fault->text);
  EXPECT_EQ(milliseconds(30'000), store_->again_in());
  clock_.Advance(29'000'000'000);
  WriteFile(folder_ / "a.writ", "package test\npolicy p for tools on server \"s\" { allow boom }\n");
  EXPECT_FALSE(store_->Reload()) << "other changes wait, too: half a set is not loaded";
  EXPECT_EQ(Effect::kDeny, Boom());
  EXPECT_EQ(milliseconds(1'000), store_->again_in());
  clock_.Advance(1'000'000'000);
  EXPECT_TRUE(store_->Reload());
  EXPECT_EQ(Effect::kAllow, Boom());
  EXPECT_EQ(std::nullopt, store_->again_in());
}

TEST_F(PolicyStoreFiles, LoadsAtOnceWhenTheyHaveMoved) {
  fs::remove(folder_ / "b.writ");
  WriteFile(folder_ / "c.writ", std::string(kDenyBoom) + "policy r for tools on server \"s\" { deny ping }\n");
  EXPECT_TRUE(store_->Reload());
  EXPECT_EQ(Effect::kDeny, Boom());
  EXPECT_EQ(Effect::kDeny, Ask(*store_->engine(), kPing));
  fs::remove(folder_ / "c.writ");
  WriteFile(folder_ / "d.writ", kDenyBoom);
  EXPECT_FALSE(store_->Reload()) << "one of two has moved";
  EXPECT_THAT(store_->state().fault->text, HasSubstr("policy `test.r`"));
}

TEST_F(PolicyStoreFiles, TheTimeBeginsAnewWhenAFileWasBack) {
  fs::remove(folder_ / "b.writ");
  EXPECT_FALSE(store_->Reload());
  clock_.Advance(29'000'000'000);
  WriteFile(folder_ / "b.writ", kDenyBoom);
  EXPECT_TRUE(store_->Reload());
  fs::remove(folder_ / "b.writ");
  clock_.Advance(29'000'000'000);
  EXPECT_FALSE(store_->Reload());
  EXPECT_EQ(milliseconds(30'000), store_->again_in());
  WriteFile(folder_ / "a.writ", kBroken);
  clock_.Advance(60'000'000'000);
  EXPECT_FALSE(store_->Reload());
  EXPECT_EQ(std::nullopt, store_->again_in()) << "only a change of the files mends it";
}

TEST_F(PolicyStoreFiles, APolicyTakenOutOfItsFileIsGoneAtOnce) {
  WriteFile(folder_ / "b.writ", "package test\npolicy other for tools on server \"t\" { allow * }\n");
  EXPECT_TRUE(store_->Reload());
  EXPECT_EQ(Effect::kAllow, Boom());
}

TEST(PolicyStore, APipeStopsNoLaterLoad) {
  TempFolder folder;
  WriteFile(folder / "a.writ", kAllowPing);
  auto store = PolicyStore::Open({.paths = {folder / "a.writ"}, .regular_files_only = true}, SystemClock());
  ASSERT_TRUE(store.ok()) << store.error().message;
  for (const std::string target : {"pipe", "/dev/zero", "/proc/kmsg"}) {
    SCOPED_TRACE(target);
    fs::remove(folder / "a.writ");
    if (target == "pipe") {
      ASSERT_EQ(0, mkfifo((folder / "a.writ").c_str(), 0600));
    } else {
      fs::create_symlink(target, folder / "a.writ");
    }
    EXPECT_FALSE((*store)->Reload());
    EXPECT_EQ(Effect::kAllow, Ask(*(*store)->engine(), kPing));
    EXPECT_EQ(milliseconds(30'000), (*store)->again_in());
    WriteFile(folder / "a.writ", kAllowPing);
    EXPECT_TRUE((*store)->Reload());
  }
}

TEST(PolicyStore, AFileSystemThatDoesNotAnswerStopsNoLaterLoad) {
  TempFolder folder;
  WriteFile(folder / "b.writ", kAllowByData);
  WriteFile(folder / "fleet.yaml", "allowed: [read]");
  auto hang = std::make_shared<std::promise<void>>();
  const auto hung = std::make_shared<std::shared_future<void>>(hang->get_future());
  auto reads = std::make_shared<std::atomic<int>>(0);
  PolicySource source{.paths = {folder.path()}};
  source.read_yaml = [hung, reads](const std::string&, std::string_view text) -> Result<std::string> {
    if (++*reads == 2) hung->wait();  // the second load reads from a mount that is gone
    return std::string(text == "allowed: []" ? R"({"allowed":[]})" : R"({"allowed":["read"]})");
  };
  auto store = PolicyStore::Open(source, SystemClock(), {.load_limit = milliseconds(2'000)});
  ASSERT_TRUE(store.ok()) << store.error().message;
  EXPECT_FALSE((*store)->Reload());
  EXPECT_THAT((*store)->state().fault->text, HasSubstr("loading policies took longer than 2 s"));
  EXPECT_EQ(Effect::kAllow, Ask(*(*store)->engine(), kData));
  WriteFile(folder / "fleet.yaml", "allowed: []");
  EXPECT_TRUE((*store)->Reload());
  EXPECT_EQ(Effect::kDeny, Ask(*(*store)->engine(), kData));
  hang->set_value();
  EXPECT_TRUE((*store)->Reload());
  EXPECT_EQ(Effect::kDeny, Ask(*(*store)->engine(), kData)) << "what the late one brought is dropped";
}

TEST(LoadPolicies, RefusesToReadANamespaceThatNothingGives) {
  struct Case {
    std::string_view name, condition;
    bool reads;
  };
  const Case cases[] = {
      {"a label", "namespaceObject.metadata.labels.team == \"a\"", true},
      {"whether it is there", "has(namespaceObject.metadata)", true},
      {"as an optional", "namespaceObject.?metadata.?name.orValue(\"\") == \"x\"", true},
      {"whole", "namespaceObject == null", true},
      {"a member of another object", "object.namespaceObject.x == 1", false},
      {"the request's namespace", "request.namespace == \"a\"", false},
      {"a text", "object.x == \"namespaceObject\"", false},
  };
  TempFolder folder;
  for (const Case& c : cases) {
    SCOPED_TRACE(c.name);
    WriteFile(folder / "a.writ", "package test\npolicy p for admission of Pod {\n  deny when " + std::string(c.condition) + "\n}\n");
    EXPECT_TRUE(LoadPolicies({.paths = {folder.path()}}).ok());
    const Result<LoadedPolicies> refused = LoadPolicies({.paths = {folder.path()}, .namespace_object_given = false});
    EXPECT_EQ(!c.reads, refused.ok());
    if (refused.ok()) continue;
    EXPECT_EQ(ErrorCode::kInvalidArgument, refused.error().code);
    EXPECT_THAT(refused.error().message, HasSubstr("a.writ:3:"));
    EXPECT_THAT(refused.error().message, HasSubstr("reads `namespaceObject`, and nothing gives it here"));
  }
}

TEST(PolicyStore, QuotasSurviveAReload) {
  TempFolder folder;
  FakeClock clock(1'000'000'000'000);
  WriteFile(folder / "a.writ",
            "package test\npolicy p for tools on server \"s\" {\n  allow ping\n  limit ping to 1 per 1h by principal.id\n}\n");
  auto store = PolicyStore::Open({.paths = {folder.path()}}, clock);
  ASSERT_TRUE(store.ok()) << store.error().message;
  EXPECT_EQ(Effect::kAllow, Ask(*(*store)->engine(), kPing));
  ASSERT_TRUE((*store)->Reload());
  EXPECT_EQ(Effect::kDeny, Ask(*(*store)->engine(), kPing));
}

TEST(PolicyStore, ABrokenSetIsNotOpened) {
  TempFolder folder;
  WriteFile(folder / "a.writ", kBroken);
  const auto store = PolicyStore::Open({.paths = {folder.path()}}, SystemClock());
  ASSERT_FALSE(store.ok());
  EXPECT_THAT(store.error().message, HasSubstr("tennant"));
}

}  // namespace
}  // namespace writ::server
