#include "webhook/image/facts/judgement_cache.h"

#include <iterator>
#include <utility>

namespace writ::image {
namespace {

constexpr std::size_t kEntryBytes = 256;  // list and map nodes, the judgement itself, their allocations

std::size_t BytesOf(const std::string& key, const Judgement& judgement) {
  std::size_t bytes = kEntryBytes + key.size() + judgement.message.size();
  for (const AttestedStatement& statement : judgement.statements)
    bytes += sizeof(statement) + statement.about.size() + statement.predicate_json.size();
  return bytes;
}

}  // namespace

JudgementPtr JudgementCache::TryGet(const std::string& key, UnixNanos now) {
  const MutexLock lock(mutex_);
  const auto found = by_key_.find(key);
  if (found == by_key_.end()) return nullptr;
  const Entries::iterator entry = found->second;
  if (now < entry->from || now >= entry->until) {
    Drop(entry);
    return nullptr;
  }
  entries_.splice(entries_.begin(), entries_, entry);
  return entry->judgement;
}

void JudgementCache::Put(const std::string& key, JudgementPtr judgement, UnixNanos now, std::chrono::seconds ttl) {
  const std::size_t bytes = BytesOf(key, *judgement);
  const MutexLock lock(mutex_);
  if (const auto found = by_key_.find(key); found != by_key_.end()) Drop(found->second);
  if (bytes > max_bytes_) return;
  while (bytes_ + bytes > max_bytes_) Drop(std::prev(entries_.end()));
  entries_.push_front({key, std::move(judgement), now, now + std::chrono::nanoseconds(ttl).count(), bytes});
  by_key_.emplace(entries_.front().key, entries_.begin());
  bytes_ += bytes;
}

std::size_t JudgementCache::bytes() const {
  const MutexLock lock(mutex_);
  return bytes_;
}

void JudgementCache::Drop(Entries::iterator entry) {
  bytes_ -= entry->bytes;
  by_key_.erase(entry->key);
  entries_.erase(entry);
}

}  // namespace writ::image
