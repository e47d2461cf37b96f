#include "webhook/reload/read_file.h"

#include <filesystem>
#include <fstream>
#include <sstream>
#include <utility>

namespace writ {

Result<std::string> ReadWholeFile(const std::string& path, std::size_t max_bytes) {
  namespace fs = std::filesystem;
  std::error_code error;
  const fs::file_status status = fs::status(path, error);
  if (status.type() == fs::file_type::not_found) return Error{ErrorCode::kNotFound, path + ": no such file"};
  if (error || status.type() != fs::file_type::regular) return Error{ErrorCode::kUnreadable, path + ": not a readable file"};
  const std::uintmax_t size = fs::file_size(path, error);
  if (!error && size > max_bytes) return Error{ErrorCode::kTooLarge, path + ": larger than " + std::to_string(max_bytes) + " bytes"};
  std::ifstream in(path, std::ios::binary);
  std::ostringstream text;
  if (!in || (size > 0 && !(text << in.rdbuf()))) return Error{ErrorCode::kUnreadable, path + ": cannot be read"};
  return std::move(text).str();
}

}  // namespace writ
