// Names of credentials.
#include "engine/decide/credential_name.h"

#include <algorithm>
#include <iterator>
#include <string>
#include <vector>

namespace writ {
namespace {

// Anywhere in the name, separators left out: "x_Api-Key2" has "apikey".
constexpr std::string_view kParts[] = {
    "token",  "secret",  "password",   "passwd",    "passphrase", "passcode",      "credential",       "authorization", "authentication",
    "apikey", "authkey", "privatekey", "accesskey", "signingkey", "encryptionkey", "masterkey",        "sshkey",        "cookie",
    "jwt",    "bearer",  "assertion",  "sessionid", "sessid",     "sessionkey",    "connectionstring", "mnemonic"};

// Only as a whole word: "auth" in "x-auth" and "authHeader", not in "author".
constexpr std::string_view kWords[] = {"auth", "oauth", "pass", "pwd", "pw",       "pin",     "otp",    "totp", "session",
                                       "sid",  "creds", "cred", "dsn", "userpass", "userpwd", "dbpass", "dbpwd"};

enum class Letter : unsigned char { kLower, kUpper, kOther };
Letter KindOf(char c) {
  if (c >= 'A' && c <= 'Z') return Letter::kUpper;
  return c >= 'a' && c <= 'z' ? Letter::kLower : Letter::kOther;
}

// "userPwd", "USER_PWD" and "user-pwd2" are `user` and `pwd`; "XAuthToken" is `x`, `auth` and `token`.
std::vector<std::string> WordsOf(std::string_view name) {
  std::vector<std::string> words(1);
  for (std::size_t i = 0; i < name.size(); ++i) {
    const Letter kind = KindOf(name[i]);
    if (kind == Letter::kOther) {
      if (!words.back().empty()) words.emplace_back();
      continue;
    }
    const bool after_lower = i > 0 && KindOf(name[i - 1]) == Letter::kLower;
    const bool before_lower =
        i > 0 && KindOf(name[i - 1]) == Letter::kUpper && i + 1 < name.size() && KindOf(name[i + 1]) == Letter::kLower;
    if (kind == Letter::kUpper && (after_lower || before_lower)) words.emplace_back();
    words.back() += kind == Letter::kUpper ? static_cast<char>(name[i] - 'A' + 'a') : name[i];
  }
  return words;
}

}  // namespace

bool IsCredentialName(std::string_view name) {
  std::string joined;
  for (const std::string& word : WordsOf(name)) {
    if (std::find(std::begin(kWords), std::end(kWords), word) != std::end(kWords)) return true;
    joined += word;
  }
  return std::any_of(std::begin(kParts), std::end(kParts), [&](std::string_view part) { return joined.find(part) != std::string::npos; });
}

}  // namespace writ
