#include "cli/completion.h"

#include <string_view>

namespace writ::cli {
namespace {

std::string Join(const std::vector<FlagWord>& flags) {
  std::string words;
  for (const FlagWord& flag : flags) words += (words.empty() ? "" : " ") + flag.name;
  return words;
}

// Text inside single quotes and brackets of a zsh specification.
std::string Escaped(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '\'') {
      out += "'\\''";
      continue;
    }
    if (c == '[' || c == ']' || c == ':' || c == '\\') out += '\\';
    out += c;
  }
  return out;
}

}  // namespace

std::string BashCompletion(const CommandTable& commands) {
  std::string names;
  std::string cases;
  for (const CommandWords& command : commands) {
    names += (names.empty() ? "" : " ") + command.name;
    cases += "    " + command.name + ") words='" + (command.name == "completion" ? "bash zsh " : "") + Join(command.flags) + "' ;;\n";
  }
  return "# bash completion of writ: source <(writ completion bash)\n"
         "_writ() {\n"
         "  local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD-1]} words=''\n"
         "  COMPREPLY=()\n"
         "  if ((COMP_CWORD == 1)); then\n"
         "    mapfile -t COMPREPLY < <(compgen -W '" +
         names +
         " --help --version' -- \"$current\")\n"
         "    return\n"
         "  fi\n"
         "  if [[ $previous == --format ]]; then\n"
         "    mapfile -t COMPREPLY < <(compgen -W 'text json' -- \"$current\")\n"
         "    return\n"
         "  fi\n"
         "  case ${COMP_WORDS[1]} in\n" +
         cases +
         "  esac\n"
         "  if [[ $current == -* || ${COMP_WORDS[1]} == completion ]]; then\n"
         "    mapfile -t COMPREPLY < <(compgen -W \"$words\" -- \"$current\")\n"
         "  else\n"
         "    mapfile -t COMPREPLY < <(compgen -f -- \"$current\")\n"
         "  fi\n"
         "}\n"
         "complete -o filenames -F _writ writ\n";
}

std::string ZshCompletion(const CommandTable& commands) {
  std::string names;
  std::string cases;
  for (const CommandWords& command : commands) {
    names += "    '" + command.name + ":" + Escaped(command.help) + "'\n";
    cases += "    " + command.name + ")\n      _arguments";
    for (const FlagWord& flag : command.flags) {
      cases += " \\\n        '*" + flag.name + "[" + Escaped(flag.help) + "]";
      if (flag.takes_value) cases += flag.name == "--format" ? ":format:(text json)" : ":value:_files";
      cases += "'";
    }
    cases += command.name == "completion" ? " \\\n        '1:shell:(bash zsh)'" : " \\\n        '*:file:_files'";
    cases += "\n      ;;\n";
  }
  return "#compdef writ\n"
         "# zsh completion of writ: source <(writ completion zsh)\n"
         "_writ() {\n"
         "  local -a commands\n"
         "  commands=(\n" +
         names +
         "  )\n"
         "  if (( CURRENT == 2 )); then\n"
         "    _describe 'command' commands\n"
         "    return\n"
         "  fi\n"
         "  local command=$words[2]\n"
         "  shift words\n"
         "  (( CURRENT-- ))\n"
         "  case $command in\n" +
         cases +
         "  esac\n"
         "}\n"
         "compdef _writ writ\n";
}

}  // namespace writ::cli
