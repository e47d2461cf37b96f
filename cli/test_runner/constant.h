// Constant expressions of test data as JSON: `{"groups": ["sre"], "depth": 2 + 1}`.
#pragma once

#include <nlohmann/json_fwd.hpp>

#include "dsl/syntax/tree.h"
#include "rules/base/result.h"

namespace writ::cli {

// Returns the value of a constant expression as JSON. Literals, lists and maps are taken as they stand; anything else is compiled
// and evaluated as CEL without variables. Errors: kInvalidArgument (names, errors of evaluation, keys that are no strings,
// duplicate keys).
Result<nlohmann::ordered_json> ConstantJson(const dsl::FileTree& tree, dsl::ExprId id);

}  // namespace writ::cli
