// The server over real loopback sockets, with handlers made for the occasion. Times are short where a limit must pass and long where
// it must not; nothing is measured.
#include "webhook/http/server.h"

#include <atomic>
#include <condition_variable>
#include <mutex>
#include <stdexcept>
#include <thread>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/webhook/test_client.h"

namespace writ::server::http {
namespace {

using std::chrono::milliseconds;
using test::Client;
using test::Reply;
using test::TempFolder;
using testing::HasSubstr;

HttpReply Echo(const HttpRequest& request) {
  return HttpReply{.body = std::string(request.method) + " " + std::string(request.path) + "?" + std::string(request.query) + " " +
                           std::to_string(request.body.size())};
}

// A door that handlers wait at.
class Gate {
 public:
  void Open() {
    const std::lock_guard lock(mutex_);
    open_ = true;
    changed_.notify_all();
  }
  void Wait() {
    std::unique_lock lock(mutex_);
    ++waiting_;
    changed_.notify_all();
    changed_.wait(lock, [this] { return open_; });
  }
  void AwaitWaiting(int count) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this, count] { return waiting_ >= count; });
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  bool open_ = false;
  int waiting_ = 0;
};

std::unique_ptr<Server> MustStart(ServerOptions options, Handler handler = Echo) {
  if (options.tls.cert_file.empty()) options.transport = Transport::kPlain;
  Result<std::unique_ptr<Server>> server = Server::Start(options, std::move(handler));
  if (!server) ADD_FAILURE() << server.error().message;
  return server ? std::move(*server) : nullptr;
}

// One worker: the handler that resumes itself ends only because the other request is answered in between.
TEST(HttpServer, AHandlerThatResumesLeavesItsWorkerToOthers) {
  std::atomic<bool> answered = false;
  std::atomic<int> turns = 0;
  Handler go_on = [&](const HttpRequest& request) -> HttpReply {
    if (request.path == "/short") {
      answered = true;
      return Echo(request);
    }
    ++turns;
    if (!answered) return HttpReply{.body = "not this", .resume = go_on};
    return HttpReply{.body = "long " + std::string(request.body)};
  };
  const auto server = MustStart({.workers = 1, .heavy_requests = 1}, [&](const HttpRequest& request) { return go_on(request); });
  Client slow(server->port());
  slow.Send("POST /long HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc");
  Client quick(server->port());
  EXPECT_EQ("GET /short? 0", quick.Call("GET", "/short").body);
  EXPECT_EQ("long abc", slow.Read().body);
  EXPECT_GE(turns, 1);
}

TEST(HttpServer, KeepsAConnectionForManyRequests) {
  const auto server = MustStart({});
  Client client(server->port());
  EXPECT_EQ("GET /a? 0", client.Call("GET", "/a").body);
  EXPECT_EQ("POST /b?x=1 3", client.Call("POST", "/b?x=1", "abc").body);
  const Reply last = client.Call("GET", "/c", "", "Connection: close\r\n");
  EXPECT_EQ("close", last.headers.at("connection"));
  EXPECT_TRUE(client.ReadEnd());
}

TEST(HttpServer, AnswersPipelinedRequestsInOrder) {
  const auto server = MustStart({});
  Client client(server->port());
  std::string requests;
  for (int i = 0; i < 20; ++i) { requests += "POST /" + std::to_string(i) + " HTTP/1.1\r\nHost: t\r\nContent-Length: 2\r\n\r\nab"; }
  ASSERT_TRUE(client.Send(requests));
  for (int i = 0; i < 20; ++i) EXPECT_EQ("POST /" + std::to_string(i) + "? 2", client.Read().body);
}

TEST(HttpServer, ReadsChunkedBodiesAndAbsoluteTargets) {
  const auto server = MustStart({});
  Client client(server->port());
  ASSERT_TRUE(client.Send("POST http://t/p?q HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n"));
  EXPECT_EQ("POST /p?q 5", client.Read().body);
}

TEST(HttpServer, HeadHasTheLengthAndNoBody) {
  const auto server = MustStart({});
  Client client(server->port());
  const Reply reply = client.Call("HEAD", "/h");
  EXPECT_EQ(200, reply.status);
  EXPECT_EQ("10", reply.headers.at("content-length"));
  EXPECT_EQ("GET /next? 0", client.Call("GET", "/next").body);
}

TEST(HttpServer, Http10ClosesByDefault) {
  const auto server = MustStart({});
  Client client(server->port());
  ASSERT_TRUE(client.Send("GET /old HTTP/1.0\r\n\r\n"));
  EXPECT_EQ("GET /old? 0", client.Read().body);
  EXPECT_TRUE(client.ReadEnd());
}

TEST(HttpServer, RefusesWhatIsNotHttp) {
  struct Case {
    std::string_view name, bytes;
    int status;
  };
  const std::string long_header = "GET / HTTP/1.1\r\nHost: t\r\nX: " + std::string(40'000, 'x') + "\r\n\r\n";
  std::string many_headers = "GET / HTTP/1.1\r\nHost: t\r\n";
  for (int i = 0; i < 101; ++i) many_headers += "X-" + std::to_string(i) + ": 1\r\n";
  many_headers += "\r\n";
  const std::string endless_extension = "POST / HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked\r\n\r\n1;x=" + std::string(100'000, 'x');
  const Case cases[] = {
      {"noise", "\x01\x02\x03 hello\r\n\r\n", 400},
      {"no host", "GET / HTTP/1.1\r\n\r\n", 400},
      {"two hosts", "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400},
      {"length and chunks", "POST / HTTP/1.1\r\nHost: t\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400},
      {"coding that is not chunked", "POST / HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: gzip\r\n\r\nabc", 400},
      {"a coding before chunked", "POST / HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", 501},
      {"codings in two headers", "POST / HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
       501},
      {"identity before chunked", "POST / HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: identity, Chunked\r\n\r\n0\r\n\r\n", 501},
      {"chunked with a parameter", "POST / HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked;q=1\r\n\r\n0\r\n\r\n", 400},
      {"chunked and then a coding", "POST / HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked, gzip\r\n\r\n0\r\n\r\n", 400},
      {"chunks in HTTP/1.0", "POST / HTTP/1.0\r\nConnection: keep-alive\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400},
      {"a chunk extension without end", endless_extension, 400},
      {"two lengths", "POST / HTTP/1.1\r\nHost: t\r\nContent-Length: 3\r\nContent-Length: 3\r\n\r\nabc", 400},
      {"two different lengths", "POST / HTTP/1.1\r\nHost: t\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabcd", 400},
      {"negative length", "POST / HTTP/1.1\r\nHost: t\r\nContent-Length: -3\r\n\r\nabc", 400},
      {"a list of lengths", "POST / HTTP/1.1\r\nHost: t\r\nContent-Length: 3, 3\r\n\r\nabc", 400},
      {"a length with a zero before it", "POST / HTTP/1.1\r\nHost: t\r\nContent-Length: 03\r\n\r\nabc", 400},
      {"two zeros as a length", "POST / HTTP/1.1\r\nHost: t\r\nContent-Length: 00\r\n\r\n", 400},
      {"a length with a sign", "POST / HTTP/1.1\r\nHost: t\r\nContent-Length: +3\r\n\r\nabc", 400},
      {"a field over two lines", "POST / HTTP/1.1\r\nHost: t\r\nX: a\r\n b\r\nContent-Length: 3\r\n\r\nabc", 400},
      {"a field over two lines, with a tab", "POST / HTTP/1.1\r\nHost: t\r\nX: a\r\n\tb: c\r\n\r\n", 400},
      {"a folded length", "POST / HTTP/1.1\r\nHost: t\r\nContent-Length:\r\n 3\r\n\r\nabc", 400},
      {"a folded first line", "POST / HTTP/1.1\r\n Host: t\r\n\r\n", 400},
      {"an empty line first", "\r\n\r\nPOST / HTTP/1.1\r\nHost: t\r\nX: a\r\n b\r\n\r\n", 400},
      {"bad chunk", "POST / HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", 400},
      {"HTTP/2 preface", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505},
      {"a header line that is none", "GET / HTTP/1.1\r\nHost: t\r\nno colon\r\n\r\n", 400},
      {"unknown expectation", "POST / HTTP/1.1\r\nHost: t\r\nExpect: cake\r\nContent-Length: 1\r\n\r\na", 417},
      {"body beyond the limit", "POST / HTTP/1.1\r\nHost: t\r\nContent-Length: 9000000\r\n\r\n", 413},
      {"long header", long_header, 431},
      {"many headers", many_headers, 431},
  };
  const auto server = MustStart({});
  for (const Case& c : cases) {
    SCOPED_TRACE(c.name);
    Client client(server->port());
    ASSERT_TRUE(client.Send(c.bytes));
    Reply reply = client.Read();
    EXPECT_EQ(c.status, reply.status) << reply.body;
    EXPECT_THAT(reply.body, HasSubstr("{\"error\":{\"status\":" + std::to_string(c.status)));
    EXPECT_EQ("close", reply.headers["connection"]);
    EXPECT_TRUE(client.ReadEnd());
  }
}

TEST(HttpServer, RefusesAChunkedBodyBeyondTheLimitAndSaysSo) {
  const auto server = MustStart({.limits = {.max_body_bytes = 1'000}});
  Client client(server->port());
  std::string request = "POST / HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked\r\n\r\n";
  for (int i = 0; i < 100; ++i) request += "64\r\n" + std::string(100, 'x') + "\r\n";
  ASSERT_TRUE(client.Send(request));
  EXPECT_EQ(413, client.Read().status);
  EXPECT_TRUE(client.ReadEnd());
}

// As urllib does: the whole body first, then the reply.
TEST(HttpServer, AClientThatSendsAllBeforeItReadsGetsTheReply) {
  ServerOptions options;
  options.head_handler = [](const HttpRequest& request) -> std::optional<HttpReply> {
    if (request.path == "/no") return ErrorReply(404, "no");
    return std::nullopt;
  };
  const auto server = MustStart(options);
  Client too_long(server->port());
  EXPECT_EQ(413, too_long.Call("POST", "/", std::string(12'000'000, 'x')).status);
  EXPECT_TRUE(too_long.ReadEnd());
  Client nowhere(server->port());
  EXPECT_EQ(404, nowhere.Call("POST", "/no", std::string(8'000'000, 'x')).status);
  EXPECT_TRUE(nowhere.ReadEnd());
}

TEST(HttpServer, SaysContinueBeforeABody) {
  const auto server = MustStart({});
  Client client(server->port());
  ASSERT_TRUE(client.Send("POST /e HTTP/1.1\r\nHost: t\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n"));
  EXPECT_EQ(100, client.Read().status);
  ASSERT_TRUE(client.Send("abc"));
  EXPECT_EQ("POST /e? 3", client.Read().body);
}

TEST(HttpServer, AnswersFromTheHeadWithoutTheBody) {
  ServerOptions options;
  options.head_handler = [](const HttpRequest& request) -> std::optional<HttpReply> {
    if (request.path == "/boom") throw std::runtime_error("boom");
    if (request.path == "/no") return ErrorReply(404, "no");
    return std::nullopt;
  };
  const auto server = MustStart(options);
  Client client(server->port());
  ASSERT_TRUE(client.Send("POST /no HTTP/1.1\r\nHost: t\r\nExpect: 100-continue\r\nContent-Length: 300000\r\n\r\n"));
  EXPECT_EQ(404, client.Read().status);
  EXPECT_TRUE(client.ReadEnd());
  EXPECT_EQ(500, Client(server->port()).Call("GET", "/boom").status);
  EXPECT_EQ(200, Client(server->port()).Call("GET", "/yes").status);
}

TEST(HttpServer, AnExceptionIsA500AndNothingOfItLeaks) {
  const auto server = MustStart({}, [](const HttpRequest& request) -> HttpReply {
    if (request.path == "/int") throw 7;
    throw std::runtime_error("secret detail");
  });
  Client client(server->port());
  const Reply reply = client.Call("GET", "/");
  EXPECT_EQ(500, reply.status);
  EXPECT_THAT(reply.body, testing::Not(HasSubstr("secret")));
  EXPECT_EQ(500, client.Call("GET", "/int").status);
}

TEST(HttpServer, AnswersTooLateWithoutWaitingForTheHandler) {
  Gate gate;
  const auto server = MustStart({.limits = {.handler_timeout = milliseconds(50)}}, [&gate](const HttpRequest&) {
    gate.Wait();
    return HttpReply{.body = "allowed"};
  });
  Client client(server->port());
  const Reply reply = client.Call("POST", "/admission", "{}");
  EXPECT_EQ(500, reply.status);
  EXPECT_THAT(reply.body, HasSubstr("no decision within the time"));
  const Reply again = Client(server->port()).Call("POST", "/admission?timeout=60ms", "{}");
  EXPECT_EQ(500, again.status);
  gate.Open();
}

TEST(HttpServer, ARequestThatWaitedTooLongIsNotBegun) {
  Gate gate;
  std::atomic<int> begun{0};
  const auto server = MustStart({.workers = 1}, [&](const HttpRequest& request) {
    ++begun;
    if (request.path == "/block") gate.Wait();
    return HttpReply{};
  });
  Client blocker(server->port());
  ASSERT_TRUE(blocker.Send("GET /block HTTP/1.1\r\nHost: t\r\n\r\n"));
  gate.AwaitWaiting(1);
  EXPECT_EQ(500, Client(server->port()).Call("GET", "/late?timeout=50ms").status);
  gate.Open();
  EXPECT_EQ(200, blocker.Read().status);
  EXPECT_EQ(200, Client(server->port()).Call("GET", "/fine").status);
  EXPECT_EQ(2, begun);
}

TEST(HttpServer, DropsSlowClients) {
  const auto server =
      MustStart({.limits = {.idle_timeout = milliseconds(100), .header_timeout = milliseconds(100), .body_timeout = milliseconds(100)}});
  Client slow_head(server->port());
  ASSERT_TRUE(slow_head.Send("GET / HTTP/1.1\r\nHost: t\r\nX-Slow:"));
  EXPECT_EQ(408, slow_head.Read().status);
  EXPECT_TRUE(slow_head.ReadEnd());
  Client slow_body(server->port());
  ASSERT_TRUE(slow_body.Send("POST / HTTP/1.1\r\nHost: t\r\nContent-Length: 10\r\n\r\nab"));
  EXPECT_EQ(408, slow_body.Read().status);
  EXPECT_TRUE(slow_body.ReadEnd());
  Client silent(server->port());
  EXPECT_TRUE(silent.ReadEnd());
  Client idle(server->port());
  EXPECT_EQ(200, idle.Call("GET", "/").status);
  EXPECT_TRUE(idle.ReadEnd());
  EXPECT_TRUE(test::Eventually([&] { return server->open_connections() == 0; }));
}

TEST(HttpServer, DropsAClientThatSendsAByteAtATime) {
  const auto server = MustStart({.limits = {.header_timeout = milliseconds(200)}});
  Client client(server->port());
  std::string_view request = "GET / HTTP/1.1\r\nHost: t\r\nX: ";
  ASSERT_TRUE(client.Send(request));
  std::thread dripping([&client] {
    while (client.Send("x")) std::this_thread::sleep_for(milliseconds(10));
  });
  EXPECT_TRUE(test::Eventually([&] { return server->open_connections() == 0; }));
  dripping.join();
}

TEST(HttpServer, DropsAClientThatDoesNotRead) {
  const auto server = MustStart({.limits = {.write_timeout = milliseconds(200)}},
                                [](const HttpRequest&) { return HttpReply{.body = std::string(64 * 1024 * 1024, 'x')}; });
  Client client(server->port());
  ASSERT_TRUE(client.Send("GET / HTTP/1.1\r\nHost: t\r\n\r\n"));
  EXPECT_TRUE(test::Eventually([&] { return server->open_connections() == 1; }));
  EXPECT_TRUE(test::Eventually([&] { return server->open_connections() == 0; }));
}

TEST(HttpServer, AFoldIsNoMatterInABody) {
  const auto server = MustStart({});
  EXPECT_EQ("POST /? 8", Client(server->port()).Call("POST", "/", "a\r\n b\r\n\t").body);
  EXPECT_EQ("POST /? 0", Client(server->port()).Call("POST", "/").body);
}

TEST(HttpServer, TellsConnectionsBeyondTheMaximumToComeLater) {
  std::atomic<int> rejected{0};
  Gate gate;
  ServerOptions options{.limits = {.max_connections = 2, .max_connections_per_peer = 2}};
  options.events.on_rejected_connection = [&rejected] { ++rejected; };
  const auto server = MustStart(options, [&gate](const HttpRequest& request) {
    gate.Wait();
    return Echo(request);
  });
  Client first(server->port());
  Client second(server->port());
  ASSERT_TRUE(first.Send("GET / HTTP/1.1\r\nHost: t\r\n\r\n") && second.Send("GET / HTTP/1.1\r\nHost: t\r\n\r\n"));
  gate.AwaitWaiting(2);  // both are busy: nobody can make room
  Reply reply = Client(server->port()).Call("GET", "/");
  EXPECT_EQ(503, reply.status);
  EXPECT_EQ("1", reply.headers["retry-after"]);
  EXPECT_EQ(1, rejected);
  gate.Open();
  EXPECT_EQ(200, first.Read().status);
  EXPECT_EQ(200, second.Read().status);
}

TEST(HttpServer, TheLongestIdleConnectionMakesRoom) {
  std::atomic<int> evicted{0};
  std::string log;
  Logger logger(LogLevel::kWarn, SystemClock(), [&log](std::string_view line) { log += line; });
  ServerOptions options{.limits = {.max_connections = 2, .max_connections_per_peer = 2}, .logger = &logger};
  options.events.on_evicted_connection = [&evicted] { ++evicted; };
  {
    const auto server = MustStart(options);
    Client first(server->port());
    Client second(server->port());
    EXPECT_EQ(200, first.Call("GET", "/").status);
    EXPECT_EQ(200, second.Call("GET", "/").status);
    EXPECT_EQ(200, Client(server->port()).Call("GET", "/").status);
    EXPECT_TRUE(first.ReadEnd());
    EXPECT_EQ(200, second.Call("GET", "/").status);
    EXPECT_EQ(1, evicted);
    EXPECT_EQ(1U, server->pressure().evicted);
  }
  EXPECT_THAT(log, HasSubstr("connections are short"));
  EXPECT_THAT(log, HasSubstr("\"busiest\":\"127.0.0.1\""));
}

TEST(HttpServer, SilentConnectionsKeepNobodyOut) {
  const auto server = MustStart({.limits = {.max_connections = 16}});
  std::vector<std::unique_ptr<Client>> silent;
  for (int i = 0; i < 100; ++i) {
    silent.push_back(std::make_unique<Client>(server->port()));
    ASSERT_TRUE(silent.back()->connected());
    if (i % 10 == 9) { EXPECT_EQ(200, Client(server->port()).Call("GET", "/").status) << i; }
  }
  EXPECT_GE(server->pressure().evicted, 84U);
  EXPECT_LE(server->pressure().served, 16U);
}

TEST(HttpServer, AConnectionHasLittleTimeForItsFirstByte) {
  const auto server = MustStart({.limits = {.first_byte_timeout = milliseconds(50)}});
  EXPECT_TRUE(Client(server->port()).ReadEnd());  // long before idle_timeout, and before the client gives up
  Client used(server->port());
  EXPECT_EQ(200, used.Call("GET", "/").status);
  EXPECT_TRUE(Client(server->port()).ReadEnd());  // as long as that takes
  EXPECT_EQ(200, used.Call("GET", "/").status);
}

TEST(HttpServer, RefusesBodiesThatTogetherTakeTooMuch) {
  Gate gate;
  const auto server = MustStart({.limits = {.max_body_bytes = 1'000, .max_bodies_bytes = 1'500}}, [&gate](const HttpRequest& request) {
    if (request.path == "/wait") gate.Wait();
    return Echo(request);
  });
  const auto status_of = [&server](std::size_t bytes) { return Client(server->port()).Call("POST", "/", std::string(bytes, 'x')).status; };
  Client first(server->port());
  ASSERT_TRUE(first.Send("POST /wait HTTP/1.1\r\nHost: t\r\nContent-Length: 900\r\n\r\n" + std::string(900, 'x')));
  gate.AwaitWaiting(1);
  EXPECT_EQ(503, status_of(700));
  EXPECT_EQ(200, status_of(500));
  gate.Open();
  EXPECT_EQ(200, first.Read().status);
  EXPECT_EQ(200, status_of(700)) << "a body that was handled takes no room, even while its connection is kept";
}

TEST(HttpServer, WhatClientsAnnounceTakesNoRoomFromOthers) {
  const auto server = MustStart({.limits = {.max_body_bytes = 100'000, .max_bodies_bytes = 200'000}});
  std::vector<std::unique_ptr<Client>> slow;
  for (int i = 0; i < 20; ++i) {
    slow.push_back(std::make_unique<Client>(server->port()));
    const char* length = i % 2 == 0 ? "Content-Length: 100000\r\n\r\n{" : "Transfer-Encoding: chunked\r\n\r\n1\r\n{";
    ASSERT_TRUE(slow.back()->Send("POST / HTTP/1.1\r\nHost: t\r\nExpect: 100-continue\r\n" + std::string(length)));
  }
  EXPECT_TRUE(test::Eventually([&] { return server->open_connections() == 20; }));
  for (int i = 0; i < 10; ++i) EXPECT_EQ(200, Client(server->port()).Call("POST", "/", std::string(50'000, 'x')).status);
  for (int i = 1; i < 20; i += 2) {
    ASSERT_TRUE(slow.at(static_cast<std::size_t>(i))->Send("\r\n0\r\n\r\n"));
    EXPECT_EQ("POST /? 1", slow.at(static_cast<std::size_t>(i))->Read().body);
  }
}

TEST(HttpServer, EndsConnectionsAfterTheirShare) {
  const auto by_count = MustStart({.limits = {.max_requests_per_connection = 2}});
  Client client(by_count->port());
  EXPECT_EQ("keep-alive", client.Call("GET", "/").headers["connection"]);
  EXPECT_EQ("close", client.Call("GET", "/").headers["connection"]);
  EXPECT_TRUE(client.ReadEnd());
  const auto by_age = MustStart({.limits = {.max_connection_age = milliseconds(1)}});
  Client old(by_age->port());
  EXPECT_TRUE(test::Eventually([&] { return by_age->open_connections() == 1; }));
  std::this_thread::sleep_for(milliseconds(5));
  EXPECT_EQ("close", old.Call("GET", "/").headers["connection"]);
}

TEST(HttpServer, AHalfOpenClientIsServedOrDropped) {
  const auto server = MustStart({.limits = {.idle_timeout = milliseconds(100), .header_timeout = milliseconds(100)}});
  { Client gone(server->port()); }  // connects and leaves
  {
    Client cut(server->port());
    ASSERT_TRUE(cut.Send("POST / HTTP/1.1\r\nHost: t\r\nContent-Length: 100\r\n\r\nhalf a"));
  }
  EXPECT_TRUE(test::Eventually([&] { return server->open_connections() == 0; }));
  EXPECT_EQ(200, Client(server->port()).Call("GET", "/").status);
}

TEST(HttpServer, RefusesUnusableOptions) {
  EXPECT_EQ("every limit of the server must be positive",
            Server::Start({.transport = Transport::kPlain, .limits = {.max_body_bytes = 0}}, Echo).error().message);
  EXPECT_EQ(ErrorCode::kInvalidArgument,
            Server::Start({.host = "no.such.host.invalid", .transport = Transport::kPlain}, Echo).error().code);
  const auto server = MustStart({});
  const auto taken = Server::Start({.port = server->port(), .transport = Transport::kPlain}, Echo);
  ASSERT_FALSE(taken);
  EXPECT_THAT(taken.error().message, HasSubstr("cannot listen on 127.0.0.1:"));
  EXPECT_EQ("no certificate file given", Server::Start({}, Echo).error().message);
}

TEST(HttpServerDrain, FinishesWhatIsUnderWayAndClosesTheRest) {
  Gate gate;
  const auto server = MustStart({}, [&gate](const HttpRequest& request) {
    if (request.path == "/slow") gate.Wait();
    return Echo(request);
  });
  Client idle(server->port());
  EXPECT_EQ("keep-alive", idle.Call("GET", "/").headers["connection"]);
  Client slow(server->port());
  ASSERT_TRUE(slow.Send("GET /slow HTTP/1.1\r\nHost: t\r\n\r\n"));
  gate.AwaitWaiting(1);
  server->BeginDrain();
  EXPECT_TRUE(server->draining());
  EXPECT_EQ("close", Client(server->port()).Call("GET", "/").headers["connection"]);  // new ones are still served
  std::thread draining([&] { server->Drain(milliseconds(60'000), milliseconds(10)); });
  EXPECT_TRUE(idle.ReadEnd());
  EXPECT_TRUE(test::Eventually([&] { return !Client(server->port()).connected(); }));
  gate.Open();
  const Reply reply = slow.Read();
  EXPECT_EQ("GET /slow? 0", reply.body);
  EXPECT_EQ("close", reply.headers.at("connection"));
  draining.join();
}

TEST(HttpServerDrain, LosesNoRequestUnderLoad) {
  const auto server = MustStart({.io_threads = 2});
  std::atomic<int> answered{0};
  std::atomic<int> lost{0};
  std::vector<std::thread> clients;
  for (int i = 0; i < 4; ++i) {
    clients.emplace_back([&] {
      for (;;) {
        Client client(server->port());
        if (!client.connected()) return;  // the listener is closed: the orderly end
        for (int calls = 0;; ++calls) {
          const Reply reply = client.Call("POST", "/x", "abc");
          if (reply.status != 200) {
            // A connection that the kernel had queued when the listener closed is reset before its first call: the same orderly end.
            if (calls > 0 || !server->draining()) ++lost;
            return;
          }
          ++answered;
          if (reply.headers.at("connection") == "close") break;
        }
      }
    });
  }
  EXPECT_TRUE(test::Eventually([&] { return answered > 100; }));
  server->Drain(milliseconds(2'000), milliseconds(10'000));
  for (std::thread& client : clients) client.join();
  EXPECT_EQ(0, lost);
}

// No limit of a request holds up the end: were one waited for, this would not return.
TEST(HttpServerDrain, EndsInTimeWhateverIsUnderWay) {
  const milliseconds hours = std::chrono::hours(10);
  std::atomic<bool> begun{false};
  auto server = MustStart({.limits = {.body_timeout = hours, .handler_timeout = hours}}, [&begun](const HttpRequest& request) {
    begun = true;
    while (!request.expired()) std::this_thread::yield();
    return Echo(request);
  });
  Client half(server->port());
  ASSERT_TRUE(half.Send("POST / HTTP/1.1\r\nHost: t\r\nExpect: 100-continue\r\nContent-Length: 10\r\n\r\n"));
  EXPECT_EQ(100, half.Read().status);
  Client slow(server->port());
  ASSERT_TRUE(slow.Send("GET / HTTP/1.1\r\nHost: t\r\n\r\n"));
  EXPECT_TRUE(test::Eventually([&] { return begun.load(); }));
  server->Drain(milliseconds(100), milliseconds(10));
  server.reset();
  EXPECT_TRUE(half.ReadEnd());
  EXPECT_TRUE(slow.ReadEnd());
}

TEST(HttpServerDrain, StopEndsItEarly) {
  const auto server = MustStart({});
  Client client(server->port());
  EXPECT_EQ(200, client.Call("GET", "/").status);
  std::thread draining([&] { server->Drain(std::chrono::hours(1), std::chrono::hours(1)); });
  EXPECT_TRUE(test::Eventually([&] { return server->draining(); }));
  server->Stop();
  draining.join();
}

class HttpServerTls : public testing::Test {
 protected:
  void SetUp() override {
    test::MakeCertificate(folder_.path(), {.name = "ca"});
    test::MakeCertificate(folder_.path(), {.name = "first", .issuer = "ca"});
    Use("first");
  }
  // Installs the pair `name` as the server's.
  void Use(const std::string& name) {
    test::WriteFile(folder_ / "key", test::ReadFile(folder_ / (name + ".key")));
    test::WriteFile(folder_ / "cert", test::ReadFile(folder_ / (name + ".crt")));
  }
  TlsOptions Tls() const { return {.cert_file = folder_ / "cert", .key_file = folder_ / "key"}; }
  test::ClientTls Trust() const { return {.ca_file = folder_ / "ca.crt"}; }

  TempFolder folder_;
};

TEST_F(HttpServerTls, ServesAndKeepsTheConnection) {
  const auto server = MustStart({.tls = Tls()});
  Client client(server->port(), Trust());
  ASSERT_TRUE(client.connected());
  EXPECT_EQ("/CN=first", client.peer_subject());
  EXPECT_EQ("GET /a? 0", client.Call("GET", "/a").body);
  EXPECT_EQ("POST /b? 100000", client.Call("POST", "/b", std::string(100'000, 'x')).body);
}

TEST_F(HttpServerTls, AClientThatSendsAllBeforeItReadsGetsTheReply) {
  const auto server = MustStart({.tls = Tls()});
  Client client(server->port(), Trust());
  EXPECT_EQ(413, client.Call("POST", "/", std::string(12'000'000, 'x')).status);
}

TEST_F(HttpServerTls, SendsLargeRepliesWhole) {
  const auto server = MustStart({.tls = Tls()}, [](const HttpRequest&) { return HttpReply{.body = std::string(3'000'000, 'y')}; });
  Client client(server->port(), Trust());
  EXPECT_EQ(std::string(3'000'000, 'y'), client.Call("GET", "/").body);
}

TEST_F(HttpServerTls, RefusesOldProtocolsAndPlainText) {
  const auto server = MustStart({.tls = Tls(), .limits = {.handshake_timeout = milliseconds(300)}});
  test::ClientTls old = Trust();
  old.max_version = 0x0302;  // TLS 1.1
  EXPECT_FALSE(Client(server->port(), old).connected());
  old.max_version = 0x0303;
  EXPECT_TRUE(Client(server->port(), old).connected());
  Client plain(server->port());
  EXPECT_EQ(0, plain.Call("GET", "/").status);
  Client silent(server->port());
  EXPECT_TRUE(silent.ReadEnd());  // handshake_timeout
}

TEST_F(HttpServerTls, NewConnectionsUseTheNewCertificate) {
  const auto server = MustStart({.tls = Tls()});
  Client before(server->port(), Trust());
  test::MakeCertificate(folder_.path(), {.name = "second", .issuer = "ca"});
  Use("second");
  ASSERT_TRUE(server->ReloadCertificate());
  EXPECT_EQ("/CN=second", Client(server->port(), Trust()).peer_subject());
  EXPECT_EQ(200, before.Call("GET", "/").status);
}

TEST_F(HttpServerTls, ABrokenPairChangesNothing) {
  const auto server = MustStart({.tls = Tls()});
  test::MakeCertificate(folder_.path(), {.name = "other", .issuer = "ca"});
  test::MakeCertificate(folder_.path(), {.name = "expired", .issuer = "ca", .begin_seconds = -7200, .end_seconds = -3600});
  test::MakeCertificate(folder_.path(), {.name = "early", .issuer = "ca", .begin_seconds = 3600, .end_seconds = 7200});
  struct Case {
    std::string_view name;
    std::string cert, key, error;
  };
  const std::string first_cert = test::ReadFile(folder_ / "first.crt");
  const std::string first_key = test::ReadFile(folder_ / "first.key");
  const Case cases[] = {
      {"key of another", first_cert, test::ReadFile(folder_ / "other.key"), "not an unencrypted PEM key of the certificate"},
      {"empty certificate", "", first_key, "not a PEM certificate"},
      {"cut certificate", first_cert.substr(0, first_cert.size() / 2), first_key, "not a PEM certificate"},
      {"expired", test::ReadFile(folder_ / "expired.crt"), test::ReadFile(folder_ / "expired.key"),
       "the certificate is not valid at this time"},
      {"not yet valid", test::ReadFile(folder_ / "early.crt"), test::ReadFile(folder_ / "early.key"),
       "the certificate is not valid at this time"},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.name);
    test::WriteFile(folder_ / "cert", c.cert);
    test::WriteFile(folder_ / "key", c.key);
    const Status status = server->ReloadCertificate();
    ASSERT_FALSE(status);
    EXPECT_THAT(status.error().message, HasSubstr(c.error));
    EXPECT_EQ("/CN=first", Client(server->port(), Trust()).peer_subject());
  }
  std::filesystem::remove(folder_ / "cert");
  EXPECT_EQ(ErrorCode::kNotFound, server->ReloadCertificate().error().code);
  EXPECT_EQ("/CN=first", Client(server->port(), Trust()).peer_subject());
}

TEST_F(HttpServerTls, ClientsNeedACertificateOfTheClientCa) {
  test::MakeCertificate(folder_.path(), {.name = "client-ca"});
  test::MakeCertificate(folder_.path(), {.name = "apiserver", .issuer = "client-ca"});
  test::MakeCertificate(folder_.path(), {.name = "stranger", .issuer = "ca"});
  TlsOptions tls = Tls();
  tls.client_ca_file = folder_ / "client-ca.crt";
  const auto server = MustStart({.tls = tls});
  const auto with = [this](const std::string& name) {
    test::ClientTls own = Trust();
    own.cert_file = folder_ / (name + ".crt");
    own.key_file = folder_ / (name + ".key");
    return own;
  };
  // With TLS 1.3 the client learns of the refusal with its first read.
  EXPECT_EQ(200, Client(server->port(), with("apiserver")).Call("GET", "/").status);
  EXPECT_EQ(0, Client(server->port(), Trust()).Call("GET", "/").status);
  EXPECT_EQ(0, Client(server->port(), with("stranger")).Call("GET", "/").status);
}

TEST_F(HttpServerTls, ReloadsWhileClientsConnect) {
  const auto server = MustStart({.tls = Tls()});
  test::MakeCertificate(folder_.path(), {.name = "second", .issuer = "ca"});
  std::atomic<bool> stop{false};
  std::atomic<int> failed{0};
  std::vector<std::thread> clients;
  for (int i = 0; i < 2; ++i) {
    clients.emplace_back([&] {
      while (!stop) {
        if (Client(server->port(), Trust()).Call("GET", "/").status != 200) ++failed;
      }
    });
  }
  for (int i = 0; i < 20; ++i) {
    Use(i % 2 == 0 ? "second" : "first");
    EXPECT_TRUE(server->ReloadCertificate());
  }
  stop = true;
  for (std::thread& client : clients) client.join();
  EXPECT_EQ(0, failed);
}

}  // namespace
}  // namespace writ::server::http
