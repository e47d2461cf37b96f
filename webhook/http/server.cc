// The HTTP server: its listener, the list of its connections, and how it ends. What a connection
// does stands in connection.h.
#include "webhook/http/server.h"

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <exception>
#include <future>
#include <mutex>
#include <new>
#include <set>
#include <thread>
#include <utility>
#include <vector>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "webhook/http/connection.h"
#include "webhook/reload/bounded_threads.h"

namespace writ::server::http {
namespace {

namespace asio = boost::asio;
using boost::system::error_code;
using tcp = asio::ip::tcp;
using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr auto kTuple = asio::as_tuple(asio::use_awaitable);
constexpr milliseconds kMaxFinishTime{5'000};   // of a drain, kept for requests that are under way when the listener closes
constexpr std::chrono::seconds kWarnEvery{60};  // how often the log is told that connections are short

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

}  // namespace

// INVARIANT: what connections and workers touch is declared before `io`, whose destruction destroys the coroutines that are left.
struct Server::Impl : ServerState {
  explicit Impl(const ServerOptions& server_options) : ServerState(server_options), table(TableLimits(server_options.limits)) {}

  std::uint16_t port = 0;
  ConnectionTable table;
  steady_clock::time_point warned;  // when the log was told of short connections; on accept_strand
  BoundedThreads file_threads{{.limit = std::chrono::seconds(60), .max_left = 8}};
  mutable std::mutex mutex;  // guards the three below
  std::condition_variable changed;
  std::set<Connection*> connections;
  std::shared_ptr<const TlsContext> certificate;
  asio::io_context io;
  asio::strand<asio::io_context::executor_type> accept_strand = asio::make_strand(io);
  tcp::acceptor acceptor{accept_strand};
  asio::steady_timer accept_pause{accept_strand};
  std::vector<std::thread> threads;

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
  void Forget(Connection* connection);
  void CloseListener();
  void TellAll(void (Connection::*what)());
  void WaitUntilQuiet(steady_clock::time_point end, milliseconds quiet);
  void WaitUntilEmpty(steady_clock::time_point end);
  void StopAll();
};

namespace {

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
  std::shared_ptr<Connection> connection;
  if (options.transport == Transport::kTls) {
    std::shared_ptr<const TlsContext> pair;
    {
      const std::lock_guard lock(mutex);
      pair = certificate;
    }
    SSL* ssl = SSL_new(pair->native());  // holds a reference to its SSL_CTX
    if (ssl == nullptr) throw std::bad_alloc();
    connection = MakeTlsConnection(*this, std::move(socket), std::move(entered), ssl);
  } else {
    connection = MakePlainConnection(*this, std::move(socket), std::move(entered));
  }
  // The seat may outlive `io`, so the closure holds no executor.
  connection->seat()->OnEvicted([weak = std::weak_ptr<Connection>(connection)] {
    std::shared_ptr<Connection> alive = weak.lock();
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

void Server::Impl::Forget(Connection* connection) {
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

void Server::Impl::TellAll(void (Connection::*what)()) {
  std::vector<std::shared_ptr<Connection>> all;
  {
    const std::lock_guard lock(mutex);
    for (Connection* connection : connections) {
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
    impl_->TellAll(&Connection::Finish);
    impl_->WaitUntilEmpty(end);
  }
  Stop();
}

void Server::Stop() { impl_->StopAll(); }

}  // namespace writ::server::http
