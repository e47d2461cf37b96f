// Errors of the policy language (channel (c) of docs/idioms.md): values that the combining rules treat explicitly.
// One list: the enum, the names in decisions, the docs table and the tests expand it.
#pragma once

//      name              text, where {} is the error's detail (a key, a function, a value's type)
#define WRIT_VALUE_ERRORS(X)                                                        \
  X(NoSuchKey,            "no such key: {}")                                        \
  X(NoMatchingOverload,   "no matching overload: {}")                               \
  X(IndexOutOfRange,      "index out of range: {}")                                 \
  X(DivideByZero,         "division by zero")                                       \
  X(ModulusByZero,        "modulus by zero")                                        \
  X(Overflow,             "overflow in {}")                                         \
  X(BadConversion,        "cannot convert {}")                                      \
  X(InvalidRegex,         "invalid regular expression: {}")                         \
  X(InvalidArgument,      "invalid argument: {}")                                   \
  X(NotABool,             "expected a bool, found {}")                              \
  X(UnboundVariable,      "{} is not given in the request")                         \
  X(NoOptionalValue,      "the optional is empty")                                  \
  X(DuplicateKey,         "duplicate key in map: {}")                               \
  X(BadKeyType,           "a map key cannot be {}")
