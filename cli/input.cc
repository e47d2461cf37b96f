#include "cli/input.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <utility>

namespace writ::cli {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kChunkBytes = 64 * 1024;

// Closes a descriptor when it goes out of sight.
class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  ~Descriptor() {
    if (fd_ >= 0) close(fd_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int fd() const { return fd_; }
  // Closes now; returns what close() returned.
  int Close() { return close(std::exchange(fd_, -1)); }

 private:
  int fd_;
};

Error TooLarge(const std::string& name, std::size_t max_bytes) {
  return {ErrorCode::kTooLarge, name + ": is larger than " + std::to_string(max_bytes) + " bytes"};
}

Result<Input> ReadStdin(const Console& console, std::size_t max_bytes) {
  Input input{kStdinName, {}};
  std::array<char, kChunkBytes> chunk{};
  while (console.in) {
    console.in.read(chunk.data(), chunk.size());
    input.text.append(chunk.data(), static_cast<std::size_t>(console.in.gcount()));
    if (input.text.size() > max_bytes) return TooLarge(input.name, max_bytes);
  }
  if (console.in.bad()) return Error{ErrorCode::kUnreadable, std::string(kStdinName) + ": cannot be read"};
  return input;
}

bool WriteAll(int fd, std::string_view contents) {
  while (!contents.empty()) {
    const ssize_t written = write(fd, contents.data(), contents.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return false;
    contents.remove_prefix(static_cast<std::size_t>(written));
  }
  return true;
}

}  // namespace

Error FileError(const std::string& path, int error_number) {
  switch (error_number) {
    case ENOENT: return {ErrorCode::kNotFound, path + ": no such file or directory"};
    case ENOTDIR: return {ErrorCode::kNotFound, path + ": a part of this path is a file, not a directory"};
    case EISDIR: return {ErrorCode::kUnreadable, path + ": is a directory, expected a file"};
    case EACCES: return {ErrorCode::kUnreadable, path + ": permission denied"};
    default: return {ErrorCode::kUnreadable, path + ": " + std::strerror(error_number)};
  }
}

Result<std::unique_ptr<std::istream>> OpenFile(const std::string& path) {
  if (path.empty()) return Error{ErrorCode::kInvalidArgument, "a file name is empty"};
  struct stat info {};
  if (stat(path.c_str(), &info) != 0) return FileError(path, errno);
  if (S_ISDIR(info.st_mode)) return FileError(path, EISDIR);
  auto file = std::make_unique<std::ifstream>(path, std::ios::binary);
  if (!*file) return FileError(path, errno);
  return std::unique_ptr<std::istream>(std::move(file));
}

Result<Input> ReadFile(const std::string& path, std::size_t max_bytes) {
  if (path.empty()) return Error{ErrorCode::kInvalidArgument, "a file name is empty"};
  // O_NONBLOCK: opening a pipe without a writer must not hang; it has no effect on regular files.
  Descriptor file(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (file.fd() < 0) return FileError(path, errno);
  struct stat info {};
  if (fstat(file.fd(), &info) != 0) return FileError(path, errno);
  if (S_ISDIR(info.st_mode)) return FileError(path, EISDIR);
  if (fcntl(file.fd(), F_SETFL, 0) != 0) return FileError(path, errno);  // shell pipes (`<(cmd)`) are read to their end
  Input input{path, {}};
  std::array<char, kChunkBytes> chunk{};
  for (;;) {
    const ssize_t got = read(file.fd(), chunk.data(), chunk.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return FileError(path, errno);
    if (got == 0) return input;
    input.text.append(chunk.data(), static_cast<std::size_t>(got));
    if (input.text.size() > max_bytes) return TooLarge(path, max_bytes);
  }
}

Result<Input> ReadInput(const std::string& path, const Console& console, std::size_t max_bytes) {
  return path == "-" ? ReadStdin(console, max_bytes) : ReadFile(path, max_bytes);
}

Result<DocumentFiles> FindDocumentFiles(const std::string& path) {
  std::error_code error;
  if (!fs::is_directory(path, error)) return DocumentFiles{{path}, {}};
  DocumentFiles found;
  fs::recursive_directory_iterator walk(path, error);
  for (; !error && walk != fs::recursive_directory_iterator(); walk.increment(error)) {
    const fs::path& entry = walk->path();
    const std::string extension = entry.extension().string();
    std::error_code failed;
    const fs::file_status status = walk->status(failed);
    const bool is_folder = fs::is_directory(status);
    if (is_folder && fs::is_symlink(walk->symlink_status(failed)))
      found.skipped.emplace_back(entry.string(), "a link to a folder is not followed");
    if (is_folder || (extension != ".yaml" && extension != ".yml" && extension != ".json")) continue;
    // A link that leads nowhere is kept: reading it says so.
    const bool is_file = fs::is_regular_file(status) || !fs::exists(status);
    if (is_file) {
      found.files.push_back(entry.string());
    } else {
      found.skipped.emplace_back(entry.string(), "not a regular file");
    }
  }
  if (error) return Error{ErrorCode::kUnreadable, path + ": cannot be listed: " + error.message()};
  if (found.files.empty() && found.skipped.empty())
    return Error{ErrorCode::kInvalidArgument, path + ": holds no documents (*.yaml, *.yml, *.json)"};
  std::sort(found.files.begin(), found.files.end());
  std::sort(found.skipped.begin(), found.skipped.end());
  return found;
}

Status WriteFile(const std::string& path, std::string_view contents) {
  struct stat old {};
  const bool exists = stat(path.c_str(), &old) == 0;
  if (exists && !S_ISREG(old.st_mode)) {
    // Devices and pipes (`-o /dev/stdout`) cannot be replaced; they are written to.
    Descriptor device(open(path.c_str(), O_WRONLY | O_CLOEXEC));
    if (device.fd() < 0 || !WriteAll(device.fd(), contents)) return FileError(path, errno);
    return OkStatus();
  }
  // Through a link, the file that it names is replaced and the link stays.
  std::error_code error;
  const std::string target = exists ? fs::canonical(path, error).string() : path;
  std::string temporary = (error ? path : target) + ".XXXXXX";
  Descriptor file(mkostemp(temporary.data(), O_CLOEXEC));
  if (file.fd() < 0) return FileError(path, errno);
  const mode_t mask = umask(0);
  umask(mask);
  const mode_t mode = exists ? old.st_mode & 07777U : 0666U & ~mask;
  if (!WriteAll(file.fd(), contents) || fchmod(file.fd(), mode) != 0 || file.Close() != 0 ||
      rename(temporary.c_str(), (error ? path : target).c_str()) != 0) {
    const int reason = errno;
    unlink(temporary.c_str());
    return FileError(path, reason);
  }
  return OkStatus();
}

ExitCode ReportUnwritten(const Error& error, const Console& console) {
  PrintError(console, error.message);
  return error.code == ErrorCode::kNotFound ? ExitCode::kBadInput : ExitCode::kInternal;
}

}  // namespace writ::cli
