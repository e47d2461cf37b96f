// One question to one registry: tries around each request, redirects around tries, challenges around redirects.
#include "webhook/image/registry/exchange.h"

#include <algorithm>
#include <optional>

#include "webhook/image/reference/text.h"
#include "webhook/image/registry/http_date.h"

namespace writ::image {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

bool IsRedirect(unsigned status) { return status == 301 || status == 302 || status == 303 || status == 307 || status == 308; }
bool IsWorthAnotherTry(unsigned status) { return status == 429 || status == 500 || status == 502 || status == 503 || status == 504; }

std::string StatusText(unsigned status) {
  const auto name = [status] {
    switch (status) {
      case 400: return " Bad Request";
      case 401: return " Unauthorized";
      case 403: return " Forbidden";
      case 404: return " Not Found";
      case 405: return " Method Not Allowed";
      case 429: return " Too Many Requests";
      case 500: return " Internal Server Error";
      case 502: return " Bad Gateway";
      case 503: return " Service Unavailable";
      case 504: return " Gateway Timeout";
      default: return "";
    }
  };
  return std::to_string(status) + name();
}

Error Failed(const Url& url, ErrorCode code, const std::string& message) { return Error{code, url.Text() + ": " + message}; }

// What says that there is nothing, or that a HEAD is not to be had here: a GET will tell.
bool IsAnswer(Method method, unsigned status) {
  if (status == 200 || status == 404) return true;
  return method == Method::kHead && (status == 400 || status == 405 || status == 501);
}

}  // namespace

milliseconds Exchange::TimeLeft() const {
  return std::max(milliseconds(0), std::chrono::duration_cast<milliseconds>(deadline_ - shared_.seams.now()));
}

std::string Exchange::Key() const {
  std::string key;
  for (const AuthScope& scope : scopes_) key.append(key.empty() ? "" : ", ").append(scope.Key()).append(scope.note);
  return key;
}

Result<WireReply> Exchange::Ask(const Question& question) const {
  for (std::size_t at = *current_;; ++at) {
    bool is_refused = false;
    Result<WireReply> reply = AskAs(scopes_[at], question, is_refused);
    if (reply || !is_refused) return reply;
    if (at + 1 == scopes_.size()) return Error{reply.error().code, reply.error().message + scopes_[at].note};
    std::size_t expected = at;
    current_->compare_exchange_strong(expected, at + 1);
  }
}

// `is_refused`: the scope's credential, or having none, is why there is no answer.
Result<WireReply> Exchange::AskAs(const AuthScope& scope, const Question& question, bool& is_refused) const {
  for (bool has_challenge = false;; has_challenge = true) {
    const auto fetch = [this](const Authorizer::TokenQuestion& wanted) { return FetchToken(wanted); };
    const Result<std::string> header = shared_.authorizer.Header(scope, {deadline_, TimeLeft()}, fetch);
    is_refused = !header && header.error().code == ErrorCode::kUnreadable;
    if (!header) return header.error();
    Result<Answer> answer = Follow(question, *header);
    if (!answer) return answer.error();
    const unsigned status = answer->reply.status;
    if (IsAnswer(question.method, status)) return std::move(answer->reply);
    is_refused = answer->is_home && (status == 401 || status == 403);
    if (status != 401 || has_challenge || !answer->is_home) {
      const bool is_known = status == 401 && has_challenge && scope.credential;
      return Failed(answer->url, ErrorCode::kUnreadable, StatusText(status) + (is_known ? ": it refuses the configured credential" : ""));
    }
    std::vector<std::string> challenges;
    for (const auto& [name, value] : answer->reply.headers) {
      if (EqualsFold(name, "WWW-Authenticate")) challenges.push_back(value);
    }
    const Status taken = shared_.authorizer.TakeChallenge(scope, challenges, *header);
    if (!taken) return Failed(answer->url, taken.error().code, taken.error().message);
  }
}

Result<Exchange::Answer> Exchange::Follow(const Question& question, const std::string& authorization) const {
  Answer answer{.url = {place().endpoint(), question.target}};
  for (std::uint32_t hops = 0;; ++hops) {
    // Once away from home no credential is sent any more, not even after a way back.
    WireRequest request = RequestOf(answer.url, answer.is_home ? authorization : "");
    request.method = question.method;
    if (!question.accept.empty()) request.headers.emplace_back("Accept", question.accept);
    request.max_body_bytes = question.max_body_bytes;
    Result<WireReply> reply = SendWithTries(answer.url, request);
    if (!reply) return reply.error();
    if (!IsRedirect(reply->status)) {
      answer.reply = *std::move(reply);
      return answer;
    }
    if (hops == shared_.limits.max_redirects) {
      return Failed(answer.url, ErrorCode::kInvalidArgument, "more than " + std::to_string(hops) + " redirects");
    }
    Result<Url> next = CheckRedirect(answer.url, *reply);
    if (!next) return Failed(answer.url, next.error().code, next.error().message);
    answer.url = *std::move(next);
    answer.is_home = answer.is_home && answer.url.endpoint == place().endpoint();
  }
}

Result<Url> Exchange::CheckRedirect(const Url& from, const WireReply& reply) const {
  const std::string_view location = reply.Header("Location");
  if (location.empty()) return Error{ErrorCode::kInvalidArgument, StatusText(reply.status) + " without a Location"};
  Result<Url> to = ResolveUrl(from, location);
  if (!to) return Error{ErrorCode::kInvalidArgument, "a redirect to a place that is not followed: " + to.error().message};
  if (from.endpoint.scheme == Scheme::kHttps && to->endpoint.scheme == Scheme::kHttp) {
    return Error{ErrorCode::kInvalidArgument, "a redirect from https to http is not followed"};
  }
  if (!place().Allows(to->endpoint)) {
    return Error{ErrorCode::kInvalidArgument, "a redirect to " + std::string(SchemeName(to->endpoint.scheme)) + "://" +
                                                  to->endpoint.HostText() + ", which is not among the hosts of registry " +
                                                  place().name().Text() + "; add it to them if it should be"};
  }
  return to;
}

WireRequest Exchange::RequestOf(const Url& url, const std::string& authorization) const {
  WireRequest request{.endpoint = url.endpoint,
                      .target = url.target,
                      .internal_addresses = place().InternalAddressesOf(url.endpoint),
                      .trust = place().trust()};
  if (!authorization.empty()) request.headers.emplace_back("Authorization", authorization);
  return request;
}

Result<WireReply> Exchange::SendWithTries(const Url& url, const WireRequest& request) const {
  for (std::uint32_t tries = 1;; ++tries) {
    const milliseconds left = TimeLeft();
    if (left <= milliseconds(0)) return Failed(url, ErrorCode::kUnreadable, "the time for this image is over");
    WireRequest one = request;
    one.timeout = std::min(left, shared_.limits.try_timeout);
    ++shared_.requests;
    Result<WireReply> reply = shared_.transport.Send(one);
    const bool is_worth = reply ? IsWorthAnotherTry(reply->status) : reply.error().code == ErrorCode::kUnreadable;
    if (!is_worth) {
      if (!reply) return Failed(url, reply.error().code, reply.error().message);
      return reply;
    }
    if (!TryWait(tries, reply ? TryRetryAfter(reply->Header("Retry-After"), reply->Header("Date")) : std::nullopt)) {
      const std::string after = tries == 1 ? "" : " after " + std::to_string(tries) + " tries";
      return Failed(url, ErrorCode::kUnreadable, (reply ? StatusText(reply->status) : reply.error().message) + after);
    }
    ++shared_.retries;
  }
}

// False when no further try is allowed, or there is no time for the wait.
bool Exchange::TryWait(std::uint32_t tries, std::optional<std::chrono::seconds> wanted) const {
  if (tries >= max_tries_) return false;
  const milliseconds most = shared_.limits.first_retry_delay * (std::int64_t{1} << std::min(tries - 1, std::uint32_t{16}));
  const auto jittered = milliseconds(static_cast<std::int64_t>(static_cast<double>(most.count()) * (1.0 - shared_.seams.random() / 2)));
  const milliseconds delay = wanted ? milliseconds(*wanted) : jittered;
  if (delay >= TimeLeft()) return false;
  shared_.seams.sleep(delay);
  return true;
}

Result<std::string> Exchange::FetchToken(const Authorizer::TokenQuestion& question) const {
  WireRequest request = RequestOf(question.url, question.authorization);
  if (!question.form.empty()) request.method = Method::kPost;
  request.form = question.form;
  request.max_body_bytes = shared_.limits.max_token_bytes;
  Result<WireReply> reply = SendWithTries(question.url, request);
  if (!reply) return Error{reply.error().code, "token realm " + reply.error().message};
  if (reply->status == 200) return std::move(reply->body);
  const bool is_refusal = reply->status == 401 || reply->status == 403 || (reply->status == 400 && !question.form.empty());
  const bool is_anonymous = question.authorization.empty() && question.form.empty();
  const char* whose = is_anonymous ? ": it wants a credential, and none is configured" : ": it refuses the configured credential";
  return Error{ErrorCode::kUnreadable, "token realm " + question.url.Text() + ": " + StatusText(reply->status) + (is_refusal ? whose : "")};
}

}  // namespace writ::image
