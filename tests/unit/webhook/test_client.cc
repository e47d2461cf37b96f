// The tests' HTTP client.
#include "tests/unit/webhook/test_client.h"

#include <algorithm>
#include <cctype>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <sstream>
#include <thread>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <sys/socket.h>
#include <unistd.h>

#include "rules/base/check.h"

namespace writ::test {
namespace {

std::string Lower(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return text;
}

int Connect(std::uint16_t port) {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const timeval limit{20, 0};
  setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
  setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0) return fd;
  close(fd);
  return -1;
}

ssl_ctx_st* MakeContext(const ClientTls& tls) {
  SSL_CTX* context = SSL_CTX_new(TLS_client_method());
  SSL_CTX_set_verify(context, SSL_VERIFY_PEER, nullptr);
  SSL_CTX_set_security_level(context, 0);  // else OpenSSL itself would refuse TLS 1.1, and the server would not be tested
  WRIT_CHECK(SSL_CTX_load_verify_locations(context, tls.ca_file.c_str(), nullptr) == 1);
  if (tls.max_version != 0) {
    SSL_CTX_set_min_proto_version(context, TLS1_VERSION);
    SSL_CTX_set_max_proto_version(context, tls.max_version);
  }
  if (!tls.cert_file.empty()) {
    WRIT_CHECK(SSL_CTX_use_certificate_chain_file(context, tls.cert_file.c_str()) == 1);
    WRIT_CHECK(SSL_CTX_use_PrivateKey_file(context, tls.key_file.c_str(), SSL_FILETYPE_PEM) == 1);
  }
  return context;
}

X509* LoadCertificate(const std::string& path) {
  std::FILE* file = std::fopen(path.c_str(), "r");
  WRIT_CHECK(file != nullptr);
  X509* certificate = PEM_read_X509(file, nullptr, nullptr, nullptr);
  std::fclose(file);
  return certificate;
}

EVP_PKEY* LoadKey(const std::string& path) {
  std::FILE* file = std::fopen(path.c_str(), "r");
  WRIT_CHECK(file != nullptr);
  EVP_PKEY* key = PEM_read_PrivateKey(file, nullptr, nullptr, nullptr);
  std::fclose(file);
  return key;
}

void AddExtension(X509* certificate, X509* issuer, int nid, const char* value) {
  X509V3_CTX context;
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, &context, nid, value);
  X509_add_ext(certificate, extension, -1);
  X509_EXTENSION_free(extension);
}

}  // namespace

Client::Client(std::uint16_t port, const std::optional<ClientTls>& tls) : fd_(Connect(port)), connected_(fd_ >= 0) {
  if (!tls || !connected_) return;
  context_ = MakeContext(*tls);
  ssl_ = SSL_new(context_);
  SSL_set_fd(ssl_, fd_);
  connected_ = SSL_connect(ssl_) == 1;
}

Client::~Client() {
  SSL_free(ssl_);
  SSL_CTX_free(context_);
  if (fd_ >= 0) close(fd_);
}

std::string Client::peer_subject() const {
  X509* certificate = SSL_get0_peer_certificate(ssl_);
  char text[200] = {};
  if (certificate != nullptr) X509_NAME_oneline(X509_get_subject_name(certificate), text, sizeof text - 1);
  return text;
}

bool Client::Send(std::string_view bytes) {
  while (!bytes.empty()) {
    const long sent = ssl_ != nullptr ? SSL_write(ssl_, bytes.data(), static_cast<int>(bytes.size()))
                                      : send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
  return true;
}

long Client::ReadSome(char* to, std::size_t size) {
  return ssl_ != nullptr ? SSL_read(ssl_, to, static_cast<int>(size)) : recv(fd_, to, size, 0);
}

bool Client::Fill() {
  char chunk[4096];
  const long count = ReadSome(chunk, sizeof chunk);
  if (count <= 0) return false;
  buffer_.append(chunk, static_cast<std::size_t>(count));
  return true;
}

Reply Client::Read(bool head_only) {
  Reply reply;
  std::size_t end = std::string::npos;
  while ((end = buffer_.find("\r\n\r\n")) == std::string::npos) {
    if (!Fill()) return {};
  }
  std::istringstream head(buffer_.substr(0, end));
  std::string version, line;
  head >> version >> reply.status;
  std::getline(head, line);
  while (std::getline(head, line)) {
    const std::size_t colon = line.find(": ");
    if (!line.empty() && line.back() == '\r') line.pop_back();
    if (colon != std::string::npos) reply.headers[Lower(line.substr(0, colon))] = line.substr(colon + 2);
  }
  buffer_.erase(0, end + 4);
  if (head_only || reply.headers.count("content-length") == 0) return reply;
  const std::size_t length = std::stoul(reply.headers["content-length"]);
  while (buffer_.size() < length) {
    if (!Fill()) return {};
  }
  reply.body = buffer_.substr(0, length);
  buffer_.erase(0, length);
  return reply;
}

Reply Client::Call(std::string_view method, std::string_view target, std::string_view body, std::string_view headers) {
  std::string request(method);
  request.append(" ").append(target).append(" HTTP/1.1\r\nHost: test\r\n").append(headers);
  if (!body.empty())
    request.append("Content-Type: application/json\r\nContent-Length: ").append(std::to_string(body.size())).append("\r\n");
  request.append("\r\n").append(body);
  if (!Send(request)) return {};
  return Read(method == "HEAD");
}

bool Client::ReadEnd() {
  char byte = 0;
  return buffer_.empty() && ReadSome(&byte, 1) <= 0;
}

TempFolder::TempFolder() {
  std::string pattern = (std::filesystem::temp_directory_path() / "writ-test-XXXXXX").string();
  WRIT_CHECK(mkdtemp(pattern.data()) != nullptr);
  path_ = pattern;
}

TempFolder::~TempFolder() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

void WriteFile(const std::string& path, std::string_view text) {
  const std::string temporary = path + ".tmp~";
  {
    std::ofstream out(temporary, std::ios::binary);
    out << text;
    WRIT_CHECK(out.good());
  }
  std::filesystem::rename(temporary, path);
}

std::string ReadFile(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

void MakeCertificate(const std::string& folder, const ServerCertificate& spec) {
  const std::string stem = folder + "/" + spec.name;
  EVP_PKEY* key = EVP_EC_gen("P-256");
  X509* certificate = X509_new();
  const bool is_ca = spec.issuer.empty();
  X509* issuer = is_ca ? certificate : LoadCertificate(folder + "/" + spec.issuer + ".crt");
  EVP_PKEY* issuer_key = is_ca ? key : LoadKey(folder + "/" + spec.issuer + ".key");
  static long serial = 1;
  X509_set_version(certificate, 2);
  ASN1_INTEGER_set(X509_get_serialNumber(certificate), ++serial);
  X509_gmtime_adj(X509_getm_notBefore(certificate), spec.begin_seconds);
  X509_gmtime_adj(X509_getm_notAfter(certificate), spec.end_seconds);
  X509_set_pubkey(certificate, key);
  X509_NAME_add_entry_by_txt(X509_get_subject_name(certificate), "CN", MBSTRING_ASC,
                             reinterpret_cast<const unsigned char*>(spec.name.c_str()), -1, -1, 0);
  X509_set_issuer_name(certificate, X509_get_subject_name(issuer));
  if (is_ca) {
    AddExtension(certificate, issuer, NID_basic_constraints, "critical,CA:TRUE");
  } else {
    AddExtension(certificate, issuer, NID_subject_alt_name, "IP:127.0.0.1,DNS:localhost");
  }
  X509_sign(certificate, issuer_key, EVP_sha256());
  std::FILE* file = std::fopen((stem + ".crt~").c_str(), "w");
  PEM_write_X509(file, certificate);
  std::fclose(file);
  file = std::fopen((stem + ".key~").c_str(), "w");
  PEM_write_PrivateKey(file, key, nullptr, nullptr, 0, nullptr, nullptr);
  std::fclose(file);
  std::filesystem::rename(stem + ".crt~", stem + ".crt");
  std::filesystem::rename(stem + ".key~", stem + ".key");
  if (!is_ca) {
    X509_free(issuer);
    EVP_PKEY_free(issuer_key);
  }
  X509_free(certificate);
  EVP_PKEY_free(key);
}

bool Eventually(const std::function<bool()>& condition) {
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  while (!condition()) {
    if (std::chrono::steady_clock::now() >= end) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  return true;
}

}  // namespace writ::test
