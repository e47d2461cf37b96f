// Watching files: what editors, people and the kubelet do to them.
#include "webhook/reload/file_watcher.h"

#include <atomic>
#include <filesystem>
#include <future>

#include <gtest/gtest.h>

#include "tests/unit/webhook/test_client.h"

namespace writ::server {
namespace {

namespace fs = std::filesystem;
using std::chrono::milliseconds;
using test::Eventually;
using test::TempFolder;
using test::WriteFile;

// Counts changes. The poll is an hour: what is seen is seen through inotify.
class Watched {
 public:
  explicit Watched(std::vector<WatchRoot> roots, milliseconds poll = milliseconds(3'600'000)) {
    FileWatcher::Options options{.roots = std::move(roots), .debounce = milliseconds(5), .poll = poll};
    options.fingerprint = Fingerprint(options.roots);
    auto started = FileWatcher::Start(options, [this]() -> std::optional<milliseconds> {
      ++changes_;
      return std::nullopt;
    });
    EXPECT_TRUE(started.ok());
    watcher_ = std::move(*started);
  }
  // True when `action` is noticed.
  bool Notices(const std::function<void()>& action) {
    const int before = changes_;
    action();
    return Eventually([&] { return changes_ > before; });
  }

 private:
  std::atomic<int> changes_{0};
  std::unique_ptr<FileWatcher> watcher_;
};

TEST(FileWatcher, SeesFilesOfAFolderComeChangeAndGo) {
  TempFolder folder;
  const std::string policies = folder / "policies";
  fs::create_directory(policies);
  test::WriteFile(policies + "/a.writ", "a");
  Watched watched({{policies, WatchRoot::Kind::kTree}});
  EXPECT_TRUE(watched.Notices([&] { WriteFile(policies + "/b.writ", "b"); }));
  EXPECT_TRUE(watched.Notices([&] { WriteFile(policies + "/a.writ", "aa"); }));  // rename-over, as editors do
  EXPECT_TRUE(watched.Notices([&] { fs::remove(policies + "/b.writ"); }));
  EXPECT_TRUE(watched.Notices([&] { WriteFile(policies + "/data.json", "{}"); }));
  EXPECT_TRUE(watched.Notices([&] {
    fs::create_directories(policies + "/team/x");
    WriteFile(policies + "/team/x/c.writ", "c");
  }));
  EXPECT_TRUE(watched.Notices([&] { WriteFile(policies + "/team/x/c.writ", "cc"); }));  // a folder that came later is watched too
  EXPECT_TRUE(watched.Notices([&] { fs::remove_all(policies); }));
  EXPECT_TRUE(watched.Notices([&] {
    fs::create_directory(policies);
    WriteFile(policies + "/a.writ", "again");
  }));
  EXPECT_TRUE(watched.Notices([&] { WriteFile(policies + "/a.writ", "and again"); }));
}

TEST(FileWatcher, SeesAConfigMapSwap) {
  TempFolder folder;
  const std::string volume = folder / "volume";
  const auto publish = [&volume](const std::string& stamp, std::string_view text) {
    fs::create_directories(volume + "/.." + stamp);
    WriteFile(volume + "/.." + stamp + "/a.writ", text);
    fs::remove(volume + "/..data_tmp");
    fs::create_directory_symlink(".." + stamp, volume + "/..data_tmp");
    fs::rename(volume + "/..data_tmp", volume + "/..data");
  };
  publish("1", "one");
  fs::create_symlink("..data/a.writ", volume + "/a.writ");
  Watched watched({{volume, WatchRoot::Kind::kTree}});
  Watched single({{volume + "/a.writ", WatchRoot::Kind::kFile}});
  EXPECT_TRUE(watched.Notices([&] { publish("2", "two"); }));
  EXPECT_TRUE(single.Notices([&] { publish("3", "three"); }));
}

TEST(FileWatcher, SeesAFileThatDoesNotExistYet) {
  TempFolder folder;
  Watched watched({{folder / "later/deep/tls.crt", WatchRoot::Kind::kFile}});
  EXPECT_TRUE(watched.Notices([&] {
    fs::create_directories(folder / "later/deep");
    WriteFile(folder / "later/deep/tls.crt", "x");
  }));
}

TEST(FileWatcher, ThePollSeesWhatTheKernelDoesNotTell) {
  TempFolder folder;
  fs::create_directories(folder / "a/b");
  WriteFile(folder / "a/b/target.writ", "x");
  fs::create_symlink(folder / "a", folder / "link");  // the middle of the path is a link: nobody watches there
  Watched watched({{folder / "link/b/target.writ", WatchRoot::Kind::kFile}}, milliseconds(20));
  fs::create_directories(folder / "c/b");
  WriteFile(folder / "c/b/target.writ", "y");
  EXPECT_TRUE(watched.Notices([&] {
    fs::remove(folder / "link");
    fs::create_symlink(folder / "c", folder / "link");
  }));
}

TEST(FileWatcher, FingerprintsTellChangesAndIgnoreTheRest) {
  TempFolder folder;
  const std::vector<WatchRoot> roots = {{folder.path(), WatchRoot::Kind::kFolder}};
  const std::string empty = Fingerprint(roots);
  WriteFile(folder / "notes.txt", "x");
  fs::create_directory(folder / "sub");
  WriteFile(folder / "sub/x.writ", "x");
  EXPECT_EQ(empty, Fingerprint(roots));
  WriteFile(folder / "a.writ", "x");
  EXPECT_NE(empty, Fingerprint(roots));
  EXPECT_EQ(Fingerprint(roots), Fingerprint(roots));
}

// Files whose every look is another for a while, as when they are replaced one by one.
TEST(FileWatcher, WaitsUntilNothingChanges) {
  std::atomic<int> looks{0}, changes{0}, seen{0};
  FileWatcher::Options options{
      .roots = {}, .fingerprint = "0", .debounce = milliseconds(1), .settle = milliseconds(500), .poll = milliseconds(1)};
  options.fingerprint_of = [&looks](const std::vector<WatchRoot>&) { return std::to_string(std::min(20, ++looks)); };
  auto watcher = FileWatcher::Start(options, [&]() -> std::optional<milliseconds> {
    seen = std::min(20, looks.load());
    ++changes;
    return std::nullopt;
  });
  ASSERT_TRUE(watcher.ok());
  EXPECT_TRUE(Eventually([&] { return changes > 0; }));
  const int looked = looks;
  EXPECT_TRUE(Eventually([&] { return looks > looked + 20; }));
  EXPECT_EQ(1, changes);
  EXPECT_EQ(20, seen) << "half a set was loaded";
}

TEST(FileWatcher, ChangesThatNeverEndCountInTheEnd) {
  std::atomic<int> looks{0}, changes{0};
  FileWatcher::Options options{.roots = {}, .fingerprint = "0", .settle = milliseconds(1), .poll = milliseconds(1)};
  options.fingerprint_of = [&looks](const std::vector<WatchRoot>&) { return std::to_string(++looks); };
  auto watcher = FileWatcher::Start(options, [&]() -> std::optional<milliseconds> {
    ++changes;
    return std::nullopt;
  });
  ASSERT_TRUE(watcher.ok());
  EXPECT_TRUE(Eventually([&] { return changes > 2; }));
}

TEST(FileWatcher, ComesAgainWhenAsked) {
  std::atomic<int> changes{0};
  FileWatcher::Options options{.roots = {}, .fingerprint = "", .poll = milliseconds(3'600'000)};
  options.fingerprint_of = [](const std::vector<WatchRoot>&) { return std::string("same"); };
  auto watcher = FileWatcher::Start(
      options, [&]() -> std::optional<milliseconds> { return ++changes < 3 ? std::optional(milliseconds(1)) : std::nullopt; });
  ASSERT_TRUE(watcher.ok());
  EXPECT_TRUE(Eventually([&] { return changes == 3; }));
}

TEST(FileWatcher, AFileSystemThatDoesNotAnswerStopsNoLaterLook) {
  std::promise<void> hang;
  const std::shared_future<void> hung = hang.get_future().share();
  const auto looks = std::make_shared<std::atomic<int>>(0);
  std::atomic<int> changes{0}, faults{0};
  FileWatcher::Options options{.roots = {}, .fingerprint = "1", .poll = milliseconds(1), .look_limit = milliseconds(5)};
  options.fingerprint_of = [looks, hung](const std::vector<WatchRoot>&) {
    const int look = ++*looks;
    if (look == 2) hung.wait();
    return std::string(look < 3 ? "1" : "2");
  };
  options.on_fault = [&faults](const Error&) { ++faults; };
  auto watcher = FileWatcher::Start(options, [&changes]() -> std::optional<milliseconds> {
    ++changes;
    return std::nullopt;
  });
  ASSERT_TRUE(watcher.ok());
  EXPECT_TRUE(Eventually([&] { return changes > 0; }));
  EXPECT_GT(faults, 0);
  hang.set_value();
}

TEST(FileWatcher, CirclesOfLinksEnd) {
  TempFolder folder;
  fs::create_directory_symlink(folder.path(), folder / "self");
  WriteFile(folder / "a.writ", "x");
  EXPECT_FALSE(Fingerprint({{folder.path(), WatchRoot::Kind::kTree}}).empty());
}

}  // namespace
}  // namespace writ::server
