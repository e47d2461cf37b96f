// Which IP addresses a registry's name may not lead to. Sources: RFC 6890 (special purposes), 6052 (NAT64), 3056 (6to4); the metadata
// addresses are those of AWS, Google, Azure, Oracle, Alibaba and the DNS/host service of Azure.
#include "webhook/image/registry/address_guard.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <string>

#include "webhook/image/reference/host.h"

namespace writ::image {
namespace {

using Bytes = std::array<std::uint8_t, 16>;

struct Ipv4Range {
  std::uint32_t network;
  int bits;
};
constexpr std::array<Ipv4Range, 8> kInternalRanges = {{
    {0x00000000, 8},   // this network
    {0x7F000000, 8},   // loopback
    {0xA9FE0000, 16},  // link-local; 169.254.169.254 is most clouds' metadata
    {0xC0000000, 24},  // 192.0.0.0/24, IETF assignments; Oracle's metadata
    {0xE0000000, 4},   // multicast
    {0xF0000000, 4},   // reserved and broadcast
    {0x646464C8, 32},  // 100.100.100.200: Alibaba's metadata
    {0xA83F8110, 32},  // 168.63.129.16: Azure's host service
}};

bool IsInternalIpv4(std::uint32_t address) {
  return std::any_of(kInternalRanges.begin(), kInternalRanges.end(), [address](const Ipv4Range& range) {
    const std::uint32_t mask = ~std::uint32_t{0} << (32 - range.bits);
    return (address & mask) == range.network;
  });
}

std::uint32_t Ipv4At(const Bytes& bytes, std::size_t at) {
  return std::uint32_t{bytes[at]} << 24 | std::uint32_t{bytes[at + 1]} << 16 | std::uint32_t{bytes[at + 2]} << 8 | bytes[at + 3];
}

bool StartsWith(const Bytes& bytes, std::initializer_list<std::uint8_t> prefix) {
  return std::equal(prefix.begin(), prefix.end(), bytes.begin());
}

bool IsInternalIpv6(const Bytes& bytes) {
  if (std::all_of(bytes.begin(), bytes.begin() + 10, [](std::uint8_t b) { return b == 0; })) {
    // ::, ::1 and ::a.b.c.d (deprecated), ::ffff:a.b.c.d (mapped)
    const bool is_mapped = bytes[10] == 0xFF && bytes[11] == 0xFF;
    return !is_mapped || IsInternalIpv4(Ipv4At(bytes, 12));
  }
  if (bytes[0] == 0xFF) return true;                                                          // multicast
  if (bytes[0] == 0xFE && (bytes[1] & 0xC0) >= 0x80) return true;                             // link-local fe80::/10, site-local fec0::/10
  if (StartsWith(bytes, {0xFD, 0x00, 0x0E, 0xC2})) return true;                               // fd00:ec2::254: AWS metadata
  if (StartsWith(bytes, {0xFD, 0x20, 0x00, 0xCE})) return true;                               // fd20:ce::254: Google metadata
  if (StartsWith(bytes, {0x00, 0x64, 0xFF, 0x9B})) return IsInternalIpv4(Ipv4At(bytes, 12));  // NAT64
  if (StartsWith(bytes, {0x20, 0x02})) return IsInternalIpv4(Ipv4At(bytes, 2));               // 6to4
  return false;
}

}  // namespace

bool IsInternalAddress(std::string_view address) {
  const std::string text(address);
  in_addr v4{};
  if (inet_pton(AF_INET, text.c_str(), &v4) == 1) return IsInternalIpv4(ntohl(v4.s_addr));
  Bytes v6{};
  if (inet_pton(AF_INET6, text.c_str(), v6.data()) == 1) return IsInternalIpv6(v6);
  return true;
}

bool NamesMachine(std::string_view host) { return host == "localhost" || host.ends_with(".localhost") || IsAddress(host); }

}  // namespace writ::image
