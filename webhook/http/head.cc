// Judging heads.
#include "webhook/http/head.h"

#include <string>

namespace writ::server::http {
namespace {

std::size_t Count(const HttpRequest& request, std::string_view name) {
  std::size_t count = 0;
  for (const auto& header : request.headers) count += EqualsIgnoringCase(header.first, name) ? 1 : 0;
  return count;
}

// "25, 25" and "025" are read in different ways by proxies and servers.
bool IsPlainNumber(std::string_view text) {
  const bool digits = !text.empty() && text.find_first_not_of("0123456789") == std::string_view::npos;
  return digits && (text.size() == 1 || text.front() != '0');
}

// Codings beside `chunked` would hand a body to the handlers that is still coded, or end it elsewhere than the sender (and a proxy
// between us) thinks: RFC 9112 §6.1 and §6.3.
std::optional<HttpReply> CheckTransferEncoding(const HttpRequest& request, unsigned version) {
  std::string codings;
  for (const auto& [name, value] : request.headers) {
    if (EqualsIgnoringCase(name, "Transfer-Encoding")) codings.append(codings.empty() ? "" : ",").append(value);
  }
  if (Count(request, "Transfer-Encoding") == 0) return std::nullopt;
  if (version < 11) return ErrorReply(400, "HTTP/1.0 knows no Transfer-Encoding");
  if (EqualsIgnoringCase(codings, "chunked")) return std::nullopt;
  const std::string_view last = TrimBlanks(std::string_view(codings).substr(codings.rfind(',') + 1));
  return ErrorReply(EqualsIgnoringCase(last, "chunked") ? 501 : 400, "of Transfer-Encoding only `chunked` is known, alone");
}

}  // namespace

std::optional<HttpReply> CheckHead(const HttpRequest& request, unsigned version, std::size_t max_header_count) {
  if (request.headers.size() > max_header_count) {
    return ErrorReply(431, "at most " + std::to_string(max_header_count) + " header fields are read");
  }
  const std::size_t hosts = Count(request, "Host");
  if (hosts > 1 || (hosts == 0 && version >= 11)) return ErrorReply(400, "a request has exactly one Host header");
  if (const auto length = request.TryHeader("Content-Length"); length && !IsPlainNumber(*length)) {
    return ErrorReply(400, "Content-Length is one number in digits, without leading zeros");
  }
  if (Count(request, "Content-Length") > 1) return ErrorReply(400, "a request has at most one Content-Length header");
  if (std::optional<HttpReply> refusal = CheckTransferEncoding(request, version)) return refusal;
  if (const auto expect = request.TryHeader("Expect"); expect && !EqualsIgnoringCase(*expect, "100-continue")) {
    return ErrorReply(417, "of Expect only `100-continue` is known");
  }
  return std::nullopt;
}

}  // namespace writ::server::http
