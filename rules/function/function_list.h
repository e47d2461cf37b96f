// Every function and operator of the expression language: the rows of all libraries. One row is all
// that is said about a function; the checker, the folder, the verifier, the evaluator,
// docs/functions.md and the tests read it from kFunctionInfo (function.h). The function itself is
// `Call<id>`, beside the list of its library.
//
// Columns:
//   id          Function::k<id>, and Call<id> is the implementation
//   name        as people write it; operators as CEL names them: "_+_", "-_", "@in"
//   library     the folder below rules/function
//   since       the version of the library that brought the function
//   signatures  overloads separated by ';'. A leading "T." makes the first parameter the receiver
//               (method style); a function with both styles lists both. A, B are type parameters.
//               opt(A) is optional_type(A).
//   fuel        the most that a call costs in steps of the decision's budget (function.h)
//   fold        whether the compiler computes calls whose arguments are all constants, and why not
#pragma once

#include "rules/function/optional/optional_list.h"
#include "rules/function/standard/standard_list.h"
#include "rules/function/writ/writ_list.h"

#define WRIT_FUNCTIONS(F)    \
  WRIT_STANDARD_FUNCTIONS(F) \
  WRIT_OPTIONAL_FUNCTIONS(F) \
  WRIT_OWN_FUNCTIONS(F)
