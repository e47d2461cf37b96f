// Who may connect while many are connected. Silent connections cost a client nothing; without these rules a thousand of them keep
// everybody else out.
//
//   ConnectionTable table({.max = 1024, .per_peer = 512});
//   ConnectionTable::Entered entered = table.Enter("10.0.0.7", now);
//   // kServed: entered.seat is its own until Leave(); an idle connection may have been told to go for it
//
// * Up to three quarters of the maximum everybody is served.
// * Beyond, a peer that holds `per_peer` connections gets a further one only in place of its own longest idle one.
// * When all are taken, the longest idle connection of all gives way; those that never brought a request go first.
// * Where nobody is idle, the newcomer is refused.
//
// A peer is an IPv4 address, or the first half (/64) of an IPv6 address. No socket, no clock: times come in.
#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <utility>

namespace writ::server::http {

// Thread-safe.
class ConnectionTable {
 public:
  using Time = std::chrono::steady_clock::time_point;
  struct Limits {
    std::size_t max = 1024;      // served at once
    std::size_t per_peer = 512;  // counts above three quarters of max
    std::size_t extra = 32;      // beyond max, only to be told 503; and told to go, but still there
  };

  // The place of one connection.
  class Seat {
   public:
    Seat(std::string peer, Time now) : peer_(std::move(peer)), idle_since_(now.time_since_epoch().count()) {}
    // It waits for the first byte of a request from now on. A new seat does.
    void SetIdle(Time now);
    // A request has begun. False: the seat was given away meanwhile, and the connection is to end.
    [[nodiscard]] bool TryUse();
    // Runs when the seat is given away, in the thread that enters. Set before anybody else enters.
    void OnEvicted(std::function<void()> function) { on_evicted_ = std::move(function); }

   private:
    friend class ConnectionTable;
    static constexpr std::int64_t kBusy = -1, kEvicted = -2;
    const std::string peer_;
    std::atomic<std::int64_t> idle_since_;  // ticks; kBusy, kEvicted
    std::atomic<bool> fresh_{true};
    bool served_ = true;  // false: only told 503
    std::function<void()> on_evicted_;
  };

  enum class Entry : std::uint8_t {
    kServed,
    kRefused,  // gets a 503
    kDropped,  // closed without a word: too many are being refused
  };
  struct Entered {
    Entry entry = Entry::kDropped;
    std::shared_ptr<Seat> seat;  // nullptr when dropped
    bool evicted = false;        // an idle connection was told to go for it
  };
  explicit ConnectionTable(const Limits& limits) : limits_(limits) {}
  Entered Enter(const std::string& peer, Time now);
  // The connection has ended.
  void Leave(const std::shared_ptr<Seat>& seat);

  // For people: how full it is.
  struct Pressure {
    std::size_t served = 0, max = 0;
    std::uint64_t evicted = 0, refused = 0;  // since the start
    std::optional<Time> last;                // when one was evicted or refused
    std::string busiest;                     // the peer with the most served connections, and how many
    std::size_t of_busiest = 0;
    bool crowded() const { return 4 * (served + 1) > 3 * max; }  // the cap per peer holds for the next one
  };
  Pressure pressure() const;

 private:
  std::shared_ptr<Seat> TryEvict(const std::string* peer);

  const Limits limits_;
  mutable std::mutex mutex_;  // guards the rest
  std::set<std::shared_ptr<Seat>> seats_;
  std::map<std::string, std::size_t> of_peer_;  // served and not evicted
  std::size_t served_ = 0;                      // served and not evicted
  std::size_t refused_ = 0;                     // there to be told 503
  std::size_t leaving_ = 0;                     // evicted and still there
  Pressure pressure_;
};

}  // namespace writ::server::http
