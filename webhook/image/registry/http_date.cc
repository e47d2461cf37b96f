// Retry-After. Source: RFC 9110 §5.6.7 and §10.2.3.
#include "webhook/image/registry/http_date.h"

#include <algorithm>
#include <array>
#include <string>

#include "webhook/image/reference/text.h"

namespace writ::image {
namespace {

using std::chrono::seconds;

constexpr seconds kLongest{24 * 60 * 60};  // longer than any deadline
constexpr std::string_view kShape = "aaa, 00 aaa 0000 00:00:00 GMT";
constexpr std::array<std::string_view, 12> kMonths = {"Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};

bool HasShape(std::string_view text) {
  if (text.size() != kShape.size()) return false;
  for (std::size_t at = 0; at < text.size(); ++at) {
    const bool fits = kShape[at] == '0'   ? IsDigit(text[at])
                      : kShape[at] == 'a' ? text[at] > ' ' && text[at] < 0x7F
                                          : kShape[at] == text[at];
    if (!fits) return false;
  }
  return true;
}

// Requires: digits.
unsigned NumberAt(std::string_view text, std::size_t begin, std::size_t count) {
  unsigned number = 0;
  for (const char digit : text.substr(begin, count)) number = number * 10 + static_cast<unsigned>(digit - '0');
  return number;
}

}  // namespace

std::optional<std::chrono::sys_seconds> TryHttpDate(std::string_view text) {
  if (!HasShape(text)) return std::nullopt;
  const auto month = std::find(kMonths.begin(), kMonths.end(), text.substr(8, 3));
  const std::chrono::year_month_day day{std::chrono::year(static_cast<int>(NumberAt(text, 12, 4))),
                                        std::chrono::month(static_cast<unsigned>(month - kMonths.begin()) + 1),
                                        std::chrono::day(NumberAt(text, 5, 2))};
  const unsigned hour = NumberAt(text, 17, 2);
  const unsigned minute = NumberAt(text, 20, 2);
  const unsigned second = NumberAt(text, 23, 2);
  if (!day.ok() || hour > 23 || minute > 59 || second > 60) return std::nullopt;
  return std::chrono::sys_days(day) + std::chrono::hours(hour) + std::chrono::minutes(minute) + seconds(second);
}

std::optional<seconds> TryRetryAfter(std::string_view retry_after, std::string_view date) {
  const std::string_view text = Trim(retry_after);
  if (!text.empty() && text.size() <= 6 && std::all_of(text.begin(), text.end(), IsDigit))
    return std::min(seconds(std::stol(std::string(text))), kLongest);
  const std::optional<std::chrono::sys_seconds> until = TryHttpDate(text);
  const std::optional<std::chrono::sys_seconds> now = TryHttpDate(Trim(date));
  if (!until || !now || *until <= *now) return std::nullopt;
  return std::min(*until - *now, kLongest);
}

}  // namespace writ::image
