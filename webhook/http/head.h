// What is wrong with the head of a request that is HTTP all the same: RFC 9110, RFC 9112 and our limits. No socket.
#pragma once

#include <cstddef>
#include <optional>

#include "webhook/http/message.h"

namespace writ::server::http {

// Returns the refusal: 400 (Host, Content-Length, Transfer-Encoding without a clear end), 417, 431, or 501 for a transfer coding other
// than exactly `chunked`. The connection is to be closed after it: such a client is not believed about where its next request begins.
// `version`: 10 for HTTP/1.0, 11 for HTTP/1.1.
std::optional<HttpReply> CheckHead(const HttpRequest& request, unsigned version, std::size_t max_header_count);

}  // namespace writ::server::http
