// What the registry client reads from outsiders' text: URLs, challenges, docker configs, addresses.
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "webhook/image/reference/image_reference.h"
#include "webhook/image/registry/address_guard.h"
#include "webhook/image/registry/challenge.h"
#include "webhook/image/registry/docker_config.h"
#include "webhook/image/registry/http_date.h"
#include "webhook/image/registry/url.h"

namespace writ::image {
namespace {

using testing::HasSubstr;

TEST(RetryAfter, ReadsSecondsAndDates) {
  struct Case {
    const char *retry_after, *date;
    long seconds;  // -1: nothing
  };
  const std::string now = "Sun, 06 Nov 1994 08:49:37 GMT";
  const Case cases[] = {
      {"2", "", 2},
      {" 120 ", "", 120},
      {"0", "", 0},
      {"999999", "", 86'400},
      {"9999999", "", -1},
      {"-1", "", -1},
      {"1.5", "", -1},
      {"", now.c_str(), -1},
      {"Sun, 06 Nov 1994 08:49:40 GMT", now.c_str(), 3},
      {"Mon, 07 Nov 1994 08:49:36 GMT", now.c_str(), 86'399},
      {"Fri, 01 Jan 9999 00:00:00 GMT", now.c_str(), 86'400},
      {"Sun, 06 Nov 1994 08:49:37 GMT", now.c_str(), -1},  // now is no wait that was meant
      {"Sat, 05 Nov 1994 08:49:37 GMT", now.c_str(), -1},
      {"Sun, 06 Nov 1994 08:49:40 GMT", "", -1},  // nothing to compare with
      {"Sun, 06 Nov 1994 08:49:40 GMT", "yesterday", -1},
      {"Sun, 06 Nov 1994 08:49:40 CET", now.c_str(), -1},
      {"Sunday, 06-Nov-94 08:49:40 GMT", now.c_str(), -1},
      {"Sun Nov  6 08:49:40 1994", now.c_str(), -1},
      {"Sun, 31 Feb 1995 08:49:40 GMT", now.c_str(), -1},
      {"Sun, 06 Foo 1995 08:49:40 GMT", now.c_str(), -1},
      {"Sun, 06 Nov 1995 24:49:40 GMT", now.c_str(), -1},
      {"Sun, 0x Nov 1995 08:49:40 GMT", now.c_str(), -1},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(std::string(c.retry_after) + " at " + c.date);
    const std::optional<std::chrono::seconds> wait = TryRetryAfter(c.retry_after, c.date);
    EXPECT_EQ(wait ? wait->count() : -1, c.seconds);
  }
}

TEST(Url, ReadsAbsoluteOnes) {
  struct Case {
    const char *text, *shown, *target;
    int port;
  };
  const Case cases[] = {
      {"https://auth.docker.io/token", "https://auth.docker.io/token", "/token", 443},
      {"HTTPS://Auth.Docker.io/token?x=secret", "https://auth.docker.io/token", "/token?x=secret", 443},
      {"https://cdn.example:8443/a/b?sig=1#part", "https://cdn.example:8443/a/b", "/a/b?sig=1", 8443},
      {"https://cdn.example", "https://cdn.example/", "/", 443},
      {"https://cdn.example:443?q", "https://cdn.example/", "/?q", 443},
      {"http://localhost:5000/v2/", "http://localhost:5000/v2/", "/v2/", 5000},
      {"http://localhost/v2/", "http://localhost/v2/", "/v2/", 80},
      {"http://[::1]:5000/v2/", "http://[::1]:5000/v2/", "/v2/", 5000},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.text);
    const Result<Url> url = ParseUrl(c.text);
    ASSERT_TRUE(url.ok()) << url.error().message;
    EXPECT_EQ(url->Text(), c.shown);
    EXPECT_EQ(url->target, c.target);
    EXPECT_EQ(url->endpoint.port, c.port);
  }
}

TEST(Url, RefusesOddOnes) {
  for (const std::string text : {"",
                                 "ftp://x/y",
                                 "file:///etc/passwd",
                                 "https:/x",
                                 "x/y",
                                 "//",
                                 "https://",
                                 "https://user@x/",
                                 "https://user:pw@x/",
                                 "https://x y/",
                                 "https://x/\r\nHost: y",
                                 "https://x\\@y/",
                                 "https://127.1/",
                                 "https://0x7f000001/",
                                 "https://2130706433/",
                                 "https://x:0/",
                                 "https://x:/",
                                 "http://x:443/",
                                 "https://[::1/",
                                 "https://x/\xC3\xA9",
                                 "gopher://x/",
                                 "data:text/plain,x",
                                 "https://x.:1/"}) {
    SCOPED_TRACE(text);
    EXPECT_FALSE(ParseUrl(text).ok());
  }
  EXPECT_FALSE(ParseUrl("https://x/" + std::string(9000, 'a')).ok());
  EXPECT_THAT(ParseUrl("https://user:secret@x/").error().message, testing::Not(HasSubstr("secret")));
}

TEST(Url, ResolvesRelativeOnes) {
  const Url base = *ParseUrl("https://r.example:5000/v2/a/referrers/x?n=1");
  const auto resolve = [&base](std::string_view text) {
    const Result<Url> url = ResolveUrl(base, text);
    return url ? std::string(SchemeName(url->endpoint.scheme)) + "://" + url->endpoint.HostText() + url->target : url.error().message;
  };
  EXPECT_EQ(resolve("/v2/b?n=2"), "https://r.example:5000/v2/b?n=2");
  EXPECT_EQ(resolve("?n=2"), "https://r.example:5000/v2/a/referrers/x?n=2");
  EXPECT_EQ(resolve("//other/x"), "https://other/x");
  EXPECT_EQ(resolve("http://other/x"), "http://other/x");
  EXPECT_THAT(resolve("b/c"), HasSubstr("expected https"));
}

std::string DumpOf(std::string_view header) {
  const Result<std::vector<Challenge>> challenges = ParseChallenges(header);
  if (!challenges) return "error: " + challenges.error().message;
  std::string out;
  for (const Challenge& challenge : *challenges) {
    out += challenge.scheme + "{";
    for (const auto& [name, value] : challenge.parameters) out += name + "=" + value + ";";
    out += "}";
  }
  return out;
}

TEST(Challenge, ReadsTheGrammar) {
  struct Case {
    const char *header, *dump;
  };
  const Case cases[] = {
      {R"(Bearer realm="https://a/t",service="s",scope="repository:a:pull,push")",
       "bearer{realm=https://a/t;scope=repository:a:pull,push;service=s;}"},
      {R"(bearer REALM="x")", "bearer{realm=x;}"},
      {R"(Basic realm="a, Bearer realm=b")", "basic{realm=a, Bearer realm=b;}"},
      {R"(Basic realm="r", Bearer realm="t",service=s)", "basic{realm=r;}bearer{realm=t;service=s;}"},
      {R"(Bearer realm="t", Basic)", "bearer{realm=t;}basic{}"},
      {"Basic", "basic{}"},
      {"Bearer realm=", "bearer{}"},  // a token68
      {"Negotiate, Basic realm=x", "negotiate{}basic{realm=x;}"},
      {"Negotiate a87421000492aa874209af8bc028==, Basic realm=x", "negotiate{}basic{realm=x;}"},
      {R"(Bearer realm = "t" , service = s)", "bearer{realm=t;service=s;}"},
      {R"(, ,Bearer realm="t",,service=s, ,)", "bearer{realm=t;service=s;}"},
      {R"(Bearer realm="a\"b\\c")", R"(bearer{realm=a"b\c;})"},
      {R"(Bearer realm="")", "bearer{realm=;}"},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.header);
    EXPECT_EQ(DumpOf(c.header), c.dump);
  }
}

TEST(Challenge, RefusesTheRest) {
  for (const std::string header : {R"()", R"( , )", R"(Bearer realm="t)", R"(Bearer realm="t\)", R"(Bearer realm="a" service="b")",
                                   R"(Bearer realm="a",realm="b")", R"(Bearer realm="a",REALM="b")", R"("Bearer")", R"(=x)",
                                   R"(Bearer realm="a"x)", "Bearer realm=\"a\r\nb\"", R"(Bearer/1 realm="x")"}) {
    SCOPED_TRACE(header);
    EXPECT_THAT(DumpOf(header), HasSubstr("error: "));
  }
  std::string many;
  for (int i = 0; i < 20; ++i) many += "Basic realm=x,";
  EXPECT_THAT(DumpOf(many), HasSubstr("too many challenges"));
  many = "Basic ";
  for (int i = 0; i < 20; ++i) many += "p" + std::to_string(i) + "=x,";
  EXPECT_THAT(DumpOf(many), HasSubstr("too many parameters"));
}

std::string UserFor(const DockerConfig& config, std::string_view image) {
  const ImageReference reference = *ParseImageReference(image);
  const std::optional<Credential> credential = config.TryFind(reference.registry, reference.repository);
  return credential ? credential->user + "/" + credential->password + credential->bearer : "-";
}

TEST(DockerConfig, TheLongestFittingEntryWins) {
  const Result<DockerConfig> config = ReadDockerConfig(R"({"auths":{
    "https://index.docker.io/v1/": {"auth":"aHViOnB3"},
    "ghcr.io": {"username":"host","password":"p:w"},
    "ghcr.io/acme": {"auth":"YWNtZTpwdw=="},
    "https://ghcr.io/acme/app/": {"auth":"YXBwOnB3"},
    "localhost:5000": {"auth":"bG9jYWw6cHc="},
    "*.example.com": {"username":"star","password":"pw"},
    "a.example.com": {"username":"a","password":"pw"},
    "token.example": {"registrytoken":"abc"},
    "identity.example": {"auth":"eDp5","identitytoken":"t"},
    "empty.example": {}
  }, "HttpHeaders": {}, "credsStore": "desktop"})",
                                                       "config.json");
  ASSERT_TRUE(config.ok()) << config.error().message;
  struct Case {
    const char *image, *user;
  };
  const Case cases[] = {
      {"nginx", "hub/pw"},
      {"docker.io/acme/app", "hub/pw"},
      {"ghcr.io/other/app", "host/p:w"},
      {"ghcr.io/acme/tool", "acme/pw"},
      {"ghcr.io/acme/app", "app/pw"},
      {"ghcr.io/acme/app/sub", "app/pw"},
      {"ghcr.io/acme/apple", "acme/pw"},
      {"ghcr.io/acmeevil/app", "host/p:w"},
      {"GHCR.IO:443/acme/app", "app/pw"},
      {"ghcr.io:8443/acme/app", "-"},
      {"localhost:5000/x", "local/pw"},
      {"localhost:5001/x", "-"},
      {"b.example.com/x", "star/pw"},
      {"a.example.com/x", "a/pw"},
      {"a.b.example.com/x", "-"},
      {"example.com/x", "-"},
      {"evilexample.com/x", "-"},
      {"token.example/x", "/abc"},
      {"identity.example/x", "x/y"},
      {"empty.example/x", "-"},
      {"ghcr.io.evil.example/acme/app", "-"},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.image);
    EXPECT_EQ(UserFor(*config, c.image), c.user);
  }
}

TEST(DockerConfig, HelpersAreNotRunAndSaidSo) {
  const DockerConfig store = *ReadDockerConfig(R"({"auths":{"a.io":{}},"credsStore":"desktop"})", "config.json");
  const HostPort a = *ParseHostPort("a.io");
  const HostPort b = *ParseHostPort("b.io");
  EXPECT_FALSE(store.TryFind(a, "x"));
  EXPECT_EQ(store.WhyNone(a),
            "; `credsStore` of config.json names a program that knows credentials, and none is ever run: put the credential of a.io into "
            "`auths`, as `docker login` does where no helper is configured");
  const DockerConfig helpers = *ReadDockerConfig(R"({"credHelpers":{"a.io":"gcloud","":"x"}})", "config.json");
  EXPECT_THAT(helpers.WhyNone(a), HasSubstr("; `credHelpers` of config.json names a program"));
  EXPECT_EQ(helpers.WhyNone(b), "");
  EXPECT_EQ(ReadDockerConfig(R"({"credsStore":"","credHelpers":[]})", "config.json")->WhyNone(a), "");
}

TEST(DockerConfig, WritesAuthorization) {
  EXPECT_EQ((Credential{.user = "Aladdin", .password = "open sesame"}.Authorization()), "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==");
  EXPECT_EQ((Credential{.bearer = "abc"}.Authorization()), "Bearer abc");
  EXPECT_NE((Credential{.user = "a", .password = "b"}.Key()), (Credential{.user = "ab", .password = ""}.Key()));
}

TEST(DockerConfig, MergeKeepsWhatIsThere) {
  DockerConfig mine = *ReadDockerConfig(R"({"auths":{"a.io":{"username":"mine","password":"x"}}})", "a");
  mine.Merge(*ReadDockerConfig(R"({"auths":{"a.io":{"username":"other","password":"x"},"b.io":{"username":"b","password":"x"}}})", "b"));
  EXPECT_EQ(UserFor(mine, "a.io/x"), "mine/x");
  EXPECT_EQ(UserFor(mine, "b.io/x"), "b/x");
}

TEST(DockerConfig, RefusalsNameThePlaceAndShowNoSecret) {
  struct Case {
    const char *text, *part_of_message;
  };
  const Case cases[] = {
      {"", "is not the JSON"},
      {"hunter2", "is not the JSON"},
      {R"(["hunter2"])", "is not the JSON object"},
      {R"({"auths":"hunter2"})", "`auths` is no object"},
      {R"({"auths":{"a.io":"hunter2"}})", "auths[`a.io`] is no object"},
      {R"({"auths":{"a b":{}}})", "auths[`a b`] names no registry"},
      {R"({"auths":{"a.io":{"auth":"hunter2"}}})", "auths[`a.io`].auth is not the base64"},
      {R"({"auths":{"a.io":{"auth":"aHVudGVyMg=="}}})", "auths[`a.io`].auth is not the base64"},
      {R"({"auths":{"a.io":{"auth":" aHVudGVyMg="}}})", "auths[`a.io`].auth is not the base64"},
      {R"({"auths":{"a.io":{"username":"x","password":"hunter2\r\nX: y"}}})", "control character"},
      {R"({"auths":{"a.io":{"username":"hunter2","username":"x"}}})", "is not the JSON"},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.text);
    const Result<DockerConfig> config = ReadDockerConfig(c.text, "secret team/pull");
    ASSERT_FALSE(config.ok());
    EXPECT_THAT(config.error().message, HasSubstr(c.part_of_message));
    EXPECT_THAT(config.error().message, HasSubstr("secret team/pull"));
    EXPECT_THAT(config.error().message, testing::Not(HasSubstr("hunter2")));
  }
}

TEST(AddressGuard, KnowsInternalAddresses) {
  for (const char* address : {"127.0.0.1",
                              "127.255.255.255",
                              "0.0.0.0",
                              "0.1.2.3",
                              "169.254.169.254",
                              "169.254.0.1",
                              "192.0.0.192",
                              "224.0.0.1",
                              "255.255.255.255",
                              "100.100.100.200",
                              "168.63.129.16",
                              "::",
                              "::1",
                              "::7f00:1",
                              "::ffff:127.0.0.1",
                              "::ffff:169.254.169.254",
                              "fe80::1",
                              "febf::1",
                              "fec0::1",
                              "ff02::1",
                              "fd00:ec2::254",
                              "fd20:ce::254",
                              "64:ff9b::7f00:1",
                              "64:ff9b::a9fe:a9fe",
                              "2002:7f00:1::",
                              "2002:a9fe:a9fe::1",
                              "",
                              "name",
                              "127.1"}) {
    SCOPED_TRACE(address);
    EXPECT_TRUE(IsInternalAddress(address));
  }
  for (const char* address : {"1.1.1.1", "10.0.0.1", "172.16.0.1", "192.168.1.1", "100.64.0.1", "168.63.129.17", "126.255.255.255",
                              "128.0.0.1", "2606:4700::1", "fd00::1", "::ffff:10.0.0.1", "64:ff9b::808:808", "2002:808:808::1"}) {
    SCOPED_TRACE(address);
    EXPECT_FALSE(IsInternalAddress(address));
  }
  EXPECT_TRUE(NamesMachine("localhost"));
  EXPECT_TRUE(NamesMachine("x.localhost"));
  EXPECT_TRUE(NamesMachine("127.0.0.1"));
  EXPECT_TRUE(NamesMachine("::1"));
  EXPECT_FALSE(NamesMachine("notlocalhost"));
}

}  // namespace
}  // namespace writ::image
