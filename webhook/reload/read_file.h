// Reading a file whole, for what policies and configurations name.
#pragma once

#include <cstddef>
#include <string>

#include "rules/base/result.h"

namespace writ {

// Errors, each naming the path: kNotFound, kUnreadable (no regular file, permission, I/O), kTooLarge.
Result<std::string> ReadWholeFile(const std::string& path, std::size_t max_bytes);

}  // namespace writ
