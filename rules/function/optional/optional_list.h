// The library "optional": making optionals and taking them apart, a row each. The columns are
// explained in rules/function/function_list.h. Source: cel-go ext/optionals.
#pragma once

#define WRIT_OPTIONAL_FUNCTIONS(F)                                                                 \
  F(OptionalOf, "optional.of", "optional", 1,                                                      \
    "(A)->opt(A)",                                                                                 \
    Fuel::AtMost(4), Fold::Never("no constant is an optional"))                                    \
  F(OptionalOfNonZero, "optional.ofNonZeroValue", "optional", 1,                                   \
    "(A)->opt(A)",                                                                                 \
    Fuel::AtMost(4), Fold::Never("no constant is an optional"))                                    \
  F(OptionalNone, "optional.none", "optional", 1,                                                  \
    "()->opt(A)",                                                                                  \
    Fuel::AtMost(4), Fold::Never("no constant is an optional"))                                    \
  F(HasValue, "hasValue", "optional", 1,                                                           \
    "opt(A).()->bool",                                                                             \
    Fuel::AtMost(4), Fold::Never("no constant is an optional"))                                    \
  F(OptionalValue, "value", "optional", 1,                                                         \
    "opt(A).()->A",                                                                                \
    Fuel::AtMost(4), Fold::Never("no constant is an optional"))                                    \
  F(OptionalOr, "or", "optional", 1,                                                               \
    "opt(A).(opt(A))->opt(A)",                                                                     \
    Fuel::AtMost(4), Fold::Never("no constant is an optional"))                                    \
  F(OptionalOrValue, "orValue", "optional", 1,                                                     \
    "opt(A).(A)->A",                                                                               \
    Fuel::AtMost(4), Fold::Never("no constant is an optional"))                                    \
  F(OptionalIndex, "_[?_]", "optional", 1,                                                         \
    "(list(A),int)->opt(A); (map(A,B),A)->opt(B); (opt(list(A)),int)->opt(A); "                    \
    "(opt(map(A,B)),A)->opt(B)",                                                                   \
    Fuel::AtMost(5).PerBlock(1), Fold::Never("no constant is an optional"))
