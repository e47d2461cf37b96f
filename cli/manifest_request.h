// A manifest on disk as an admission request.
//
// The file tells what the object is. In which namespace it ends, under which generated name, and who sends it, the cluster tells: what
// rules read of that is unknown unless the command line gives it, so a verdict that hangs on it is `conditional`.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "cli/commands.h"
#include "cli/requests.h"
#include "rules/base/result.h"
#include "writ/engine.h"

namespace writ::cli {

// What the command line says about the manifests.
struct ManifestScene {
  std::string name_space;           // of objects that are in one and name none; "" = not given
  std::optional<std::string> user;  // with `groups`, the whole of request.userInfo
  std::vector<std::string> groups;
  std::string operation;         // "CREATE", …; "" = UPDATE for what `was` has, else CREATE
  std::vector<Subject> was;      // the objects before
  std::string namespace_object;  // JSON; "" = not given
};

// Reads the flags of `eval` and `explain`. Errors: kInvalidArgument for an operation that does not exist, groups without a user and files
// that do not hold what they should.
Result<ManifestScene> ReadManifestScene(const EvalOptions& options, const Console& console);

// What `object.metadata` has where the file leaves out the name or the namespace, which the API server fills in: nothing, as written, or
// something unknown. Whoever reads `object` as a whole (`object != null`) then meets an unknown, so this is for policies that ask.
enum class FilledIn { kAsWritten, kUnknown };

// Returns the request for a manifest. Requires: subject.is_manifest.
std::string AdmissionRequestOf(const Subject& subject, const ManifestScene& scene, FilledIn filled_in);

// Says what to give so that a conditional verdict about a manifest becomes one; "" when no flag helps.
std::string FlagsFor(const Decision& decision);

}  // namespace writ::cli
