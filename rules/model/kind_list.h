// The kinds of values, in one list: values (value.h), static types (type.h), the names of both, what
// a request's member is asked to be, and the tests expand it. Everything that a constant, a column
// or a member can be is a row here.
#pragma once

//   id          static type    its name as a value               asked of a request             found in a request
#define WRIT_SCALAR_KINDS(X)                                                                                                          \
  X(Null,      "null_type", "null_type",                 "null",                                                         "null")      \
  X(Bool,      "bool",      "bool",                      "a bool",                                                       "bool")      \
  X(Int,       "int",       "int",                       "an int",                                                       "int")       \
  X(Uint,      "uint",      "uint",                      "an unsigned int",                                              "uint")      \
  X(Double,    "double",    "double",                    "a double",                                                     "double")    \
  X(String,    "string",    "string",                    "a string",                                                     "string")    \
  X(Bytes,     "bytes",     "bytes",                     "bytes as a base64 string",                                     "bytes")     \
  X(Timestamp, "timestamp", "google.protobuf.Timestamp", "an RFC 3339 timestamp such as \"2026-11-20T10:00:00Z\"",       "timestamp") \
  X(Duration,  "duration",  "google.protobuf.Duration",  "a duration such as \"1m30s\"",                                 "duration")

// Those that hold others. Their static types have parameters.
#define WRIT_COMPOSITE_KINDS(X)                                     \
  X(List,     "list",          "list",          "a list",           "list")     \
  X(Map,      "map",           "map",           "an object",        "object")   \
  X(Optional, "optional_type", "optional_type", "an optional",      "optional") \
  X(Type,     "type",          "type",          "a type",           "type")

#define WRIT_VALUE_KINDS(X) WRIT_SCALAR_KINDS(X) WRIT_COMPOSITE_KINDS(X)
