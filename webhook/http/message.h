// What a handler sees of an HTTP request and what it answers. No socket, no Boost: handlers are tested with these alone.
#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace writ::server::http {

// A request as received. Views are valid during the handler's call.
struct HttpRequest {
  std::string_view method;                                             // "POST"
  std::string_view path;                                               // "/admission": the target before '?', as sent (not percent-decoded)
  std::string_view query;                                              // "timeout=5s": after '?', "" = none
  std::vector<std::pair<std::string_view, std::string_view>> headers;  // in order, names as sent
  std::string_view body;                                               // "" while only the head has been read
  std::size_t worker = 0;                          // which worker runs the handler: no two calls with the same number overlap
  std::chrono::steady_clock::time_point received;  // when its first byte arrived
  // After it the server has answered 500 by itself.
  std::chrono::steady_clock::time_point deadline = std::chrono::steady_clock::time_point::max();
  const std::atomic<bool>* stopping = nullptr;  // set when the server ends and nobody waits for the answer; nullptr = never

  // True when the answer would come too late: long handlers ask between steps, so that they do not hold up the server's end.
  bool expired() const { return std::chrono::steady_clock::now() >= deadline || (stopping != nullptr && stopping->load()); }

  // Returns the value of the first header of that name (ASCII case-insensitive), or nothing. O(headers).
  std::optional<std::string_view> TryHeader(std::string_view name) const;
  // Returns the raw value of the first query parameter of that name, or nothing. O(query).
  std::optional<std::string_view> TryParameter(std::string_view name) const;
};

// An answer. The server adds Content-Length, Connection and Date.
struct HttpReply {
  unsigned status = 200;
  std::string content_type = "application/json";
  std::string body;
  std::vector<std::pair<std::string, std::string>> headers;  // further ones: Allow, Retry-After, …
  // Set by a handler that is not done: what goes on with the same request, on any worker, after others had their turn. Nothing else of
  // such a reply counts.
  std::function<HttpReply(const HttpRequest&)> resume = nullptr;
};

// Returns `{"error":{"status":404,"reason":"not_found","message":"…"}}` with that status. `message` may be any bytes: it is cut
// to 2,000 bytes and invalid UTF-8 is replaced.
HttpReply ErrorReply(unsigned status, std::string_view message);

// Returns "Not Found" for 404; "Status" for a number that has no name here.
std::string_view StatusPhrase(unsigned status);

// Returns the head of `reply` as sent: status line, headers, empty line. `close`: announces the end of the connection.
// `date`: the value of the Date header. Header values with control characters are left out (no response splitting).
std::string SerializeHead(const HttpReply& reply, std::string_view date, bool close);

// Returns `time` as in "Sun, 06 Nov 1994 08:49:37 GMT". `unix_seconds` in years 1970 to 9999.
std::string HttpDate(std::int64_t unix_seconds);

// Parses the value of `?timeout=`: "5s", "500ms", "1m", "1m30s", "1.5s" or a plain number of seconds, as Go and the Kubernetes
// API server write it. Returns nothing for anything else, for zero, and beyond one hour.
std::optional<std::chrono::milliseconds> TryParseTimeout(std::string_view text);

// Returns how long the answer to a request may take: 80 % of its `?timeout=`, at most `limit`; `limit` without the parameter.
std::chrono::milliseconds AnswerTime(const HttpRequest& request, std::chrono::milliseconds limit);

// True for ASCII case-insensitive equality.
bool EqualsIgnoringCase(std::string_view a, std::string_view b);

// Returns `text` without spaces and tabs at both ends.
std::string_view TrimBlanks(std::string_view text);

}  // namespace writ::server::http
