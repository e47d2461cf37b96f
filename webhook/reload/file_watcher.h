// Tells when files change: inotify to be quick, and a look at the files' identity now and then to be sure. What counts is the
// fingerprint (inode, size and times of every file, through symbolic links), so an editor's rename-over, a folder that is deleted and
// made again, and the swap of the `..data` link of a ConfigMap volume are all one thing: the fingerprint is another.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "rules/base/result.h"

namespace writ {

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
  struct Options {
    std::vector<WatchRoot> roots;
    std::string fingerprint;                  // what the caller has seen: taken before it read the files
    std::chrono::milliseconds debounce{100};  // quiet time after the last event; waits for it ten times at most
    std::chrono::milliseconds poll{5'000};
  };
  // Watches on a thread of its own until destroyed; `on_change` runs on that thread, is not run concurrently, and must not throw.
  // Errors: kInternal when the kernel has no inotify instance left.
  static Result<std::unique_ptr<FileWatcher>> Start(Options options, std::function<void()> on_change);
  // Waits for a running `on_change`.
  ~FileWatcher();

 private:
  struct Impl;
  explicit FileWatcher(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace writ
