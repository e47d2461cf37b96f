// What the library "optional" shares with the evaluator's instructions.
#pragma once

#include "rules/model/value.h"

namespace writ {

// Returns whether optional.ofNonZeroValue(value) is none: empty, zero, false and null are zero
// values; types, optionals and faults are not. O(1).
inline bool IsZeroValue(const Value& value) {
  switch (value.kind) {
    case Kind::kNull: return true;
    case Kind::kBool: return !value.boolean;
    case Kind::kInt:
    case Kind::kDuration: return value.integer == 0;
    case Kind::kUint: return value.unsigned_integer == 0;
    case Kind::kDouble: return value.real == 0;
    case Kind::kString:
    case Kind::kBytes:
    case Kind::kList: return value.size == 0;
    case Kind::kTimestamp: return value.integer == 0 && value.size == 0;
    case Kind::kMap: return value.map != nullptr && value.map->size == 0;
    case Kind::kAbsent:
    case Kind::kOptional:
    case Kind::kType:
    case Kind::kError:
    case Kind::kUnknown: return false;
  }
  return false;
}

}  // namespace writ
