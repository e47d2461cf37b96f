// What resource_uri.h takes is what Boost.URL parses as a URI of RFC 3986 and normalises to itself. Two differences are meant: hosts of
// schemes that are not special keep their case here (they are folded), and IPv6 addresses that hold an IPv4 one are written as the WHATWG
// standard writes them. Boost.URL 1.81 also decodes delimiters, which changes what a URI means: both sides are compared with delimiters
// decoded.
#include <gtest/gtest.h>

#include <algorithm>
#include <boost/url/src.hpp>
#include <string>
#include <string_view>

#include "rules/model/resource_uri.h"
#include "tests/support/program_builder.h"

namespace writ {
namespace {

std::string Lower(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return text;
}

// The normal form of RFC 3986, section 6.2.2, or "" for what is no URI of it.
std::string OfBoost(std::string_view uri) {
  const auto parsed = boost::urls::parse_uri({uri.data(), uri.size()});
  if (!parsed) return {};
  boost::urls::url url(*parsed);
  url.normalize();
  return {url.buffer().data(), url.buffer().size()};
}

// With escapes of delimiters decoded.
std::string Plain(std::string_view uri) {
  constexpr std::string_view kDigits = "0123456789ABCDEF";
  std::string text;
  for (std::size_t i = 0; i < uri.size(); ++i) {
    const char c = uri[i];
    const bool is_escape = c == '%' && i + 2 < uri.size();
    const char byte = is_escape ? static_cast<char>(kDigits.find(uri[i + 1]) * 16 + kDigits.find(uri[i + 2])) : c;
    const bool is_delimiter = is_escape && std::string_view("!$&'()*+,;=:@/?").find(byte) != std::string_view::npos;
    text += is_delimiter ? byte : c;
    i += is_delimiter ? 2 : 0;
  }
  return text;
}

void ExpectTaken(std::string_view uri) {
  const std::string normal = OfBoost(uri);
  ASSERT_NE("", normal) << uri;
  if (normal.find("://") < uri.find("://")) return;  // Boost has made `/%2F` an authority
  if (uri.find('[') != std::string_view::npos) return;
  EXPECT_EQ(Lower(Plain(uri)), Lower(Plain(normal))) << uri;
}

TEST(ResourceUriPeer, WhatIsTakenIsNormalForBoostToo) {
  constexpr std::uint64_t kSeed = 20261130;
  SCOPED_TRACE("seed " + std::to_string(kSeed));
  test::Random random(kSeed);
  constexpr std::string_view kSchemes[] = {"file:///", "https://a/", "db://h/", "urn:", "memo:/", "https://"};
  constexpr std::string_view kPieces[] = {"a",   "B",    "/", "//", ".", "..", "%2F", "%3A", "%25", "%41", "@", ":",
                                          "443", "8080", "?", "#",  "[", "]",  "::1", "*",   ";",   "'",   "=", "%C3%A9",
                                          "%",   "%7e",  "x", "-",  "_", "~",  "!",   "$",   "&",   "(",   ")", ","};
  int taken = 0;
  for (int i = 0; i < 100'000; ++i) {
    std::string uri(kSchemes[random.Below(std::size(kSchemes))]);
    for (std::size_t n = random.Below(9); n > 0; --n) uri += kPieces[random.Below(std::size(kPieces))];
    if (!UriFault(uri).empty()) continue;
    ++taken;
    ExpectTaken(uri);
    if (HasFailure()) return;
  }
  EXPECT_GT(taken, 5'000);
}

// The other way round: what Boost.URL would write differently is not taken.
TEST(ResourceUriPeer, WhatBoostRewritesIsRefused) {
  constexpr std::string_view kRewritten[] = {"HTTPS://a/",         "https://A/",       "https://a/%7E",  "https://a/%2f",
                                             "https://a/./b",      "https://a/b/../c", "https://a/b/..", "https://a/%41?%42",
                                             "file:///a/%2E%2E/b", "urn:%61"};
  for (const std::string_view uri : kRewritten) {
    EXPECT_NE(uri, OfBoost(uri)) << uri;
    EXPECT_NE("", UriFault(uri)) << uri;
  }
}

}  // namespace
}  // namespace writ
