// The log: one JSON object a line, `{"ts":"2026-11-21T02:03:04.567Z","level":"info","msg":"policies loaded","policies":3}`.
// Bodies, tokens and masked values are never logged: callers pass names, counts and texts of their own making.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <initializer_list>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

#include "rules/base/clock.h"

namespace writ::server {

enum class LogLevel : std::uint8_t { kDebug, kInfo, kWarn, kError };

// "debug", "info", "warn", "error".
std::string_view LogLevelName(LogLevel level);
std::optional<LogLevel> TryParseLogLevel(std::string_view name);

struct LogField {
  std::string_view name;
  std::variant<std::string_view, std::int64_t, bool, double> value;
};

// What clients gave (names, paths, uids) stands in a field with at most so many bytes: callers pass it through Shorten.
inline constexpr std::size_t kMaxLoggedBytes = 256;

// Thread-safe; a line is written whole.
class Logger {
 public:
  using Sink = std::function<void(std::string_view line)>;  // `line` ends in a newline; called under the logger's lock

  // Writes to stderr unless a sink is given. `clock` is borrowed and must outlive the logger.
  explicit Logger(LogLevel level = LogLevel::kInfo, const Clock& clock = SystemClock(), Sink sink = {});

  bool Enabled(LogLevel level) const { return level >= level_; }
  // Text of any bytes is allowed: it is escaped, and invalid UTF-8 is replaced.
  void Write(LogLevel level, std::string_view message, std::initializer_list<LogField> fields = {});

 private:
  LogLevel level_;
  const Clock* clock_;
  Sink sink_;
  std::mutex mutex_;  // guards sink_'s calls
};

// Returns `text` as a JSON string with quotes; invalid UTF-8 becomes U+FFFD, and what would steer a terminal is escaped.
std::string JsonQuote(std::string_view text);

}  // namespace writ::server
