// An HTTP server on loopback that does what a test says, byte for byte: what no real registry can be made to do.
//
//   ScriptedServer server([](const SeenRequest& request) { return HttpReply(429); });
//   … server.port() … server.Seen() …
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

struct ssl_ctx_st;

namespace writ::test {

struct SeenRequest {
  std::string target;  // path and query
  std::string head;    // all of it
  std::string body;    // as long as Content-Length says
  std::uint64_t connection = 0;

  bool is_head() const { return head.starts_with("HEAD "); }
  // The value of a header; "" when there is none.
  std::string Header(const std::string& name) const;
};

enum class Then : std::uint8_t {
  kKeep,    // read the next request
  kClose,   // close the connection
  kHang,    // say nothing more until the client goes away
  kRepeat,  // send `repeat` again and again until the client goes away
};

struct ScriptedReply {
  std::string bytes;  // as they go over the wire, head included; of an answer to a HEAD only the head
  Then then = Then::kKeep;
  std::string repeat;
  std::chrono::milliseconds pause{0};  // before each repeat
};

// An ordinary reply with Content-Length. `headers` are whole lines ending in CR LF.
ScriptedReply HttpReply(unsigned status, std::string_view body = "", std::string_view headers = "");

struct ServerTls {
  std::string cert_file, key_file;
};

// Runs until it dies. The script is called from several threads.
class ScriptedServer {
 public:
  using Script = std::function<ScriptedReply(const SeenRequest&)>;
  explicit ScriptedServer(Script script, const std::optional<ServerTls>& tls = std::nullopt);
  ~ScriptedServer();
  ScriptedServer(const ScriptedServer&) = delete;
  ScriptedServer& operator=(const ScriptedServer&) = delete;

  std::uint16_t port() const { return port_; }
  // "name:port".
  std::string At(const std::string& name) const { return name + ":" + std::to_string(port_); }
  // Requests so far.
  std::vector<SeenRequest> Seen() const;
  std::vector<std::string> SeenTargets() const;
  // Waits until `count` requests have come; false after 20 s.
  bool WaitForRequests(std::size_t count) const;

 private:
  struct Peer;
  void Accept();
  void Serve(int fd, std::uint64_t number);
  void ServeRequests(Peer& peer, std::uint64_t number);

  Script script_;
  ssl_ctx_st* context_ = nullptr;
  int listener_ = -1;
  std::uint16_t port_ = 0;
  mutable std::mutex mutex_;
  mutable std::condition_variable changed_;
  std::vector<SeenRequest> seen_;     // guarded by mutex_
  std::set<int> open_;                // guarded by mutex_
  std::vector<std::thread> serving_;  // guarded by mutex_
  bool is_ending_ = false;            // guarded by mutex_
  std::thread accepting_;
};

}  // namespace writ::test
