// Which spellings of URIs are refused, which are folded, and to what.
#include "rules/model/resource_uri.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "rules/index/index.h"
#include "tests/support/program_builder.h"

namespace writ {
namespace {

using namespace std::string_view_literals;

std::string Folded(std::string_view uri) {
  std::string out(uri.size(), '\0');
  out.resize(FoldUri(uri, out.data()));
  return out;
}

// What the gateway ToolHive 0.63 takes, too (pkg/authz/authorizers/resource_uri_test.go), and what it does not: addresses of IPv6 and
// names in Punycode.
constexpr std::string_view kNormal[] = {
    "harness://static/secret",
    "harness://static/a%20b",
    "harness:/x",
    "harness://h",
    "harness://h//x",
    "urn:x:y",
    "mailto:a@b",
    "https://example.com/",
    "https://example.com:8443/a?b=c&d",
    "http://127.0.0.1/x",
    "file:///etc/x",
    "file:///C:/x",
    "file:///a//b",
    "harness://my_svc/x",
    "harness://static/a%2Fb",
    "harness://static/caf%C3%A9",
    "harness://static/x?q=a%3Ab",
    "harness://xn--a/x",
    "harness://STATIC/x",
    "repo://Stacklok/toolhive/contents/README.md",
    "postgres://user@host:5432/db/t/schema",
    "harness://u:p@h/x",
    "harness://u%40@h/x",
    "http://u:p@h/x",
    "http://u!$&'()*+,@h/x",
    // and more
    "file:///",
    "file://nas/share/x",
    "file:///srv/100%25.txt",
    "file:///srv/...",
    "file:///srv/..a",
    "file:///srv/a..",
    "file:///srv/;a",
    "file:///srv/a'b",
    "memo:///x",
    "memo:",
    "greeting://World",
    "a+b-c.1:x",
    "https://a/?q=%27",
    "https://a/?q=a%2Fb/../c",
    "https://a//",
    "https://user@a/",
    "https://[::1]/",
    "https://[2001:db8::1]:8080/x",
    "db://[::1]:5432/x",
    "https://[1:0:0:2::3]/",
    "https://[::]/",
    "https://xn--bcher-kva.example/",
    "https://xn--strae-oqa.de/",
    "https://xn--p1ai/",
    "https://1.2.3.4.example/",
    "https://0.0.0.0/",
    "https://a_b-c.example/",
    "https://a/%F0%9F%98%80",
    "ftp://a:8021/x",
    "data:text/plain,x",
    "https://a/b;c=1/d",
    "https://a/(b)*c!",
};

TEST(ResourceUri, TakesNormalForms) {
  for (const std::string_view uri : kNormal) {
    EXPECT_EQ("", UriFault(uri)) << uri;
    EXPECT_EQ(uri.find('@') == std::string_view::npos || uri.starts_with("mailto") ? uri : "", NormalUri(uri)) << uri;
  }
}

struct Refused {
  std::string_view uri, fault, normal;
};
constexpr Refused kRefused[] = {
    {"", "is not an absolute URI", ""},
    {"secret", "is not an absolute URI", ""},
    {"/x", "is not an absolute URI", ""},
    {"//host/x", "is not an absolute URI", ""},
    {"?x", "is not an absolute URI", ""},
    {"::", "is not an absolute URI", ""},
    {"1abc:x", "is not an absolute URI", ""},
    {"a_b:x", "is not an absolute URI", ""},
    {"HARNESS://static/x", "has a scheme in capitals", "harness://static/x"},
    {"Https://a/x", "has a scheme in capitals", "https://a/x"},
    // characters
    {" harness://static/x", "holds a blank", "harness://static/x"},
    {"harness://static/x ", "holds a blank", "harness://static/x"},
    {"harness://static/a b", "holds a blank", "harness://static/a%20b"},
    {"harness://static/se\tcret", "holds a control character", "harness://static/secret"},
    {"harness://static/se\ncret", "holds a control character", "harness://static/secret"},
    {"harness://static/secret\r", "holds a control character", "harness://static/secret"},
    {"\0harness://static/x"sv, "holds a control character", "harness://static/x"},
    {"harness://static/x\x7f", "holds a control character", ""},
    {"harness://static/caf\u00e9", "holds a character that is not ASCII", "harness://static/caf%C3%A9"},
    {"https://b\u00fccher.example/", "holds a character that is not ASCII", ""},
    {"file:///srv/a\\..\\b", "holds a `\\`", "file:///srv/b"},
    {"harness://static\\secret", "holds a `\\`", ""},
    {"harness://static/a\\b", "holds a `\\`", "harness://static/a%5Cb"},
    {"harness://static/secret#fragment", "has a fragment", "harness://static/secret"},
    {"https://a/#", "has a fragment", "https://a/"},
    {"repo://{owner}/x", "is a template, which is never read", ""},
    {"harness://static/a\"b", "holds a character that must be percent-encoded", "harness://static/a%22b"},
    {"harness://static/a<b", "holds a character that must be percent-encoded", "harness://static/a%3Cb"},
    {"harness://static/a^b", "holds a character that must be percent-encoded", "harness://static/a%5Eb"},
    {"harness://static/a`b", "holds a character that must be percent-encoded", "harness://static/a%60b"},
    {"harness://static/a|b", "holds a character that must be percent-encoded", "harness://static/a%7Cb"},
    {"harness://static/a[b", "holds a character that must be percent-encoded", "harness://static/a%5Bb"},
    {"https://a/?x[]=1", "holds a character that must be percent-encoded", "https://a/?x%5B%5D=1"},
    // escapes
    {"harness://static/%zz", "has a `%` that begins no escape", "harness://static/%25zz"},
    {"harness://static/%2", "has a `%` that begins no escape", "harness://static/%252"},
    {"harness://static/%", "has a `%` that begins no escape", "harness://static/%25"},
    {"file:///a/%%32%46", "has a `%` that begins no escape", ""},
    {"harness://static/x%3a", "has an escape in lower case", "harness://static/x%3A"},
    {"harness://static/caf%c3%a9", "has an escape in lower case", "harness://static/caf%C3%A9"},
    {"harness://static/%73ecret", "has an encoded character that needs no encoding", "harness://static/secret"},
    {"harness://static/%7E", "has an encoded character that needs no encoding", "harness://static/~"},
    {"harness://static/%2E%2E/secret", "has an encoded character that needs no encoding", "harness://static/secret"},
    {"file:///srv/%252E%252E/x", "has an encoded character that needs no encoding", "file:///x"},
    {"file:///srv/%25252E/x", "has an encoded character that needs no encoding", "file:///srv/x"},
    {"file:///srv/a%252Fb", "is encoded twice", "file:///srv/a%2Fb"},
    {"file:///srv/a%2520b", "is encoded twice", "file:///srv/a%20b"},
    {"file:///srv/a%00", "has an encoded control character", ""},
    {"file:///srv/a%0A", "has an encoded control character", ""},
    {"file:///srv/a%0D", "has an encoded control character", ""},
    {"file:///srv/.%09./x", "has an encoded control character", ""},
    {"https://a/?%00", "has an encoded control character", ""},
    {"file:///srv/%2500", "has an encoded control character", ""},
    {"file:///srv/%C0%AE/x", "has encoded bytes that are not UTF-8", ""},
    {"file:///srv/%FF", "has encoded bytes that are not UTF-8", ""},
    {"file:///srv/%C3x", "has encoded bytes that are not UTF-8", ""},
    // dot segments
    {"harness://static/./secret", "has a dot segment", "harness://static/secret"},
    {"harness://static/x/../secret", "has a dot segment", "harness://static/secret"},
    {"harness://static/.", "has a dot segment", "harness://static/"},
    {"harness://static/..", "has a dot segment", "harness://static/"},
    {"harness:x/../y", "has a dot segment", "harness:y"},
    {"harness:/.//x", "has a dot segment", ""},
    {"file:///srv/..%2Fetc", "has a dot segment", ""},
    {"file:///srv/a%2F..%2F..%2Fetc", "has a dot segment", ""},
    {"file:///srv/a%5C..%5Cetc", "has a dot segment", ""},
    {"file:///srv/..;/etc", "has a dot segment", ""},
    {"file:///srv/.;x=1", "has a dot segment", ""},
    {"file:///srv/..%3Bx/etc", "has a dot segment", ""},
    // user information
    {"harness://@h/x", "has an empty user or password", ""},
    {"harness://:@h/x", "has an empty user or password", ""},
    {"harness://u:@h/x", "has an empty user or password", ""},
    {"harness://:p@h/x", "has an empty user or password", ""},
    {"harness://u;x@h/x", "has user information with a character that must be percent-encoded", ""},
    {"harness://u=x@h/x", "has user information with a character that must be percent-encoded", ""},
    {"harness://u:a:b@h/x", "has user information with a character that must be percent-encoded", ""},
    {"harness://u@v@h/x", "has user information with a character that must be percent-encoded", ""},
    {"harness://u@/x", "has user information or a port without a host", ""},
    {"file://u@h/x", "has user information or a port", ""},
    // ports
    {"harness://static:/x", "has an empty port", "harness://static/x"},
    {"harness://static:080/x", "has a port that is not a plain number", "harness://static:80/x"},
    {"harness://static:99999/x", "has a port that is not a plain number", ""},
    {"harness://static:8a/x", "has a port that is not a plain number", ""},
    {"harness://h:0/x", "has a port that is not a plain number", ""},
    {"harness://:80/x", "has user information or a port without a host", ""},
    {"https://example.com:443/x", "names the default port", "https://example.com/x"},
    {"http://example.com:80/x", "names the default port", "http://example.com/x"},
    {"wss://example.com:443/x", "names the default port", "wss://example.com/x"},
    {"https://[::1]:443/x", "names the default port", "https://[::1]/x"},
    // hosts
    {"http://EXAMPLE.com/x", "has a host in capitals", "http://example.com/x"},
    {"http://ex%41mple.com/x", "has an encoded character that needs no encoding", "http://example.com/x"},
    {"http://a%2Cb/x", "has an encoded host", ""},
    {"harness://static./x", "has a host with a dot at its end", "harness://static/x"},
    {"https://internal.example./x", "has a host with a dot at its end", "https://internal.example/x"},
    {"harness://a..b/x", "has a host with an empty label", ""},
    {"harness://-a/x", "has a host with a label that begins or ends with `-`", ""},
    {"harness://a-/x", "has a host with a label that begins or ends with `-`", ""},
    {"http://0x7f.1/", "has an IP address that is not four plain numbers", ""},
    {"http://127.1/", "has an IP address that is not four plain numbers", ""},
    {"http://2130706433/", "has an IP address that is not four plain numbers", ""},
    {"http://010.0.0.1/", "has an IP address that is not four plain numbers", ""},
    {"http://256.1.1.1/", "has an IP address that is not four plain numbers", ""},
    {"http://[0:0:0:0:0:0:0:1]/", "has an IP address that is not written as RFC 5952 says", ""},
    {"http://[::0001]/", "has an IP address that is not written as RFC 5952 says", ""},
    {"http://[::A]/", "has an IP address that is not written as RFC 5952 says", "http://[::a]/"},
    {"http://[1::2:0:0:0:3]/", "has an IP address that is not written as RFC 5952 says", ""},
    {"http://[1::2:3:4:5:6:7]/", "has an IP address that is not written as RFC 5952 says", ""},
    {"http://[::127.0.0.1]/", "has an IP address that is not written as RFC 5952 says", ""},
    {"http://[::1%25eth0]/", "has an IP address that is not written as RFC 5952 says", ""},
    {"http://[v1.x]/", "has an IP address that is not written as RFC 5952 says", ""},
    {"http://[::1]x/", "has an IP address that is not written as RFC 5952 says", ""},
    {"http://a[::1]/", "has a `[` or `]` that is not around an address", ""},
    {"http://xn--a/x", "has a host that is not valid Punycode", ""},
    {"http://xn--a-/x", "has a host with a label that begins or ends with `-`", ""},
    {"http://xn--internal-/x", "has a host with a label that begins or ends with `-`", ""},
    {"http://a.xn--99999999999/x", "has a host that is not valid Punycode", ""},
    // shapes of special schemes
    {"http://example.com", "has no path", "http://example.com/"},
    {"http://example.com?x", "has no path", "http://example.com/?x"},
    {"http:example.com/a", "has no host", ""},
    {"http:///a", "has no host", ""},
    {"file://", "has no path", "file:///"},
    {"file:/etc/x", "has no `//` behind its scheme", "file:///etc/x"},
    {"file:etc/x", "has no `//` behind its scheme", "file:///etc/x"},
    {"file://localhost/etc/x", "names `localhost`", "file:///etc/x"},
    {"https://example.com/x?a'b", "has a `'` in its query", "https://example.com/x?a%27b"},
    {"file:///x?a'b", "has a `'` in its query", "file:///x?a%27b"},
    {"https://example.com/x?", "has an empty query", "https://example.com/x"},
    {"file:////etc/shadow", "has a path that begins with `//`", "file:///etc/shadow"},
    {"file://///etc/shadow", "has a path that begins with `//`", "file:///etc/shadow"},
    {"file://h//x", "has a path that begins with `//`", "file://h/x"},
    {"file://h/C:/x", "has a `:` where a drive stands", ""},
    {"file:///C:x", "has a `:` where a drive stands", ""},
    {"file:///:etc/x", "has a `:` where a drive stands", ""},
    {"file://h:8080/x", "has user information or a port", ""},
    {"file://:8080/x", "has user information or a port without a host", ""},
};

TEST(ResourceUri, RefusesOtherSpellingsAndNamesTheNormalOne) {
  for (const Refused& c : kRefused) {
    EXPECT_EQ(c.fault, UriFault(c.uri)) << c.uri;
    EXPECT_EQ(c.normal, NormalUri(c.uri)) << c.uri;
  }
}

TEST(ResourceUri, RefusesControlsAndBlanksAnywhere) {
  for (int byte = 0; byte <= 0x20; ++byte) {
    for (const std::size_t at : {std::size_t{0}, std::size_t{7}, std::size_t{17}, std::size_t{24}}) {
      std::string uri = "harness://static/secret";
      uri.insert(std::min(at, uri.size()), 1, static_cast<char>(byte));
      EXPECT_NE("", UriFault(uri)) << byte << " at " << at;
    }
  }
}

struct FoldCase {
  std::string_view text, folded;
};
constexpr FoldCase kFolded[] = {
    {"file:///srv/a", "file:///srv/a"},
    {"file:///srv//a///b", "file:///srv/a/b"},
    {"file:///srv/a/", "file:///srv/a/"},
    {"file:///srv%2Fa", "file:///srv/a"},
    {"file:///srv%5Ca", "file:///srv/a"},
    {"file:///srv/a%2F%2Fb%2F/c", "file:///srv/a/b/c"},
    {"file:///srv/a?b=c", "file:///srv/a"},
    {"file:///srv/a%3Fb", "file:///srv/a?b"},
    {"file://nas/srv/a", "file:///srv/a"},
    {"https://u:p@api.example/a?x=%2Fb//c", "https://api.example/a?x=/b//c"},
    {"https://u%40v@api.example:8443/%40", "https://api.example:8443/@"},
    {"https://api.example//admin/x", "https://api.example/admin/x"},
    {"db://Main/Table", "db://main/Table"},
    {"db://user%40Main%2FTable", "db://main/Table"},
    {"db://h%2F/x", "db://h/x"},
    {"memo:////x", "memo:///x"},
    {"urn:a//b%3A", "urn:a/b:"},
    {"harness:/x", "harness:/x"},
    {"https://a/caf%C3%A9", "https://a/caf\u00e9"},
    {"https://a/%2A%5C", "https://a/*/"},
    {"https://a/100%25", "https://a/100%"},
};

TEST(ResourceUri, FoldsWhatServersResolveAlike) {
  for (const FoldCase& c : kFolded) {
    EXPECT_EQ("", UriFault(c.text)) << c.text;
    EXPECT_EQ(c.folded, Folded(c.text)) << c.text;
  }
  EXPECT_EQ("file:///a", WithoutSlashAtEnd("file:///a/"));
  EXPECT_EQ("file:///a", WithoutSlashAtEnd("file:///a"));
}

constexpr FoldCase kFoldedPatterns[] = {
    {"**", "**"},
    {"*", "*"},
    {"**/.git/**", "**/.git/**"},
    {"**/%2egit/**", "**/.git/**"},
    {"https://API.example//admin/**", "https://api.example/admin/**"},
    {"HTTPS://*.Example/A/**", "https://*.example/A/**"},
    {"https://u@h/**", "https://h/**"},
    {"https://*@h/**", "https://h/**"},
    {"https://**@h/**", "https://h/**"},
    {"https://**Secret", "https://**Secret"},
    {"db://Main/*", "db://main/*"},
    {"file://nas/x/**", "file:///x/**"},
    {"file://*/x/**", "file:///x/**"},
    {"file://**", "file://**"},
    {"file://**/x", "file://**/x"},
    {"file:///x?y*", "file:///x"},
    {"file:///a\\*b", "file:///a\\*b"},
    {"file:///a%2Ab", "file:///a\\*b"},
    {"file:///a%5Cb", "file:///a/b"},
    {"file:///a\\\\b", "file:///a/b"},
    {"file:///%2*f", "file:///%2*f"},
    {"**/%252e%252e/**", "**/../**"},
    {"a/**/b", "a/**/b"},
};

TEST(ResourceUri, FoldsPatternsInTheSameWay) {
  for (const FoldCase& c : kFoldedPatterns) EXPECT_EQ(c.folded, FoldPattern(c.text)) << c.text;
}

// A URI that is taken as a pattern, its stars escaped, matches what it is folded to.
TEST(ResourceUri, PatternsAndUrisAreFoldedAlike) {
  for (const std::string_view uri : kNormal) {
    std::string pattern;
    for (const char c : uri) pattern.append(c == '*' ? "\\" : "").push_back(c);
    EXPECT_TRUE(GlobMatches(FoldPattern(pattern), Folded(uri))) << uri;
    EXPECT_EQ(Folded(uri), Folded(Folded(uri))) << uri;
  }
}

TEST(ResourceUri, AnyBytesAreJudgedAndFolded) {
  constexpr std::uint64_t kSeed = 20261130;
  SCOPED_TRACE("seed " + std::to_string(kSeed));
  test::Random random(kSeed);
  constexpr std::string_view kPieces[] = {"file://", "https://", "db:", "a",   "B", "/", "//",   ".",    "..", "%2F", "%2f", "%25",
                                          "%",       "@",        ":",   "443", "?", "#", "\\",   "xn--", "[",  "]",   "::1", "*",
                                          "**",      "%C3",      "%A9", ";",   "'", " ", "\xff", "{",    "\t", "%00", "%32"};
  int taken = 0, named = 0;
  for (int i = 0; i < 60'000; ++i) {
    std::string uri = random.Below(4) == 0 ? "" : std::string(kPieces[random.Below(3)]) + "a/";
    for (std::size_t n = random.Below(9); n > 0; --n) uri += kPieces[random.Below(std::size(kPieces))];
    const std::string normal = NormalUri(uri);
    ASSERT_EQ("", normal.empty() ? "" : UriFault(normal)) << uri << " gives " << normal;
    named += normal.empty() ? 0 : 1;
    FoldPattern(uri);
    if (!UriFault(uri).empty()) continue;
    ++taken;
    const std::string folded = Folded(uri);
    ASSERT_LE(folded.size(), uri.size());
    ASSERT_EQ(std::string::npos, folded.find('\\')) << uri;
  }
  EXPECT_GT(taken, 1'000);
  EXPECT_GT(named, taken);
}

TEST(ResourceUri, LongUrisTakeNoTime) {
  std::string nested = "file:///";
  for (int i = 0; i < 200'000; ++i) nested += "%25";
  EXPECT_EQ("", UriFault(nested));
  EXPECT_EQ(std::string("file:///") + std::string(200'000, '%'), Folded(nested));
  const std::string deep = "file:///%" + [] {
    std::string layers;
    for (int i = 0; i < 300'000; ++i) layers += "25";
    return layers;
  }() + "2F";
  EXPECT_EQ("is encoded twice", UriFault(deep));
  EXPECT_EQ("file:///%2F", NormalUri(deep));
}

}  // namespace
}  // namespace writ
