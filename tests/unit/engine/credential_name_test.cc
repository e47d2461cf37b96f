// Which names hide a value in explanations.
#include "engine/decide/credential_name.h"

#include <gtest/gtest.h>

namespace writ {
namespace {

TEST(IsCredentialName, HidesCredentials) {
  for (const std::string_view name : {"token",
                                      "access_token",
                                      "idToken",
                                      "client-secret",
                                      "SECRET",
                                      "password",
                                      "Passwd",
                                      "passphrase",
                                      "authorization",
                                      "x-api-key",
                                      "apiKey",
                                      "API_KEY",
                                      "private_key",
                                      "privateKeyPem",
                                      "ssh-key",
                                      "cookie",
                                      "Set-Cookie",
                                      "jwt",
                                      "client_assertion",
                                      "auth",
                                      "AUTH",
                                      "x-auth",
                                      "authHeader",
                                      "basic_auth",
                                      "oauth",
                                      "pwd",
                                      "pass",
                                      "user_pass",
                                      "userPwd",
                                      "DB_PWD",
                                      "dbpass",
                                      "pin",
                                      "otp",
                                      "session",
                                      "session_id",
                                      "sessionId",
                                      "JSESSIONID",
                                      "PHPSESSID",
                                      "sid",
                                      "creds",
                                      "credentials",
                                      "connection_string",
                                      "XAuth2",
                                      "pwd1"}) {
    EXPECT_TRUE(IsCredentialName(name)) << name;
  }
}

TEST(IsCredentialName, ShowsTheRest) {
  for (const std::string_view name :
       {"",          "author",    "authors",    "authority",  "authored_by", "passenger", "passengers", "compass", "bypass",
        "passed",    "obsession", "possession", "shipping",   "pinned",      "opinion",   "spin",       "sidebar", "inside",
        "key",       "keyboard",  "monkey",     "hotkey",     "tenant",      "id",        "user",       "email",   "sql",
        "source_ip", "region",    "credit",     "incredible", "power",       "pwned",     "__",         "123"}) {
    EXPECT_FALSE(IsCredentialName(name)) << name;
  }
}

}  // namespace
}  // namespace writ
