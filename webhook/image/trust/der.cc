#include "webhook/image/trust/der.h"

#include <limits>

namespace writ::image {
namespace {

constexpr std::int64_t kNanosPerSecond = 1'000'000'000;

// Days since 1970-01-01 of a proleptic Gregorian date. Source: H. Hinnant, "chrono-Compatible Low-Level Date Algorithms".
std::int64_t DaysFromCivil(std::int64_t year, std::int64_t month, std::int64_t day) {
  year -= month <= 2 ? 1 : 0;
  const std::int64_t era = (year >= 0 ? year : year - 399) / 400;
  const std::int64_t year_of_era = year - era * 400;
  const std::int64_t day_of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
  return era * 146097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719468;
}

std::int64_t DaysOfMonth(std::int64_t year, std::int64_t month) {
  if (month == 2) return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0 ? 29 : 28;
  return month == 4 || month == 6 || month == 9 || month == 11 ? 30 : 31;
}

// Takes `count` decimal digits from the front of `text`.
std::optional<std::int64_t> TakeDigits(std::string_view& text, std::size_t count) {
  if (text.size() < count) return std::nullopt;
  std::int64_t number = 0;
  for (const char c : text.substr(0, count)) {
    if (c < '0' || c > '9') return std::nullopt;
    number = number * 10 + (c - '0');
  }
  text.remove_prefix(count);
  return number;
}

// ".123" in front of the final Z, as nanoseconds; digits beyond the ninth are dropped. DER forbids trailing zeros, TSAs write them.
std::optional<std::int64_t> TakeFraction(std::string_view& text) {
  if (text.empty() || text.front() != '.') return 0;
  text.remove_prefix(1);
  std::int64_t nanos = 0;
  std::int64_t unit = kNanosPerSecond / 10;
  std::size_t digits = 0;
  for (; !text.empty() && text.front() >= '0' && text.front() <= '9'; text.remove_prefix(1), ++digits) {
    nanos += (text.front() - '0') * unit;
    unit /= 10;
  }
  if (digits == 0) return std::nullopt;
  return nanos;
}

UnixNanos Saturated(std::int64_t seconds, std::int64_t nanos) {
  constexpr std::int64_t kMax = std::numeric_limits<std::int64_t>::max();
  constexpr std::int64_t kMin = std::numeric_limits<std::int64_t>::min();
  if (seconds >= kMax / kNanosPerSecond) return kMax;
  if (seconds <= kMin / kNanosPerSecond) return kMin;
  return seconds * kNanosPerSecond + nanos;
}

}  // namespace

std::optional<DerValue> DerReader::Next() {
  if (rest_.size() < 2) return std::nullopt;
  const auto tag = static_cast<std::uint8_t>(rest_[0]);
  if ((tag & 0x1F) == 0x1F) return std::nullopt;  // high tag numbers occur nowhere here
  std::size_t length = static_cast<std::uint8_t>(rest_[1]);
  std::size_t header = 2;
  if (length >= 0x80) {
    const std::size_t count = length & 0x7F;
    if (count == 0 || count > 4 || rest_.size() < 2 + count) return std::nullopt;
    length = 0;
    for (std::size_t i = 0; i < count; ++i) length = (length << 8) | static_cast<std::uint8_t>(rest_[2 + i]);
    const bool is_minimal = length >= 0x80 && rest_[2] != '\0';
    if (!is_minimal) return std::nullopt;
    header += count;
  }
  if (rest_.size() - header < length) return std::nullopt;
  const DerValue value{tag, rest_.substr(header, length), rest_.substr(0, header + length)};
  rest_.remove_prefix(header + length);
  return value;
}

std::optional<DerValue> DerReader::Next(std::uint8_t tag) {
  if (peek() != tag) return std::nullopt;
  return Next();
}

std::optional<DerValue> ReadWholeDer(std::string_view bytes, std::uint8_t tag) {
  DerReader reader(bytes);
  std::optional<DerValue> value = reader.Next(tag);
  if (!value || !reader.empty()) return std::nullopt;
  return value;
}

std::string EncodeDer(std::uint8_t tag, std::string_view content) {
  std::string out(1, static_cast<char>(tag));
  if (content.size() < 0x80) {
    out.push_back(static_cast<char>(content.size()));
  } else {
    std::string length;
    for (std::size_t rest = content.size(); rest != 0; rest >>= 8) length.insert(length.begin(), static_cast<char>(rest & 0xFF));
    out.push_back(static_cast<char>(0x80 | length.size()));
    out += length;
  }
  out += content;
  return out;
}

std::optional<std::string_view> ReadUnsigned(const DerValue& integer) {
  std::string_view bytes = integer.content;
  if (integer.tag != kDerInteger || bytes.empty() || static_cast<std::uint8_t>(bytes[0]) >= 0x80) return std::nullopt;
  if (bytes[0] == '\0' && bytes.size() > 1) {
    if (static_cast<std::uint8_t>(bytes[1]) < 0x80) return std::nullopt;
    bytes.remove_prefix(1);
  }
  return bytes;
}

std::optional<std::uint32_t> ReadSmallUnsigned(const DerValue& integer) {
  const std::optional<std::string_view> bytes = ReadUnsigned(integer);
  if (!bytes || bytes->size() > 3) return std::nullopt;
  std::uint32_t number = 0;
  for (const char byte : *bytes) number = (number << 8) | static_cast<std::uint8_t>(byte);
  return number;
}

std::optional<std::string_view> ReadBitBytes(const DerValue& bits) {
  if (bits.tag != kDerBitString || bits.content.empty() || bits.content[0] != '\0') return std::nullopt;
  return bits.content.substr(1);
}

std::optional<UnixNanos> ReadDerTime(const DerValue& time) {
  std::string_view text = time.content;
  if (time.tag != kDerUtcTime && time.tag != kDerGeneralizedTime) return std::nullopt;
  std::optional<std::int64_t> year = TakeDigits(text, time.tag == kDerUtcTime ? 2 : 4);
  if (year && time.tag == kDerUtcTime) *year += *year < 50 ? 2000 : 1900;  // RFC 5280 §4.1.2.5.1
  const std::optional<std::int64_t> month = TakeDigits(text, 2);
  const std::optional<std::int64_t> day = TakeDigits(text, 2);
  const std::optional<std::int64_t> hour = TakeDigits(text, 2);
  const std::optional<std::int64_t> minute = TakeDigits(text, 2);
  const std::optional<std::int64_t> second = TakeDigits(text, 2);
  if (!year || !month || !day || !hour || !minute || !second) return std::nullopt;
  if (*month < 1 || *month > 12 || *day < 1 || *day > DaysOfMonth(*year, *month) || *hour > 23 || *minute > 59 || *second > 59)
    return std::nullopt;
  const std::optional<std::int64_t> nanos = time.tag == kDerUtcTime ? 0 : TakeFraction(text);
  if (!nanos || text != "Z") return std::nullopt;
  const std::int64_t seconds = ((DaysFromCivil(*year, *month, *day) * 24 + *hour) * 60 + *minute) * 60 + *second;
  return Saturated(seconds, *nanos);
}

std::string OidText(std::string_view oid) {
  std::string out;
  std::uint64_t arc = 0;
  for (const char c : oid) {
    const auto byte = static_cast<std::uint8_t>(c);
    arc = (arc << 7) | (byte & 0x7F);
    if (byte >= 0x80) continue;
    if (out.empty()) {
      const std::uint64_t first = arc < 80 ? arc / 40 : 2;
      out = std::to_string(first) + "." + std::to_string(arc - first * 40);
    } else {
      out += "." + std::to_string(arc);
    }
    arc = 0;
  }
  return out;
}

}  // namespace writ::image
