// A connection as a coroutine, over TLS or plain TCP: its stages with their time limits, the reading
// of requests, the errand of a handler on a worker, replies, and an end that clients can read.
#include "webhook/http/connection.h"

#include <algorithm>
#include <exception>
#include <optional>
#include <random>
#include <string>
#include <type_traits>
#include <utility>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/read.hpp>

#include "rules/base/utf8.h"
#include "webhook/http/exchange.h"
#include "webhook/http/head.h"

namespace writ::server::http {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
using boost::system::error_code;
using std::chrono::milliseconds;
using std::chrono::steady_clock;
using tcp = asio::ip::tcp;
using PlainStream = tcp::socket;
using TlsStream = asio::ssl::stream<tcp::socket>;

constexpr auto kTuple = asio::as_tuple(asio::use_awaitable);
constexpr milliseconds kGoodbyeTime{1'000};           // for the client to take our last words
constexpr std::size_t kMinLingerBytes = 1024 * 1024;  // of an unread body taken in meanwhile
constexpr std::size_t kReadBytes = 4096;

// Notes when a request or handshake begins and ends.
class ActivityMark {
 public:
  explicit ActivityMark(std::atomic<steady_clock::duration>& last_activity) : last_activity_(last_activity) { Touch(); }
  ActivityMark(const ActivityMark&) = delete;
  ActivityMark& operator=(const ActivityMark&) = delete;
  ~ActivityMark() { Touch(); }

 private:
  void Touch() { last_activity_ = steady_clock::now().time_since_epoch(); }
  std::atomic<steady_clock::duration>& last_activity_;
};

// A reply instead of an exception, always.
HttpReply CallHandler(const Handler& handler, const HttpRequest& request, Logger* logger) {
  std::string what = "unknown exception";
  try {
    return handler(request);
  } catch (const std::exception& error) { what = error.what(); } catch (...) {  // whatever it was, the answer is 500
  }
  if (logger != nullptr)
    logger->Write(LogLevel::kError, "handler failed", {{"path", Shorten(request.path, kMaxLoggedBytes)}, {"error", what}});
  return ErrorReply(500, "internal error; the log has more");
}

// One connection: everything but the bytes' transport. All members are touched on the strand only.
class ConnectionBase : public Connection {
 public:
  ConnectionBase(ServerState& server, const asio::any_io_executor& strand, ConnectionTable::Entered entered)
      : server_(server),
        timer_(strand),
        result_timer_(strand),
        seat_(std::move(entered.seat)),
        reject_(entered.entry == ConnectionTable::Entry::kRefused),
        born_(steady_clock::now()) {
    std::minstd_rand random(std::random_device{}());
    const auto age = server.options.limits.max_connection_age;
    max_age_ = age * std::uniform_int_distribution<int>(80, 120)(random) / 100;
  }
  const std::shared_ptr<ConnectionTable::Seat>& seat() const override { return seat_; }
  void Close() override {
    error_code ignored;
    timer_.cancel();
    result_timer_.cancel();
    Socket().close(ignored);
  }
  void Finish() override {
    finishing_ = true;
    if (stage_ == Stage::kIdle || stage_ == Stage::kHandshake) Arm(requests_ == 0 ? milliseconds(1'000) : milliseconds(50));
  }

 protected:
  enum class Stage : std::uint8_t { kHandshake, kIdle, kRequest, kHandler, kReply };

  // Gives the present stage `limit`; replaces the limit set before.
  void Arm(milliseconds limit) {
    const std::uint64_t generation = ++generation_;
    timer_.expires_after(limit);
    timer_.async_wait([this, self = shared_from_this(), generation](const error_code& error) {
      if (!error && generation == generation_) OnExpiry();
    });
  }
  void OnExpiry() {
    if (stage_ != Stage::kRequest || timed_out_) return Close();
    // Cancelled, not closed: the coroutine wakes up and says 408. A TLS read can start another read
    // before it sees the cancellation, hence the second limit, which closes.
    timed_out_ = true;
    error_code ignored;
    Socket().cancel(ignored);
    Arm(milliseconds(500));
  }
  bool MustClose() const {
    const HttpLimits& limits = server_.options.limits;
    return finishing_ || reject_ || server_.draining.load() || requests_ >= limits.max_requests_per_connection ||
           steady_clock::now() - born_ >= max_age_;
  }

  ServerState& server_;
  asio::steady_timer timer_;
  asio::steady_timer result_timer_;
  Stage stage_ = Stage::kHandshake;
  const std::shared_ptr<ConnectionTable::Seat> seat_;
  const bool reject_;
  bool finishing_ = false;
  bool timed_out_ = false;
  bool unread_ = false;  // bytes of a request may be on their way that nobody will read
  std::uint64_t generation_ = 0;
  std::uint32_t requests_ = 0;
  steady_clock::time_point born_;
  steady_clock::duration max_age_;
};

template <typename Stream>
class StreamConnection final : public ConnectionBase {
 public:
  StreamConnection(ServerState& server, tcp::socket socket, ConnectionTable::Entered entered) requires std::is_same_v<Stream, PlainStream>
      : ConnectionBase(server, socket.get_executor(), std::move(entered)), stream_(std::move(socket)) {}
  // `certificate` stays alive through SSL's own reference to its context.
  StreamConnection(ServerState& server, tcp::socket socket, ConnectionTable::Entered entered,
                   SSL* ssl) requires std::is_same_v<Stream, TlsStream> : ConnectionBase(server, socket.get_executor(), std::move(entered)),
                                                                          stream_(std::move(socket), ssl) {}

  tcp::socket& Socket() override {
    if constexpr (std::is_same_v<Stream, TlsStream>) {
      return stream_.next_layer();
    } else {
      return stream_;
    }
  }

  asio::awaitable<void> Run() override {
    bool open = co_await Handshake();
    if (open) {
      while (open) open = co_await ServeOne();
      co_await SayGoodbye();
    }
    Close();
  }

 private:
  asio::awaitable<bool> Handshake() {
    if constexpr (std::is_same_v<Stream, TlsStream>) {
      const ActivityMark activity(server_.last_activity);
      Arm(server_.options.limits.handshake_timeout);
      const auto [error] = co_await stream_.async_handshake(asio::ssl::stream_base::server, kTuple);
      if (error) server_.Log(LogLevel::kDebug, "TLS handshake failed", {{"error", error.message()}});
      co_return !error;
    } else {
      co_return true;
    }
  }

  // Waits for the first byte of a request. False when the client left, was silent for too long, or
  // had to make room for another.
  asio::awaitable<bool> AwaitRequest() {
    if (buffer_.size() > 0) co_return true;  // pipelined: it is here already
    stage_ = Stage::kIdle;
    const HttpLimits& limits = server_.options.limits;
    if (requests_ > 0) seat_->SetIdle(steady_clock::now());
    Arm(finishing_ ? milliseconds(1'000) : requests_ > 0 ? limits.idle_timeout : limits.first_byte_timeout);
    const auto [error, bytes] = co_await stream_.async_read_some(buffer_.prepare(kReadBytes), kTuple);
    if (error) co_return false;
    buffer_.commit(bytes);
    co_return seat_->TryUse();
  }

  // Reads until the head is whole, or as long as one may be. False when the client is gone or too
  // slow: `error` says which.
  asio::awaitable<error_code> FillHead() {
    const std::size_t max_bytes = server_.options.limits.max_header_bytes;
    for (std::size_t searched = 0;;) {
      const std::string_view seen(static_cast<const char*>(buffer_.data().data()), buffer_.size());
      if (seen.size() >= max_bytes || seen.find("\r\n\r\n", searched) != std::string_view::npos) co_return error_code();
      searched = seen.size() < 3 ? 0 : seen.size() - 3;
      const auto [error, bytes] = co_await stream_.async_read_some(buffer_.prepare(kReadBytes), kTuple);
      if (error) co_return error;
      buffer_.commit(bytes);
    }
  }

  bool HasFoldedHead() const {
    const std::string_view seen(static_cast<const char*>(buffer_.data().data()), buffer_.size());
    return HasFoldedField(seen.substr(0, seen.find("\r\n\r\n")));
  }

  // One request and its reply. False when the connection is to end.
  asio::awaitable<bool> ServeOne() {
    if (!co_await AwaitRequest()) co_return false;
    const ActivityMark activity(server_.last_activity);
    const HttpLimits& limits = server_.options.limits;
    stage_ = Stage::kRequest;
    auto exchange = std::make_shared<Exchange>();
    exchange->request.received = steady_clock::now();
    exchange->request.stopping = &server_.stopping;
    exchange->parser.header_limit(limits.max_header_bytes);
    exchange->parser.body_limit(limits.max_body_bytes);
    exchange->parser.get().body().Open(server_.body_budget, limits.max_body_bytes);
    std::optional<HttpReply> early = co_await ReadRequest(*exchange);
    if (silent_) co_return false;
    ++requests_;
    if (early) {
      exchange->reply = std::move(*early);
    } else {
      co_await RunHandler(exchange);
    }
    const bool close = unread_ || MustClose() || !exchange->parser.keep_alive();
    const bool sent = co_await Send(*exchange, close);
    co_return sent && !close;
  }

  // Reads head and body. Returns the reply when there is one before the handler; sets silent_ when
  // the client is gone.
  asio::awaitable<std::optional<HttpReply>> ReadRequest(Exchange& exchange) {
    const HttpLimits& limits = server_.options.limits;
    Parser& parser = exchange.parser;
    Arm(limits.header_timeout);
    exchange.request.deadline = exchange.request.received + limits.handler_timeout;
    if (const error_code error = co_await FillHead()) co_return OnReadError(error, false);
    if (HasFoldedHead()) {
      unread_ = true;
      co_return ErrorReply(400, "a header field goes on in the next line, which is not read");
    }
    const auto [head_error, head_bytes] = co_await beast::http::async_read_header(stream_, buffer_, parser, kTuple);
    if (parser.is_header_done()) ViewHead(parser, exchange.request);
    exchange.request.deadline = exchange.request.received + AnswerTime(exchange.request, limits.handler_timeout);
    if (head_error) co_return OnReadError(head_error, parser.is_header_done());
    unread_ = !parser.is_done();
    if (std::optional<HttpReply> reply = AnswerHead(exchange)) co_return reply;
    if (parser.is_done()) co_return std::nullopt;
    Arm(limits.body_timeout);
    if (exchange.request.TryHeader("Expect") && buffer_.size() == 0) {
      static constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";
      const auto [error, bytes] = co_await asio::async_write(stream_, asio::buffer(kContinue), kTuple);
      if (error) co_return OnReadError(error, true);
    }
    const auto [body_error, body_bytes] = co_await beast::http::async_read(stream_, buffer_, parser, kTuple);
    if (body_error) co_return OnReadError(body_error, true);
    unread_ = false;
    exchange.request.body = parser.get().body().view();
    co_return std::nullopt;
  }

  std::optional<HttpReply> OnReadError(const error_code& error, bool in_body) {
    unread_ = true;
    std::optional<HttpReply> reply = ReplyToReadError(error, timed_out_, in_body, server_.options.limits);
    silent_ = !reply;
    return reply;
  }

  std::optional<HttpReply> AnswerHead(const Exchange& exchange) {
    if (reject_) return BusyReply("too many connections");
    if (auto reply = CheckHead(exchange.request, exchange.parser.get().version(), server_.options.limits.max_header_count)) {
      unread_ = true;  // a client that gets its heads wrong is not believed about where the next one begins
      return reply;
    }
    if (!server_.options.head_handler) return std::nullopt;
    std::optional<HttpReply> answer;
    HttpReply failure = CallHandler(
        [this, &answer](const HttpRequest& request) {
          answer = server_.options.head_handler(request);
          return HttpReply{};
        },
        exchange.request, server_.options.logger);
    if (failure.status == 500) return failure;
    return answer;
  }

  // What a worker needs to handle a request and to hand over the reply; keeps all of it alive.
  struct Errand {
    std::shared_ptr<Connection> self;
    ServerState* server;
    std::shared_ptr<Exchange> exchange;
    asio::any_io_executor strand;
  };

  // Has a worker call `handler`, and again what it leaves to be resumed, until there is a reply.
  static void SubmitHandler(Errand errand, Handler handler, Turn turn) {
    const Weight weight = errand.exchange->request.body.size() > kHeavyBodyBytes ? Weight::kHeavy : Weight::kLight;
    WorkerPool& workers = *errand.server->workers;
    workers.Submit(
        [errand = std::move(errand), handler = std::move(handler)](std::size_t worker) {
          HttpRequest& request = errand.exchange->request;
          request.worker = errand.server->options.first_worker + worker;
          if (request.expired()) return;  // queued too long: no use in deciding now
          auto reply = std::make_shared<HttpReply>(CallHandler(handler, request, errand.server->options.logger));
          if (reply->resume) return SubmitHandler(errand, std::move(reply->resume), Turn::kLater);
          asio::post(errand.strand, [self = errand.self, exchange = errand.exchange, reply] {
            auto& connection = static_cast<StreamConnection&>(*self);
            if (exchange->done) return;  // the deadline was first
            exchange->done = true;
            exchange->reply = std::move(*reply);
            exchange->request.body = {};
            exchange->parser.get().body().Release();  // the client may read slowly
            connection.result_timer_.cancel();
          });
        },
        turn, weight);
  }

  // Has a worker fill exchange->reply, or fills in 500 when the deadline passes first.
  asio::awaitable<void> RunHandler(std::shared_ptr<Exchange> exchange) {
    stage_ = Stage::kHandler;
    ++generation_;  // the time limit is now the deadline
    timer_.cancel();
    result_timer_.expires_at(exchange->request.deadline);
    SubmitHandler({shared_from_this(), &server_, exchange, Socket().get_executor()}, server_.handler, Turn::kFirst);
    static_cast<void>(co_await result_timer_.async_wait(kTuple));  // cancelled = done
    if (exchange->done) co_return;
    exchange->done = true;
    exchange->reply = ErrorReply(500, "no decision within the time that the request allows");
  }

  asio::awaitable<bool> Send(Exchange& exchange, bool close) {
    stage_ = Stage::kReply;
    Arm(server_.options.limits.write_timeout);
    const HttpReply& reply = exchange.reply;
    std::string head = SerializeHead(reply, HttpDate(server_.clock->Now() / 1'000'000'000), close);
    const bool with_body = exchange.request.method != "HEAD";
    // A short body goes with the head: one TLS record, one packet.
    const bool together = with_body && reply.body.size() <= 16 * 1024;
    if (together) head += reply.body;
    const auto [head_error, head_bytes] = co_await asio::async_write(stream_, asio::buffer(head), kTuple);
    bool sent = !head_error;
    if (sent && with_body && !together) {
      const auto [body_error, body_bytes] = co_await asio::async_write(stream_, asio::buffer(reply.body), kTuple);
      sent = !body_error;
    }
    if (server_.options.events.on_reply) {
      server_.options.events.on_reply(exchange.request, reply.status, steady_clock::now() - exchange.request.received);
    }
    co_return sent;
  }

  // Ends so that the client can read the last reply: closing a socket with unread bytes would reset
  // it. Simple clients send a whole body before they read, so what is left of a refused one is
  // taken in, up to twice the longest body.
  asio::awaitable<void> SayGoodbye() {
    const HttpLimits& limits = server_.options.limits;
    stage_ = Stage::kReply;
    // Who was too slow, or is one too many, is not waited for.
    Arm(unread_ && !reject_ && !timed_out_ ? limits.linger_timeout : kGoodbyeTime);
    if constexpr (std::is_same_v<Stream, TlsStream>) { static_cast<void>(co_await stream_.async_shutdown(kTuple)); }
    error_code error;
    Socket().shutdown(tcp::socket::shutdown_send, error);
    const std::size_t max_bytes = std::max(kMinLingerBytes, 2 * limits.max_body_bytes);
    for (std::size_t total = 0; unread_ && !error && total < max_bytes;) {
      buffer_.clear();
      const auto [read_error, bytes] = co_await Socket().async_read_some(buffer_.prepare(kReadBytes), kTuple);
      error = read_error;
      total += bytes;
    }
  }

  Stream stream_;
  // Bounded: Beast keeps a chunk's extensions, and the trailer, here until their end has come.
  beast::flat_buffer buffer_{server_.options.limits.max_header_bytes + kReadBytes};
  bool silent_ = false;
};

}  // namespace

std::shared_ptr<Connection> MakePlainConnection(ServerState& server, tcp::socket socket, ConnectionTable::Entered entered) {
  return std::make_shared<StreamConnection<PlainStream>>(server, std::move(socket), std::move(entered));
}

std::shared_ptr<Connection> MakeTlsConnection(ServerState& server, tcp::socket socket, ConnectionTable::Entered entered, SSL* ssl) {
  return std::make_shared<StreamConnection<TlsStream>>(server, std::move(socket), std::move(entered), ssl);
}

}  // namespace writ::server::http
