// Who gets a seat, and who loses one.
#include "webhook/http/connection_table.h"

#include <vector>

#include <gtest/gtest.h>

namespace writ::server::http {
namespace {

using Entry = ConnectionTable::Entry;
using Seat = std::shared_ptr<ConnectionTable::Seat>;

// A table and a clock that counts seconds.
class ConnectionTableTest : public testing::Test {
 protected:
  static ConnectionTable::Time At(int second) { return ConnectionTable::Time(std::chrono::seconds(second)); }
  ConnectionTable::Entered Enter(ConnectionTable& table, const std::string& peer) {
    ConnectionTable::Entered entered = table.Enter(peer, At(++now_));
    if (entered.seat) {
      entered.seat->OnEvicted([this, number = seats_.size()] { evicted_.push_back(number); });
      seats_.push_back(entered.seat);
    }
    return entered;
  }
  // The number of connections that are served, of so many that try.
  int Served(ConnectionTable& table, const std::string& peer, int tries) {
    int served = 0;
    for (int i = 0; i < tries; ++i) served += Enter(table, peer).entry == Entry::kServed ? 1 : 0;
    return served;
  }
  void UseAll() {
    for (const Seat& seat : seats_) static_cast<void>(seat->TryUse());
  }

  int now_ = 0;
  std::vector<Seat> seats_;
  std::vector<std::size_t> evicted_;  // by number of entry
};
TEST_F(ConnectionTableTest, TheLongestIdleMakesRoomFreshOnesFirst) {
  ConnectionTable table({.max = 3, .per_peer = 3});
  for (const char* peer : {"a", "b", "c"}) EXPECT_EQ(Entry::kServed, Enter(table, peer).entry);
  EXPECT_TRUE(seats_[0]->TryUse());
  seats_[0]->SetIdle(At(1));  // idle for longer than all, but it has brought a request
  EXPECT_TRUE(Enter(table, "d").evicted);
  EXPECT_TRUE(Enter(table, "e").evicted);
  EXPECT_EQ((std::vector<std::size_t>{1, 2}), evicted_);
  EXPECT_FALSE(seats_[1]->TryUse());
  seats_[1]->SetIdle(At(9));
  EXPECT_FALSE(seats_[1]->TryUse()) << "one that was evicted stays so";
  EXPECT_TRUE(seats_[3]->TryUse() && seats_[4]->TryUse());
  EXPECT_TRUE(Enter(table, "f").evicted);
  EXPECT_EQ(0U, evicted_.back());
  EXPECT_EQ(3U, table.pressure().evicted);
  EXPECT_EQ(3U, table.pressure().served);
}

TEST_F(ConnectionTableTest, WhereNobodyIsIdleTheNewcomerIsRefused) {
  ConnectionTable table({.max = 2, .per_peer = 2, .extra = 1});
  EXPECT_EQ(2, Served(table, "a", 2));
  UseAll();
  EXPECT_EQ(Entry::kRefused, Enter(table, "b").entry);
  EXPECT_EQ(Entry::kDropped, Enter(table, "b").entry);
  table.Leave(seats_[2]);
  EXPECT_EQ(Entry::kRefused, Enter(table, "b").entry);
  table.Leave(seats_[0]);
  EXPECT_EQ(Entry::kServed, Enter(table, "b").entry);
  EXPECT_EQ(3U, table.pressure().refused);
}

TEST_F(ConnectionTableTest, APeerPaysForItsOwnConnections) {
  ConnectionTable table({.max = 16, .per_peer = 8, .extra = 100});
  EXPECT_EQ(12, Served(table, "greedy", 12));
  EXPECT_TRUE(evicted_.empty()) << "up to three quarters everybody is served";
  EXPECT_EQ(4, Served(table, "greedy", 4));
  EXPECT_EQ((std::vector<std::size_t>{0, 1, 2, 3}), evicted_) << "beyond, it takes the places of its own";
  EXPECT_EQ(4, Served(table, "other", 4));
  EXPECT_EQ(4U, evicted_.size()) << "the others find room";
  UseAll();
  EXPECT_EQ(0, Served(table, "greedy", 4)) << "its connections are busy";
  const ConnectionTable::Pressure pressure = table.pressure();
  EXPECT_EQ("greedy", pressure.busiest);
  EXPECT_EQ(12U, pressure.of_busiest);
  EXPECT_EQ(16U, pressure.served);
  EXPECT_TRUE(pressure.crowded());
}

TEST_F(ConnectionTableTest, OnePeerMayHaveAllWhenItMay) {
  ConnectionTable table({.max = 16, .per_peer = 16});
  EXPECT_EQ(16, Served(table, "proxy", 16));
  EXPECT_TRUE(evicted_.empty());
}

TEST_F(ConnectionTableTest, ThoseThatAreToldToGoAreNotManyAtOnce) {
  ConnectionTable table({.max = 4, .per_peer = 4, .extra = 2});
  EXPECT_EQ(4, Served(table, "a", 4));
  EXPECT_EQ(2, Served(table, "b", 2)) << "two are told to go, and are still there";
  EXPECT_EQ(Entry::kRefused, Enter(table, "b").entry);
  table.Leave(seats_[0]);
  EXPECT_EQ(Entry::kServed, Enter(table, "b").entry);
  for (const Seat& seat : seats_) table.Leave(seat);
  EXPECT_EQ(0U, table.pressure().served);
  EXPECT_EQ(4, Served(table, "a", 4)) << "everything was given back";
}

}  // namespace
}  // namespace writ::server::http
