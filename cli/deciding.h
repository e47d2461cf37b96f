// What `eval` and `explain` share: decide every subject, print, and find the exit code.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "cli/commands.h"
#include "cli/console.h"
#include "cli/requests.h"
#include "rules/base/clock.h"
#include "writ/engine.h"

namespace writ::cli {

// A subject with its decision; empty when it was not decided.
struct Decided {
  Subject subject;
  std::optional<Decision> decision;
  std::string unnamed;  // what names nothing: "no policy is about server `slcak`; did you mean `slack`?"; "" = nothing
};

using Printer = std::function<void(const std::vector<Decided>&, const Console&)>;

// Loads the policies, decides all subjects and calls `print` for people or prints JSON. Exit code: kBadInput when something could
// not be read or was no valid request and when there was nothing to decide, else kDenied when anything was not allowed, else kOk.
ExitCode DecideAll(const EvalOptions& options, const DecideOptions& decide, const Printer& print, const Console& console);

// Returns the clock that stands at `--at`; prints what is wrong with it.
std::optional<FakeClock> ClockAt(const std::string& at, const Console& console);

// Returns which flags would settle a conditional verdict about a manifest, or `unnamed`, as a sentence; "" for everything else.
std::string HintOf(const Decided& decided);

// Returns "fleet.yaml:12", or the file alone.
std::string SubjectPlace(const Subject& subject);

}  // namespace writ::cli
