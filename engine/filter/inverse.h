// Comparisons of what is computed from one number, turned into comparisons of the number.
//
//   row.qty + 1 > 2         an int             qty >= 2, and unknown for the largest int, where `+` fails
//   row.amount * 3.0 > 10.0 a double           amount > 3.33…
//   row.n <= 9007199254740992.0                n <= 9007199254740993: compared as doubles, as CEL has it
//   row.at < timestamp("….9999995Z")           at <= ….999999, since a database keeps microseconds
//
// Idea: adding, subtracting, multiplying and dividing by a constant, and widening to a double, keep
// or mirror the order of numbers, rounding included. So the numbers for which such a chain compares
// true with a constant are one interval, and its ends are found by bisection over all numbers of
// the column's type, with the very arithmetic that decides. Nothing is left for a database to
// compute: nothing can overflow there, round otherwise or fail a query, and an index on the column
// serves.
//
// Not in the class: `c / x` and `x % c`, which have jumps, and what has two columns.
// Cost: 64 steps of bisection an end, each as long as the chain.
#pragma once

#include <cstdint>
#include <optional>
#include <span>

#include "rules/function/function.h"
#include "rules/model/value.h"

namespace writ {

// One operation of a chain: `x op constant`, or `constant op x`. kNegate has no constant.
struct ChainStep {
  Function function = Function::kAdd;
  Value constant;
  bool is_constant_first = false;
};

enum class ChainType : std::uint8_t {
  kInt,
  kDouble,
  kTimestamp,  // the column in microseconds since 1970, the constants in durations
  kDuration,   // microseconds
};

// Closed ends in the column's type: kInt and microseconds as ints, kDouble as doubles.
struct Interval {
  Value low, high;
  bool is_empty = false;
};

struct Inverse {
  Interval all;      // every number of the type but NaN
  Interval defined;  // where the chain does not fail
  Interval holds;    // where the comparison is true; inside of `defined`
  bool is_defined_everywhere = false;
};

// Returns where `chain(x) comparison constant` holds. `comparison`: kLess … kGreaterOrEqual or
// kEqual. Nothing when the chain is not in the class. The first step of `chain` is the innermost.
std::optional<Inverse> InvertChain(ChainType type, std::span<const ChainStep> chain, Function comparison, const Value& constant);

}  // namespace writ
