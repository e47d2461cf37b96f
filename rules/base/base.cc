// The few out-of-line parts of rules/base.
#include <algorithm>
#include <cstdio>
#include <cstdlib>

#include "rules/base/arena.h"
#include "rules/base/check.h"
#include "rules/base/result.h"

namespace writ {

void CheckFailed(const char* condition, const char* file, int line) {
  std::fprintf(stderr, "%s:%d: internal error: check failed: %s\n", file, line, condition);
  std::abort();
}

const char* ErrorCodeName(ErrorCode code) {
  switch (code) {
    case ErrorCode::kInvalidArgument: return "invalid_argument";
    case ErrorCode::kNotFound: return "not_found";
    case ErrorCode::kUnreadable: return "unreadable";
    case ErrorCode::kTooLarge: return "too_large";
    case ErrorCode::kCorrupt: return "corrupt";
    case ErrorCode::kVersionUnknown: return "version_unknown";
    case ErrorCode::kInternal: return "internal";
  }
  WRIT_CHECK(false);
}

// NOLINTNEXTLINE(misc-no-recursion): once, after a block was added
void* Arena::AllocateFallback(std::size_t bytes) {
  while (current_block_ + 1 < blocks_.size()) {
    finished_bytes_ += blocks_[current_block_].size;
    Block& next = blocks_[++current_block_];
    cursor_ = next.bytes.get();
    limit_ = cursor_ + next.size;
    if (bytes <= next.size) return Allocate(bytes);
  }
  const std::size_t wanted = std::max(bytes, blocks_.empty() ? kFirstBlockBytes : blocks_.back().size * 2);
  const std::size_t size = total_bytes_ + wanted <= max_bytes_ ? wanted : bytes;
  if (total_bytes_ + size > max_bytes_) return nullptr;
  if (!blocks_.empty()) finished_bytes_ += blocks_[current_block_].size;
  blocks_.push_back({std::unique_ptr<char[]>(new char[size]), size});  // new[]: make_unique would zero the block
  total_bytes_ += size;
  current_block_ = blocks_.size() - 1;
  cursor_ = blocks_.back().bytes.get();
  limit_ = cursor_ + size;
  return Allocate(bytes);
}

void Arena::Reset() {
  current_block_ = 0;
  finished_bytes_ = 0;
  if (blocks_.empty()) return;
  cursor_ = blocks_.front().bytes.get();
  limit_ = cursor_ + blocks_.front().size;
}

void Arena::Trim(std::size_t max_kept_bytes) {
  while (total_bytes_ > max_kept_bytes) {
    total_bytes_ -= blocks_.back().size;
    blocks_.pop_back();
  }
  if (blocks_.empty()) cursor_ = limit_ = no_room_;
  Reset();
}

std::size_t Arena::used_bytes() const {
  if (blocks_.empty()) return 0;
  return finished_bytes_ + static_cast<std::size_t>(cursor_ - blocks_[current_block_].bytes.get());
}

}  // namespace writ
