// Finds the first fault of a JSON text and says where it is: the cold path behind the fast parser's bare error codes.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "rules/base/limits.h"

namespace writ {

struct JsonFault {
  std::size_t byte_offset = 0;
  std::string path;    // of the value the fault is in: "principal.groups[2]", "" for the document itself
  std::string text;    // "duplicate key `tool`"
  bool limit = false;  // a limit was reached, the text itself may be fine
};

// Returns the first fault, or nothing when `text` is strict JSON within `limits.max_depth`. O(text); recursion only as deep as
// limits.max_depth.
std::optional<JsonFault> LocateJsonFault(std::string_view text, const JsonLimits& limits);

// Returns "byte 17: duplicate key `tool` in `principal`".
std::string JsonFaultText(const JsonFault& fault);

}  // namespace writ
