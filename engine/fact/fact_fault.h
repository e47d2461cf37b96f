// How readers of facts say what is wrong with one.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "engine/request/suggest.h"
#include "rules/base/result.h"
#include "rules/base/utf8.h"

namespace writ {

// Returns the error that what stands at `path` is not as it should be: `facts.teams` must be an
// object. `what`: a predicate.
inline Error WrongFact(const std::string& path, std::string_view what) {
  return {ErrorCode::kInvalidArgument, "`" + path + "` " + std::string(what)};
}

// Returns the error that the object at `path` has no such member, with the name that may be meant.
inline Error UnknownFactMember(std::string_view key, const std::string& path, std::span<const std::string_view> known) {
  return {ErrorCode::kInvalidArgument,
          "unknown member \"" + Shorten(key, kMaxShownNameBytes) + "\" in \"" + path + "\"" + DidYouMean(key, known)};
}

}  // namespace writ
