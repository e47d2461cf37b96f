// An HTTP server on loopback that does what a test says. Blocking sockets, a thread a connection.
#include "tests/support/scripted_server.h"

#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <csignal>

#include <openssl/ssl.h>

#include "rules/base/check.h"
#include "webhook/image/reference/text.h"

namespace writ::test {

struct ScriptedServer::Peer {
  int fd = -1;
  SSL* ssl = nullptr;

  bool Send(std::string_view bytes) const {
    while (!bytes.empty()) {
      const long sent = ssl != nullptr ? SSL_write(ssl, bytes.data(), static_cast<int>(bytes.size()))
                                       : send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (sent <= 0) return false;
      bytes.remove_prefix(static_cast<std::size_t>(sent));
    }
    return true;
  }
  long Read(char* to, std::size_t size) const { return ssl != nullptr ? SSL_read(ssl, to, static_cast<int>(size)) : recv(fd, to, size, 0); }
};

std::string SeenRequest::Header(const std::string& name) const {
  for (std::size_t at = head.find("\r\n"); at != std::string::npos; at = head.find("\r\n", at + 2)) {
    const std::string line = head.substr(at + 2, head.find("\r\n", at + 2) - at - 2);
    const std::size_t colon = line.find(':');
    if (colon != std::string::npos && image::EqualsFold(line.substr(0, colon), name))
      return std::string(image::Trim(line.substr(colon + 1)));
  }
  return "";
}

ScriptedReply HttpReply(unsigned status, std::string_view body, std::string_view headers) {
  return {.bytes = "HTTP/1.1 " + std::to_string(status) + " X\r\nContent-Length: " + std::to_string(body.size()) + "\r\n" +
                   std::string(headers) + "\r\n" + std::string(body)};
}

ScriptedServer::ScriptedServer(Script script, const std::optional<ServerTls>& tls) : script_(std::move(script)) {
  std::signal(SIGPIPE, SIG_IGN);  // SSL_write has no MSG_NOSIGNAL
  if (tls) {
    context_ = SSL_CTX_new(TLS_server_method());
    WRIT_CHECK(SSL_CTX_use_certificate_chain_file(context_, tls->cert_file.c_str()) == 1);
    WRIT_CHECK(SSL_CTX_use_PrivateKey_file(context_, tls->key_file.c_str(), SSL_FILETYPE_PEM) == 1);
  }
  listener_ = socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  WRIT_CHECK(bind(listener_, reinterpret_cast<sockaddr*>(&address), size) == 0 && listen(listener_, 64) == 0);
  WRIT_CHECK(getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size) == 0);
  port_ = ntohs(address.sin_port);
  accepting_ = std::thread([this] { Accept(); });
}

ScriptedServer::~ScriptedServer() {
  {
    const std::lock_guard lock(mutex_);
    is_ending_ = true;
    for (const int fd : open_) shutdown(fd, SHUT_RDWR);
  }
  shutdown(listener_, SHUT_RDWR);
  accepting_.join();
  close(listener_);
  for (std::thread& thread : serving_) thread.join();  // nobody adds to it any more
  SSL_CTX_free(context_);
}

void ScriptedServer::Accept() {
  for (std::uint64_t number = 1;; ++number) {
    const int fd = accept(listener_, nullptr, nullptr);
    if (fd < 0) return;
    const std::lock_guard lock(mutex_);
    if (is_ending_) {
      close(fd);
      return;
    }
    open_.insert(fd);
    serving_.emplace_back([this, fd, number] { Serve(fd, number); });
  }
}

void ScriptedServer::Serve(int fd, std::uint64_t number) {
  Peer peer{.fd = fd};
  if (context_ != nullptr) {
    peer.ssl = SSL_new(context_);
    SSL_set_fd(peer.ssl, fd);
  }
  if (peer.ssl == nullptr || SSL_accept(peer.ssl) == 1) ServeRequests(peer, number);
  SSL_free(peer.ssl);
  const std::lock_guard lock(mutex_);
  open_.erase(fd);
  close(fd);
}

void ScriptedServer::ServeRequests(Peer& peer, std::uint64_t number) {
  std::string buffer;
  std::array<char, 4096> chunk{};
  for (;;) {
    std::size_t end = buffer.find("\r\n\r\n");
    for (; end == std::string::npos; end = buffer.find("\r\n\r\n")) {
      const long size = peer.Read(chunk.data(), chunk.size());
      if (size <= 0) return;
      buffer.append(chunk.data(), static_cast<std::size_t>(size));
    }
    SeenRequest request{.head = buffer.substr(0, end + 2), .connection = number};
    buffer.erase(0, end + 4);
    const std::string length = request.Header("Content-Length");
    const std::size_t body_bytes = length.empty() ? 0 : std::stoul(length);
    while (buffer.size() < body_bytes) {
      const long size = peer.Read(chunk.data(), chunk.size());
      if (size <= 0) return;
      buffer.append(chunk.data(), static_cast<std::size_t>(size));
    }
    request.body = buffer.substr(0, body_bytes);
    buffer.erase(0, body_bytes);
    const std::size_t space = request.head.find(' ');
    request.target = request.head.substr(space + 1, request.head.find(' ', space + 1) - space - 1);
    {
      const std::lock_guard lock(mutex_);
      seen_.push_back(request);
    }
    changed_.notify_all();
    ScriptedReply reply = script_(request);
    if (request.is_head()) reply.bytes.resize(std::min(reply.bytes.size(), reply.bytes.find("\r\n\r\n") + 4));
    if (!peer.Send(reply.bytes) || reply.then == Then::kClose) return;
    while (reply.then == Then::kRepeat) {
      if (reply.pause.count() > 0) std::this_thread::sleep_for(reply.pause);
      if (!peer.Send(reply.repeat)) return;
    }
    if (reply.then == Then::kHang) {
      while (peer.Read(chunk.data(), chunk.size()) > 0) {}
      return;
    }
  }
}

std::vector<SeenRequest> ScriptedServer::Seen() const {
  const std::lock_guard lock(mutex_);
  return seen_;
}

std::vector<std::string> ScriptedServer::SeenTargets() const {
  std::vector<std::string> out;
  for (const SeenRequest& request : Seen()) out.push_back(request.target);
  return out;
}

bool ScriptedServer::WaitForRequests(std::size_t count) const {
  std::unique_lock lock(mutex_);
  return changed_.wait_for(lock, std::chrono::seconds(20), [&] { return seen_.size() >= count; });
}

}  // namespace writ::test
