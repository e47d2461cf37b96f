// File watching on Linux.
//
// Every round makes a fresh inotify instance, adds the watches that make sense now, and only then takes the fingerprint: a change
// after that wakes the next round, so none is lost, and there is no table of watch descriptors to keep in step with the disk.
#include "webhook/reload/file_watcher.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <set>
#include <string_view>
#include <thread>
#include <utility>

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include "webhook/reload/bounded_threads.h"

namespace writ::server {
namespace {

namespace fs = std::filesystem;
using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr std::size_t kMaxFiles = 10'000;
constexpr int kMaxLevels = 16;
constexpr milliseconds kMaxPause{3'600'000};  // between looks at a file system that does not answer
constexpr std::uint32_t kEvents =
    IN_CLOSE_WRITE | IN_MODIFY | IN_ATTRIB | IN_CREATE | IN_DELETE | IN_MOVED_FROM | IN_MOVED_TO | IN_DELETE_SELF | IN_MOVE_SELF;

// A file descriptor that is closed when it dies.
class OwnedFd {
 public:
  explicit OwnedFd(int fd = -1) : fd_(fd) {}
  OwnedFd(OwnedFd&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  OwnedFd& operator=(OwnedFd&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  ~OwnedFd() {
    if (fd_ >= 0) close(fd_);
  }
  int get() const { return fd_; }

 private:
  int fd_;
};

bool IsOfInterest(const fs::path& name) {
  static constexpr std::array<std::string_view, 8> kExtensions = {".writ", ".writb", ".json", ".yaml", ".yml", ".pub", ".pem", ".crt"};
  const std::string extension = name.extension().string();
  return std::find(kExtensions.begin(), kExtensions.end(), extension) != kExtensions.end();
}

std::string Describe(const std::string& path) {
  struct stat info {};
  if (stat(path.c_str(), &info) != 0) return path + " -\n";
  const auto time = [](const timespec& t) { return std::to_string(t.tv_sec) + "." + std::to_string(t.tv_nsec); };
  return path + " " + std::to_string(info.st_dev) + ":" + std::to_string(info.st_ino) + " " + std::to_string(info.st_size) + " " +
         time(info.st_mtim) + " " + time(info.st_ctim) + "\n";
}

// The files of interest below a folder, and the folders themselves. Follows links to folders: a ConfigMap may be mounted below one;
// kMaxLevels ends circles.
struct Listing {
  std::set<std::string> files;
  std::set<std::string> folders;
};
void List(const WatchRoot& root, Listing& listing) {
  std::vector<std::pair<std::string, int>> open = {{root.path, 0}};
  while (!open.empty() && listing.files.size() < kMaxFiles && listing.folders.size() < kMaxFiles) {
    const auto [folder, level] = open.back();
    open.pop_back();
    std::error_code error;
    listing.folders.insert(folder);
    for (fs::directory_iterator entry(folder, error), end; !error && entry != end; entry.increment(error)) {
      std::error_code ignored;
      const fs::path& path = entry->path();
      if (path.filename().native().front() == '.') continue;
      if (entry->is_directory(ignored)) {
        if (root.kind == WatchRoot::Kind::kTree && level < kMaxLevels) open.emplace_back(path.string(), level + 1);
      } else if (IsOfInterest(path)) {
        listing.files.insert(path.string());
      }
    }
  }
}

bool IsFolder(const std::string& path) {
  std::error_code ignored;
  return fs::is_directory(path, ignored);
}

// The folder that holds `path`, or the nearest one above it that exists: there its coming into being is seen.
std::string HoldingFolder(const std::string& path) {
  std::error_code error;  // of a working directory that is gone: then the path is taken as it is
  fs::path folder = fs::absolute(path, error).lexically_normal();
  if (error) folder = fs::path(path).lexically_normal();
  if (!folder.has_filename()) folder = folder.parent_path();
  folder = folder.parent_path();
  while (!IsFolder(folder.string()) && folder.has_relative_path()) folder = folder.parent_path();
  return folder.string();
}

// Everything to be watched for one root: its holder, the holder of what it links to, and the folders below it.
std::set<std::string> FoldersToWatch(const std::vector<WatchRoot>& roots) {
  std::set<std::string> folders;
  for (const WatchRoot& root : roots) {
    folders.insert(HoldingFolder(root.path));
    std::error_code error;
    const fs::path target = fs::canonical(root.path, error);
    if (!error) folders.insert(HoldingFolder(target.string()));
    if (root.kind == WatchRoot::Kind::kFile || !IsFolder(root.path)) continue;
    Listing listing;
    List(root, listing);
    folders.insert(listing.folders.begin(), listing.folders.end());
    for (const std::string& file : listing.files) {
      const fs::path real = fs::canonical(file, error);
      if (!error) folders.insert(real.parent_path().string());
    }
  }
  return folders;
}

OwnedFd OpenInotify() { return OwnedFd(inotify_init1(IN_NONBLOCK | IN_CLOEXEC)); }

}  // namespace

std::string Fingerprint(const std::vector<WatchRoot>& roots) {
  std::string text;
  for (const WatchRoot& root : roots) {
    if (root.kind == WatchRoot::Kind::kFile || !IsFolder(root.path)) {
      text += Describe(root.path);
      continue;
    }
    Listing listing;
    List(root, listing);
    text += root.path + "/\n";
    for (const std::string& file : listing.files) text += Describe(file);
  }
  return text;
}

namespace {

// Watches on everything that is there now, and what it looked like right after.
struct Look {
  OwnedFd inotify;  // none when the kernel has no instance left: the old watches and the poll go on
  std::string fingerprint;
};

OwnedFd WatchAll(const std::vector<WatchRoot>& roots) {
  OwnedFd fresh = OpenInotify();
  if (fresh.get() < 0) return fresh;
  std::set<std::string> watched;
  // A folder that comes after the look and before the watch makes no event: look again until there is nothing new.
  for (int round = 0; round < kMaxLevels; ++round) {
    const std::set<std::string> folders = FoldersToWatch(roots);
    if (std::includes(watched.begin(), watched.end(), folders.begin(), folders.end())) break;
    for (const std::string& folder : folders) {
      if (watched.insert(folder).second) inotify_add_watch(fresh.get(), folder.c_str(), kEvents | IN_ONLYDIR);
    }
  }
  return fresh;
}

// Decides when a changed fingerprint has settled.
class Settling {
 public:
  Settling(std::string loaded, milliseconds settle) : loaded_(std::move(loaded)), pending_(loaded_), settle_(settle) {}

  // How long to wait before the next look; zero: load now; nothing: there is nothing to load.
  std::optional<milliseconds> Observe(const std::string& fingerprint, steady_clock::time_point now) {
    if (fingerprint == loaded_) {
      pending_ = loaded_;
      return std::nullopt;
    }
    if (pending_ == loaded_) first_seen_ = now;
    if (pending_ != fingerprint) {
      pending_ = fingerprint;
      settled_ = std::min(now + settle_, first_seen_ + FileWatcher::kMaxSettles * settle_);
    }
    return now >= settled_ ? milliseconds(0) : std::chrono::ceil<milliseconds>(settled_ - now);
  }
  void Loaded(std::string fingerprint) { loaded_ = pending_ = std::move(fingerprint); }

 private:
  std::string loaded_;   // what was loaded last
  std::string pending_;  // what was seen last
  milliseconds settle_;
  steady_clock::time_point first_seen_;  // when it began to differ from what was loaded
  steady_clock::time_point settled_;     // when pending_ counts
};

}  // namespace

struct FileWatcher::Impl {
  Impl(Options watch_options, OnChange function)
      : options(std::move(watch_options)), on_change(std::move(function)), threads({.limit = options.look_limit, .max_left = 16}) {}

  Options options;
  OnChange on_change;
  BoundedThreads threads;
  OwnedFd stop{eventfd(0, EFD_CLOEXEC)};
  OwnedFd inotify = OpenInotify();
  std::thread thread;

  enum class Woken : std::uint8_t { kTimeout, kEvent, kStop };
  enum class Wakes : std::uint8_t { kEvents, kStopOnly };
  Woken Wait(milliseconds limit, Wakes wakes) const {
    pollfd fds[2] = {{stop.get(), POLLIN, 0}, {inotify.get(), POLLIN, 0}};
    const int ready = poll(fds, wakes == Wakes::kEvents ? 2 : 1, static_cast<int>(limit.count()));
    if ((fds[0].revents & POLLIN) != 0) return Woken::kStop;
    if (ready <= 0 || (fds[1].revents & POLLIN) == 0) return Woken::kTimeout;
    char events[4096];
    while (read(inotify.get(), events, sizeof events) > 0) {}
    return Woken::kEvent;
  }

  Result<Look> TakeLook() const {
    return threads.Run<Look>("looking at watched files",
                             [roots = options.roots, fingerprint_of = options.fingerprint_of]() -> Result<Look> {
                               Look look{.inotify = WatchAll(roots), .fingerprint = {}};
                               look.fingerprint = fingerprint_of(roots);
                               return look;
                             });
  }

  // After a look that failed: each one may cost a thread that does not come back, so they become rare.
  milliseconds AfterFault(const Error& fault, milliseconds pause) const {
    if (options.on_fault) options.on_fault(fault);
    return std::min(2 * pause, kMaxPause);
  }

  void Run() {
    Settling settling(options.fingerprint, options.settle);
    std::optional<steady_clock::time_point> again;  // when on_change wants to be called
    milliseconds pause = options.poll;
    for (;;) {
      Result<Look> look = TakeLook();
      if (!look) {
        pause = AfterFault(look.error(), pause);
        if (Wait(pause, Wakes::kStopOnly) == Woken::kStop) return;
        continue;
      }
      pause = options.poll;
      if (look->inotify.get() >= 0) inotify = std::move(look->inotify);
      const auto now = steady_clock::now();
      std::optional<milliseconds> wait = settling.Observe(look->fingerprint, now);
      if (!wait && again && now >= *again) wait = milliseconds(0);
      if (wait && wait->count() == 0) {
        settling.Loaded(std::move(look->fingerprint));
        const std::optional<milliseconds> next = on_change();
        again = next ? std::optional(steady_clock::now() + *next) : std::nullopt;
        continue;  // what changed meanwhile
      }
      if (!WaitForChange(wait, again)) return;
    }
  }

  // False when it is time to end.
  bool WaitForChange(std::optional<milliseconds> settle, std::optional<steady_clock::time_point> again) const {
    if (settle) return Wait(*settle, Wakes::kStopOnly) != Woken::kStop;
    milliseconds limit = options.poll;
    if (again) limit = std::clamp(std::chrono::ceil<milliseconds>(*again - steady_clock::now()), milliseconds(0), limit);
    const Woken woken = Wait(limit, Wakes::kEvents);
    if (woken != Woken::kEvent) return woken != Woken::kStop;
    return Wait(options.debounce, Wakes::kStopOnly) != Woken::kStop;
  }
};

FileWatcher::FileWatcher(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

FileWatcher::~FileWatcher() {
  const std::uint64_t one = 1;
  if (write(impl_->stop.get(), &one, sizeof one) == static_cast<ssize_t>(sizeof one) && impl_->thread.joinable()) impl_->thread.join();
}

Result<std::unique_ptr<FileWatcher>> FileWatcher::Start(Options options, OnChange on_change) {
  auto impl = std::make_unique<Impl>(std::move(options), std::move(on_change));
  if (impl->stop.get() < 0 || impl->inotify.get() < 0) {
    return Error{ErrorCode::kInternal, std::string("cannot watch files: ") + std::strerror(errno)};
  }
  impl->thread = std::thread([raw = impl.get()] { raw->Run(); });
  return std::unique_ptr<FileWatcher>(new FileWatcher(std::move(impl)));
}

}  // namespace writ::server
