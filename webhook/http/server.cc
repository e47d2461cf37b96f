// The HTTP server: one coroutine a connection on a strand of its own, one timer a connection, handlers on workers.
//
// A connection goes handshake → idle → head → body → handler → reply → idle …; each stage has a time limit that Arm() sets.
// When a limit passes, a stage in which the client owes us bytes of a request ends in 408, every other one in a closed socket.
#include "webhook/http/server.h"

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <exception>
#include <future>
#include <mutex>
#include <new>
#include <random>
#include <set>
#include <thread>
#include <type_traits>
#include <utility>
#include <vector>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/buffers_range.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/error.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>

#include "rules/base/utf8.h"
#include "webhook/http/body_buffer.h"
#include "webhook/http/head.h"
#include "webhook/http/worker_pool.h"
#include "webhook/reload/bounded_threads.h"

namespace writ::http {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
using boost::system::error_code;
using tcp = asio::ip::tcp;
using std::chrono::milliseconds;
using std::chrono::steady_clock;
using PlainStream = tcp::socket;
using TlsStream = asio::ssl::stream<tcp::socket>;

constexpr auto kTuple = asio::as_tuple(asio::use_awaitable);
constexpr milliseconds kGoodbyeTime{1'000};           // for the client to take our last words
constexpr std::size_t kMinLingerBytes = 1024 * 1024;  // of an unread body taken in meanwhile
constexpr milliseconds kMaxFinishTime{5'000};         // of a drain, kept for requests that are under way when the listener closes
constexpr std::size_t kReadBytes = 4096;
constexpr std::chrono::seconds kWarnEvery{60};  // how often the log is told that connections are short

std::string_view View(beast::string_view text) { return {text.data(), text.size()}; }

// A body that would pass what all bodies together may take.
const error_code kOverBudget = boost::system::errc::make_error_code(boost::system::errc::not_enough_memory);

// Beast's idea of a body (its concept "Body"), around BodyBuffer.
struct BudgetedBody {
  using value_type = BodyBuffer;
  class reader {  // NOLINT(readability-identifier-naming): Beast's name
   public:
    template <bool IsRequest, typename Fields>
    reader(beast::http::header<IsRequest, Fields>& /*head*/, BodyBuffer& body) : body_(body) {}
    // NOLINTBEGIN(readability-identifier-naming): Beast's names
    void init(const boost::optional<std::uint64_t>& length, error_code& error) {
      if (length) body_.LimitTo(static_cast<std::size_t>(*length));
      error = {};
    }
    template <typename Buffers>
    std::size_t put(const Buffers& buffers, error_code& error) {
      std::size_t bytes = 0;
      for (const asio::const_buffer buffer : beast::buffers_range_ref(buffers)) {
        error = body_.TryAppend({static_cast<const char*>(buffer.data()), buffer.size()}) ? error_code() : kOverBudget;
        if (error) return bytes;
        bytes += buffer.size();
      }
      return bytes;
    }
    void finish(error_code& error) { error = {}; }
    // NOLINTEND(readability-identifier-naming)

   private:
    BodyBuffer& body_;
  };
};
using Parser = beast::http::request_parser<BudgetedBody>;

// One request on its way through. Shared with the worker, which may outlive the connection when the deadline has passed.
struct Exchange {
  Parser parser;
  HttpRequest request;  // views into `parser`
  HttpReply reply;
  bool done = false;  // touched on the connection's strand only
};

// Fills the views. The path of an absolute-form target (RFC 9112 §3.2.2) starts after its authority.
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

// The reply to a head or body that could not be read; nothing when the client is gone and nobody would read it.
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

// RFC 9112 §5.2: a field that goes on in the next line. Beast joins the lines, other servers see two fields.
bool HasFoldedField(std::string_view head) { return head.find("\r\n ") < head.size() || head.find("\r\n\t") < head.size(); }

// Who is behind a connection: an address, or the network of one where hosts choose the rest themselves.
std::string PeerOf(const tcp::socket& socket) {
  error_code error;
  const tcp::endpoint endpoint = socket.remote_endpoint(error);
  if (error) return "";
  const asio::ip::address& address = endpoint.address();
  if (address.is_v4()) return address.to_string();
  if (address.to_v6().is_v4_mapped()) return asio::ip::make_address_v4(asio::ip::v4_mapped, address.to_v6()).to_string();
  asio::ip::address_v6::bytes_type bytes = address.to_v6().to_bytes();
  std::fill(bytes.begin() + 8, bytes.end(), std::uint8_t{0});
  return asio::ip::address_v6(bytes).to_string() + "/64";
}

ConnectionTable::Limits TableLimits(const HttpLimits& limits) {
  return {.max = limits.max_connections, .per_peer = limits.max_connections_per_peer.value_or(std::max(1U, limits.max_connections / 2))};
}

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

}  // namespace

class ConnectionBase;

// INVARIANT: what connections and workers touch is declared before `io`, whose destruction destroys the coroutines that are left.
struct Server::Impl {
  explicit Impl(const ServerOptions& server_options)
      : options(server_options), body_budget(server_options.limits.max_bodies_bytes), table(TableLimits(server_options.limits)) {}

  ServerOptions options;
  Handler handler;
  const Clock* clock = nullptr;
  std::uint16_t port = 0;
  std::atomic<bool> draining{false};
  std::atomic<bool> stopping{false};
  BodyBudget body_budget;
  ConnectionTable table;
  steady_clock::time_point warned;  // when the log was told of short connections; on accept_strand
  BoundedThreads file_threads{{.limit = std::chrono::seconds(60), .max_left = 8}};
  std::atomic<steady_clock::duration> last_activity{steady_clock::duration(0)};  // a connection made, a request begun or answered
  mutable std::mutex mutex;                                                      // guards the three below
  std::condition_variable changed;
  std::set<ConnectionBase*> connections;
  std::shared_ptr<const TlsContext> certificate;
  std::unique_ptr<WorkerPool> workers;
  asio::io_context io;
  asio::strand<asio::io_context::executor_type> accept_strand = asio::make_strand(io);
  tcp::acceptor acceptor{accept_strand};
  asio::steady_timer accept_pause{accept_strand};
  std::vector<std::thread> threads;

  void Log(LogLevel level, std::string_view message, std::initializer_list<LogField> fields = {}) const {
    if (options.logger != nullptr) options.logger->Write(level, message, fields);
  }
  std::int64_t Open() const {
    const std::lock_guard lock(mutex);
    return static_cast<std::int64_t>(connections.size());
  }
  Status Listen();
  void RunIo();
  void Launch();
  asio::awaitable<void> AcceptLoop();
  std::string TryAccept(tcp::socket socket);
  void Accept(tcp::socket socket);
  void NoteShortage(const ConnectionTable::Entered& entered);
  void Serve(tcp::socket socket, ConnectionTable::Entered entered, std::int64_t open);
  void Forget(ConnectionBase* connection);
  void CloseListener();
  void TellAll(void (ConnectionBase::*what)());
  void Touch() { last_activity = steady_clock::now().time_since_epoch(); }
  void WaitUntilQuiet(steady_clock::time_point end, milliseconds quiet);
  void WaitUntilEmpty(steady_clock::time_point end);
  void StopAll();
};

// One connection: everything but the bytes' transport. All members are touched on the strand only.
class ConnectionBase : public std::enable_shared_from_this<ConnectionBase> {
 public:
  ConnectionBase(Server::Impl& server, const asio::any_io_executor& strand, ConnectionTable::Entered entered)
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
  virtual ~ConnectionBase() = default;

  virtual asio::awaitable<void> Run() = 0;
  virtual tcp::socket& Socket() = 0;
  const std::shared_ptr<ConnectionTable::Seat>& seat() const { return seat_; }

  // Closes at once; whatever is under way fails. On the strand.
  void Close() {
    error_code ignored;
    timer_.cancel();
    result_timer_.cancel();
    Socket().close(ignored);
  }
  // The listener is closed: one that waits for a request gets little time, a busy one ends after its reply. On the strand.
  void Finish() {
    finishing_ = true;
    if (stage_ == Stage::kIdle || stage_ == Stage::kHandshake) Arm(requests_ == 0 ? milliseconds(1'000) : milliseconds(50));
  }

 protected:
  enum class Stage : std::uint8_t { kHandshake, kIdle, kRequest, kHandler, kReply };

  // Gives the present stage `limit`; replaces the limit set before.
  void Arm(milliseconds limit) {
    const std::uint64_t generation = ++generation_;
    timer_.expires_after(limit);
    timer_.async_wait([self = shared_from_this(), generation](const error_code& error) {
      if (!error && generation == self->generation_) self->OnExpiry();
    });
  }
  void OnExpiry() {
    if (stage_ != Stage::kRequest || timed_out_) return Close();
    // Cancelled, not closed: the coroutine wakes up and says 408. A TLS read can start another read before it sees the
    // cancellation, hence the second limit, which closes.
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

  Server::Impl& server_;
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

namespace {

template <typename Stream>
class Connection final : public ConnectionBase {
 public:
  Connection(Server::Impl& server, tcp::socket socket, ConnectionTable::Entered entered) requires std::is_same_v<Stream, PlainStream>
      : ConnectionBase(server, socket.get_executor(), std::move(entered)), stream_(std::move(socket)) {}
  // `certificate` stays alive through SSL's own reference to its context.
  Connection(Server::Impl& server, tcp::socket socket, ConnectionTable::Entered entered,
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

  // Waits for the first byte of a request. False when the client left, was silent for too long, or had to make room for another.
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

  // Reads until the head is whole, or as long as one may be. False when the client is gone or too slow: `error` says which.
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

  // Reads head and body. Returns the reply when there is one before the handler; sets silent_ when the client is gone.
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
    std::shared_ptr<ConnectionBase> self;
    Server::Impl* server;
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
            auto& connection = static_cast<Connection&>(*self);
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

  // Ends so that the client can read the last reply: closing a socket with unread bytes would reset it. Simple clients send a whole
  // body before they read, so what is left of a refused one is taken in, up to twice the longest body.
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

Result<tcp::endpoint> Resolve(asio::io_context& io, const std::string& host, std::uint16_t port) {
  error_code error;
  const asio::ip::address address = asio::ip::make_address(host, error);
  if (!error) return tcp::endpoint(address, port);
  tcp::resolver resolver(io);
  const auto found = resolver.resolve(host, std::to_string(port), error);
  if (error || found.empty()) return Error{ErrorCode::kInvalidArgument, "no such address to listen on: " + host};
  return found.begin()->endpoint();
}

Status CheckOptions(const ServerOptions& options) {
  const HttpLimits& limits = options.limits;
  const bool sizes = limits.max_body_bytes > 0 && limits.max_bodies_bytes > 0 && limits.max_header_bytes > 0 &&
                     limits.max_header_count > 0 && limits.max_connections > 0 && limits.max_connections_per_peer.value_or(1) > 0 &&
                     limits.max_requests_per_connection > 0 && options.io_threads > 0 && options.workers > 0 && options.heavy_requests > 0;
  const milliseconds zero(0);
  const bool times = limits.max_connection_age > zero && limits.handshake_timeout > zero && limits.first_byte_timeout > zero &&
                     limits.idle_timeout > zero && limits.header_timeout > zero && limits.body_timeout > zero &&
                     limits.write_timeout > zero && limits.handler_timeout > zero && limits.linger_timeout > zero;
  if (!sizes || !times) return Error{ErrorCode::kInvalidArgument, "every limit of the server must be positive"};
  return OkStatus();
}

}  // namespace

Status Server::Impl::Listen() {
  Result<tcp::endpoint> endpoint = Resolve(io, options.host, options.port);
  if (!endpoint) return endpoint.error();
  error_code error;
  acceptor.open(endpoint->protocol(), error);
  if (!error) acceptor.set_option(tcp::acceptor::reuse_address(true), error);
  if (!error) acceptor.bind(*endpoint, error);
  if (!error) acceptor.listen(asio::socket_base::max_listen_connections, error);
  if (!error) acceptor.non_blocking(true, error);
  if (error) {
    return Error{ErrorCode::kInternal, "cannot listen on " + options.host + ":" + std::to_string(options.port) + ": " + error.message()};
  }
  port = acceptor.local_endpoint(error).port();
  return OkStatus();
}

void Server::Impl::RunIo() {
  while (!stopping) {
    try {
      io.run();
      return;
    } catch (const std::exception& failure) {  // of a completion handler; the others go on
      Log(LogLevel::kError, "exception on an I/O thread", {{"error", failure.what()}});
    }
  }
}

void Server::Impl::Launch() {
  workers = std::make_unique<WorkerPool>(options.workers, options.heavy_requests);
  asio::co_spawn(accept_strand, AcceptLoop(), [this](const std::exception_ptr& failure) {
    if (failure && !stopping) Log(LogLevel::kError, "the listener failed: no more connections are accepted");
  });
  for (std::uint32_t i = 0; i < options.io_threads; ++i) {
    threads.emplace_back([this] { RunIo(); });
  }
}

asio::awaitable<void> Server::Impl::AcceptLoop() {
  while (acceptor.is_open()) {
    tcp::socket socket(asio::make_strand(io));
    const auto [error] = co_await acceptor.async_accept(socket, kTuple);
    std::string fault;
    if (!error) {
      fault = TryAccept(std::move(socket));
    } else if (error != asio::error::operation_aborted && error != asio::error::connection_aborted) {
      fault = error.message();
    }
    if (!fault.empty() && acceptor.is_open()) {
      // Out of descriptors or memory: connections that end will make room.
      Log(LogLevel::kWarn, "cannot accept connections for now", {{"error", fault}});
      accept_pause.expires_after(milliseconds(100));
      static_cast<void>(co_await accept_pause.async_wait(kTuple));
    }
  }
}

std::string Server::Impl::TryAccept(tcp::socket socket) {
  try {
    Accept(std::move(socket));
    return {};
  } catch (const std::exception& failure) {  // out of memory: this connection is lost, the listener is not
    return failure.what();
  }
}

// Tells the log, once a minute at most, and counts.
void Server::Impl::NoteShortage(const ConnectionTable::Entered& entered) {
  const bool served = entered.entry == ConnectionTable::Entry::kServed;
  if (served && !entered.evicted) return;
  if (!served && options.events.on_rejected_connection) options.events.on_rejected_connection();
  if (entered.evicted && options.events.on_evicted_connection) options.events.on_evicted_connection();
  const auto now = steady_clock::now();
  if (warned != steady_clock::time_point() && now - warned < kWarnEvery) return;
  warned = now;
  const ConnectionTable::Pressure pressure = table.pressure();
  Log(LogLevel::kWarn, "connections are short: idle ones end for new ones, and where there are none new ones are refused",
      {{"open", static_cast<std::int64_t>(pressure.served)},
       {"max", static_cast<std::int64_t>(pressure.max)},
       {"busiest", pressure.busiest},
       {"of_busiest", static_cast<std::int64_t>(pressure.of_busiest)}});
}

void Server::Impl::Accept(tcp::socket socket) {
  const std::int64_t open = Open();
  ConnectionTable::Entered entered = table.Enter(PeerOf(socket), steady_clock::now());
  NoteShortage(entered);
  if (!entered.seat) return;  // closes
  const std::shared_ptr<ConnectionTable::Seat> seat = entered.seat;
  try {
    Serve(std::move(socket), std::move(entered), open);
  } catch (...) {  // out of memory before it began
    table.Leave(seat);
    throw;
  }
}

void Server::Impl::Serve(tcp::socket socket, ConnectionTable::Entered entered, std::int64_t open) {
  error_code ignored;
  socket.set_option(tcp::no_delay(true), ignored);
  socket.set_option(asio::socket_base::keep_alive(true), ignored);
  const auto strand = socket.get_executor();
  std::shared_ptr<ConnectionBase> connection;
  if (options.transport == Transport::kTls) {
    std::shared_ptr<const TlsContext> pair;
    {
      const std::lock_guard lock(mutex);
      pair = certificate;
    }
    SSL* ssl = SSL_new(pair->native());  // holds a reference to its SSL_CTX
    if (ssl == nullptr) throw std::bad_alloc();
    connection = std::make_shared<Connection<TlsStream>>(*this, std::move(socket), std::move(entered), ssl);
  } else {
    connection = std::make_shared<Connection<PlainStream>>(*this, std::move(socket), std::move(entered));
  }
  // The seat may outlive `io`, so the closure holds no executor.
  connection->seat()->OnEvicted([weak = std::weak_ptr<ConnectionBase>(connection)] {
    std::shared_ptr<ConnectionBase> alive = weak.lock();
    if (alive == nullptr) return;
    const asio::any_io_executor executor = alive->Socket().get_executor();
    asio::post(executor, [alive = std::move(alive)] { alive->Close(); });
  });
  Touch();
  {
    const std::lock_guard lock(mutex);
    connections.insert(connection.get());
  }
  if (options.events.on_connections) options.events.on_connections(open + 1);
  try {
    // The lambda owns the connection; it runs when the coroutine has ended, by itself or through an exception.
    asio::co_spawn(strand, connection->Run(), [this, connection](const std::exception_ptr& failure) {
      if (failure) {
        Log(LogLevel::kError, "a connection ended with an exception");
        connection->Close();
      }
      Forget(connection.get());
    });
  } catch (...) {  // out of memory before it began
    Forget(connection.get());
    throw;
  }
}

void Server::Impl::Forget(ConnectionBase* connection) {
  std::int64_t left = 0;
  {
    const std::lock_guard lock(mutex);
    connections.erase(connection);
    table.Leave(connection->seat());
    left = static_cast<std::int64_t>(connections.size());
  }
  changed.notify_all();
  if (options.events.on_connections) options.events.on_connections(left);
}

// Takes what the kernel has completed already, then closes: a client whose connect() succeeded gets its answer.
void Server::Impl::CloseListener() {
  auto closed = std::make_shared<std::promise<void>>();
  std::future<void> done = closed->get_future();
  asio::post(accept_strand, [this, closed] {
    error_code error;
    while (!error) {
      tcp::socket socket(asio::make_strand(io));
      acceptor.accept(socket, error);
      if (!error) static_cast<void>(TryAccept(std::move(socket)));
    }
    acceptor.close(error);
    closed->set_value();
  });
  while (!stopping && done.wait_for(milliseconds(20)) != std::future_status::ready) {}
}

void Server::Impl::TellAll(void (ConnectionBase::*what)()) {
  std::vector<std::shared_ptr<ConnectionBase>> all;
  {
    const std::lock_guard lock(mutex);
    for (ConnectionBase* connection : connections) {
      if (auto alive = connection->weak_from_this().lock()) all.push_back(std::move(alive));
    }
  }
  for (auto& connection : all) {
    const auto strand = connection->Socket().get_executor();
    asio::post(strand, [connection, what] { (connection.get()->*what)(); });
  }
}

void Server::Impl::WaitUntilQuiet(steady_clock::time_point end, milliseconds quiet) {
  std::unique_lock lock(mutex);
  for (;;) {
    const auto now = steady_clock::now();
    // What is under way says nothing of what will come: it is finished after the listener has closed.
    const bool is_quiet = now.time_since_epoch() - last_activity.load() >= quiet;
    if (stopping || now >= end || is_quiet) return;
    // Activity is counted without the lock, so nobody wakes us for it.
    changed.wait_for(lock, milliseconds(10));
  }
}

void Server::Impl::WaitUntilEmpty(steady_clock::time_point end) {
  std::unique_lock lock(mutex);
  changed.wait_until(lock, end, [this] { return stopping || connections.empty(); });
}

void Server::Impl::StopAll() {
  if (stopping.exchange(true)) return;
  {
    const std::lock_guard lock(mutex);  // a waiter between its check and its wait would miss the call below
  }
  changed.notify_all();
  io.stop();
}

Server::Server(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

Server::~Server() {
  impl_->StopAll();
  for (std::thread& thread : impl_->threads) thread.join();
  impl_->workers.reset();  // before `io`: a handler that ends posts to it
}

Result<std::unique_ptr<Server>> Server::Start(const ServerOptions& options, Handler handler) {
  WRIT_RETURN_IF_ERROR(CheckOptions(options));
  auto impl = std::make_unique<Impl>(options);
  impl->handler = std::move(handler);
  impl->clock = options.clock != nullptr ? options.clock : &SystemClock();
  if (options.transport == Transport::kTls) {
    Result<std::shared_ptr<const TlsContext>> certificate = TlsContext::Load(options.tls);
    if (!certificate) return certificate.error();
    impl->certificate = *certificate;
  }
  WRIT_RETURN_IF_ERROR(impl->Listen());
  impl->Launch();
  return std::unique_ptr<Server>(new Server(std::move(impl)));
}

std::uint16_t Server::port() const { return impl_->port; }
bool Server::draining() const { return impl_->draining; }
std::int64_t Server::open_connections() const { return impl_->Open(); }
ConnectionTable::Pressure Server::pressure() const { return impl_->table.pressure(); }

std::shared_ptr<const TlsContext> Server::certificate() const {
  const std::lock_guard lock(impl_->mutex);
  return impl_->certificate;
}

Status Server::ReloadCertificate() {
  if (impl_->options.transport == Transport::kPlain) return OkStatus();
  Result<std::shared_ptr<const TlsContext>> loaded = impl_->file_threads.Run<std::shared_ptr<const TlsContext>>(
      "loading the certificate", [tls = impl_->options.tls] { return TlsContext::Load(tls); });
  if (!loaded) return loaded.error();
  if (!(*loaded)->ValidAt(impl_->clock->Now())) {
    return Error{ErrorCode::kInvalidArgument, impl_->options.tls.cert_file + ": the certificate is not valid at this time"};
  }
  const std::lock_guard lock(impl_->mutex);
  impl_->certificate = *loaded;
  return OkStatus();
}

void Server::BeginDrain() {
  if (impl_->draining.exchange(true)) return;
  impl_->Touch();
}

void Server::Drain(milliseconds grace, milliseconds quiet) {
  BeginDrain();
  const auto end = steady_clock::now() + grace;
  impl_->WaitUntilQuiet(end - std::min(grace / 2, kMaxFinishTime), quiet);
  if (!impl_->stopping) {
    impl_->CloseListener();
    impl_->TellAll(&ConnectionBase::Finish);
    impl_->WaitUntilEmpty(end);
  }
  Stop();
}

void Server::Stop() { impl_->StopAll(); }

}  // namespace writ::http
