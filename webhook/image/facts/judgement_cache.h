// What was found out about one digest and one signer, kept for a while: bounded by bytes and by time, the least recently used goes first.
//
//   cache.Put(key, judgement, clock.Now(), limits.verified_ttl);
//   if (JudgementPtr known = cache.TryGet(key, clock.Now())) …
#pragma once

#include <chrono>
#include <cstddef>
#include <list>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "rules/base/clock.h"
#include "rules/base/mutex.h"
#include "webhook/image/verify/verdict.h"

namespace writ::image {

// What a verified statement says, and about which digest of an image for several platforms; "" = the image as it is named.
struct AttestedStatement {
  std::string about;
  std::string predicate_json;
  friend bool operator==(const AttestedStatement&, const AttestedStatement&) = default;
};

// What a signer has to do with an image. Conditions on predicates are not part of it: they are evaluated again on every decision.
struct Judgement {
  VerdictKind kind = VerdictKind::kUnknown;
  std::string message;  // one sentence, for people
  std::vector<AttestedStatement>
      statements;            // the verified ones of the wanted type, each once; some about every digest that must be attested
  bool is_complete = false;  // false: there may be statements that could not be had
};
using JudgementPtr = std::shared_ptr<const Judgement>;

// Thread-safe.
class JudgementCache {
 public:
  explicit JudgementCache(std::size_t max_bytes) : max_bytes_(max_bytes) {}

  // What was put under `key` and has not expired, or nullptr. A clock that went back makes entries expire.
  JudgementPtr TryGet(const std::string& key, UnixNanos now);
  // Does nothing with one that is larger than the whole cache.
  void Put(const std::string& key, JudgementPtr judgement, UnixNanos now, std::chrono::seconds ttl);
  std::size_t bytes() const;

 private:
  struct Entry {
    std::string key;
    JudgementPtr judgement;
    UnixNanos from = 0, until = 0;  // half-open
    std::size_t bytes = 0;
  };
  using Entries = std::list<Entry>;
  void Drop(Entries::iterator entry) WRIT_REQUIRES(mutex_);

  const std::size_t max_bytes_;
  mutable Mutex mutex_;
  Entries entries_ WRIT_GUARDED_BY(mutex_);  // the most recently used first
  std::map<std::string_view, Entries::iterator> by_key_ WRIT_GUARDED_BY(mutex_);
  std::size_t bytes_ WRIT_GUARDED_BY(mutex_) = 0;  // INVARIANT: the sum over entries, at most max_bytes_
};

}  // namespace writ::image
