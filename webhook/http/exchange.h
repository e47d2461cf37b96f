// One request on its way through a connection: Beast's parser around a body that counts against a
// budget, the views that handlers see, and what is said when it cannot be read.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include <boost/asio/buffer.hpp>
#include <boost/beast/core/buffers_range.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/system/error_code.hpp>

#include "webhook/http/body_buffer.h"
#include "webhook/http/message.h"
#include "webhook/http/server.h"

namespace writ::server::http {

// A body that would pass what all bodies together may take.
extern const boost::system::error_code kOverBudget;

// Beast's idea of a body (its concept "Body"), around BodyBuffer.
struct BudgetedBody {
  using value_type = BodyBuffer;
  class reader {  // NOLINT(readability-identifier-naming): Beast's name
   public:
    template <bool IsRequest, typename Fields>
    reader(boost::beast::http::header<IsRequest, Fields>& /*head*/, BodyBuffer& body) : body_(body) {}
    // NOLINTBEGIN(readability-identifier-naming): Beast's names
    void init(const boost::optional<std::uint64_t>& length, boost::system::error_code& error) {
      if (length) body_.LimitTo(static_cast<std::size_t>(*length));
      error = {};
    }
    template <typename Buffers>
    std::size_t put(const Buffers& buffers, boost::system::error_code& error) {
      std::size_t bytes = 0;
      for (const boost::asio::const_buffer buffer : boost::beast::buffers_range_ref(buffers)) {
        error = body_.TryAppend({static_cast<const char*>(buffer.data()), buffer.size()}) ? boost::system::error_code() : kOverBudget;
        if (error) return bytes;
        bytes += buffer.size();
      }
      return bytes;
    }
    void finish(boost::system::error_code& error) { error = {}; }
    // NOLINTEND(readability-identifier-naming)

   private:
    BodyBuffer& body_;
  };
};
using Parser = boost::beast::http::request_parser<BudgetedBody>;

// One request on its way through. Shared with the worker, which may outlive the connection when the
// deadline has passed.
struct Exchange {
  Parser parser;
  HttpRequest request;  // views into `parser`
  HttpReply reply;
  bool done = false;  // touched on the connection's strand only
};

// Fills the views of `request` from a parser that has read the head. The path of an absolute-form
// target (RFC 9112 §3.2.2) starts after its authority. O(head).
void ViewHead(const Parser& parser, HttpRequest& request);

// Returns a 503 that asks to come again in a second.
HttpReply BusyReply(std::string_view why);

// Returns the reply to a head or body that could not be read; nothing when the client is gone and
// nobody would read it.
std::optional<HttpReply> ReplyToReadError(const boost::system::error_code& error, bool timed_out, bool in_body, const HttpLimits& limits);

// Returns whether a field of `head` goes on in the next line (RFC 9112 §5.2): Beast joins the
// lines, other servers see two fields.
bool HasFoldedField(std::string_view head);

}  // namespace writ::server::http
