// Whole files, through descriptors: what is checked is what is read.
#include "webhook/reload/read_file.h"

#include <array>
#include <cerrno>
#include <cstring>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace writ {
namespace {

constexpr std::size_t kChunkBytes = std::size_t{64} * 1024;

Error Unreadable(const std::string& path, int number) {
  if (number == ENOENT || number == ENOTDIR) return Error{ErrorCode::kNotFound, path + ": no such file"};
  // What a file that only looks regular says without data: no end of it will come by itself.
  if (number == EAGAIN || number == ENXIO) return Error{ErrorCode::kUnreadable, path + ": not a regular file"};
  return Error{ErrorCode::kUnreadable, path + ": cannot be read: " + std::strerror(number)};
}

Result<std::string> ReadRegular(int fd, const std::string& path, std::size_t max_bytes) {
  struct stat info {};
  if (fstat(fd, &info) != 0) return Unreadable(path, errno);
  if (!S_ISREG(info.st_mode)) return Error{ErrorCode::kUnreadable, path + ": not a regular file"};
  const Error too_large{ErrorCode::kTooLarge, path + ": larger than " + std::to_string(max_bytes) + " bytes"};
  if (info.st_size > 0 && static_cast<std::size_t>(info.st_size) > max_bytes) return too_large;
  std::string text;
  if (info.st_size > 0) text.reserve(static_cast<std::size_t>(info.st_size));  // else a large file is in memory up to three times
  std::array<char, kChunkBytes> chunk;
  for (;;) {  // to the end, not to st_size: a file of /proc has size 0
    const ssize_t got = read(fd, chunk.data(), chunk.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return Unreadable(path, errno);
    if (got == 0) return text;
    text.append(chunk.data(), static_cast<std::size_t>(got));
    if (text.size() > max_bytes) return too_large;
  }
}

}  // namespace

Result<std::string> ReadWholeFile(const std::string& path, std::size_t max_bytes) {
  // O_NONBLOCK: opening a pipe must not wait for its writer. Regular files do not know it.
  const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
  if (fd < 0) return Unreadable(path, errno);
  Result<std::string> text = ReadRegular(fd, path, max_bytes);
  close(fd);
  return text;
}

}  // namespace writ
