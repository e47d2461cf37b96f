// One connection of the server: handshake → idle → head → body → handler → reply → idle …
//
// It is a coroutine on a strand of its own with one timer; each stage has a time limit. When a
// limit passes, a stage in which the client owes us bytes of a request ends in 408, every other one
// in a closed socket. Handlers run on workers.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <string_view>

#include <openssl/ssl.h>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/ip/tcp.hpp>

#include "webhook/http/body_buffer.h"
#include "webhook/http/connection_table.h"
#include "webhook/http/server.h"
#include "webhook/http/worker_pool.h"

namespace writ::server::http {

// What all connections of a server share. Set before the first of them; afterwards only the
// atomics, the budget and the workers change, each of which is thread-safe.
struct ServerState {
  explicit ServerState(const ServerOptions& server_options)
      : options(server_options), body_budget(server_options.limits.max_bodies_bytes) {}

  const ServerOptions options;
  Handler handler;
  const Clock* clock = nullptr;
  std::atomic<bool> draining{false};
  std::atomic<bool> stopping{false};
  BodyBudget body_budget;
  // When a connection was made, a request begun or answered.
  std::atomic<std::chrono::steady_clock::duration> last_activity{std::chrono::steady_clock::duration(0)};
  std::unique_ptr<WorkerPool> workers;

  void Log(LogLevel level, std::string_view message, std::initializer_list<LogField> fields = {}) const {
    if (options.logger != nullptr) options.logger->Write(level, message, fields);
  }
  void Touch() { last_activity = std::chrono::steady_clock::now().time_since_epoch(); }
};

// One connection, over TLS or plain TCP. All calls are made on its strand, except
// Socket().get_executor(), weak_from_this() and seat().
class Connection : public std::enable_shared_from_this<Connection> {
 public:
  virtual ~Connection() = default;

  // Serves requests until the connection ends; returns when its socket is closed.
  virtual boost::asio::awaitable<void> Run() = 0;
  // Closes at once; whatever is under way fails.
  virtual void Close() = 0;
  // The listener is closed: one that waits for a request gets little time, a busy one ends after
  // its reply.
  virtual void Finish() = 0;
  virtual boost::asio::ip::tcp::socket& Socket() = 0;
  // Its place in the table of connections; never null.
  virtual const std::shared_ptr<ConnectionTable::Seat>& seat() const = 0;
};

// Returns a connection over `socket`, whose executor is its strand. It does nothing until Run() is
// spawned there, and lives as long as that runs. `server` is borrowed and must outlive it. Throws
// std::bad_alloc.
std::shared_ptr<Connection> MakePlainConnection(ServerState& server, boost::asio::ip::tcp::socket socket, ConnectionTable::Entered entered);
// The same over TLS. Takes `ssl`, which holds the certificate alive.
std::shared_ptr<Connection> MakeTlsConnection(ServerState& server, boost::asio::ip::tcp::socket socket, ConnectionTable::Entered entered,
                                              SSL* ssl);

}  // namespace writ::server::http
