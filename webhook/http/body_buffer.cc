// Bodies and their budget.
#include "webhook/http/body_buffer.h"

#include <utility>

#include "rules/base/check.h"

namespace writ::server::http {
namespace {

constexpr std::size_t kFirstBytes = 4096;

}  // namespace

bool BodyBudget::TryTake(std::size_t bytes) {
  std::size_t before = used_.load();
  do {
    if (bytes > max_bytes_ - before) return false;
  } while (!used_.compare_exchange_weak(before, before + bytes));
  return true;
}

void BodyBuffer::Open(BodyBudget& budget, std::size_t max_bytes) {
  Release();
  budget_ = &budget;
  max_bytes_ = max_bytes;
}

bool BodyBuffer::TryAppend(std::string_view bytes) {
  const std::size_t needed = bytes_.size() + bytes.size();
  if (needed > room_bytes_) {
    WRIT_CHECK(budget_ != nullptr);
    const std::size_t room = std::max(needed, std::min(max_bytes_, std::max(2 * room_bytes_, kFirstBytes)));
    if (!budget_->TryTake(room - room_bytes_)) return false;
    room_bytes_ = room;
    std::string larger;  // a string that grows by itself takes more than it was asked for
    larger.reserve(room);
    larger.append(bytes_);
    bytes_ = std::move(larger);
  }
  bytes_.append(bytes);
  return true;
}

void BodyBuffer::Release() {
  bytes_ = std::string();
  if (budget_ != nullptr) budget_->Return(std::exchange(room_bytes_, 0));
}

}  // namespace writ::server::http
