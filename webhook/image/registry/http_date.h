// Retry-After, in both of its forms.
#pragma once

#include <chrono>
#include <optional>
#include <string_view>

namespace writ::image {

// Reads "Sun, 06 Nov 1994 08:49:37 GMT" (RFC 9110 §5.6.7; the two obsolete forms are not read). Nothing for anything else. The name of the
// day is not compared with the date.
std::optional<std::chrono::sys_seconds> TryHttpDate(std::string_view text);

// How long a Retry-After header asks to wait: "120", or a date, which is taken relative to `date`, the Date header of the same answer, so
// that clocks need not agree. Nothing when it cannot be read, or lies in the past. At most a day.
std::optional<std::chrono::seconds> TryRetryAfter(std::string_view retry_after, std::string_view date);

}  // namespace writ::image
