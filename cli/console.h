// What a command talks to: its streams, and whether they take colour. Commands never touch std::cout themselves, so that
// tests run them in memory.
#pragma once

#include <istream>
#include <ostream>
#include <string>
#include <string_view>

#include "rules/base/printable.h"  // Printable: for every text that a command prints

namespace writ::cli {

// The exit codes of `writ` (docs/getting_started.md, "Exit codes").
enum class ExitCode : int {
  kOk = 0,        // done; allowed; all tests passed
  kDenied = 1,    // something was denied, a test failed, a file is not formatted, an expression came to an error
  kBadInput = 2,  // bad usage, a compile error, input that is not what it should be
  kInternal = 3,  // our own fault, or output that cannot be written
};

// Borrowed streams; must outlive the commands.
struct Console {
  std::istream& in;
  std::ostream& out;
  std::ostream& err;
  bool colour_out = false;
  bool colour_err = false;
};

enum class Style { kPlain, kBold, kDim, kGreen, kRed, kYellow };

// Returns `text` in a style: with ANSI codes when `colour`, else as it is.
std::string Styled(std::string_view text, Style style, bool colour);

// Prints "writ: error: MESSAGE" to `console.err`, as one line.
void PrintError(const Console& console, std::string_view message);

}  // namespace writ::cli
