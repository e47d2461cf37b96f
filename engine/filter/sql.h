// Predicates as SQL conditions with parameters.
//
// A value never becomes text: every constant, of the policy too, is a parameter. Identifiers come
// from the `table` declaration alone, and are quoted. What a dialect cannot say exactly is refused.
//
// The reading of a predicate says which of its outcomes the place that it stands in tells apart. A
// WHERE clause takes unknown for false, so `x is not null and x = 'eu'` is `x = 'eu'` there, which
// an index serves; below a `not` it stays what it is.
#pragma once

#include <cstdint>

#include "engine/filter/term.h"
#include "rules/base/result.h"
#include "writ/filter.h"

namespace writ {

inline constexpr std::uint32_t kMaxSqlDepth = 300;  // of predicates; databases have limits of their own

// Returns the condition. Errors: kInvalidArgument for what the dialect cannot say, kTooLarge.
// O(size of the text).
Result<SomeRows> WriteSql(const TermGraph& terms, TermId root, const SqlOptions& options);

}  // namespace writ
