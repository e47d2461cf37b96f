// What a YAML scalar means, as Kubernetes reads it. Source: the resolver of sigs.k8s.io/yaml (YAML 1.1 with 1.2's octals).
#pragma once

#include <string>
#include <string_view>

#include "rules/base/result.h"

namespace writ::cli {

// Returns the JSON text of a scalar. `tag`: "?" or "" for plain text, "!" for quoted text, else the tag's full name.
// Errors: kInvalidArgument without a place ("`1e999` is out of range").
Result<std::string> ResolveScalar(std::string_view tag, std::string_view text);

// Returns the text of a scalar used as a key: "1", "true". Errors: as ResolveScalar, and for null.
Result<std::string> ResolveKey(std::string_view tag, std::string_view text);

}  // namespace writ::cli
