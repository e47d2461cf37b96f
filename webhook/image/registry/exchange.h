// One question to one registry, through everything that may lie between question and answer: tries, redirects, challenges.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

#include "rules/base/result.h"
#include "webhook/image/registry/registry_shared.h"

namespace writ::image {

// What is asked for. `target` is a path and query of the registry's API.
struct Question {
  Method method = Method::kGet;
  std::string target;
  std::string accept;  // "" = anything
  std::size_t max_body_bytes = 0;
};

// Asks one place for one repository. Borrowed parts must outlive it; thread-safe.
class Exchange {
 public:
  Exchange(RegistryClient::Shared& shared, AuthScope scope, std::uint32_t max_tries, std::chrono::steady_clock::time_point deadline)
      : shared_(shared), scope_(std::move(scope)), max_tries_(max_tries), deadline_(deadline) {}

  // Returns the answer if it is a 200 or a 404, or for a HEAD a 400, 405 or 501; every other one is an Error whose message names URL and
  // status. Follows redirects within the allow list and answers one challenge. Errors: as of ImageSource.
  Result<WireReply> Ask(const Question& question) const;

  const AuthScope& scope() const { return scope_; }

 private:
  // The answer after redirects. `is_home` is false when another host gave it, to which no Authorization was sent.
  struct Answer {
    WireReply reply;
    Url url;
    bool is_home = true;
  };

  std::chrono::milliseconds TimeLeft() const;
  Result<Answer> Follow(const Question& question, const std::string& authorization) const;
  Result<Url> CheckRedirect(const Url& from, const WireReply& reply) const;
  Result<WireReply> SendWithTries(const Url& url, const WireRequest& request) const;
  bool TryWait(std::uint32_t tries, std::optional<std::chrono::seconds> wanted) const;
  Result<std::string> FetchToken(const Url& url, const std::string& authorization) const;
  WireRequest RequestOf(const Url& url, const std::string& authorization) const;

  RegistryClient::Shared& shared_;
  AuthScope scope_;
  std::uint32_t max_tries_;
  std::chrono::steady_clock::time_point deadline_;
};

}  // namespace writ::image
