// Requests and replies as values.
#include "webhook/http/message.h"

#include <gtest/gtest.h>

namespace writ::server::http {
namespace {

TEST(HttpMessage, FindsHeadersAndParameters) {
  HttpRequest request;
  request.headers = {{"Content-Type", "application/json"}, {"X-A", "1"}, {"x-a", "2"}};
  request.query = "a=1&timeout=5s&b&timeout=9s";
  EXPECT_EQ("application/json", request.TryHeader("content-type").value_or("none"));
  EXPECT_EQ("1", request.TryHeader("X-a").value_or("none"));
  EXPECT_EQ(std::nullopt, request.TryHeader("x"));
  EXPECT_EQ("5s", request.TryParameter("timeout").value_or("none"));
  EXPECT_EQ("", request.TryParameter("b").value_or("none"));
  EXPECT_EQ(std::nullopt, request.TryParameter("tim"));
}

TEST(HttpMessage, ErrorRepliesAreJsonWhateverTheText) {
  EXPECT_EQ("{\"error\":{\"status\":404,\"reason\":\"not_found\",\"message\":\"no \\\"x\\\"\\n\"}}\n", ErrorReply(404, "no \"x\"\n").body);
  EXPECT_EQ("{\"error\":{\"status\":400,\"reason\":\"bad_request\",\"message\":\"\xEF\xBF\xBD\"}}\n", ErrorReply(400, "\xFF").body);
  EXPECT_LT(ErrorReply(400, std::string(100'000, 'x')).body.size(), 2'200U);
}

TEST(HttpMessage, HeadsCarryNoForeignLines) {
  HttpReply reply{.status = 405, .body = "abc", .headers = {{"Allow", "POST"}, {"X", "a\r\nSet-Cookie: b"}}};
  EXPECT_EQ(
      "HTTP/1.1 405 Method Not Allowed\r\nDate: Thu, 01 Jan 1970 00:00:00 GMT\r\nContent-Type: application/json\r\nContent-Length: 3\r\n"
      "Allow: POST\r\nConnection: close\r\n\r\n",
      SerializeHead(reply, HttpDate(0), true));
  EXPECT_EQ("Sun, 06 Nov 1994 08:49:37 GMT", HttpDate(784111777));
}

TEST(HttpMessage, ReadsTimeoutsAsGoWritesThem) {
  struct Case {
    std::string_view text;
    long millis;  // -1 = not one
  };
  constexpr Case kCases[] = {{"5s", 5'000},
                             {"10", 10'000},
                             {"500ms", 500},
                             {"1m", 60'000},
                             {"1m30s", 90'000},
                             {"1.5s", 1'500},
                             {"0.5", 500},
                             {"1h", 3'600'000},
                             {"1us", -1},
                             {"2h", -1},
                             {"0s", -1},
                             {"", -1},
                             {"-5s", -1},
                             {"5 s", -1},
                             {"5x", -1},
                             {"s", -1},
                             {"99999999999999999999s", -1},
                             {"1.2.3s", -1},
                             {"1m30", -1},
                             {"30s1", -1},
                             {"1500us", 1},
                             {".5s", 500},
                             {"3600s", 3'600'000},
                             {"3601s", -1}};
  for (const Case& c : kCases) {
    SCOPED_TRACE(c.text);
    const auto time = TryParseTimeout(c.text);
    EXPECT_EQ(c.millis, time ? time->count() : -1);
  }
}

TEST(HttpMessage, AnswersWithinFourFifthsOfTheTimeout) {
  using std::chrono::milliseconds;
  HttpRequest request;
  EXPECT_EQ(milliseconds(20'000), AnswerTime(request, milliseconds(20'000)));
  request.query = "timeout=5s";
  EXPECT_EQ(milliseconds(4'000), AnswerTime(request, milliseconds(20'000)));
  request.query = "timeout=30s";
  EXPECT_EQ(milliseconds(20'000), AnswerTime(request, milliseconds(20'000)));
  request.query = "timeout=soon";
  EXPECT_EQ(milliseconds(20'000), AnswerTime(request, milliseconds(20'000)));
}

}  // namespace
}  // namespace writ::server::http
