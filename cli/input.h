// Reading and writing of files for commands: one clear sentence for everything that can be wrong with a path.
#pragma once

#include <cstddef>
#include <istream>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "cli/console.h"
#include "rules/base/result.h"

namespace writ::cli {

// What one command reads at most from one file or from stdin: several documents of JsonLimits::max_bytes.
inline constexpr std::size_t kMaxInputBytes = std::size_t{64} * 1024 * 1024;

// What stdin is called in places.
inline constexpr char kStdinName[] = "<stdin>";

// A file as read; `name` is the path as given, kStdinName for "-".
struct Input {
  std::string name;
  std::string text;
};

// Opens a file to be read piece by piece. Errors as ReadInput's, but for kTooLarge.
Result<std::unique_ptr<std::istream>> OpenFile(const std::string& path);

// Reads a file, or stdin for "-". Errors, each naming the path: kNotFound, kUnreadable (directory, permission, I/O),
// kTooLarge. Text is returned as it is: nothing is decoded.
Result<Input> ReadInput(const std::string& path, const Console& console, std::size_t max_bytes = kMaxInputBytes);

// The same without stdin.
Result<Input> ReadFile(const std::string& path, std::size_t max_bytes = kMaxInputBytes);

// What a path holds for `eval`: files to read, and what kubectl would look at and is passed over, with the reason.
struct DocumentFiles {
  std::vector<std::string> files;
  std::vector<std::pair<std::string, std::string>> skipped;
};

// Returns the documents (*.yaml, *.yml, *.json) below a directory, sorted, or `path` itself when it is anything else. Hidden files and
// folders count, as for `kubectl apply --recursive`; links to folders are not followed and what is no file is not opened: both are
// skipped. Errors: kUnreadable; kInvalidArgument for a directory without documents.
Result<DocumentFiles> FindDocumentFiles(const std::string& path);

// Writes a file so that a reader sees the old or the new contents, never a part: a temporary file in the same folder is
// renamed over it. Keeps the permissions of a file that exists. Errors: kUnreadable, naming the path and the system's reason.
Status WriteFile(const std::string& path, std::string_view contents);

// Prints why an output could not be written and returns the exit code: 2 for a path that is none, 3 for everything else.
ExitCode ReportUnwritten(const Error& error, const Console& console);

// Returns "no such file: x.yaml", … as `writ: error: …` prints it, for an errno of opening or reading `path`.
Error FileError(const std::string& path, int error_number);

}  // namespace writ::cli
