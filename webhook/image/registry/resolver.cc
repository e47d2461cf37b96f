// Names to addresses. getaddrinfo() cannot be cancelled, so each call has a thread that shares the outcome with whoever still waits.
#include "webhook/image/registry/resolver.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <array>
#include <atomic>
#include <future>
#include <memory>
#include <system_error>
#include <thread>

namespace writ::image {
namespace {

constexpr int kMaxLookups = 16;
constexpr std::size_t kMaxAddresses = 16;

using Addresses = Result<std::vector<std::string>>;

Addresses LookUp(const std::string& host) {
  addrinfo hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_ADDRCONFIG;
  addrinfo* list = nullptr;
  const int error = getaddrinfo(host.c_str(), nullptr, &hints, &list);
  if (error != 0) return Error{ErrorCode::kUnreadable, std::string("cannot resolve the name: ") + gai_strerror(error)};
  const std::unique_ptr<addrinfo, void (*)(addrinfo*)> owner(list, freeaddrinfo);
  std::vector<std::string> out;
  for (const addrinfo* info = list; info != nullptr && out.size() < kMaxAddresses; info = info->ai_next) {
    std::array<char, INET6_ADDRSTRLEN> text{};
    const void* address = nullptr;
    if (info->ai_family == AF_INET) address = &reinterpret_cast<const sockaddr_in*>(info->ai_addr)->sin_addr;
    if (info->ai_family == AF_INET6) address = &reinterpret_cast<const sockaddr_in6*>(info->ai_addr)->sin6_addr;
    if (address != nullptr && inet_ntop(info->ai_family, address, text.data(), text.size()) != nullptr) out.emplace_back(text.data());
  }
  if (out.empty()) return Error{ErrorCode::kUnreadable, "cannot resolve the name: it has no address"};
  return out;
}

}  // namespace

Resolver SystemResolver() {
  const auto pending = std::make_shared<std::atomic<int>>(0);
  return [pending](const std::string& host, std::chrono::milliseconds timeout) -> Addresses {
    if (pending->fetch_add(1) >= kMaxLookups) {
      pending->fetch_sub(1);
      return Error{ErrorCode::kUnreadable, "cannot resolve the name: too many lookups are pending"};
    }
    const auto promise = std::make_shared<std::promise<Addresses>>();
    std::future<Addresses> future = promise->get_future();
    try {
      std::thread([pending, promise, host] {
        promise->set_value(LookUp(host));
        pending->fetch_sub(1);
      }).detach();
    } catch (const std::system_error&) {
      pending->fetch_sub(1);
      return Error{ErrorCode::kUnreadable, "cannot resolve the name: out of threads"};
    }
    if (future.wait_for(timeout) != std::future_status::ready) {
      return Error{ErrorCode::kUnreadable, "cannot resolve the name: no answer in time"};
    }
    return future.get();
  };
}

}  // namespace writ::image
