// The kinds that CEL's own implementations sort errors into, for comparing Writ with them: the
// `error` member of an answer of `writ cel --batch`. Both tables stand in cel_error.cc; a new
// diagnostic or error does not compile until it has a kind there.
#pragma once

#include <string_view>

#include "dsl/diagnostics/diagnostic.h"
#include "rules/model/value.h"

namespace writ::dsl {

// Returns the kind of a fault found while an expression is compiled: "syntax", "macro",
// "undeclared", "undefined_field", "no_matching_overload", "type_mismatch" or "bad_literal". O(1).
std::string_view CelErrorOf(DiagnosticKind kind);

// Returns the kind of an error that an expression came to: "no_such_key", "overflow", … O(1).
std::string_view CelErrorOf(ValueError error);

// A limit of steps, memory or size that was reached while evaluating.
inline constexpr std::string_view kCelCostExceeded = "cost_exceeded";
// Input that cannot be taken: a line that is not JSON, a value out of range.
inline constexpr std::string_view kCelInvalidArgument = "invalid_argument";

}  // namespace writ::dsl
