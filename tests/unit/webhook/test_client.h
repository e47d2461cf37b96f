// A deliberately simple HTTP client over blocking sockets, for tests that must control every byte; and certificates made on the spot.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

struct ssl_st;
struct ssl_ctx_st;

namespace writ::test {

struct Reply {
  int status = 0;                              // 0: the connection ended before a reply
  std::map<std::string, std::string> headers;  // names in small letters
  std::string body;
};

struct ClientTls {
  std::string ca_file;              // what the client trusts
  std::string cert_file, key_file;  // its own; "" = none
  int max_version = 0;              // 0 = newest; TLS1_1_VERSION …
};

// Blocking, with a 20 s limit on each read so that a broken test fails instead of hanging.
class Client {
 public:
  explicit Client(std::uint16_t port, const std::optional<ClientTls>& tls = std::nullopt);
  ~Client();
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  bool connected() const { return connected_; }  // TCP, and TLS when asked for
  std::string peer_subject() const;              // of the server's certificate
  bool Send(std::string_view bytes);
  // Reads one reply. `head_only`: the answer to HEAD.
  Reply Read(bool head_only = false);
  // Sends a request and reads its reply.
  Reply Call(std::string_view method, std::string_view target, std::string_view body = "", std::string_view headers = "");
  // True when the server closes (or resets) the connection before it sends another byte.
  bool ReadEnd();

 private:
  long ReadSome(char* to, std::size_t size);
  bool Fill();

  int fd_ = -1;
  bool connected_ = false;
  ssl_ctx_st* context_ = nullptr;
  ssl_st* ssl_ = nullptr;
  std::string buffer_;
};

// A new folder that is removed with everything in it.
class TempFolder {
 public:
  TempFolder();
  ~TempFolder();
  TempFolder(const TempFolder&) = delete;
  TempFolder& operator=(const TempFolder&) = delete;
  std::string path() const { return path_.string(); }
  std::string operator/(const std::string& name) const { return (path_ / name).string(); }

 private:
  std::filesystem::path path_;
};

// Writes `text` so that readers see all or nothing.
void WriteFile(const std::string& path, std::string_view text);
std::string ReadFile(const std::string& path);

struct ServerCertificate {
  std::string name;            // CN; files are FOLDER/name.crt and name.key
  std::string issuer;          // another spec's name, or "" for a CA of its own
  long begin_seconds = -3600;  // relative to now
  long end_seconds = 3600;
};
// Makes key and certificate for 127.0.0.1 and localhost.
void MakeCertificate(const std::string& folder, const ServerCertificate& spec);

// Asks again and again, for 20 s at most, until `condition` holds. For things that another thread does after a file event.
bool Eventually(const std::function<bool()>& condition);

}  // namespace writ::test
