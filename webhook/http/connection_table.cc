// Seats for connections.
#include "webhook/http/connection_table.h"

namespace writ::server::http {

void ConnectionTable::Seat::SetIdle(Time now) {
  fresh_ = false;
  std::int64_t busy = kBusy;  // one that was evicted stays so
  idle_since_.compare_exchange_strong(busy, now.time_since_epoch().count());
}

bool ConnectionTable::Seat::TryUse() {
  std::int64_t since = idle_since_.load();
  while (since != kEvicted) {
    if (idle_since_.compare_exchange_weak(since, kBusy)) return true;
  }
  return false;
}

// Takes the seat of the longest idle connection (of `peer`, or of anybody), fresh ones first. O(connections), only when it is crowded.
std::shared_ptr<ConnectionTable::Seat> ConnectionTable::TryEvict(const std::string* peer) {
  for (;;) {
    std::shared_ptr<Seat> longest;
    std::pair<bool, std::int64_t> longest_key;
    for (const std::shared_ptr<Seat>& seat : seats_) {
      const std::int64_t since = seat->idle_since_.load();
      if (since < 0 || !seat->served_ || (peer != nullptr && seat->peer_ != *peer)) continue;
      const std::pair key(!seat->fresh_.load(), since);
      if (longest && key >= longest_key) continue;
      longest = seat;
      longest_key = key;
    }
    if (!longest) return nullptr;
    std::int64_t since = longest_key.second;
    if (!longest->idle_since_.compare_exchange_strong(since, Seat::kEvicted)) continue;  // it began a request just now
    --served_;
    ++leaving_;
    if (--of_peer_[longest->peer_] == 0) of_peer_.erase(longest->peer_);
    return longest;
  }
}

ConnectionTable::Entered ConnectionTable::Enter(const std::string& peer, Time now) {
  Entered entered;
  std::shared_ptr<Seat> evicted;
  {
    const std::lock_guard lock(mutex_);
    const auto own = of_peer_.find(peer);
    const bool is_capped = 4 * (served_ + 1) > 3 * limits_.max && own != of_peer_.end() && own->second >= limits_.per_peer;
    bool has_room = !is_capped && served_ < limits_.max;
    if (!has_room && leaving_ < limits_.extra) {
      evicted = TryEvict(is_capped ? &peer : nullptr);
      has_room = evicted != nullptr;
    }
    if (evicted) ++pressure_.evicted;
    if (!has_room) ++pressure_.refused;
    if (evicted || !has_room) pressure_.last = now;
    if (has_room || refused_ < limits_.extra) {
      entered.entry = has_room ? Entry::kServed : Entry::kRefused;
      entered.seat = std::make_shared<Seat>(peer, now);
      entered.seat->served_ = has_room;
      seats_.insert(entered.seat);
      if (has_room) ++of_peer_[peer];
      ++(has_room ? served_ : refused_);
    }
  }
  entered.evicted = evicted != nullptr;
  if (evicted && evicted->on_evicted_) evicted->on_evicted_();
  return entered;
}

void ConnectionTable::Leave(const std::shared_ptr<Seat>& seat) {
  const std::lock_guard lock(mutex_);
  if (seats_.erase(seat) == 0) return;
  if (!seat->served_) {
    --refused_;
  } else if (seat->idle_since_.load() == Seat::kEvicted) {
    --leaving_;
  } else {
    --served_;
    if (--of_peer_[seat->peer_] == 0) of_peer_.erase(seat->peer_);
  }
}

ConnectionTable::Pressure ConnectionTable::pressure() const {
  const std::lock_guard lock(mutex_);
  Pressure pressure = pressure_;
  pressure.served = served_;
  pressure.max = limits_.max;
  for (const auto& [peer, count] : of_peer_) {
    if (count <= pressure.of_busiest) continue;
    pressure.of_busiest = count;
    pressure.busiest = peer;
  }
  return pressure;
}

}  // namespace writ::server::http
