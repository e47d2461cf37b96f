// A mutex that clang's thread-safety analysis understands; std::mutex of libstdc++ carries no annotations.
//
//   Mutex mutex_;
//   int counter_ WRIT_GUARDED_BY(mutex_) = 0;
//   void Add() { MutexLock lock(mutex_); ++counter_; }   // without the lock: a compile error under clang
#pragma once

#include <mutex>

#if defined(__clang__)
#define WRIT_THREAD_ANNOTATION(x) __attribute__((x))
#else
#define WRIT_THREAD_ANNOTATION(x)
#endif

#define WRIT_GUARDED_BY(x) WRIT_THREAD_ANNOTATION(guarded_by(x))
#define WRIT_REQUIRES(...) WRIT_THREAD_ANNOTATION(requires_capability(__VA_ARGS__))
#define WRIT_EXCLUDES(...) WRIT_THREAD_ANNOTATION(locks_excluded(__VA_ARGS__))
// For the rare function that locks a number of mutexes known only at run time; say why beside it.
#define WRIT_NO_THREAD_SAFETY_ANALYSIS WRIT_THREAD_ANNOTATION(no_thread_safety_analysis)

namespace writ {

class WRIT_THREAD_ANNOTATION(capability("mutex")) Mutex {
 public:
  Mutex() = default;
  Mutex(const Mutex&) = delete;
  Mutex& operator=(const Mutex&) = delete;
  void Lock() WRIT_THREAD_ANNOTATION(acquire_capability()) { mutex_.lock(); }
  void Unlock() WRIT_THREAD_ANNOTATION(release_capability()) { mutex_.unlock(); }

 private:
  std::mutex mutex_;
};

// Holds a Mutex for its own lifetime.
class WRIT_THREAD_ANNOTATION(scoped_lockable) MutexLock {
 public:
  explicit MutexLock(Mutex& mutex) WRIT_THREAD_ANNOTATION(acquire_capability(mutex)) : mutex_(mutex) { mutex_.Lock(); }
  ~MutexLock() WRIT_THREAD_ANNOTATION(release_capability()) { mutex_.Unlock(); }
  MutexLock(const MutexLock&) = delete;
  MutexLock& operator=(const MutexLock&) = delete;

 private:
  Mutex& mutex_;
};

}  // namespace writ
