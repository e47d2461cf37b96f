// Completion scripts for shells, made from the table of commands and flags.
#pragma once

#include <string>
#include <vector>

namespace writ::cli {

struct FlagWord {
  std::string name;  // "--format"
  std::string help;
  bool takes_value = false;
};

struct CommandWords {
  std::string name;
  std::string help;
  std::vector<FlagWord> flags;
};
using CommandTable = std::vector<CommandWords>;

// Each returns a script for the shell to source.
std::string BashCompletion(const CommandTable& commands);
std::string ZshCompletion(const CommandTable& commands);

}  // namespace writ::cli
