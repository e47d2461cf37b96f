// How a request is refused. Everywhere in this folder a `bool` that is [[nodiscard]] means: false =
// refused, and `state.error` and `state.refusal` say why. These functions put it there and return
// false, for `return Refuse(…)`.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "engine/request/request_state.h"

namespace writ {

// kInvalidArgument; the message is cut to what is shown of one.
[[gnu::cold]] bool Refuse(std::string_view message, RequestState& state);
// "`path` what".
[[gnu::cold]] bool RefuseAt(std::string_view path, std::string_view what, RequestState& state);
// The same, for another spelling than the one that is taken: Reason::kNotCanonical.
[[gnu::cold]] bool RefuseSpelling(std::string_view path, std::string_view what, RequestState& state);
// "unknown member "key" in where; did you mean …". `known`: what there is.
[[gnu::cold]] bool RefuseMember(std::string_view key, std::string_view where, std::span<const std::string_view> known, RequestState& state);
// kTooLarge.
[[gnu::cold]] bool RefuseTooLarge(std::string message, RequestState& state);
// kTooLarge: the arena is full.
[[gnu::cold]] bool RefuseFull(RequestState& state);

}  // namespace writ
