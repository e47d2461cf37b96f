// Result<T>: a value, or an error with a code and a message. Channel (b) of docs/idioms.md: an operation that failed.
// Faults in user text are Diagnostics (dsl), errors of the policy language are Values (rules/model), our own bugs are WRIT_CHECKs.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <variant>

#include "rules/base/check.h"

namespace writ {

// Why an operation failed. Stable: printed in logs and mapped to exit codes and HTTP statuses.
enum class ErrorCode {
  kInvalidArgument,  // the caller's input is wrong; the message says where and what was expected
  kNotFound,         // a file or a name does not exist
  kUnreadable,       // a file exists and cannot be read (permission, directory, I/O error)
  kTooLarge,         // a limit of rules/base/limits.h was reached
  kCorrupt,          // bytes that are not what their header claims (digest, structure)
  kVersionUnknown,   // a bundle of another format version
  kInternal,         // our own fault; reported, never decided upon
};

// Returns the stable snake_case name of `code`, as printed in logs.
const char* ErrorCodeName(ErrorCode code);

struct Error {
  ErrorCode code = ErrorCode::kInternal;
  std::string message;  // one sentence, lower-case start, names the place
};

// Either a T or an Error. Never empty. Not thread-safe beyond T itself.
template <typename T>
class [[nodiscard]] Result {
 public:
  Result(T value) : state_(std::in_place_index<0>, std::move(value)) {}      // NOLINT(google-explicit-constructor): reads as `return value`
  Result(Error error) : state_(std::in_place_index<1>, std::move(error)) {}  // NOLINT(google-explicit-constructor): reads as `return error`

  explicit operator bool() const { return state_.index() == 0; }
  bool ok() const { return state_.index() == 0; }

  // Requires: ok().
  T& operator*() & { return value(); }
  const T& operator*() const& { return value(); }
  T&& operator*() && { return std::move(value()); }
  T* operator->() { return &value(); }
  const T* operator->() const { return &value(); }
  T& value() {
    WRIT_CHECK(ok());
    return *std::get_if<0>(&state_);
  }
  const T& value() const {
    WRIT_CHECK(ok());
    return *std::get_if<0>(&state_);
  }

  // Requires: !ok().
  const Error& error() const {
    WRIT_CHECK(!ok());
    return *std::get_if<1>(&state_);
  }

 private:
  std::variant<T, Error> state_;
};

struct Unit {};
using Status = Result<Unit>;

// The successful Status.
inline Status OkStatus() { return Unit{}; }

}  // namespace writ

// Returns the error of `expr` (a Result) from the enclosing function when it failed.
#define WRIT_RETURN_IF_ERROR(expr)                  \
  do {                                              \
    auto writ_status_ = (expr);                     \
    if (!writ_status_) return writ_status_.error(); \
  } while (false)
