// From Beast's parser to the views that handlers see, and from its errors to replies.
#include "webhook/http/exchange.h"

#include <string>
#include <utility>

#include <boost/beast/http/error.hpp>

namespace writ::server::http {
namespace {

namespace beast = boost::beast;
using boost::system::error_code;

std::string_view View(beast::string_view text) { return {text.data(), text.size()}; }

}  // namespace

const error_code kOverBudget = boost::system::errc::make_error_code(boost::system::errc::not_enough_memory);

void ViewHead(const Parser& parser, HttpRequest& request) {
  const auto& message = parser.get();
  request.method = View(message.method_string());
  std::string_view target = View(message.target());
  const std::size_t scheme = target.find("://");
  if (!target.empty() && target.front() != '/' && scheme != std::string_view::npos) {
    const std::size_t slash = target.find('/', scheme + 3);
    target = slash == std::string_view::npos ? std::string_view("/") : target.substr(slash);
  }
  const std::size_t question = target.find('?');
  request.path = target.substr(0, question);
  request.query = question == std::string_view::npos ? std::string_view{} : target.substr(question + 1);
  for (const auto& field : message) request.headers.emplace_back(View(field.name_string()), View(field.value()));
}

HttpReply BusyReply(std::string_view why) {
  HttpReply reply = ErrorReply(503, why);
  reply.headers.emplace_back("Retry-After", "1");
  return reply;
}

std::optional<HttpReply> ReplyToReadError(const error_code& error, bool timed_out, bool in_body, const HttpLimits& limits) {
  using HttpError = beast::http::error;
  if (timed_out) return ErrorReply(408, "the request did not arrive in time");
  if (error == kOverBudget) return BusyReply("too many bytes of request bodies at once");
  if (error == HttpError::buffer_overflow && in_body) return ErrorReply(400, "a chunk's extensions or the trailer are too long");
  if (error == HttpError::header_limit || error == HttpError::buffer_overflow) {
    return ErrorReply(431, "request line and header fields take more than " + std::to_string(limits.max_header_bytes) + " bytes");
  }
  if (error == HttpError::body_limit) {
    return ErrorReply(413, "the body is longer than " + std::to_string(limits.max_body_bytes) + " bytes");
  }
  if (error == HttpError::bad_version) return ErrorReply(505, "only HTTP/1.0 and HTTP/1.1 are spoken here");
  if (error == HttpError::end_of_stream || error == HttpError::partial_message) return std::nullopt;
  if (error.category() == beast::http::make_error_code(HttpError::bad_method).category()) {
    return ErrorReply(400, "not an HTTP request: " + error.message());
  }
  return std::nullopt;
}

bool HasFoldedField(std::string_view head) { return head.find("\r\n ") < head.size() || head.find("\r\n\t") < head.size(); }

}  // namespace writ::server::http
