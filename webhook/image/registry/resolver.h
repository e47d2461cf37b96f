// Names to addresses, with a time limit that getaddrinfo() does not have.
#pragma once

#include <chrono>
#include <functional>
#include <string>
#include <vector>

#include "rules/base/result.h"

namespace writ::image {

// Returns the addresses of `host` in text, at least one. Thread-safe. Errors: kUnreadable.
using Resolver = std::function<Result<std::vector<std::string>>(const std::string& host, std::chrono::milliseconds timeout)>;

// The system's resolver (getaddrinfo). A lookup that exceeds its time goes on in a thread of its own and is forgotten; at most 16 such
// threads exist, beyond them lookups fail at once.
Resolver SystemResolver();

}  // namespace writ::image
