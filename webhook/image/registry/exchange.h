// One question to one registry, through everything that may lie between question and answer: tries, redirects, challenges.
#pragma once

#include <atomic>
#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

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
  // `scopes` differ in the credential only. Requires: there is one.
  Exchange(RegistryClient::Shared& shared, std::vector<AuthScope> scopes, std::uint32_t max_tries,
           std::chrono::steady_clock::time_point deadline)
      : shared_(shared), scopes_(std::move(scopes)), max_tries_(max_tries), deadline_(deadline) {}

  // Returns the answer if it is a 200 or a 404, or for a HEAD a 400, 405 or 501; every other one is an Error whose message names URL and
  // status. Follows redirects within the allow list and answers one challenge. A credential that is refused gives way to the next one, for
  // good. Errors: as of ImageSource.
  Result<WireReply> Ask(const Question& question) const;

  const RegistryPlace& place() const { return *scopes_.front().place; }
  const std::string& repository() const { return scopes_.front().repository; }
  // Equal for exchanges that get equal answers; holds no secret.
  std::string Key() const;

 private:
  // The answer after redirects. `is_home` is false when another host gave it, to which no Authorization was sent.
  struct Answer {
    WireReply reply;
    Url url;
    bool is_home = true;
  };

  Result<WireReply> AskAs(const AuthScope& scope, const Question& question, bool& is_refused) const;
  std::chrono::milliseconds TimeLeft() const;
  Result<Answer> Follow(const Question& question, const std::string& authorization) const;
  Result<Url> CheckRedirect(const Url& from, const WireReply& reply) const;
  Result<WireReply> SendWithTries(const Url& url, const WireRequest& request) const;
  bool TryWait(std::uint32_t tries, std::optional<std::chrono::seconds> wanted) const;
  Result<std::string> FetchToken(const Authorizer::TokenQuestion& question) const;
  WireRequest RequestOf(const Url& url, const std::string& authorization) const;

  RegistryClient::Shared& shared_;
  std::vector<AuthScope> scopes_;  // in the order in which they are tried
  // The first of them that was not refused. Shared by copies.
  std::shared_ptr<std::atomic<std::size_t>> current_ = std::make_shared<std::atomic<std::size_t>>(0);
  std::uint32_t max_tries_;
  std::chrono::steady_clock::time_point deadline_;
};

}  // namespace writ::image
