// Verdicts on signatures, for people and for programs.
#pragma once

#include <nlohmann/json.hpp>

#include "cli/console.h"
#include "webhook/image/verify/verdict.h"

namespace writ::cli {

// Prints the verdict, then each material with its checks.
void PrintVerdict(const image::Verdict& verdict, const Console& console);

// Returns {"outcome", "reason", "message", "materials": [{"origin", "verified", "signer", "checks"}], "statements"}.
nlohmann::ordered_json VerdictJson(const image::Verdict& verdict);

}  // namespace writ::cli
