// Who we are to a registry. Source: distribution's token specifications (docs/spec/auth/{token,oauth}.md), RFC 7617 for Basic.
//
// The realm is the registry's word, and so the attacker's if the registry is: it must be a host that the registry's settings name, and it
// is asked for `pull` on the one repository, whatever scope the challenge offers.
#include "webhook/image/registry/authorizer.h"

#include <algorithm>

#include "engine/json/json_document.h"
#include "webhook/image/reference/text.h"
#include "webhook/image/registry/challenge.h"

namespace writ::image {
namespace {

using std::chrono::seconds;
using std::chrono::steady_clock;

constexpr seconds kDefaultTokenAge{60};  // where the realm says none
constexpr seconds kTokenMargin{5};       // so that a token does not end on its way
constexpr std::size_t kMaxTokenBytes = std::size_t{16} * 1024;

bool IsHeaderText(std::string_view text) {
  return std::all_of(text.begin(), text.end(),
                     [](char c) { return static_cast<unsigned char>(c) > 0x20 && static_cast<unsigned char>(c) < 0x7F; });
}

// The first token challenge that names a realm; otherwise the first Basic one.
const Challenge* Choose(const std::vector<Challenge>& challenges) {
  for (const std::string_view scheme : {"bearer", "basic"}) {
    for (const Challenge& challenge : challenges) {
      if (challenge.scheme == scheme && (scheme == "basic" || challenge.parameters.contains("realm"))) return &challenge;
    }
  }
  return nullptr;
}

}  // namespace

std::string AuthScope::Key() const {
  return place->endpoint().HostText() + " " + repository + " " + (credential ? credential->Key() : "anonymous");
}

Result<Authorizer::Method> Authorizer::BearerMethod(const AuthScope& scope, const Challenge& challenge) {
  Result<Url> realm = ParseUrl(challenge.parameters.at("realm"));
  if (!realm) return Error{ErrorCode::kInvalidArgument, "the token realm: " + realm.error().message};
  if (!scope.place->Allows(realm->endpoint)) {
    return Error{ErrorCode::kInvalidArgument, "the token realm " + realm->Text() + " is not among the hosts of registry " +
                                                  scope.place->name().Text() + "; add it to them if it should be"};
  }
  Method method{.is_basic = false, .realm = *std::move(realm), .query = {}};
  const auto service = challenge.parameters.find("service");
  if (service != challenge.parameters.end()) method.query = "service=" + QueryEncoded(service->second) + "&";
  method.query += "scope=" + QueryEncoded("repository:" + scope.repository + ":pull");
  return method;
}

Authorizer::TokenQuestion Authorizer::QuestionOf(const AuthScope& scope, const Method& method) {
  if (scope.credential && !scope.credential->identity_token.empty()) {
    const std::string token = QueryEncoded(scope.credential->identity_token);
    return {method.realm, "", "grant_type=refresh_token&client_id=writ&" + method.query + "&refresh_token=" + token};
  }
  TokenQuestion question{method.realm, scope.credential ? scope.credential->Authorization() : "", ""};
  question.url.target += (question.url.target.find('?') == std::string::npos ? "?" : "&") + method.query;
  return question;
}

std::string Authorizer::TokenKey(const AuthScope& scope, const Method& method) {
  return std::string(SchemeName(method.realm.endpoint.scheme)) + "://" + method.realm.endpoint.HostText() + method.realm.target + " " +
         method.query + " " + (scope.credential ? scope.credential->Key() : "anonymous");
}

std::optional<Authorizer::Method> Authorizer::TryMethod(const std::string& key) const {
  const MutexLock lock(mutex_);
  const auto found = methods_.find(key);
  return found == methods_.end() ? std::nullopt : std::optional(found->second);
}

std::optional<std::string> Authorizer::TryToken(const std::string& key) const {
  const steady_clock::time_point now = now_();
  const MutexLock lock(mutex_);
  const auto found = tokens_.find(key);
  return found == tokens_.end() || found->second.end <= now ? std::nullopt : std::optional(found->second.value);
}

Result<std::string> Authorizer::Header(const AuthScope& scope, const Patience& patience, const Fetch& fetch) {
  if (scope.credential && !scope.credential->bearer.empty()) return scope.credential->Authorization();
  const std::optional<Method> method = TryMethod(scope.Key());
  if (!method) return std::string();
  if (method->is_basic) return scope.credential ? scope.credential->Authorization() : std::string();
  const std::string key = TokenKey(scope, *method);
  if (const std::optional<std::string> token = TryToken(key)) return "Bearer " + *token;
  return flights_.Run(key, patience.deadline, patience.time_left, [&]() -> Result<std::string> {
    if (const std::optional<std::string> token = TryToken(key)) return "Bearer " + *token;  // of a flight that has just landed
    const steady_clock::time_point asked = now_();
    const Result<std::string> text = fetch(QuestionOf(scope, *method));
    if (!text) return text.error();
    const Result<Token> token = ReadToken(*text, asked);
    if (!token) return Error{token.error().code, "token realm " + method->realm.Text() + ": " + token.error().message};
    Keep(key, *token);
    return "Bearer " + token->value;
  });
}

Status Authorizer::TakeChallenge(const AuthScope& scope, const std::vector<std::string>& headers, std::string_view sent) {
  std::vector<Challenge> challenges;
  for (const std::string& header : headers) {
    Result<std::vector<Challenge>> some = ParseChallenges(header);
    if (!some) return some.error();
    challenges.insert(challenges.end(), some->begin(), some->end());
  }
  const Challenge* challenge = Choose(challenges);
  if (challenge == nullptr) return Error{ErrorCode::kUnreadable, "401 Unauthorized without a challenge of Bearer or Basic"};
  Method method{.is_basic = challenge->scheme == "basic"};
  if (method.is_basic) {
    if (!scope.credential)
      return Error{ErrorCode::kUnreadable, "401 Unauthorized: it wants a user and a password, and none are configured"};
    if (!scope.credential->has_password())
      return Error{ErrorCode::kUnreadable, "401 Unauthorized: it wants a user and a password, and an identity token is configured"};
    if (sent == scope.credential->Authorization())
      return Error{ErrorCode::kUnreadable, "401 Unauthorized: it refuses the configured user and password"};
  } else {
    Result<Method> bearer = BearerMethod(scope, *challenge);
    if (!bearer) return bearer.error();
    method = *std::move(bearer);
  }
  const std::string token_key = method.is_basic ? "" : TokenKey(scope, method);
  const MutexLock lock(mutex_);
  const auto token = tokens_.find(token_key);
  if (token != tokens_.end() && sent == "Bearer " + token->second.value) tokens_.erase(token);
  if (methods_.size() >= limits_.max_cached_tokens) methods_.clear();  // costs one 401 each
  methods_[scope.Key()] = std::move(method);
  return OkStatus();
}

Result<Authorizer::Token> Authorizer::ReadToken(std::string_view text, steady_clock::time_point asked) const {
  JsonDocument document({.max_bytes = limits_.max_token_bytes, .max_depth = limits_.max_json_depth});
  const Result<JsonNode> root = document.Parse(text);
  if (!root || !root->is(JsonKind::kObject)) return Error{ErrorCode::kInvalidArgument, "the answer is no JSON object"};
  Token token;
  for (const char* name : {"token", "access_token"}) {
    const JsonNode member = root->Find(name);
    if (token.value.empty() && member.valid() && member.is(JsonKind::kString)) token.value = member.string();
  }
  if (token.value.empty()) return Error{ErrorCode::kInvalidArgument, "the answer has neither `token` nor `access_token`"};
  if (token.value.size() > kMaxTokenBytes || !IsHeaderText(token.value)) {
    return Error{ErrorCode::kInvalidArgument, "the token cannot stand in a header"};
  }
  const JsonNode expires = root->Find("expires_in");
  seconds age = kDefaultTokenAge;
  if (expires.valid() && expires.is(JsonKind::kInt) && expires.integer() > 0)
    age = seconds(std::min<std::int64_t>(expires.integer(), limits_.max_token_age.count()));
  token.end = asked + std::max(age - kTokenMargin, age / 2);
  return token;
}

void Authorizer::Keep(const std::string& key, const Token& token) {
  const steady_clock::time_point now = now_();
  const MutexLock lock(mutex_);
  if (tokens_.size() >= limits_.max_cached_tokens) std::erase_if(tokens_, [now](const auto& entry) { return entry.second.end <= now; });
  if (tokens_.size() >= limits_.max_cached_tokens) tokens_.erase(tokens_.begin());  // any: it costs one more request
  tokens_[key] = token;
}

}  // namespace writ::image
