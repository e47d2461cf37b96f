// WRIT_CHECK: states what must hold or the program has a bug (channel (d) of docs/idioms.md). On in every build.
// WRIT_DCHECK: the same where it costs too much outside debug builds.
#pragma once

namespace writ {
// Prints the failed condition with its place to stderr and aborts.
[[noreturn, gnu::cold]] void CheckFailed(const char* condition, const char* file, int line);
}  // namespace writ

#define WRIT_CHECK(condition) \
  (__builtin_expect(static_cast<bool>(condition), 1) ? static_cast<void>(0) : ::writ::CheckFailed(#condition, __FILE__, __LINE__))

#ifdef NDEBUG
#define WRIT_DCHECK(condition) static_cast<void>(0)
#else
#define WRIT_DCHECK(condition) WRIT_CHECK(condition)
#endif
