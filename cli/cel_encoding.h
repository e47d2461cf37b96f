// Values and static types of CEL as JSON that keeps every type apart, the form of CEL's test
// vectors: {"int": "1"}, {"list": [{"bool": true}]}, {"map": [[{"string": "a"}, {"null": null}]]};
// types as "int", {"list": "dyn"}, … docs/getting_started.md ("One expression") has the table.
#pragma once

#include <cstddef>
#include <string>

#include "rules/model/type.h"
#include "rules/model/value.h"

namespace writ::cli {

// The largest text of one value: values may share parts, so that a small one can have a huge text.
inline constexpr std::size_t kMaxEncodedBytes = std::size_t{16} * 1024 * 1024;
inline constexpr std::size_t kMaxEncodedTypeBytes = std::size_t{64} * 1024;

// Appends `value` and returns true, or false when its text would be longer than kMaxEncodedBytes
// (`out` then holds a part of it). Requires: no fault. Iteration depth as ValuesEqual.
bool AppendCelValue(const Value& value, std::string& out);

// Appends a type of `types` and returns true, or false when its text would be longer than
// kMaxEncodedTypeBytes: a type may repeat its parts, too ({x: x} of {x: x} of …). Depth: as the
// expression it belongs to.
bool AppendCelType(const TypeTable& types, TypeId type, std::string& out);

}  // namespace writ::cli
