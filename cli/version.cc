// `writ version`.
#include "cli/commands.h"

namespace writ::cli {

ExitCode RunVersion(const VersionOptions& options, const Console& console) {
  if (options.format == Format::kJson) {
    console.out << "{\"name\":\"writ\",\"version\":\"" WRIT_VERSION "\"}\n";
  } else {
    console.out << "writ " WRIT_VERSION "\n";
  }
  return ExitCode::kOk;
}

}  // namespace writ::cli
