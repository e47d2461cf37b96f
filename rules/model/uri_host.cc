// Hosts that URL parsers leave as they are: names, IPv4 and IPv6 addresses, and names in Punycode.
// Source: the WHATWG URL standard, "Hosts"; RFC 5952, section 4; RFC 3492, section 6.2.
#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <optional>

#include "rules/model/uri_parts.h"

namespace writ {
namespace {

// Calls `visit` with each part between `separator`s until it returns something to say.
template <typename Visit>
std::string_view ForEachPart(std::string_view text, char separator, Visit visit) {
  for (;;) {
    const std::size_t end = text.find(separator);
    const std::string_view fault = visit(text.substr(0, end));
    if (!fault.empty() || end == std::string_view::npos) return fault;
    text.remove_prefix(end + 1);
  }
}

bool IsAllDigits(std::string_view text) {
  for (const char c : text) {
    if (!IsDigit(c)) return false;
  }
  return !text.empty();
}

// Decimal without leading zeros, at most `limit` (five digits).
bool IsPlainNumber(std::string_view text, unsigned limit) {
  if (!IsAllDigits(text) || text.size() > 5 || (text.size() > 1 && text[0] == '0')) return false;
  unsigned value = 0;
  for (const char c : text) value = value * 10 + static_cast<unsigned>(c - '0');
  return value <= limit;
}

bool IsIpv4(std::string_view host) {
  int count = 0;
  const auto visit = [&](std::string_view part) -> std::string_view {
    ++count;
    return IsPlainNumber(part, 255) ? "" : "no";
  };
  return ForEachPart(host, '.', visit).empty() && count == 4;
}

// URL parsers read a host whose last label is a number as an IPv4 address, in any of its old notations.
bool LooksLikeIpv4(std::string_view host) {
  const std::string_view last = host.substr(host.rfind('.') + 1);
  return IsAllDigits(last) || last.starts_with("0x");
}

using Ipv6 = std::array<std::uint16_t, 8>;

// Reads hexadecimal groups with at most one `::`. Leading zeros, capitals and a needless `::` are the caller's to see.
bool ReadIpv6(std::string_view text, Ipv6& address) {
  Ipv6 groups;
  std::size_t count = 0, gap = std::string_view::npos;  // groups before the `::`
  const auto take_gap = [&] {
    if (gap != std::string_view::npos || !text.starts_with("::")) return false;
    gap = count;
    text.remove_prefix(2);
    return true;
  };
  take_gap();
  while (!text.empty()) {
    unsigned group = 0;
    std::size_t digits = 0;
    for (; digits < text.size() && digits < 4 && HexDigit(text[digits]) >= 0; ++digits)
      group = group * 16 + static_cast<unsigned>(HexDigit(text[digits]));
    if (digits == 0 || count == groups.size()) return false;
    groups[count++] = static_cast<std::uint16_t>(group);
    text.remove_prefix(digits);
    if (text.empty() || take_gap()) continue;
    if (text[0] != ':' || text.size() == 1) return false;
    text.remove_prefix(1);
  }
  if (gap == std::string_view::npos) gap = count == groups.size() ? count : groups.size();
  if (gap > count || (gap < groups.size() && count == groups.size())) return false;
  address.fill(0);
  std::copy_n(groups.begin(), gap, address.begin());
  std::copy_backward(groups.begin() + static_cast<std::ptrdiff_t>(gap), groups.begin() + static_cast<std::ptrdiff_t>(count), address.end());
  return true;
}

// The only spelling: lower case, no leading zeros, the first longest run of two or more zero groups as `::`.
std::string_view WriteIpv6(const Ipv6& address, std::array<char, 48>& out) {
  std::size_t best = 0, best_size = 1;
  for (std::size_t i = 0; i < address.size(); ++i) {
    std::size_t size = 0;
    while (i + size < address.size() && address[i + size] == 0) ++size;
    if (size > best_size) {
      best = i;
      best_size = size;
    }
  }
  std::size_t at = 0;
  for (std::size_t i = 0; i < address.size(); ++i) {
    if (best_size > 1 && i == best) {
      at += static_cast<std::size_t>(std::snprintf(out.data() + at, out.size() - at, "::"));
      i += best_size - 1;
      continue;
    }
    const bool wants_colon = at > 0 && out[at - 1] != ':';
    at += static_cast<std::size_t>(std::snprintf(out.data() + at, out.size() - at, wants_colon ? ":%x" : "%x", unsigned{address[i]}));
  }
  return {out.data(), at};
}

std::string_view Ipv6Fault(std::string_view host) {
  constexpr std::string_view kFault = "has an IP address that is not written as RFC 5952 says";
  Ipv6 address;
  std::array<char, 48> text;
  if (host.size() < 4 || host.back() != ']') return kFault;
  const std::string_view inner = host.substr(1, host.size() - 2);
  return ReadIpv6(inner, address) && WriteIpv6(address, text) == inner ? "" : kFault;
}

// The parameters of RFC 3492 for host names.
constexpr std::uint32_t kPunycodeBase = 36, kTMin = 1, kTMax = 26, kSkew = 38, kDamp = 700, kMaxCharacter = 0x10FFFF;

// Takes one number of variable length off the front of `encoded`. Returns empty for a digit that is none, and beyond what the largest
// character needs. Source: RFC 3492, section 3.3.
std::optional<std::uint64_t> TakePunycodeNumber(std::string_view& encoded, std::uint32_t bias) {
  std::uint64_t number = 0, weight = 1;
  for (std::uint32_t k = kPunycodeBase;; k += kPunycodeBase) {
    if (encoded.empty() || !(IsLower(encoded[0]) || IsDigit(encoded[0]))) return std::nullopt;
    const auto digit = static_cast<std::uint32_t>(IsDigit(encoded[0]) ? encoded[0] - '0' + 26 : encoded[0] - 'a');
    encoded.remove_prefix(1);
    number += digit * weight;
    if (number > std::uint64_t{kMaxCharacter} * 64) return std::nullopt;
    const std::uint32_t threshold = k <= bias ? kTMin : k >= bias + kTMax ? kTMax : k - bias;
    if (digit < threshold) return number;
    weight *= kPunycodeBase - threshold;
  }
}

// Source: RFC 3492, section 3.4.
std::uint32_t AdaptBias(std::uint64_t number, std::uint32_t length, bool is_first) {
  auto delta = static_cast<std::uint32_t>(is_first ? number / kDamp : number / 2);
  delta += delta / length;
  std::uint32_t bias = 0;
  for (; delta > (kPunycodeBase - kTMin) * kTMax / 2; bias += kPunycodeBase) delta /= kPunycodeBase - kTMin;
  return bias + (kPunycodeBase - kTMin + 1) * delta / (delta + kSkew);
}

// Does `encoded` (behind `xn--`, lower case) decode to something that ASCII could not say? Characters below U+00A0 in it are nothing that
// a name may hold.
bool IsPunycode(std::string_view encoded) {
  const std::size_t dash = encoded.rfind('-');
  std::uint32_t length = dash == std::string_view::npos ? 0 : static_cast<std::uint32_t>(dash);
  if (dash != std::string_view::npos) encoded.remove_prefix(dash + 1);
  if (encoded.empty() || encoded.size() > 63) return false;
  std::uint64_t character = 128, position = 0;
  std::uint32_t bias = 72;
  for (bool is_first = true; !encoded.empty(); is_first = false) {
    const std::optional<std::uint64_t> number = TakePunycodeNumber(encoded, bias);
    if (!number) return false;
    position += *number;
    if (position > std::uint64_t{kMaxCharacter} * 64) return false;
    bias = AdaptBias(*number, ++length, is_first);
    character += position / length;
    position = position % length + 1;
    if (character < 0xA0 || character > kMaxCharacter || (character >= 0xD800 && character < 0xE000)) return false;
  }
  return true;
}

std::string_view LabelFault(std::string_view label, bool is_special) {
  if (label.empty()) return "has a host with an empty label";
  if (label.front() == '-' || label.back() == '-') return "has a host with a label that begins or ends with `-`";
  for (const char c : label) {
    if (is_special && IsUpper(c)) return "has a host in capitals";
    if (is_special && c == '%') return "has an encoded host";
    if (c == '[' || c == ']') return "has a `[` or `]` that is not around an address";
  }
  if (is_special && label.starts_with("xn--") && !IsPunycode(label.substr(4))) return "has a host that is not valid Punycode";
  return {};
}

}  // namespace

std::string_view HostFault(std::string_view host, bool is_special) {
  if (host.front() == '[') return Ipv6Fault(host);
  if (host.back() == '.') return "has a host with a dot at its end";
  const std::string_view fault = ForEachPart(host, '.', [&](std::string_view label) { return LabelFault(label, is_special); });
  if (!fault.empty()) return fault;
  return is_special && LooksLikeIpv4(host) && !IsIpv4(host) ? "has an IP address that is not four plain numbers" : "";
}

}  // namespace writ
