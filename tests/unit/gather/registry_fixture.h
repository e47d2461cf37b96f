// A registry client in a world of its own: time that passes only when it sleeps, names that all lead to loopback.
#pragma once

#include <chrono>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "rules/base/digest.h"
#include "rules/base/mutex.h"
#include "tests/support/scripted_server.h"
#include "webhook/image/registry/registry_client.h"

namespace writ::image {

// A steady clock that moves when somebody sleeps. Thread-safe.
class FakeTime {
 public:
  std::chrono::steady_clock::time_point Now() const {
    const MutexLock lock(mutex_);
    return now_;
  }
  void Sleep(std::chrono::milliseconds time) {
    const MutexLock lock(mutex_);
    now_ += time;
    sleeps_.push_back(time.count());
  }
  std::vector<std::int64_t> sleeps() const {
    const MutexLock lock(mutex_);
    return sleeps_;
  }

 private:
  mutable Mutex mutex_;
  std::chrono::steady_clock::time_point now_ WRIT_GUARDED_BY(mutex_){std::chrono::hours(1)};
  std::vector<std::int64_t> sleeps_ WRIT_GUARDED_BY(mutex_);
};

// Every server is reached under any name with its port: "registry.test:<port>".
class World {
 public:
  // Registries are internal here, as loopback is; a test about that says otherwise.
  static RegistrySettings Plain(const std::string& host) {
    return {.host = host, .scheme = Scheme::kHttp, .internal_addresses = InternalAddresses::kAllowed};
  }
  RegistrySeams Seams() {
    return {.now = [this] { return time.Now(); },
            .sleep = [this](std::chrono::milliseconds t) { time.Sleep(t); },
            .random = [] { return 0.5; },
            .resolver = [this](const std::string& host, std::chrono::milliseconds) -> Result<std::vector<std::string>> {
              const auto found = addresses.find(host);
              return std::vector<std::string>{found == addresses.end() ? "127.0.0.1" : found->second};
            }};
  }
  // Makes the client; once.
  void Start(const std::vector<RegistrySettings>& settings) {
    auto made = RegistryClient::Create(settings, limits, Seams());
    client = *std::move(made);
  }
  // The repository acme/app of a registry.
  std::unique_ptr<ImageSource> Open(const std::string& host, const std::string& docker_config = "{}") const {
    return *client->Open(*ParseImageReference(host + "/acme/app"), *ReadDockerConfig(docker_config, "config.json"));
  }

  FakeTime time;
  GatherLimits limits{.image_deadline = std::chrono::seconds(60), .try_timeout = std::chrono::seconds(10)};
  std::map<std::string, std::string> addresses;  // of names that do not lead to loopback
  std::unique_ptr<RegistryClient> client;
};

// One registry whose answers a script gives.
class OneRegistryTest : public testing::Test {
 protected:
  void Serve(test::ScriptedServer::Script script) {
    server = std::make_unique<test::ScriptedServer>(std::move(script));
    host = server->At("registry.test");
    world.Start({World::Plain(host)});
  }

  World world;
  std::unique_ptr<test::ScriptedServer> server;
  std::string host;
};

// "" for what was found, "absent", or the error's code and message.
inline std::string Said(const Result<Fetched>& fetched) {
  if (!fetched) return std::string(ErrorCodeName(fetched.error().code)) + ": " + fetched.error().message;
  return fetched->found ? fetched->bytes : "absent";
}

inline std::string DockerConfigFor(const std::string& host) {
  return R"({"auths":{")" + host + R"(":{"username":"user","password":"hunter2"}}})";
}

}  // namespace writ::image
