// Values and types of the CEL conformance vectors (shared/vectors/cel/README.md) as ours.
#pragma once

#include <optional>
#include <string>

#include <nlohmann/json.hpp>

#include "dsl/lower/expression.h"
#include "rules/base/arena.h"
#include "rules/model/value.h"

namespace writ::conformance {

// Returns a VALUE of the vectors as ours, in `arena`; nothing for messages and enums. Well-known types are their inner value.
std::optional<Value> ReadValue(const nlohmann::json& value, Arena& arena);

// Returns a TYPE of the vectors in `types`; nothing for messages.
std::optional<TypeId> ReadType(const nlohmann::json& type, TypeTable& types);

// The reference runners' equality: same kinds (int 1 is not uint 1), any NaN equals any NaN, maps in any order.
bool SameValue(const Value& expected, const Value& found);

}  // namespace writ::conformance
