// A registry's address. The grammar is that of distribution/reference (domain-name, IPv6 in brackets, optional port), less what
// getaddrinfo() would read as a number: `2130706433`, `127.1` and `0x7f.0.0.1` are all 127.0.0.1 to it.
#include "webhook/image/reference/host.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include <algorithm>
#include <array>

#include "webhook/image/reference/text.h"

namespace writ::image {
namespace {

constexpr std::size_t kMaxHostBytes = 253;  // RFC 1035 §2.3.4, without the trailing dot
constexpr std::size_t kMaxLabelBytes = 63;
constexpr std::uint32_t kMaxPort = 65'535;
constexpr std::uint16_t kHttpsPort = 443;

Error Bad(std::string_view text, std::string_view why) {
  return Error{ErrorCode::kInvalidArgument, "`" + Shown(text) + "` is no registry host: " + std::string(why)};
}

bool IsIpv4(const std::string& host) {
  in_addr address{};
  return inet_pton(AF_INET, host.c_str(), &address) == 1;
}

bool IsLabel(std::string_view label) {
  if (label.empty() || label.size() > kMaxLabelBytes || label.front() == '-' || label.back() == '-') return false;
  return std::all_of(label.begin(), label.end(), [](char c) { return IsLower(c) || IsDigit(c) || c == '-'; });
}

// A number to inet_aton(): all digits, or 0x and hex digits. Top-level domains are never numeric (RFC 3696 §2).
bool IsNumeric(std::string_view label) {
  if (label.starts_with("0x")) return std::all_of(label.begin() + 2, label.end(), IsHex);
  return std::all_of(label.begin(), label.end(), IsDigit);
}

Status CheckName(std::string_view text, const std::string& host) {
  if (host.empty()) return Bad(text, "the host is empty");
  if (host.size() > kMaxHostBytes) return Bad(text, "longer than 253 bytes");
  std::string_view rest = host;
  for (;;) {
    const std::size_t dot = rest.find('.');
    const std::string_view label = rest.substr(0, dot);
    if (!IsLabel(label)) return Bad(text, "labels are letters, digits and inner dashes, joined by single dots");
    if (dot == std::string_view::npos) {
      if (IsNumeric(label) && !IsIpv4(host)) return Bad(text, "a number that is no IPv4 address of four parts");
      return OkStatus();
    }
    rest.remove_prefix(dot + 1);
  }
}

Result<std::string> ReadIpv6(std::string_view text, std::string_view inner) {
  in6_addr address{};
  std::array<char, INET6_ADDRSTRLEN> shortest{};
  if (inet_pton(AF_INET6, std::string(inner).c_str(), &address) != 1 ||
      inet_ntop(AF_INET6, &address, shortest.data(), shortest.size()) == nullptr) {
    return Bad(text, "found no IPv6 address between the brackets");
  }
  return std::string(shortest.data());
}

Result<std::uint16_t> ReadPort(std::string_view text, std::string_view digits) {
  if (digits.empty() || digits.size() > 5 || !std::all_of(digits.begin(), digits.end(), IsDigit) || digits.front() == '0') {
    return Bad(text, "the port is a number from 1 to 65535 without leading zeros");
  }
  const auto port = static_cast<std::uint32_t>(std::stoul(std::string(digits)));
  if (port > kMaxPort) return Bad(text, "the port is a number from 1 to 65535 without leading zeros");
  return static_cast<std::uint16_t>(port);
}

}  // namespace

std::string HostPort::Text() const {
  const std::string name = is_ipv6() ? "[" + host + "]" : host;
  return port == 0 ? name : name + ":" + std::to_string(port);
}

Result<HostPort> ParseHostPort(std::string_view text) {
  HostPort out;
  std::string_view rest;
  if (text.starts_with('[')) {
    const std::size_t close = text.find(']');
    if (close == std::string_view::npos) return Bad(text, "a bracket is not closed");
    Result<std::string> address = ReadIpv6(text, text.substr(1, close - 1));
    if (!address) return address.error();
    out.host = *address;
    rest = text.substr(close + 1);
    if (!rest.empty() && rest.front() != ':') return Bad(text, "found something other than a port behind the bracket");
  } else {
    const std::size_t colon = text.find(':');
    out.host = Lower(text.substr(0, colon));
    WRIT_RETURN_IF_ERROR(CheckName(text, out.host));
    if (colon != std::string_view::npos) rest = text.substr(colon);
  }
  if (!rest.empty()) {
    const Result<std::uint16_t> port = ReadPort(text, rest.substr(1));
    if (!port) return port.error();
    out.port = *port == kHttpsPort ? std::uint16_t{0} : *port;
  }
  return out;
}

bool IsAddress(std::string_view host) {
  const std::string text(host);
  in6_addr address{};
  return IsIpv4(text) || inet_pton(AF_INET6, text.c_str(), &address) == 1;
}

}  // namespace writ::image
