// The library "writ": what CEL cannot say and residuals need, a row each. The columns are explained
// in rules/function/function_list.h.
#pragma once

// `is_true` is the only function that takes an error: true where the argument is true, false where
// it is anything else known or fails. It marks conditions whose errors a policy skips, where
// readers of a residual would take an error for a denial.
#define WRIT_OWN_FUNCTIONS(F)                                                                      \
  F(IsTrue, "is_true", "writ", 1,                                                                  \
    "(A)->bool",                                                                                   \
    Fuel::AtMost(4), Fold::Always())
