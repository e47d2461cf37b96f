// Which names are refused before any rule looks, and why.
#include "rules/model/canonical_name.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>

namespace writ {
namespace {

using namespace std::string_view_literals;

TEST(CanonicalName, TakesWhatPeopleCallThings) {
  for (const std::string_view name : {"search", "delete_*", "fs/read", "Create CIFS Share", "a  b", "gr\u00f6\u00dfe", "\u691c\u7d22",
                                      "a\u00a0b", "\U0001F600", "io.k8s/thing@1.2", "~", ""}) {
    EXPECT_EQ("", CanonicalNameFault(name)) << name;
  }
  EXPECT_EQ("", CanonicalNameFault(std::string(kMaxNameBytes, 'x')));
}

struct Case {
  std::string_view name, fault;
};
constexpr Case kCases[] = {
    {" search", "begins with a blank"},
    {"search ", "ends with a blank"},
    {"\tsearch", "begins with a blank"},
    {"search\n", "ends with a blank"},
    {"\u00a0search", "begins with a blank"},
    {"search\u3000", "ends with a blank"},
    {"search\u2003", "ends with a blank"},
    {"search\u2028", "ends with a blank"},
    {"search\u2800", "ends with a blank"},
    {" ", "begins with a blank"},
    {"sea\trch", "holds the control character U+0009"},
    {"sea\0rch"sv, "holds the control character U+0000"},
    {"sea\x7frch", "holds the control character U+007F"},
    {"sea\u0085rch", "holds the control character U+0085"},
    {"sea\u2029rch", "holds the control character U+2029"},
    {"sea\u200brch", "holds the invisible character U+200B"},
    {"\ufeffsearch", "holds the invisible character U+FEFF"},
    {"search\u00ad", "holds the invisible character U+00AD"},
    {"search\u2060", "holds the invisible character U+2060"},
    {"search\ufe0f", "holds the invisible character U+FE0F"},
    {"search\u3164", "holds the invisible character U+3164"},
    {"search\U000E0041", "holds the invisible character U+E0041"},
    {"sea\u202erch", "holds the bidirectional character U+202E"},
    {"search\u200f", "holds the bidirectional character U+200F"},
    {"sea\u2066rch", "holds the bidirectional character U+2066"},
    {"sea\xffrch", "is not valid UTF-8"},
    {"sea\xc0\xafrch", "is not valid UTF-8"},
};

TEST(CanonicalName, SaysWhatMakesANameLookLikeAnother) {
  for (const Case& c : kCases) EXPECT_EQ(c.fault, CanonicalNameFault(c.name)) << c.name;
  EXPECT_EQ("has 257 bytes, the limit is 256", CanonicalNameFault(std::string(kMaxNameBytes + 1, 'x')));
}

// Each byte at each place of names of each length around the step of eight.
TEST(CanonicalName, PlainNamesAreVisibleAscii) {
  for (std::size_t size = 0; size <= 17; ++size) {
    const std::string name(size, '~');
    EXPECT_TRUE(IsPlainName(name)) << size;
    for (std::size_t at = 0; at < size; ++at) {
      for (int byte = 0; byte < 256; ++byte) {
        std::string changed = name;
        changed[at] = static_cast<char>(byte);
        EXPECT_EQ(IsPlainName(changed), byte > ' ' && byte < 0x7F) << size << " " << at << " " << byte;
      }
    }
  }
  EXPECT_TRUE(IsPlainName(std::string(kMaxNameBytes, 'a')));
  EXPECT_FALSE(IsPlainName(std::string(kMaxNameBytes + 1, 'a')));
}

}  // namespace
}  // namespace writ
