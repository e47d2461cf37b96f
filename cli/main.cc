// The `writ` program.
#include <unistd.h>

#include <cstdlib>
#include <iostream>
#include <string>
#include <vector>

#include "cli/arguments.h"

namespace {

// Colour only on a terminal, and never when the user said no (https://no-color.org).
bool TakesColour(int descriptor) {
  const char* no_colour = std::getenv("NO_COLOR");
  const char* terminal = std::getenv("TERM");
  if (no_colour != nullptr && *no_colour != '\0') return false;
  if (terminal == nullptr || std::string(terminal) == "dumb") return false;
  return isatty(descriptor) == 1;
}

}  // namespace

int main(int argc, char** argv) {
  std::ios::sync_with_stdio(false);
  const writ::cli::Console console{std::cin, std::cout, std::cerr, TakesColour(STDOUT_FILENO), TakesColour(STDERR_FILENO)};
  return static_cast<int>(writ::cli::RunWrit(std::vector<std::string>(argv + 1, argv + argc), console));
}
