// The JSON-lines log.
#include "webhook/telemetry/log.h"

#include <cstdio>
#include <ctime>
#include <string>
#include <utility>

#include <nlohmann/json.hpp>

#include "rules/base/printable.h"

namespace writ::server {
namespace {

// "2026-11-21T02:03:04.567Z". Times before 1970 are shown as 1970: a log line must come out whatever the clock says.
std::string Timestamp(UnixNanos now) {
  if (now < 0) now = 0;
  const std::time_t seconds = static_cast<std::time_t>(now / 1'000'000'000);
  const int millis = static_cast<int>(now / 1'000'000 % 1000);
  std::tm parts{};
  gmtime_r(&seconds, &parts);
  char text[40];
  const std::size_t length = std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", &parts);
  char fraction[8];
  std::snprintf(fraction, sizeof fraction, ".%03dZ", millis);
  return std::string(text, length) + fraction;
}

std::string ValueText(const LogField& field) {
  if (const auto* text = std::get_if<std::string_view>(&field.value)) return JsonQuote(*text);
  if (const auto* number = std::get_if<std::int64_t>(&field.value)) return std::to_string(*number);
  if (const auto* truth = std::get_if<bool>(&field.value)) return *truth ? "true" : "false";
  return nlohmann::json(std::get<double>(field.value)).dump();  // NaN and infinities become null
}

void WriteToStderr(std::string_view line) {
  std::fwrite(line.data(), 1, line.size(), stderr);
  std::fflush(stderr);
}

}  // namespace

std::string_view LogLevelName(LogLevel level) {
  switch (level) {
    case LogLevel::kDebug: return "debug";
    case LogLevel::kInfo: return "info";
    case LogLevel::kWarn: return "warn";
    case LogLevel::kError: return "error";
  }
  return "error";
}

std::optional<LogLevel> TryParseLogLevel(std::string_view name) {
  for (const LogLevel level : {LogLevel::kDebug, LogLevel::kInfo, LogLevel::kWarn, LogLevel::kError}) {
    if (name == LogLevelName(level)) return level;
  }
  return std::nullopt;
}

std::string JsonQuote(std::string_view text) {
  return PrintableJson(nlohmann::json(text).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace));
}

Logger::Logger(LogLevel level, const Clock& clock, Sink sink)
    : level_(level), clock_(&clock), sink_(sink ? std::move(sink) : Sink(WriteToStderr)) {}

void Logger::Write(LogLevel level, std::string_view message, std::initializer_list<LogField> fields) {
  if (!Enabled(level)) return;
  std::string line = "{\"ts\":\"" + Timestamp(clock_->Now()) + "\",\"level\":\"";
  line.append(LogLevelName(level)).append("\",\"msg\":").append(JsonQuote(message));
  for (const LogField& field : fields) line.append(",").append(JsonQuote(field.name)).append(":").append(ValueText(field));
  line.append("}\n");
  const std::lock_guard lock(mutex_);
  sink_(line);
}

}  // namespace writ::server
