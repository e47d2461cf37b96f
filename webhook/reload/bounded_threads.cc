// Threads that are waited for a bounded time.
#include "webhook/reload/bounded_threads.h"

#include <condition_variable>
#include <exception>
#include <mutex>
#include <thread>

namespace writ::server {

struct BoundedThreads::State {
  std::mutex mutex;  // guards the others, and those of Piece
  std::condition_variable changed;
  std::uint32_t left = 0;
};

namespace {

struct Piece {
  bool done = false;
  bool late = false;  // nobody waits any more
  std::exception_ptr failure;
};

}  // namespace

BoundedThreads::BoundedThreads(const Options& options) : options_(options), state_(std::make_shared<State>()) {}

std::uint32_t BoundedThreads::left() const {
  const std::lock_guard lock(state_->mutex);
  return state_->left;
}

Status BoundedThreads::Wait(const std::string& what, std::function<void()> work) const {
  std::unique_lock lock(state_->mutex);
  if (state_->left >= options_.max_left) {
    return Error{ErrorCode::kUnreadable,
                 what + ": " + std::to_string(state_->left) + " earlier attempts still wait for a file system that does not answer"};
  }
  const auto piece = std::make_shared<Piece>();
  std::thread([state = state_, piece, run = std::move(work)]() mutable {
    std::exception_ptr failure;
    try {
      run();
    } catch (...) {  // thrown again where the caller waits
      failure = std::current_exception();
    }
    run = nullptr;  // what it owns dies before the end is told
    const std::lock_guard end(state->mutex);
    piece->done = true;
    piece->failure = failure;
    if (piece->late) --state->left;
    state->changed.notify_all();
  }).detach();
  if (!state_->changed.wait_for(lock, options_.limit, [&piece] { return piece->done; })) {
    piece->late = true;
    ++state_->left;
    return Error{ErrorCode::kUnreadable,
                 what + " took longer than " + std::to_string(options_.limit.count() / 1'000) + " s: a file system does not answer"};
  }
  if (piece->failure) std::rethrow_exception(piece->failure);
  return OkStatus();
}

}  // namespace writ::server
