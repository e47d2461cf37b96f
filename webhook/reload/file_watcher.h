// Tells when files change: inotify to be quick, and a look at the files' identity now and then to be sure. What counts is the
// fingerprint (inode, size and times of every file, through symbolic links), so an editor's rename-over, a folder that is deleted and
// made again, and the swap of the `..data` link of a ConfigMap volume are all one thing: the fingerprint is another.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "rules/base/result.h"

namespace writ::server {

struct WatchRoot {
  enum class Kind : std::uint8_t {
    kFile,    // this file
    kFolder,  // policy, bundle, data, key and certificate files in this folder
    kTree,    // the same, and in the folders below it; hidden ones (".x") are left out
  };
  std::string path;
  Kind kind = Kind::kFile;
};

// Returns a text that differs when a file of `roots` was changed, added or removed. What does not exist is part of it.
// Cost: one stat a file. Looks at no more than 10,000 files and 16 levels.
std::string Fingerprint(const std::vector<WatchRoot>& roots);

class FileWatcher {
 public:
  // Called when the files have changed. Returns after what time it wants to be called again though nothing changes; nothing: never.
  using OnChange = std::function<std::optional<std::chrono::milliseconds>()>;
  struct Options {
    std::vector<WatchRoot> roots;
    std::string fingerprint;                  // what the caller has seen: taken before it read the files
    std::chrono::milliseconds debounce{100};  // from an event to the look: events come in bursts
    // A change counts when the fingerprint has been the same for so long: files that are replaced one by one are half of the new set and
    // half of the old one meanwhile. Changes that never end count after kMaxSettles times of it. Zero: at once.
    std::chrono::milliseconds settle{0};
    std::chrono::milliseconds poll{5'000};
    std::chrono::milliseconds look_limit{10'000};  // a look that takes longer is left alone: a file system does not answer
    std::function<void(const Error&)> on_fault;    // of a look; may be empty
    std::function<std::string(const std::vector<WatchRoot>&)> fingerprint_of = Fingerprint;  // a seam for tests
  };
  static constexpr int kMaxSettles = 30;
  // Watches on a thread of its own until destroyed; `on_change` runs on that thread, is not run concurrently, and must not throw.
  // Errors: kInternal when the kernel has no inotify instance left.
  static Result<std::unique_ptr<FileWatcher>> Start(Options options, OnChange on_change);
  // Waits for a running `on_change`, and for a look until its limit.
  ~FileWatcher();

 private:
  struct Impl;
  explicit FileWatcher(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace writ::server
