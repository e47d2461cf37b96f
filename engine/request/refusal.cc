// How a request is refused; see refusal.h.
#include "engine/request/refusal.h"

#include "engine/request/suggest.h"
#include "rules/base/utf8.h"

namespace writ {

bool Refuse(std::string_view message, RequestState& state) {
  state.error = {ErrorCode::kInvalidArgument, Shorten(message, kMaxShownMessageBytes)};
  return false;
}

bool RefuseAt(std::string_view path, std::string_view what, RequestState& state) {
  return Refuse("`" + std::string(path) + "` " + std::string(what), state);
}

bool RefuseSpelling(std::string_view path, std::string_view what, RequestState& state) {
  state.refusal = Reason::kNotCanonical;
  return RefuseAt(path, what, state);
}

bool RefuseMember(std::string_view key, std::string_view where, std::span<const std::string_view> known, RequestState& state) {
  return Refuse("unknown member \"" + Shorten(key, kMaxShownNameBytes) + "\" in " + std::string(where) + DidYouMean(key, known), state);
}

bool RefuseTooLarge(std::string message, RequestState& state) {
  state.error = {ErrorCode::kTooLarge, std::move(message)};
  return false;
}

bool RefuseFull(RequestState& state) { return RefuseTooLarge("the request does not fit in memory", state); }

}  // namespace writ
