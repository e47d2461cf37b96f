// Reading a file whole, for what policies and configurations name.
#pragma once

#include <cstddef>
#include <string>

#include "rules/base/result.h"

namespace writ {

// Reads a regular file to its end, or refuses it; never waits for a writer. Pipes and devices are refused, and so are files that only look
// regular and have nothing to read yet (`/proc/kmsg`). A file system that does not answer can still hold up the call: servers make it
// through BoundedThreads.
// Errors, each naming the path: kNotFound, kUnreadable (not a regular file, permission, I/O), kTooLarge.
Result<std::string> ReadWholeFile(const std::string& path, std::size_t max_bytes);

}  // namespace writ
