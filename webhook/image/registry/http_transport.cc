// HTTP/1.1 over Beast. Each connection has an io_context of its own, which the calling thread runs until the operation has ended or its
// time is up; then the socket is closed, which ends the operation. So calls block, and no call blocks longer than it may.
#include "webhook/image/registry/http_transport.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <condition_variable>
#include <deque>
#include <exception>
#include <map>
#include <mutex>
#include <optional>
#include <tuple>

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <boost/asio/connect.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/buffer_body.hpp>
#include <boost/beast/http/error.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/http/write.hpp>

#include "rules/base/digest.h"
#include "webhook/image/reference/host.h"
#include "webhook/image/reference/text.h"
#include "webhook/image/registry/address_guard.h"

namespace writ::image {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
using boost::system::error_code;
using std::chrono::milliseconds;
using std::chrono::steady_clock;
using tcp = asio::ip::tcp;
using TlsStream = asio::ssl::stream<tcp::socket&>;
using Parser = beast::http::response_parser<beast::http::buffer_body>;
using Request = beast::http::request<beast::http::string_body>;

constexpr std::size_t kChunkBytes = std::size_t{16} * 1024;
constexpr std::size_t kMaxDroppedBytes = std::size_t{64} * 1024;  // of a body nobody wants, to keep its connection
constexpr std::size_t kMaxAddressesTried = 4;

Error Unreadable(std::string message) { return Error{ErrorCode::kUnreadable, std::move(message)}; }

std::string View(beast::string_view text) { return {text.data(), text.size()}; }

// Why a handshake failed, as OpenSSL says it.
std::string TlsMessage(SSL* ssl, const error_code& error) {
  const long verified = SSL_get_verify_result(ssl);
  if (verified != X509_V_OK) return std::string("the certificate is refused: ") + X509_verify_cert_error_string(verified);
  return "no TLS connection: " + error.message();
}

// SSL_set_tlsext_host_name() without its old-style cast.
long SetServerName(SSL* ssl, std::string host) {
  return SSL_ctrl(ssl, SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name, host.data());
}

// One connection, used by one call at a time.
class Connection {
 public:
  // Tries the addresses in turn.
  Status Open(const WireRequest& request, const std::vector<std::string>& addresses, steady_clock::time_point deadline) {
    error_code error = asio::error::host_not_found;
    for (std::size_t at = 0; at < addresses.size() && at < kMaxAddressesTried && error; ++at) {
      const tcp::endpoint endpoint(asio::ip::make_address(addresses[at], error), request.endpoint.port);
      if (error) continue;
      error_code ignored;
      socket_.close(ignored);
      error = Await(deadline, [&](auto handler) { socket_.async_connect(endpoint, std::move(handler)); });
    }
    if (error) return Unreadable("no connection: " + error.message());
    error_code ignored;
    socket_.set_option(tcp::no_delay(true), ignored);
    return request.endpoint.scheme == Scheme::kHttps ? Handshake(request, deadline) : OkStatus();
  }

  // `is_stale` tells a kept connection that had ended meanwhile from a failure: no byte of an answer was read.
  Result<WireReply> Exchange(const WireRequest& request, const GatherLimits& limits, steady_clock::time_point deadline, bool& is_stale) {
    return tls_ ? ExchangeOver(*tls_, request, limits, deadline, is_stale) : ExchangeOver(socket_, request, limits, deadline, is_stale);
  }

  bool is_reusable() const { return is_reusable_; }
  steady_clock::time_point idle_since() const { return idle_since_; }
  void SetIdle() { idle_since_ = steady_clock::now(); }

 private:
  // Runs one asynchronous operation to its end, at most until `deadline`.
  template <typename Start>
  error_code Await(steady_clock::time_point deadline, const Start& start) {
    error_code result = asio::error::timed_out;
    bool is_done = false;
    start([&](const error_code& error, auto&&...) {
      result = error;
      is_done = true;
    });
    io_.restart();
    io_.run_until(deadline);
    if (is_done) return result;
    error_code ignored;
    socket_.close(ignored);
    io_.restart();
    io_.run();  // the operation ends at once, since its socket is closed
    return asio::error::timed_out;
  }

  Status Handshake(const WireRequest& request, steady_clock::time_point deadline) {
    SSL* ssl = SSL_new(request.trust->native());
    if (ssl == nullptr) return Error{ErrorCode::kInternal, "out of memory for a TLS connection"};
    tls_.emplace(socket_, ssl);  // owns `ssl`
    const std::string& host = request.endpoint.host;
    const bool is_address = IsAddress(host);
    const int named = is_address ? X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), host.c_str()) : SSL_set1_host(ssl, host.c_str());
    if (named != 1 || (!is_address && SetServerName(ssl, host) != 1)) {
      return Error{ErrorCode::kInternal, "cannot ask for the certificate of " + host};
    }
    const error_code error =
        Await(deadline, [&](auto handler) { tls_->async_handshake(asio::ssl::stream_base::client, std::move(handler)); });
    if (error) return Unreadable(error == asio::error::timed_out ? "no TLS connection in time" : TlsMessage(ssl, error));
    return OkStatus();
  }

  static Request MakeRequest(const WireRequest& from) {
    Request request(VerbOf(from.method), from.target, 11);
    request.set(beast::http::field::host, from.endpoint.HostText());
    request.set(beast::http::field::user_agent, "writ");
    request.set(beast::http::field::accept_encoding, "identity");
    for (const auto& [name, value] : from.headers) request.set(name, value);
    if (from.method == Method::kPost) {
      request.set(beast::http::field::content_type, "application/x-www-form-urlencoded");
      request.body() = from.form;
      request.prepare_payload();
    }
    return request;
  }

  static beast::http::verb VerbOf(Method method) {
    switch (method) {
      case Method::kGet: return beast::http::verb::get;
      case Method::kHead: return beast::http::verb::head;
      case Method::kPost: return beast::http::verb::post;
    }
    return beast::http::verb::get;
  }

  template <typename Stream>
  Result<WireReply> ExchangeOver(Stream& stream, const WireRequest& from, const GatherLimits& limits, steady_clock::time_point deadline,
                                 bool& is_stale) {
    is_reusable_ = false;
    Request request = MakeRequest(from);
    error_code error = Await(deadline, [&](auto handler) { beast::http::async_write(stream, request, std::move(handler)); });
    is_stale = error && error != asio::error::timed_out;
    if (error) return Unreadable("the request could not be sent: " + error.message());
    Parser parser;
    parser.header_limit(limits.max_header_bytes);
    parser.body_limit(boost::none);  // counted below
    parser.skip(from.method == Method::kHead);
    error = Await(deadline, [&](auto handler) { beast::http::async_read_header(stream, buffer_, parser, std::move(handler)); });
    is_stale = error && error != asio::error::timed_out && !parser.got_some();
    if (error) return HeaderError(error);
    return ReadBody(stream, parser, from, deadline);
  }

  static Error HeaderError(const error_code& error) {
    if (error == beast::http::error::header_limit) return Error{ErrorCode::kTooLarge, "the header of the answer is too large"};
    if (error == asio::error::timed_out) return Unreadable("no answer in time");
    const bool is_http = error.category() == beast::http::make_error_code(beast::http::error::bad_version).category();
    if (!is_http || error == beast::http::error::end_of_stream || error == beast::http::error::partial_message) {
      return Unreadable("the connection ended before an answer: " + error.message());
    }
    return Error{ErrorCode::kInvalidArgument, "the answer is not HTTP/1.1: " + error.message()};
  }

  static Status CheckHead(const Parser& parser, const WireReply& reply, const WireRequest& from) {
    if (reply.status < 200)
      return Error{ErrorCode::kInvalidArgument, "an interim answer " + std::to_string(reply.status) + " nobody asked for"};
    if (reply.status != 200 || from.method == Method::kHead) return OkStatus();
    const std::string_view coding = reply.Header("Content-Encoding");
    if (!coding.empty() && !EqualsFold(coding, "identity")) {
      return Error{ErrorCode::kInvalidArgument, "the answer has the content coding `" + Shown(coding) + "`, which was not asked for"};
    }
    const auto length = parser.content_length();
    if (length && *length > from.max_body_bytes) {
      return Error{ErrorCode::kTooLarge,
                   "the answer has " + std::to_string(*length) + " bytes, at most " + std::to_string(from.max_body_bytes) + " are read"};
    }
    return OkStatus();
  }

  template <typename Stream>
  Result<WireReply> ReadBody(Stream& stream, Parser& parser, const WireRequest& from, steady_clock::time_point deadline) {
    WireReply reply{.status = parser.get().result_int()};
    for (const auto& field : parser.get()) reply.headers.emplace_back(View(field.name_string()), View(field.value()));
    WRIT_RETURN_IF_ERROR(CheckHead(parser, reply, from));
    const bool is_wanted = reply.status == 200 && from.method != Method::kHead;
    const std::size_t most = is_wanted ? from.max_body_bytes : kMaxDroppedBytes;
    Sha256Hasher hasher;
    std::array<char, kChunkBytes> chunk{};
    std::size_t read = 0;
    while (!parser.is_done()) {
      parser.get().body().data = chunk.data();
      parser.get().body().size = chunk.size();
      error_code error = Await(deadline, [&](auto handler) { beast::http::async_read(stream, buffer_, parser, std::move(handler)); });
      if (error == beast::http::error::need_buffer) error = {};
      if (error && !is_wanted) return reply;  // the status is all that counts
      if (error)
        return Unreadable(error == asio::error::timed_out ? "the answer did not end in time"
                                                          : "the answer ended early: " + error.message());
      const std::string_view bytes(chunk.data(), chunk.size() - parser.get().body().size);
      read += bytes.size();
      if (read > most && !is_wanted) return reply;
      if (read > most) return Error{ErrorCode::kTooLarge, "the answer has more than " + std::to_string(most) + " bytes"};
      if (!is_wanted) continue;
      hasher.Add(bytes);
      reply.body += bytes;
    }
    if (is_wanted) reply.digest = hasher.Finish();
    is_reusable_ = parser.keep_alive() && !parser.need_eof() && buffer_.size() == 0;
    return reply;
  }

  asio::io_context io_{1};
  tcp::socket socket_{io_};
  std::optional<TlsStream> tls_;
  beast::flat_buffer buffer_{std::size_t{128} * 1024};
  bool is_reusable_ = false;
  steady_clock::time_point idle_since_;
};

// Connections of one endpoint under one trust may stand in for each other.
using PoolKey = std::tuple<Endpoint, const TlsTrust*, InternalAddresses>;

}  // namespace

Result<std::shared_ptr<const TlsTrust>> TlsTrust::Create(std::string_view ca_pem, std::string_view name) {
  SSL_CTX* context = SSL_CTX_new(TLS_client_method());
  if (context == nullptr) return Error{ErrorCode::kInternal, "out of memory for a TLS context"};
  std::shared_ptr<const TlsTrust> trust(new TlsTrust(context));
  SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
  SSL_CTX_set_verify(context, SSL_VERIFY_PEER, nullptr);
  if (ca_pem.empty()) {
    SSL_CTX_set_default_verify_paths(context);
    return trust;
  }
  const std::unique_ptr<BIO, decltype(&BIO_free)> bio(BIO_new_mem_buf(ca_pem.data(), static_cast<int>(ca_pem.size())), BIO_free);
  X509_STORE* store = SSL_CTX_get_cert_store(context);
  int count = 0;
  for (; X509* read = PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr); ++count) {
    const std::unique_ptr<X509, decltype(&X509_free)> certificate(read, X509_free);
    X509_STORE_add_cert(store, certificate.get());
  }
  const bool is_end = ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE;
  ERR_clear_error();
  if (count == 0 || !is_end) {
    return Error{ErrorCode::kInvalidArgument, "the authorities of " + std::string(name) + " are not PEM certificates"};
  }
  return trust;
}

TlsTrust::~TlsTrust() { SSL_CTX_free(context_); }

std::string_view WireReply::Header(std::string_view name) const {
  const auto found = std::find_if(headers.begin(), headers.end(), [name](const auto& header) { return EqualsFold(header.first, name); });
  return found == headers.end() ? std::string_view() : std::string_view(found->second);
}

struct HttpTransport::Impl {
  struct Slot {
    std::uint32_t in_use = 0;
    std::deque<std::unique_ptr<Connection>> idle;  // the most recently used last
  };

  GatherLimits limits;
  Resolver resolver;
  std::mutex mutex;  // a std::mutex because of the condition variable
  std::condition_variable released;
  std::map<PoolKey, Slot> slots;  // guarded by `mutex`
  std::size_t idle_count = 0;     // guarded by `mutex`
  std::atomic<std::uint64_t> made{0};

  // Waits for room, then returns a kept connection or nullptr for a new one. False when the time is up.
  bool Acquire(const PoolKey& key, steady_clock::time_point deadline, std::unique_ptr<Connection>& to) {
    std::unique_lock lock(mutex);
    const auto has_room = [&] { return slots[key].in_use < limits.max_connections_per_host; };
    if (!released.wait_until(lock, deadline, has_room)) return false;
    Slot& slot = slots[key];
    ++slot.in_use;
    while (!slot.idle.empty() && !to) {
      std::unique_ptr<Connection> connection = std::move(slot.idle.back());
      slot.idle.pop_back();
      --idle_count;
      if (steady_clock::now() - connection->idle_since() < limits.max_idle_time) to = std::move(connection);
    }
    return true;
  }

  void Release(const PoolKey& key, std::unique_ptr<Connection> connection) {
    {
      const std::lock_guard lock(mutex);
      Slot& slot = slots[key];
      --slot.in_use;
      if (connection && connection->is_reusable()) {
        connection->SetIdle();
        slot.idle.push_back(std::move(connection));
        ++idle_count;
      }
      ForgetIfEmpty(slots.find(key));
      if (idle_count > limits.max_idle_connections) DropOldest();
    }
    released.notify_all();
  }

  // Requires: `mutex` is held.
  void ForgetIfEmpty(std::map<PoolKey, Slot>::iterator slot) {
    if (slot->second.in_use == 0 && slot->second.idle.empty()) slots.erase(slot);
  }

  // Requires: `mutex` is held, at least one connection is idle.
  void DropOldest() {
    auto oldest = slots.end();
    for (auto slot = slots.begin(); slot != slots.end(); ++slot) {
      if (slot->second.idle.empty()) continue;
      if (oldest == slots.end() || slot->second.idle.front()->idle_since() < oldest->second.idle.front()->idle_since()) oldest = slot;
    }
    if (oldest == slots.end()) return;
    oldest->second.idle.pop_front();
    --idle_count;
    ForgetIfEmpty(oldest);
  }

  Result<std::vector<std::string>> AddressesOf(const WireRequest& request, steady_clock::time_point deadline) const {
    std::vector<std::string> addresses = {request.endpoint.host};
    if (!IsAddress(request.endpoint.host)) {
      const auto left = std::chrono::duration_cast<milliseconds>(deadline - steady_clock::now());
      Result<std::vector<std::string>> resolved = resolver(request.endpoint.host, std::max(left, milliseconds(0)));
      if (!resolved) return resolved.error();
      addresses = *std::move(resolved);
    }
    if (request.internal_addresses == InternalAddresses::kAllowed) return addresses;
    const std::string first = addresses.empty() ? "" : addresses.front();
    std::erase_if(addresses, IsInternalAddress);
    if (addresses.empty()) {
      return Error{ErrorCode::kInvalidArgument, "the name leads to the internal address " + Shown(first) + ", which is refused"};
    }
    return addresses;
  }

  Result<WireReply> SendOver(std::unique_ptr<Connection>& connection, const WireRequest& request, steady_clock::time_point deadline) {
    bool is_stale = false;
    if (connection) {
      Result<WireReply> reply = connection->Exchange(request, limits, deadline, is_stale);
      if (reply || !is_stale) return reply;
    }
    const Result<std::vector<std::string>> addresses = AddressesOf(request, deadline);
    if (!addresses) return addresses.error();
    connection = std::make_unique<Connection>();
    ++made;
    WRIT_RETURN_IF_ERROR(connection->Open(request, *addresses, deadline));
    return connection->Exchange(request, limits, deadline, is_stale);
  }
};

HttpTransport::HttpTransport(const GatherLimits& limits, Resolver resolver) : impl_(std::make_unique<Impl>()) {
  impl_->limits = limits;
  impl_->resolver = std::move(resolver);
}
HttpTransport::~HttpTransport() = default;

Result<WireReply> HttpTransport::Send(const WireRequest& request) {
  const steady_clock::time_point deadline = steady_clock::now() + request.timeout;
  const PoolKey key(request.endpoint, request.trust.get(), request.internal_addresses);
  std::unique_ptr<Connection> connection;
  if (!impl_->Acquire(key, deadline, connection)) return Unreadable("no free connection in time");
  Result<WireReply> reply = Unreadable("");
  try {
    reply = impl_->SendOver(connection, request, deadline);
  } catch (const std::exception& failure) {  // of Asio: out of descriptors
    reply = Unreadable(std::string("no connection: ") + failure.what());
    connection.reset();
  }
  impl_->Release(key, std::move(connection));
  return reply;
}

std::uint64_t HttpTransport::connections_made() const { return impl_->made; }

}  // namespace writ::image
