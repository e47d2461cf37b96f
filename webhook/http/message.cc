// Requests and replies as plain values.
#include "webhook/http/message.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdio>
#include <ctime>

#include "rules/base/utf8.h"
#include "webhook/telemetry/log.h"

namespace writ::server::http {
namespace {

struct StatusName {
  unsigned status;
  std::string_view phrase;
  std::string_view reason;  // in error bodies
};

constexpr StatusName kStatusNames[] = {
    {100, "Continue", "continue"},
    {200, "OK", "ok"},
    {400, "Bad Request", "bad_request"},
    {404, "Not Found", "not_found"},
    {405, "Method Not Allowed", "method_not_allowed"},
    {408, "Request Timeout", "request_timeout"},
    {413, "Content Too Large", "too_large"},
    {415, "Unsupported Media Type", "unsupported_media_type"},
    {417, "Expectation Failed", "expectation_failed"},
    {431, "Request Header Fields Too Large", "header_too_large"},
    {500, "Internal Server Error", "internal"},
    {501, "Not Implemented", "not_implemented"},
    {503, "Service Unavailable", "unavailable"},
    {505, "HTTP Version Not Supported", "version_not_supported"},
};

const StatusName* TryFindStatus(unsigned status) {
  for (const StatusName& name : kStatusNames) {
    if (name.status == status) return &name;
  }
  return nullptr;
}

char LowerAscii(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

bool IsHeaderText(std::string_view text) {
  return std::none_of(text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) < 0x20 && c != '\t') || c == 0x7f; });
}

constexpr std::int64_t kMaxTimeoutNanos = std::int64_t{3'600} * 1'000'000'000;

// Reads digits, with an optional fraction, as a count of 1e-9 of the unit. Nothing for no digits or a size beyond the longest timeout.
std::optional<std::int64_t> TryReadNumber(std::string_view& text) {
  std::int64_t nanos = 0;
  std::int64_t scale = 1'000'000'000;
  bool any = false;
  bool in_fraction = false;
  while (!text.empty()) {
    const char c = text.front();
    if (c == '.' && !in_fraction) {
      in_fraction = true;
    } else if (c >= '0' && c <= '9') {
      any = true;
      if (in_fraction) {
        scale /= 10;
        nanos += (c - '0') * scale;
      } else {
        nanos = nanos * 10 + (c - '0') * scale;
        // 4e9 units is beyond an hour in every unit that is at least a microsecond
        if (nanos > std::int64_t{4'000'000'000} * 1'000'000'000 / 10) return std::nullopt;
      }
    } else {
      break;
    }
    text.remove_prefix(1);
  }
  if (!any) return std::nullopt;
  return nanos;
}

// Consumes a unit and returns its length in nanoseconds; a missing unit counts as seconds. 0 for an unknown one.
std::int64_t ReadUnit(std::string_view& text) {
  struct Unit {
    std::string_view name;
    std::int64_t nanos;
  };
  // Longer names first: "ms" before "m".
  static constexpr std::array<Unit, 5> kUnits = {
      {{"ms", 1'000'000}, {"us", 1'000}, {"s", 1'000'000'000}, {"m", 60'000'000'000}, {"h", 3'600'000'000'000}}};
  if (text.empty()) return 1'000'000'000;
  for (const Unit& unit : kUnits) {
    if (text.substr(0, unit.name.size()) == unit.name) {
      text.remove_prefix(unit.name.size());
      return unit.nanos;
    }
  }
  return 0;
}

}  // namespace

bool EqualsIgnoringCase(std::string_view a, std::string_view b) {
  return a.size() == b.size() && std::equal(a.begin(), a.end(), b.begin(), [](char x, char y) { return LowerAscii(x) == LowerAscii(y); });
}

std::string_view TrimBlanks(std::string_view text) {
  const std::size_t begin = text.find_first_not_of(" \t");
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(" \t") - begin + 1);
}

std::optional<std::string_view> HttpRequest::TryHeader(std::string_view name) const {
  for (const auto& [header, value] : headers) {
    if (EqualsIgnoringCase(header, name)) return value;
  }
  return std::nullopt;
}

std::optional<std::string_view> HttpRequest::TryParameter(std::string_view name) const {
  std::string_view rest = query;
  while (!rest.empty()) {
    const std::size_t end = std::min(rest.find('&'), rest.size());
    const std::string_view pair = rest.substr(0, end);
    rest.remove_prefix(std::min(end + 1, rest.size()));
    const std::size_t equals = pair.find('=');
    if (pair.substr(0, equals) == name) return equals == std::string_view::npos ? std::string_view{} : pair.substr(equals + 1);
  }
  return std::nullopt;
}

HttpReply ErrorReply(unsigned status, std::string_view message) {
  constexpr std::size_t kMaxMessageBytes = 2'000;
  const StatusName* name = TryFindStatus(status);
  HttpReply reply;
  reply.status = status;
  reply.body = "{\"error\":{\"status\":" + std::to_string(status) + ",\"reason\":" + JsonQuote(name != nullptr ? name->reason : "error") +
               ",\"message\":" + JsonQuote(CutBytes(message, kMaxMessageBytes)) + "}}\n";
  return reply;
}

std::string_view StatusPhrase(unsigned status) {
  const StatusName* name = TryFindStatus(status);
  return name != nullptr ? name->phrase : "Status";
}

std::string SerializeHead(const HttpReply& reply, std::string_view date, bool close) {
  std::string head = "HTTP/1.1 " + std::to_string(reply.status) + " ";
  head.append(StatusPhrase(reply.status)).append("\r\nDate: ").append(date);
  if (IsHeaderText(reply.content_type)) head.append("\r\nContent-Type: ").append(reply.content_type);
  head.append("\r\nContent-Length: ").append(std::to_string(reply.body.size()));
  for (const auto& [name, value] : reply.headers) {
    if (IsHeaderText(name) && IsHeaderText(value)) head.append("\r\n").append(name).append(": ").append(value);
  }
  head.append(close ? "\r\nConnection: close\r\n\r\n" : "\r\nConnection: keep-alive\r\n\r\n");
  return head;
}

std::string HttpDate(std::int64_t unix_seconds) {
  // strftime's names of days and months follow the locale; the protocol's do not.
  static constexpr const char* kDays[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
  static constexpr const char* kMonths[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  const std::time_t time = static_cast<std::time_t>(unix_seconds);
  std::tm parts{};
  gmtime_r(&time, &parts);
  char text[64];
  const int length = std::snprintf(text, sizeof text, "%s, %02d %s %04d %02d:%02d:%02d GMT", kDays[parts.tm_wday % 7], parts.tm_mday,
                                   kMonths[parts.tm_mon % 12], parts.tm_year + 1900, parts.tm_hour, parts.tm_min, parts.tm_sec);
  return std::string(text, static_cast<std::size_t>(length));
}

std::optional<std::chrono::milliseconds> TryParseTimeout(std::string_view text) {
  if (text.empty()) return std::nullopt;
  const bool compound = text.find_first_of("smhu") != std::string_view::npos;
  std::int64_t total_nanos = 0;
  while (!text.empty()) {
    const std::optional<std::int64_t> number = TryReadNumber(text);
    if (!number) return std::nullopt;
    if (text.empty() && compound) return std::nullopt;  // "1m30": the last unit is missing
    const std::int64_t unit_nanos = ReadUnit(text);
    if (unit_nanos == 0) return std::nullopt;
    const long double part = static_cast<long double>(*number) / 1e9L * static_cast<long double>(unit_nanos);
    if (part > static_cast<long double>(kMaxTimeoutNanos)) return std::nullopt;
    total_nanos += static_cast<std::int64_t>(part);
    if (total_nanos > kMaxTimeoutNanos) return std::nullopt;
  }
  if (total_nanos < 1'000'000) return std::nullopt;
  return std::chrono::milliseconds(total_nanos / 1'000'000);
}

std::chrono::milliseconds AnswerTime(const HttpRequest& request, std::chrono::milliseconds limit) {
  const std::optional<std::string_view> text = request.TryParameter("timeout");
  if (!text) return limit;
  const std::optional<std::chrono::milliseconds> timeout = TryParseTimeout(*text);
  if (!timeout) return limit;
  return std::min(limit, std::max(std::chrono::milliseconds(1), *timeout * 8 / 10));
}

}  // namespace writ::server::http
