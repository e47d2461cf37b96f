// Who we are to a registry: answers challenges with Basic or with a token of the realm, and keeps tokens.
#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "rules/base/mutex.h"
#include "rules/base/result.h"
#include "webhook/image/gather/limits.h"
#include "webhook/image/registry/challenge.h"
#include "webhook/image/registry/docker_config.h"
#include "webhook/image/registry/registry_settings.h"
#include "webhook/image/registry/single_flight.h"

namespace writ::image {

using SteadyNow = std::function<std::chrono::steady_clock::time_point()>;

// One repository of one registry, asked with one credential.
struct AuthScope {
  const RegistryPlace* place = nullptr;
  std::string repository;
  std::optional<Credential> credential;
  std::string note;  // what a refusal should say beyond that: "; pull secret a/b is not mounted"

  // Equal for equal scopes; holds no secret.
  std::string Key() const;
};

// Thread-safe. Keeps tokens for as long as their realm says, at most max_token_age, and at most max_cached_tokens of them.
class Authorizer {
 public:
  // What a realm is asked: by GET with an Authorization header ("" = none), or with a form by POST.
  struct TokenQuestion {
    Url url;
    std::string authorization;
    std::string form;  // "" = GET
  };
  // Asks, and returns the body of the 200.
  using Fetch = std::function<Result<std::string>(const TokenQuestion& question)>;
  struct Patience {
    std::chrono::steady_clock::time_point deadline;
    std::chrono::milliseconds time_left;
  };

  Authorizer(const GatherLimits& limits, SteadyNow now) : limits_(limits), now_(std::move(now)) {}

  // The Authorization header that the last challenge calls for, with a fresh token if the old one is too old; "" before any challenge.
  // Credentials are never sent unasked, apart from a ready-made bearer token. Errors: those of `fetch`; an answer that is no token.
  Result<std::string> Header(const AuthScope& scope, const Patience& patience, const Fetch& fetch);

  // Takes note of the WWW-Authenticate headers of a 401 that came although `sent` was sent; a token like that is forgotten. Header() will
  // then follow the challenge.
  // Errors: kUnreadable when it cannot be satisfied; kInvalidArgument when it cannot be read, or names a realm that the registry's
  // settings do not.
  Status TakeChallenge(const AuthScope& scope, const std::vector<std::string>& headers, std::string_view sent);

 private:
  struct Method {
    bool is_basic = false;
    Url realm;          // of bearer tokens, as the registry names it
    std::string query;  // service and scope, encoded
  };
  struct Token {
    std::string value;
    std::chrono::steady_clock::time_point end;
  };

  std::optional<Method> TryMethod(const std::string& key) const;
  std::optional<std::string> TryToken(const std::string& key) const;
  Result<Token> ReadToken(std::string_view text, std::chrono::steady_clock::time_point asked) const;
  void Keep(const std::string& key, const Token& token);
  static TokenQuestion QuestionOf(const AuthScope& scope, const Method& method);
  static Result<Method> BearerMethod(const AuthScope& scope, const Challenge& challenge);
  static std::string TokenKey(const AuthScope& scope, const Method& method);

  GatherLimits limits_;
  SteadyNow now_;
  SingleFlight<std::string> flights_;
  mutable Mutex mutex_;
  std::map<std::string, Method> methods_ WRIT_GUARDED_BY(mutex_);
  std::map<std::string, Token> tokens_ WRIT_GUARDED_BY(mutex_);
};

}  // namespace writ::image
